//! One input, from first fact to last: decide, apply, and go on with what became due. A panic sets aside what
//! panicked and nothing else (R8).

use super::alert;
use super::approve;
use super::clock;
use super::confine;
use super::digest;
use super::fact::{CaseAbout, DeadBy, End, Fact, HeldReason, Kept, NoticeKind, WatchChange};
use super::fallback;
use super::group;
use super::heartbeat;
use super::incident;
use super::input::{Command, Garbage, Input, What};
use super::notice;
use super::opened;
use super::outcome;
use super::policy::Policy;
use super::promise;
use super::redrive;
use super::release;
use super::reread;
use super::speak;
use super::start;
use super::state::{Briefing, Delivery, Due, State};
use super::test_message;
use crate::event::id::{CaseId, DeliveryId};
use crate::event::{Event, Name, Time};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[cfg(test)]
mod tests;

/// The most dues that one input handles; the rest waits for the next (R7).
const DUES_MAX: usize = 1000;

/// What an input came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was decided.
    Decided,
    /// It changed nothing.
    Unchanged,
    /// Its identity is known with the same body (R4).
    Duplicate,
    /// Its identity is known with another body (R4).
    Conflict,
    /// It was no event, and was kept aside.
    DeadLettered,
}

/// Decides one input and everything that it makes due; State is as after all returned facts.
pub fn step(state: &mut State, policy: &Policy, input: &Input, sequence: u64) -> (Verdict, Vec<Fact>) {
    let begun = (state.time, state.before, state.sequence);
    state.begin(input.at, sequence);
    let now = state.time;
    let (verdict, first) = guarded(|| decide(state, policy, now, input))
        .unwrap_or_else(|| (Verdict::DeadLettered, quarantine_input(state, now, input)));
    let mut facts = Vec::new();
    take(state, policy, now, first, &mut facts);
    for _ in 0..DUES_MAX {
        let stage = if state.said_bytes.is_full() { None } else { next_stage(state, policy, now) };
        let next = stage.unwrap_or_else(|| let_go(state, policy, now));
        if next.is_empty() {
            break;
        }
        take(state, policy, now, next, &mut facts);
    }
    let released = let_go(state, policy, now);
    take(state, policy, now, released, &mut facts);
    if facts.is_empty() {
        state.undo_begin(begun.0, begun.1, begun.2);
    }
    (verdict, facts)
}

fn let_go(state: &State, policy: &Policy, now: Time) -> Vec<Fact> {
    guarded(|| release::decide(state, policy, now)).unwrap_or_default()
}

fn guarded<T>(stage: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(stage)).ok()
}

/// Applies facts, then what they entail at once: notices of dead letters, groups that are finished.
fn take(state: &mut State, policy: &Policy, now: Time, new: Vec<Fact>, facts: &mut Vec<Fact>) {
    let mut queue = std::collections::VecDeque::from(new);
    while let Some(fact) = queue.pop_front() {
        let ending: Option<Delivery> = match &fact {
            Fact::Ended { delivery, .. } => state.deliveries.get(delivery).cloned(),
            _ => None,
        };
        let dropped = match &fact {
            Fact::DigestDropped { audience, recipient } => {
                state.digests.get(&(audience.clone(), recipient.clone())).map(|digest| digest.cases.clone())
            }
            _ => None,
        };
        let kept = match (&ending, &fact) {
            (Some(delivery), Fact::Ended { end: End::Delivered(_), .. }) => {
                guarded(|| promise::kept_by(state, policy, now, delivery)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        state.apply(&fact);
        queue.extend(kept);
        if let Fact::IncidentChanged { event, received, .. } = &fact {
            let since = received.unwrap_or(now);
            let clocks = guarded(|| clock::read(state, policy, now, &event.incident, since));
            queue.extend(clocks.unwrap_or_default());
        }
        if let (Some(delivery), Fact::Ended { end, .. }) = (&ending, &fact) {
            queue.extend(guarded(|| after_end(state, policy, now, delivery, end)).unwrap_or_default());
        }
        if let Fact::Notified(notified) = &fact {
            // A digest may have been the last that a finished group waited for.
            let named = notified.speaks_for.iter().map(|spoken| spoken.case);
            queue.extend(named.flat_map(|case| guarded(|| tidy(state, case)).unwrap_or_default()));
        }
        let cases = dropped.into_iter().flatten();
        queue.extend(cases.flat_map(|case| guarded(|| tidy(state, case)).unwrap_or_default()));
        facts.push(fact);
    }
}

fn after_end(state: &State, policy: &Policy, now: Time, delivery: &Delivery, end: &End) -> Vec<Fact> {
    let mut facts = tidy(state, delivery.case);
    facts.extend(next_in_line(state, now, delivery.case));
    if let End::DeadLettered { why, failure } = end {
        facts.extend(outcome::dead_letter_notice(state, policy, now, delivery, *why, failure.as_ref()));
    }
    facts
}

/// Whoever waits until others were handed theirs is looked at again (R24).
fn next_in_line(state: &State, now: Time, id: CaseId) -> Option<Fact> {
    let case = state.cases.get(&id)?;
    let waits = |briefing: &Briefing| briefing.held().is_some_and(|held| held.why == HeldReason::After);
    let due = case.due_by(now);
    case.briefings.iter().any(waits).then_some(Fact::CaseDue { case: id, at: Some(due) })
}

fn tidy(state: &State, id: CaseId) -> Vec<Fact> {
    match state.cases.get(&id) {
        Some(case) if matches!(case.about, CaseAbout::Group { .. }) => group::tidy(state, id, case),
        _ => Vec::new(),
    }
}

fn decide(state: &State, policy: &Policy, now: Time, input: &Input) -> (Verdict, Vec<Fact>) {
    #[cfg(test)]
    tests::bite(input);
    let facts = match &input.what {
        What::Event(event) => return decide_event(state, policy, now, input, event),
        What::Garbage(garbage) => {
            return (Verdict::DeadLettered, no_event(state, now, input.origin.lane.clone(), garbage.clone()));
        }
        What::Outcome(outcome) => outcome::decide(state, policy, now, outcome),
        What::Tick => Vec::new(),
        What::LeasesEnded { source, alerts, whole_source } => {
            alert::leases_ended(state, policy, now, source, alerts, *whole_source)
        }
        What::WentStale { alerts } => {
            let text = format!("{} alerts still fire and have not been mentioned for long.", alerts.len());
            vec![notice::raise(state, now, NoticeKind::Stale, &text, false, None)]
        }
        What::PolicyChanged(text) => start::policy_changed(state, policy, now, text),
        What::Started { epoch, behind } => start::started(state, now, *epoch, behind),
        What::CaughtUp { lane } => match &state.catch_up {
            Some(catch_up) if catch_up.behind.contains(lane) => {
                vec![Fact::LaneCaughtUp { lane: lane.clone() }]
            }
            _ => Vec::new(),
        },
        What::Gap { lane, from, to } => {
            let text = format!("Lane {lane}: messages {from} to {to} are gone from the stream.");
            let raised = notice::raise(state, now, NoticeKind::Gap, &text, true, None);
            vec![Fact::GapFound { lane: lane.clone(), from: *from, to: *to }, raised]
        }
        What::LaneStopped { lane, reason } => {
            let text = format!("Lane {lane} has stopped: {reason}");
            let raised = notice::raise(state, now, NoticeKind::LaneStopped, &text, true, None);
            vec![Fact::LaneStopped { lane: lane.clone(), reason: reason.clone() }, raised]
        }
        What::ClockStepped { by_ms, followed } => {
            let followed_text = if *followed { "It is followed now." } else { "It is not followed yet." };
            let text = format!("The wall clock stepped by {by_ms} ms. {followed_text}");
            let raised = notice::raise(state, now, NoticeKind::Clock, &text, false, None);
            vec![Fact::ClockStepped { by_ms: *by_ms, followed: *followed }, raised]
        }
        What::Command(command) => decide_command(state, policy, now, command),
    };
    let verdict = if facts.is_empty() { Verdict::Unchanged } else { Verdict::Decided };
    (verdict, facts)
}

/// R4: a known identity is decided no second time.
fn decide_event(
    state: &State,
    policy: &Policy,
    now: Time,
    input: &Input,
    event: &Event,
) -> (Verdict, Vec<Fact>) {
    let identity = input.origin.identity;
    match identity.and_then(|identity| Some((state.identities.get(&identity.key)?, identity.body))) {
        Some((known, body)) if known == body => return (Verdict::Duplicate, Vec::new()),
        Some(_) => {
            let reason = "an event with this identity came before and said something else";
            let garbage = Garbage { reason: reason.into(), bytes: "".into(), length: 0 };
            return (Verdict::Conflict, no_event(state, now, input.origin.lane.clone(), garbage));
        }
        None => {}
    }
    if let Some(reason) = confine::event(state, policy, input, event) {
        let garbage = Garbage { reason: reason.into(), bytes: "".into(), length: 0 };
        return (Verdict::DeadLettered, no_event(state, now, input.origin.lane.clone(), garbage));
    }
    let received = input.origin.received.unwrap_or(now).min(now);
    let mut facts = match event {
        Event::Alert(event) => alert::decide(state, policy, now, received, event),
        Event::Incident(event) => incident::decide(state, policy, now, received, event),
    };
    if facts.is_empty() {
        return (Verdict::Unchanged, facts);
    }
    if let Event::Incident(event) = event {
        facts.extend(opened::taken(state, event));
    }
    if let Some(identity) = identity {
        facts.push(Fact::IdentityRemembered { key: identity.key, body: identity.body });
        let outdated = state
            .identities
            .outdated(now - policy.remember_events_for, policy.remember_events_max.saturating_sub(1));
        if outdated > 0 {
            facts.push(Fact::IdentitiesForgotten { count: outdated as u64 });
        }
    }
    (Verdict::Decided, facts)
}

fn no_event(state: &State, now: Time, lane: Option<Name>, garbage: Garbage) -> Vec<Fact> {
    let by = lane.as_ref().map_or("inside", Name::as_str);
    let text = format!("By {by}, {} bytes: {}", garbage.length, garbage.reason);
    let raised = notice::raise(state, now, NoticeKind::NoEvents, &text, false, None);
    vec![Fact::DeadLettered { lane, garbage }, raised]
}

fn decide_command(state: &State, policy: &Policy, now: Time, command: &Command) -> Vec<Fact> {
    match command {
        Command::Pause { channel, .. } | Command::Resume { channel, .. }
            if !policy.channels.contains_key(channel) =>
        {
            Vec::new()
        }
        Command::Pause { channel, by } => vec![Fact::ChannelPaused {
            channel: channel.clone(),
            until: None,
            failures: 0,
            cause: format!("paused by {by}").into(),
        }],
        Command::Resume { channel, .. } => {
            vec![Fact::ChannelOpened { channel: channel.clone(), allowed: Some(1) }]
        }
        Command::Acknowledge { .. }
        | Command::AnswerNeeds { .. }
        | Command::ApproveDraft { .. }
        | Command::EditDraft { .. }
        | Command::RejectDraft { .. } => approve::answered(state, policy, now, command),
        Command::Heartbeat { audience, beat } => heartbeat::beat(state, policy, now, audience, *beat),
        Command::SendTest { recipient, audience, by } => {
            test_message::send(state, policy, now, recipient, audience, by)
        }
        Command::Redrive { original, .. } => redrive::redrive(state, policy, now, original),
    }
}

/// What is due next, if anything is; `None` when this input is done.
fn next_stage(state: &State, policy: &Policy, now: Time) -> Option<Vec<Fact>> {
    if state.policy_unread.is_some() {
        let facts = guarded(|| start::read_again(state, policy, now));
        return Some(facts.unwrap_or_else(|| vec![Fact::PolicyRead { upto: None }]));
    }
    if let Some(fact) = start::catch_up(state, now) {
        return Some(vec![fact]);
    }
    let (_, due) = match &state.catch_up {
        Some(catch_up) if !catch_up.ended => return None,
        // What came up while nobody listened: the newest first (R39).
        Some(_) => state.dues.range(..=(now, Due::LAST)).next_back()?,
        None => state.dues.first().filter(|(at, _)| *at <= now)?,
    };
    let facts = guarded(|| decide_due(state, policy, now, due));
    Some(facts.unwrap_or_else(|| quarantine_due(state, now, due)))
}

fn decide_due(state: &State, policy: &Policy, now: Time, due: &Due) -> Vec<Fact> {
    #[cfg(test)]
    tests::bite_due(state, due);
    match due {
        Due::CatchUp => vec![Fact::CatchUpEnded {}],
        Due::Probe(channel) => outcome::probe(state, policy, now, channel),
        Due::Retry(delivery) => vec![Fact::Rested { delivery: *delivery }],
        Due::Fallback(delivery) => fallback::decide(state, policy, now, *delivery),
        Due::Speak(id) => speak_case(state, policy, now, *id),
        Due::Read(alert) => reread::due(state, policy, now, *alert),
        Due::Watch(incident) => opened::due(state, policy, now, incident),
        Due::Digest(whose) => digest::make(state, policy, now, &whose.0, &whose.1),
        Due::Notice(kind) => notice::tell(state, policy, now, *kind),
    }
}

fn speak_case(state: &State, policy: &Policy, now: Time, id: CaseId) -> Vec<Fact> {
    let never = vec![Fact::CaseDue { case: id, at: None }];
    let Some(case) = state.cases.get(&id) else { return never };
    match &case.about {
        CaseAbout::Group { labels, .. } => group::speak(state, policy, now, id, case, labels),
        CaseAbout::Incident { id: incident } => match state.incidents.get(incident) {
            Some(incident) if speak::is_forgettable(policy, now, case, incident) => {
                [promise::abandoned(id, case), vec![Fact::CaseClosed { case: id }]].concat()
            }
            Some(incident) => speak::speak(state, policy, now, id, case, incident),
            None => never,
        },
        CaseAbout::Desk { .. } => never,
    }
}

fn quarantine_input(state: &State, now: Time, input: &Input) -> Vec<Fact> {
    let what = match &input.what {
        What::Event(Event::Alert(_)) => "an alert event",
        What::Event(Event::Incident(_)) => "an incident event",
        What::Outcome(_) => "an outcome of an attempt",
        What::PolicyChanged(_) => "a change of policy",
        _ => "an input",
    };
    let mut facts = match &input.what {
        What::Outcome(outcome) => outcome::quarantined(state, outcome),
        _ => Vec::new(),
    };
    facts.push(Fact::Quarantined { what: what.into() });
    let text =
        format!("Deciding {what} failed inside Tidings. It stands in the journal and nothing came of it.");
    facts.push(notice::raise(state, now, NoticeKind::Quarantine, &text, true, None));
    facts
}

/// A due that panicked is taken off; its case speaks again when it next changes.
fn quarantine_due(state: &State, now: Time, due: &Due) -> Vec<Fact> {
    let (what, off) = match due {
        Due::Speak(case) => ("a case", Fact::CaseDue { case: *case, at: None }),
        Due::Read(alert) => {
            ("the reading of an alert", Fact::ReadingPlanned { fingerprint: *alert, at: None })
        }
        Due::Watch(incident) => {
            let change = WatchChange::Due { at: None };
            ("a rule that opens incidents", Fact::Watch { incident: incident.clone(), change })
        }
        Due::Digest(whose) => {
            let (audience, recipient) = (**whose).clone();
            ("a digest", Fact::DigestDropped { audience, recipient })
        }
        Due::Notice(kind) => ("a notice", Fact::NoticeTold { notice: *kind }),
        Due::Retry(delivery) => ("a retry", dead(*delivery)),
        Due::Fallback(delivery) => {
            ("another way", Fact::Kept(Kept::FellBack { delivery: *delivery, to: Vec::new() }))
        }
        Due::Probe(channel) => {
            ("a probe", Fact::ChannelOpened { channel: channel.clone(), allowed: Some(1) })
        }
        Due::CatchUp => ("catching up", Fact::CatchUpEnded {}),
    };
    let text = format!("Handling {what} that was due failed inside Tidings; it was set aside.");
    let raised = notice::raise(state, now, NoticeKind::Quarantine, &text, true, None);
    let quarantined = Fact::Quarantined { what: what.into() };
    // A notice that panics must not raise itself again.
    if matches!(due, Due::Notice(_)) { vec![off, quarantined] } else { vec![off, quarantined, raised] }
}

fn dead(delivery: DeliveryId) -> Fact {
    Fact::Ended { delivery, end: End::DeadLettered { why: DeadBy::Quarantined, failure: None } }
}
