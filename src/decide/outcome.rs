//! R33, R35: what comes of attempts: ends, retries, and the health of channels.

use super::address;
use super::deliveries;
use super::digest;
use super::fact::{CaseAbout, DeadBy, End, Fact, NoticeKind, SupersededBy};
use super::input::{Accepted, Blame, Failure, Outcome, Reason, Retry, Sent};
use super::notice;
use super::policy::Policy;
use super::release;
use super::state::{Briefing, ChannelState, Delivery, Health, Line, State};
use crate::event::id::{DeliveryId, Digest};
use crate::event::{Name, Span, Time};
use crate::message::{CaseStatus, Kind};

const RETRY_AFTER_MIN: Span = Span::from_secs(1);
const RETRY_AFTER_MAX: Span = Span::from_secs(3600);
/// A held channel is tried at least this often, so that nobody waits long once it works again.
const PROBE_EVERY_MAX: Span = Span::from_secs(60);
const OWN_RETRY_FIRST: Span = Span::from_secs(30);
const OWN_RETRY_MAX: Span = Span::from_secs(15 * 60);
/// So many failed probes are the delivery's own failure.
const PROBES_MAX: u32 = 3;
/// How many too old deliveries end in one go.
const TOO_OLD_AT_ONCE: usize = 256;
/// How many waiting deliveries are looked at for one to try a held channel with.
const LOOKED_AT_MAX: usize = 1000;

pub(super) fn decide(state: &State, policy: &Policy, now: Time, outcome: &Outcome) -> Vec<Fact> {
    let Some(delivery) = state.deliveries.get(&outcome.delivery) else { return Vec::new() };
    if !delivery.is_released() || delivery.attempts != outcome.attempt {
        // The answer to an attempt that a restart has made unknown: the one made since will be answered too.
        return Vec::new();
    }
    let fresh = ChannelState::default();
    let channel = state.channels.get(&delivery.channel).unwrap_or(&fresh);
    match &outcome.result {
        Ok(accepted) => delivered(state, policy, outcome.delivery, delivery, channel, accepted),
        Err(failure) => failed(state, policy, now, outcome.delivery, delivery, channel, failure),
    }
}

fn delivered(
    state: &State,
    policy: &Policy,
    id: DeliveryId,
    delivery: &Delivery,
    channel: &ChannelState,
    accepted: &Accepted,
) -> Vec<Fact> {
    let mut facts = vec![Fact::Ended { delivery: id, end: End::Delivered(accepted.clone()) }];
    facts.extend(works(policy, id, delivery, channel));
    facts.extend(address::works(state, policy, delivery));
    facts
}

/// The channel answered: a probe opens it, and with every answer one more may go, so that each round is twice the one
/// before, until the whole window is open.
fn works(policy: &Policy, id: DeliveryId, delivery: &Delivery, channel: &ChannelState) -> Option<Fact> {
    let window = policy.channels.get(&delivery.channel).map_or(1, |channel| channel.window);
    let allowed = match channel.health {
        Health::Probing { delivery } if delivery == id => 1,
        Health::Ramping { allowed } => allowed.saturating_add(1),
        Health::Open | Health::Probing { .. } | Health::Paused { .. } => {
            return None;
        }
    };
    let allowed = Some(allowed).filter(|allowed| *allowed < window);
    Some(Fact::ChannelOpened { channel: delivery.channel.clone(), allowed })
}

fn failed(
    state: &State,
    policy: &Policy,
    now: Time,
    id: DeliveryId,
    delivery: &Delivery,
    channel: &ChannelState,
    failure: &Failure,
) -> Vec<Fact> {
    let probing = channel.health == Health::Probing { delivery: id };
    let mut facts = Vec::new();
    let own = failure.about == Blame::Delivery;
    if own {
        facts.extend(works(policy, id, delivery, channel));
    } else if probing {
        facts.push(pause(now, delivery, channel, failure));
    } else if others_succeed(delivery, channel, failure) {
        return own_failure(state, policy, now, id, delivery, failure, facts);
    } else if !matches!(channel.health, Health::Paused { .. } | Health::Probing { .. }) {
        facts.push(pause(now, delivery, channel, failure));
    }
    // While nothing else waits there is nothing to try instead: the pause alone sets the pace.
    let worn_out = probing && !own && delivery.failures + 1 >= PROBES_MAX && channel.waiting() > 0;
    if own || worn_out {
        return own_failure(state, policy, now, id, delivery, failure, facts);
    }
    facts.push(Fact::Returned {
        delivery: id,
        maybe_sent: failure.sent == Sent::Maybe,
        counted: probing,
        not_before: None,
        failure: Some(failure.clone()),
    });
    after_return(state, now, id, delivery, failure, &mut facts);
    facts
}

/// A server error or a deadline while others of the window succeed says something about this delivery (R35).
fn others_succeed(delivery: &Delivery, channel: &ChannelState, failure: &Failure) -> bool {
    let doubtful = matches!(failure.reason, Reason::Server | Reason::Deadline);
    doubtful && channel.last_success.is_some_and(|at| at > delivery.released_at)
}

fn pause(now: Time, delivery: &Delivery, channel: &ChannelState, failure: &Failure) -> Fact {
    let failures = channel.failures.saturating_add(1);
    let wait = match failure.retry {
        Retry::After(Some(asked)) => asked.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX),
        Retry::After(None) | Retry::Never => {
            backoff(RETRY_AFTER_MIN, PROBE_EVERY_MAX, failures, delivery.key, delivery.attempts)
        }
    };
    Fact::ChannelPaused {
        channel: delivery.channel.clone(),
        until: Some(now + wait),
        failures,
        cause: format!("{}: {}", failure.reason.as_str(), failure.detail).into(),
    }
}

fn own_failure(
    state: &State,
    policy: &Policy,
    now: Time,
    id: DeliveryId,
    delivery: &Delivery,
    failure: &Failure,
    mut facts: Vec<Fact>,
) -> Vec<Fact> {
    let hopeless = failure.retry == Retry::Never && failure.about == Blame::Delivery;
    if hopeless || is_too_old(policy, now, &delivery.channel, delivery) {
        let why = if hopeless { DeadBy::Refused } else { DeadBy::TooOld };
        facts.push(Fact::Ended {
            delivery: id,
            end: End::DeadLettered { why, failure: Some(failure.clone()) },
        });
        facts.extend(address::failed(state, policy, now, delivery, failure));
        return facts;
    }
    let asked = if let Retry::After(asked) = failure.retry { asked } else { None };
    // What wore out as a probe makes room for others, no longer than a held channel is left untried.
    let longest = if failure.about == Blame::Delivery { OWN_RETRY_MAX } else { PROBE_EVERY_MAX };
    let wait = asked.map_or_else(
        || backoff(OWN_RETRY_FIRST, longest, delivery.failures + 1, delivery.key, delivery.attempts),
        |asked| asked.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX),
    );
    facts.push(Fact::Returned {
        delivery: id,
        maybe_sent: failure.sent == Sent::Maybe,
        counted: true,
        not_before: Some(now + wait),
        failure: Some(failure.clone()),
    });
    after_return(state, now, id, delivery, failure, &mut facts);
    facts
}

/// A delivery that came back is not tried again when something newer waits on its line (R31), and it is written again
/// when its briefing has become stricter meanwhile (R37).
fn after_return(
    state: &State,
    now: Time,
    id: DeliveryId,
    delivery: &Delivery,
    failure: &Failure,
    facts: &mut Vec<Fact>,
) {
    let Some(case) = state.cases.get(&delivery.case) else { return };
    let Some(briefing) = case.briefing(&delivery.audience) else { return };
    let stale = deliveries::is_stale(briefing, delivery);
    if matches!(case.about, CaseAbout::Desk { .. }) {
        if stale {
            facts.extend(digest::again(state, now, id, delivery));
        }
        return;
    }
    if stale {
        let at = case.due_by(now);
        facts.push(Fact::CaseDue { case: delivery.case, at: Some(at) });
    }
    if is_overtaken(briefing, id, delivery) {
        let maybe = failure.sent == Sent::Maybe || delivery.maybe_sent;
        let why = if maybe { SupersededBy::MaybeTold } else { SupersededBy::Newer };
        facts.push(Fact::Ended { delivery: id, end: End::Superseded { why } });
    }
}

/// Whether something newer waits on the line (R31), or the end has been said by whatever way.
fn is_overtaken(briefing: &Briefing, id: DeliveryId, delivery: &Delivery) -> bool {
    let newer = |line: &Line| line.pending.iter().any(|other| *other > id);
    let over = briefing.said.is_some_and(|(said, _)| said.status == CaseStatus::Resolved);
    let before_the_end = over && delivery.said.status != CaseStatus::Resolved;
    before_the_end || briefing.lines.get(&delivery.recipient).is_some_and(newer)
}

/// Doubling from `first` to at most `max`, a fifth more or less by the delivery's key, so that a replay decides the same.
fn backoff(first: Span, max: Span, failures: u32, key: Digest, attempt: u32) -> Span {
    let doubled = first.millis().saturating_mul(1 << failures.saturating_sub(1).min(20)).min(max.millis());
    let jitter = key.short().wrapping_add(u64::from(attempt)) % 401;
    Span::from_millis(doubled * (800 + jitter) / 1000)
}

pub(super) fn is_too_old(policy: &Policy, now: Time, channel: &Name, delivery: &Delivery) -> bool {
    policy.channels.get(channel).is_some_and(|channel| delivery.decided_at + channel.give_up_after <= now)
}

/// A held channel's time has come: the most urgent delivery is let go to see, none twice running.
pub(super) fn probe(state: &State, policy: &Policy, now: Time, name: &Name) -> Vec<Fact> {
    let Some(channel) = state.channels.get(name) else { return Vec::new() };
    let old = channel.oldest_first().map(|(_, id)| id);
    let old = old.take_while(|id| {
        state.deliveries.get(id).is_some_and(|delivery| is_too_old(policy, now, name, delivery))
    });
    let old: Vec<DeliveryId> = old.take(TOO_OLD_AT_ONCE).collect();
    if !old.is_empty() {
        let end = End::DeadLettered { why: DeadBy::TooOld, failure: None };
        return old.into_iter().map(|delivery| Fact::Ended { delivery, end: end.clone() }).collect();
    }
    let may_go = |id: &DeliveryId| {
        state.deliveries.get(id).is_some_and(|delivery| {
            release::may_not_go(state, policy, now, name, delivery).is_none()
                && !release::has_to_wait(state, delivery, &[])
        })
    };
    let candidates = || channel.urgent_first().take(LOOKED_AT_MAX).filter(may_go);
    let fresh = candidates().find(|id| Some(*id) != channel.last_probe);
    match fresh.or_else(|| candidates().next()) {
        Some(delivery) => vec![
            Fact::ChannelProbed { channel: name.clone(), delivery },
            Fact::Released { deliveries: vec![delivery] },
        ],
        None => vec![Fact::ChannelOpened { channel: name.clone(), allowed: Some(1) }],
    }
}

/// What the owner hears of a delivery that was given up (R42).
pub(super) fn dead_letter_notice(
    state: &State,
    policy: &Policy,
    now: Time,
    delivery: &Delivery,
    why: DeadBy,
    failure: Option<&Failure>,
) -> Option<Fact> {
    if delivery.kind == Kind::Notice {
        // A notice that cannot be delivered raises none: the metric and the fact remain.
        return None;
    }
    let reason = match (why, failure) {
        (DeadBy::Refused, Some(failure)) => format!("{}: {}", failure.reason.as_str(), failure.detail),
        (DeadBy::Refused, None) => "refused".to_owned(),
        (DeadBy::TooOld, _) => "it could not be handed over in time".to_owned(),
        (DeadBy::ChannelRemoved, _) => "its channel is no longer in the configuration".to_owned(),
        (DeadBy::Quarantined, _) => "what came of it could not be decided".to_owned(),
    };
    let text =
        format!("{} to {} by {}: {reason}", delivery.kind.as_str(), delivery.recipient, delivery.channel);
    let urgent = policy.ladder.is_urgent(delivery.severity);
    let avoid = Some(delivery.channel.clone());
    Some(notice::raise(state, now, NoticeKind::DeadLetters, &text, urgent, avoid))
}

/// A panic while an outcome was decided ends its delivery (R8).
pub(super) fn quarantined(state: &State, outcome: &Outcome) -> Vec<Fact> {
    let end = End::DeadLettered { why: DeadBy::Quarantined, failure: None };
    let open = state.deliveries.get(&outcome.delivery).is_some_and(Delivery::is_released);
    if open { vec![Fact::Ended { delivery: outcome.delivery, end }] } else { Vec::new() }
}

/// What `started` makes of a delivery that was let go: nobody knows (R32).
pub(super) fn unknown(state: &State, id: DeliveryId, delivery: &Delivery) -> Vec<Fact> {
    let mut facts = vec![Fact::Returned {
        delivery: id,
        maybe_sent: true,
        counted: false,
        not_before: None,
        failure: None,
    }];
    let case = state.cases.get(&delivery.case);
    let briefing = case.and_then(|case| case.briefing(&delivery.audience));
    let queues = matches!(delivery.kind, Kind::Notice | Kind::Digest);
    if !queues && briefing.is_some_and(|briefing| is_overtaken(briefing, id, delivery)) {
        facts.push(Fact::Ended { delivery: id, end: End::Superseded { why: SupersededBy::MaybeTold } });
    }
    facts
}

/// Ends a delivery whose recipient or channel is gone (R37), where it may be ended.
pub(super) fn orphaned(policy: &Policy, id: DeliveryId, delivery: &Delivery) -> Option<Fact> {
    if delivery.is_released() {
        return None;
    }
    let end = if !policy.channels.contains_key(&delivery.channel) {
        End::DeadLettered { why: DeadBy::ChannelRemoved, failure: None }
    } else if !policy.endpoints.contains_key(&delivery.recipient) {
        End::Suppressed { why: super::fact::SuppressedBy::Removed }
    } else {
        return None;
    };
    Some(Fact::Ended { delivery: id, end })
}
