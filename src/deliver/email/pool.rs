//! Connections that are kept for the next letter: few, and not for long.

use super::wire::Wire;
use crate::event::{Span, Time};
use std::sync::{Mutex, PoisonError};

/// How many connections are kept unused. How many are used at once is decided by what is released (R32).
const MAX_IDLE: usize = 8;
/// How long one is kept unused: relays close theirs after a few minutes, busy ones earlier.
const MAX_AGE: Span = Span::from_secs(30);
/// How many letters one carries: relays put a limit on it, commonly 100.
const MAX_LETTERS: u32 = 50;

/// A connection that has greeted, encrypted and logged in.
pub(super) struct Ready {
    pub(super) wire: Wire,
    /// How many letters it has carried.
    pub(super) letters: u32,
    /// Whether its last transaction was refused and must be reset.
    pub(super) refused: bool,
}

/// The unused connections of one channel, with the ledger time since when each is unused.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<(Ready, Time)>>);

impl Pool {
    /// The connection used last, if one is fresh; the others are closed.
    pub(super) fn take(&self, now: Time) -> Option<Ready> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| now.since(*since) < MAX_AGE);
        idle.pop().map(|(ready, _)| ready)
    }

    /// Keeps a connection for the next letter, or closes it.
    pub(super) fn put(&self, ready: Ready, now: Time) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE && ready.letters < MAX_LETTERS {
            idle.push((ready, now));
        }
    }
}
