//! Durable entries → the history projection, on a thread of its own that may fall behind and never holds anything up.

use crate::journal::{Decided, Head};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// So many entries may wait for the projection; what does not fit it reads from the journal later.
const WAITING_MAX: usize = 256;

/// Where the loop tells of durable entries.
#[derive(Clone, Debug)]
pub struct Feed(Option<SyncSender<(Head, Vec<Decided>)>>);

impl Feed {
    /// A feed that nobody listens to.
    pub fn none() -> Feed {
        Feed(None)
    }

    /// A feed and its other end.
    pub fn new() -> (Feed, Receiver<(Head, Vec<Decided>)>) {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        (Feed(Some(sender)), receiver)
    }

    /// Tells of an entry. A projection that is behind misses it and reads it from the journal.
    pub fn tell(&self, head: Head, decided: Vec<Decided>) {
        if let Some(sender) = &self.0 {
            match sender.try_send((head, decided)) {
                Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
            }
        }
    }
}
