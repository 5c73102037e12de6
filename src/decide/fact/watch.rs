//! What happens to the watch of a rule that opens incidents from alerts.

use crate::event::id::Fingerprint;
use crate::event::{Name, Time};
use serde::{Deserialize, Serialize};

/// What changed about a watch; the first alert that joins begins it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchChange {
    /// An alert meets the rule.
    Joined {
        /// The rule.
        rule: Name,
        /// The alert.
        fingerprint: Fingerprint,
    },
    /// An alert has ended, or meets the rule no more.
    Left {
        /// The alert.
        fingerprint: Fingerprint,
    },
    /// It is to be looked at again, or not.
    Due {
        /// When; `None` for when another alert joins or leaves.
        at: Option<Time>,
    },
    /// The incident is open.
    Opened {},
    /// A person has taken the incident over.
    Taken {},
    /// Nothing is watched any longer.
    Ended {},
}
