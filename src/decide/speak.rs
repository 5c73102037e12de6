//! R11, R21, R27: what each audience of an incident hears when it changes: openings, updates, reminders, its end.

use super::fact::{Fact, Said, WithheldReason};
use super::group::{self, GATHER, kind_to_say};
use super::names::Names;
use super::policy::{Policy, Row, RowKind};
use super::route::{self, Asked};
use super::say::{self, Word};
use super::state::{Briefing, Case, Incident, State};
use super::{target, via};
use crate::event::id::CaseId;
use crate::event::{Severity, Span, Time};
use crate::message::{self, About, CaseStatus, Disclosure, IncidentRecord, Kind, Subject};
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
    let severity = severity_of(policy, incident);
    if incident.open == Some(true) && incident.merged_into.is_none() {
        let rows = route::governing(policy, &asked(incident, severity));
        if let Some(facts) = open_or_move(policy, id, case, &rows) {
            return facts;
        }
    }
    let record = with_public_names(policy, &incident.record);
    let names = Names::of(policy, id, case);
    let mut rest = Vec::new();
    for briefing in &case.briefings {
        let said = word(state, policy, now, id, case, incident, &record, &names, briefing, severity);
        // One audience at a time, so that each is counted for the next; a notice alone is no progress.
        if said.iter().any(|fact| !matches!(fact, Fact::NoticeRaised { .. })) {
            return said;
        }
        rest.extend(said);
    }
    let meanwhile = state.catch_up.as_ref().is_some_and(|catch_up| case.opened >= catch_up.down_since);
    if incident.open == Some(false) && case.briefings.is_empty() && meanwhile {
        let facts = never_told(state, policy, now, id, incident, severity);
        if !facts.is_empty() {
            return facts;
        }
    }
    rest.push(Fact::CaseDue { case: id, at: next_look(policy, now, case, incident) });
    rest
}

/// What rows ask of an incident.
fn asked<'a>(incident: &'a Incident, severity: Severity) -> Asked<'a> {
    Asked {
        kind: RowKind::Incident,
        labels: &incident.record.labels,
        severity,
        customer_impact: incident.record.customer_impact,
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
    if status_of(incident) != CaseStatus::Open {
        return Vec::new();
    }
    let severity = severity_of(policy, incident);
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for briefing in &case.briefings {
        told.extend(target::who_knows(state, policy, briefing));
    }
    let mut facts = Vec::new();
    for row in route::governing(policy, &asked(incident, severity)) {
        let Some(audience) = policy.audiences.get(&row.audience).filter(|a| case.briefing(&a.name).is_none())
        else {
            continue;
        };
        let (name, row_name) = (row.audience.clone(), row.name.clone());
        let disclosure = audience.disclosure;
        facts.push(Fact::BriefingOpened { case: id, audience: name.clone(), row: row_name, disclosure });
        let urgent = policy.ladder.is_urgent(severity);
        let all = via::recipients(policy, audience, &row.via, Kind::Opening, urgent);
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
fn open_or_move(policy: &Policy, id: CaseId, case: &Case, rows: &[&Row]) -> Option<Vec<Fact>> {
    rows.iter().find_map(|row| {
        let disclosure = policy.disclosure(&row.audience);
        let (audience, name) = (row.audience.clone(), row.name.clone());
        match case.briefing(&row.audience) {
            None => Some(vec![Fact::BriefingOpened { case: id, audience, row: name, disclosure }]),
            Some(briefing) => {
                let strictest = briefing.disclosure.stricter(disclosure);
                let moved = briefing.row != row.name || strictest != briefing.disclosure;
                moved.then(|| {
                    vec![Fact::BriefingMoved { case: id, audience, row: name, disclosure: strictest }]
                })
            }
        }
    })
}

/// The components' public names beside their ids.
pub(super) fn with_public_names(policy: &Policy, record: &IncidentRecord) -> IncidentRecord {
    let mut record = record.clone();
    let names = record.components.iter().filter_map(|id| policy.components.get(id)).cloned();
    record.component_names = names.collect();
    record
}

fn status_of(incident: &Incident) -> CaseStatus {
    if incident.open == Some(true) && incident.merged_into.is_none() {
        CaseStatus::Open
    } else {
        CaseStatus::Resolved
    }
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
        reopened: kind == Kind::Opening && briefing.said.is_some(),
        reference: &names.reference,
        public_reference: &names.public_reference,
        opened_at: incident.opened.unwrap_or(case.opened),
        changed_at: incident.changed,
        resolved_at: incident.open_since.filter(|_| status == CaseStatus::Resolved),
        route: briefing.row.as_str(),
        audience: briefing.audience.as_str(),
        customers_told: None,
        write_up: None,
        hold: false,
        about: About::Incident(record),
    }
}

/// What one audience is told now; no facts when it is told nothing.
#[expect(clippy::too_many_arguments, reason = "the parts were looked up by the one caller")]
fn word(
    state: &State,
    policy: &Policy,
    now: Time,
    id: CaseId,
    case: &Case,
    incident: &Incident,
    record: &IncidentRecord,
    names: &Names,
    briefing: &Briefing,
    severity: Severity,
) -> Vec<Fact> {
    if incident.open.is_none() {
        return Vec::new();
    }
    let row = policy.row(&briefing.row, &briefing.audience);
    let of_kind = |kind| subject(policy, case, incident, record, names, briefing, severity, kind);
    let probe = of_kind(Kind::Update);
    let said =
        Said { status: probe.status, state: message::state_digest(&probe, briefing.disclosure), severity };
    let repeat = row.and_then(|row| row.repeat_every);
    let word = Word {
        case: id,
        audience: &briefing.audience,
        row,
        severity,
        due: case.due.unwrap_or(now),
        event_at: incident.changed,
        firing: Vec::new(),
        ended: Vec::new(),
        speaks_for: Vec::new(),
        avoid: None,
        only: None,
    };
    let Some(kind) = kind_to_say(briefing, said, now, repeat) else {
        return say::write_again(state, policy, now, word, briefing, &probe, said);
    };
    if kind == Kind::Opening && began_before_birth(state, policy, now, incident, severity) {
        let at = group::first_list_at(state, now);
        return unless_withheld(state, policy, id, briefing, WithheldReason::FirstStart, at);
    }
    let subject = of_kind(kind);
    say::say(state, policy, now, &word, briefing, &subject, said)
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
    for row in route::governing(policy, &asked(incident, severity)) {
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

/// When to look again: at the next reminder, or, after the end, when the incident is forgotten (R44).
fn next_look(policy: &Policy, now: Time, case: &Case, incident: &Incident) -> Option<Time> {
    if status_of(incident) == CaseStatus::Resolved || incident.open.is_none() {
        let forget = incident.changed + policy.forget_after;
        return Some(if forget <= now { now + LOOK_AGAIN } else { forget });
    }
    let reminder = |briefing: &Briefing| {
        let repeat = policy.row(&briefing.row, &briefing.audience)?.repeat_every?;
        let at = briefing.said?.1 + repeat;
        // What was due and could not be said has its digest.
        Some(if at <= now { now + repeat } else { at })
    };
    case.briefings.iter().filter_map(reminder).min()
}

/// Whether a resolved incident may be forgotten now (R44).
pub(super) fn is_forgettable(policy: &Policy, now: Time, case: &Case, incident: &Incident) -> bool {
    let over = status_of(incident) == CaseStatus::Resolved || incident.open.is_none();
    over && case.is_quiet() && incident.changed + policy.forget_after <= now
}
