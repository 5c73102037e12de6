//! What a merge means beyond the incident that is merged: it goes on as the other one.

use super::state::State;
use std::collections::BTreeSet;

/// The incident as which this one goes on in the end; itself where it was not merged.
pub fn goes_on_as<'a>(state: &'a State, incident: &'a str) -> &'a str {
    let mut at = incident;
    let mut seen = BTreeSet::new();
    while let Some(next) = state.incidents.get(at).and_then(|known| known.merged_into.as_deref()) {
        if !seen.insert(at) {
            break;
        }
        at = next;
    }
    at
}

/// Whether merging `incident` into `into` would leave none of them that goes on.
pub(super) fn is_circle(state: &State, incident: &str, into: &str) -> bool {
    goes_on_as(state, into) == incident
}
