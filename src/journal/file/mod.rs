//! The journal of one machine: SQLite in a locked folder, one writer, and snapshots as files beside it.
//!
//! Two threads read and keep snapshots, a third writes, a fourth moves the write-ahead log into the database; no runtime
//! is assumed. None of them holds the writer up.

mod folder;
mod mover;
mod snapshots;
mod table;
mod worker;
mod writer;

pub use folder::{Space, space};
pub use snapshots::MAX_SNAPSHOT_BYTES;
pub use writer::Measure;

use super::{
    AppendError, Birth, Frame, Head, Pending, ReadError, Resolution, Room, SnapshotId, Store, retainable,
};
use bytes::Bytes;
use folder::{DATABASE, Folder, LOCK};
use rusqlite::Connection;
use std::future::ready;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::oneshot;
use worker::Worker;
use writer::{Append, Job, Writer};

/// Why a journal could not be opened. There is no falling back to anything else.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or used: its parent is missing, it is read-only, it is no folder.
    #[error("the journal's folder {} cannot be used: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it.
    #[error("the journal in {} is in use by another process: one at a time may write it", .0.display())]
    InUse(PathBuf),
    /// The database is missing where there are snapshots of it.
    #[error("{} holds snapshots but no journal: restore {DATABASE}, or move the snapshots away to begin anew", .0.display())]
    Lost(PathBuf),
    /// The file system cannot keep a write-ahead log.
    #[error("the file system of {} cannot keep a write-ahead log: is it a network share?", .0.display())]
    NoLog(PathBuf),
    /// The file is of another program.
    #[error("{DATABASE} was not made by Tidings")]
    Foreign,
    /// The schema is of a newer release.
    #[error("{DATABASE} has schema {0}, made by a newer Tidings")]
    Schema(i32),
    /// The newest entry cannot be read: nothing may be written behind it.
    #[error(transparent)]
    Damaged(#[from] ReadError),
    /// The database failed.
    #[error("the journal's database: {0}")]
    Database(#[from] rusqlite::Error),
}

/// What a store is opened with.
#[derive(Clone)]
pub struct Options {
    /// The folder; made if only its last part is missing.
    pub folder: PathBuf,
    /// What the journal is born with if there is none yet; not looked at otherwise.
    pub born: Birth,
    /// How the free space is measured: [`space`], or what a test puts there.
    pub measure: Measure,
}

impl Options {
    /// The usual ones.
    pub fn new(folder: impl Into<PathBuf>, born: Birth) -> Options {
        Options { folder: folder.into(), born, measure: Arc::new(space) }
    }
}

/// A journal in a folder. Dropping it makes durable what is queued, then gives the folder free.
#[derive(Debug)]
pub struct FileStore {
    birth: Birth,
    new: bool,
    // In this order they are dropped: the writer closes the database last, the lock goes when all is done.
    read: Worker<Connection>,
    keep: Worker<Keeper>,
    writer: Option<Writer>,
    _folder: Option<Folder>,
}

/// What the thread that keeps snapshots has.
#[derive(Debug)]
struct Keeper {
    folder: PathBuf,
    /// To see whose snapshots they are.
    entries: Connection,
}

impl FileStore {
    /// Opens the journal in a folder for writing, or makes it. It blocks for a few file operations, and dropping the
    /// store for one commit.
    ///
    /// # Errors
    /// The folder cannot be used, is in use, or holds what cannot be written on.
    pub fn open(options: &Options) -> Result<FileStore, OpenError> {
        let folder = Folder::claim(&options.folder)?;
        let path = folder.path.clone();
        let unusable = |source| OpenError::Folder { path: options.folder.clone(), source };
        let missing = std::fs::metadata(path.join(DATABASE)).map_or(true, |found| found.len() == 0);
        if missing && snapshots::any(&path).map_err(unusable)? {
            return Err(OpenError::Lost(path));
        }
        snapshots::clear_parts(&path).map_err(unusable)?;
        let (connection, birth, new) = table::open_writer(&path, options.born)?;
        folder::sync_folder(&path).map_err(unusable)?;
        let (reader, _) = table::open_reader(&path, false)?;
        let (entries, _) = table::open_reader(&path, false)?;
        let head = table::head(&connection)?;
        if head.sequence > 0 {
            table::read(&reader, head.sequence, 1, 1)?;
        }
        let (mover, _, _) = table::open_writer(&path, birth)?;
        let writer = Writer::start(connection, mover, &path, options.measure.clone())?;
        let read = Worker::start("journal-read", reader).map_err(unusable)?;
        let keep = Worker::start("journal-keep", Keeper { folder: path, entries }).map_err(unusable)?;
        Ok(FileStore { birth, new, read, keep, writer: Some(writer), _folder: Some(folder) })
    }

    /// Opens the journal in a folder for reading, whether a daemon is writing it, it lies still, or it is a fixture in
    /// a folder that nobody may write. Nothing that the journal says is changed; appends are refused.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn open_read_only(path: &Path) -> Result<FileStore, OpenError> {
        let unusable = |source| OpenError::Folder { path: path.to_owned(), source };
        std::fs::metadata(path.join(DATABASE)).map_err(unusable)?;
        let no_log = !path.join(format!("{DATABASE}-wal")).exists();
        // Without a log and a lock file nobody has it open: a fixture or a backup, which is not to be littered.
        let at_rest = no_log && !path.join(LOCK).exists();
        let open = || match table::open_reader(path, at_rest) {
            Err(OpenError::Database(error)) if no_log && cannot_open(&error) => {
                table::open_reader(path, true)
            }
            other => other,
        };
        let ((reader, birth), (entries, _)) = (open()?, open()?);
        let read = Worker::start("journal-read", reader).map_err(unusable)?;
        let keeper = Keeper { folder: path.to_owned(), entries };
        let keep = Worker::start("journal-keep", keeper).map_err(unusable)?;
        Ok(FileStore { birth, new: false, read, keep, writer: None, _folder: None })
    }

    /// Whether this opening made the journal: a first start, or a lost journal, to be said loudly (R3).
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// Why nothing is done any more, if so.
    fn refused(&self) -> Option<ReadError> {
        let broken = self.writer.as_ref()?.shared.broken()?;
        Some(ReadError::Failed(broken.to_owned()))
    }

    fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<R, ReadError> + Send + 'static,
    ) -> Pending<Result<R, ReadError>> {
        match self.refused() {
            Some(error) => Box::pin(ready(Err(error))),
            None => self.read.ask(|connection| question(connection)),
        }
    }

    fn keep<R: Send + 'static>(
        &self,
        what: impl FnOnce(&Path) -> Result<R, ReadError> + Send + 'static,
    ) -> Pending<Result<R, ReadError>> {
        match self.refused() {
            Some(error) => Box::pin(ready(Err(error))),
            None => self.keep.ask(|keeper| what(&keeper.folder)),
        }
    }
}

/// The error of a folder in which SQLite may not make what it needs beside the database.
fn cannot_open(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, ReadOnly};
    matches!(error.sqlite_error_code(), Some(CannotOpen | ReadOnly))
}

fn io_failed(error: &io::Error) -> ReadError {
    ReadError::Failed(error.to_string())
}

const READ_ONLY: &str = "it was opened for reading";

impl Store for FileStore {
    fn birth(&self) -> Birth {
        self.birth
    }

    fn head(&self) -> Pending<Result<Head, ReadError>> {
        match &self.writer {
            Some(writer) => {
                let head = self.refused().map_or_else(|| Ok(writer.shared.head()), Err);
                Box::pin(ready(head))
            }
            None => self.ask(|connection| table::head(connection).map_err(|error| table::failed(&error))),
        }
    }

    fn append(&self, after: Head, frame: Frame) -> Pending<Result<(), AppendError>> {
        let (done, answer) = oneshot::channel();
        let put = match &self.writer {
            Some(writer) => writer.put(Job::Append(Append { after, frame, done })),
            None => Err(READ_ONLY.into()),
        };
        Box::pin(async move {
            put.map_err(AppendError::Broken)?;
            let ended = |_| Err(AppendError::Broken("the writing thread has ended".into()));
            answer.await.unwrap_or_else(ended)
        })
    }

    fn resolve(&self, frame: Head) -> Pending<Result<Resolution, ReadError>> {
        self.ask(move |connection| table::resolve(connection, frame))
    }

    fn read(&self, from: u64, max: usize, max_bytes: usize) -> Pending<Result<Vec<Frame>, ReadError>> {
        self.ask(move |connection| table::read(connection, from, max, max_bytes))
    }

    fn save_snapshot(&self, id: SnapshotId, bytes: Bytes) -> Pending<Result<(), ReadError>> {
        if self.writer.is_none() {
            return Box::pin(ready(Err(ReadError::Failed(READ_ONLY.into()))));
        }
        self.keep(move |folder| snapshots::save(folder, id, &bytes).map_err(|error| io_failed(&error)))
    }

    fn snapshots(&self) -> Pending<Result<Vec<SnapshotId>, ReadError>> {
        self.keep(|folder| snapshots::list(folder).map_err(|error| io_failed(&error)))
    }

    fn load_snapshot(&self, id: SnapshotId) -> Pending<Result<Bytes, ReadError>> {
        self.keep(move |folder| snapshots::load(folder, id))
    }

    fn retain(&self, first: u64) -> Pending<Result<(), ReadError>> {
        let Some(sender) = self.writer.as_ref().and_then(Writer::sender) else {
            return Box::pin(ready(Err(ReadError::Failed(READ_ONLY.into()))));
        };
        self.keep.hand(move |keeper, done| {
            let ours = |id| matches!(table::resolve(&keeper.entries, id), Ok(Resolution::Durable));
            let retained = || -> io::Result<Option<u64>> {
                let sound = snapshots::newest_sound(&keeper.folder, ours)?;
                let Some(first) = retainable(first, &sound) else { return Ok(None) };
                sound
                    .last()
                    .map_or(Ok(()), |oldest| snapshots::drop_before(&keeper.folder, oldest.sequence))?;
                Ok(Some(first))
            };
            match retained() {
                // If the writer has ended, `done` is dropped with the job, which answers too.
                Ok(Some(first)) => drop(sender.send(Job::Drop { first, done })),
                Ok(None) => drop(done.send(Ok(()))),
                Err(error) => drop(done.send(Err(io_failed(&error)))),
            }
        })
    }

    fn room(&self) -> Room {
        self.writer.as_ref().map_or(Room::Plenty, |writer| writer.shared.room())
    }

    fn room_bytes(&self) -> Option<u64> {
        self.writer.as_ref()?.shared.room_bytes()
    }
}

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
