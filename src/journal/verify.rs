//! Whether a journal is what was written: the whole chain, every entry's content, every snapshot.

use super::walk::Walk;
use super::{Head, ReadError, SnapshotId, Store, snapshot};
use serde::Serialize;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The first entry that is kept; 0 in an empty journal.
    pub first: u64,
    /// The last entry that was found in order.
    pub last: u64,
    /// How many entries were found in order.
    pub count: u64,
    /// The bytes of their frames.
    pub bytes: u64,
    /// The first damage, where the walk ended.
    pub damage: Option<Damage>,
    /// Each snapshot, newest first.
    pub snapshots: Vec<Checked>,
}

/// Where and how a journal is damaged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// At which entry; 0 for the store itself.
    pub entry: u64,
    /// What is wrong, as a sentence.
    pub what: String,
}

/// A snapshot and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Up to which entry it goes.
    pub entry: u64,
    /// What is wrong, as a sentence; `None` if it is sound.
    pub wrong: Option<String>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.damage.is_none() && self.snapshots.iter().all(|snapshot| snapshot.wrong.is_none())
    }
}

/// Walks everything that is kept up to the head of this moment; a journal that is being written may be verified too.
pub async fn verify<S: Store + ?Sized>(store: &S) -> Report {
    let mut report = Report::default();
    report.damage = match walk(store, &mut report).await {
        Ok(()) => None,
        Err(ReadError::Damaged { sequence, what }) => Some(Damage { entry: sequence, what }),
        Err(error) => Some(Damage { entry: 0, what: error.to_string() }),
    };
    match store.snapshots().await {
        Ok(ids) => {
            for id in ids {
                report.snapshots.push(checked(store, id).await);
            }
        }
        Err(error) => {
            report.damage.get_or_insert(Damage { entry: 0, what: error.to_string() });
        }
    }
    report
}

async fn walk<S: Store + ?Sized>(store: &S, report: &mut Report) -> Result<(), ReadError> {
    let head = store.head().await?;
    let mut walk = Walk::whole(store).await?;
    while walk.head().sequence < head.sequence {
        let kept = walk.next().await?;
        if kept.is_empty() {
            let what = format!("is missing: the journal should go on to entry {}", head.sequence);
            return Err(ReadError::Damaged { sequence: walk.head().sequence + 1, what });
        }
        for kept in kept.into_iter().take_while(|kept| kept.head.sequence <= head.sequence) {
            check_head(kept.head, head)?;
            report.first = if report.count == 0 { kept.head.sequence } else { report.first };
            report.last = kept.head.sequence;
            report.count += 1;
            report.bytes += kept.bytes as u64;
        }
    }
    Ok(())
}

/// Nothing follows the last entry that would name its hash; the store itself knows it.
fn check_head(entry: Head, head: Head) -> Result<(), ReadError> {
    if entry.sequence == head.sequence && entry.hash != head.hash {
        let what = "is not the entry that the store knows as its newest".into();
        return Err(ReadError::Damaged { sequence: entry.sequence, what });
    }
    Ok(())
}

async fn checked<S: Store + ?Sized>(store: &S, id: SnapshotId) -> Checked {
    Checked { entry: id.sequence, wrong: snapshot::check(store, id).await.err() }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
