//! The sorts of message, the states of a case in words, and the three levels of disclosure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How much an audience may read (DESIGN, section 8). The order is from the most trusted to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Disclosure {
    /// Everything.
    Internal,
    /// What those who answer for it need.
    Business,
    /// What anybody may read.
    External,
}

/// What a notification is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The first word about a case, or the first after it came back.
    Opening,
    /// Something changed.
    Update,
    /// Nothing changed and it is still going on (R20).
    Reminder,
    /// Nobody acted (R25).
    Escalation,
    /// Nothing changed and a promised word is due (R22).
    Holding,
    /// Several cases in one message (R19).
    Digest,
    /// It is over (R27).
    Resolution,
    /// A word to the owner about the work of Tidings itself (R42).
    Notice,
}

/// What a case is, in the word that a message shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// It is going on.
    Open,
    /// It is over.
    Resolved,
    /// Its source no longer reports it (R5); nobody knows.
    Lost,
}

impl Disclosure {
    /// Every level, the most trusted first.
    pub const ALL: [Disclosure; 3] = [Disclosure::Internal, Disclosure::Business, Disclosure::External];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Disclosure::Internal => "internal",
            Disclosure::Business => "business",
            Disclosure::External => "external",
        }
    }

    /// The level that shows less.
    pub fn stricter(self, other: Disclosure) -> Disclosure {
        self.max(other)
    }

    /// Whether a reader of this level may read what is of level `other`.
    pub fn may_read(self, other: Disclosure) -> bool {
        self <= other
    }
}

impl fmt::Display for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 8] = [
        Kind::Opening,
        Kind::Update,
        Kind::Reminder,
        Kind::Escalation,
        Kind::Holding,
        Kind::Digest,
        Kind::Resolution,
        Kind::Notice,
    ];

    /// The word in facts, metrics and webhook types.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Opening => "opening",
            Kind::Update => "update",
            Kind::Reminder => "reminder",
            Kind::Escalation => "escalation",
            Kind::Holding => "holding",
            Kind::Digest => "digest",
            Kind::Resolution => "resolution",
            Kind::Notice => "notice",
        }
    }
}

impl CaseStatus {
    /// The word in facts and webhook bodies.
    pub fn as_str(self) -> &'static str {
        match self {
            CaseStatus::Open => "open",
            CaseStatus::Resolved => "resolved",
            CaseStatus::Lost => "lost",
        }
    }
}
