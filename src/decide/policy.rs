//! The compiled, validated configuration as far as decisions read it. Secrets and ways in are not part of it.

use super::hours::Hours;
use super::opened::IncidentRule;
use super::row::{Cadence, Row};
use crate::event::id::Digest;
use crate::event::{Labels, Ladder, Matcher, Name, Recipient, SeveritySet, Span, Time};
use crate::message::{Disclosure, Kind, Templates};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Everything that a decision may ask of the configuration.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The hash of all configuration texts, in reading order.
    pub hash: Digest,
    /// Where there is no better one: an IANA name, known to exist.
    pub time_zone: Box<str>,
    /// Which installation this is.
    pub environment: Environment,
    /// The severity ladder (R9).
    pub ladder: Ladder,
    /// The routing table: team files in path order, then the root; `{team}` rows once for each team (R13).
    pub rows: Vec<Row>,
    /// What meets a `{team}` row's other conditions and no team (R13).
    pub orphans: Vec<Orphans>,
    /// Audiences by their full names.
    pub audiences: BTreeMap<Name, Audience>,
    /// Contacts by name.
    pub contacts: BTreeMap<Name, Contact>,
    /// Where each recipient is reached.
    pub endpoints: BTreeMap<Recipient, Endpoint>,
    /// Channels by name.
    pub channels: BTreeMap<Name, ChannelPolicy>,
    /// The public names of components, by id.
    pub components: BTreeMap<Box<str>, Box<str>>,
    /// Components of which outsiders hear at once: `lasting` of their rows is zero (R12).
    pub critical: BTreeSet<Box<str>>,
    /// How often audiences are told of an incident, where their row does not say (R22).
    pub cadence: Cadence,
    /// Within how long of an incident's end its write-up is promised; `None` promises none.
    pub write_up: Option<Span>,
    /// The people's names of contacts, for the lint of what outsiders are to read.
    pub people: Vec<Box<str>>,
    /// Who hears what no row matches, and what would reach nobody (R10).
    pub unrouted: Option<Name>,
    /// The row that stands for `unrouted`: named `unrouted`, with the defaults of all rows.
    pub unrouted_row: Option<Box<Row>>,
    /// Who hears about the work of Tidings itself (R42).
    pub owner: Option<Name>,
    /// Where what belongs to no row goes (R14).
    pub default_via: Via,
    /// The names of all tokens; whatever bears another is refused (R43).
    pub tokens: BTreeSet<Name>,
    /// The matchers of the team that a token is confined to, by the token's name (R43).
    pub confined: BTreeMap<Name, Vec<Matcher>>,
    /// Compiled templates of users.
    pub templates: Templates,
    /// How long event identities are remembered (R4).
    pub remember_events_for: Span,
    /// How many event identities are remembered (R4).
    pub remember_events_max: usize,
    /// After how long a lost or resolved case is forgotten (R44).
    pub forget_after: Span,
    /// After how long without a word an alert without a lease is recalled to the owner (R5).
    pub stale_after: Span,
    /// The rules by which alerts open incidents, in reading order.
    pub incident_rules: Vec<IncidentRule>,
    /// After how long an incident whose rule is gone is resolved by itself; `None` is never.
    pub resolve_incidents_after: Option<Span>,
    /// What alerts meet that are meant to fire for ever; none where this is empty.
    pub watchdog: Vec<Matcher>,
    /// The key of the hashes that outsiders see; made from the journal's identity.
    pub reference_key: [u8; 32],
}

/// Which installation this is (R40).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// Its name, shown in messages when deliveries are redirected.
    pub name: Box<str>,
    /// The channel that everything goes to, marked with the intended recipient.
    pub redirect: Option<Name>,
    /// `mode = "shadow"`: everything is decided and nothing is sent.
    pub shadow: bool,
}

/// Which sort of case a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKind {
    /// Groups of alerts.
    Alert,
    /// Incidents.
    Incident,
}

/// What a row asks of an alert or incident (R10).
#[derive(Clone, Debug)]
pub struct Conditions {
    /// Alerts or incidents.
    pub kind: RowKind,
    /// All must match.
    pub matchers: Vec<Matcher>,
    /// The severities that it is for; `None` is any, `none` included.
    pub severity: Option<SeveritySet>,
    /// Whether customers must be, or must not be, affected.
    pub customer_impact: Option<bool>,
    /// For how long the other conditions must have held without a break (R12).
    pub lasting: Option<Span>,
    /// When it counts at all; `None` is always.
    pub hours: Option<Hours>,
}

/// The other conditions of a `{team}` row, and which rows it was read as.
#[derive(Clone, Debug)]
pub struct Orphans {
    /// The row's name.
    pub name: Name,
    /// Its conditions without any team's.
    pub conditions: Conditions,
    /// Its copies, one for each team.
    pub rows: Range<usize>,
}

/// By which labels alerts are gathered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// `["..."]`: every label, so each alert is alone.
    All,
    /// The named labels.
    Labels(Vec<Box<str>>),
}

impl GroupBy {
    /// The labels of the group that an alert belongs to.
    pub fn of(&self, labels: &Labels) -> Labels {
        match self {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(names) => labels.only(names),
        }
    }
}

/// At most `max` messages within any `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub max: u32,
    /// Within how long.
    pub per: Span,
}

/// By which channels the contacts of an audience are told (R14). Destinations are always told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Via {
    /// By each of the contact's addresses.
    #[default]
    Unsaid,
    /// By all of these.
    List(Vec<Name>),
    /// By what is looked up.
    Map(BTreeMap<ViaKey, Vec<Name>>),
}

/// What a `via` map may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ViaKey {
    /// A kind of notification.
    Kind(Kind),
    /// Anything in an urgent case.
    Urgent,
    /// Anything else.
    Other,
}

/// A named set of contacts and destinations with one level of disclosure.
#[derive(Clone, Debug)]
pub struct Audience {
    /// Its full name.
    pub name: Name,
    /// How much it may read.
    pub disclosure: Disclosure,
    /// Its contacts, each once, in the order of the file.
    pub contacts: Vec<Name>,
    /// Its destinations.
    pub destinations: Vec<Recipient>,
    /// Who approves what it is told: an internal audience (R23).
    pub approvers: Option<Name>,
}

/// A person or desk.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Its name.
    pub name: Name,
    /// By which channels it can be reached, in the order of the channels in the file.
    pub by_channel: BTreeMap<Name, Recipient>,
    /// One recipient for each of its addresses, in the order in which the contact prefers them: for each kind, the
    /// channel that it prefers among those which serve it.
    pub all: Vec<Recipient>,
    /// Who is told instead while it cannot be (R14). A chain of these never comes back to where it began.
    pub backup: Option<Name>,
    /// When it is not there.
    pub away: Option<Away>,
}

/// When a contact is not there (R14): from the first instant on, up to the one at which it is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away {
    /// Since when; `None` is always.
    pub from: Option<Time>,
    /// When it is back; `None` is never.
    pub until: Option<Time>,
}

impl Away {
    /// Whether it is not there at this instant.
    pub fn covers(&self, now: Time) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// Where one recipient is reached.
#[derive(Clone)]
pub struct Endpoint {
    /// By which channel.
    pub channel: Name,
    /// The address in the channel's own form. Never logged, never a fact.
    pub address: std::sync::Arc<str>,
    /// Whose it is, for a contact.
    pub contact: Option<Name>,
    /// The reader's zone: an IANA name, known to exist.
    pub time_zone: Box<str>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// What decisions ask of a channel; how it sends is its own business.
#[derive(Clone, Debug)]
pub struct ChannelPolicy {
    /// Its name.
    pub name: Name,
    /// Its kind: `email`, `sms`, `webhook`, `slack`, `console`.
    pub kind: Name,
    /// How many deliveries may be released and unanswered at once (R32).
    pub window: u32,
    /// The most messages for one recipient over all rows (R19).
    pub ceiling: Option<Limit>,
    /// After how long an undelivered message is given up (R35).
    pub give_up_after: Span,
}

impl Policy {
    /// The row that governs a briefing: of this name, to this audience; of a name that it had before; or none, when it
    /// is no longer in the configuration.
    pub fn row(&self, name: &Name, audience: &Name) -> Option<&Row> {
        let to_audience = || self.rows.iter().filter(|row| row.audience == *audience);
        to_audience()
            .find(|row| row.name == *name)
            .or_else(|| to_audience().find(|row| row.was.contains(name)))
            .or_else(|| self.unrouted_row.as_deref().filter(|row| row.name == *name))
    }

    /// The level of an audience; the strictest for one that is no longer in the configuration.
    pub fn disclosure(&self, audience: &Name) -> Disclosure {
        self.audiences.get(audience).map_or(Disclosure::External, |audience| audience.disclosure)
    }

    /// The contact, and those who are told instead of it, one after the other.
    pub fn with_backups<'p>(&'p self, contact: &'p Contact) -> impl Iterator<Item = &'p Contact> {
        let next = |contact: &&'p Contact| self.contacts.get(contact.backup.as_ref()?);
        std::iter::successors(Some(contact), next).take(self.contacts.len())
    }

    /// The keyed hash by which facts name the address of a recipient.
    pub fn address_digest(&self, recipient: &Recipient) -> Option<Digest> {
        let endpoint = self.endpoints.get(recipient)?;
        Some(Digest::keyed(&self.reference_key, &[b"address", endpoint.address.as_bytes()]))
    }

    /// The channel that a recipient's deliveries go by: its own, unless everything is redirected (R40).
    pub fn channel_of(&self, recipient: &Recipient) -> Option<&Name> {
        let own = self.endpoints.get(recipient).map(|endpoint| &endpoint.channel)?;
        Some(self.environment.redirect.as_ref().unwrap_or(own))
    }
}
