//! R23: who is asked to approve a word, one after the other, and what they read.

use super::approve;
use super::desk::{self, Note};
use super::fact::{Asked, Fact, Kept};
use super::matter::Matter;
use super::pace;
use super::policy::Policy;
use super::row::{Approval, AtDue, Row};
use super::say;
use super::state::{Briefing, Draft, State};
use super::via;
use crate::event::{Name, Recipient, Span, Time};
use crate::message::{Asks, Disclosure, Kind, slot};

/// The person who leads the communication is asked alone for so long.
const LEAD_ALONE: Span = Span::from_mins(2);

/// Asks whoever is to be asked next, if it is time.
pub(super) fn ask(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
    row: &Row,
    draft: &Draft,
) -> Vec<Fact> {
    if draft.approved.is_some() || draft.rejected {
        return Vec::new();
    }
    let Some(approval) = &row.keeping.approval else { return Vec::new() };
    let mut turn = next(policy, matter, approval, draft).filter(|(_, at)| *at <= now).map(|(asked, _)| asked);
    while let Some(asked) = turn {
        let mut facts = ask_them(state, policy, now, matter, briefing, row, draft, asked);
        if say::tells(&facts) {
            let (case, audience, revision) = (matter.id, briefing.audience.clone(), draft.revision);
            facts.push(Fact::Kept(Kept::DraftAsked { case, audience, revision, asked }));
            return facts;
        }
        // Who cannot be reached now does not keep the next from being asked.
        turn = after(approval, asked);
    }
    Vec::new()
}

/// The request to one of those who are asked one after the other.
#[expect(clippy::too_many_arguments, reason = "the parts were looked up by the one caller")]
fn ask_them(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
    row: &Row,
    draft: &Draft,
    asked: Asked,
) -> Vec<Fact> {
    let Some(whom) = whom(policy, briefing, row, asked) else { return Vec::new() };
    let asks = Asks { case: matter.id, audience: briefing.audience.clone(), revision: draft.revision };
    let (title, text) = request(policy, now, matter, briefing, row, draft, asked);
    let note = Note {
        level: Disclosure::Business,
        severity: matter.severity,
        title: &title,
        text: &text,
        asks: Some(&asks),
    };
    let urgent = policy.ladder.is_urgent(matter.severity);
    let only = lead_ways(state, policy, matter, asked, urgent);
    desk::tell(state, policy, now, whom, only.as_deref(), &note)
}

/// The audience that is asked.
fn whom<'p>(policy: &'p Policy, briefing: &Briefing, row: &'p Row, asked: Asked) -> Option<&'p Name> {
    let approvers = policy.audiences.get(&briefing.audience).and_then(|audience| audience.approvers.as_ref());
    let others = row.keeping.approval.as_ref().and_then(|approval| approval.escalate_to.as_ref());
    let whom = if asked == Asked::Others { others } else { approvers };
    whom.or(desk::owner(policy))
}

/// By which ways the person who leads the communication is asked alone.
fn lead_ways(
    state: &State,
    policy: &Policy,
    matter: &Matter<'_>,
    asked: Asked,
    urgent: bool,
) -> Option<Vec<Recipient>> {
    let lead = desk::comms_lead(policy, matter).filter(|_| asked == Asked::Lead)?;
    Some(desk::ways(state, policy, lead, urgent)).filter(|ways| !ways.is_empty())
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
pub(super) fn next_look(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
    row: &Row,
    draft: &Draft,
) -> Option<Time> {
    let approval = row.keeping.approval.as_ref()?;
    let (asked, at) = next(policy, matter, approval, draft)?;
    if at > now {
        return Some(at);
    }
    let urgent = policy.ladder.is_urgent(matter.severity);
    let chances = std::iter::successors(Some(asked), |asked| after(approval, *asked)).map(|asked| {
        let audience = policy.audiences.get(whom(policy, briefing, row, asked)?)?;
        let all = || via::recipients(state, policy, audience, &policy.default_via, Kind::Notice, urgent);
        let ways = lead_ways(state, policy, matter, asked, urgent).unwrap_or_else(all);
        let room = pace::first_room(state, policy, now, &ways);
        [room, via::next_change(policy, now, audience)].into_iter().flatten().min()
    });
    chances.flatten().min()
}

/// Who is asked next, and when.
fn next(policy: &Policy, matter: &Matter<'_>, approval: &Approval, draft: &Draft) -> Option<(Asked, Time)> {
    let others = || Some((Asked::Others, draft.begun + approval.after?));
    match draft.asked {
        Asked::Nobody if desk::comms_lead(policy, matter).is_some() => Some((Asked::Lead, draft.begun)),
        Asked::Nobody => Some((Asked::Approvers, draft.begun)),
        Asked::Lead => Some((Asked::Approvers, draft.begun + LEAD_ALONE)),
        Asked::Approvers => others(),
        Asked::Others => None,
    }
}

/// What an approver reads: what would be said, to whom, by when, and how to answer.
fn request(
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
    row: &Row,
    draft: &Draft,
    asked: Asked,
) -> (String, String) {
    let audience = &briefing.audience;
    let title = match asked {
        Asked::Others => format!("Still unapproved: a message to {audience}"),
        Asked::Nobody | Asked::Lead | Asked::Approvers => format!("Please approve a message to {audience}"),
    };
    let written = approve::drafted(
        policy,
        now,
        matter,
        briefing,
        row,
        draft.kind,
        draft.said,
        draft.text.clone(),
        None,
    );
    let plain = |text: &str| {
        let filling = slot::Filling { zone: jiff::tz::TimeZone::UTC, next_update: None, delay: None };
        slot::fill(text, &filling).into_owned()
    };
    let due = match (draft.due, row.keeping.approval.as_ref().map(|approval| approval.at_due)) {
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
        matter.public_reference(),
        plain(&written.message.title),
        plain(&written.message.body),
    );
    for remark in &written.remarks {
        text.push_str("\n\nLook twice: ");
        text.push_str(remark);
    }
    text.push_str(&format!(
        "\n\nTo answer: tidings approve send {} {audience} --revision {revision}, or edit, or reject.",
        matter.public_reference(),
    ));
    (title, text)
}
