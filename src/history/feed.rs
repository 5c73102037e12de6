//! The one writer: takes durable entries in order, one transaction for each feed.

use super::project::{Memory, Row};
use super::{Error, file, forget};
use crate::decide::{Fact, Input};
use crate::event::Time;
use rusqlite::Connection;
use std::path::Path;

/// One durable entry, as the projection is given it.
#[derive(Clone, Copy, Debug)]
pub struct Projected<'a> {
    /// Its number.
    pub sequence: u64,
    /// Its ledger time.
    pub at: Time,
    /// Inputs with their facts, in the order in which they were decided.
    pub decided: &'a [(Option<&'a Input>, &'a [Fact])],
}

/// The projection, open for feeding. Dropping it syncs the file, so that the next start can trust it.
#[derive(Debug)]
pub struct Projection {
    connection: Connection,
    first: u64,
    head: u64,
    /// What the last feed left; `None` after one that failed, until it is read again.
    memory: Option<Memory>,
}

impl Projection {
    /// Opens the file, or makes it. One of another journal or of a release with other tables, or one that the machine
    /// went down upon, is thrown away and begun anew: its head is then 0.
    ///
    /// # Errors
    /// [`Error::Foreign`] for a file that is no projection; the file system or the database failed.
    pub fn open(path: &Path, journal: [u8; 16]) -> Result<Projection, Error> {
        let connection = file::open_writer(path, &journal)?;
        let (first, head, _) = file::head(&connection)?;
        Ok(Projection { connection, first, head, memory: None })
    }

    /// The last entry that was projected; 0 if there is none.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Forgets everything and expects `first` next: for a journal whose older entries were retained away, or are
    /// further ahead than this is worth following.
    ///
    /// # Errors
    /// The database failed.
    pub fn begin_at(&mut self, first: u64) -> Result<(), Error> {
        let emptied = self.connection.transaction()?;
        for table in file::TABLES {
            emptied.execute(&format!("DELETE FROM {table}"), [])?;
        }
        let head = first.saturating_sub(1);
        file::set_head(&emptied, first, head, 0)?;
        emptied.commit()?;
        (self.first, self.head, self.memory) = (first, head, Some(Memory::default()));
        Ok(())
    }

    /// Projects entries that follow the head: all of them, or in case of an error none.
    ///
    /// # Errors
    /// [`Error::Gap`] if they do not follow the head and one another; the database failed.
    pub fn apply(&mut self, entries: &[Projected<'_>]) -> Result<(), Error> {
        let mut head = self.head;
        for entry in entries {
            if entry.sequence != head + 1 {
                return Err(Error::Gap { expected: head + 1, given: entry.sequence });
            }
            head = entry.sequence;
        }
        let Some(newest) = entries.last() else { return Ok(()) };
        let mut memory = match self.memory.take() {
            Some(memory) => memory,
            None => Memory::read(&self.connection)?,
        };
        let first = if self.first == 0 { entries[0].sequence } else { self.first };
        let feed = self.connection.transaction()?;
        for entry in entries {
            Row::entry(&feed, &mut memory, entry)?;
        }
        file::set_head(&feed, first, newest.sequence, memory.time().max(newest.at).millis())?;
        feed.commit()?;
        (self.first, self.head, self.memory) = (first, head, Some(memory));
        Ok(())
    }

    /// Forgets what ended before `at`. What has not ended is kept, however old it is.
    ///
    /// # Errors
    /// The database failed.
    pub fn forget_before(&mut self, at: Time) -> Result<(), Error> {
        forget::before(&mut self.connection, at)
    }
}

impl Drop for Projection {
    fn drop(&mut self) {
        // What cannot be synced is not trusted by the next start, and made again.
        let _ = file::close(&self.connection);
    }
}

/// Removes a damaged projection ([`Error::is_damage`]) that nobody has open.
///
/// # Errors
/// The file system failed.
pub fn discard(path: &Path) -> Result<(), Error> {
    Ok(file::remove(path)?)
}
