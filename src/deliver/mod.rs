//! Released deliveries → attempts; what comes of them → outcomes. One file per channel kind.
//!
//! A channel owns its form, its escaping and its limits. It decides nothing: whether a failure is tried again, when a
//! channel pauses and when a message is given up is decided in `decide/`. Sends happen at least once under one key.

mod console;
mod dial;
mod email;
mod guard;
mod network;
mod slack;
mod sms;
mod webhook;

pub mod egress;
pub mod escape;
pub mod markdown;
pub mod setting;
pub mod verdict;
pub mod visible;

#[cfg(test)]
pub mod conformance;

pub use guard::{Guard, GuardError, Lookup, Refusal, Wire};

use crate::decide::{Accepted, Failure, Receipt};
use crate::event::id::{DeliveryId, Digest};
use crate::event::{Name, Problem, Recipient, SecretRef, Span, Time};
use crate::message::{Disclosure, Message, slot};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// One attempt at one delivery: everything a channel needs to make it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Which attempt, counted from 1.
    pub attempt: u32,
    /// The same on every attempt (R34): Message-ID, `webhook-id` and idempotency keys are made from it.
    pub key: Digest,
    /// Whom, by name: may be logged.
    pub recipient: Recipient,
    /// Where, in the channel's own form: never logged.
    pub address: Arc<str>,
    /// The level of the audience.
    pub disclosure: Disclosure,
    /// What to say.
    pub message: Arc<Message>,
    /// When the notification was decided.
    pub decided_at: Time,
    /// Now, by ledger time.
    pub now: Time,
    /// What fills the message's slots.
    pub filling: slot::Filling,
    /// The case within this briefing and for this recipient: the same for every message of a thread.
    pub thread: Digest,
    /// The first message of the thread, once it is known: later ones refer to it.
    pub first: Option<Receipt>,
    /// Whom it was meant for, where everything is redirected (R40): shown at the top of the message.
    pub meant_for: Option<Recipient>,
    /// A page on which the reader can answer, and what for: shown to people, never in webhooks (R25).
    pub answer: Option<AnswerLink>,
    /// How long the attempt may take, the body of the answer included.
    pub deadline: Span,
}

/// A page on which one reader can answer one thing (R25): whoever has its address may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerLink {
    /// What for, in a word or two.
    pub label: &'static str,
    /// The page.
    pub url: Box<str>,
}

impl Attempt {
    /// What a person may follow, the answer first.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        let answer = self.answer.iter().map(|answer| (answer.label, &*answer.url));
        answer.chain(self.message.links.iter().map(|(label, url)| (&**label, &**url)))
    }
}

/// One way out. Implementations hold their connections and settings, and no state that must survive a restart.
pub trait Channel: Send + Sync {
    /// Makes one attempt. It must end by itself; the caller sets the deadline of [`Attempt::deadline`] around it.
    ///
    /// # Errors
    /// What the answer, or its absence, says: see [`Failure`].
    fn send<'a>(
        &'a self,
        attempt: &'a Attempt,
    ) -> Pin<Box<dyn Future<Output = Result<Accepted, Failure>> + Send + 'a>>;

    /// Brings the first message of a thread up to date, where the channel can; outside the sum (R31).
    fn amend<'a>(
        &'a self,
        _first: &'a Receipt,
        _attempt: &'a Attempt,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>> {
        Box::pin(async { Ok(()) })
    }
}

/// The sorts of address that a contact can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKind {
    /// `email`
    Email,
    /// `phone`
    Phone,
    /// `slack`
    Slack,
}

/// What a kind of channel is, for the configuration: the list of these is the list of kinds.
pub struct ChannelKind {
    /// The word after `type =`.
    pub name: &'static str,
    /// Which addresses of contacts it serves; `None` for kinds that have destinations only.
    pub address: Option<AddressKind>,
    /// Reads the kind's own keys; those of [`Common`] and `type` are taken out before. The error bears the place.
    pub settings: fn(toml::de::Deserializer<'_>) -> Result<Box<dyn Settings>, toml::de::Error>,
    /// What the reader sees of an attempt, with the kind's own defaults and without sending anything; `None` where no
    /// reader is meant.
    pub preview: Option<fn(&Attempt) -> String>,
    /// The JSON Schema of the kind's own keys, whose descriptions are the generated reference.
    pub schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

/// Every kind of channel; the order is that of the reference.
pub fn kinds() -> &'static [ChannelKind] {
    &[email::KIND, sms::KIND, webhook::KIND, slack::KIND, console::KIND]
}

/// The settings of one channel, read and checked, with its secrets still unopened.
pub trait Settings: Send + Sync + std::fmt::Debug {
    /// What is wrong with the keys beyond their types: every mistake at once.
    fn check(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// The secrets that it refers to, with the key that each stands at.
    fn secrets(&self) -> Vec<(&'static str, &SecretRef)>;

    /// Brings an address (of a contact, or the part of a destination behind `channel:`; empty for a destination that
    /// is the channel alone) into the channel's own form.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    fn address(&self, text: &str) -> Result<String, Problem>;

    /// The URL, host or word that shows where this channel leads, without any secret: for `check --effective`.
    fn leads_to(&self) -> String;

    /// The channel itself. `common` holds the keys that every channel has; `open` opens a secret.
    ///
    /// # Errors
    /// A sentence that says why it is down; the channel then queues (R38).
    fn build(&self, name: &Name, common: &Common, open: &OpenSecret<'_>) -> Result<Arc<dyn Channel>, String>;

    /// How many deliveries may be released at once where the configuration does not say.
    fn concurrency(&self) -> u32 {
        8
    }

    /// The most messages for one recipient where the configuration does not say (R19).
    fn ceiling(&self) -> Option<crate::decide::Limit> {
        None
    }

    /// Whether a row to an audience of this level may use the channel, and why not.
    ///
    /// # Errors
    /// Why not, and what would be right.
    fn allows(&self, _disclosure: Disclosure) -> Result<(), Problem> {
        Ok(())
    }
}

/// Opens a secret, or says why that cannot be.
pub type OpenSecret<'a> = dyn Fn(&SecretRef) -> Result<secrecy::SecretString, String> + 'a;

/// The keys that every channel has, whatever its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Common {
    /// `timeout`: how long one attempt may take, the answer's body included (default 15 s, at most 60 s).
    pub timeout: Span,
    /// `allow_networks`: private networks that this channel may reach, as CIDR (R40), with those of `[egress]`.
    pub allow_networks: Vec<String>,
    /// `domain` of `[environment]`, or of the channel: what stands behind the `@` of Message-IDs.
    pub domain: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_name_and_says_what_its_keys_mean() {
        let names: std::collections::BTreeSet<_> = kinds().iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), kinds().len());
        for kind in kinds() {
            let schema = (kind.schema)(&mut schemars::SchemaGenerator::default());
            let whole = schema.as_value();
            // A kind of several forms, such as `provider = …`, describes the keys of each.
            let forms = whole["oneOf"].as_array().cloned().unwrap_or_else(|| vec![whole.clone()]);
            for form in forms {
                for (key, about) in form["properties"].as_object().into_iter().flatten() {
                    let is_said = about.get("description").is_some() || about.get("const").is_some();
                    assert!(is_said, "{}.{key} has no description", kind.name);
                }
                assert_eq!(form["additionalProperties"], false, "{}", kind.name);
            }
            let unknown = toml::de::Deserializer::parse("no_such_key = 1").unwrap();
            assert!((kind.settings)(unknown).is_err(), "{} takes any key", kind.name);
        }
    }
}
