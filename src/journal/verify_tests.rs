//! Tests of verification: no cut and no flipped bit goes unnoticed.

use super::super::entry::tests::filled;
use super::super::{Birth, Frame, MemoryStore};
use super::*;
use bytes::Bytes;

async fn small() -> (MemoryStore, Vec<Frame>) {
    let store = filled(MemoryStore::new(Birth::default()), 3).await;
    let frames = store.read(1, 10, usize::MAX).await.unwrap();
    (store, frames)
}

/// Verifies with other bytes in the place of `frame`, then puts it back.
async fn damage(store: &MemoryStore, frame: &Frame, bytes: Vec<u8>, with_hash: bool) -> Option<Damage> {
    store.tamper(frame.sequence, Bytes::from(bytes), with_hash);
    let damage = verify(store).await.damage;
    store.tamper(frame.sequence, frame.bytes.clone(), true);
    damage
}

#[tokio::test]
async fn a_sound_journal_is_counted() {
    let (store, frames) = small().await;
    let report = verify(&store).await;
    let bytes: usize = frames.iter().map(|frame| frame.bytes.len()).sum();
    assert_eq!((report.first, report.last, report.count, report.bytes), (1, 3, 3, bytes as u64));
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(verify(&MemoryStore::new(Birth::default())).await, Report::default());
}

/// The daemon holds stores of any kind and verifies on any thread.
#[test]
fn any_store_can_be_verified_on_any_thread() {
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let store: Box<dyn Store> = Box::new(MemoryStore::new(Birth::default()));
    let mut walk = Walk::after(&*store, Head::default()).unwrap();
    drop((sendable(verify(&*store)), sendable(walk.next()), sendable(snapshot::newest_sound(&*store))));
}

#[tokio::test]
async fn every_truncation_is_found_at_its_entry() {
    let (store, frames) = small().await;
    for frame in &frames {
        for end in 0..frame.bytes.len() {
            let found = damage(&store, frame, frame.bytes[..end].to_vec(), false).await;
            assert_eq!(found.map(|damage| damage.entry), Some(frame.sequence), "cut at {end}");
        }
    }
    assert!(verify(&store).await.is_sound());
}

#[tokio::test]
async fn every_flipped_bit_is_found_at_its_entry() {
    let (store, frames) = small().await;
    for frame in &frames {
        for bit in 0..frame.bytes.len() * 8 {
            let mut bytes = frame.bytes.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let found = damage(&store, frame, bytes, false).await;
            assert_eq!(found.map(|damage| damage.entry), Some(frame.sequence), "bit {bit}");
        }
    }
    assert!(verify(&store).await.is_sound());
}

/// Whoever changes an entry and its hash with it is found at the entry that follows, if not before.
#[tokio::test]
async fn the_chain_finds_what_was_forged_with_its_hash() {
    let (store, frames) = small().await;
    for frame in &frames[..2] {
        for bit in 0..frame.bytes.len() * 8 {
            let mut bytes = frame.bytes.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let found = damage(&store, frame, bytes, true).await.unwrap().entry;
            assert!(found == frame.sequence || found == frame.sequence + 1, "bit {bit}: entry {found}");
        }
    }
}

#[tokio::test]
async fn a_snapshot_of_another_history_is_found() {
    let (store, _) = small().await;
    let head = store.head().await.unwrap();
    store.save_snapshot(head, Bytes::from_static(b"state")).await.unwrap();
    assert!(verify(&store).await.is_sound());
    for (sequence, wrong) in [(2, "another hash"), (9, "ends before")] {
        let id = Head { sequence, hash: [7; 32] };
        store.save_snapshot(id, Bytes::from_static(b"state")).await.unwrap();
        let report = verify(&store).await;
        let found = report.snapshots.iter().find(|checked| checked.entry == sequence).unwrap();
        assert!(found.wrong.as_ref().unwrap().contains(wrong), "{found:?}");
        assert!(!report.is_sound() && report.damage.is_none());
    }
    let found = snapshot::newest_sound(&store).await.unwrap();
    assert_eq!(found.newest.unwrap().0, head);
    assert_eq!(found.passed_over.len(), 1, "the one of entry 9");
}
