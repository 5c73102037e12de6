//! NATS and HTTP → inputs: bytes become events, or dead letters with their bytes; never a crash. One file per format.

mod body;
mod cloudevents;
mod incident;
mod json;
mod labels;
mod reading;
mod text;

pub mod access;
pub mod alertmanager;
pub mod connect;
pub mod http;
pub mod lane;
pub mod native;
pub mod nats;
pub mod schema;
pub mod server;
pub mod unknown;

pub use reading::{Flags, Reading, Way};

use crate::decide::{Garbage, Origin, Remark};
use crate::event::{Event, Name, Time};

/// One thing that came in, before it has a ledger time.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Where it came from, its identity if it has one, its position in its lane.
    pub origin: Origin,
    /// The event, or what the bytes were instead.
    pub event: Result<Event, Garbage>,
    /// When a stream took it; that counts as received (R6). `None` where the ledger time of arrival does.
    pub received: Option<Time>,
    /// What about it is to be counted.
    pub flags: Flags,
}

/// What came in together and is answered together: a request's events, or what one read of a lane gave.
#[derive(Clone, Debug)]
pub struct Batch {
    /// By which lane.
    pub lane: Name,
    /// In the order in which to decide them.
    pub arrivals: Vec<Arrival>,
}

/// What became of one arrival, once that is durable (R1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was decided, or it changed nothing.
    Taken,
    /// It was taken, and something about it is odd.
    Remarked(Box<[Remark]>),
    /// The same identity came with another body (R4).
    Conflict,
    /// It is a dead letter.
    DeadLettered,
}

/// Why a batch was not taken. Nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too much is waiting, or only the disk reserve is left: try again later.
    Busy,
    /// The daemon is stopping, or has not begun.
    NotReady,
}

/// A batch's fates in the order of its arrivals, or why it was not taken.
pub type Answer = Result<Vec<Fate>, Refusal>;

/// The door to the decider. A full door makes the caller wait; that is the back-pressure.
pub trait Door: Send + Sync {
    /// Hands a batch in; the answer comes once it is durable. For HTTP lanes a door that stays full for long answers
    /// [`Refusal::Busy`]; for lanes read by cursor it waits.
    fn submit(&self, batch: Batch) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>;
}
