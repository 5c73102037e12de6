//! The file store against the memory store: whatever is done in whatever order, both say the same.

use super::{FileStore, Options};
use crate::event::Time;
use crate::journal::{Birth, Frame, Head, MemoryStore, Store};
use bytes::Bytes;
use proptest::prelude::*;

/// One thing to do; numbers are reduced to what there is.
#[derive(Clone, Debug)]
enum Step {
    /// Appends a pipelined chain; a link in it may be wrong.
    Append { count: u64, wrong: Option<u64>, size: usize },
    /// Reads.
    Read { from: u64, max: usize, max_bytes: usize },
    /// Resolves an entry, with its own hash or another.
    Resolve { sequence: u64, ours: bool },
    /// Saves a snapshot of an entry, or of one of another history.
    Save { back: u64, ours: bool },
    /// Retains.
    Retain { first: u64 },
    /// Closes and opens again.
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1..12_u64, proptest::option::weighted(0.2, 0..12_u64), 0..9_000_usize)
            .prop_map(|(count, wrong, size)| Step::Append { count, wrong, size }),
        3 => (0..60_u64, 0..20_usize, 0..30_000_usize)
            .prop_map(|(from, max, max_bytes)| Step::Read { from, max, max_bytes }),
        2 => (1..60_u64, any::<bool>()).prop_map(|(sequence, ours)| Step::Resolve { sequence, ours }),
        2 => (0..10_u64, proptest::bool::weighted(0.8)).prop_map(|(back, ours)| Step::Save { back, ours }),
        1 => (0..60_u64).prop_map(|first| Step::Retain { first }),
        1 => Just(Step::Reopen),
    ]
}

/// What a store says to a step, as text; `heads` are those of all entries that were ever appended.
async fn said(store: &dyn Store, step: &Step, heads: &mut Vec<Head>) -> String {
    let head = heads.last().copied().unwrap_or_default();
    let known =
        |sequence: u64| usize::try_from(sequence).ok().and_then(|at| heads.get(at.checked_sub(1)?)).copied();
    match *step {
        Step::Append { count, wrong, size } => {
            let mut after = head;
            let mut answers = Vec::new();
            for link in 0..count {
                let bytes = Bytes::from(vec![u8::try_from(link).unwrap(); size]);
                let frame = Frame { sequence: after.sequence + 1, bytes };
                let next = Head::of(&frame);
                let hash = if wrong == Some(link) { [9; 32] } else { after.hash };
                answers.push((next, store.append(Head { hash, ..after }, frame)));
                after = next;
            }
            let mut told = Vec::new();
            for (next, answer) in answers {
                let answer = answer.await;
                if answer.is_ok() {
                    heads.push(next);
                }
                told.push(answer);
            }
            format!("{told:?}")
        }
        Step::Read { from, max, max_bytes } => format!("{:?}", store.read(from, max, max_bytes).await),
        Step::Resolve { sequence, ours } => {
            let hash = known(sequence).filter(|_| ours).map_or([9; 32], |head| head.hash);
            format!("{:?}", store.resolve(Head { sequence, hash }).await)
        }
        Step::Save { back, ours } => {
            let Some(id) = known(head.sequence.saturating_sub(back)) else { return String::new() };
            let id = if ours { id } else { Head { hash: [9; 32], ..id } };
            format!("{:?}", store.save_snapshot(id, Bytes::from(format!("state of {}", id.sequence))).await)
        }
        Step::Retain { first } => format!("{:?}", store.retain(first).await),
        Step::Reopen => String::new(),
    }
}

/// Everything that can be asked of a store.
async fn all(store: &dyn Store) -> String {
    let snapshots = store.snapshots().await.unwrap();
    let mut contents = Vec::new();
    for id in &snapshots {
        contents.push(store.load_snapshot(*id).await);
    }
    let from_first = store.read(1, 1_000, usize::MAX).await;
    format!("{:?} {from_first:?} {snapshots:?} {contents:?}", store.head().await)
}

async fn compare(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let birth = Birth { id: [1; 16], at: Time::EPOCH };
    let options = Options::new(folder.path(), birth);
    let memory = MemoryStore::new(birth);
    let mut file = FileStore::open(&options).unwrap();
    let [mut in_memory, mut in_file] = [Vec::new(), Vec::new()];
    for step in &steps {
        if matches!(step, Step::Reopen) {
            drop(file);
            file = FileStore::open(&options).unwrap();
        }
        let expected = said(&memory, step, &mut in_memory).await;
        prop_assert_eq!(said(&file, step, &mut in_file).await, expected, "{:?}", step);
        prop_assert_eq!(all(&file).await, all(&memory).await, "after {:?}", step);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn both_stores_say_the_same(steps in proptest::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(steps))?;
    }
}
