//! R42: when nothing could be made durable for long, one fixed text goes to the owner past the journal.

use super::clock::Clock;
use super::dispatch::{Body, Dispatcher, Job};
use super::task::{TaskKind, Tasks};
use crate::config::Config;
use crate::decide::{Endpoint, Policy};
use crate::event::id::{DeliveryId, Digest};
use crate::event::{Recipient, Time};
use crate::message::{CaseStatus, Disclosure, Kind, Message};
use arc_swap::ArcSwap;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Nothing was made durable for so long.
const AFTER: Duration = Duration::from_secs(120);

/// The owner is told at most this often.
const EVERY: Duration = Duration::from_secs(15 * 60);

const LOOK_EVERY: Duration = Duration::from_secs(5);

/// No content of any event: only that nothing can be kept.
const TITLE: &str = "Tidings cannot write its journal";
const TEXT: &str = "Nothing could be written to the journal for two minutes. Events are not being taken and nobody is \
                    being told anything until that is mended. Look at the disk, or at NATS, and at the log of Tidings.";

/// Whom to tell.
#[derive(Clone, Debug, Default)]
struct Owner(Vec<(Recipient, Endpoint)>);

/// Watches that entries become durable.
pub struct Alarm {
    /// Since when the oldest entry waits, in milliseconds of the monotonic clock; the maximum for none.
    since_ms: AtomicU64,
    owner: ArcSwap<Owner>,
    dispatcher: Dispatcher,
}

impl Alarm {
    /// An alarm for the owner of this configuration.
    pub fn new(dispatcher: Dispatcher, config: &Config) -> Alarm {
        let owner = ArcSwap::from_pointee(owner(&config.policy));
        Alarm { since_ms: AtomicU64::new(u64::MAX), owner, dispatcher }
    }

    /// Another policy holds.
    pub fn know(&self, policy: &Policy) {
        self.owner.store(Arc::new(owner(policy)));
    }

    /// Since when the oldest entry under way waits.
    pub fn under_way_since(&self, since: Option<Duration>) {
        let ms = since.map_or(u64::MAX, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        self.since_ms.store(ms, Ordering::Relaxed);
    }

    fn waits(&self, now: Duration) -> Duration {
        let since = Duration::from_millis(self.since_ms.load(Ordering::Relaxed));
        now.saturating_sub(since)
    }

    /// Looks every few seconds, on a runtime other than that of the loop, which may be what hangs.
    pub fn watch(self: &Arc<Self>, clock: Clock, tasks: &Tasks) {
        let (alarm, stopping) = (self.clone(), tasks.clone());
        tasks.spawn(TaskKind::Work, "alarm", async move {
            let mut told: Option<Duration> = None;
            while tokio::time::timeout(LOOK_EVERY, stopping.stopping()).await.is_err() {
                let now = clock.elapsed();
                let due = told.is_none_or(|told| now.saturating_sub(told) >= EVERY);
                if alarm.waits(now) >= AFTER && due {
                    tracing::error!(
                        "nothing could be made durable for two minutes; telling the owner directly"
                    );
                    told = Some(now);
                    alarm.tell(clock.now());
                }
            }
        });
    }

    fn tell(&self, now: Time) {
        let message = Arc::new(message());
        for (recipient, endpoint) in &self.owner.load().0 {
            let key = Digest::of(&[b"alarm", recipient.as_str().as_bytes(), &now.millis().to_le_bytes()]);
            self.dispatcher.start(Job {
                // A number that no delivery has: its outcome concerns nobody.
                delivery: DeliveryId(0),
                attempt: 1,
                key,
                recipient: recipient.clone(),
                channel: endpoint.channel.clone(),
                address: Some(endpoint.address.clone()),
                time_zone: endpoint.time_zone.clone(),
                disclosure: Disclosure::Internal,
                body: Body::Here(message.clone()),
                decided_at: now,
                now,
                next_update: None,
                delay: None,
                thread: key,
                first: None,
                meant_for: None,
                audience: "".into(),
                acknowledges: None,
            });
        }
    }
}

fn owner(policy: &Policy) -> Owner {
    let audience = policy.owner.as_ref().or(policy.unrouted.as_ref());
    let audience = audience.and_then(|name| policy.audiences.get(name));
    let contacts = audience.iter().flat_map(|audience| &audience.contacts);
    let addresses = contacts.filter_map(|name| policy.contacts.get(name)).flat_map(|contact| &contact.all);
    let all = addresses.chain(audience.iter().flat_map(|audience| &audience.destinations));
    Owner(all.filter_map(|r| Some((r.clone(), policy.endpoints.get(r)?.clone()))).collect())
}

fn message() -> Message {
    Message {
        kind: Kind::Notice,
        status: CaseStatus::Open,
        severity: "".into(),
        urgent: true,
        reference: "journal".into(),
        title: TITLE.into(),
        short: TITLE.into(),
        body: TEXT.into(),
        facts: Vec::new(),
        links: Vec::new(),
        asks: None,
        data: RawValue::from_string("{}".into()).unwrap_or_else(|_| RawValue::NULL.to_owned()),
    }
}
