//! The way to the decider: bounded queues, one for each class of input, and the order in which they are emptied (R2).

use super::clock::Clock;
use crate::decide::{Command, Outcome, Policy, Redrive, Refused, State};
use crate::event::Name;
use crate::event::id::DeliveryId;
use crate::ingest::{Answer, Batch, Door, Refusal, http};
use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

/// Events of one class that may wait or be under way.
const EVENTS_MAX: usize = 8192;

/// A full door of an HTTP lane is waited at for this long before it answers `Busy`.
const BUSY_AFTER: Duration = Duration::from_secs(2);

/// The classes of events, in the order in which a batch is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Incidents,
    HttpAlerts,
    Alerts,
}

/// How many events of each class one entry takes: an urgent incident never waits behind a flood.
const QUOTAS: [(Class, usize); 3] = [(Class::Incidents, 256), (Class::HttpAlerts, 256), (Class::Alerts, 256)];

/// A batch of events that waits to be decided.
pub struct Waiting {
    /// The events.
    pub batch: Batch,
    /// Where the answer goes, once it is durable.
    pub reply: oneshot::Sender<Answer>,
    /// Their place in the queue, held until they are answered: that is the back-pressure.
    pub permit: OwnedSemaphorePermit,
}

/// The delivery that carries a dead letter again, or why there is none.
pub type Redriven = Result<DeliveryId, String>;

/// That a person's answer was taken, or why it was not.
pub type Answered = Result<(), Refused>;

/// A look at State, and what tells whoever looked what was seen.
pub type Look = Box<dyn FnOnce(&State, &Policy) -> Tell + Send>;

/// Tells what was seen, once that is durable.
pub type Tell = Box<dyn FnOnce() + Send>;

/// Something other than events that is to be decided.
pub enum Control {
    /// A person asks for something.
    Command(Command, oneshot::Sender<Result<(), Refusal>>),
    /// A person answers; the name of the token that they have, if it needs one.
    Answer(Command, Option<Name>, oneshot::Sender<Answered>),
    /// Somebody asks how things stand.
    Look(Look),
    /// A person asks for a dead letter to be sent again.
    Redrive(Box<Redrive>, Box<str>, oneshot::Sender<Redriven>),
    /// Somebody asks what is known of incidents.
    Incidents(super::incidents::Wanted, oneshot::Sender<Option<serde_json::Value>>),
    /// Another policy is to hold.
    Policy(Box<super::engine::NewPolicy>),
    /// A lane has read what was waiting.
    CaughtUp(Name),
    /// Messages of a lane are missing.
    Gap(Name, u64, u64),
    /// A lane has stopped.
    Stopped(Name, Box<str>),
    /// A lane is bound to this stream, and has read so far.
    Bound(Name, crate::journal::Cursor),
    /// A lane's connection is up, or not.
    Connected(Name, bool),
}

/// What one turn of the decider takes.
#[derive(Default)]
pub struct Turn {
    /// Outcomes of attempts.
    pub outcomes: Vec<Outcome>,
    /// Controls.
    pub controls: Vec<Control>,
    /// Batches of events.
    pub events: Vec<Waiting>,
}

#[derive(Default)]
struct Queues {
    outcomes: VecDeque<Outcome>,
    controls: VecDeque<Control>,
    incidents: VecDeque<Waiting>,
    http_alerts: VecDeque<Waiting>,
    alerts: VecDeque<Waiting>,
    /// How many inputs wait.
    waiting: usize,
    /// The decider is woken once so many wait; then not again until it has asked anew.
    wake_at: Option<usize>,
    closed: bool,
}

impl Queues {
    /// Counts what was put in; says whether the decider is to be woken.
    fn added(&mut self, count: usize) -> bool {
        self.waiting += count;
        let wake = self.wake_at.is_some_and(|enough| self.waiting >= enough);
        if wake {
            self.wake_at = None;
        }
        wake
    }
}

/// The queues, shared by everything that puts in and the one that takes out.
pub struct Mailbox {
    queues: Mutex<Queues>,
    filled: Notify,
    rooms: [Arc<Semaphore>; 3],
    incident_lanes: BTreeSet<Name>,
    reserve: Arc<std::sync::atomic::AtomicBool>,
    clock: Clock,
}

impl Mailbox {
    /// Empty queues. `incident_lanes` are the lanes whose events go first.
    pub fn new(incident_lanes: BTreeSet<Name>, clock: Clock) -> Mailbox {
        Mailbox {
            queues: Mutex::default(),
            filled: Notify::new(),
            rooms: std::array::from_fn(|_| Arc::new(Semaphore::new(EVENTS_MAX))),
            incident_lanes,
            reserve: Arc::default(),
            clock,
        }
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn class(&self, lane: &Name) -> Class {
        if lane.as_str() == http::INCIDENTS || self.incident_lanes.contains(lane) {
            Class::Incidents
        } else if lane.as_str() == http::ALERTS {
            Class::HttpAlerts
        } else {
            Class::Alerts
        }
    }

    /// Puts in what came of an attempt; bounded by the windows of the channels.
    pub fn outcome(&self, outcome: Outcome) {
        self.put(|queues| {
            queues.outcomes.push_back(outcome);
            1
        });
    }

    /// Puts in something other than events; few by their nature.
    pub fn control(&self, control: Control) {
        self.put(|queues| {
            if queues.closed {
                return 0;
            }
            queues.controls.push_back(control);
            1
        });
    }

    /// Has `fill` put in something and say how many inputs that is; wakes the decider if it waits for them.
    fn put(&self, fill: impl FnOnce(&mut Queues) -> usize) {
        let mut queues = self.queues();
        let count = fill(&mut queues);
        let wake = queues.added(count);
        drop(queues);
        if wake {
            self.filled.notify_one();
        }
    }

    /// Asks for something and waits until that is durable.
    ///
    /// # Errors
    /// The daemon is stopping.
    pub async fn command(&self, command: Command) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.control(Control::Command(command, reply));
        answer.await.unwrap_or(Err(Refusal::NotReady))
    }

    /// Hands over a person's answer, with the name of their token, and waits until what it came to is durable.
    ///
    /// # Errors
    /// The daemon is stopping.
    pub async fn answer(&self, command: Command, token: Option<Name>) -> Result<Answered, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.control(Control::Answer(command, token, reply));
        answer.await.map_err(|_| Refusal::NotReady)
    }

    /// Looks at State as it is when everything before is decided, and waits until that is durable.
    ///
    /// # Errors
    /// The daemon is stopping.
    pub async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&State, &Policy) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.control(Control::Look(Box::new(|state, policy| {
            let seen = look(state, policy);
            // Who has gone meanwhile needs no answer.
            Box::new(|| drop(reply.send(seen)))
        })));
        answer.await.map_err(|_| Refusal::NotReady)
    }

    /// Asks for a dead letter to be sent again, and waits until what was decided is durable.
    ///
    /// # Errors
    /// The daemon is stopping.
    pub async fn redrive(&self, original: Redrive, by: Box<str>) -> Result<Redriven, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.control(Control::Redrive(Box::new(original), by, reply));
        answer.await.map_err(|_| Refusal::NotReady)
    }

    /// New events wait outside while only the disk's reserve is left.
    pub fn set_reserve(&self, only_reserve: bool) {
        self.reserve.store(only_reserve, std::sync::atomic::Ordering::Release);
    }

    /// Nothing more is taken; what waits is answered `NotReady`.
    pub fn close(&self) {
        let mut queues = self.queues();
        queues.closed = true;
        queues.incidents.clear();
        queues.http_alerts.clear();
        queues.alerts.clear();
        queues.controls.clear();
        queues.waiting = queues.outcomes.len();
    }

    /// Resolves when `enough` inputs may wait: waking the decider for each of many outcomes would cost more than
    /// deciding them.
    pub async fn filled(&self, enough: usize) {
        if !self.holds(enough) {
            self.filled.notified().await;
        }
    }

    /// Whether so many inputs wait; if not, whoever brings them wakes the decider.
    fn holds(&self, enough: usize) -> bool {
        let mut queues = self.queues();
        queues.wake_at = Some(enough);
        queues.added(0)
    }

    /// How many inputs wait.
    pub fn waiting(&self) -> usize {
        self.queues().waiting
    }

    /// What the next entry decides, by the quotas; the first batch of a class always passes.
    pub fn take(&self, outcomes_max: usize) -> Turn {
        let mut queues = self.queues();
        let count = queues.outcomes.len().min(outcomes_max);
        let mut turn = Turn {
            outcomes: queues.outcomes.drain(..count).collect(),
            controls: queues.controls.drain(..).collect(),
            events: Vec::new(),
        };
        for (class, quota) in QUOTAS {
            let queue = match class {
                Class::Incidents => &mut queues.incidents,
                Class::HttpAlerts => &mut queues.http_alerts,
                Class::Alerts => &mut queues.alerts,
            };
            let mut taken = 0;
            while taken < quota {
                let Some(waiting) = queue.pop_front() else { break };
                taken += waiting.batch.arrivals.len().max(1);
                turn.events.push(waiting);
            }
        }
        let events: usize = turn.events.iter().map(|waiting| waiting.batch.arrivals.len().max(1)).sum();
        queues.waiting -= turn.outcomes.len() + turn.controls.len() + events;
        turn
    }

    /// Puts in events; false once nothing more is taken.
    fn push(&self, class: Class, waiting: Waiting) -> bool {
        let mut taken = false;
        self.put(|queues| {
            if queues.closed {
                return 0;
            }
            taken = true;
            let count = waiting.batch.arrivals.len().max(1);
            match class {
                Class::Incidents => queues.incidents.push_back(waiting),
                Class::HttpAlerts => queues.http_alerts.push_back(waiting),
                Class::Alerts => queues.alerts.push_back(waiting),
            }
            count
        });
        taken
    }

    async fn enter(self: Arc<Self>, batch: Batch) -> Answer {
        let class = self.class(&batch.lane);
        let by_cursor = batch.lane.as_str() != http::ALERTS && batch.lane.as_str() != http::INCIDENTS;
        let size = batch.arrivals.len().clamp(1, EVENTS_MAX) as u32;
        let started = self.clock.elapsed();
        while self.reserve.load(std::sync::atomic::Ordering::Acquire) {
            if !by_cursor {
                return Err(Refusal::Busy);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let room = self.rooms[class as usize].clone().acquire_many_owned(size);
        let permit = if by_cursor {
            room.await.map_err(|_| Refusal::NotReady)?
        } else {
            let left = BUSY_AFTER.saturating_sub(self.clock.elapsed().saturating_sub(started));
            let room = tokio::time::timeout(left, room).await.map_err(|_| Refusal::Busy)?;
            room.map_err(|_| Refusal::NotReady)?
        };
        let (reply, answer) = oneshot::channel();
        if !self.push(class, Waiting { batch, reply, permit }) {
            return Err(Refusal::NotReady);
        }
        answer.await.unwrap_or(Err(Refusal::NotReady))
    }
}

/// The door that ingest knocks at.
#[derive(Clone)]
pub struct FrontDoor(pub Arc<Mailbox>);

impl Door for FrontDoor {
    fn submit(&self, batch: Batch) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        Box::pin(self.0.clone().enter(batch))
    }
}
