//! What happens once an entry is durable, and never before (R1): answers leave, deliveries start, history is told.
//!
//! It runs beside the loop, on the threads that send: a delivery starts where its entry was seen to be durable, without a
//! way back through the decider.

use super::append::{Batch, Promise};
use super::clock::Clock;
use super::dispatch::Dispatcher;
use super::failed_append::FailedAppend;
use super::heartbeat::Beaten;
use super::history::Feed;
use super::task::{TaskKind, Tasks};
use crate::event::Time;
use crate::journal::{AppendError, Head, Pending, Resolution, Store, crash_mark};
use crate::observe::metrics::Metrics;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// An entry on its way.
pub struct UnderWay {
    /// What it will be.
    pub head: Head,
    /// What was decided in it, and what waits for it.
    pub batch: Batch,
    /// How large it is.
    pub bytes: usize,
    /// Its ledger time.
    pub at: Time,
    /// When it was handed over, by the monotonic clock.
    pub since: Duration,
    /// Resolves once it is durable.
    pub durable: Pending<Result<(), AppendError>>,
}

/// The journal cannot be written: the daemon is stopping, and its log says why.
#[derive(Debug)]
pub struct Broken;

enum Step {
    Entry(Box<UnderWay>),
    /// What changed nothing is answered when everything before it is durable.
    Position(Vec<Promise>),
}

/// How far it is.
#[derive(Default)]
struct Progress {
    /// Since when each entry under way waits, the oldest first.
    under_way: Mutex<VecDeque<Duration>>,
    fewer: Notify,
    broken: AtomicBool,
}

impl Progress {
    fn under_way(&self) -> MutexGuard<'_, VecDeque<Duration>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The loop's end of it.
pub struct Effects {
    // Bounded by what may be under way: the loop decides nothing more once that is reached.
    steps: UnboundedSender<Step>,
    progress: Arc<Progress>,
    dispatcher: Dispatcher,
}

/// Everything that effects need.
pub struct Means {
    /// To find out what became of an append without an answer.
    pub store: Arc<dyn Store>,
    /// Starts attempts.
    pub dispatcher: Dispatcher,
    /// Is told of durable entries.
    pub history: Feed,
    /// Is told of beats.
    pub heart: UnboundedSender<Beaten>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Measures.
    pub clock: Clock,
    /// Remembers a failure beyond the end of the process.
    pub failed: FailedAppend,
}

impl Effects {
    /// Begins to wait for entries. It ends when the loop has ended.
    pub fn start(means: Means, tasks: &Tasks) -> Effects {
        let (steps, receiver) = unbounded_channel();
        let progress = Arc::new(Progress::default());
        let (shared, failing, dispatcher) = (progress.clone(), tasks.clone(), means.dispatcher.clone());
        tasks.spawn(TaskKind::Vital, "effects", async move {
            if let Err(why) = means.run(receiver, &shared).await {
                failing.fail(&why);
                means.failed.note(means.clock.now(), &why);
            }
            shared.broken.store(true, Ordering::Release);
            shared.fewer.notify_one();
        });
        Effects { steps, progress, dispatcher }
    }

    /// An entry was handed to the store.
    pub fn await_entry(&self, entry: UnderWay) {
        self.progress.under_way().push_back(entry.since);
        // Whoever would take it has failed, and the daemon is stopping.
        let _ = self.steps.send(Step::Entry(Box::new(entry)));
    }

    /// What was decided behind the newest entry and changed nothing is answered when that is durable (R1).
    pub fn await_position(&self, promises: Vec<Promise>) {
        if self.under_way() == 0 {
            promises.into_iter().for_each(|promise| promise.keep(&self.dispatcher));
        } else if !promises.is_empty() {
            let _ = self.steps.send(Step::Position(promises));
        }
    }

    /// How many entries are under way.
    pub fn under_way(&self) -> usize {
        self.progress.under_way().len()
    }

    /// Since when the oldest of them waits.
    pub fn oldest_under_way(&self) -> Option<Duration> {
        self.progress.under_way().front().copied()
    }

    /// Resolves when one entry more is durable. Cancel-safe: what was missed is told to whoever asks next.
    pub async fn fewer(&self) {
        self.progress.fewer.notified().await;
    }

    /// Resolves when no entry is under way.
    ///
    /// # Errors
    /// There is one that will not become durable.
    pub async fn none_under_way(&self) -> Result<(), Broken> {
        while self.under_way() > 0 {
            if self.progress.broken.load(Ordering::Acquire) {
                return Err(Broken);
            }
            self.fewer().await;
        }
        Ok(())
    }
}

impl Means {
    /// # Errors
    /// The journal cannot be written, or somebody else leads: the process ends and starts again from what is durable.
    async fn run(&self, mut steps: UnboundedReceiver<Step>, progress: &Progress) -> Result<(), String> {
        while let Some(step) = steps.recv().await {
            match step {
                Step::Position(promises) => {
                    promises.into_iter().for_each(|promise| promise.keep(&self.dispatcher));
                }
                Step::Entry(mut entry) => {
                    let result = (&mut entry.durable).await;
                    self.is_durable(entry.head, result).await?;
                    crash_mark::mark(crash_mark::APPENDED);
                    if crash_mark::is_set() && entry.batch.decides_a_digest() {
                        crash_mark::mark(crash_mark::DIGEST_DECIDED);
                    }
                    self.effects(*entry);
                    progress.under_way().pop_front();
                    progress.fewer.notify_one();
                }
            }
        }
        Ok(())
    }

    async fn is_durable(&self, head: Head, result: Result<(), AppendError>) -> Result<(), String> {
        match result {
            Ok(()) => Ok(()),
            Err(AppendError::Ambiguous) => match self.store.resolve(head).await {
                Ok(Resolution::Durable) => Ok(()),
                Ok(other) => Err(format!("an append of entry {} was {other:?}", head.sequence)),
                Err(error) => Err(error.to_string()),
            },
            Err(error) => Err(error.to_string()),
        }
    }

    fn effects(&self, entry: UnderWay) {
        let UnderWay { head, mut batch, bytes, at, since, .. } = entry;
        let measures = batch.take_measures();
        batch.promises.into_iter().for_each(|promise| promise.keep(&self.dispatcher));
        batch.jobs.into_iter().for_each(|job| self.dispatcher.start(job));
        let took = self.clock.elapsed().saturating_sub(since);
        self.metrics.journal_appended(head.sequence, bytes, took, self.clock.now());
        measures.count(&self.metrics);
        for beaten in batch.beaten {
            // Without a heart nobody listens.
            let _ = self.heart.send(beaten);
        }
        self.history.tell(head, at, batch.decided);
    }
}
