//! Durable entries → the history projection, on a thread of its own that may fall behind and never holds anything up.

use crate::event::{Span, Time};
use crate::history::{Error, Projected, Projection, discard};
use crate::journal::walk::{Kept, Walk};
use crate::journal::{Decided, Head, ReadError, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;
use tokio::runtime::Handle;

/// So many entries may wait for the projection …
const ENTRIES_MAX: usize = 1024;

/// … and so many decisions in all of them, about a kilobyte each; what does not fit it reads from the journal later.
const DECISIONS_MAX: usize = 8192;

/// So many entries of the journal are projected in one transaction when it is read.
const AT_ONCE: usize = 128;

/// The projection takes what waits this often, and sleeps in between: being woken for every entry costs more.
const TAKE_EVERY: Duration = Duration::from_millis(10);

/// After so many rounds without an entry, or so many in all, questions are shown what was taken: they lag by half a
/// second at most, unless the machine is overloaded.
const QUIET_ROUNDS: u32 = 10;
const ROUNDS: u32 = 50;

/// After so many decisions they are shown as well: what the projection keeps in memory would be written anyway.
const COMMIT_DECISIONS: usize = 4096;

/// What is older than `retain` is forgotten this often.
const FORGET_EVERY: Span = Span::from_mins(60);

/// The projection's file, beside the journal.
const FILE: &str = "history.db";

/// Where the projection of a journal's folder lies.
pub fn path_in(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// A durable entry on its way.
pub struct Entry {
    head: Head,
    at: Time,
    decided: Vec<Decided>,
}

/// Where the loop tells of durable entries.
#[derive(Clone)]
pub struct Feed {
    sender: SyncSender<Entry>,
    decisions: Arc<AtomicUsize>,
}

/// The other end: entries that wait for the projection.
pub struct Waiting {
    receiver: Receiver<Entry>,
    decisions: Arc<AtomicUsize>,
}

impl Feed {
    /// A feed and its other end.
    pub fn new() -> (Feed, Waiting) {
        let (sender, receiver) = sync_channel(ENTRIES_MAX);
        let decisions = Arc::new(AtomicUsize::new(0));
        (Feed { sender, decisions: decisions.clone() }, Waiting { receiver, decisions })
    }

    /// Tells of an entry. A projection that is behind misses it and reads it from the journal.
    pub fn tell(&self, head: Head, at: Time, decided: Vec<Decided>) {
        let many = decided.len();
        // However large an entry is, it finds room where none waits.
        let before = self.decisions.fetch_add(many, Ordering::Relaxed);
        let fits = before == 0 || before + many <= DECISIONS_MAX;
        if !fits || self.sender.try_send(Entry { head, at, decided }).is_err() {
            self.decisions.fetch_sub(many, Ordering::Relaxed);
        }
    }
}

fn decisions(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.decided.len()).sum()
}

impl Waiting {
    /// Waits until an entry comes; `None` when none will.
    fn next(&self) -> Option<Vec<Entry>> {
        let mut entries = vec![self.receiver.recv().ok()?];
        self.rest(&mut entries);
        Some(entries)
    }

    /// Takes what else waits; false when nothing more will come.
    fn rest(&self, entries: &mut Vec<Entry>) -> bool {
        loop {
            match self.receiver.try_recv() {
                Ok(entry) => entries.push(entry),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// These entries are done with: there is room again for as much.
    fn done(&self, entries: Vec<Entry>) {
        let many = decisions(&entries);
        drop(entries);
        self.decisions.fetch_sub(many, Ordering::Relaxed);
    }
}

/// Why the projection stopped following.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Projection(#[from] Error),
    #[error(transparent)]
    Journal(#[from] ReadError),
}

/// Starts the thread that follows the journal. Without a projection the daemon works all the same.
pub fn follow(folder: &Path, store: Arc<dyn Store>, entries: Waiting, retain: Span, runtime: Handle) {
    let path = path_in(folder);
    let thread = std::thread::Builder::new().name("history".into()).spawn(move || {
        if let Err(error) = run(&path, &*store, &entries, retain, &runtime) {
            tracing::warn!(%error, "the history cannot be kept; questions will find it old");
        }
    });
    if let Err(error) = thread {
        tracing::warn!(%error, "the history cannot be kept");
    }
}

fn run(
    path: &Path,
    store: &dyn Store,
    waiting: &Waiting,
    retain: Span,
    runtime: &Handle,
) -> Result<(), Broken> {
    let mut projection = open(path, store)?;
    let mut forgot = Time::EPOCH;
    loop {
        runtime.block_on(catch_up(&mut projection, store))?;
        loop {
            let Some(entries) = waiting.next() else { return Ok(()) };
            let newest = entries.last().map_or(Time::EPOCH, |newest| newest.at);
            if !gather(&mut projection, waiting, entries)? {
                // Entries were missed while this was behind: they stand in the journal.
                break;
            }
            if forgot + FORGET_EVERY <= newest {
                forgot = newest;
                projection.forget_before(forgot - retain)?;
            }
        }
    }
}

/// Takes these entries and what comes after them for a while, and commits; false if something in between was missed.
fn gather(projection: &mut Projection, waiting: &Waiting, first: Vec<Entry>) -> Result<bool, Broken> {
    let mut taken = decisions(&first);
    let mut whole = take(projection, waiting, first)?;
    let (mut goes_on, mut rounds, mut quiet) = (true, 0, 0);
    while goes_on && whole && rounds < ROUNDS && quiet < QUIET_ROUNDS && taken < COMMIT_DECISIONS {
        std::thread::sleep(TAKE_EVERY);
        let mut entries = Vec::new();
        goes_on = waiting.rest(&mut entries);
        (rounds, quiet) = (rounds + 1, if entries.is_empty() { quiet + 1 } else { 0 });
        taken += decisions(&entries);
        whole = take(projection, waiting, entries)?;
    }
    projection.commit()?;
    Ok(whole)
}

/// Takes entries; false if something before them was missed.
fn take(projection: &mut Projection, waiting: &Waiting, entries: Vec<Entry>) -> Result<bool, Broken> {
    let new: Vec<&Entry> = entries.iter().filter(|entry| entry.head.sequence > projection.head()).collect();
    let rows: Vec<_> = new.iter().map(|entry| rows(&entry.decided)).collect();
    let projected: Vec<Projected<'_>> = new
        .iter()
        .zip(&rows)
        .map(|(entry, rows)| Projected { sequence: entry.head.sequence, at: entry.at, decided: rows })
        .collect();
    let taken = projection.take(&projected);
    waiting.done(entries);
    match taken {
        Ok(()) => Ok(true),
        Err(Error::Gap { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

type Row<'a> = (Option<&'a crate::decide::Input>, &'a [crate::decide::Fact]);

fn rows(decided: &[Decided]) -> Vec<Row<'_>> {
    decided.iter().map(|decided| (decided.input.as_ref(), decided.facts.as_slice())).collect()
}

/// Opens the projection; a damaged one is made anew.
fn open(path: &Path, store: &dyn Store) -> Result<Projection, Broken> {
    match Projection::open(path, store.birth().id) {
        Err(error) if error.is_damage() => {
            discard(path)?;
            Ok(Projection::open(path, store.birth().id)?)
        }
        other => Ok(other?),
    }
}

/// Projects everything that the journal has beyond the projection.
async fn catch_up(projection: &mut Projection, store: &dyn Store) -> Result<(), Broken> {
    let mut walk = match store.read(projection.head() + 1, 1, 1).await {
        Err(ReadError::Gone { first }) => {
            projection.begin_at(first)?;
            Walk::from(store, first)?
        }
        Ok(_) => Walk::from(store, projection.head() + 1)?,
        Err(error) => return Err(error.into()),
    };
    loop {
        let kept = walk.next().await?;
        if kept.is_empty() {
            return Ok(());
        }
        for some in kept.chunks(AT_ONCE) {
            let rows: Vec<_> = some.iter().map(|kept| rows(&kept.entry.batch)).collect();
            let projected: Vec<Projected<'_>> = some.iter().zip(&rows).map(projected).collect();
            projection.apply(&projected)?;
        }
    }
}

fn projected<'a>((kept, rows): (&Kept, &'a Vec<Row<'a>>)) -> Projected<'a> {
    Projected { sequence: kept.head.sequence, at: kept.entry.header.at, decided: rows }
}

/// Makes the projection of a journal anew: `tidings journal reindex`.
///
/// # Errors
/// Why it could not be made, as a sentence.
pub async fn rebuild(folder: &Path, store: &dyn Store) -> Result<u64, String> {
    let path = path_in(folder);
    discard(&path).map_err(|error| error.to_string())?;
    let mut projection = Projection::open(&path, store.birth().id).map_err(|error| error.to_string())?;
    catch_up(&mut projection, store).await.map_err(|error| error.to_string())?;
    Ok(projection.head())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Questions;
    use crate::journal::{Birth, Encoder, Header, MemoryStore};

    fn header(before: Head) -> Header {
        let sequence = before.sequence + 1;
        Header {
            v: crate::journal::entry::VERSION,
            sequence,
            at: Time::from_millis(1000),
            epoch: 1,
            policy: Default::default(),
            cursors: Default::default(),
            previous: before.hash,
        }
    }

    fn empty(many: usize) -> Vec<Decided> {
        vec![Decided { input: None, facts: Vec::new() }; many]
    }

    #[test]
    fn so_many_decisions_wait_and_no_more() {
        let (feed, waiting) = Feed::new();
        let tell = |many| feed.tell(Head::default(), Time::EPOCH, empty(many));
        tell(2 * DECISIONS_MAX);
        tell(1);
        let large = waiting.next().unwrap();
        assert_eq!(large.len(), 1);
        tell(1);
        waiting.done(large);
        (0..5).for_each(|_| tell(DECISIONS_MAX / 4));
        let four = waiting.next().unwrap();
        assert_eq!(four.len(), 4);
        waiting.done(four);
        assert_eq!(waiting.decisions.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_missed_is_read_from_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(MemoryStore::new(Birth::default()));
        let (feed, waiting) = Feed::new();
        follow(folder.path(), store.clone(), waiting, Span::from_mins(60), Handle::current());
        let path = path_in(folder.path());
        let known = || Some(Questions::open(&path).ok()?.known().ok()?.head);
        let reaches = async |head| {
            for _ in 0..500 {
                if known() == Some(head) {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            false
        };
        assert!(reaches(0).await);
        let (mut encoder, mut head) = (Encoder::new().unwrap(), Head::default());
        for told in [true, false, true, true] {
            let (frame, next) = encoder.encode(&header(head), &empty(1)).unwrap();
            store.append(head, frame).await.unwrap();
            head = next;
            if told {
                feed.tell(head, Time::from_millis(1000), empty(1));
            }
        }
        assert!(reaches(4).await);
    }
}
