//! How a delivery ends: exactly once, in one of four ways (R33).

use crate::decide::input::{Accepted, Failure};
use serde::{Deserialize, Serialize};

/// How a delivery ended (R33).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The provider took it.
    Delivered(Accepted),
    /// Something newer took its place.
    Superseded {
        /// What, or why.
        why: SupersededBy,
    },
    /// It may not be sent any more.
    Suppressed {
        /// Why.
        why: SuppressedBy,
    },
    /// It could not be delivered.
    DeadLettered {
        /// Why.
        why: DeadBy,
        /// What the last attempt said.
        failure: Option<Failure>,
    },
}

/// What took a delivery's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupersededBy {
    /// A newer word to the same recipient.
    Newer,
    /// The case ended before anything was said.
    ResolvedBeforeSent,
    /// A newer word, and this one may have arrived.
    MaybeTold,
    /// The same word by another way, because this one was not handed over in time (R30).
    FellBack,
}

/// Why a delivery may not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressedBy {
    /// The recipient is no longer in the configuration (R37).
    Removed,
    /// The installation decides and sends nothing (R40).
    Shadow,
}

/// Why a delivery was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadBy {
    /// It would fail again.
    Refused,
    /// It grew too old (R35).
    TooOld,
    /// Its channel is no longer in the configuration (R37).
    ChannelRemoved,
    /// Deciding its outcome panicked (R8).
    Quarantined,
}

impl End {
    /// The word in metrics: one of `delivered`, `superseded`, `suppressed`, `dead_lettered`.
    pub fn as_str(&self) -> &'static str {
        match self {
            End::Delivered(_) => "delivered",
            End::Superseded { .. } => "superseded",
            End::Suppressed { .. } => "suppressed",
            End::DeadLettered { .. } => "dead_lettered",
        }
    }
}
