//! R14: addresses that a provider calls dead: others are told instead, until it takes a message again or the address is
//! another.

use super::fact::{Fact, NoticeKind};
use super::input::{Blame, Failure, Reason, Retry};
use super::notice;
use super::policy::Policy;
use super::state::{Delivery, State};
use crate::event::Time;

/// What a failure says of the address: where it can never be reached, that is a fact, and the owner is told once.
pub(super) fn failed(
    state: &State,
    policy: &Policy,
    now: Time,
    delivery: &Delivery,
    failure: &Failure,
) -> Vec<Fact> {
    let refused = failure.about == Blame::Delivery && failure.reason == Reason::Recipient;
    let dead = refused && failure.retry == Retry::Never && is_own(policy, delivery);
    let recipient = delivery.recipient.clone();
    let Some(address) = policy.address_digest(&recipient).filter(|_| dead) else { return Vec::new() };
    if state.dead.contains_key(&recipient) {
        return Vec::new();
    }
    let endpoint = policy.endpoints.get(&recipient);
    let contact = endpoint.and_then(|endpoint| policy.contacts.get(endpoint.contact.as_ref()?));
    let then = match contact {
        Some(_) => {
            "Until it is changed, or takes a message again, another address or the backup is told instead."
        }
        None => "It has no backup: it is still tried, and nobody else is told instead.",
    };
    let text = format!(
        "{recipient}: the provider says that this address is not reached: {}. {then}",
        failure.detail
    );
    let raised = notice::raise(state, now, NoticeKind::AddressDead, &text, false, None);
    vec![Fact::AddressDied { recipient, address }, raised]
}

/// An address that was dead took a message.
pub(super) fn works(state: &State, policy: &Policy, delivery: &Delivery) -> Option<Fact> {
    let recipient = &delivery.recipient;
    let revived = state.dead.contains_key(recipient) && is_own(policy, delivery);
    revived.then(|| Fact::AddressRevived { recipient: recipient.clone() })
}

/// Under another policy, what was dead may be another address, or gone.
pub(super) fn changed(state: &State, policy: &Policy) -> Vec<Fact> {
    let other = state.dead.iter().filter(|(recipient, was)| policy.address_digest(recipient) != Some(**was));
    other.map(|(recipient, _)| Fact::AddressRevived { recipient: recipient.clone() }).collect()
}

/// Whether the delivery went to the recipient's own address: what is redirected says nothing of that (R40).
fn is_own(policy: &Policy, delivery: &Delivery) -> bool {
    let endpoint = policy.endpoints.get(&delivery.recipient);
    endpoint.is_some_and(|endpoint| endpoint.channel == delivery.channel)
}
