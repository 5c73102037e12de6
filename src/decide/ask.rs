//! R23: who is asked to approve a word, one after the other, and what they read.

use super::approve;
use super::desk::{self, Note};
use super::fact::{Asked, Fact, Kept};
use super::look::Look;
use super::pace;
use super::row::{Approval, AtDue};
use super::say;
use super::state::Draft;
use super::via;
use crate::event::{Name, Recipient, Span, Time};
use crate::message::{Asks, Disclosure, Kind, slot};

/// The person who leads the communication is asked alone for so long.
const LEAD_ALONE: Span = Span::from_mins(2);

/// Asks whoever is to be asked next, if it is time.
pub(super) fn ask(look: &Look<'_>, draft: &Draft) -> Vec<Fact> {
    let Some(approval) = look.approval().filter(|_| draft.approved.is_none() && !draft.rejected) else {
        return Vec::new();
    };
    let mut turn = next(look, approval, draft).filter(|(_, at)| *at <= look.now).map(|(asked, _)| asked);
    while let Some(asked) = turn {
        let mut facts = ask_them(look, draft, asked);
        if say::tells(&facts) {
            let (case, audience, revision) = (look.matter.id, look.briefing.audience.clone(), draft.revision);
            facts.push(Fact::Kept(Kept::DraftAsked { case, audience, revision, asked }));
            return facts;
        }
        // Who cannot be reached now does not keep the next from being asked.
        turn = after(approval, asked);
    }
    Vec::new()
}

/// The request to one of those who are asked one after the other.
fn ask_them(look: &Look<'_>, draft: &Draft, asked: Asked) -> Vec<Fact> {
    let Look { state, policy, now, matter, briefing, .. } = *look;
    let Some(whom) = whom(look, asked) else { return Vec::new() };
    let asks = Asks { case: matter.id, audience: briefing.audience.clone(), revision: draft.revision };
    let (title, text) = request(look, draft, asked);
    let note = Note {
        level: Disclosure::Business,
        severity: matter.severity,
        title: &title,
        text: &text,
        asks: Some(&asks),
    };
    desk::tell(state, policy, now, whom, lead_ways(look, asked).as_deref(), &note)
}

/// The audience that is asked.
fn whom<'a>(look: &Look<'a>, asked: Asked) -> Option<&'a Name> {
    let audience = look.policy.audiences.get(&look.briefing.audience);
    let approvers = audience.and_then(|audience| audience.approvers.as_ref());
    let others = look.approval().and_then(|approval| approval.escalate_to.as_ref());
    let whom = if asked == Asked::Others { others } else { approvers };
    whom.or(desk::owner(look.policy))
}

/// By which ways the person who leads the communication is asked alone.
fn lead_ways(look: &Look<'_>, asked: Asked) -> Option<Vec<Recipient>> {
    let lead = desk::comms_lead(look.policy, look.matter).filter(|_| asked == Asked::Lead)?;
    Some(desk::ways(look.state, look.policy, lead, look.is_urgent())).filter(|ways| !ways.is_empty())
}

/// Who is asked in whose stead, where nobody of them can be reached now.
fn after(approval: &Approval, asked: Asked) -> Option<Asked> {
    match asked {
        Asked::Lead => Some(Asked::Approvers),
        Asked::Approvers if approval.after.is_some() => Some(Asked::Others),
        Asked::Nobody | Asked::Approvers | Asked::Others => None,
    }
}

/// When somebody is next to be asked: at their time; where nobody could be reached, when a ceiling has room again for one
/// of them, or one of them leaves or is back.
pub(super) fn next_look(look: &Look<'_>, draft: &Draft) -> Option<Time> {
    let Look { state, policy, now, .. } = *look;
    let approval = look.approval()?;
    let (asked, at) = next(look, approval, draft)?;
    if at > now {
        return Some(at);
    }
    let chances = std::iter::successors(Some(asked), |asked| after(approval, *asked)).map(|asked| {
        let audience = policy.audiences.get(whom(look, asked)?)?;
        let via = &policy.default_via;
        let all = || via::recipients(state, policy, audience, via, Kind::Notice, look.is_urgent());
        let ways = lead_ways(look, asked).unwrap_or_else(all);
        let room = pace::first_room(state, policy, now, &ways);
        [room, via::next_change(policy, now, audience)].into_iter().flatten().min()
    });
    chances.flatten().min()
}

/// Who is asked next, and when.
fn next(look: &Look<'_>, approval: &Approval, draft: &Draft) -> Option<(Asked, Time)> {
    match draft.asked {
        Asked::Nobody if desk::comms_lead(look.policy, look.matter).is_some() => {
            Some((Asked::Lead, draft.begun))
        }
        Asked::Nobody => Some((Asked::Approvers, draft.begun)),
        Asked::Lead => Some((Asked::Approvers, draft.begun + LEAD_ALONE)),
        Asked::Approvers => Some((Asked::Others, draft.begun + approval.after?)),
        Asked::Others => None,
    }
}

/// What an approver reads: what would be said, to whom, by when, and how to answer.
fn request(look: &Look<'_>, draft: &Draft, asked: Asked) -> (String, String) {
    let audience = &look.briefing.audience;
    let title = match asked {
        Asked::Others => format!("Still unapproved: a message to {audience}"),
        Asked::Nobody | Asked::Lead | Asked::Approvers => format!("Please approve a message to {audience}"),
    };
    let written = approve::drafted(look, draft.kind, draft.said, draft.text.clone(), None);
    let plain = |text: &str| {
        let filling = slot::Filling { zone: jiff::tz::TimeZone::UTC, next_update: None, delay: None };
        slot::fill(text, &filling).into_owned()
    };
    let due = match (draft.due, look.approval().map(|approval| approval.at_due)) {
        (Some(due), Some(AtDue::Nothing)) => {
            format!(" It is due by {due}; without an answer nothing is sent, and that is a miss.")
        }
        (Some(due), _) => {
            format!(" It is due by {due}; without an answer a text agreed beforehand goes out.")
        }
        (None, _) => String::new(),
    };
    let (revision, kind) = (draft.revision, draft.kind.as_str());
    let mut text = format!(
        "Revision {revision} of the {kind} about {} waits for you.{due}\n\nTitle: {}\n\n{}",
        look.matter.public_reference(),
        plain(&written.message.title),
        plain(&written.message.body),
    );
    for remark in &written.remarks {
        text.push_str("\n\nLook twice: ");
        text.push_str(remark);
    }
    text.push_str(&format!(
        "\n\nTo answer: tidings approve send {} {audience} --revision {revision}, or edit, or reject.",
        look.matter.public_reference(),
    ));
    (title, text)
}
