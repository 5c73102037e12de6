//! R4 to R6, R11, R16: what an alert event changes; an unchanged one changes nothing.

use super::clock;
use super::fact::{AlertRecord, CaseAbout, Fact, Kept, NoticeKind};
use super::heartbeat;
use super::notice;
use super::opened;
use super::policy::{Policy, RowKind};
use super::reread;
use super::route::{self, Asked, Held};
use super::row::Row;
use super::state::{Alert, Case, State};
use crate::event::id::{CaseId, Digest, Fingerprint};
use crate::event::{AlertEvent, Labels, Name, Severity, Span, Status, Time};
use crate::message::CaseStatus;
use std::collections::BTreeSet;

/// Changed annotations alone are a fact at most this often, where no group says otherwise (R5).
const ANNOTATIONS_EVERY: Span = Span::from_mins(5);

/// The case of a group: of one row, one audience and one set of labels.
pub fn group_id(row: &Name, audience: &Name, labels: &Labels) -> CaseId {
    let labels = labels.fingerprint().0.to_le_bytes();
    CaseId(Digest::of(&[b"group", row.as_str().as_bytes(), audience.as_str().as_bytes(), &labels]).short())
}

pub(super) fn decide(
    state: &State,
    policy: &Policy,
    now: Time,
    received: Time,
    event: &AlertEvent,
) -> Vec<Fact> {
    let fingerprint = event.labels.fingerprint();
    let known = state.alerts.get(&fingerprint);
    match event.status {
        Status::Resolved | Status::Lost => resolved(state, policy, now, fingerprint, known, event),
        Status::Firing => match known.filter(|alert| alert.record.status == Status::Firing) {
            Some(alert) => unchanged_or_changed(now, fingerprint, alert, event),
            None => fired(state, policy, now, received, fingerprint, event),
        },
    }
}

/// Whether an event says of a firing alert only what is known (R5): it makes no fact.
pub fn is_unchanged(state: &State, now: Time, fingerprint: Fingerprint, event: &AlertEvent) -> bool {
    let Some(alert) = state.alerts.get(&fingerprint) else { return event.status != Status::Firing };
    match event.status {
        Status::Firing => {
            alert.record.status == Status::Firing
                && unchanged_or_changed(now, fingerprint, alert, event).is_empty()
        }
        Status::Resolved | Status::Lost => alert.record.status == Status::Resolved,
    }
}

fn unchanged_or_changed(now: Time, fingerprint: Fingerprint, alert: &Alert, event: &AlertEvent) -> Vec<Fact> {
    let record = &alert.record;
    let starts_at = event.starts_at.map_or(record.starts_at, |stated| stated.min(record.starts_at));
    let said = record.annotations != event.annotations || record.url != event.url;
    let due = alert.changed + ANNOTATIONS_EVERY <= now;
    if starts_at == record.starts_at && !(said && due) {
        return Vec::new();
    }
    vec![Fact::AlertChanged {
        fingerprint,
        annotations: event.annotations.clone(),
        url: event.url.clone(),
        starts_at,
    }]
}

fn fired(
    state: &State,
    policy: &Policy,
    now: Time,
    received: Time,
    fingerprint: Fingerprint,
    event: &AlertEvent,
) -> Vec<Fact> {
    let (severity, _) = policy.ladder.place(event.labels.get("severity"));
    let record = AlertRecord {
        source: event.source.clone(),
        labels: event.labels.clone(),
        annotations: event.annotations.clone(),
        url: event.url.clone(),
        severity,
        starts_at: event.starts_at.unwrap_or(received).min(received),
        received,
        leased: event.valid_until.is_some(),
        status: Status::Firing,
        ends_at: None,
    };
    let mut facts = vec![Fact::AlertFired { fingerprint, alert: Box::new(record) }];
    let already: &[CaseId] = state.alerts.get(&fingerprint).map_or(&[], |alert| &alert.cases);
    for case in already {
        plan(state, policy, now, received, *case, severity, &mut facts);
    }
    if policy.is_watchdog(&event.labels) {
        facts.extend(heartbeat::comes(state, now, &event.source, &event.labels));
    }
    join(state, policy, now, received, fingerprint, &event.labels, severity, already, &mut facts);
    facts.extend(opened::read(state, policy, now, received, fingerprint, &event.labels, severity));
    facts.extend(reread::plan(state, policy, now, received, fingerprint, &event.labels, severity));
    facts
}

/// Lets an alert join the group of every row that governs it.
#[expect(clippy::too_many_arguments, reason = "the parts of an alert come from an event or from State")]
pub(super) fn join(
    state: &State,
    policy: &Policy,
    now: Time,
    received: Time,
    fingerprint: Fingerprint,
    labels: &Labels,
    severity: Severity,
    already: &[CaseId],
    facts: &mut Vec<Fact>,
) {
    let firing = state.alerts.get(&fingerprint).filter(|alert| alert.record.status == Status::Firing);
    let since = firing.map_or(received, |alert| alert.record.received.min(received));
    let asked = Asked {
        kind: RowKind::Alert,
        labels,
        severity,
        customer_impact: None,
        now: Some(now),
        held: Held::Since(since),
    };
    for row in route::governing(policy, &asked) {
        let group = row.group_by.of(labels);
        let case = find_group(state, row, &group);
        if already.contains(&case) || speaks_already(state, already, &row.audience) {
            continue;
        }
        if state.cases.contains_key(&case) {
            facts.push(Fact::AlertJoined { case, fingerprint });
            plan(state, policy, now, received, case, severity, facts);
            continue;
        }
        let about = CaseAbout::Group { row: row.name.clone(), audience: row.audience.clone(), labels: group };
        facts.push(Fact::CaseOpened { case, about });
        facts.push(Fact::BriefingOpened {
            case,
            audience: row.audience.clone(),
            row: row.name.clone(),
            disclosure: policy.disclosure(&row.audience),
        });
        if clock::counts(row) {
            let (row, audience) = (row.name.clone(), row.audience.clone());
            facts.push(Fact::Kept(Kept::RowBegan { case, row, audience, since }));
        }
        facts.push(Fact::AlertJoined { case, fingerprint });
        let wait = if policy.ladder.is_urgent(severity) { Span::ZERO } else { row.group_wait };
        facts.push(Fact::CaseDue { case, at: Some(received + wait) });
    }
}

/// The group of a row, under its present name or one that it had before.
fn find_group(state: &State, row: &Row, labels: &Labels) -> CaseId {
    let present = group_id(&row.name, &row.audience, labels);
    if row.was.is_empty() || state.cases.contains_key(&present) {
        return present;
    }
    let before = row.was.iter().map(|name| group_id(name, &row.audience, labels));
    before.into_iter().find(|id| state.cases.contains_key(id)).unwrap_or(present)
}

/// Alerts keep their group until they end (R36): an audience that hears of it in one group is not told in another.
fn speaks_already(state: &State, cases: &[CaseId], audience: &Name) -> bool {
    cases.iter().filter_map(|id| state.cases.get(id)).any(|case| case.briefing(audience).is_some())
}

/// Plans the next word of a group whose alerts changed: after the interval, or at once for what is newly urgent (R15).
fn plan(
    state: &State,
    policy: &Policy,
    now: Time,
    received: Time,
    id: CaseId,
    severity: Severity,
    facts: &mut Vec<Fact>,
) {
    let Some(case) = state.cases.get(&id) else { return };
    let Some(briefing) = case.briefings.first() else { return };
    let row = policy.row(&briefing.row, &briefing.audience);
    let interval = row.map_or(Span::from_mins(5), |row| row.group_interval);
    let wait = row.map_or(Span::ZERO, |row| row.group_wait);
    let ordinary = match briefing.said {
        Some((_, at)) => (at + interval).max(received.min(now)),
        // It still waits for company; a due further away is that of being forgotten (R44).
        None => case.due.filter(|due| *due <= now + wait).unwrap_or(now),
    };
    let at_once = case.due.is_some_and(|due| due <= received.min(now));
    let newly_urgent = !at_once && policy.ladder.is_urgent(severity) && !urgent_said(state, policy, case);
    let planned = if newly_urgent { received.min(now) } else { ordinary };
    let at = case.due.map_or(planned, |due| due.min(planned));
    if case.due != Some(at) {
        facts.push(Fact::CaseDue { case: id, at: Some(at) });
    }
}

/// Whether an urgent alert of the group that still fires was told.
fn urgent_said(state: &State, policy: &Policy, case: &Case) -> bool {
    case.members.iter().filter(|(_, member)| member.said_firing).any(|(fingerprint, _)| {
        state.alerts.get(fingerprint).is_some_and(|alert| {
            alert.record.status == Status::Firing && policy.ladder.is_urgent(alert.record.severity)
        })
    })
}

fn resolved(
    state: &State,
    policy: &Policy,
    now: Time,
    fingerprint: Fingerprint,
    known: Option<&Alert>,
    event: &AlertEvent,
) -> Vec<Fact> {
    let Some(alert) = known.filter(|alert| alert.record.status != Status::Resolved) else {
        return Vec::new();
    };
    let ends_at = event.ends_at.unwrap_or(now).min(now);
    if ends_at < alert.record.starts_at && event.ends_at.is_some() {
        // The end of an earlier firing, sent again: it never ends a newer one.
        return Vec::new();
    }
    let mut facts = vec![Fact::AlertResolved { fingerprint, ends_at }];
    let mut stays = false;
    for id in &alert.cases {
        let Some(case) = state.cases.get(id) else { continue };
        let unsaid = case.members.get(&fingerprint).is_some_and(|member| !member.said_firing);
        let drafted = case.briefings.iter().any(|briefing| briefing.draft().is_some());
        let carries_the_end = case.members.len() == 1 && (end_is_owed(case) || drafted);
        if unsaid && state.catch_up.is_none() && !is_withheld(case) && !carries_the_end {
            facts.push(Fact::AlertsLeft { case: *id, alerts: vec![fingerprint] });
            if case.members.len() == 1 && case.is_quiet() {
                facts.push(Fact::CaseClosed { case: *id });
            } else {
                // It may have been the last that fired beside others whose end is still to be said.
                plan(state, policy, now, now, *id, Severity::NONE, &mut facts);
            }
        } else {
            stays = true;
            if is_over_and_unsent(state, case, fingerprint) {
                // What waits unsent would be news of yesterday (R31): the end is said now.
                let at = case.due_by(now);
                facts.push(Fact::CaseDue { case: *id, at: Some(at) });
            } else {
                plan(state, policy, now, now, *id, alert.record.severity, &mut facts);
            }
        }
    }
    if policy.is_watchdog(&event.labels) {
        facts.push(heartbeat::stopped(state, now, &event.source, &event.labels, "was resolved"));
    }
    facts.extend(opened::ended(state, policy, now, fingerprint));
    if !stays {
        facts.push(Fact::AlertsForgotten { alerts: vec![fingerprint] });
    }
    facts
}

/// Whether something about the group waits unsent although, with this alert, all of it has ended.
fn is_over_and_unsent(state: &State, case: &Case, ending: Fingerprint) -> bool {
    let waits = |line: &super::state::Line| {
        let mut pending = line.pending.iter().filter_map(|id| state.deliveries.get(id));
        pending.any(|delivery| !delivery.is_released() && !delivery.maybe_sent)
    };
    let ended = |fingerprint: &Fingerprint| {
        *fingerprint == ending
            || state.alerts.get(fingerprint).is_none_or(|alert| alert.record.status == Status::Resolved)
    };
    case.briefings.iter().any(|briefing| briefing.lines.values().any(waits)) && case.members.keys().all(ended)
}

/// Whether anybody was told of the group, or is about to be, and not yet of its end (R27).
pub(super) fn end_is_owed(case: &Case) -> bool {
    case.briefings.iter().any(|briefing| {
        let open = briefing.said.is_some_and(|(said, _)| said.status != CaseStatus::Resolved);
        open && briefing.lines.values().any(|line| line.told.is_some() || !line.pending.is_empty())
    })
}

/// Whether a digest will name the case: its alerts stay until it has.
fn is_withheld(case: &Case) -> bool {
    let digested = |line: &super::state::Line| line.withheld.is_some_and(|reason| reason.is_digested());
    case.briefings.iter().any(|briefing| briefing.lines.values().any(digested))
}

/// R5: leases ended. Internal audiences hear "no longer reported"; a whole source falling silent is one case.
pub(super) fn leases_ended(
    state: &State,
    policy: &Policy,
    now: Time,
    source: &Name,
    alerts: &[Fingerprint],
    whole_source: bool,
) -> Vec<Fact> {
    let firing =
        |fp: &&Fingerprint| state.alerts.get(fp).is_some_and(|alert| alert.record.status == Status::Firing);
    let lost: Vec<Fingerprint> = alerts.iter().filter(firing).copied().collect();
    if lost.is_empty() {
        return Vec::new();
    }
    let whole_source = whole_source && lost.len() > 1;
    let mut facts = vec![Fact::AlertsLost { alerts: lost.clone(), source: source.clone(), whole_source }];
    for alert in lost.iter().filter_map(|fingerprint| state.alerts.get(fingerprint)) {
        if policy.is_watchdog(&alert.record.labels) {
            facts.push(heartbeat::stopped(state, now, source, &alert.record.labels, "is no longer reported"));
        }
    }
    if whole_source {
        let text = format!(
            "{source} has fallen silent: {} of its alerts are no longer reported. Nobody knows whether they still fire.",
            lost.len()
        );
        facts.push(notice::raise(state, now, NoticeKind::SourceSilent, &text, true, None));
        facts.extend(silent_groups(state, policy, now, &lost));
        facts.extend(without_group(state, &lost));
        return facts;
    }
    facts.extend(without_group(state, &lost));
    for fingerprint in &lost {
        let Some(alert) = state.alerts.get(fingerprint) else { continue };
        for case in &alert.cases {
            plan(state, policy, now, now, *case, Severity::NONE, &mut facts);
        }
    }
    facts
}

/// Groups of which nothing fires any longer remind nobody; they are forgotten in time (R44).
fn silent_groups(state: &State, policy: &Policy, now: Time, lost: &[Fingerprint]) -> Vec<Fact> {
    let lost: BTreeSet<Fingerprint> = lost.iter().copied().collect();
    let alerts = lost.iter().filter_map(|fingerprint| state.alerts.get(fingerprint));
    let groups: BTreeSet<CaseId> = alerts.flat_map(|alert| alert.cases.iter().copied()).collect();
    let silent = |id: &CaseId| {
        let case = state.cases.get(id)?;
        let fires = |fingerprint: &Fingerprint| {
            let firing =
                state.alerts.get(fingerprint).is_some_and(|alert| alert.record.status == Status::Firing);
            firing && !lost.contains(fingerprint)
        };
        (!case.members.keys().any(fires)).then_some(*id)
    };
    let silent: Vec<CaseId> = groups.iter().filter_map(silent).collect();
    let at = Some(now + policy.forget_after);
    // Whoever was promised a word about it still gets one.
    let promised = |id: &CaseId| {
        let mut briefings = state.cases.get(id).into_iter().flat_map(|case| &case.briefings);
        briefings.any(|briefing| briefing.promise().is_some())
    };
    let due = |case: CaseId| Fact::CaseDue { case, at: if promised(&case) { Some(now) } else { at } };
    silent.into_iter().map(due).collect()
}

/// Lost alerts of which no audience hears need not be remembered.
fn without_group(state: &State, lost: &[Fingerprint]) -> Option<Fact> {
    let alone = |fp: &&Fingerprint| {
        let unheard = state.alerts.get(fp).is_some_and(|alert| alert.cases.is_empty());
        unheard && !opened::is_watched(state, **fp)
    };
    let alerts: Vec<Fingerprint> = lost.iter().filter(alone).copied().collect();
    (!alerts.is_empty()).then_some(Fact::AlertsForgotten { alerts })
}
