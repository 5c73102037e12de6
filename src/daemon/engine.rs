//! The loop: takes what came in, decides it and appends the facts; what follows from them happens once they are durable
//! (R1), in `effects.rs`.
//!
//! It owns State and runs on a thread of its own; nothing in it waits for a channel, a client or the disk.

use super::alarm::Alarm;
use super::append::{Appends, Batch as Building};
use super::clock::Clock;
use super::dispatch::{Body, Dispatcher, Job};
use super::door::{Mailbox, Turn};
use super::heartbeat::{Beaten, Beats};
use super::leases::{Ended, Leases};
use super::measure;
use super::messages::Messages;
use super::persons::Persons;
use super::task::Tasks;
use crate::config::Config;
use crate::decide::state::{Case, Delivery};
use crate::decide::{
    CaseAbout, Command, End, Fact, Input, Kept, Origin, Policy, PolicyText, State, Verdict, What, step,
};
use crate::event::id::{DeliveryId, Digest};
use crate::event::{Name, Span, Time};
use crate::journal::{Cursor, Room};
use crate::message::{CaseStatus, Disclosure, Kind};
use crate::observe::health::Health;
use crate::observe::metrics::Metrics;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How many outcomes one entry takes.
const OUTCOMES_MAX: usize = 1024;

/// The loop looks at the clock at least this often.
const TICK: Duration = Duration::from_millis(250);

/// A cursor-only entry is written at least this often while lanes move (R5).
const CURSOR_EVERY: Span = Span::from_secs(5);

/// Or after so many inputs.
const CURSOR_INPUTS: u64 = 10_000;

/// A policy that is to hold from its input on.
pub struct NewPolicy {
    /// The compiled configuration.
    pub config: Arc<Config>,
    /// Its policy.
    pub policy: Arc<Policy>,
    /// Its texts.
    pub text: PolicyText,
    /// The channels built from it.
    pub channels: super::dispatch::Channels,
    /// Told once it is durable.
    pub done: tokio::sync::oneshot::Sender<()>,
}

/// Everything that the loop works with.
pub struct Engine {
    pub(super) state: State,
    pub(super) policy: Arc<Policy>,
    pub(super) cursors: BTreeMap<Name, Cursor>,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) dispatcher: Dispatcher,
    pub(super) appends: Appends,
    pub(super) leases: Leases,
    pub(super) messages: Messages,
    pub(super) persons: Persons,
    pub(super) beats: Beats,
    pub(super) tasks: Tasks,
    pub(super) health: Arc<Health>,
    pub(super) alarm: Arc<Alarm>,
    /// What lanes have read since the last entry.
    pub(super) moved: BTreeMap<Name, Cursor>,
    pub(super) inputs_since_entry: u64,
    pub(super) last_entry: Time,
    pub(super) last_gauges: Time,
}

impl Engine {
    /// Runs until it is asked to stop and everything decided is durable, or something fails.
    pub async fn run(mut self) {
        loop {
            if self.tasks.is_stopping() {
                break;
            }
            self.health.beat(self.clock.elapsed());
            self.alarm.under_way_since(self.appends.oldest_under_way());
            if self.appends.may_append(self.mailbox.waiting()) {
                self.turn();
            }
            let wait = self.until_next_due();
            let enough = self.appends.worth_an_entry();
            tokio::select! {
                // Each arm is cancel-safe: none of them holds anything.
                () = self.appends.fewer(), if enough != Some(1) => {}
                () = self.mailbox.filled(enough.unwrap_or(usize::MAX)), if enough.is_some() => {}
                () = tokio::time::sleep(wait) => {}
                () = self.tasks.stopping() => {}
            }
        }
        self.finish().await;
    }

    /// Writes what was decided before the loop turns: that the lead was taken, and by which policy.
    pub(super) fn begin(&mut self, now: Time, building: Building) {
        self.finish_turn(now, building);
    }

    fn until_next_due(&self) -> Duration {
        let now = self.clock.now();
        let due = self.state.next_due().filter(|_| self.state.catch_up.as_ref().is_none_or(|c| c.ended));
        due.map_or(TICK, |due| due.since(now).to_std().clamp(Duration::from_millis(1), TICK))
    }

    /// One turn: everything that waits, within the quotas, becomes one entry.
    fn turn(&mut self) {
        let started = self.clock.elapsed();
        let now = self.clock.now();
        let Turn { outcomes, controls, events } = self.mailbox.take(OUTCOMES_MAX);
        let mut building = Building::new(self.appends.next_sequence());
        if let Some(clock_step) = self.clock.take_step() {
            self.metrics.clock_stepped(clock_step.by_ms);
            let what = What::ClockStepped { by_ms: clock_step.by_ms, followed: clock_step.followed };
            self.inside(now, what, &mut building);
        }
        for outcome in outcomes {
            self.inside(now, What::Outcome(outcome), &mut building);
        }
        if self.has_dues(now) {
            self.inside(now, What::Tick, &mut building);
        }
        self.end_leases(now, &mut building);
        for control in controls {
            self.control(now, control, &mut building);
        }
        for waiting in events {
            self.events(now, waiting, &mut building);
        }
        self.finish_turn(now, building);
        self.metrics.batch_decided(self.clock.elapsed().saturating_sub(started));
        self.gauges(now);
    }

    fn has_dues(&self, now: Time) -> bool {
        let due = self.state.next_due().is_some_and(|due| due <= now);
        due || self.state.policy_unread.is_some() || self.state.catch_up.is_some()
    }

    /// Decides an input that the daemon itself puts in.
    pub(super) fn inside(&mut self, now: Time, what: What, building: &mut Building) {
        let input = Input { at: now, origin: Origin::default(), what };
        self.decide(input, building);
    }

    pub(super) fn decide(&mut self, input: Input, building: &mut Building) -> Verdict {
        let (verdict, facts) = step(&mut self.state, &self.policy, &input, building.sequence());
        self.inputs_since_entry += 1;
        if facts.is_empty() {
            if let What::Command(Command::Heartbeat { beat, .. }) = input.what {
                // Its audience is no more.
                building.beaten.push(Beaten { beat, arrived: false });
            }
            return verdict;
        }
        for fact in &facts {
            measure::fact(&self.metrics, &self.policy, fact, building.measures());
            match fact {
                Fact::Notified(notified) => {
                    self.messages.keep(&self.state, notified);
                    if let What::Command(Command::Heartbeat { beat, .. }) = input.what {
                        let deliveries = notified.deliveries.iter().map(|decided| decided.id);
                        building.beaten.extend(self.beats.decided(beat, deliveries));
                    }
                }
                Fact::Released { deliveries } => {
                    for id in deliveries {
                        if let Some(job) = self.job(*id) {
                            building.release(job);
                        }
                    }
                }
                Fact::Ended { delivery, end } => {
                    let delivered = matches!(end, End::Delivered(_));
                    building.beaten.extend(self.beats.ended(*delivery, delivered));
                    if let Some(open) = self.messages.ended(*delivery) {
                        if delivered {
                            self.persons.handed(&self.policy, &open.recipient, input.at);
                        }
                        measure::ended(building.measures(), &self.state, &open, input.at, end);
                    }
                }
                Fact::Kept(Kept::Acknowledged { case, way, .. }) => {
                    measure::acknowledged(building.measures(), &self.state, input.at, *case, *way);
                }
                Fact::AlertFired { fingerprint, alert } if !alert.leased => {
                    self.leases.unleased(*fingerprint, alert.source.clone(), input.at);
                }
                Fact::AlertsForgotten { alerts } => {
                    alerts.iter().for_each(|alert| self.leases.remove(*alert))
                }
                _ => {}
            }
        }
        building.add(input, facts);
        verdict
    }

    /// Everything that a channel needs for one attempt.
    fn job(&self, id: DeliveryId) -> Option<Job> {
        let delivery = self.state.deliveries.get(&id)?;
        let case = self.state.cases.get(&delivery.case);
        let briefing = case.and_then(|case| case.briefing(&delivery.audience));
        let line = briefing.and_then(|briefing| briefing.lines.get(&delivery.recipient));
        let endpoint = self.policy.endpoints.get(&delivery.recipient);
        let redirected = self.policy.environment.redirect.is_some();
        let body = match self.messages.get(delivery.notification) {
            Some(message) => Body::Here(message),
            None => Body::Kept { entry: delivery.entry, notification: delivery.notification },
        };
        let late = self.state.time.since(delivery.due);
        Some(Job {
            delivery: id,
            attempt: delivery.attempts,
            key: delivery.key,
            recipient: delivery.recipient.clone(),
            audience: delivery.audience.clone(),
            acknowledges: case.filter(|case| may_acknowledge(case, delivery)).map(|_| delivery.case),
            channel: delivery.channel.clone(),
            address: endpoint.filter(|_| !redirected).map(|endpoint| endpoint.address.clone()),
            time_zone: endpoint.map_or_else(|| self.policy.time_zone.clone(), |e| e.time_zone.clone()),
            disclosure: delivery.disclosure,
            body,
            decided_at: delivery.decided_at,
            now: self.state.time,
            next_update: delivery.next_update,
            delay: (late >= Span::from_mins(1)).then_some(late),
            thread: Digest::keyed(
                &self.policy.reference_key,
                &[
                    b"thread",
                    &delivery.case.0.to_le_bytes(),
                    delivery.audience.as_str().as_bytes(),
                    delivery.recipient.as_str().as_bytes(),
                ],
            ),
            first: line.and_then(|line| line.first.as_deref().cloned()),
            meant_for: redirected.then(|| delivery.recipient.clone()),
        })
    }

    fn end_leases(&mut self, now: Time, building: &mut Building) {
        for Ended { source, alerts, whole_source, leased } in self.leases.ended(now, self.policy.stale_after)
        {
            let what = if leased {
                self.metrics.leases_lost(alerts.len());
                What::LeasesEnded { source, alerts, whole_source }
            } else {
                What::WentStale { alerts }
            };
            self.inside(now, what, building);
        }
    }

    fn finish_turn(&mut self, now: Time, building: Building) {
        let cursor_due = !self.moved.is_empty()
            && (self.last_entry + CURSOR_EVERY <= now || self.inputs_since_entry >= CURSOR_INPUTS);
        if !building.has_facts() && !cursor_due {
            self.appends.attach(building);
            return;
        }
        self.last_entry = now;
        self.inputs_since_entry = 0;
        let moved = std::mem::take(&mut self.moved);
        let policy = self.state.policy.unwrap_or_default();
        if let Err(why) = self.appends.append(now, self.state.epoch, policy, moved, building) {
            self.tasks.fail(&why);
        }
        self.appends.snapshot_if_due(&self.state, &self.cursors, &self.tasks);
    }

    fn gauges(&mut self, now: Time) {
        // Counting costs a walk over State: the larger it is, the less often.
        let every = Span::from_millis(1000 + self.state.alerts.len() as u64 / 50);
        if self.last_gauges + every > now {
            return;
        }
        self.last_gauges = now;
        measure::gauges(&self.metrics, &self.state, &self.policy);
        self.metrics.leases(self.leases.len());
        self.metrics.person_messages(&self.persons.counts(now));
        self.mailbox.set_reserve(self.appends.room() == Room::Reserve);
        self.metrics.journal_room(self.appends.room() == Room::Reserve, self.appends.room_bytes());
    }

    /// Nothing more is let go: an attempt that begins now could not be written down.
    fn hold_everything_back(&mut self) {
        let mut policy = Policy::clone(&self.policy);
        policy.channels.values_mut().for_each(|channel| channel.window = 0);
        self.policy = Arc::new(policy);
    }

    /// Stops taking, lets what is under way become durable, and keeps a snapshot for a quick start.
    async fn finish(mut self) {
        self.mailbox.close();
        self.hold_everything_back();
        if self.appends.all_durable().await.is_err() {
            return;
        }
        // Attempts that end meanwhile are written down, so that a clean restart repeats nothing.
        let deadline = self.clock.elapsed() + Duration::from_secs(8);
        while self.dispatcher.under_way() > 0 && self.clock.elapsed() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        while self.mailbox.waiting() > 0 {
            self.turn();
        }
        if self.appends.all_durable().await.is_err() {
            return;
        }
        self.appends.snapshot(&self.state, &self.cursors).await;
        tracing::info!(head = self.appends.head().sequence, "stopped; everything decided is durable");
    }
}

/// R25: who reads of an open case among its insiders may take it on, unless somebody has.
fn may_acknowledge(case: &Case, delivery: &Delivery) -> bool {
    let asks = matches!(delivery.kind, Kind::Opening | Kind::Update | Kind::Reminder | Kind::Escalation);
    let open = delivery.said.status == CaseStatus::Open && !matches!(case.about, CaseAbout::Desk { .. });
    let acked = case.course.as_ref().is_some_and(|course| course.acked.is_some());
    asks && open && !acked && delivery.disclosure == Disclosure::Internal
}
