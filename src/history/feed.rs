//! The one writer: takes durable entries in order, and shows them to questions when it commits.

use super::project::{self, Memory};
use super::{Error, file, forget, tables};
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
    /// Whether entries were taken that are not committed yet.
    under_way: bool,
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
        Ok(Projection { connection, first, head, under_way: false, memory: None })
    }

    /// The last entry that was taken; 0 if there is none.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Forgets everything and expects `first` next: for a journal whose older entries were retained away, or are
    /// further ahead than this is worth following.
    ///
    /// # Errors
    /// The database failed.
    pub fn begin_at(&mut self, first: u64) -> Result<(), Error> {
        self.give_up()?;
        let emptied = self.connection.transaction()?;
        for table in tables::TABLES {
            emptied.execute(&format!("DELETE FROM {table}"), [])?;
        }
        let head = first.saturating_sub(1);
        file::set_head(&emptied, first, head, 0)?;
        emptied.commit()?;
        (self.first, self.head, self.memory) = (first, head, Some(Memory::default()));
        Ok(())
    }

    /// Takes entries that follow the head, and commits them: all of them, or in case of an error none.
    ///
    /// # Errors
    /// [`Error::Gap`] if they do not follow the head and one another; the database failed.
    pub fn apply(&mut self, entries: &[Projected<'_>]) -> Result<(), Error> {
        self.take(entries)?;
        self.commit()
    }

    /// Takes entries that follow the head; questions know of them after [`Projection::commit`]. After an error that is
    /// no gap the head is back at the last commit.
    ///
    /// # Errors
    /// [`Error::Gap`] if they do not follow the head and one another; the database failed.
    pub fn take(&mut self, entries: &[Projected<'_>]) -> Result<(), Error> {
        let mut head = self.head;
        for entry in entries {
            if entry.sequence != head + 1 {
                return Err(Error::Gap { expected: head + 1, given: entry.sequence });
            }
            head = entry.sequence;
        }
        let Some(oldest) = entries.first() else { return Ok(()) };
        let first = if self.first == 0 { oldest.sequence } else { self.first };
        self.all_or_nothing(|connection, memory, under_way| {
            if !*under_way {
                connection.execute_batch("BEGIN")?;
                *under_way = true;
            }
            project::entries(connection, memory, entries)
        })?;
        (self.first, self.head) = (first, head);
        Ok(())
    }

    /// Commits what was taken.
    ///
    /// # Errors
    /// The database failed: what was taken since the last commit must be taken again.
    pub fn commit(&mut self) -> Result<(), Error> {
        if !self.under_way {
            return Ok(());
        }
        let (first, head) = (self.first, self.head);
        self.all_or_nothing(|connection, memory, under_way| {
            memory.write(connection)?;
            file::set_head(connection, first, head, memory.time().millis())?;
            connection.execute_batch("COMMIT")?;
            *under_way = false;
            Ok(())
        })
    }

    /// Does a step of a transaction; if it fails, everything since the last commit is undone.
    fn all_or_nothing(
        &mut self,
        step: impl FnOnce(&Connection, &mut Memory, &mut bool) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let memory = match self.memory.take() {
            Some(memory) => Ok(memory),
            None => Memory::read(&self.connection),
        };
        let done = memory.map_err(Error::from).and_then(|mut memory| {
            step(&self.connection, &mut memory, &mut self.under_way)?;
            Ok(memory)
        });
        match done {
            Ok(memory) => {
                self.memory = Some(memory);
                Ok(())
            }
            Err(error) => {
                self.give_up()?;
                Err(error)
            }
        }
    }

    /// Undoes what was taken since the last commit.
    fn give_up(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.under_way) {
            self.memory = None;
            // Some errors end the transaction of themselves.
            if !self.connection.is_autocommit() {
                self.connection.execute_batch("ROLLBACK")?;
            }
            (self.first, self.head, _) = file::head(&self.connection)?;
        }
        Ok(())
    }

    /// Forgets what ended before `at`. What has not ended is kept, however old it is.
    ///
    /// # Errors
    /// The database failed.
    pub fn forget_before(&mut self, at: Time) -> Result<(), Error> {
        self.commit()?;
        forget::before(&mut self.connection, at)
    }
}

impl Drop for Projection {
    fn drop(&mut self) {
        let _ = self.commit();
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
