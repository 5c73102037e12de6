//! Which snapshot to start from: the newest that is whole and belongs to an entry of this journal.

use super::{ReadError, Resolution, SnapshotId, Store};
use bytes::Bytes;

/// What was found to start from.
#[derive(Debug, Default)]
pub struct Found {
    /// The newest sound snapshot; `None`: fold from the first entry.
    pub newest: Option<(SnapshotId, Bytes)>,
    /// Newer ones that cannot be used, with the reason as a sentence: worth a warning each.
    pub passed_over: Vec<(SnapshotId, String)>,
}

/// Whether a snapshot is whole and its entry stands in the journal under its hash; with its bytes.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub async fn check<S: Store + ?Sized>(store: &S, id: SnapshotId) -> Result<Bytes, String> {
    match store.resolve(id).await {
        Ok(Resolution::Durable) => {}
        Ok(Resolution::Lost) => return Err("its entry in the journal has another hash".into()),
        Ok(Resolution::Absent) => return Err("the journal ends before its entry".into()),
        Err(ReadError::Gone { first }) => {
            return Err(format!("its entry is gone; history begins at {first}"));
        }
        Err(error) => return Err(error.to_string()),
    }
    store.load_snapshot(id).await.map_err(|error| error.to_string())
}

/// Looks for the newest snapshot that can be trusted; an unsound one is passed over, never taken.
///
/// # Errors
/// The store could not be read at all.
pub async fn newest_sound<S: Store + ?Sized>(store: &S) -> Result<Found, ReadError> {
    let mut found = Found::default();
    for id in store.snapshots().await? {
        match check(store, id).await {
            Ok(bytes) => {
                found.newest = Some((id, bytes));
                break;
            }
            Err(reason) => found.passed_over.push((id, reason)),
        }
    }
    Ok(found)
}
