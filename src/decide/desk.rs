//! Words to those who lead: requests, reminders and misses, at an audience's desk (R22, R23, R31, R42).

use super::fact::Fact;
use super::matter::{Matter, Sort};
use super::policy::Policy;
use super::say::{self, Word};
use super::state::State;
use super::via;
use crate::event::{Name, Recipient, Severity, Time};
use crate::message::{About, Asks, Disclosure, Kind, Subject};

/// What is to be said, in words that a reader of `level` may read.
pub(super) struct Note<'a> {
    pub level: Disclosure,
    pub severity: Severity,
    pub title: &'a str,
    pub text: &'a str,
    /// What its readers are asked to approve.
    pub asks: Option<&'a Asks>,
}

/// Tells an audience, or one person in its name.
pub(super) fn tell(
    state: &State,
    policy: &Policy,
    now: Time,
    audience: &Name,
    only: Option<&[Recipient]>,
    note: &Note<'_>,
) -> Vec<Fact> {
    let urgent = policy.ladder.is_urgent(note.severity);
    let subject = Subject {
        severity: policy.ladder.name(note.severity),
        urgent,
        public_reference: "",
        about: About::Notice { title: note.title, text: note.text, level: note.level },
        ..Subject::notice(audience.as_str(), note.title, note.title, note.text, now)
    };
    let word =
        Word { only, paced: true, asks: note.asks, ..Word::at_desk(audience, note.severity, now, now) };
    say::at_desk(state, policy, now, &word, &subject)
}

/// By which ways a contact is told what belongs to no row (R14).
pub(super) fn ways(state: &State, policy: &Policy, contact: &str, urgent: bool) -> Vec<Recipient> {
    via::of_contact(state, policy, &Name::from(contact), Kind::Notice, urgent)
}

/// Who hears about the work of Tidings itself.
pub(super) fn owner(policy: &Policy) -> Option<&Name> {
    policy.owner.as_ref().or(policy.unrouted.as_ref())
}

/// The person who leads the communication about a case, else the one who leads the work, if they are contacts (R22).
pub(super) fn lead<'m>(policy: &Policy, matter: &'m Matter<'_>) -> Option<&'m str> {
    let Sort::Incident { record, .. } = &matter.sort else { return None };
    let commander = record.commander.as_deref().filter(|name| is_staff(policy, name));
    comms_lead(policy, matter).or(commander)
}

/// The person who leads the communication, if it is a contact (R23).
pub(super) fn comms_lead<'m>(policy: &Policy, matter: &'m Matter<'_>) -> Option<&'m str> {
    let Sort::Incident { record, .. } = &matter.sort else { return None };
    record.comms_lead.as_deref().filter(|name| is_staff(policy, name))
}

/// Whether it is a contact of an audience that is not external: nobody else leads anything.
fn is_staff(policy: &Policy, name: &str) -> bool {
    let inside = |audience: &super::policy::Audience| audience.disclosure != Disclosure::External;
    let mut inside = policy.audiences.values().filter(|audience| inside(audience));
    inside.any(|audience| audience.contacts.iter().any(|contact| contact.as_str() == name))
}
