//! A notification as it was decided, with its deliveries.

use super::Cause;
use crate::event::id::{CaseId, DeliveryId, Digest, Fingerprint, NotificationId};
use crate::event::{Name, Recipient, Severity, Time};
use crate::message::{CaseStatus, Disclosure, Kind, Message};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A notification, as decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notified {
    /// Its number.
    pub id: NotificationId,
    /// The case, or the desk.
    pub case: CaseId,
    /// Whom it tells.
    pub audience: Name,
    /// By which row; empty for what belongs to no row.
    pub row: Name,
    /// Which word of its briefing it is, counted from 1.
    pub ordinal: u32,
    /// What it is for.
    pub kind: Kind,
    /// How bad the case is.
    pub severity: Severity,
    /// When it should have been said.
    pub due: Time,
    /// When the event that caused it was received.
    pub event_at: Time,
    /// What the case's state is for this audience, to tell a change from none (R17, R21).
    pub said: Said,
    /// Alerts that it is the first to name as firing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub firing: Vec<Fingerprint>,
    /// Alerts that it is the first to name as ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Fingerprint>,
    /// The cases that a digest speaks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub speaks_for: Vec<SpokenFor>,
    /// At which level it was written; for entries of before this was kept, the strictest.
    #[serde(default = "strictest")]
    pub disclosure: Disclosure,
    /// The next word that it promises (R22).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_update: Option<Time>,
    /// Whether it is a text that was agreed beforehand (R23).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agreed: bool,
    /// The revision that was approved, where approval was needed (R23).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// What it is escalated for, if it is (R25).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What it says.
    pub message: Arc<Message>,
    /// To whom it goes.
    pub deliveries: Vec<Decided>,
}

impl Notified {
    /// Whether it carries again what was said before, and so says nothing new of its case.
    pub fn is_redrive(&self) -> bool {
        self.deliveries.iter().any(|decided| decided.redrive_of.is_some())
    }
}

pub(in crate::decide) fn strictest() -> Disclosure {
    Disclosure::External
}

/// What was said of a case's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What the case was.
    pub status: CaseStatus,
    /// The hash of what this audience could see.
    pub state: Digest,
    /// How bad it was.
    pub severity: Severity,
}

impl Said {
    /// Whether it was over.
    pub fn is_over(&self) -> bool {
        self.status == CaseStatus::Resolved
    }
}

/// One case that a digest speaks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpokenFor {
    /// The case.
    pub case: CaseId,
    /// The audience of the briefing.
    pub audience: Name,
    /// What was said of it.
    pub said: Said,
    /// Alerts that the digest is the first to name, or count, as firing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub firing: Vec<Fingerprint>,
    /// Alerts that the digest is the first to name, or count, as ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Fingerprint>,
}

/// One delivery of a notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// Its number.
    pub id: DeliveryId,
    /// Whom.
    pub recipient: Recipient,
    /// By which channel: the recipient's, unless everything is redirected (R40).
    pub channel: Name,
    /// What it is for this recipient: who has not been told yet hears an opening (R27, R31).
    pub kind: Kind,
    /// Its key (R34).
    pub key: Digest,
    /// When it goes another way if it has not been handed over (R30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_at: Option<Time>,
    /// The dead-lettered delivery whose message it carries again, if it is a redrive (R33).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redrive_of: Option<DeliveryId>,
}
