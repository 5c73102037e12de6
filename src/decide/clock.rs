//! R11, R12: how long the conditions of rows have held for an incident, and when a row may next begin to match.

use super::fact::{CaseAbout, Fact, Kept, NoticeKind};
use super::matter::Matter;
use super::notice;
use super::policy::{Policy, RowKind};
use super::route::{Asked, Held};
use super::row::Row;
use super::speak;
use super::state::{Case, Incident, State};
use super::target;
use crate::event::id::CaseId;
use crate::event::{Span, Time};
use crate::message::{CaseStatus, Disclosure};

/// A first word that is decided in the instant in which it is due is released in it too.
const GRACE: Span = Span::from_secs(1);

/// Whether a row counts the time for which its conditions have held.
pub(super) fn counts(row: &Row) -> bool {
    let keeping = &row.keeping;
    row.conditions.lasting.is_some() || keeping.first_within.is_some() || !keeping.deadlines.is_empty()
}

/// For how long the row's other conditions must have held (R12).
pub(super) fn lasting(policy: &Policy, row: &Row, critical: bool) -> Span {
    let external = policy.disclosure(&row.audience) == Disclosure::External;
    row.conditions.lasting.filter(|_| !(critical && external)).unwrap_or(Span::ZERO)
}

/// What begins or ceases to hold for an incident, as it is now. `since` is when it last changed.
pub(super) fn read(state: &State, policy: &Policy, now: Time, incident: &str, since: Time) -> Vec<Fact> {
    let id = super::incident::case_id(incident);
    match (state.cases.get(&id), state.incidents.get(incident)) {
        (Some(case), Some(incident)) => changes(policy, now, id, case, incident, since),
        _ => Vec::new(),
    }
}

fn changes(
    policy: &Policy,
    now: Time,
    id: CaseId,
    case: &Case,
    incident: &Incident,
    since: Time,
) -> Vec<Fact> {
    let clocks = case.course.as_ref().map(|course| course.clocks.as_slice()).unwrap_or_default();
    if clocks.is_empty() && !policy.rows.iter().any(counts) {
        return Vec::new();
    }
    let severity = speak::severity_of(policy, incident);
    let asked = Asked { now: Some(now), ..speak::asked(incident, severity, Held::Unasked) };
    let open = speak::status_of(incident) == CaseStatus::Open;
    let meets = |row: &&Row| open && row.conditions.mismatch(&asked).is_none();
    let mut facts = Vec::new();
    for clock in clocks {
        let row = policy.row(&clock.row, &clock.audience);
        if row.filter(meets).is_none() {
            let (row, audience) = (clock.row.clone(), clock.audience.clone());
            facts.push(Fact::Kept(Kept::RowEnded { case: id, row, audience }));
        }
    }
    for row in policy.rows.iter().filter(|row| counts(row)).filter(meets) {
        if case.clock(row).is_none() {
            let began = row.conditions.hours.as_ref().and_then(|hours| hours.began(now));
            let since = began.map_or(since, |began| began.max(since)).min(now);
            let (row, audience) = (row.name.clone(), row.audience.clone());
            facts.push(Fact::Kept(Kept::RowBegan { case: id, row, audience, since }));
        }
    }
    facts
}

/// When a row next begins or ceases to match an incident without any event, if one does.
pub(super) fn next(policy: &Policy, now: Time, matter: &Matter<'_>) -> Option<Time> {
    let Held::Case { critical, .. } = matter.held(policy) else { return None };
    let of_row = |row: &Row| {
        let change = row.conditions.hours.as_ref().and_then(|hours| hours.next_change(now));
        let lasts = matter.case.clock(row).map(|clock| clock.since + lasting(policy, row, critical));
        let soonest = [change, lasts.filter(|at| *at > now)].into_iter().flatten().min();
        soonest.filter(|at| *at > now)
    };
    let rows = policy.rows.iter().filter(|row| row.conditions.kind == RowKind::Incident);
    rows.filter(|row| counts(row) || row.conditions.hours.is_some()).filter_map(of_row).min()
}

/// When a row's first word counts as missed.
fn missed_at(row: &Row, since: Time) -> Option<Time> {
    Some(since + row.keeping.first_within? + GRACE)
}

/// First words that were not released within their time (R12).
pub(super) fn missed(state: &State, policy: &Policy, now: Time, matter: &Matter<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let course = matter.case.course.as_ref();
    for clock in course.map(|course| course.clocks.as_slice()).unwrap_or_default() {
        let Some(row) = policy.row(&clock.row, &clock.audience).filter(|_| !clock.missed) else { continue };
        if missed_at(row, clock.since).is_none_or(|at| now < at) || !is_owed(policy, now, matter, row) {
            continue;
        }
        let briefing = matter.case.briefing(&clock.audience);
        let told = |briefing: &super::state::Briefing| {
            briefing.lines.values().any(|line| target::may_know(state, line))
        };
        if briefing.is_some_and(told) {
            continue;
        }
        let due = clock.since + row.keeping.first_within.unwrap_or_default();
        facts.push(Fact::Kept(Kept::FirstWordMissed {
            case: matter.id,
            row: clock.row.clone(),
            audience: clock.audience.clone(),
            due,
        }));
        let text = format!(
            "{} has not been told of {} within {}, as the row {} wants it.",
            clock.audience,
            matter.reference(),
            row.keeping.first_within.unwrap_or_default(),
            row.name,
        );
        let urgent = policy.ladder.is_urgent(matter.severity);
        facts.push(notice::raise(state, now, NoticeKind::Missed, &text, urgent, None));
    }
    facts
}

/// Whether the row governs its audience: another may have it.
fn is_owed(policy: &Policy, now: Time, matter: &Matter<'_>, row: &Row) -> bool {
    match &matter.case.about {
        CaseAbout::Incident { .. } => {
            speak::governing(policy, now, matter).iter().any(|governs| std::ptr::eq(*governs, row))
        }
        CaseAbout::Group { .. } | CaseAbout::Desk { .. } => true,
    }
}

/// When the next first word counts as missed.
pub(super) fn next_miss(policy: &Policy, matter: &Matter<'_>, now: Time) -> Option<Time> {
    let course = matter.case.course.as_ref()?;
    let at = |clock: &super::state::RowClock| {
        let row = policy.row(&clock.row, &clock.audience).filter(|_| !clock.missed)?;
        missed_at(row, clock.since).filter(|at| *at > now)
    };
    course.clocks.iter().filter_map(at).min()
}
