//! What was decided about keeping people told, as scenarios write it.

use super::script::written;
use tidings::decide::{Asked, Fact, Kept, PromiseEnd};
use tidings::event::{Name, Time};

/// The line of such a fact, and the case that it is about.
pub fn line(fact: &Fact, case: impl Fn(tidings::event::id::CaseId) -> String) -> Option<String> {
    let until = |at: &Option<Time>| at.map(|at| format!(", until {}", written(at))).unwrap_or_default();
    let name = |name: &Option<Name>| name.as_ref().map_or("nobody".to_owned(), ToString::to_string);
    Some(match fact {
        Fact::Kept(Kept::FirstWordMissed { case: id, audience, due, .. }) => {
            format!("missed first word {} {audience}, due {}", case(*id), written(*due))
        }
        Fact::Kept(Kept::WordHeld { case: id, audience, why: Some(why), until: at }) => {
            format!("holds {} {audience}: {}{}", case(*id), why.as_str(), until(at))
        }
        Fact::Kept(Kept::WordHeld { case: id, audience, why: None, .. }) => {
            format!("lets go {} {audience}", case(*id))
        }
        Fact::Kept(Kept::Drafted(drafted)) => {
            let by = drafted.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            let due = drafted.due.map(|due| format!(", due {}", written(due))).unwrap_or_default();
            let (audience, revision, kind) = (&drafted.audience, drafted.revision, drafted.kind.as_str());
            format!("draft {} {audience} revision {revision} ({kind}){by}{due}", case(drafted.case))
        }
        Fact::Kept(Kept::DraftAsked { case: id, audience, revision, asked }) => {
            let who = match asked {
                Asked::Nobody => "nobody",
                Asked::Lead => "the lead",
                Asked::Approvers => "the approvers",
                Asked::Others => "others",
            };
            format!("asked {who} {} {audience} revision {revision}", case(*id))
        }
        Fact::Kept(Kept::DraftApproved { case: id, audience, revision, by }) => {
            format!("approved {} {audience} revision {revision} by {by}", case(*id))
        }
        Fact::Kept(Kept::DraftRejected { case: id, audience, revision, by, .. }) => {
            format!("rejected {} {audience} revision {revision} by {by}", case(*id))
        }
        Fact::Kept(Kept::DraftDropped { case: id, audience, revision, why }) => {
            format!("dropped {} {audience} revision {revision}: {why:?}", case(*id))
        }
        Fact::Kept(Kept::PromiseEnded { how: PromiseEnd::Kept, .. }) => return None,
        Fact::Kept(Kept::PromiseEnded { case: id, audience, recipient, due, how }) => {
            let whom = recipient.as_str().split('#').next().unwrap_or_default();
            format!("promise {} {audience} {whom}, due {}: {}", case(*id), written(*due), how.as_str())
        }
        Fact::Kept(Kept::CarriedOver { case: id, audience, .. }) => {
            format!("carried over {} {audience}", case(*id))
        }
        Fact::Kept(Kept::NobodyLeft { case: id, audience, .. }) => {
            format!("nobody left {} {audience}", case(*id))
        }
        Fact::Kept(Kept::PromiseMade { case: id, audience, due }) => {
            format!("promised {} {audience}, next {}", case(*id), written(*due))
        }
        Fact::Kept(Kept::PromiseMissed { case: id, audience, due, why, next }) => {
            let next = next.map(|next| format!(", next {}", written(next))).unwrap_or_default();
            format!("missed {} {audience}, due {}: {why:?}{next}", case(*id), written(*due))
        }
        Fact::Kept(Kept::Nudged { case: id, audience: Some(audience) }) => {
            format!("nudged {} {audience}", case(*id))
        }
        Fact::Kept(Kept::Nudged { case: id, audience: None }) => format!("reminded {}", case(*id)),
        Fact::Kept(Kept::Acknowledged { case: id, by, .. }) => format!("acknowledged {} by {by}", case(*id)),
        Fact::Kept(Kept::AckVoided { case: id }) => format!("acknowledgement void {}", case(*id)),
        Fact::Kept(Kept::Escalated { case: id, cause, to, .. }) => {
            format!("escalated {}: {} to {}", case(*id), cause.as_str(), name(to))
        }
        Fact::Kept(Kept::NeedsAnswered { case: id, by, .. }) => format!("answered {} by {by}", case(*id)),
        Fact::Kept(Kept::FellBack { to, .. }) if to.is_empty() => return None,
        Fact::Kept(Kept::FellBack { to, .. }) => {
            format!("fell back to {}", to.iter().map(|to| to.as_str()).collect::<Vec<_>>().join(", "))
        }
        _ => return write_up(fact, case),
    })
}

fn write_up(fact: &Fact, case: impl Fn(tidings::event::id::CaseId) -> String) -> Option<String> {
    Some(match fact {
        Fact::Kept(Kept::WriteUpNudged { case: id }) => format!("write-up {} nudged", case(*id)),
        Fact::Kept(Kept::WriteUpDropped { case: id, .. }) => format!("write-up {} dropped", case(*id)),
        Fact::Kept(Kept::WriteUpPromised { case: id, due }) => {
            format!("write-up {} by {}", case(*id), written(*due))
        }
        Fact::Kept(Kept::WriteUpEnded { case: id, how, .. }) => {
            format!("write-up {} {}", case(*id), how.as_str())
        }
        _ => return None,
    })
}
