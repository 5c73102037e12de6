//! R14: by which of their addresses the contacts of an audience are told; destinations always are.

use super::policy::{Audience, Policy, Via, ViaKey};
use crate::event::{Name, Recipient};
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

/// Everyone in the audience who is told this kind of message, each once.
pub fn recipients<'p>(
    policy: &'p Policy,
    audience: &'p Audience,
    via: &Via,
    kind: Kind,
    urgent: bool,
) -> Vec<Recipient> {
    let channels = via.channels(kind, urgent).or_else(|| policy.default_via.channels(kind, urgent));
    let mut all: Vec<Recipient> = Vec::new();
    let mut seen: BTreeSet<&Recipient> = BTreeSet::new();
    let mut add = |recipient: &'p Recipient| {
        if seen.insert(recipient) {
            all.push(recipient.clone());
        }
    };
    for contact in audience.contacts.iter().filter_map(|name| policy.contacts.get(name)) {
        let wanted = channels.unwrap_or_default().iter().filter_map(|name| contact.by_channel.get(name));
        let mut wanted = wanted.peekable();
        if channels.is_some() && wanted.peek().is_some() {
            wanted.for_each(&mut add);
        } else {
            contact.all.iter().for_each(&mut add);
        }
    }
    audience.destinations.iter().for_each(&mut add);
    all
}
