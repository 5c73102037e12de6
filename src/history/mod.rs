//! The projection of the journal for questions: who was told what, when, by which rule and how it ended, and who was
//! not, and why (DESIGN, promise 9).
//!
//! It is disposable. The journal is the truth; this is a file of tables made from it, fed in bulk once entries are
//! durable (R1), without a sync of its own. Whoever deletes it loses nothing: it is made again by feeding the journal
//! from the first entry that is left. Message bodies stay in the journal; what is kept of a message is its title, its
//! one line, and the entry in which the rest stands. No address is ever in it: recipients are names.

mod approval;
mod ask;
mod cases;
mod dead;
mod draft;
mod events;
mod fate;
mod feed;
mod file;
mod forget;
mod moment;
mod number;
mod pens;
mod place;
mod project;
mod tables;
mod told;
mod trail;
mod word;

#[cfg(test)]
mod tests;

pub use approval::Revision;
pub use ask::{Known, LIMIT_MAX, Questions};
pub use cases::{Briefing, Case, CaseFilter, CaseKind, CaseStanding};
pub use dead::{Amiss, Dead};
pub use events::{Came, EventFilter, Verdict};
pub use feed::{Projected, Projection, discard};
pub use moment::{MOMENTS_MAX, Moment};
pub use told::{FAILURES_MAX, Failed, Filter, Said, Told};
pub use trail::{Trail, WORDS_MAX};
pub use word::{Fate, because};

/// Why the projection could not be fed or asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Entries are missing in between. Nothing of this feed was taken.
    #[error("the history expects entry {expected} and was given entry {given}")]
    Gap {
        /// The entry after the head.
        expected: u64,
        /// The entry that came.
        given: u64,
    },
    /// There is no projection yet.
    #[error("there is no history yet: it is made by a running daemon")]
    Missing,
    /// The file was written by a release with other tables; a running daemon makes it anew.
    #[error("the history was written by another release of Tidings; a running daemon makes it anew")]
    OtherRelease,
    /// Something that is no projection stands at the path. It is left alone.
    #[error(
        "the file at the path of the history is not a history of Tidings; remove it, or name another path"
    )]
    Foreign,
    /// The file system failed.
    #[error("the file of the history: {0}")]
    File(#[from] std::io::Error),
    /// The database failed.
    #[error("the database of the history: {0}")]
    Database(#[from] rusqlite::Error),
}

impl Error {
    /// Whether the file is damaged: [`discard`] it, open it again and feed it from the first entry.
    pub fn is_damage(&self) -> bool {
        let code = match self {
            Error::Database(error) => error.sqlite_error_code(),
            _ => None,
        };
        matches!(code, Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase))
    }
}
