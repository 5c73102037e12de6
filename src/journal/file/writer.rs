//! The one writer: a thread that takes everything queued since the last commit into one transaction.
//!
//! A commit or checkpoint that fails is final. After a failed fsync the kernel may have marked the pages clean, so a
//! second try would "succeed" without the data; the store refuses everything from then on and the process ends.

use super::folder::Space;
use super::mover::{Mover, Progress};
use super::table;
use crate::journal::{AppendError, Frame, FrameHash, Head, ReadError, Room, crash_mark};
use rusqlite::Connection;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tokio::sync::oneshot;

/// How many appends may wait; the daemon runs ahead by 64 at most, so a full queue is a mistake of ours.
const QUEUE: usize = 1024;

/// The most entries of one commit.
const GROUP: usize = 256;

/// About the most bytes of one commit; the first entry always passes.
const GROUP_BYTES: usize = 16 << 20;

/// The free space is looked at every so many commits, and whenever nothing came in for [`IDLE`].
const COMMITS_PER_LOOK: u32 = 8;

/// How long the writer waits before it does what can wait.
const IDLE: Duration = Duration::from_secs(1);

/// The write-ahead log is moved into the database when nothing else is to be done, or after about so many bytes: appends
/// meanwhile take milliseconds longer, because they share the disk.
const CHECKPOINT_BYTES: usize = 64 << 20;

/// A log that has grown so far although it is being moved is moved by the writer itself: appends wait for it.
const LOG_MAX_BYTES: usize = 4 * CHECKPOINT_BYTES;
const IDLE_CHECKPOINT_BYTES: usize = 256 << 10;

/// What a commit writes besides the frames.
const COMMIT_OVERHEAD_BYTES: usize = 8 << 10;

/// How many entries retention drops at a time, between commits.
const SLICE: u32 = 500;

/// Measures the file system that a folder lies on.
pub type Measure = Arc<dyn Fn(&Path) -> io::Result<Space> + Send + Sync>;

type Done<E> = oneshot::Sender<Result<(), E>>;

/// What the writer is asked to do.
pub(super) enum Job {
    /// Append a frame behind a head.
    Append(Append),
    /// Drop the entries before the first that is to stay.
    Drop { first: u64, done: Done<ReadError> },
}

/// A frame to append.
pub(super) struct Append {
    pub(super) after: Head,
    pub(super) frame: Frame,
    pub(super) done: Done<AppendError>,
}

/// What the writer lets others see.
#[derive(Debug, Default)]
pub(super) struct Shared {
    head: Mutex<Head>,
    reserve: AtomicBool,
    /// Bytes before the reserve, once they were seen.
    before_reserve: Mutex<Option<u64>>,
    broken: OnceLock<String>,
}

impl Shared {
    pub(super) fn head(&self) -> Head {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn room(&self) -> Room {
        if self.reserve.load(Ordering::Relaxed) { Room::Reserve } else { Room::Plenty }
    }

    /// Bytes before the reserve, once they were seen.
    pub(super) fn room_bytes(&self) -> Option<u64> {
        *self.before_reserve.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the store refuses everything, if it does.
    pub(super) fn broken(&self) -> Option<&str> {
        self.broken.get().map(String::as_str)
    }

    /// From here on the store refuses everything.
    pub(super) fn broke(&self, error: &rusqlite::Error) -> &str {
        self.broken.get_or_init(|| error.to_string())
    }

    fn set_head(&self, head: Head) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
    }
}

/// The handle of the thread. Dropping it waits until everything queued is durable.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    pub(super) shared: Arc<Shared>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        mover: Connection,
        folder: &Path,
        measure: Measure,
    ) -> Result<Writer, super::OpenError> {
        let shared = Arc::new(Shared::default());
        shared.set_head(table::head(&connection)?);
        let mut state = State {
            mover: Mover::start(mover, shared.clone())
                .map_err(|source| super::OpenError::Folder { path: folder.to_owned(), source })?,
            connection,
            folder: folder.to_owned(),
            measure,
            shared: shared.clone(),
            drops: Vec::new(),
            commits: 0,
            logged: 0,
        };
        state.look();
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = Builder::new()
            .name("journal-write".into())
            .spawn(move || state.run(&queue))
            .map_err(|source| super::OpenError::Folder { path: folder.to_owned(), source })?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread), shared })
    }

    /// Puts a job into the queue; it is never waited for.
    pub(super) fn put(&self, job: Job) -> Result<(), String> {
        match self.jobs.as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(format!("more than {QUEUE} appends at once")),
            Some(Err(TrySendError::Disconnected(_))) | None => Err("the writing thread has ended".into()),
        }
    }

    /// A way to the queue for a thread of its own, which may be made to wait.
    pub(super) fn sender(&self) -> Option<SyncSender<Job>> {
        self.jobs.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct State {
    connection: Connection,
    mover: Mover,
    folder: PathBuf,
    measure: Measure,
    shared: Arc<Shared>,
    /// Retention that is under way.
    drops: Vec<(u64, Done<ReadError>)>,
    commits: u32,
    /// About how many bytes the write-ahead log has grown by since the last checkpoint.
    logged: usize,
}

impl State {
    fn run(mut self, queue: &Receiver<Job>) {
        loop {
            let wait = if self.drops.is_empty() { IDLE } else { Duration::ZERO };
            match queue.recv_timeout(wait) {
                Ok(job) => self.group(job, queue),
                Err(RecvTimeoutError::Timeout) if self.drops.is_empty() => self.idle(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.drop_slice();
            if self.logged >= CHECKPOINT_BYTES {
                match self.mover.advance() {
                    // Nearly all of it is in the database; the little that came meanwhile is moved in no time, and only
                    // a log that was moved whole is written from its beginning again.
                    Progress::Over => self.checkpoint(),
                    Progress::UnderWay if self.logged >= LOG_MAX_BYTES => self.checkpoint(),
                    Progress::UnderWay => {}
                }
            }
        }
    }

    /// Commits `job` and what else is queued, as far as one commit goes, and only then answers.
    fn group(&mut self, job: Job, queue: &Receiver<Job>) {
        let mut group = Vec::new();
        let mut bytes = 0;
        let mut next = Some(job);
        while let Some(job) = next {
            match job {
                Job::Append(append) => {
                    bytes += append.frame.bytes.len();
                    group.push(append);
                }
                Job::Drop { first, done } => self.drops.push((first, done)),
            }
            let full = group.len() >= GROUP || bytes >= GROUP_BYTES;
            next = if full { None } else { queue.try_recv().ok() };
        }
        if group.is_empty() {
            return;
        }
        let answers = self.commit(&group);
        self.logged += bytes + COMMIT_OVERHEAD_BYTES;
        self.commits += 1;
        if self.commits.is_multiple_of(COMMITS_PER_LOOK) {
            self.look();
        }
        for (append, answer) in group.into_iter().zip(answers) {
            // Whoever asked may have gone; the entry stays.
            let _ = append.done.send(answer);
        }
    }

    fn commit(&mut self, group: &[Append]) -> Vec<Result<(), AppendError>> {
        let broken = |reason: &str| vec![Err(AppendError::Broken(reason.to_owned())); group.len()];
        if let Some(reason) = self.shared.broken() {
            return broken(reason);
        }
        let mut head = self.shared.head();
        let before = head;
        let mut answers = Vec::with_capacity(group.len());
        let mut taken: Vec<(&Frame, FrameHash)> = Vec::with_capacity(group.len());
        for append in group {
            let answer = if append.after == head && append.frame.sequence == head.sequence + 1 {
                head = Head::of(&append.frame);
                taken.push((&append.frame, head.hash));
                Ok(())
            } else {
                Err(AppendError::Fenced { expected: append.after.sequence, actual: head.sequence })
            };
            answers.push(answer);
        }
        if head == before {
            return answers;
        }
        if let Err(error) = self.write(&taken) {
            return broken(self.broke(&error));
        }
        self.shared.set_head(head);
        crash_mark::mark(crash_mark::APPENDED);
        answers
    }

    /// One transaction, durable when this returns.
    fn write(&mut self, taken: &[(&Frame, FrameHash)]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        for (frame, hash) in taken {
            table::insert(&transaction, frame, hash)?;
        }
        transaction.commit()
    }

    fn broke(&self, error: &rusqlite::Error) -> &str {
        self.shared.broke(error)
    }

    /// Drops a few old entries, so that appends never wait long behind retention.
    fn drop_slice(&mut self) {
        let Some((first, _)) = self.drops.first() else { return };
        let first = (*first).min(self.shared.head().sequence);
        let result = match self.shared.broken() {
            Some(reason) => Err(ReadError::Failed(reason.to_owned())),
            None => match table::drop_before(&self.connection, first, SLICE) {
                Ok(0) => Ok(()),
                Ok(_) => {
                    self.logged += COMMIT_OVERHEAD_BYTES;
                    return;
                }
                Err(error) => Err(ReadError::Failed(self.broke(&error).to_owned())),
            },
        };
        let (_, done) = self.drops.remove(0);
        let _ = done.send(result);
    }

    fn idle(&mut self) {
        self.look();
        if self.logged >= IDLE_CHECKPOINT_BYTES {
            self.checkpoint();
        }
    }

    fn checkpoint(&mut self) {
        if self.shared.broken().is_some() {
            return;
        }
        match table::checkpoint(&self.connection) {
            Ok(true) => self.logged = 0,
            Ok(false) => self.logged = IDLE_CHECKPOINT_BYTES,
            Err(error) => {
                self.broke(&error);
            }
        }
    }

    /// Looks how much space is left; if the file system does not say, what was seen last stands.
    fn look(&mut self) {
        if let Ok(space) = (self.measure)(&self.folder) {
            self.shared.reserve.store(space.room() == Room::Reserve, Ordering::Relaxed);
            *self.shared.before_reserve.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(space.before_reserve());
        }
    }
}
