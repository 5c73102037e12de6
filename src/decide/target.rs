//! R14, R27, R36: to whom a word goes, and as what: who has not been told yet hears an opening.

use super::fact::WithheldReason;
use super::policy::{Audience, Policy};
use super::say::Word;
use super::state::{Briefing, Line, State};
use super::via;
use crate::event::{Name, Recipient, Time};
use crate::message::{CaseStatus, Disclosure, Kind, Subject};
use std::collections::{BTreeMap, BTreeSet};

/// Whom a word goes to, as what, and at which level.
pub(super) struct Target {
    pub recipient: Recipient,
    pub kind: Kind,
    pub level: Disclosure,
}

/// Whether a recipient was told, or may be by what is under way.
pub(super) fn may_know(state: &State, line: &Line) -> bool {
    let pending = || line.pending.iter().filter_map(|id| state.deliveries.get(id));
    line.told.is_some() || pending().any(|delivery| delivery.is_released() || delivery.maybe_sent)
}

/// Whose a recipient is: a contact's, who may have others, or a destination of its own.
pub(super) fn person<'a>(policy: &'a Policy, recipient: &'a Recipient) -> &'a str {
    let endpoint = policy.endpoints.get(recipient);
    endpoint.and_then(|endpoint| endpoint.contact.as_ref()).map_or(recipient.as_str(), Name::as_str)
}

/// Whether whose recipient this is was told of the case by any way, or may be.
pub(super) fn person_may_know(
    state: &State,
    policy: &Policy,
    briefing: &Briefing,
    recipient: &Recipient,
) -> bool {
    if briefing.lines.get(recipient).is_some_and(|line| may_know(state, line)) {
        return true;
    }
    let of = person(policy, recipient);
    briefing.lines.iter().any(|(other, line)| person(policy, other) == of && may_know(state, line))
}

/// Everyone in the briefing who was told, or may be.
pub(super) fn who_knows<'a>(state: &State, policy: &'a Policy, briefing: &'a Briefing) -> BTreeSet<&'a str> {
    let knowing = briefing.lines.iter().filter(|(_, line)| may_know(state, line));
    knowing.map(|(recipient, _)| person(policy, recipient)).collect()
}

/// The targets of a word.
pub(super) fn of(
    state: &State,
    policy: &Policy,
    word: &Word<'_>,
    briefing: &Briefing,
    subject: &Subject<'_>,
) -> Vec<Target> {
    let (kind, level) = (subject.kind, briefing.disclosure);
    if let Some(only) = word.only {
        let is_known = |recipient: &&Recipient| policy.endpoints.contains_key(*recipient);
        let knows = |recipient: &Recipient| person_may_know(state, policy, briefing, recipient);
        let as_what = |recipient: &Recipient| {
            if kind == Kind::Update && !knows(recipient) { Kind::Opening } else { kind }
        };
        let target = |recipient: &Recipient| Target {
            kind: as_what(recipient),
            level: level_of(policy, briefing, recipient),
            recipient: recipient.clone(),
        };
        return only.iter().filter(is_known).map(target).collect();
    }
    let via = word.row.map_or(&policy.default_via, |row| &row.via);
    let everyone = || match policy.audiences.get(word.audience) {
        Some(audience) => {
            via::recipients(state, policy, audience, via, kind, policy.ladder.is_urgent(word.severity))
        }
        None => Vec::new(),
    };
    if kind == Kind::Resolution {
        return resolution(state, policy, briefing, via.names_resolution().then(everyone));
    }
    let mut recipients = avoiding(state, policy, everyone(), word.avoid);
    let seen: BTreeSet<Recipient> = recipients.iter().cloned().collect();
    for (recipient, line) in briefing.lines.iter() {
        if has_unsent_opening(state, line) && !seen.contains(recipient) {
            recipients.push(recipient.clone());
        }
    }
    let told_elsewhere =
        |line: &Line| line.told.is_none() && line.withheld == Some(WithheldReason::Duplicate);
    let first_word = briefing.said.is_none();
    let knowing = who_knows(state, policy, briefing);
    let target = |recipient: Recipient| {
        if !policy.endpoints.contains_key(&recipient) {
            return None;
        }
        let elsewhere = briefing.lines.get(&recipient).is_some_and(told_elsewhere);
        if elsewhere && first_word {
            return None;
        }
        let knows = elsewhere || knowing.contains(person(policy, &recipient));
        let kind = if knows || word.is_desk(kind) { kind } else { Kind::Opening };
        Some(Target { recipient, kind, level })
    };
    recipients.into_iter().filter_map(target).collect()
}

/// Who still waits for the first word gets the next one instead of it (R31).
fn has_unsent_opening(state: &State, line: &Line) -> bool {
    line.pending
        .iter()
        .filter_map(|id| state.deliveries.get(id))
        .any(|delivery| delivery.kind == Kind::Opening && !delivery.is_released() && !delivery.maybe_sent)
}

/// Whether an opening is on its way, let go or not.
fn is_being_opened(state: &State, line: &Line) -> bool {
    line.pending
        .iter()
        .filter_map(|id| state.deliveries.get(id))
        .any(|delivery| delivery.kind == Kind::Opening)
}

/// Everyone told is owed the resolution (R27): where `via` names a way for it, by that way; else where the opening
/// went; else wherever they were told.
fn resolution(
    state: &State,
    policy: &Policy,
    briefing: &Briefing,
    own_way: Option<Vec<Recipient>>,
) -> Vec<Target> {
    let owed = |line: &Line| {
        !line.pending.is_empty() || line.told.is_some_and(|told| told.said.status != CaseStatus::Resolved)
    };
    // Told the end by one way, a person is owed it by no other.
    let mut last: BTreeMap<&str, (Time, u32, bool)> = BTreeMap::new();
    for (recipient, line) in briefing.lines.iter() {
        if let Some(told) = line.told {
            let entry = (told.at, told.ordinal, told.said.status == CaseStatus::Resolved);
            let known = last.entry(person(policy, recipient)).or_insert(entry);
            *known = (*known).max(entry);
        }
    }
    let heard = |recipient| last.get(person(policy, recipient)).is_some_and(|(_, _, resolved)| *resolved);
    let mut by_person: BTreeMap<&str, (Vec<&Recipient>, Vec<&Recipient>)> = BTreeMap::new();
    for (recipient, line) in briefing.lines.iter() {
        if !policy.endpoints.contains_key(recipient)
            || !owed(line)
            || (line.pending.is_empty() && heard(recipient))
        {
            continue;
        }
        let (opened, others) = by_person.entry(person(policy, recipient)).or_default();
        if line.opened || is_being_opened(state, line) {
            opened.push(recipient)
        } else {
            others.push(recipient)
        }
    }
    let mut own: BTreeMap<&str, Vec<&Recipient>> = BTreeMap::new();
    for recipient in own_way.iter().flatten().filter(|recipient| policy.endpoints.contains_key(*recipient)) {
        own.entry(person(policy, recipient)).or_default().push(recipient);
    }
    let chosen = by_person.into_iter().flat_map(|(person, (opened, others))| match own.remove(person) {
        Some(own) => own,
        None if opened.is_empty() => living(state, policy, others),
        None => living(state, policy, opened),
    });
    let target = |recipient: &Recipient| Target {
        recipient: recipient.clone(),
        kind: Kind::Resolution,
        level: level_of(policy, briefing, recipient),
    };
    chosen.map(target).collect()
}

/// Whether nobody is owed the word of the end: everyone who was told has heard it by some way, or is gone.
pub(super) fn nobody_is_owed(state: &State, policy: &Policy, briefing: &Briefing) -> bool {
    let to_come = |line: &Line| line.withheld.is_some_and(WithheldReason::is_digested);
    resolution(state, policy, briefing, None).is_empty() && !briefing.lines.values().any(to_come)
}

/// Those of one person's recipients that live; where none does, another that lives; where there is none, the same.
fn living<'a>(state: &State, policy: &'a Policy, recipients: Vec<&'a Recipient>) -> Vec<&'a Recipient> {
    let same: Vec<&Recipient> = recipients.iter().copied().filter(|way| via::lives(state, way)).collect();
    if !same.is_empty() {
        return same;
    }
    let endpoint = recipients.first().and_then(|recipient| policy.endpoints.get(*recipient));
    let contact = endpoint.and_then(|endpoint| policy.contacts.get(endpoint.contact.as_ref()?));
    let all = contact.into_iter().flat_map(|contact| &contact.all).filter(|way| via::lives(state, way));
    let others: Vec<&Recipient> = all.collect();
    if others.is_empty() { recipients } else { others }
}

/// Whether a contact is in the audience, or is told instead of one who is (R14).
fn belongs(policy: &Policy, audience: &Audience, contact: &Name) -> bool {
    let members = || audience.contacts.iter().filter_map(|name| policy.contacts.get(name));
    let backups = || members().flat_map(|member| policy.with_backups(member));
    audience.contacts.contains(contact) || backups().any(|backup| backup.name == *contact)
}

/// R27: the briefing's level; for who has left its audience, the stricter of that and the level they have now.
pub(super) fn level_of(policy: &Policy, briefing: &Briefing, recipient: &Recipient) -> Disclosure {
    let contact = policy.endpoints.get(recipient).and_then(|endpoint| endpoint.contact.as_ref());
    let holds = |audience: &Audience| match contact {
        Some(contact) => belongs(policy, audience, contact),
        None => audience.destinations.contains(recipient),
    };
    if policy.audiences.get(&briefing.audience).is_some_and(holds) {
        return briefing.disclosure;
    }
    let now =
        policy.audiences.values().filter(|audience| holds(audience)).map(|audience| audience.disclosure);
    briefing.disclosure.stricter(now.min().unwrap_or(Disclosure::External))
}

/// Without the recipients of a channel that is to blame, for contacts that can be reached otherwise (R42).
pub(super) fn avoiding(
    state: &State,
    policy: &Policy,
    recipients: Vec<Recipient>,
    avoid: Option<&Name>,
) -> Vec<Recipient> {
    let Some(avoid) = avoid else { return recipients };
    let of = |recipient: &Recipient| policy.endpoints.get(recipient);
    let mut chosen: Vec<Recipient> = Vec::new();
    for recipient in recipients {
        let Some(endpoint) = of(&recipient) else { continue };
        let contact = endpoint.contact.as_ref().and_then(|name| policy.contacts.get(name));
        let others = contact.into_iter().flat_map(|contact| contact.by_channel.iter());
        let mut others = others.filter(|(channel, other)| *channel != avoid && via::lives(state, other));
        let other = others.next().map(|(_, other)| other.clone());
        let recipient = if endpoint.channel == *avoid { other.unwrap_or(recipient) } else { recipient };
        if !chosen.contains(&recipient) {
            chosen.push(recipient);
        }
    }
    chosen
}
