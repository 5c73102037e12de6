//! Entries kept: an append-only, hash-chained sequence of frames, and snapshots of what they fold to.
//!
//! A store knows frames as bytes; what stands in them is the business of [`entry`]. `docs/journal.md` tells it to people.

use crate::event::Time;
use std::future::Future;
use std::pin::Pin;

pub mod conformance;
pub mod crash_mark;
pub mod entry;
pub mod file;
pub mod memory;
pub mod snapshot;
pub mod tail;
pub mod verify;
pub mod walk;

pub use entry::{Cursor, Decided, Decoder, Encoder, Entry, EntryError, Header};
pub use file::FileStore;
pub use memory::MemoryStore;

/// A future that a store hands out; it does not need to be polled for the work to go on.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The BLAKE3 hash of a frame.
pub type FrameHash = [u8; 32];

/// The hash of a frame's bytes.
pub fn hash_of(bytes: &[u8]) -> FrameHash {
    blake3::hash(bytes).into()
}

/// What makes a journal this one, fixed when it is made and never changed: keys and references are made from it (R34).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Birth {
    /// Chosen at random by whoever made it.
    pub id: [u8; 16],
    /// When it was made.
    pub at: Time,
}

/// The newest entry: its sequence and the hash of its frame. An empty journal has sequence 0 and a hash of zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Entries are numbered from 1 without holes.
    pub sequence: u64,
    /// The hash of that entry's frame.
    pub hash: FrameHash,
}

impl Head {
    /// The head that `frame` leaves.
    pub fn of(frame: &Frame) -> Head {
        Head { sequence: frame.sequence, hash: hash_of(&frame.bytes) }
    }
}

/// One entry as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its sequence.
    pub sequence: u64,
    /// Its bytes: what the hash is of.
    pub bytes: bytes::Bytes,
}

/// A snapshot's name: which entry it includes everything up to, and that entry's hash.
pub type SnapshotId = Head;

/// Why an append did not become durable, or may not have.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The head is not what was expected: somebody else leads. Nothing was written.
    #[error(
        "the journal's head is entry {actual}, not the entry {expected} that was expected: somebody else writes to it"
    )]
    Fenced {
        /// What the writer believed.
        expected: u64,
        /// What it is.
        actual: u64,
    },
    /// Nobody knows yet whether it was written; [`Store::resolve`] tells by the hash.
    #[error("no answer to an append: it may or may not be durable")]
    Ambiguous,
    /// It was not written, and the store cannot go on: the process ends.
    #[error("the journal cannot be written: {0}")]
    Broken(String),
}

/// What became of an ambiguous append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Our hash stands at our sequence.
    Durable,
    /// Another hash stands there: step down and fold again.
    Lost,
    /// Nothing stands there yet; only once another entry is durable at that place is it known never to arrive.
    Absent,
}

/// How much room there is for new input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Enough.
    Plenty,
    /// Only the reserve is left: outcomes and deliveries go on, new input waits.
    Reserve,
}

/// Why the store could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// Something stands there that was not written by us, or is damaged.
    #[error("entry {sequence}: {what}")]
    Damaged {
        /// At which entry.
        sequence: u64,
        /// What is wrong.
        what: String,
    },
    /// The entries asked for were retained away; history begins later.
    #[error("history begins at entry {first}")]
    Gone {
        /// The first entry that is left.
        first: u64,
    },
    /// The store failed.
    #[error("the journal cannot be read: {0}")]
    Failed(String),
}

/// Where entries are kept. One writer at a time, proven by the expected head of every append.
pub trait Store: Send + Sync {
    /// What makes this journal itself.
    fn birth(&self) -> Birth;

    /// The newest durable entry.
    fn head(&self) -> Pending<Result<Head, ReadError>>;

    /// Appends `frame` behind `after`. Calls may be pipelined: each expects the head that the one before will leave,
    /// and when one fails all later ones fail. The future resolves once the entry is durable; the work goes on
    /// without polling it.
    fn append(&self, after: Head, frame: Frame) -> Pending<Result<(), AppendError>>;

    /// Tells what became of an ambiguous append of a frame with this sequence and hash.
    fn resolve(&self, frame: Head) -> Pending<Result<Resolution, ReadError>>;

    /// Entries from `from` on: at most `max` of them and about `max_bytes`, but at least one if there is one.
    fn read(&self, from: u64, max: usize, max_bytes: usize) -> Pending<Result<Vec<Frame>, ReadError>>;

    /// Keeps a snapshot; it is there whole or not at all. One of the same sequence is replaced.
    fn save_snapshot(&self, id: SnapshotId, bytes: bytes::Bytes) -> Pending<Result<(), ReadError>>;

    /// The kept snapshots, newest first.
    fn snapshots(&self) -> Pending<Result<Vec<SnapshotId>, ReadError>>;

    /// The bytes of a snapshot, as they were saved: what is not whole and unchanged is an error.
    fn load_snapshot(&self, id: SnapshotId) -> Pending<Result<bytes::Bytes, ReadError>>;

    /// Drops entries before `first` and snapshots older than the second newest sound one. The entry of that second
    /// newest snapshot and all after it stay, whatever `first` says; without two sound snapshots nothing is dropped.
    /// Sound is one whose content is whole and whose entry stands in this journal under its hash.
    fn retain(&self, first: u64) -> Pending<Result<(), ReadError>>;

    /// How much room there is.
    fn room(&self) -> Room;

    /// How many bytes are left before the reserve; `None` for a store that lies on no disk, or did not see how large it is.
    fn room_bytes(&self) -> Option<u64> {
        None
    }
}

/// The first entry that [`Store::retain`] leaves, of the sound snapshots, newest first; `None`: nothing is dropped.
pub fn retainable(first: u64, sound: &[SnapshotId]) -> Option<u64> {
    sound.get(1).map(|second| first.min(second.sequence))
}
