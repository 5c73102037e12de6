//! A test message: to see that messages arrive, about nothing that happened.

use super::fact::Fact;
use super::policy::Policy;
use super::say::{self, Word};
use super::state::State;
use crate::event::{Name, Recipient, Severity, Time};
use crate::message::Subject;

pub(super) fn send(
    state: &State,
    policy: &Policy,
    now: Time,
    recipient: &Recipient,
    audience: &Name,
    by: &str,
) -> Vec<Fact> {
    let title = "This is a test message";
    let text = format!(
        "{by} asked for it, to see that messages arrive. Nothing has happened and nothing is to be done."
    );
    let severity = Severity::NONE;
    let subject = Subject::notice(audience.as_str(), "test", title, &text, now);
    let only = [recipient.clone()];
    let word = Word { only: Some(&only), ..Word::at_desk(audience, severity, now, now) };
    say::at_desk(state, policy, now, &word, &subject)
}
