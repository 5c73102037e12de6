//! TOML → a policy that cannot be wrong; all mistakes of all files at once, each with file, line, caret and hint.

mod audience;
mod backup;
mod cadence;
mod channel;
mod contact;
mod diagnostic;
mod effective;
mod environment;
mod heartbeat;
mod hours;
mod incident;
mod include;
mod ingest;
mod journal;
mod keeping;
mod key;
mod load;
mod members;
mod nats;
mod people;
mod reference;
mod route;
mod row;
mod schema;
mod secret;
mod sections;
mod severity;
pub mod suggest;
mod table;
mod team;
mod template;
mod template_reference;
mod token;
mod trial;
mod unbuilt;
mod unreachable;
mod value;
mod via;
mod walk;

#[cfg(test)]
mod tests;

pub use channel::ChannelSettings;
pub use diagnostic::{Diagnostic, Diagnostics, Level};
pub use effective::{RowOrigins, ValueOrigin};
pub use heartbeat::HeartbeatSettings;
pub use include::{FILE_BYTES_MAX, FILES_MAX};
pub use ingest::{HttpSettings, IngestSettings};
pub use journal::{JournalSettings, JournalStore};
pub use load::{from_texts, journal_section, load};
pub use nats::{Carries, Lane, NatsLogin, NatsSettings, Start};
pub use people::People;
pub use reference::{configuration_md, default_toml};
pub use schema::schema;
pub use secret::open_secret;
pub use template_reference::templates_md;
pub use token::{Right, Token};
pub use trial::{FileLine, Reload, Saying, Telling, Trial, TrialAct, TrialExpect, TrialStep, Waiting};
pub use value::Rate;

use crate::decide::{Policy, PolicyText};
use crate::event::{Name, SecretRef};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Every key with its default and what it is for, as a file that changes nothing when it is read first.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// What a file is among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// `--config` names it.
    Root,
    /// An `include` leads to it.
    Included,
    /// An audience has its members from it.
    Members,
}

/// What each file is, in reading order.
type Parts = Vec<Part>;

/// Everything that the files say, checked: what decisions read, and what the rooms around them are built from.
#[derive(Debug)]
pub struct Config {
    /// What decisions read.
    pub policy: Policy,
    /// Channels by name; their names are those of `policy.channels`.
    pub channels: BTreeMap<Name, ChannelSettings>,
    /// The ways in.
    pub ingest: IngestSettings,
    /// Where entries are kept.
    pub journal: JournalSettings,
    /// Who may do what over HTTP; none means that whoever reaches loopback may do everything (R43).
    pub tokens: Vec<Token>,
    /// The names of contacts for people, where they have one.
    pub contact_names: BTreeMap<Name, Box<str>>,
    /// Gaps among the people, for `check --contacts`.
    pub people: People,
    /// `[heartbeat]`, where beats are made.
    pub heartbeat: Option<HeartbeatSettings>,
    /// `[egress] allow_networks`, as CIDR; already part of every channel's own.
    pub egress: Vec<String>,
    /// The files from which audiences have their members (R14); their texts are among `text`.
    pub member_files: Vec<PathBuf>,
    /// The texts, for the journal (R36).
    pub text: PolicyText,
    /// The tests of the policy, in reading order.
    pub trials: Vec<Trial>,
    /// Where each value of each row comes from; in the order of `policy.rows`.
    pub rows: Vec<RowOrigins>,
    /// Remarks that stop nothing.
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// The routing table, its rhythm and the channels as they were understood, for `check --effective`.
    pub fn effective(&self) -> String {
        let policy = &self.policy;
        effective::print(&self.rows)
            + &effective::print_cadence(&policy.cadence, &policy.ladder)
            + &effective::print_channels(&policy.channels, &self.channels)
    }

    /// Every secret that is referred to, with the key that names it, for `check --secrets`; none is opened.
    pub fn secrets(&self) -> Vec<(String, &SecretRef)> {
        let tokens = self.tokens.iter().map(|token| (format!("token.{}.secret", token.name), &token.secret));
        let login = self.ingest.nats.iter().filter_map(|nats| nats.login.secret());
        let login = login.map(|(key, secret)| (format!("ingest.nats.{key}"), secret));
        let channels = self.channels.iter().flat_map(|(name, channel)| {
            let secrets = channel.settings.secrets().into_iter();
            secrets.map(move |(key, secret)| (format!("channel.{name}.{key}"), secret))
        });
        let ping = self.heartbeat.iter().filter_map(|heartbeat| heartbeat.ping.as_ref());
        let ping = ping.map(|secret| ("heartbeat.ping".to_owned(), secret));
        tokens.chain(login).chain(channels).chain(ping).collect()
    }
}
