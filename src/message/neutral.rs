//! The neutral message: rendered once, at decision time, for every channel kind to put into its own form (R41).

use super::{CaseStatus, Kind};
use crate::event::Name;
use crate::event::id::{CaseId, Digest};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One message as its audience may read it. Texts may hold slots (see [`super::slot`]) and are otherwise untrusted:
/// the channel that sends them owns escaping and limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// What it is for.
    pub kind: Kind,
    /// What the case is.
    pub status: CaseStatus,
    /// The severity's name on the ladder, `none`, or empty where the message is about no case.
    pub severity: Box<str>,
    /// Whether the case is urgent: channels may mark it so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
    /// The case's name for this audience: an incident's reference for insiders, a keyed hash for outsiders.
    /// The same in every message of a briefing; channels thread by it.
    pub reference: Box<str>,
    /// One line that stays the same while the case lasts, as far as what is known stays the same.
    pub title: Box<str>,
    /// One line that says everything a telephone can show.
    pub short: Box<str>,
    /// The text, in Markdown.
    pub body: Box<str>,
    /// Names and values, in the order in which to show them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<(Box<str>, Box<str>)>,
    /// Labels and addresses of pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<(Box<str>, Box<str>)>,
    /// What its reader is asked to approve, where that is what it is about (R23).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<Asks>,
    /// The structured case at the audience's level, as JSON; holds no slots.
    pub data: Box<RawValue>,
}

impl Message {
    /// What its readers read, in short: two messages with the same words say the same.
    pub fn words(&self) -> Digest {
        let facts = self.facts.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let parts = [self.title.as_bytes(), self.short.as_bytes(), self.body.as_bytes()];
        Digest::of(&parts.into_iter().chain(facts).collect::<Vec<_>>())
    }
}

/// A draft that somebody is asked to approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    /// Of which case.
    pub case: CaseId,
    /// For which audience.
    pub audience: Name,
    /// Which revision.
    pub revision: u32,
}

impl PartialEq for Message {
    fn eq(&self, other: &Message) -> bool {
        let texts = |m: &Message| (m.kind, m.status, m.severity.clone(), m.urgent, m.reference.clone());
        texts(self) == texts(other)
            && (&self.title, &self.short, &self.body) == (&other.title, &other.short, &other.body)
            && (&self.facts, &self.links) == (&other.facts, &other.links)
            && self.asks == other.asks
            && self.data.get() == other.data.get()
    }
}

impl Eq for Message {}
