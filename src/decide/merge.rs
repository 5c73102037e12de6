//! What a merge means beyond the incident that is merged: it goes on as the other one.

use super::fact::Fact;
use super::incident;
use super::state::State;
use crate::event::{Name, Time};
use std::collections::BTreeSet;

/// The incident as which this one goes on in the end; itself where it was not merged.
pub fn goes_on_as<'a>(state: &'a State, incident: &'a str) -> &'a str {
    way(state, incident).last().unwrap_or(incident)
}

/// The incident and those as which it goes on, one after the other.
fn way<'a>(state: &'a State, incident: &'a str) -> impl Iterator<Item = &'a str> {
    let mut seen = BTreeSet::new();
    let next = |at: &&str| state.incidents.get(*at).and_then(|known| known.merged_into.as_deref());
    std::iter::successors(Some(incident), next).take_while(move |at| seen.insert(*at))
}

/// Whether merging `incident` into `into` would leave none of them that goes on.
pub(super) fn is_circle(state: &State, incident: &str, into: &str) -> bool {
    way(state, into).any(|other| other == incident)
}

/// R27: whoever was told of `incident`, or of what goes on as it, is owed the end of `target`, as which all of it goes on
/// now: the target's case opens a briefing for every such audience that has none.
pub(super) fn carry_on(state: &State, now: Time, incident: &str, target: &str) -> Vec<Fact> {
    let case = incident::case_id(target);
    let known = state.cases.get(&case);
    let mut briefed: BTreeSet<&Name> =
        known.iter().flat_map(|case| &case.briefings).map(|briefing| &briefing.audience).collect();
    let merged = state.incidents.iter().filter(|(_, known)| known.merged_into.is_some()).map(|(id, _)| &**id);
    let merged = merged.filter(|id| way(state, id).any(|other| other == incident));
    let merged = merged.chain([incident]).filter(|id| *id != target);
    let cases = merged.filter_map(|id| state.cases.get(&incident::case_id(id)));
    let mut facts = Vec::new();
    for briefing in cases.flat_map(|case| &case.briefings).filter(|briefing| briefing.said.is_some()) {
        if briefed.insert(&briefing.audience) {
            let (audience, row) = (briefing.audience.clone(), briefing.row.clone());
            facts.push(Fact::BriefingOpened { case, audience, row, disclosure: briefing.disclosure });
        }
    }
    if !facts.is_empty() {
        let due = known.and_then(|case| case.due);
        facts.push(Fact::CaseDue { case, at: Some(due.map_or(now, |due| due.min(now))) });
    }
    facts
}
