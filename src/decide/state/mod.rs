//! State: what all facts so far fold to, and the only thing besides Policy that decisions read.

mod apply;
mod case;
mod channel;
mod course;
mod delivery;
mod incident;
mod ledger;
mod lines;
mod members;
mod watch;

pub use case::{Briefing, Case, Line, Member, Told};
pub use channel::{ChannelState, Health};
pub use course::{Acked, Awaited, Course, Draft, Held, Outside, Promise, RowClock};
pub use delivery::{Delivery, Standing};
pub use incident::{Incident, keep_newest, set_fields};
pub use ledger::{CatchUp, Digests, Due, Identities, Notice, Redriven, SaidBytes, Sum, Window};
pub use lines::Lines;
pub use members::Members;
pub use watch::Watch;

use super::fact::AlertRecord;
use crate::event::id::{CaseId, DeliveryId, Digest, Fingerprint, NotificationId};
use crate::event::{Name, Recipient, Time, pairs};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is known. It is what it is by the facts applied, in order, and by nothing else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The ledger time of the newest input.
    pub time: Time,
    /// The ledger time of the input before it.
    pub before: Time,
    /// The sequence of the journal entry whose facts are being applied.
    pub sequence: u64,
    /// How much the messages of that entry hold so far: an entry must stay one that a journal takes.
    #[serde(skip)]
    pub said_bytes: SaidBytes,
    /// The epoch of the process that leads.
    pub epoch: u64,
    /// When the journal began; `None` before the first start.
    pub born: Option<Time>,
    /// The hash of the adopted policy.
    pub policy: Option<Digest>,
    /// The entry in which the adopted policy's texts stand.
    pub policy_entry: u64,
    /// How far alerts have been read again under the adopted policy; `None` when all have.
    pub policy_unread: Option<Option<Fingerprint>>,
    /// The newest delivery's number.
    pub last_delivery: DeliveryId,
    /// The newest notification's number.
    pub last_notification: NotificationId,
    /// Alerts that fire, are lost, or whose end is still to be said.
    pub alerts: BTreeMap<Fingerprint, Alert>,
    /// Incidents by id, until they are forgotten.
    pub incidents: BTreeMap<Box<str>, Incident>,
    /// Cases: groups while they live, incidents until they are forgotten, desks for ever.
    pub cases: BTreeMap<CaseId, Case>,
    /// Deliveries that have not ended.
    pub deliveries: BTreeMap<DeliveryId, Delivery>,
    /// Channels that have been used.
    pub channels: BTreeMap<Name, ChannelState>,
    /// When messages were decided, for throttles (with a row) and ceilings (without).
    #[serde(with = "pairs")]
    pub windows: BTreeMap<(Recipient, Option<Name>), Window>,
    /// Digests to come.
    #[serde(with = "pairs")]
    pub digests: BTreeMap<(Name, Recipient), Digests>,
    /// Notices to the owner to come, and when each sort was last told.
    pub notices: BTreeMap<super::fact::NoticeKind, Notice>,
    /// Event identities (R4).
    pub identities: Identities,
    /// The sum (R33).
    pub sum: Sum,
    /// Dead letters that were sent again, the newest of them (R33).
    #[serde(default, skip_serializing_if = "Redriven::is_empty")]
    pub redriven: Redriven,
    /// Addresses that providers called dead, by the keyed hashes of the addresses (R14).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dead: BTreeMap<Recipient, Digest>,
    /// Alerts that are to be read again, and when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rereads: BTreeMap<Fingerprint, Time>,
    /// What rules that open incidents from alerts watch, by the incident's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub watched: BTreeMap<Box<str>, Watch>,
    /// Which alerts they watch: an index over that.
    #[serde(skip)]
    pub watching: BTreeSet<(Fingerprint, Box<str>)>,
    /// While what was missed is being read (R39).
    pub catch_up: Option<CatchUp>,
    /// What is to be looked at, and when: an index over the fields above, made anew when a snapshot is read.
    #[serde(skip)]
    pub dues: BTreeSet<(Time, Due)>,
    /// Channels that have something waiting: an index likewise.
    #[serde(skip)]
    pub ready: BTreeSet<Name>,
}

/// An alert and the cases that it belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// All of it, with what became of it.
    pub record: AlertRecord,
    /// When what is said about it last changed by a fact (R5).
    pub changed: Time,
    /// The groups that it is in.
    pub cases: Vec<CaseId>,
}

impl State {
    /// The state of a snapshot, with its indexes made anew.
    pub fn restored(mut self) -> State {
        self.dues.clear();
        self.ready.clear();
        let cases = self.cases.iter().filter_map(|(id, case)| Some((case.due?, Due::Speak(*id))));
        let digests =
            self.digests.iter().map(|(key, digest)| (digest.due, Due::Digest(Box::new(key.clone()))));
        let notices =
            self.notices.iter().filter_map(|(kind, notice)| Some((notice.due?, Due::Notice(*kind))));
        let channels = self.channels.iter().filter_map(|(name, channel)| {
            let Health::Paused { until: Some(until), .. } = channel.health else { return None };
            Some((until, Due::Probe(name.clone())))
        });
        let retries = self.deliveries.iter().filter_map(|(id, delivery)| match delivery.standing {
            Standing::Resting { until } => Some((until, Due::Retry(*id))),
            Standing::Waiting | Standing::Released => None,
        });
        let fallbacks = self
            .deliveries
            .iter()
            .filter_map(|(id, delivery)| Some((delivery.fallback_at?, Due::Fallback(*id))));
        let reading = self.catch_up.iter().filter(|catch_up| !catch_up.ended);
        let catch_up = reading.map(|catch_up| (catch_up.until, Due::CatchUp));
        let dues: BTreeSet<_> = cases
            .chain(digests)
            .chain(notices)
            .chain(channels)
            .chain(retries)
            .chain(fallbacks)
            .chain(catch_up)
            .collect();
        self.dues = dues;
        self.dues.extend(self.rereads.iter().map(|(alert, at)| (*at, Due::Read(*alert))));
        self.index_watches();
        let ids: Vec<DeliveryId> = self.deliveries.keys().copied().collect();
        for channel in self.channels.values_mut() {
            channel.clear_queue();
        }
        for id in ids {
            self.enqueue(id);
        }
        self
    }

    /// The next instant at which something is due.
    pub fn next_due(&self) -> Option<Time> {
        self.dues.first().map(|(at, _)| *at)
    }

    /// Whether decided = delivered + superseded + suppressed + dead-lettered + pending (R33).
    pub fn sum_holds(&self) -> bool {
        self.sum.ended() + self.deliveries.len() as u64 == self.sum.decided
    }

    fn reschedule(&mut self, due: Due, before: Option<Time>, after: Option<Time>) {
        if before == after {
            return;
        }
        if let Some(at) = before {
            self.dues.remove(&(at, due.clone()));
        }
        if let Some(at) = after {
            self.dues.insert((at, due));
        }
    }

    /// Puts a waiting delivery into its channel's queue.
    fn enqueue(&mut self, id: DeliveryId) {
        let Some(delivery) = self.deliveries.get(&id) else { return };
        let channel = self.channels.entry(delivery.channel.clone()).or_default();
        match delivery.standing {
            Standing::Waiting => {
                channel.enqueue(delivery.severity, delivery.decided_at, id);
                self.ready.insert(delivery.channel.clone());
            }
            Standing::Released => channel.released += 1,
            Standing::Resting { .. } => {}
        }
    }
}
