//! R22: the rhythm of an audience, what each message promises, and what becomes of it.

use super::desk::{self, Note};
use super::fact::{DropReason, Fact, Kept, MissReason, NoticeKind, PromiseEnd};
use super::look::Look;
use super::matter::{Matter, Sort};
use super::notice;
use super::policy::{Policy, RowKind};
use super::row::Row;
use super::state::{Briefing, Case, Delivery, Line, Promise, State};
use super::target;
use crate::event::id::CaseId;
use crate::event::{Recipient, Span, Time};
use crate::message::{CaseStatus, Disclosure, Kind};
use std::collections::BTreeMap;

/// A message that is handed over so soon after its time is in time: the way takes a moment.
const IN_TIME: Span = Span::from_mins(1);
/// A promised word that was not handed over by then is missed.
const MISSED_AFTER: Span = Span::from_mins(5);
/// Who leads is reminded at least so long before.
const NUDGE_MIN: Span = Span::from_mins(5);

/// The longest silence that a row allows.
pub(super) fn every(policy: &Policy, row: &Row, matter: &Matter<'_>) -> Option<Span> {
    let by_row = row.keeping.update_every;
    let by_severity = || {
        let about = row.conditions.kind == RowKind::Incident;
        let outside = policy.disclosure(&row.audience) != Disclosure::Internal;
        (about && outside).then(|| policy.cadence.of(matter.severity))
    };
    by_row.or_else(by_severity)?.every()
}

/// The next word that a message of now promises.
pub(super) fn next(
    policy: &Policy,
    now: Time,
    row: Option<&Row>,
    matter: &Matter<'_>,
    over: bool,
) -> Option<Time> {
    let row = row.filter(|_| !over)?;
    let rhythm = every(policy, row, matter).map(|every| now + every);
    let since = since(matter, row);
    let deadline = row.keeping.deadlines.iter().map(|deadline| since + *deadline).find(|at| *at > now);
    [rhythm, deadline].into_iter().flatten().min()
}

/// A promised word that is due and is not said: the miss is recorded, and the owner told.
pub(super) fn miss(look: &Look<'_>, why: MissReason) -> Vec<Fact> {
    let Look { state, policy, now, matter, briefing, row } = *look;
    let Some(promise) = briefing.promise() else { return Vec::new() };
    let next = next(policy, now, row, matter, false);
    let because = match why {
        MissReason::NoNews => "there is no news, and its row wants no holding updates",
        MissReason::Unapproved => "nobody has approved what it would be told",
        MissReason::Withheld => "everybody in it was told enough for now, by the ceilings of channels",
    };
    let text = format!(
        "{} was promised a word about {} by {}: {because}.",
        briefing.audience,
        matter.reference(),
        promise.due,
    );
    let (case, audience, due) = (matter.id, briefing.audience.clone(), promise.due);
    let mut facts = vec![Fact::Kept(Kept::PromiseMissed { case, audience, due, why, next })];
    let to = open(policy, briefing).into_values().filter(|(_, due)| *due <= now);
    facts.extend(to.map(|(recipient, due)| {
        Fact::Kept(Kept::PromiseEnded {
            case,
            audience: briefing.audience.clone(),
            recipient: recipient.clone(),
            due,
            how: PromiseEnd::Missed,
        })
    }));
    facts.push(notice::raise(state, now, NoticeKind::Missed, &text, look.is_urgent(), None));
    facts
}

/// What a delivery that was handed over makes of what was promised to its reader.
pub(super) fn kept_by(state: &State, policy: &Policy, now: Time, delivery: &Delivery) -> Vec<Fact> {
    match delivery.kind {
        Kind::Digest => read_in_digest(state, policy, now, delivery),
        _ => fulfilled(state, policy, now, delivery).into_iter().collect(),
    }
}

/// What a delivery that was handed over makes of what its reader was promised.
fn fulfilled(state: &State, policy: &Policy, now: Time, delivery: &Delivery) -> Option<Fact> {
    if matches!(delivery.kind, Kind::Notice | Kind::Digest) {
        return None;
    }
    let briefing = state.cases.get(&delivery.case)?.briefing(&delivery.audience)?;
    // Most briefings promise nothing, and there are very many.
    if briefing.lines.values().all(|line| line.promised.is_none()) {
        return None;
    }
    let person = target::person(policy, &delivery.recipient);
    let own = briefing.lines.iter().filter(|(other, _)| target::person(policy, other) == person);
    // A message does not keep what it promises itself.
    let due =
        own.filter_map(|(_, line)| line.promised).filter(|due| Some(*due) != delivery.next_update).min()?;
    let how = if now <= due + IN_TIME { PromiseEnd::Kept } else { PromiseEnd::Late };
    let (case, audience) = (delivery.case, delivery.audience.clone());
    Some(Fact::Kept(Kept::PromiseEnded { case, audience, recipient: delivery.recipient.clone(), due, how }))
}

/// Who was handed a digest that says of cases that they are over has the words that were promised.
fn read_in_digest(state: &State, policy: &Policy, now: Time, delivery: &Delivery) -> Vec<Fact> {
    let (audience, recipient) = (&delivery.audience, &delivery.recipient);
    let ended = state.cases.iter().filter_map(|(id, case)| {
        let briefing = case.briefing(audience)?;
        let told = briefing.lines.get(recipient)?.told?;
        let here = told.ordinal == 0 && told.at == delivery.decided_at && told.said.is_over();
        let (_, due) = here.then(|| open(policy, briefing).remove(target::person(policy, recipient)))??;
        let how = if now <= due + IN_TIME { PromiseEnd::Kept } else { PromiseEnd::Late };
        let (audience, recipient) = (audience.clone(), recipient.clone());
        Some(Fact::Kept(Kept::PromiseEnded { case: *id, audience, recipient, due, how }))
    });
    ended.collect()
}

/// The earliest promise to each person of a briefing that is not kept yet. Who is gone from the configuration is told
/// nothing more, and that is no miss (R27).
fn open<'p>(policy: &'p Policy, briefing: &'p Briefing) -> BTreeMap<&'p str, (&'p Recipient, Time)> {
    let mut all: BTreeMap<&str, (&Recipient, Time)> = BTreeMap::new();
    let lines = briefing.lines.iter().filter(|(recipient, _)| policy.endpoints.contains_key(*recipient));
    for (recipient, line) in lines {
        if let Some(due) = line.promised {
            let first = all.entry(target::person(policy, recipient)).or_insert((recipient, due));
            if due < first.1 {
                *first = (recipient, due);
            }
        }
    }
    all
}

/// Promises to persons whose time is long over: the word is under way, or could not be handed over.
pub(super) fn overdue(state: &State, policy: &Policy, now: Time, matter: &Matter<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for briefing in &matter.case.briefings {
        for (recipient, due) in
            open(policy, briefing).into_values().filter(|(_, due)| *due + MISSED_AFTER <= now)
        {
            let (case, audience, recipient) = (matter.id, briefing.audience.clone(), recipient.clone());
            let text = format!(
                "{recipient} was promised a word about {} by {due} and has not been handed one.",
                matter.reference()
            );
            let urgent = policy.ladder.is_urgent(matter.severity);
            facts.push(Fact::Kept(Kept::PromiseEnded {
                case,
                audience,
                recipient,
                due,
                how: PromiseEnd::Missed,
            }));
            facts.push(notice::raise(state, now, NoticeKind::Missed, &text, urgent, None));
        }
    }
    facts
}

/// When who leads is reminded of a promise; never where it would be told at once.
fn nudge_at(promise: Promise) -> Option<Time> {
    let interval = promise.due.since(promise.made);
    let before = Span::from_millis(interval.millis() / 5).max(NUDGE_MIN);
    (before < interval).then(|| promise.due - before).filter(|_| !promise.nudged)
}

/// Who leads the case is told once of all promises that are due soon.
pub(super) fn nudge(state: &State, policy: &Policy, now: Time, matter: &Matter<'_>) -> Vec<Fact> {
    if matter.status != CaseStatus::Open {
        return Vec::new();
    }
    let soon = |briefing: &&Briefing| {
        let promise = briefing.promise().filter(|promise| promise.due > now);
        promise.and_then(nudge_at).is_some_and(|at| at <= now)
    };
    let due: Vec<&Briefing> = matter.case.briefings.iter().filter(soon).collect();
    let Some(owner) = desk::owner(policy).filter(|_| !due.is_empty()) else { return Vec::new() };
    let words: Vec<String> = due
        .iter()
        .filter_map(|briefing| Some(format!("{} by {}", briefing.audience, briefing.promise()?.due)))
        .collect();
    let text = format!(
        "An update about {} is promised to {}. Without one they are told that there is nothing new.",
        matter.reference(),
        words.join(", "),
    );
    let mut facts = to_lead(state, policy, now, matter, owner, "An update is due soon", &text);
    facts.extend(due.iter().map(|briefing| {
        Fact::Kept(Kept::Nudged { case: matter.id, audience: Some(briefing.audience.clone()) })
    }));
    facts
}

/// The commander is reminded to say where the work stands.
pub(super) fn remind_responders(state: &State, policy: &Policy, now: Time, matter: &Matter<'_>) -> Vec<Fact> {
    let due = reminded_next(policy, matter).filter(|at| *at <= now);
    let (Some(_), Some(owner), Sort::Incident { record, .. }) = (due, desk::owner(policy), &matter.sort)
    else {
        return Vec::new();
    };
    let text = format!(
        "Say where the work on {} stands: what is known, what is tried, what is next.",
        matter.reference()
    );
    let commander = record.commander.as_deref();
    let only = commander.map(|name| desk::ways(state, policy, name, false)).filter(|ways| !ways.is_empty());
    let note = Note {
        level: Disclosure::Internal,
        severity: matter.severity,
        title: "Where does the work stand?",
        text: &text,
        asks: None,
    };
    let mut facts = desk::tell(state, policy, now, owner, only.as_deref(), &note);
    facts.push(Fact::Kept(Kept::Nudged { case: matter.id, audience: None }));
    facts
}

fn reminded_next(policy: &Policy, matter: &Matter<'_>) -> Option<Time> {
    let every = policy.cadence.responders.filter(|_| matter.status == CaseStatus::Open)?;
    let Sort::Incident { .. } = &matter.sort else { return None };
    let last = matter.case.course.as_ref().and_then(|course| course.reminded);
    Some(last.unwrap_or(matter.case.opened) + every)
}

/// A word to the person who leads, else to the owner.
pub(super) fn to_lead(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    owner: &crate::event::Name,
    title: &str,
    text: &str,
) -> Vec<Fact> {
    let urgent = policy.ladder.is_urgent(matter.severity);
    let only = desk::lead(policy, matter).map(|name| desk::ways(state, policy, name, urgent));
    let only = only.filter(|ways| !ways.is_empty());
    // A lead may be anybody: the text holds no more than a reference.
    let level = Disclosure::External;
    let note = Note { level, severity: matter.severity, title, text, asks: None };
    desk::tell(state, policy, now, owner, only.as_deref(), &note)
}

/// When something about promises is next to be done.
pub(super) fn next_look(state: &State, policy: &Policy, now: Time, matter: &Matter<'_>) -> Option<Time> {
    let of_briefing = |briefing: &Briefing| {
        let going_on = briefing.promise().filter(|_| goes_on(matter, briefing));
        let nudge = going_on.and_then(nudge_at).filter(|_| matter.status == CaseStatus::Open);
        // What is on its way promises something once it is there, and nobody looks then.
        let pending = briefing.lines.values().flat_map(|line| &line.pending);
        let coming = pending.filter_map(|id| state.deliveries.get(id)?.next_update);
        let promised = open(policy, briefing).into_values().map(|(_, due)| due);
        let overdue = promised.chain(coming).map(|due| due + MISSED_AFTER).filter(|at| *at > now).min();
        [going_on.map(|promise| promise.due), nudge, overdue]
    };
    let all = matter.case.briefings.iter().flat_map(of_briefing).flatten();
    all.chain(reminded_next(policy, matter)).filter(|at| *at > now).min()
}

/// Whether the audience still believes that the case goes on.
pub(super) fn goes_on(matter: &Matter<'_>, briefing: &Briefing) -> bool {
    matter.status == CaseStatus::Open
        || briefing.said.is_some_and(|(said, _)| said.status != CaseStatus::Resolved)
}

/// Whether another rhythm than the promised one holds for a briefing that a row takes over (R11).
pub(super) fn is_other_rhythm(policy: &Policy, briefing: &Briefing, row: &Row, matter: &Matter<'_>) -> bool {
    let before = policy.row(&briefing.row, &briefing.audience).and_then(|row| every(policy, row, matter));
    briefing.said.is_some() && before != every(policy, row, matter)
}

/// What was promised of a case that closes and did not come, and what nobody approved until then.
pub(super) fn abandoned(id: CaseId, case: &Case) -> Vec<Fact> {
    let of_briefing = |briefing: &Briefing| {
        let ended = |(recipient, line): (&Recipient, &Line)| {
            Some(Fact::Kept(Kept::PromiseEnded {
                case: id,
                audience: briefing.audience.clone(),
                recipient: recipient.clone(),
                due: line.promised?,
                how: PromiseEnd::Missed,
            }))
        };
        briefing.lines.iter().filter_map(ended).collect::<Vec<_>>()
    };
    let drafts = case.briefings.iter().filter_map(|briefing| {
        let (draft, audience) = (briefing.draft()?, briefing.audience.clone());
        let (revision, why) = (draft.revision, DropReason::NeverApproved);
        Some(Fact::Kept(Kept::DraftDropped { case: id, audience, revision, why }))
    });
    case.briefings.iter().flat_map(of_briefing).chain(drafts).collect()
}

/// Since when the row's conditions hold.
pub(super) fn since(matter: &Matter<'_>, row: &Row) -> Time {
    matter.case.clock(row).map_or(matter.case.opened, |clock| clock.since)
}
