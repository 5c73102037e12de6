//! The health of channels and what waits for them (R32, R35).

use crate::event::id::DeliveryId;
use crate::event::{Severity, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One channel as decisions know it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChannelState {
    /// Whether it works.
    pub health: Health,
    /// How many times running it has failed.
    pub failures: u32,
    /// When it last took something.
    pub last_success: Option<Time>,
    /// The delivery that was tried last while it was held: none is tried twice running.
    pub last_probe: Option<DeliveryId>,
    /// How many deliveries are released and unanswered: an index.
    #[serde(skip)]
    pub released: u32,
    /// How many were let go since the oldest was, whatever its severity.
    pub since_oldest: u32,
    /// What waits, the worst first, the oldest first within: an index.
    #[serde(skip)]
    by_severity: BTreeSet<(Severity, Time, DeliveryId)>,
    /// What waits, the oldest first: an index.
    #[serde(skip)]
    by_age: BTreeSet<(Time, DeliveryId)>,
}

/// Whether a channel works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// All of its window is open.
    #[default]
    Open,
    /// It comes back: this many at once.
    Ramping {
        /// How many.
        allowed: u32,
    },
    /// Nothing is let go.
    Paused {
        /// Until when; `None` until a person resumes it.
        until: Option<Time>,
        /// When it began.
        since: Time,
    },
    /// One delivery is let go to see.
    Probing {
        /// Which.
        delivery: DeliveryId,
    },
}

impl ChannelState {
    /// How many more may be let go, given the channel's window.
    pub fn free(&self, window: u32) -> u32 {
        let allowed = match self.health {
            Health::Open => window,
            Health::Ramping { allowed } => allowed.min(window),
            Health::Paused { .. } | Health::Probing { .. } => 0,
        };
        allowed.saturating_sub(self.released)
    }

    /// Adds to the queue.
    pub(super) fn enqueue(&mut self, severity: Severity, decided: Time, id: DeliveryId) {
        self.by_severity.insert((severity, decided, id));
        self.by_age.insert((decided, id));
    }

    /// Takes out of the queue.
    pub(super) fn dequeue(&mut self, severity: Severity, decided: Time, id: DeliveryId) {
        self.by_severity.remove(&(severity, decided, id));
        self.by_age.remove(&(decided, id));
    }

    pub(super) fn clear_queue(&mut self) {
        self.by_severity.clear();
        self.by_age.clear();
        self.released = 0;
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.by_age.len()
    }

    /// What waits: the worst first, then by age.
    pub fn urgent_first(&self) -> impl Iterator<Item = DeliveryId> {
        self.by_severity.iter().map(|(_, _, id)| *id)
    }

    /// What waits: the oldest first.
    pub fn oldest_first(&self) -> impl Iterator<Item = (Time, DeliveryId)> {
        self.by_age.iter().copied()
    }
}
