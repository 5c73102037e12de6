//! R11, R12: alerts that are to be read again at a time: when a row's hours begin, or its conditions have held for long enough.

use super::alert;
use super::fact::Fact;
use super::policy::{Policy, RowKind};
use super::route::{Asked, Held};
use super::row::Row;
use super::state::State;
use crate::event::id::Fingerprint;
use crate::event::{Labels, Severity, Status, Time};

/// When another reading of an alert that fires `since` may find rows that match only then, if any does.
fn next(policy: &Policy, now: Time, since: Time, labels: &Labels, severity: Severity) -> Option<Time> {
    let waits = |row: &&Row| row.conditions.lasting.is_some() || row.conditions.hours.is_some();
    let asked = Asked {
        kind: RowKind::Alert,
        labels,
        severity,
        customer_impact: None,
        now: None,
        held: Held::Unasked,
    };
    let rows = policy.rows.iter().filter(waits).filter(|row| row.conditions.mismatch(&asked).is_none());
    let at = |row: &Row| match row.conditions.hours.as_ref().filter(|hours| !hours.holds(now)) {
        Some(hours) => hours.next_change(now),
        None => Some(row.conditions.began(since, now) + row.conditions.lasting.unwrap_or_default()),
    };
    rows.filter_map(at).filter(|at| *at > now).min()
}

/// Plans the next reading of a firing alert; nothing where it is planned so already.
pub(super) fn plan(
    state: &State,
    policy: &Policy,
    now: Time,
    since: Time,
    fingerprint: Fingerprint,
    labels: &Labels,
    severity: Severity,
) -> Option<Fact> {
    let at = next(policy, now, since, labels, severity);
    (state.rereads.get(&fingerprint).copied() != at).then_some(Fact::ReadingPlanned { fingerprint, at })
}

/// An alert is to be read again: it joins the groups of the rows that match now.
pub(super) fn due(state: &State, policy: &Policy, now: Time, fingerprint: Fingerprint) -> Vec<Fact> {
    let none = vec![Fact::ReadingPlanned { fingerprint, at: None }];
    let Some(known) = state.alerts.get(&fingerprint) else { return none };
    let record = &known.record;
    if record.status != Status::Firing {
        return none;
    }
    let (labels, severity) = (&record.labels, record.severity);
    let mut facts = Vec::new();
    alert::join(state, policy, now, now, fingerprint, labels, severity, &known.cases, &mut facts);
    facts.extend(plan(state, policy, now, record.received, fingerprint, labels, severity));
    facts
}
