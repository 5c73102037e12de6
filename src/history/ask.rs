//! Questions: read-only connections beside the writer, and the conditions that they are asked under.

use super::place::{count, named};
use super::{Error, file};
use crate::event::Time;
use crate::event::id::CaseId;
use rusqlite::Connection;
use rusqlite::types::Value;
use serde::Serialize;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The most rows of one answer; the next page is asked for with `before`.
pub const LIMIT_MAX: usize = 1000;

/// Connections that wait for the next question; more are opened when they are needed, and closed again.
const IDLE_MAX: usize = 4;

/// A name may stand for several cases: one row and audience of every team. More than so many are not told apart.
const IDS_MAX: usize = 64;

/// Whoever asks. Cheap to clone; clones share their connections. Questions take as long as the disk does: ask them
/// where waiting is allowed. Open it after the [`Projection`](super::Projection).
#[derive(Clone, Debug)]
pub struct Questions {
    path: Arc<Path>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

/// Which part of the journal the projection knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The first entry: nothing is known of what was before; 0 as long as there is none.
    pub first: u64,
    /// The last entry.
    pub head: u64,
    /// The ledger time of the last entry.
    pub at: Time,
}

impl Questions {
    /// Opens the projection for questions; what is not there is never made.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::OtherRelease`], [`Error::Foreign`]; the database failed.
    pub fn open(path: &Path) -> Result<Questions, Error> {
        let first = file::open_reader(path)?;
        Ok(Questions { path: path.into(), idle: Arc::new(Mutex::new(vec![first])) })
    }

    /// How far the projection reaches: compare it with the journal's head before an answer is taken for complete.
    ///
    /// # Errors
    /// The database failed.
    pub fn known(&self) -> Result<Known, Error> {
        self.ask(|tables| {
            let (first, head, at) = file::head(tables)?;
            Ok(Known { first, head, at: Time::from_millis(at) })
        })
    }

    /// The cases that a name stands for: an incident's id, a group's reference `row{labels}`, the reference that an
    /// outsider was given, or the number of a case in 16 hexadecimal digits. Empty if history knows none.
    ///
    /// # Errors
    /// The database failed.
    pub fn find_case(&self, name: &str) -> Result<Vec<CaseId>, Error> {
        let ids = self.ask(|tables| Ok(ids(tables, name)?))?;
        Ok(ids.into_iter().map(|id| CaseId(id.cast_unsigned())).collect())
    }

    /// Asks one question; all of it sees the same state of the projection.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let waiting = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match waiting {
            Some(connection) => connection,
            None => file::open_reader(&self.path)?,
        };
        let state = connection.unchecked_transaction()?;
        let answer = question(&connection);
        drop(state);
        // One that failed is closed: the next question begins with a fresh one.
        if answer.is_ok() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_MAX {
                idle.push(connection);
            }
        }
        answer
    }
}

/// The numbers of the cases that a name stands for.
pub(super) fn ids(tables: &Connection, name: &str) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT case_id FROM cases WHERE key = ?2 AND name = ?1
        UNION SELECT case_id FROM names WHERE name = ?1 ORDER BY case_id LIMIT ?3";
    let mut named = tables.prepare_cached(sql)?;
    let values = rusqlite::params![name, super::tables::key(name), count(IDS_MAX as u64)];
    let rows = named.query_map(values, |row| row.get(0))?;
    let mut ids: Vec<i64> = rows.collect::<Result<_, _>>()?;
    let number = Some(name).filter(|name| name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit()));
    if let Some(number) = number.and_then(|name| u64::from_str_radix(name, 16).ok()) {
        let sql = "SELECT EXISTS (SELECT 1 FROM cases WHERE case_id = ?1)";
        let number = number.cast_signed();
        if tables.prepare_cached(sql)?.query_row([number], |row| row.get(0))? && !ids.contains(&number) {
            ids.push(number);
        }
    }
    Ok(ids)
}

/// What must hold of a row: SQL whose values stand apart.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Another condition, with a value for each of its question marks.
    pub(super) fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(if self.sql.is_empty() { " WHERE " } else { " AND " });
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    /// A column has this value, if one is asked for.
    pub(super) fn equal(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.and(&format!("{column} = ?"), [Value::Text(value.to_owned())]);
        }
    }

    /// A column has the id of a row of which these conditions hold, if there are any. The table is a small one.
    pub(super) fn among(&mut self, column: &str, table: &str, these: &Conditions) {
        if !these.sql.is_empty() {
            let sql = format!("{column} IN (SELECT id FROM {table}{})", these.sql);
            self.and(&sql, these.values.iter().cloned());
        }
    }

    /// Between two times and before a place. `clock` leads to the rows, so that no table needs an index of times.
    pub(super) fn between(
        &mut self,
        tables: &Connection,
        since: Option<Time>,
        until: Option<Time>,
        before: Option<u64>,
    ) -> rusqlite::Result<()> {
        use rusqlite::OptionalExtension;
        let look = |sql: &str, time: Time| {
            let minute = time.millis().div_euclid(60_000);
            tables.prepare_cached(sql)?.query_row([minute], |row| row.get::<_, i64>(0)).optional()
        };
        if let Some(since) = since {
            let sql = "SELECT first FROM clock WHERE minute <= ?1 ORDER BY minute DESC LIMIT 1";
            if let Some(first) = look(sql, since)? {
                self.and("number >= ?", [Value::Integer(first)]);
            }
            self.and("at >= ?", [Value::Integer(since.millis())]);
        }
        if let Some(until) = until {
            let sql = "SELECT first FROM clock WHERE minute > ?1 ORDER BY minute LIMIT 1";
            if let Some(first) = look(sql, until)? {
                self.and("number < ?", [Value::Integer(first)]);
            }
            self.and("at <= ?", [Value::Integer(until.millis())]);
        }
        if let Some(before) = before {
            self.and("number < ?", [named(before)]);
        }
        Ok(())
    }

    /// A value that stands before all conditions.
    pub(super) fn first(&mut self, value: Value) {
        self.values.insert(0, value);
    }

    /// The statement: rows of a table, newest first.
    pub(super) fn select(&self, columns: &str, from: &str, limit: usize) -> String {
        let limit = if limit == 0 { LIMIT_MAX } else { limit.min(LIMIT_MAX) };
        format!("SELECT {columns} FROM {from}{} ORDER BY number DESC LIMIT {limit}", self.sql)
    }

    /// The conditions alone.
    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    /// The values, in the order of the question marks.
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Numbers as a list; they are our own and need no quoting.
    pub(super) fn list(ids: &[i64]) -> String {
        ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}
