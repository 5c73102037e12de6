//! R23, R25: why what a person answers cannot be taken: nothing waits, it is another revision, its words may not leave.

use super::fact::{AckWay, Fact, Kept};
use super::input::Command;
use super::matter::Matter;
use super::policy::Policy;
use super::state::{Briefing, Draft, State};
use super::wording;
use crate::event::id::CaseId;
use crate::event::{Name, Time};
use crate::message::CaseStatus;

/// Why an answer is not taken; it leaves no trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What sort of reason it is.
    pub why: Refusing,
    /// The reason as a sentence, for whoever answered.
    pub text: String,
}

/// The sorts of reasons for which an answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusing {
    /// There is no such case, or nothing of it waits.
    Unknown,
    /// The case belongs to another team than the token, or the policy knows no such token (R43).
    Confined,
    /// Another revision waits by now (R23).
    Revision {
        /// Which.
        newest: u32,
    },
    /// Somebody has answered already, or the case is over.
    Settled,
    /// The words may not leave (R23).
    Words,
}

fn refused(why: Refusing, text: impl Into<String>) -> Option<Refused> {
    Some(Refused { why, text: text.into() })
}

/// Why a person's answer cannot be taken, if it cannot: acknowledgements, answers to needs, and what is said of drafts.
pub fn refusal(state: &State, policy: &Policy, command: &Command) -> Option<Refused> {
    match command {
        Command::Acknowledge { case, .. } | Command::AnswerNeeds { case, .. } => {
            let Some(matter) = Matter::find(state, policy, *case) else { return unknown() };
            let over = matter.status != CaseStatus::Open;
            over.then(|| refused(Refusing::Settled, "this case is over")).flatten()
        }
        Command::ApproveDraft { case, audience, revision, .. }
        | Command::RejectDraft { case, audience, revision, .. } => {
            match of_draft(state, *case, audience, *revision) {
                Ok(draft) if draft.rejected => {
                    refused(Refusing::Settled, "it was rejected; other words may be written for it")
                }
                draft => draft.err(),
            }
        }
        Command::EditDraft { case, audience, revision, text, .. } => {
            if let Err(refused) = of_draft(state, *case, audience, *revision) {
                return Some(refused);
            }
            let matter = Matter::find(state, policy, *case)?;
            let briefing = matter.case.briefing(audience)?;
            let mistakes = wording::mistakes(policy, &matter, briefing, text);
            (!mistakes.is_empty()).then(|| refused(Refusing::Words, mistakes.join(" "))).flatten()
        }
        _ => None,
    }
}

fn unknown() -> Option<Refused> {
    refused(Refusing::Unknown, "there is no such case, or it is over and forgotten")
}

/// The draft of a revision that nobody has approved: one that was rejected may still get other words.
fn of_draft<'s>(
    state: &'s State,
    case: CaseId,
    audience: &Name,
    revision: u32,
) -> Result<&'s Draft, Refused> {
    let no = |why, text: String| Err(Refused { why, text });
    let Some(known) = state.cases.get(&case) else {
        return no(Refusing::Unknown, "there is no such case, or it is over and forgotten".to_owned());
    };
    let Some(draft) = known.briefing(audience).and_then(Briefing::draft) else {
        let text = format!("nothing to {audience} about this case waits for approval");
        return no(Refusing::Unknown, text);
    };
    let newest = draft.revision;
    if newest != revision {
        let text = format!("revision {revision} is not the one that waits: that is revision {newest}");
        return no(Refusing::Revision { newest }, text);
    }
    if let Some(by) = &draft.approved {
        return no(Refusing::Settled, format!("{by} has approved it already"));
    }
    Ok(draft)
}

/// R25: one acknowledgement by anybody counts for every row.
pub(super) fn acknowledged(
    state: &State,
    policy: &Policy,
    now: Time,
    case: CaseId,
    by: &str,
    way: AckWay,
) -> Vec<Fact> {
    let Some(matter) = Matter::find(state, policy, case) else { return Vec::new() };
    if matter.case.course.as_ref().is_some_and(|course| course.acked.is_some()) {
        return Vec::new();
    }
    let severity = matter.severity;
    vec![Fact::Kept(Kept::Acknowledged { case, by: by.into(), way, severity }), due_now(state, now, case)]
}

/// The case is looked at now.
pub(super) fn due_now(state: &State, now: Time, case: CaseId) -> Fact {
    let at = state.cases.get(&case).map_or(now, |case| case.due_by(now));
    Fact::CaseDue { case, at: Some(at) }
}
