//! R32, R36, R37, R39: a process takes the lead, catches up, and reads open cases again under a changed policy.

use super::address;
use super::alert;
use super::digest;
use super::fact::{CaseAbout, Fact};
use super::input::PolicyText;
use super::opened;
use super::outcome;
use super::policy::Policy;
use super::reread;
use super::speak;
use super::state::{Case, Health, State};
use crate::event::id::{CaseId, Fingerprint};
use crate::event::{Name, Span, Status, Time};
use std::ops::Bound;

/// Lanes catch up for at most this long before what is owed is said all the same.
const CATCH_UP_MAX: Span = Span::from_secs(30);

/// How many alerts are read again under a changed policy in one go.
const SLICE: usize = 500;

pub(super) fn started(state: &State, now: Time, epoch: u64, behind: &[Name]) -> Vec<Fact> {
    let down_since = state.born.map(|_| state.before);
    let mut facts =
        vec![Fact::Started { epoch, down_since, behind: behind.to_vec(), until: now + CATCH_UP_MAX }];
    for (id, delivery) in &state.deliveries {
        if delivery.is_released() {
            facts.extend(outcome::unknown(state, *id, delivery));
        }
    }
    for (name, channel) in &state.channels {
        if matches!(channel.health, Health::Probing { .. }) {
            facts.push(Fact::ChannelOpened { channel: name.clone(), allowed: Some(1) });
        }
    }
    facts
}

/// Catching up ends when no lane is behind; what was due meanwhile is said, the most severe and newest first; then it is over.
pub(super) fn catch_up(state: &State, now: Time) -> Option<Fact> {
    let catch_up = state.catch_up.as_ref()?;
    if !catch_up.ended {
        let over = catch_up.behind.is_empty() || catch_up.until <= now;
        return over.then_some(Fact::CatchUpEnded {});
    }
    let due = state.dues.first().is_some_and(|(at, _)| *at <= now);
    (!due).then_some(Fact::CatchUpSettled {})
}

pub(super) fn policy_changed(state: &State, policy: &Policy, now: Time, text: &PolicyText) -> Vec<Fact> {
    let mut facts = vec![Fact::PolicyAdopted { text: text.clone() }];
    for (id, delivery) in &state.deliveries {
        facts.extend(outcome::orphaned(policy, *id, delivery));
    }
    facts.extend(address::changed(state, policy));
    for (id, case) in &state.cases {
        let is_incident = matches!(case.about, CaseAbout::Incident { .. });
        let stricter = stricter_briefings(state, policy, now, *id, case, &mut facts);
        if let CaseAbout::Incident { id: incident } = &case.about {
            facts.extend(speak::newly_governed(state, policy, *id, case, incident));
        }
        if is_incident || (stricter && !matches!(case.about, CaseAbout::Desk { .. })) {
            let at = case.due_by(now);
            facts.push(Fact::CaseDue { case: *id, at: Some(at) });
        }
    }
    facts
}

/// R37: briefings whose audience may read less now. What waits is written again, or, at a desk, named again.
fn stricter_briefings(
    state: &State,
    policy: &Policy,
    now: Time,
    id: CaseId,
    case: &Case,
    facts: &mut Vec<Fact>,
) -> bool {
    let mut found = false;
    for briefing in &case.briefings {
        let Some(audience) = policy.audiences.get(&briefing.audience) else { continue };
        let disclosure = briefing.disclosure.stricter(audience.disclosure);
        if disclosure == briefing.disclosure {
            continue;
        }
        found = true;
        let (audience, row) = (briefing.audience.clone(), briefing.row.clone());
        facts.push(Fact::BriefingMoved { case: id, audience, row, disclosure, rhythm: false });
        if matches!(case.about, CaseAbout::Desk { .. }) {
            let pending = briefing.lines.values().flat_map(|line| &line.pending);
            let waiting = pending.filter_map(|id| Some((*id, state.deliveries.get(id)?)));
            for (id, delivery) in waiting.filter(|(_, delivery)| !delivery.is_released()) {
                if outcome::orphaned(policy, id, delivery).is_none() {
                    facts.extend(digest::again(state, now, id, delivery));
                }
            }
        }
    }
    found
}

/// The next slice of alerts, read again under the new policy: newly matching rows open or join groups (R36).
pub(super) fn read_again(state: &State, policy: &Policy, now: Time) -> Vec<Fact> {
    let Some(from) = state.policy_unread else { return Vec::new() };
    let start = from.map_or(Bound::Unbounded, Bound::Excluded);
    let mut facts = Vec::new();
    let mut last: Option<Fingerprint> = None;
    for (count, (fingerprint, known)) in state.alerts.range((start, Bound::Unbounded)).enumerate() {
        if count == SLICE {
            facts.push(Fact::PolicyRead { upto: last });
            return facts;
        }
        last = Some(*fingerprint);
        let record = &known.record;
        if record.status == Status::Firing {
            // One alert at a time would be safest, but two alerts of a slice may open the same new group: the second
            // then joins it.
            let (mut joined, alert) = (Vec::new(), *fingerprint);
            let (labels, severity) = (&record.labels, record.severity);
            alert::join(state, policy, now, now, alert, labels, severity, &known.cases, &mut joined);
            joined.extend(opened::read(state, policy, now, now, alert, labels, severity));
            joined.extend(reread::plan(state, policy, now, record.received, alert, labels, severity));
            facts.extend(joined.into_iter().filter(|fact| !opens_again(fact, &facts)).collect::<Vec<_>>());
        }
    }
    facts.push(Fact::PolicyRead { upto: None });
    facts
}

/// Whether the slice has opened this case, or its briefing, already.
fn opens_again(fact: &Fact, facts: &[Fact]) -> bool {
    let same = |case| {
        facts.iter().any(|known| matches!(known, Fact::CaseOpened { case: known, .. } if known == case))
    };
    match fact {
        Fact::CaseOpened { case, .. } | Fact::BriefingOpened { case, .. } => same(case),
        _ => false,
    }
}
