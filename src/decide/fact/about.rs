//! What cases are about: alerts in full, and the place of an incident's event among the others.

use crate::event::id::Digest;
use crate::event::{Labels, Name, Severity, Status, Time};
use serde::{Deserialize, Serialize};

/// An alert, all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// Who reports it.
    pub source: Name,
    /// What it is.
    pub labels: Labels,
    /// What is said about it.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub annotations: Labels,
    /// A page about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Box<str>>,
    /// Its place on the ladder when it fired.
    pub severity: Severity,
    /// Since when it fires.
    pub starts_at: Time,
    /// When it was first received in this firing.
    pub received: Time,
    /// Whether its source must renew it (R5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leased: bool,
    /// Whether it fires. Facts carry `Firing`; State keeps what became of it.
    #[serde(default = "firing", skip_serializing_if = "is_firing")]
    pub status: Status,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Time>,
}

fn firing() -> Status {
    Status::Firing
}

fn is_firing(status: &Status) -> bool {
    *status == Status::Firing
}

/// The place of an incident event among the events of its incident: the greatest wins (R6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// When it happened.
    pub at: Time,
    /// At the same instant, an update is newer than an open, and a reopen newer than a resolve.
    pub rank: u8,
    /// At the same rank, the greater hash of the content, of what outsiders may read first, so that every order gives
    /// the same end and none depends on words for insiders.
    pub tie: Digest,
}

/// What a case is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseAbout {
    /// A group of alerts, of one row and one audience.
    Group {
        /// The row that gathers them.
        row: Name,
        /// The audience that hears of them.
        audience: Name,
        /// The labels they have in common.
        labels: Labels,
    },
    /// An incident.
    Incident {
        /// Its id.
        id: Box<str>,
    },
    /// No single case: what belongs to an audience's desk (R31).
    Desk {
        /// The audience.
        audience: Name,
    },
}
