//! R23: who may approve a word by the link that was sent to them: those who would be asked of it now.

use super::desk;
use super::matter::Matter;
use super::policy::{Audience, Policy};
use super::state::State;
use crate::event::Recipient;
use crate::message::Asks;

/// Whether a recipient is now one of those whom this word is asked of: the approvers, those to whom unanswered requests
/// are escalated, the owner, or who leads the communication, and whoever stands in for one of them.
pub fn is_approver(state: &State, policy: &Policy, asks: &Asks, recipient: &Recipient) -> bool {
    let contact = policy.endpoints.get(recipient).and_then(|endpoint| endpoint.contact.as_ref());
    let stands_for = |name: &str| {
        let known = policy.contacts.get(name);
        known.is_some_and(|known| policy.with_backups(known).any(|other| Some(&other.name) == contact))
    };
    let is_of = |audience: &Audience| {
        audience.destinations.contains(recipient)
            || audience.contacts.iter().any(|contact| stands_for(contact.as_str()))
    };
    let approvers = policy.audiences.get(&asks.audience).and_then(|audience| audience.approvers.as_ref());
    let briefing = state.cases.get(&asks.case).and_then(|case| case.briefing(&asks.audience));
    let row = briefing.and_then(|briefing| policy.row(&briefing.row, &briefing.audience));
    let others = row.and_then(|row| row.keeping.approval.as_ref()?.escalate_to.as_ref());
    let asked = [approvers, others, desk::owner(policy)].into_iter().flatten();
    asked.filter_map(|name| policy.audiences.get(name)).any(is_of)
        || Matter::find(state, policy, asks.case)
            .is_some_and(|matter| desk::comms_lead(policy, &matter).is_some_and(stands_for))
}
