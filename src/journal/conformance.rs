//! What every store must do, as cases that a test of that store runs. Nothing here is called outside tests.

use super::{AppendError, Frame, Head, ReadError, Resolution, SnapshotId, Store};
use bytes::Bytes;
use std::fmt::Debug;
use std::future::Future;

/// Makes stores of one kind for [`conforms`].
pub trait Maker: Sync {
    /// The kind.
    type Made: Store;

    /// A new, empty journal.
    fn fresh(&self) -> impl Future<Output = Self::Made> + Send;

    /// The same journal, closed and opened again; `None` where nothing outlives the store.
    fn reopen(&self, store: Self::Made) -> impl Future<Output = Option<Self::Made>> + Send;
}

type Case = Result<(), String>;

/// Runs every case, each on a journal of its own.
///
/// # Errors
/// The first case that fails, and how.
pub async fn conforms<M: Maker>(maker: &M) -> Case {
    named("an empty journal", empty(&maker.fresh().await).await)?;
    named("append and read", append_and_read(&maker.fresh().await).await)?;
    named("the fence", fence(&maker.fresh().await).await)?;
    named("a pipelined chain", pipeline(&maker.fresh().await).await)?;
    named("a broken chain", broken_chain(&maker.fresh().await).await)?;
    named("dropped answers", dropped_answers(&maker.fresh().await).await)?;
    named("resolving", resolving(&maker.fresh().await).await)?;
    named("limits of reading", limits(&maker.fresh().await).await)?;
    named("snapshots", snapshots(&maker.fresh().await).await)?;
    named("retention", retention(&maker.fresh().await).await)?;
    named("retention without two snapshots", careful_retention(&maker.fresh().await).await)?;
    named("retention beside foreign snapshots", foreign_snapshots(&maker.fresh().await).await)?;
    named("opening again", reopening(maker).await)
}

fn named(name: &str, case: Case) -> Case {
    case.map_err(|what| format!("{name}: {what}"))
}

fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Case {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} instead of {expected:?}")) }
}

fn fine<T, E: Debug>(what: &str, result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error:?}"))
}

/// A frame behind `after`; a store does not look into it.
fn frame(after: Head, text: &str) -> Frame {
    let bytes = Bytes::from(format!("entry {} {text}", after.sequence + 1));
    Frame { sequence: after.sequence + 1, bytes }
}

/// `count` frames that follow one another, each with the head that it expects.
fn chain(mut after: Head, count: usize) -> Vec<(Head, Frame)> {
    let mut frames = Vec::with_capacity(count);
    for _ in 0..count {
        let frame = frame(after, "of a chain");
        let next = Head::of(&frame);
        frames.push((after, frame));
        after = next;
    }
    frames
}

/// Appends `count` frames, one after the other, and gives their heads.
async fn fill<S: Store>(store: &S, count: usize) -> Result<Vec<Head>, String> {
    let head = fine("head", store.head().await)?;
    let mut heads = Vec::with_capacity(count);
    for (after, frame) in chain(head, count) {
        heads.push(Head::of(&frame));
        fine("append", store.append(after, frame).await)?;
    }
    Ok(heads)
}

async fn empty<S: Store>(store: &S) -> Case {
    same("head", fine("head", store.head().await)?, Head::default())?;
    same("entries", fine("read", store.read(1, 10, 1000).await)?, vec![])?;
    same("snapshots", fine("snapshots", store.snapshots().await)?, vec![])?;
    let first = Head { sequence: 1, hash: [1; 32] };
    same("entry 1", fine("resolve", store.resolve(first).await)?, Resolution::Absent)
}

async fn append_and_read<S: Store>(store: &S) -> Case {
    let frames = chain(Head::default(), 3);
    for (after, frame) in &frames {
        fine("append", store.append(*after, frame.clone()).await)?;
        same("head after an append", fine("head", store.head().await)?, Head::of(frame))?;
    }
    let frames: Vec<Frame> = frames.into_iter().map(|(_, frame)| frame).collect();
    same("from the first", fine("read", store.read(1, 10, 1000).await)?, frames.clone())?;
    same("from zero", fine("read", store.read(0, 10, 1000).await)?, frames.clone())?;
    same("from the last", fine("read", store.read(3, 10, 1000).await)?, frames[2..].to_vec())?;
    same("behind the last", fine("read", store.read(4, 10, 1000).await)?, vec![])
}

/// Nothing is written unless sequence and hash of the head are those that were expected.
async fn fence<S: Store>(store: &S) -> Case {
    let head = fill(store, 2).await?[1];
    let wrong_hash = Head { hash: [9; 32], ..head };
    let behind = Head { sequence: 1, ..head };
    let ahead = Head { sequence: 7, ..head };
    for after in [Head::default(), behind, wrong_hash, ahead] {
        match store.append(after, frame(after, "of another writer")).await {
            Err(AppendError::Fenced { expected, actual }) => {
                same("what was expected", (expected, actual), (after.sequence, 2))?;
            }
            other => return Err(format!("an append after {after:?} gave {other:?}")),
        }
    }
    let misplaced = Frame { sequence: 9, ..frame(head, "with a wrong number") };
    if store.append(head, misplaced).await.is_ok() {
        return Err("a frame with a wrong sequence was taken".into());
    }
    same("head", fine("head", store.head().await)?, head)?;
    fine("the right append", store.append(head, frame(head, "right")).await)
}

async fn pipeline<S: Store>(store: &S) -> Case {
    let frames = chain(Head::default(), 64);
    let answers: Vec<_> = frames.iter().map(|(after, frame)| store.append(*after, frame.clone())).collect();
    for answer in answers {
        fine("a pipelined append", answer.await)?;
    }
    let kept = fine("read", store.read(1, 100, usize::MAX).await)?;
    same("entries", kept, frames.into_iter().map(|(_, frame)| frame).collect())
}

/// When one of a chain fails, every later one fails: what is kept is always a prefix.
async fn broken_chain<S: Store>(store: &S) -> Case {
    let mut frames = chain(Head::default(), 20);
    frames[10].0.hash = [9; 32];
    let answers: Vec<_> = frames.iter().map(|(after, frame)| store.append(*after, frame.clone())).collect();
    let mut taken = Vec::new();
    for answer in answers {
        taken.push(answer.await.is_ok());
    }
    same("answers", taken, (0..20).map(|place| place < 10).collect())?;
    same("head", fine("head", store.head().await)?, Head::of(&frames[9].1))
}

/// The work goes on without anybody waiting for the answer.
async fn dropped_answers<S: Store>(store: &S) -> Case {
    let frames = chain(Head::default(), 8);
    let Some(((after, last), dropped)) = frames.split_last() else { return Ok(()) };
    for (after, frame) in dropped {
        drop(store.append(*after, frame.clone()));
    }
    fine("the append behind dropped ones", store.append(*after, last.clone()).await)?;
    same("head", fine("head", store.head().await)?, Head::of(last))
}

async fn resolving<S: Store>(store: &S) -> Case {
    let heads = fill(store, 3).await?;
    for head in heads {
        same("ours", fine("resolve", store.resolve(head).await)?, Resolution::Durable)?;
        let other = Head { hash: [9; 32], ..head };
        same("another's", fine("resolve", store.resolve(other).await)?, Resolution::Lost)?;
    }
    let next = Head { sequence: 4, hash: [9; 32] };
    same("not there yet", fine("resolve", store.resolve(next).await)?, Resolution::Absent)
}

async fn limits<S: Store>(store: &S) -> Case {
    fill(store, 6).await?;
    let frames = fine("read", store.read(1, 100, usize::MAX).await)?;
    let size = frames[0].bytes.len();
    for (max, max_bytes, count) in
        [(2, usize::MAX, 2), (100, size * 3, 3), (100, size * 3 + 1, 3), (100, 1, 1), (100, 0, 1), (0, 0, 1)]
    {
        let found = fine("read", store.read(1, max, max_bytes).await)?;
        same(&format!("at most {max} and {max_bytes} bytes"), found, frames[..count].to_vec())?;
    }
    Ok(())
}

async fn snapshots<S: Store>(store: &S) -> Case {
    let heads = fill(store, 3).await?;
    let large = Bytes::from(vec![7; 3 << 20]);
    for (head, bytes) in
        [(heads[1], Bytes::from_static(b"two")), (heads[0], Bytes::new()), (heads[2], large.clone())]
    {
        fine("save", store.save_snapshot(head, bytes).await)?;
    }
    let newest_first: Vec<SnapshotId> = heads.iter().rev().copied().collect();
    same("snapshots", fine("snapshots", store.snapshots().await)?, newest_first)?;
    same("a large one", fine("load", store.load_snapshot(heads[2]).await)?, large)?;
    same("an empty one", fine("load", store.load_snapshot(heads[0]).await)?, Bytes::new())?;
    fine("save again", store.save_snapshot(heads[1], Bytes::from_static(b"anew")).await)?;
    same("a replaced one", fine("load", store.load_snapshot(heads[1]).await)?, Bytes::from_static(b"anew"))?;
    same("how many", fine("snapshots", store.snapshots().await)?.len(), 3)?;
    for missing in [Head { sequence: 9, ..heads[0] }, Head { hash: [9; 32], ..heads[1] }] {
        if store.load_snapshot(missing).await.is_ok() {
            return Err("a snapshot was loaded that was never saved".into());
        }
    }
    Ok(())
}

async fn retention<S: Store>(store: &S) -> Case {
    let heads = fill(store, 9).await?;
    for head in [heads[1], heads[4], heads[7]] {
        fine("save", store.save_snapshot(head, Bytes::from_static(b"state")).await)?;
    }
    fine("retain", store.retain(4).await)?;
    let kept = fine("snapshots", store.snapshots().await)?;
    same("kept snapshots", kept, vec![heads[7], heads[4]])?;
    begins_at(store, 4).await?;
    fine("retain more than may go", store.retain(9).await)?;
    begins_at(store, 5).await?;
    fine("retain what is gone", store.retain(2).await)?;
    begins_at(store, 5).await?;
    same("head", fine("head", store.head().await)?, heads[8])?;
    fine("append", store.append(heads[8], frame(heads[8], "after retention")).await)
}

async fn begins_at<S: Store>(store: &S, first: u64) -> Case {
    for gone in [1, first - 1] {
        match store.read(gone, 10, 1000).await {
            Err(ReadError::Gone { first: told }) => same("where history begins", told, first)?,
            other => return Err(format!("entry {gone} is gone, and reading it gave {other:?}")),
        }
    }
    let frames = fine("read", store.read(first, 1, 1000).await)?;
    same("the first entry", frames.first().map(|frame| frame.sequence), Some(first))
}

async fn careful_retention<S: Store>(store: &S) -> Case {
    let heads = fill(store, 5).await?;
    for saved in [None, Some(heads[3])] {
        if let Some(head) = saved {
            fine("save", store.save_snapshot(head, Bytes::from_static(b"state")).await)?;
        }
        fine("retain", store.retain(4).await)?;
        same("entries", fine("read", store.read(1, 10, 1000).await)?.len(), 5)?;
    }
    same("snapshots", fine("snapshots", store.snapshots().await)?.len(), 1)
}

/// Snapshots of another history, as a restored backup finds them beside it, are nothing to start from.
async fn foreign_snapshots<S: Store>(store: &S) -> Case {
    let heads = fill(store, 9).await?;
    let foreign = |sequence| Head { sequence, hash: [9; 32] };
    for head in [heads[1], heads[3], foreign(6), foreign(8), foreign(40)] {
        fine("save", store.save_snapshot(head, Bytes::from_static(b"state")).await)?;
    }
    fine("retain", store.retain(9).await)?;
    begins_at(store, 2).await?;
    for head in [heads[1], heads[3]] {
        fine("load", store.load_snapshot(head).await)?;
    }
    Ok(())
}

async fn reopening<M: Maker>(maker: &M) -> Case {
    let store = maker.fresh().await;
    let birth = store.birth();
    let heads = fill(&store, 5).await?;
    fine("save", store.save_snapshot(heads[3], Bytes::from_static(b"state")).await)?;
    let frames = fine("read", store.read(1, 10, 1000).await)?;
    let Some(store) = maker.reopen(store).await else { return Ok(()) };
    same("birth", store.birth(), birth)?;
    same("head", fine("head", store.head().await)?, heads[4])?;
    same("entries", fine("read", store.read(1, 10, 1000).await)?, frames)?;
    same("snapshots", fine("snapshots", store.snapshots().await)?, vec![heads[3]])?;
    same("content", fine("load", store.load_snapshot(heads[3]).await)?, Bytes::from_static(b"state"))?;
    same("the fence", store.append(heads[3], frame(heads[3], "late")).await.is_err(), true)?;
    fine("append", store.append(heads[4], frame(heads[4], "after opening again")).await)
}
