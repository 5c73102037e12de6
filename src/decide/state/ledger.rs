//! What State keeps beside cases and deliveries: dues, windows, digests, identities, the sum.

use crate::decide::fact::NoticeKind;
use crate::event::id::{CaseId, DeliveryId, Digest, Fingerprint};
use crate::event::{Name, Recipient, Span, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What may be due. The order is the order of handling at one instant (R7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The time for catching up is over.
    CatchUp,
    /// A held channel is to be tried.
    Probe(Name),
    /// A delivery may be tried again.
    Retry(DeliveryId),
    /// A delivery that is not handed over goes another way.
    Fallback(DeliveryId),
    /// An alert is to be read again.
    Read(Fingerprint),
    /// A case is to be looked at.
    Speak(CaseId),
    /// What a rule watches is to be looked at, by the incident that it opens.
    Watch(Box<str>),
    /// A digest is to be made, for an audience and a recipient. Boxed: most dues are cases', and there are very many.
    Digest(Box<(Name, Recipient)>),
    /// The owner is to be told.
    Notice(NoticeKind),
}

impl Due {
    /// What is handled last at one instant: a bound for ranges.
    pub const LAST: Due = Due::Notice(NoticeKind::LAST);
}

/// When messages to one recipient were decided: at most as many as the limit counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window(VecDeque<Time>);

impl Window {
    /// The most instants kept.
    const KEPT_MAX: usize = 1000;

    /// Notes one message.
    pub fn add(&mut self, at: Time) {
        if self.0.len() == Window::KEPT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(at);
    }

    /// How many messages lie within `per` before `now`.
    pub fn count(&self, now: Time, per: Span) -> usize {
        self.0.iter().rev().take_while(|at| **at + per > now).count()
    }

    /// When the oldest message within `per` leaves the window.
    pub fn frees_at(&self, now: Time, per: Span) -> Option<Time> {
        self.0.iter().find(|at| **at + per > now).map(|at| *at + per)
    }

    /// The newest message.
    pub fn newest(&self) -> Option<Time> {
        self.0.back().copied()
    }
}

/// A digest to come for one recipient of one audience.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Digests {
    /// When it is due.
    pub due: Time,
    /// The cases that it will name.
    pub cases: BTreeSet<CaseId>,
}

/// What is to be told to the owner of one sort of trouble.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// How many since the owner was last told.
    pub count: u64,
    /// The newest of them.
    pub text: Box<str>,
    /// Whether one of them is urgent.
    pub urgent: bool,
    /// When the owner is told; `None` when there is nothing to tell.
    pub due: Option<Time>,
    /// When the owner was last told.
    pub last: Option<Time>,
    /// The channel to avoid.
    pub avoid: Option<Name>,
}

/// Event identities, remembered in the order in which they came (R4).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Identities {
    by_key: BTreeMap<Digest, Digest>,
    order: VecDeque<(Time, Digest)>,
}

impl Identities {
    /// What was said under this identity.
    pub fn get(&self, key: &Digest) -> Option<Digest> {
        self.by_key.get(key).copied()
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How many of the oldest came before `time`, or are more than `max`.
    pub fn outdated(&self, time: Time, max: usize) -> usize {
        let old = self.order.iter().take_while(|(at, _)| *at < time).count();
        old.max(self.order.len().saturating_sub(max))
    }

    pub(super) fn add(&mut self, at: Time, key: Digest, body: Digest) {
        if self.by_key.insert(key, body).is_none() {
            self.order.push_back((at, key));
        }
    }

    pub(super) fn forget(&mut self, count: usize) {
        for (_, key) in self.order.drain(..count.min(self.order.len())) {
            self.by_key.remove(&key);
        }
    }
}

/// The sum of deliveries (R33). What is pending is counted by the deliveries that State holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// All that were decided.
    pub decided: u64,
    /// Ended by acceptance.
    pub delivered: u64,
    /// Ended because something newer took their place.
    pub superseded: u64,
    /// Ended because they may not be sent.
    pub suppressed: u64,
    /// Ended because they could not be delivered.
    pub dead_lettered: u64,
}

impl Sum {
    /// All that have ended.
    pub fn ended(&self) -> u64 {
        self.delivered + self.superseded + self.suppressed + self.dead_lettered
    }
}

/// Which dead letters were sent again, and by which deliveries: each may be once. Older ones are known to the history
/// alone, which is a second behind at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redriven(VecDeque<(DeliveryId, DeliveryId)>);

impl Redriven {
    /// The most that are kept.
    const KEPT_MAX: usize = 1000;

    /// By which delivery this one was sent again.
    pub fn by(&self, of: DeliveryId) -> Option<DeliveryId> {
        self.0.iter().rev().find(|(original, _)| *original == of).map(|(_, by)| *by)
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, of: DeliveryId, by: DeliveryId) {
        if self.0.len() == Redriven::KEPT_MAX {
            self.0.pop_front();
        }
        self.0.push_back((of, by));
    }
}

/// The bytes of the messages decided in one entry. No part of what State is: two that differ in it alone are equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct SaidBytes(usize);

impl SaidBytes {
    /// An entry takes no more words once its messages hold this much; the dues that are left wait for the next one.
    const MAX: usize = 8 << 20;

    pub(super) fn add(&mut self, bytes: usize) {
        self.0 += bytes;
    }

    /// Whether the entry has enough.
    pub fn is_full(self) -> bool {
        self.0 >= SaidBytes::MAX
    }
}

impl PartialEq for SaidBytes {
    fn eq(&self, _other: &SaidBytes) -> bool {
        true
    }
}

/// While what was missed is being read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatchUp {
    /// The lanes that are still behind.
    pub behind: Vec<Name>,
    /// The last ledger time before the stop.
    pub down_since: Time,
    /// When it ends all the same.
    pub until: Time,
    /// Whether it has ended: what is said from then on is no longer held back, but the stop is remembered
    /// until everything that was due at its end has been said.
    pub ended: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_redrives_are_kept() {
        let mut redriven = Redriven::default();
        for number in 0..=Redriven::KEPT_MAX as u64 {
            redriven.add(DeliveryId(number), DeliveryId(10_000 + number));
        }
        assert_eq!(redriven.by(DeliveryId(0)), None);
        assert_eq!(redriven.by(DeliveryId(1)), Some(DeliveryId(10_001)));
        assert_eq!(redriven.by(DeliveryId(1000)), Some(DeliveryId(11_000)));
    }
}
