//! Numbers for combinations of words that come again and again, so that rows need not repeat them.

use rusqlite::{OptionalExtension, Statement, params_from_iter};
use std::collections::HashMap;

/// So many combinations are kept in mind; beyond them the tables are asked again.
const KEPT_MAX: usize = 4096;

/// The numbers of one table, as far as they are in mind.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    kept: HashMap<Box<str>, i64>,
    /// The last combination, written as a key; kept for its allocation.
    key: String,
}

impl Numbers {
    /// The number of a combination; one that is new is put into the table.
    pub(super) fn of(
        &mut self,
        words: &[&str],
        known: &mut Statement<'_>,
        new: &mut Statement<'_>,
    ) -> rusqlite::Result<i64> {
        self.key.clear();
        for word in words {
            self.key.push_str(word);
            // In no name: they have no control characters.
            self.key.push('\n');
        }
        if let Some(number) = self.kept.get(&*self.key) {
            return Ok(*number);
        }
        let number = known.query_row(params_from_iter(words), |row| row.get(0)).optional()?;
        let number = match number {
            Some(number) => number,
            None => new.insert(params_from_iter(words))?,
        };
        if self.kept.len() >= KEPT_MAX {
            self.kept.clear();
        }
        self.kept.insert(self.key.as_str().into(), number);
        Ok(number)
    }
}
