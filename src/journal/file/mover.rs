//! Moves the write-ahead log into the database beside the writer, so that appends do not wait for it.

use super::table;
use super::worker::Worker;
use super::writer::Shared;
use rusqlite::Connection;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How far it has come.
pub(super) enum Progress {
    /// What stood in the log when it began is in the database.
    Over,
    /// It is being moved.
    UnderWay,
}

/// A thread with a connection of its own.
#[derive(Debug)]
pub(super) struct Mover {
    worker: Worker<Connection>,
    shared: Arc<Shared>,
    begun: bool,
    over: Arc<AtomicBool>,
}

impl Mover {
    pub(super) fn start(connection: Connection, shared: Arc<Shared>) -> io::Result<Mover> {
        let worker = Worker::start("journal-move", connection)?;
        Ok(Mover { worker, shared, begun: false, over: Arc::default() })
    }

    /// Begins to move what stands in the log, or says whether that is done.
    pub(super) fn advance(&mut self) -> Progress {
        if !self.begun {
            self.begun = true;
            self.over.store(false, Ordering::Release);
            let (shared, over) = (self.shared.clone(), self.over.clone());
            // Its answer is the flag: the writer waits for nobody.
            drop(self.worker.ask(move |connection| {
                if let Err(error) = table::checkpoint(connection) {
                    shared.broke(&error);
                }
                over.store(true, Ordering::Release);
                Ok(())
            }));
            return Progress::UnderWay;
        }
        if self.over.load(Ordering::Acquire) {
            self.begun = false;
            return Progress::Over;
        }
        Progress::UnderWay
    }
}
