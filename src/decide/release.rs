//! R15, R31, R32: which waiting deliveries are let go: within the channel's window, one to a line, the worst first with
//! a share for the oldest.

use super::deliveries;
use super::fact::{DeadBy, End, Fact, SupersededBy, SuppressedBy};
use super::outcome;
use super::policy::Policy;
use super::state::{ChannelState, Delivery, State};
use super::target;
use crate::event::id::DeliveryId;
use crate::event::{Name, Time};
use crate::message::Kind;
use std::collections::BTreeSet;

/// Every so many releases the oldest goes first, whatever its severity.
const SHARE_OF_OLDEST: u32 = 5;

/// How many waiting deliveries are looked at for one that may go, so that a long queue costs no more than a short one.
const LOOKED_AT_MAX: usize = 1000;

/// Lets go what may go, on every channel that has something waiting.
pub(super) fn decide(state: &State, policy: &Policy, now: Time) -> Vec<Fact> {
    if state.catch_up.is_some() {
        return Vec::new();
    }
    let mut facts = Vec::new();
    for name in &state.ready {
        let Some(channel) = state.channels.get(name) else { continue };
        let Some(settings) = policy.channels.get(name) else {
            let end = End::DeadLettered { why: DeadBy::ChannelRemoved, failure: None };
            let waiting = channel.oldest_first().take(LOOKED_AT_MAX);
            facts.extend(waiting.map(|(_, delivery)| Fact::Ended { delivery, end: end.clone() }));
            continue;
        };
        let free = channel.free(settings.window) as usize;
        if free > 0 {
            on_channel(state, policy, now, name, channel, free, &mut facts);
        }
    }
    facts
}

fn on_channel(
    state: &State,
    policy: &Policy,
    now: Time,
    name: &Name,
    channel: &ChannelState,
    free: usize,
    facts: &mut Vec<Fact>,
) {
    let mut going: Vec<DeliveryId> = Vec::with_capacity(free.min(64));
    let mut ended = BTreeSet::new();
    let mut since_oldest = channel.since_oldest;
    let mut urgent = channel.urgent_first().take(LOOKED_AT_MAX);
    let mut oldest = channel.oldest_first().map(|(_, id)| id).take(LOOKED_AT_MAX);
    while going.len() < free {
        let turn_of_oldest = since_oldest + 1 >= SHARE_OF_OLDEST;
        let next = if turn_of_oldest { oldest.next() } else { urgent.next() };
        let Some(id) = next else { break };
        let Some(delivery) = state.deliveries.get(&id) else { continue };
        if going.contains(&id) || ended.contains(&id) {
            continue;
        }
        if let Some(end) = may_not_go(state, policy, now, name, delivery) {
            facts.push(Fact::Ended { delivery: id, end });
            ended.insert(id);
        } else if !has_to_wait(state, delivery, &going) {
            going.push(id);
            since_oldest = if turn_of_oldest { 0 } else { since_oldest + 1 };
        }
    }
    if !going.is_empty() {
        facts.push(Fact::Released { deliveries: going });
    }
}

/// Why a waiting delivery ends instead of going.
pub(super) fn may_not_go(
    state: &State,
    policy: &Policy,
    now: Time,
    channel: &Name,
    delivery: &Delivery,
) -> Option<End> {
    if !policy.endpoints.contains_key(&delivery.recipient) {
        return Some(End::Suppressed { why: SuppressedBy::Removed });
    }
    // What was decided before everything was redirected, or nothing sent, does not slip out after.
    let redirected = policy.environment.redirect.as_ref().is_some_and(|redirect| redirect != channel);
    if policy.environment.shadow || redirected {
        return Some(End::Suppressed { why: SuppressedBy::Shadow });
    }
    if outcome::is_too_old(policy, now, channel, delivery) {
        return Some(End::DeadLettered { why: DeadBy::TooOld, failure: None });
    }
    if delivery.kind == Kind::Resolution && !delivery.maybe_sent {
        let briefing = state.cases.get(&delivery.case)?.briefing(&delivery.audience)?;
        if !target::person_may_know(state, policy, briefing, &delivery.recipient) {
            return Some(End::Superseded { why: SupersededBy::ResolvedBeforeSent });
        }
    }
    None
}

/// Whether the line has another delivery let go and unanswered (R31), or the message is to be written again (R37).
pub(super) fn has_to_wait(state: &State, delivery: &Delivery, going: &[DeliveryId]) -> bool {
    let case = state.cases.get(&delivery.case);
    let Some(briefing) = case.and_then(|case| case.briefing(&delivery.audience)) else { return false };
    if deliveries::is_stale(briefing, delivery) {
        return true;
    }
    let line = briefing.lines.get(&delivery.recipient);
    let Some(line) = line.filter(|line| line.pending.len() > 1) else { return false };
    line.pending
        .iter()
        .any(|id| going.contains(id) || state.deliveries.get(id).is_some_and(Delivery::is_released))
}
