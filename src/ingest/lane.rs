//! A NATS lane: one ordered reading of one stream from a cursor, a batch at a time, for ever (R2, R3, R39).

mod reader;
mod stream;

use super::Door;
use super::nats::Carries;
use crate::event::{Name, Time};
use async_nats::Client;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What to read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The lane's name; also the source of events that state none.
    pub lane: Name,
    /// The stream.
    pub stream: String,
    /// Which of its subjects; all of them when empty.
    pub subjects: Vec<String>,
    /// For which type of event it is meant.
    pub carries: Carries,
    /// Whether to make a stream that is not there (file storage, limits); never once there is a cursor.
    pub create: bool,
    /// Where to begin while there is no cursor (R3).
    pub start: Start,
    /// Up to where the lane has been read.
    pub cursor: Option<Cursor>,
}

/// Where a lane begins that has no cursor (R3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Behind everything that is there.
    #[default]
    New,
    /// With the first message that is there.
    All,
    /// With the first message from this instant on.
    Since(Time),
}

/// Up to where a lane has been read, in which stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The stream's name.
    pub stream: Box<str>,
    /// When it was made: one that was made anew counts from 1 again.
    pub created: Time,
    /// The last sequence that needs no reading any more.
    pub sequence: u64,
}

/// Why a lane stopped: it cannot go on until a person says how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Stopped(pub Box<str>);

/// What happens to a lane, besides arrivals.
pub trait LaneEvents: Send + Sync {
    /// The lane stands at this cursor without an arrival that would say so: it has found its stream, or what is
    /// between belongs to others. Kept, it spares a false gap after a restart.
    fn bound(&self, lane: &Name, cursor: &Cursor);
    /// Messages `from` to `to` are missing.
    fn gap(&self, lane: &Name, from: u64, to: u64);
    /// What was there when the lane connected has been read and answered. Once for each connection.
    fn caught_up(&self, lane: &Name);
    /// So many messages are known to wait.
    fn lag(&self, lane: &Name, messages: u64);
    /// The lane reads, or does not and why, as a sentence. It goes on trying.
    fn connected(&self, lane: &Name, up: Result<(), &str>);
    /// The lane has stopped for good.
    fn stopped(&self, lane: &Name, reason: &str);
}

/// Reads a lane until it must stop. Dropping the future ends the reading at any point without loss: the next one begins
/// at the cursor.
pub async fn read(
    client: Client,
    settings: Settings,
    door: Arc<dyn Door>,
    events: Arc<dyn LaneEvents>,
) -> Stopped {
    let lane = settings.lane.clone();
    let stopped = reader::Reader::new(client, settings, door, Arc::clone(&events)).run().await;
    events.stopped(&lane, &stopped.0);
    stopped
}
