//! The one way to read a journal: entry after entry, each checked against the one before.

use super::entry::{Decoder, Entry, EntryError};
use super::{Frame, Head, Pending, ReadError, Store};

/// How many entries are fetched at once.
const FETCH: usize = 256;

/// About how many bytes are fetched at once.
const FETCH_BYTES: usize = 8 << 20;

/// An entry that was read and found to follow the one before.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its sequence and hash.
    pub head: Head,
    /// The length of its frame.
    pub bytes: usize,
    /// What stands in it.
    pub entry: Entry,
}

/// A walk along the chain. While one fetch is being decoded the next is already under way.
pub struct Walk<'a, S: Store + ?Sized> {
    store: &'a S,
    decoder: Decoder,
    at: Head,
    /// Whether `at.hash` is known: a walk that begins in the middle takes its first entry on trust.
    chained: bool,
    ahead: Option<Pending<Result<Vec<Frame>, ReadError>>>,
    failed: Option<ReadError>,
}

impl<'a, S: Store + ?Sized> Walk<'a, S> {
    /// Everything after `head`, which must be known: that of a snapshot, or the default for the very beginning.
    ///
    /// # Errors
    /// The decompressor could not be made.
    pub fn after(store: &'a S, head: Head) -> Result<Walk<'a, S>, ReadError> {
        let decoder = Decoder::new().map_err(|error| ReadError::Failed(error.to_string()))?;
        Ok(Walk { store, decoder, at: head, chained: true, ahead: None, failed: None })
    }

    /// Everything from the entry `first` on; what stood before the first is not known, so nothing is said about it.
    ///
    /// # Errors
    /// The decompressor could not be made.
    pub fn from(store: &'a S, first: u64) -> Result<Walk<'a, S>, ReadError> {
        let before = Head { sequence: first.max(1) - 1, hash: Default::default() };
        let mut walk = Walk::after(store, before)?;
        walk.chained = first <= 1;
        Ok(walk)
    }

    /// Everything that is kept.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn whole(store: &'a S) -> Result<Walk<'a, S>, ReadError> {
        let first = match store.read(1, 1, 1).await {
            Err(ReadError::Gone { first }) => first,
            // Damage in the first entry is for the walk to find.
            Ok(_) | Err(ReadError::Damaged { .. }) => 1,
            Err(error) => return Err(error),
        };
        Walk::from(store, first)
    }

    /// Where it stands: the last entry that was handed out.
    pub fn head(&self) -> Head {
        self.at
    }

    /// The next entries, at least one; none at the end, where it may be asked again later. What precedes a damaged
    /// entry is handed out first.
    ///
    /// # Errors
    /// The store could not be read, or an entry is damaged, unknown or does not follow the one before. The walk
    /// goes no further then.
    pub async fn next(&mut self) -> Result<Vec<Kept>, ReadError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let fetch = match self.ahead.take() {
            Some(fetch) => fetch,
            None => self.store.read(self.at.sequence + 1, FETCH, FETCH_BYTES),
        };
        let frames = match fetch.await {
            Ok(frames) => frames,
            Err(error) => return Err(self.fail(error)),
        };
        if let Some(last) = frames.last() {
            self.ahead = Some(self.store.read(last.sequence + 1, FETCH, FETCH_BYTES));
        }
        let mut kept = Vec::with_capacity(frames.len());
        for frame in frames {
            match self.check(&frame) {
                Ok(entry) => kept.push(entry),
                Err(error) if kept.is_empty() => return Err(self.fail(error)),
                Err(error) => {
                    self.fail(error);
                    break;
                }
            }
        }
        Ok(kept)
    }

    fn fail(&mut self, error: ReadError) -> ReadError {
        self.ahead = None;
        self.failed = Some(error.clone());
        error
    }

    fn check(&mut self, frame: &Frame) -> Result<Kept, ReadError> {
        let expected = self.at.sequence + 1;
        let damaged = |what: String| ReadError::Damaged { sequence: expected, what };
        if frame.sequence != expected {
            return Err(damaged(format!("is missing: entry {} stands in its place", frame.sequence)));
        }
        let entry = self.decoder.decode(frame).map_err(|error: EntryError| error.at(expected))?;
        if self.chained && entry.header.previous != self.at.hash {
            let before = self.at.sequence;
            return Err(damaged(format!(
                "does not follow entry {before} as it stands: one of them was changed"
            )));
        }
        self.at = Head::of(frame);
        self.chained = true;
        Ok(Kept { head: self.at, bytes: frame.bytes.len(), entry })
    }
}
