//! Entries on their way into the journal: what one turn decided, encoded and handed to the store, and the snapshots.

use super::dispatch::{Channels, Dispatcher, Job};
use super::door::{Answered, Redriven, Tell};
use super::effects::{Broken, Effects, UnderWay};
use super::heartbeat::Beaten;
use super::measure::Measures;
use super::task::{TaskKind, Tasks};
use crate::decide::{Fact, Input, State};
use crate::event::id::Digest;
use crate::event::{Name, Span, Time};
use crate::ingest::{Answer, Fate, Refusal};
#[cfg(debug_assertions)]
use crate::journal::crash_mark;
use crate::journal::{Cursor, Decided, Encoder, Head, Header, Room, Store, entry};
use crate::message::Kind;
use crate::observe::metrics::Metrics;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// State runs ahead of the journal by at most so many entries.
const AHEAD_MAX: usize = 64;

/// With little waiting, one entry waits for the one before: what queues meanwhile shares the next commit.
const AHEAD_WHEN_IDLE: usize = 2;

/// So much waiting is worth an entry of its own at once.
const WORTH_AN_ENTRY: usize = 256;

/// A snapshot is kept after so many entries.
const SNAPSHOT_ENTRIES: u64 = 20_000;

/// Or after so many bytes of entries.
const SNAPSHOT_BYTES: u64 = 256 << 20;

/// What is promised to somebody once an entry is durable.
pub enum Promise {
    /// The fates of a batch of events; the permit is their place in the queue.
    Events(oneshot::Sender<Answer>, Vec<Fate>, OwnedSemaphorePermit),
    /// A person's command.
    Command(oneshot::Sender<Result<(), Refusal>>),
    /// A person's answer, or why it was not taken.
    Answered(oneshot::Sender<Answered>, Answered),
    /// How things stand.
    Seen(Tell),
    /// A dead letter that a person wants sent again.
    Redriven(oneshot::Sender<Redriven>, Redriven),
    /// What is known of incidents.
    Incidents(oneshot::Sender<Option<serde_json::Value>>, Option<serde_json::Value>),
    /// Channels of a new policy.
    Policy(Channels, oneshot::Sender<()>),
}

impl Promise {
    /// Keeps it. Who has gone meanwhile needs no answer.
    pub fn keep(self, dispatcher: &Dispatcher) {
        match self {
            Promise::Events(reply, fates, _place) => drop(reply.send(Ok(fates))),
            Promise::Command(reply) => drop(reply.send(Ok(()))),
            Promise::Answered(reply, answered) => drop(reply.send(answered)),
            Promise::Seen(tell) => tell(),
            Promise::Redriven(reply, redriven) => drop(reply.send(redriven)),
            Promise::Incidents(reply, found) => drop(reply.send(found)),
            Promise::Policy(channels, done) => {
                dispatcher.install(channels);
                let _ = done.send(());
            }
        }
    }
}

/// The entry that a turn builds.
pub struct Batch {
    sequence: u64,
    /// What was decided.
    pub decided: Vec<Decided>,
    /// What is answered once it is durable.
    pub promises: Vec<Promise>,
    /// The attempts that may begin then.
    pub jobs: Vec<Job>,
    measures: Measures,
    /// Beats that went the whole way, or will not.
    pub beaten: Vec<Beaten>,
}

impl Batch {
    /// An empty one that will be this entry.
    pub fn new(sequence: u64) -> Batch {
        Batch {
            sequence,
            decided: Vec::new(),
            promises: Vec::new(),
            jobs: Vec::new(),
            measures: Measures::default(),
            beaten: Vec::new(),
        }
    }

    /// The entry that it will be.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether anything was decided.
    pub fn has_facts(&self) -> bool {
        !self.decided.is_empty()
    }

    /// What is to be counted once it is durable.
    pub fn measures(&mut self) -> &mut Measures {
        &mut self.measures
    }

    /// What is to be counted.
    pub fn take_measures(&mut self) -> Measures {
        std::mem::take(&mut self.measures)
    }

    /// Adds an input with its facts.
    pub fn add(&mut self, input: Input, facts: Vec<Fact>) {
        self.decided.push(Decided { input: Some(input), facts });
    }

    /// Whether a digest is among it.
    pub fn decides_a_digest(&self) -> bool {
        let mut facts = self.decided.iter().flat_map(|decided| &decided.facts);
        facts.any(|fact| matches!(fact, Fact::Notified(notified) if notified.kind == Kind::Digest))
    }

    /// Adds an answer.
    pub fn promise(&mut self, promise: Promise) {
        self.promises.push(promise);
    }

    /// Adds an attempt.
    pub fn release(&mut self, job: Job) {
        self.jobs.push(job);
    }
}

/// What a snapshot holds.
#[derive(Serialize, Deserialize)]
pub struct Snapshot {
    /// The version of its form.
    pub v: u32,
    /// State after its entry.
    pub state: State,
    /// Where the lanes stood.
    pub cursors: BTreeMap<Name, Cursor>,
}

/// Entries on their way, in order.
pub struct Appends {
    store: Arc<dyn Store>,
    encoder: Encoder,
    /// The head that the last append will leave.
    ahead: Head,
    effects: Effects,
    metrics: Arc<Metrics>,
    clock: super::clock::Clock,
    entries_since_snapshot: u64,
    bytes_since_snapshot: u64,
    snapshot_runs: Arc<std::sync::atomic::AtomicBool>,
    /// How long entries are kept (R44).
    retain: Span,
}

impl Appends {
    /// Appends behind `head`.
    ///
    /// # Errors
    /// The compressor could not be made.
    pub fn new(
        store: Arc<dyn Store>,
        head: Head,
        metrics: Arc<Metrics>,
        clock: super::clock::Clock,
        effects: Effects,
        retain: Span,
    ) -> Result<Appends, crate::journal::EntryError> {
        Ok(Appends {
            store,
            encoder: Encoder::new()?,
            ahead: head,
            effects,
            metrics,
            clock,
            entries_since_snapshot: 0,
            bytes_since_snapshot: 0,
            snapshot_runs: Arc::default(),
            retain,
        })
    }

    /// The sequence of the next entry.
    pub fn next_sequence(&self) -> u64 {
        self.ahead.sequence + 1
    }

    /// Since when the oldest entry under way waits, by the monotonic clock.
    pub fn oldest_under_way(&self) -> Option<Duration> {
        self.effects.oldest_under_way()
    }

    /// Whether another entry may be begun, with so many inputs waiting.
    pub fn may_append(&self, waiting: usize) -> bool {
        self.worth_an_entry().is_some_and(|enough| enough == 1 || waiting >= enough)
    }

    /// How many inputs must wait for another entry to be begun now; `None` when it cannot be.
    pub fn worth_an_entry(&self) -> Option<usize> {
        match self.effects.under_way() {
            ..AHEAD_WHEN_IDLE => Some(1),
            AHEAD_WHEN_IDLE..AHEAD_MAX => Some(WORTH_AN_ENTRY),
            AHEAD_MAX.. => None,
        }
    }

    /// Resolves when less is under way than before, where that is waited for.
    pub async fn fewer(&self) {
        self.effects.fewer().await;
    }

    /// Waits until nothing is under way any more.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn all_durable(&self) -> Result<(), Broken> {
        self.effects.none_under_way().await
    }

    /// The newest entry, once [`Appends::all_durable`] has said so.
    pub fn head(&self) -> Head {
        self.ahead
    }

    /// How much room the journal has.
    pub fn room(&self) -> Room {
        self.store.room()
    }

    /// How many bytes are left before the reserve, where the journal lies on a disk.
    pub fn room_bytes(&self) -> Option<u64> {
        self.store.room_bytes()
    }

    /// Appends what a turn decided.
    ///
    /// # Errors
    /// It cannot be written as an entry: the process ends.
    pub fn append(
        &mut self,
        at: Time,
        epoch: u64,
        policy: Digest,
        cursors: BTreeMap<Name, Cursor>,
        batch: Batch,
    ) -> Result<(), String> {
        let header = Header {
            v: entry::VERSION,
            sequence: batch.sequence,
            at,
            epoch,
            policy,
            cursors,
            previous: self.ahead.hash,
        };
        let (frame, head) =
            self.encoder.encode(&header, &batch.decided).map_err(|error| error.to_string())?;
        let bytes = frame.bytes.len();
        self.entries_since_snapshot += 1;
        self.bytes_since_snapshot += bytes as u64;
        let since = self.clock.elapsed();
        let durable = self.store.append(self.ahead, frame);
        self.ahead = head;
        self.effects.await_entry(UnderWay { head, batch, bytes, at, since, durable });
        Ok(())
    }

    /// What made no facts is answered when the durable head has reached the position at which it was decided (R1).
    pub fn attach(&mut self, batch: Batch) {
        self.effects.await_position(batch.promises);
    }

    /// Keeps a snapshot in the background, if enough was written since the last.
    pub fn snapshot_if_due(&mut self, state: &State, cursors: &BTreeMap<Name, Cursor>, tasks: &Tasks) {
        use std::sync::atomic::Ordering;
        let due =
            self.entries_since_snapshot >= snapshot_entries() || self.bytes_since_snapshot >= SNAPSHOT_BYTES;
        if !due || self.snapshot_runs.swap(true, Ordering::AcqRel) {
            return;
        }
        self.entries_since_snapshot = 0;
        self.bytes_since_snapshot = 0;
        let (id, store, metrics) = (self.ahead, self.store.clone(), self.metrics.clone());
        let (runs, clock) = (self.snapshot_runs.clone(), self.clock.clone());
        let (cutoff, needed) = (self.clock.now() - self.retain, super::retain::needed(state));
        let snapshot = Snapshot { v: 1, state: state.clone(), cursors: cursors.clone() };
        tasks.spawn(TaskKind::Work, "snapshot", async move {
            let packed = tokio::task::spawn_blocking(move || pack(&snapshot)).await;
            // The entry must be durable before a snapshot that includes it may be trusted: the store's verification
            // passes over one whose entry never came.
            if let Ok(Ok(packed)) = packed {
                match store.save_snapshot(id, packed.into()).await {
                    Ok(()) => metrics.snapshot_kept(clock.now()),
                    Err(error) => {
                        tracing::warn!(%error, "no snapshot was kept; the journal is whole without it")
                    }
                }
            }
            if let Err(error) = super::retain::retain(&*store, cutoff, needed).await {
                tracing::warn!(%error, "old entries of the journal were not dropped");
            }
            runs.store(false, Ordering::Release);
        });
    }

    /// Keeps a snapshot now, at the end.
    pub async fn snapshot(&self, state: &State, cursors: &BTreeMap<Name, Cursor>) {
        let snapshot = Snapshot { v: 1, state: state.clone(), cursors: cursors.clone() };
        let Ok(packed) = pack(&snapshot) else { return };
        if let Err(error) = self.store.save_snapshot(self.ahead, packed.into()).await {
            tracing::warn!(%error, "no snapshot was kept; the journal is whole without it");
        }
    }
}

/// After how many entries a snapshot is kept; a crash test may want them often.
fn snapshot_entries() -> u64 {
    #[cfg(debug_assertions)]
    if let Some(ordered) = crash_mark::orders::snapshot_entries() {
        return ordered;
    }
    SNAPSHOT_ENTRIES
}

/// The bytes of a snapshot.
fn pack(snapshot: &Snapshot) -> std::io::Result<Vec<u8>> {
    let packer = zstd::stream::write::Encoder::new(Vec::new(), 1)?;
    // JSON is written in very small pieces, of which each would cost the compressor a turn.
    let mut writer = std::io::BufWriter::with_capacity(256 << 10, packer);
    serde_json::to_writer(&mut writer, snapshot)?;
    writer.into_inner().map_err(std::io::IntoInnerError::into_error)?.finish()
}

/// The snapshot in these bytes.
///
/// # Errors
/// It is none of this release, or damaged.
pub fn unpack(bytes: &[u8]) -> std::io::Result<Snapshot> {
    let reader = zstd::stream::read::Decoder::new(bytes)?;
    let snapshot: Snapshot = serde_json::from_reader(std::io::BufReader::with_capacity(1 << 20, reader))?;
    if snapshot.v != 1 {
        return Err(std::io::Error::other(format!("it has version {}", snapshot.v)));
    }
    Ok(snapshot)
}
