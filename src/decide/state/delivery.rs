//! Deliveries that have not ended.

use crate::decide::fact::{Said, strictest};
use crate::event::id::{CaseId, Digest, NotificationId};
use crate::event::{Name, Recipient, Severity, Time};
use crate::message::{Disclosure, Kind};
use serde::{Deserialize, Serialize};

/// One notification to one recipient, until it ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The notification.
    pub notification: NotificationId,
    /// The journal entry in which its message stands.
    pub entry: u64,
    /// The case, or the desk.
    pub case: CaseId,
    /// The audience of the briefing.
    pub audience: Name,
    /// Whom.
    pub recipient: Recipient,
    /// By which channel.
    pub channel: Name,
    /// What it is for this recipient.
    pub kind: Kind,
    /// How bad the case was.
    pub severity: Severity,
    /// Which word of the briefing.
    pub ordinal: u32,
    /// What it says of the case.
    pub said: Said,
    /// Its key (R34).
    pub key: Digest,
    /// The level that it was written for; for snapshots of before this was kept, the strictest.
    #[serde(default = "strictest")]
    pub disclosure: Disclosure,
    /// When it was decided.
    pub decided_at: Time,
    /// When it should have been said.
    pub due: Time,
    /// When the event that caused it was received.
    pub event_at: Time,
    /// The next word that it promises (R22).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_update: Option<Time>,
    /// When it goes another way if it has not been handed over (R30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_at: Option<Time>,
    /// Where it stands.
    pub standing: Standing,
    /// When it was last let go.
    pub released_at: Time,
    /// Attempts that were let go.
    pub attempts: u32,
    /// Attempts that were used up by failures about this delivery.
    pub failures: u32,
    /// Whether an attempt may have arrived.
    pub maybe_sent: bool,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In its channel's queue.
    Waiting,
    /// Not before a while has passed.
    Resting {
        /// Until when.
        until: Time,
    },
    /// Let go, and unanswered.
    Released,
}

impl Delivery {
    /// Whether it is let go and unanswered.
    pub fn is_released(&self) -> bool {
        self.standing == Standing::Released
    }
}
