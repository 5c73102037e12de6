//! TOML → a policy that cannot be wrong; all mistakes of all files at once, each with file, line, caret and hint.

mod audience;
mod channel;
mod contact;
mod diagnostic;
mod effective;
mod environment;
mod include;
mod ingest;
mod journal;
mod key;
mod load;
mod nats;
mod route;
mod row;
mod schema;
mod secret;
mod sections;
mod severity;
mod suggest;
mod table;
mod team;
mod template;
mod token;
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
pub use ingest::{HttpSettings, IngestSettings};
pub use journal::{JournalSettings, JournalStore};
pub use load::{from_texts, journal_section, load};
pub use nats::{Carries, Lane, NatsLogin, NatsSettings, Start};
pub use schema::schema;
pub use secret::open_secret;
pub use token::{Right, Token};
pub use value::Rate;

use crate::decide::{Policy, PolicyText};
use crate::event::Name;
use std::collections::BTreeMap;

/// For each file in reading order, whether `--config` names it.
type Roots = Vec<bool>;

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
    /// `[egress] allow_networks`, as CIDR; already part of every channel's own.
    pub egress: Vec<String>,
    /// The texts, for the journal (R36).
    pub text: PolicyText,
    /// Where each value of each row comes from; in the order of `policy.rows`.
    pub rows: Vec<RowOrigins>,
    /// Remarks that stop nothing.
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// The routing table as it was understood, for `check --effective`.
    pub fn effective(&self) -> String {
        effective::print(&self.rows)
    }
}
