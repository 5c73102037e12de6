//! R44: `retain` bounds the journal: old entries go, but none that is still needed to start, to send or to fall back on.

use crate::decide::State;
use crate::event::Time;
use crate::journal::{Decoder, ReadError, Store};

/// The first entry that State still refers to: its policy's texts, and the messages of open deliveries.
pub fn needed(state: &State) -> u64 {
    let messages = state.deliveries.values().map(|delivery| delivery.entry).min();
    messages.unwrap_or(u64::MAX).min(state.policy_entry.max(1))
}

/// Drops what was written before `cutoff`, as far as it is not needed; the store keeps what its snapshots need.
///
/// # Errors
/// The store could not be read or written.
pub async fn retain(store: &dyn Store, cutoff: Time, needed: u64) -> Result<(), ReadError> {
    let head = store.head().await?.sequence;
    let (mut low, mut high) = (1, head.min(needed));
    // The times of entries never run backwards, so the first one to keep is found by halves.
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(store, middle, cutoff).await? { low = middle + 1 } else { high = middle }
    }
    if low > 1 { store.retain(low).await } else { Ok(()) }
}

async fn is_before(store: &dyn Store, sequence: u64, cutoff: Time) -> Result<bool, ReadError> {
    let frames = match store.read(sequence, 1, 1).await {
        Ok(frames) => frames,
        Err(ReadError::Gone { .. }) => return Ok(true),
        Err(error) => return Err(error),
    };
    let Some(frame) = frames.first() else { return Ok(false) };
    let mut decoder = Decoder::new().map_err(|error| ReadError::Failed(error.to_string()))?;
    let entry = decoder.decode(frame).map_err(|error| error.at(sequence))?;
    Ok(entry.header.at < cutoff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Span;
    use crate::event::id::Digest;
    use crate::journal::{Birth, Encoder, Head, Header, MemoryStore, entry};

    #[tokio::test]
    async fn r44_old_entries_go_and_needed_ones_stay() {
        let store = MemoryStore::new(Birth::default());
        let mut encoder = Encoder::new().unwrap();
        let mut head = Head::default();
        for sequence in 1..=20 {
            let header = Header {
                v: entry::VERSION,
                sequence,
                at: Time::EPOCH + Span::from_secs(sequence * 60),
                epoch: 1,
                policy: Digest::default(),
                cursors: Default::default(),
                previous: head.hash,
            };
            let (frame, next) = encoder.encode(&header, &[]).unwrap();
            store.append(head, frame).await.unwrap();
            head = next;
            if sequence == 15 || sequence == 18 {
                store.save_snapshot(head, bytes::Bytes::from_static(b"{}")).await.unwrap();
            }
        }
        let cutoff = Time::EPOCH + Span::from_secs(10 * 60);
        retain(&store, cutoff, 5).await.unwrap();
        assert_eq!(store.read(5, 1, 1).await.unwrap()[0].sequence, 5);
        assert!(matches!(store.read(4, 1, 1).await, Err(ReadError::Gone { first: 5 })));
        retain(&store, cutoff, 100).await.unwrap();
        assert!(matches!(store.read(9, 1, 1).await, Err(ReadError::Gone { first: 10 })));
    }
}
