//! An alert event: one label set that fires or is resolved.

use super::{Labels, Time};
use serde::{Deserialize, Serialize};

/// Whether an alert fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It fires.
    Firing,
    /// Its source said that it ended.
    Resolved,
    /// Its lease ended without a word from its source (R5): never taken for resolved.
    Lost,
}

/// What a source says of one label set, normalised: no empty labels, times clamped by the ledger later (R6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertEvent {
    /// Who says it: the event's own `source`, or the name of the way in.
    pub source: super::Name,
    /// `Firing` or `Resolved`; nobody can send `Lost`.
    pub status: Status,
    /// What the alert is; at least one label.
    pub labels: Labels,
    /// What is said about it.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub annotations: Labels,
    /// Since when it fires, if the source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Time>,
    /// When it ended, for a resolved one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Time>,
    /// A page about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Box<str>>,
    /// Until when a firing one is valid unless it is sent again (R5): a lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Time>,
}
