//! R14: by which of their addresses the contacts of an audience are told, or who is instead of them; destinations
//! always are.

use super::policy::{Audience, Contact, Policy, Via, ViaKey};
use super::state::State;
use crate::event::{Name, Recipient, Time};
use crate::message::Kind;
use std::collections::BTreeSet;

impl Via {
    /// The channels for a kind of message; `None` when this does not say.
    pub fn channels(&self, kind: Kind, urgent: bool) -> Option<&[Name]> {
        let map = match self {
            Via::Unsaid => return None,
            Via::List(channels) => return Some(channels),
            Via::Map(map) => map,
        };
        let own = if kind == Kind::Holding { Kind::Update } else { kind };
        let urgent = urgent.then_some(ViaKey::Urgent);
        let keys = [Some(ViaKey::Kind(own)), urgent, Some(ViaKey::Other), Some(ViaKey::Kind(Kind::Opening))];
        keys.into_iter().flatten().find_map(|key| map.get(&key)).map(Vec::as_slice)
    }

    /// Whether resolutions have a key of their own, or everything goes the same way.
    pub fn names_resolution(&self) -> bool {
        matches!(self, Via::Map(map) if map.contains_key(&ViaKey::Kind(Kind::Resolution)))
    }
}

/// Everyone in the audience who is told this kind of message now, each once; instead of who cannot be told, the backup.
pub fn recipients<'p>(
    state: &State,
    policy: &'p Policy,
    audience: &'p Audience,
    via: &Via,
    kind: Kind,
    urgent: bool,
) -> Vec<Recipient> {
    let channels = via.channels(kind, urgent).or_else(|| policy.default_via.channels(kind, urgent));
    let contacts = audience.contacts.iter().filter_map(|name| policy.contacts.get(name));
    let ways = contacts.flat_map(|contact| ways(state, stand_in(state, policy, contact), channels));
    each_once(ways.chain(&audience.destinations))
}

/// Everyone in the audience who is there at this time, by every address, for a test of all ways.
pub fn by_every_address(policy: &Policy, now: Time, audience: &Audience) -> Vec<Recipient> {
    let state = State { time: now, ..State::default() };
    let contacts = audience.contacts.iter().filter_map(|name| policy.contacts.get(name));
    let all = contacts.flat_map(|contact| &stand_in(&state, policy, contact).all);
    each_once(all.chain(&audience.destinations))
}

/// By which ways a contact itself is told what belongs to no row, whoever else would be (R14).
pub(super) fn of_contact(
    state: &State,
    policy: &Policy,
    contact: &Name,
    kind: Kind,
    urgent: bool,
) -> Vec<Recipient> {
    let Some(contact) = policy.contacts.get(contact) else { return Vec::new() };
    each_once(
        ways(state, stand_in(state, policy, contact), policy.default_via.channels(kind, urgent)).into_iter(),
    )
}

/// Whether the contact is away.
pub(super) fn is_away(state: &State, contact: &Contact) -> bool {
    contact.away.is_some_and(|away| away.covers(state.time))
}

/// When somebody of the audience next leaves or is back, or one who is told instead of them.
pub(super) fn next_change(policy: &Policy, now: Time, audience: &Audience) -> Option<Time> {
    let contacts = audience.contacts.iter().filter_map(|name| policy.contacts.get(name));
    let away = contacts.flat_map(|contact| policy.with_backups(contact)).filter_map(|contact| contact.away);
    away.flat_map(|away| [away.from, away.until]).flatten().filter(|at| *at > now).min()
}

fn each_once<'p>(recipients: impl Iterator<Item = &'p Recipient>) -> Vec<Recipient> {
    let mut seen: BTreeSet<&Recipient> = BTreeSet::new();
    recipients.filter(|recipient| seen.insert(*recipient)).cloned().collect()
}

/// Who is told instead of a contact: itself while it is there and has an address that lives, else the first of its
/// backups of whom that is true. Where it is true of nobody, itself: that nobody is told is worse.
pub(super) fn stand_in<'p>(state: &State, policy: &'p Policy, contact: &'p Contact) -> &'p Contact {
    let reached = |contact: &&Contact| {
        !is_away(state, contact) && contact.by_channel.values().any(|way| lives(state, way))
    };
    policy.with_backups(contact).find(reached).unwrap_or(contact)
}

/// Whether no provider has said that the address is dead.
pub(super) fn lives(state: &State, recipient: &Recipient) -> bool {
    !state.dead.contains_key(recipient)
}

/// By which of its addresses a contact is told: of those asked for, the ones that live; else the others that live; else
/// those asked for; else any.
fn ways<'p>(state: &State, contact: &'p Contact, channels: Option<&[Name]>) -> Vec<&'p Recipient> {
    let asked = channels.unwrap_or_default().iter().filter_map(|name| contact.by_channel.get(name));
    let asked: Vec<&Recipient> = asked.collect();
    let all: Vec<&Recipient> = contact.all.iter().collect();
    let every: Vec<&Recipient> = contact.by_channel.values().collect();
    let living = |ways: &[&'p Recipient]| ways.iter().copied().filter(|way| lives(state, way)).collect();
    let choices: [Vec<&Recipient>; 5] = [living(&asked), living(&all), living(&every), asked, all];
    choices.into_iter().find(|ways| !ways.is_empty()).unwrap_or_default()
}
