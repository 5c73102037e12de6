//! What a merge means beyond the incident that is merged: it goes on as the other one.

use super::fact::{Fact, Kept, Said};
use super::incident;
use super::state::{Briefing, Incident, State};
use crate::event::id::CaseId;
use crate::event::{Name, Recipient, Time};
use crate::message::CaseStatus;
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

/// Whether any was opened of those as which an incident goes on that is merged `into` this one.
pub(super) fn leads_to_one_opened(state: &State, into: &str) -> bool {
    way(state, into).any(|other| is_opened(state, other))
}

/// What an event of `incident` means for those that go on as it, and, where it is merged `into` another, for itself.
/// `is_open` says whether it was ever opened. An incident merged into none that was opened goes on as itself until one is,
/// so that a mistake silences nobody. One that has gone on as another stays merged, though the other is forgotten.
pub(super) fn settle(
    state: &State,
    now: Time,
    incident: &str,
    into: Option<&str>,
    is_open: bool,
) -> Vec<Fact> {
    let waiting = |id: &str| state.incidents.get(id).is_some_and(|known| known.merge_waits);
    let ahead: Vec<&str> = match into {
        Some(into) => way(state, into).collect(),
        None => way(state, incident).skip(1).collect(),
    };
    let opened_ahead = ahead.iter().any(|id| is_opened(state, id));
    let target = match into {
        None if waiting(incident) => incident,
        _ => ahead.iter().find(|id| waiting(id)).or(ahead.last()).copied().unwrap_or(incident),
    };
    let merged =
        state.incidents.iter().filter(|(id, known)| known.merged_into.is_some() && ***id != *incident);
    let behind: Vec<&str> =
        merged.map(|(id, _)| &**id).filter(|id| way(state, id).any(|other| other == incident)).collect();
    let moves = into.is_some();
    let own = moves.then_some(incident);
    let mut facts = Vec::new();
    for id in behind.iter().copied().chain(own) {
        let mut before = way(state, id).skip(1).take_while(|other| *other != incident);
        let reaches = opened_ahead || *id != *incident && (is_open || before.any(|id| is_opened(state, id)));
        let stays = state.incidents.get(id).is_some_and(|known| {
            known.is_merged() && (!moves || id == incident && known.merged_into.as_deref() == into)
        });
        if waiting(id) == reaches && !stays {
            facts.push(Fact::MergeWaits { incident: id.into(), waits: !reaches });
            facts.extend(look_at(state, now, id));
        }
    }
    let new = !state.cases.contains_key(&incident::case_id(incident)) && target == incident;
    if new || moves || !facts.is_empty() {
        facts.extend(carry_on(state, now, &behind, own, target));
    }
    facts
}

fn is_opened(state: &State, incident: &str) -> bool {
    state.incidents.get(incident).is_some_and(|known| known.open.is_some())
}

/// Who was told of what goes on as `incident`, in an audience that has heard nothing of `incident` itself although it is
/// over: they are owed its end (R27).
pub(super) fn owed_the_end(state: &State, id: CaseId, incident: &str, briefing: &Briefing) -> Option<Fact> {
    let goes_on = |other: &str, known: &Incident| {
        let stamp = |field: &str| known.stamps.get(field).map(|stamp| stamp.at);
        let was_over = known.open == Some(false) && known.open_since < stamp("merged");
        known.is_merged() && !was_over && way(state, other).skip(1).any(|other| other == incident)
    };
    let behind = state.incidents.iter().filter(|(other, known)| goes_on(other, known));
    let told = behind.filter_map(|(other, known)| {
        let told = state.cases.get(&incident::case_id(other))?.briefing(&briefing.audience)?;
        let merged = known.stamps.get("merged").map(|stamp| stamp.at);
        // Who had read the end before the merge knows no more of what goes on than anybody else.
        told.said.filter(|(said, at)| !said.is_over() || Some(*at) >= merged).map(|_| told)
    });
    let told: Vec<&Briefing> = told.collect();
    let lines = told.iter().flat_map(|told| told.lines.iter());
    let knows = lines.filter(|(_, line)| line.told.is_some() || !line.pending.is_empty());
    let recipients: BTreeSet<&Recipient> = knows.map(|(recipient, _)| recipient).collect();
    let (said, _) = told.first().and_then(|told| told.said).filter(|_| !recipients.is_empty())?;
    let said = Said { status: CaseStatus::Open, ..said };
    let (audience, recipients) = (briefing.audience.clone(), recipients.into_iter().cloned().collect());
    Some(Fact::Kept(Kept::CarriedOver { case: id, audience, recipients, said }))
}

/// The case of an incident is looked at now.
fn look_at(state: &State, now: Time, incident: &str) -> Option<Fact> {
    let case = incident::case_id(incident);
    Some(Fact::CaseDue { case, at: Some(state.cases.get(&case)?.due_by(now)) })
}

/// R27: whoever was told of what is merged is owed the end of `target`, as which all of it goes on: the target's case
/// opens a briefing for every such audience that has none.
fn carry_on(state: &State, now: Time, behind: &[&str], own: Option<&str>, target: &str) -> Vec<Fact> {
    let case = incident::case_id(target);
    let known = state.cases.get(&case);
    if known.is_none() && own.is_some() {
        // It has no case yet; its own first event will carry on.
        return Vec::new();
    }
    let mut briefed: BTreeSet<&Name> =
        known.iter().flat_map(|case| &case.briefings).map(|briefing| &briefing.audience).collect();
    let cases = behind.iter().copied().chain(own).filter_map(|id| state.cases.get(&incident::case_id(id)));
    let mut facts = Vec::new();
    for briefing in cases.flat_map(|case| &case.briefings).filter(|briefing| briefing.said.is_some()) {
        if briefed.insert(&briefing.audience) {
            let (audience, row) = (briefing.audience.clone(), briefing.row.clone());
            facts.push(Fact::BriefingOpened { case, audience, row, disclosure: briefing.disclosure });
        }
    }
    if !facts.is_empty() {
        facts.extend(look_at(state, now, target));
    }
    facts
}
