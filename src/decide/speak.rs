//! R11, R21, R27: what each audience of an incident hears when it changes: openings, updates, reminders, its end.

use super::fact::{Fact, WithheldReason};
use super::group::{self, GATHER};
use super::look::Look;
use super::matter::{Matter, Sort};
use super::names::{self, Names};
use super::policy::{Policy, RowKind};
use super::route::{self, Asked, Held};
use super::row::Row;
use super::say;
use super::state::{Briefing, Case, Incident, Line, State};
use super::{clock, escalate, merge, promise, target, tend, via, write_up};
use crate::event::id::CaseId;
use crate::event::{Severity, Span, Time};
use crate::message::{About, CaseStatus, Disclosure, IncidentRecord, Kind, Subject};
use std::collections::BTreeSet;

/// How soon a case that could not be forgotten is looked at again.
pub(super) const LOOK_AGAIN: Span = Span::from_mins(60);

/// How bad an incident is, by the ladder of today.
pub(super) fn severity_of(policy: &Policy, incident: &Incident) -> Severity {
    policy.ladder.place(incident.record.severity.as_deref()).0
}

/// An incident that is due: one audience says what is to be said to it, or a row opens a briefing, one at a time; when
/// nothing is left, the next look is planned.
pub(super) fn speak(
    state: &State,
    policy: &Policy,
    now: Time,
    id: CaseId,
    case: &Case,
    incident: &Incident,
) -> Vec<Fact> {
    let clocks = clock::read(state, policy, now, &incident.record.id, incident.heard.min(now));
    if !clocks.is_empty() {
        return clocks;
    }
    let matter = Matter::incident(policy, id, case, incident);
    if matter.status == CaseStatus::Open
        && let Some(facts) = open_or_move(policy, &matter, &governing(policy, now, &matter))
    {
        return facts;
    }
    let escalated = escalate::decide(state, policy, now, &matter);
    if !escalated.is_empty() {
        return escalated;
    }
    let written = write_up::decide(state, policy, now, &matter);
    if !written.is_empty() {
        return written;
    }
    let mut rest = Vec::new();
    for briefing in in_order(policy, case) {
        let said = word(state, policy, now, &matter, briefing);
        // One audience at a time, so that each is counted for the next; a notice alone is no progress.
        if said.iter().any(|fact| !matches!(fact, Fact::NoticeRaised { .. })) {
            return said;
        }
        rest.extend(said);
    }
    let led = lead(state, policy, now, &matter);
    if !led.is_empty() {
        return led;
    }
    let meanwhile = state.catch_up.as_ref().is_some_and(|catch_up| case.opened >= catch_up.down_since);
    if incident.open == Some(false) && case.briefings.is_empty() && meanwhile {
        let facts = never_told(state, policy, now, id, incident, matter.severity);
        if !facts.is_empty() {
            return facts;
        }
    }
    rest.push(Fact::CaseDue { case: id, at: next_look(state, policy, now, &matter, incident) });
    rest
}

/// The rows that govern an open incident now.
pub(super) fn governing<'p>(policy: &'p Policy, now: Time, matter: &Matter<'_>) -> Vec<&'p Row> {
    let Sort::Incident { incident, .. } = &matter.sort else { return Vec::new() };
    let held = matter.held(policy);
    route::governing(policy, &Asked { now: Some(now), ..asked(incident, matter.severity, held) })
}

/// Those who are told after others come after them (R24).
fn in_order<'c>(policy: &Policy, case: &'c Case) -> impl Iterator<Item = &'c Briefing> {
    let waits = |briefing: &&Briefing| {
        let row = policy.row(&briefing.row, &briefing.audience);
        row.is_some_and(|row| !row.keeping.after.is_empty())
    };
    let (last, first): (Vec<&Briefing>, Vec<&Briefing>) = case.briefings.iter().partition(waits);
    first.into_iter().chain(last)
}

/// What those who lead hear: of words that were missed, and of those that are due soon.
pub(super) fn lead(state: &State, policy: &Policy, now: Time, matter: &Matter<'_>) -> Vec<Fact> {
    let stages = [clock::missed, promise::overdue, promise::nudge, promise::remind_responders];
    stages
        .into_iter()
        .map(|stage| stage(state, policy, now, matter))
        .find(|facts| !facts.is_empty())
        .unwrap_or_default()
}

/// What rows ask of an incident.
pub(super) fn asked<'a>(incident: &'a Incident, severity: Severity, held: Held<'a>) -> Asked<'a> {
    Asked {
        kind: RowKind::Incident,
        labels: &incident.record.labels,
        severity,
        customer_impact: incident.record.customer_impact,
        now: None,
        held,
    }
}

/// R36: rows that match an open incident only under a new policy open briefings, but not for recipients who were told
/// of it: the next word reaches them.
pub(super) fn newly_governed(
    state: &State,
    policy: &Policy,
    id: CaseId,
    case: &Case,
    incident: &str,
) -> Vec<Fact> {
    let Some(incident) = state.incidents.get(incident) else { return Vec::new() };
    let matter = Matter::incident(policy, id, case, incident);
    if matter.status != CaseStatus::Open {
        return Vec::new();
    }
    let severity = matter.severity;
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for briefing in &case.briefings {
        told.extend(target::who_knows(state, policy, briefing));
    }
    let mut facts = Vec::new();
    for row in governing(policy, state.time, &matter) {
        let Some(audience) = policy.audiences.get(&row.audience).filter(|a| case.briefing(&a.name).is_none())
        else {
            continue;
        };
        let (name, row_name) = (row.audience.clone(), row.name.clone());
        let disclosure = audience.disclosure;
        facts.push(Fact::BriefingOpened { case: id, audience: name.clone(), row: row_name, disclosure });
        let urgent = policy.ladder.is_urgent(severity);
        let all = via::recipients(state, policy, audience, &row.via, Kind::Opening, urgent);
        let known = all.into_iter().filter(|recipient| told.contains(target::person(policy, recipient)));
        facts.extend(known.map(|recipient| Fact::Withheld {
            case: id,
            audience: name.clone(),
            recipient,
            reason: WithheldReason::Duplicate,
            digest_at: None,
        }));
    }
    facts
}

/// The first row that has no briefing yet, or whose briefing another row governs or reads more strictly.
fn open_or_move(policy: &Policy, matter: &Matter<'_>, rows: &[&Row]) -> Option<Vec<Fact>> {
    let id = matter.id;
    rows.iter().find_map(|row| {
        let disclosure = policy.disclosure(&row.audience);
        let (audience, name) = (row.audience.clone(), row.name.clone());
        match matter.case.briefing(&row.audience) {
            None => Some(vec![Fact::BriefingOpened { case: id, audience, row: name, disclosure }]),
            Some(briefing) => {
                let strictest = briefing.disclosure.stricter(disclosure);
                let moved = briefing.row != row.name || strictest != briefing.disclosure;
                let rhythm = moved && promise::is_other_rhythm(policy, briefing, row, matter);
                let (row, disclosure) = (name, strictest);
                moved.then(|| vec![Fact::BriefingMoved { case: id, audience, row, disclosure, rhythm }])
            }
        }
    })
}

/// The components' public names beside their ids, and as what it goes on where it was merged.
pub(super) fn as_it_is_told(policy: &Policy, incident: &Incident) -> IncidentRecord {
    let mut record = incident.record.clone();
    record.goes_on_as = incident.merged_into.as_ref().filter(|_| incident.is_merged()).map(|other| {
        (other.clone(), names::public_reference(policy, super::incident::case_id(other)).into())
    });
    record.write_up = incident.written_up();
    let names = record.components.iter().filter_map(|id| policy.components.get(id)).cloned();
    record.component_names = names.collect();
    record
}

/// Whether it goes on.
pub(super) fn status_of(incident: &Incident) -> CaseStatus {
    if incident.open == Some(true) && !incident.is_merged() { CaseStatus::Open } else { CaseStatus::Resolved }
}

/// The subject of an incident for one kind of message.
#[expect(clippy::too_many_arguments, reason = "the parts were looked up by the one caller")]
pub(super) fn subject<'a>(
    policy: &'a Policy,
    case: &Case,
    incident: &Incident,
    record: &'a IncidentRecord,
    names: &'a Names,
    briefing: &'a Briefing,
    severity: Severity,
    kind: Kind,
) -> Subject<'a> {
    let status = status_of(incident);
    Subject {
        kind,
        status,
        severity: policy.ladder.name(severity),
        urgent: policy.ladder.is_urgent(severity),
        reopened: kind == Kind::Opening && briefing.was_told_the_end(),
        reference: &names.reference,
        public_reference: &names.public_reference,
        opened_at: incident.opened.unwrap_or(case.opened),
        changed_at: incident.changed,
        resolved_at: incident.open_since.filter(|_| incident.open == Some(false)),
        route: briefing.row.as_str(),
        audience: briefing.audience.as_str(),
        customers_told: None,
        write_up: None,
        hold: false,
        about: About::Incident(record),
    }
}

/// What one audience is told now; no facts when it is told nothing.
fn word(state: &State, policy: &Policy, now: Time, matter: &Matter<'_>, briefing: &Briefing) -> Vec<Fact> {
    let Sort::Incident { incident, .. } = &matter.sort else { return Vec::new() };
    if incident.open.is_none() {
        return Vec::new();
    }
    let unsaid = briefing.said.is_none() && matter.status == CaseStatus::Resolved;
    let owed = || merge::owed_the_end(state, matter.id, &incident.record.id, briefing);
    if let Some(owed) = unsaid.then(owed).flatten() {
        return vec![owed];
    }
    let row = policy.row(&briefing.row, &briefing.audience);
    // What somebody must approve is drafted as ever (R23).
    let listed = row.is_none_or(|row| row.keeping.approval.is_none());
    let first = briefing.said.is_none() && matter.status == CaseStatus::Open;
    if first
        && listed
        && (began_before_birth(state, policy, now, incident, matter.severity)
            || is_to_be_listed(policy, briefing, matter.severity))
    {
        let at = group::first_list_at(state, now);
        return unless_withheld(state, policy, matter.id, briefing, WithheldReason::FirstStart, at);
    }
    tend::word(&Look::at(state, policy, now, matter, briefing))
}

/// Withholds from everyone from whom it is not withheld yet; nothing when it is from all.
fn unless_withheld(
    state: &State,
    policy: &Policy,
    id: CaseId,
    briefing: &Briefing,
    reason: WithheldReason,
    at: Time,
) -> Vec<Fact> {
    let mut facts = group::withhold_all(state, policy, id, briefing, reason, at, None);
    facts.retain(|fact| matches!(fact, Fact::Withheld { .. }));
    facts
}

/// R39: an incident that opened and was resolved while nobody listened pages nobody; a digest lists it.
fn never_told(
    state: &State,
    policy: &Policy,
    now: Time,
    id: CaseId,
    incident: &Incident,
    severity: Severity,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let asked = Asked { now: Some(now), ..asked(incident, severity, Held::Since(now)) };
    for row in route::governing(policy, &asked) {
        let disclosure = policy.disclosure(&row.audience);
        if disclosure == Disclosure::External {
            // Outsiders who were told nothing are not told that there was nothing.
            continue;
        }
        let (audience, name) = (row.audience.clone(), row.name.clone());
        facts.push(Fact::BriefingOpened { case: id, audience, row: name, disclosure });
        let briefing = say::new_briefing(&row.audience, disclosure);
        let withheld = group::withhold_all(
            state,
            policy,
            id,
            &briefing,
            WithheldReason::WhileDown,
            now + GATHER,
            Some(row),
        );
        facts.extend(withheld.into_iter().filter(|fact| matches!(fact, Fact::Withheld { .. })));
    }
    facts
}

fn began_before_birth(
    state: &State,
    policy: &Policy,
    now: Time,
    incident: &Incident,
    severity: Severity,
) -> bool {
    let Some(born) = state.born else { return false };
    let young = now < born + super::FIRST_LIST_AFTER;
    let before = incident.opened.is_some_and(|opened| opened < born);
    young && before && !policy.ladder.is_urgent(severity)
}

/// Whether the list of what began before the first start is still to name it to this audience.
fn is_to_be_listed(policy: &Policy, briefing: &Briefing, severity: Severity) -> bool {
    let to_come = |line: &Line| line.withheld == Some(WithheldReason::FirstStart);
    briefing.lines.values().any(to_come) && !policy.ladder.is_urgent(severity)
}

/// When to look again: at the next reminder, promise or clock, or, after the end, when the incident is forgotten (R44).
fn next_look(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    incident: &Incident,
) -> Option<Time> {
    let reminder = |briefing: &Briefing| {
        let repeat = policy.row(&briefing.row, &briefing.audience)?.repeat_every?;
        let at = briefing.said?.1 + repeat;
        // What was due and could not be said has its digest.
        Some(if at <= now { now + repeat } else { at })
    };
    let briefings = || matter.case.briefings.iter();
    let tended = briefings()
        .filter_map(|briefing| tend::next_look(&Look::at(state, policy, now, matter, briefing)))
        .min();
    let promised = promise::next_look(state, policy, now, matter);
    let last = if matter.status == CaseStatus::Resolved || incident.open.is_none() {
        let forget = incident.changed + policy.forget_after;
        let forget = write_up::due_of(matter.case).map_or(forget, |due| forget.max(due));
        Some(if forget <= now { now + LOOK_AGAIN } else { forget })
    } else {
        let reminder = briefings().filter_map(reminder).min();
        let clocks = [clock::next(policy, now, matter), clock::next_miss(policy, matter, now)];
        let others = [reminder, escalate::next_look(policy, now, matter)];
        clocks.into_iter().chain(others).flatten().min()
    };
    let written = write_up::next_look(now, matter);
    [tended, promised, written, last].into_iter().flatten().min()
}

/// Whether a resolved incident may be forgotten now (R44).
pub(super) fn is_forgettable(policy: &Policy, now: Time, case: &Case, incident: &Incident) -> bool {
    let over = status_of(incident) == CaseStatus::Resolved || incident.open.is_none();
    over && case.is_quiet() && !write_up::is_awaited(case) && incident.changed + policy.forget_after <= now
}
