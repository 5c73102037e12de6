//! Start-up: the newest verified snapshot, the entries after it, and what they fold to.

use super::append::{self, Snapshot};
use crate::decide::{Fact, Input, PolicyText, State, What};
use crate::event::Name;
use crate::journal::walk::Walk;
use crate::journal::{Cursor, Decoder, Head, ReadError, Store, snapshot};
use std::collections::BTreeMap;

/// What a journal folds to.
#[derive(Debug, Default)]
pub struct Recovered {
    /// State after the newest entry.
    pub state: State,
    /// The newest entry.
    pub head: Head,
    /// Where the lanes stand.
    pub cursors: BTreeMap<Name, Cursor>,
    /// The last entry in which more was decided than that somebody leads, and by which policy.
    pub worked: u64,
}

/// Folds the journal. An entry that cannot be read stops the start: nothing is ever skipped.
///
/// # Errors
/// The store cannot be read, or an entry is damaged or of a newer release.
pub async fn recover(store: &dyn Store) -> Result<Recovered, ReadError> {
    let found = snapshot::newest_sound(store).await?;
    for (id, why) in &found.passed_over {
        tracing::warn!(entry = id.sequence, why, "a snapshot was passed over");
    }
    let mut recovered = Recovered::default();
    if let Some((id, bytes)) = found.newest {
        match append::unpack(&bytes) {
            Ok(Snapshot { state, cursors, .. }) => {
                recovered = Recovered { state: state.restored(), head: id, cursors, worked: id.sequence };
            }
            Err(error) => {
                tracing::warn!(entry = id.sequence, %error, "a snapshot cannot be read; folding without it")
            }
        }
    }
    let mut walk = Walk::after(store, recovered.head)?;
    loop {
        let kept = walk.next().await?;
        if kept.is_empty() {
            break;
        }
        for one in kept {
            let header = &one.entry.header;
            for decided in &one.entry.batch {
                let at = decided.input.as_ref().map_or(header.at, |input| input.at);
                recovered.state.fold(at, header.sequence, &decided.facts);
                let start =
                    |input: &Input| matches!(input.what, What::Started { .. } | What::PolicyChanged(_));
                if !decided.input.as_ref().is_some_and(start) {
                    recovered.worked = header.sequence;
                }
            }
            recovered.cursors.extend(one.entry.header.cursors);
        }
    }
    recovered.head = walk.head();
    Ok(recovered)
}

/// The texts of the policy that State last adopted (R38).
pub async fn last_policy(store: &dyn Store, state: &State) -> Option<PolicyText> {
    let frames = store.read(state.policy_entry, 1, 1).await.ok()?;
    let entry = Decoder::new().ok()?.decode(frames.first()?).ok()?;
    let facts = entry.batch.into_iter().flat_map(|decided| decided.facts);
    facts.filter_map(|fact| if let Fact::PolicyAdopted { text } = fact { Some(text) } else { None }).last()
}
