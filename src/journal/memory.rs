//! A journal in memory: for tests, and for asking offline what would have been decided.

use super::{
    AppendError, Birth, Frame, FrameHash, Head, Pending, ReadError, Resolution, Room, SnapshotId, Store,
    hash_of, retainable,
};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps everything as long as it lives and nothing longer. Every call is done when it returns.
#[derive(Debug, Default)]
pub struct MemoryStore {
    birth: Birth,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Entries with the hashes that they were appended under; the first has sequence `dropped` + 1.
    entries: VecDeque<(Frame, FrameHash)>,
    dropped: u64,
    snapshots: BTreeMap<u64, (FrameHash, Bytes)>,
}

impl Kept {
    fn head(&self) -> Head {
        let newest = self.entries.back();
        newest.map_or_else(Head::default, |(frame, hash)| Head { sequence: frame.sequence, hash: *hash })
    }

    /// The place of an entry; `None` if it is not there yet.
    fn place(&self, sequence: u64) -> Result<Option<usize>, ReadError> {
        match sequence.checked_sub(self.dropped + 1) {
            None => Err(ReadError::Gone { first: self.dropped + 1 }),
            Some(place) => Ok(usize::try_from(place).ok().filter(|place| *place < self.entries.len())),
        }
    }

    fn read(&self, from: u64, max: usize, max_bytes: usize) -> Result<Vec<Frame>, ReadError> {
        let mut frames = Vec::new();
        let Some(place) = self.place(from.max(1))? else { return Ok(frames) };
        let mut bytes = 0;
        for (frame, hash) in self.entries.range(place..).take(max.max(1)) {
            bytes += frame.bytes.len();
            if !frames.is_empty() && bytes > max_bytes {
                break;
            }
            if hash_of(&frame.bytes) != *hash {
                if frames.is_empty() {
                    let what = "its bytes are not those that were written".into();
                    return Err(ReadError::Damaged { sequence: frame.sequence, what });
                }
                break;
            }
            frames.push(frame.clone());
        }
        Ok(frames)
    }

    fn resolve(&self, frame: Head) -> Result<Resolution, ReadError> {
        self.place(frame.sequence).map(|place| match place {
            None => Resolution::Absent,
            Some(place) if self.entries[place].1 == frame.hash => Resolution::Durable,
            Some(_) => Resolution::Lost,
        })
    }

    fn snapshots(&self) -> Vec<SnapshotId> {
        let newest_first = self.snapshots.iter().rev();
        newest_first.map(|(sequence, (hash, _))| Head { sequence: *sequence, hash: *hash }).collect()
    }

    fn retain(&mut self, first: u64) {
        let mut kept = self.snapshots();
        kept.retain(|id| matches!(self.resolve(*id), Ok(Resolution::Durable)));
        let Some(first) = retainable(first, &kept) else { return };
        self.snapshots = self.snapshots.split_off(&kept[1].sequence);
        while self.dropped + 1 < first && self.entries.len() > 1 {
            self.entries.pop_front();
            self.dropped += 1;
        }
    }
}

impl MemoryStore {
    /// An empty one.
    pub fn new(birth: Birth) -> MemoryStore {
        MemoryStore { birth, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the bytes of an entry behind the store's back, under the old hash or under one that fits.
    #[cfg(test)]
    pub(crate) fn tamper(&self, sequence: u64, bytes: Bytes, with_hash: bool) {
        let mut kept = self.kept();
        let place = kept.place(sequence).unwrap().unwrap();
        if with_hash {
            kept.entries[place].1 = hash_of(&bytes);
        }
        kept.entries[place].0.bytes = bytes;
    }
}

fn done<T: Send + 'static>(value: T) -> Pending<T> {
    Box::pin(ready(value))
}

impl Store for MemoryStore {
    fn birth(&self) -> Birth {
        self.birth
    }

    fn head(&self) -> Pending<Result<Head, ReadError>> {
        done(Ok(self.kept().head()))
    }

    fn append(&self, after: Head, frame: Frame) -> Pending<Result<(), AppendError>> {
        let mut kept = self.kept();
        let head = kept.head();
        if after != head || frame.sequence != head.sequence + 1 {
            return done(Err(AppendError::Fenced { expected: after.sequence, actual: head.sequence }));
        }
        let hash = hash_of(&frame.bytes);
        kept.entries.push_back((frame, hash));
        done(Ok(()))
    }

    fn resolve(&self, frame: Head) -> Pending<Result<Resolution, ReadError>> {
        done(self.kept().resolve(frame))
    }

    fn read(&self, from: u64, max: usize, max_bytes: usize) -> Pending<Result<Vec<Frame>, ReadError>> {
        done(self.kept().read(from, max, max_bytes))
    }

    fn save_snapshot(&self, id: SnapshotId, bytes: Bytes) -> Pending<Result<(), ReadError>> {
        self.kept().snapshots.insert(id.sequence, (id.hash, bytes));
        done(Ok(()))
    }

    fn snapshots(&self) -> Pending<Result<Vec<SnapshotId>, ReadError>> {
        done(Ok(self.kept().snapshots()))
    }

    fn load_snapshot(&self, id: SnapshotId) -> Pending<Result<Bytes, ReadError>> {
        let kept = self.kept();
        let found = kept.snapshots.get(&id.sequence).filter(|(hash, _)| *hash == id.hash);
        let missing = || ReadError::Failed(format!("there is no snapshot of entry {}", id.sequence));
        done(found.map(|(_, bytes)| bytes.clone()).ok_or_else(missing))
    }

    fn retain(&self, first: u64) -> Pending<Result<(), ReadError>> {
        self.kept().retain(first);
        done(Ok(()))
    }

    fn room(&self) -> Room {
        Room::Plenty
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance::{Maker, conforms};
    use super::*;

    struct InMemory;

    impl Maker for InMemory {
        type Made = MemoryStore;

        async fn fresh(&self) -> MemoryStore {
            MemoryStore::new(Birth::default())
        }

        async fn reopen(&self, _: MemoryStore) -> Option<MemoryStore> {
            None
        }
    }

    #[tokio::test]
    async fn keeps_every_promise_of_a_store() {
        conforms(&InMemory).await.unwrap();
    }
}
