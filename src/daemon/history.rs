//! Durable entries → the history projection, on a thread of its own that may fall behind and never holds anything up.

use crate::event::{Span, Time};
use crate::history::{Error, Projected, Projection, discard};
use crate::journal::walk::{Kept, Walk};
use crate::journal::{Decided, Head, ReadError, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tokio::runtime::Handle;

/// So many entries may wait for the projection; what does not fit it reads from the journal later.
const WAITING_MAX: usize = 256;

/// So many entries are projected in one transaction.
const AT_ONCE: usize = 128;

/// Entries gather for so long before they are projected: questions may lag by this.
const GATHER: Duration = Duration::from_millis(200);

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
pub struct Feed(SyncSender<Entry>);

impl Feed {
    /// A feed and its other end.
    pub fn new() -> (Feed, Receiver<Entry>) {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        (Feed(sender), receiver)
    }

    /// Tells of an entry. A projection that is behind misses it and reads it from the journal.
    pub fn tell(&self, head: Head, at: Time, decided: Vec<Decided>) {
        match self.0.try_send(Entry { head, at, decided }) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
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
pub fn follow(folder: &Path, store: Arc<dyn Store>, entries: Receiver<Entry>, retain: Span, runtime: Handle) {
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
    entries: &Receiver<Entry>,
    retain: Span,
    runtime: &Handle,
) -> Result<(), Broken> {
    let mut projection = open(path, store)?;
    let mut forgot = Time::EPOCH;
    let mut waiting: Vec<Entry> = Vec::new();
    loop {
        runtime.block_on(catch_up(&mut projection, store))?;
        loop {
            match entries.recv_timeout(GATHER) {
                Ok(entry) => waiting.push(entry),
                Err(RecvTimeoutError::Timeout) if waiting.is_empty() => continue,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return apply(&mut projection, &mut waiting).map(drop),
            }
            if let Some(newest) = waiting.last().filter(|newest| forgot + FORGET_EVERY <= newest.at) {
                forgot = newest.at;
                projection.forget_before(forgot - retain)?;
            }
            let full = waiting.len() >= AT_ONCE;
            if (full || entries_rest(entries, &mut waiting)) && !apply(&mut projection, &mut waiting)? {
                // Entries were missed while this was behind: they stand in the journal.
                break;
            }
        }
    }
}

/// Takes what else has come; says whether it is time to project.
fn entries_rest(entries: &Receiver<Entry>, waiting: &mut Vec<Entry>) -> bool {
    let until = AT_ONCE;
    while waiting.len() < until {
        match entries.recv_timeout(GATHER) {
            Ok(entry) => waiting.push(entry),
            Err(_) => break,
        }
    }
    !waiting.is_empty()
}

/// Projects what waits; false if something before it was missed.
fn apply(projection: &mut Projection, waiting: &mut Vec<Entry>) -> Result<bool, Broken> {
    let entries = std::mem::take(waiting);
    let new: Vec<&Entry> = entries.iter().filter(|entry| entry.head.sequence > projection.head()).collect();
    let rows: Vec<_> = new.iter().map(|entry| rows(&entry.decided)).collect();
    let projected: Vec<Projected<'_>> = new
        .iter()
        .zip(&rows)
        .map(|(entry, rows)| Projected { sequence: entry.head.sequence, at: entry.at, decided: rows })
        .collect();
    match projection.apply(&projected) {
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
