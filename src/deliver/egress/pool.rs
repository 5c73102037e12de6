//! Connections that are kept for the next request to the same place: not for long, and the one used last goes first.

use super::link::Link;
use crate::deliver::guard::Wire;
use crate::event::{Span, Time};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a connection is kept unused: shorter than servers keep it, or sends would meet closed ones.
const IDLE_MAX: Span = Span::from_secs(30);

/// How many unused connections are kept: as many as a channel may use at once, or a flood would make some of them anew
/// for every message.
const KEPT_MAX: usize = 1000;

/// Where a connection leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) wire: Wire,
    pub(super) host: Box<str>,
    pub(super) port: u16,
}

struct Kept {
    link: Link,
    place: Place,
    since: Time,
}

/// The unused connections of one client, the one unused longest first.
#[derive(Default)]
pub(super) struct Pool(Mutex<VecDeque<Kept>>);

impl Pool {
    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection to a place that was used last, if one is kept; those unused for too long are closed.
    pub(super) fn take(&self, place: &Place, now: Time) -> Option<Link> {
        let mut kept = self.kept();
        while kept.front().is_some_and(|oldest| now.since(oldest.since) >= IDLE_MAX) {
            kept.pop_front();
        }
        let index = kept.iter().rposition(|kept| kept.place == *place)?;
        kept.remove(index).map(|kept| kept.link)
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(&self, link: Link, place: Place, now: Time) {
        let mut kept = self.kept();
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(Kept { link, place, since: now });
    }
}
