//! The heartbeat: one beat after another goes the whole way, and only then the dead man's switch outside is told.
//!
//! A beat passes the door of events, is decided, becomes durable and leaves by a real channel; what came of it is durable
//! too before the switch is pinged. Whatever of that is broken, the switch hears nothing, and whoever it wakes looks here.

use super::run::Shared;
use super::task::TaskKind;
use crate::config::{HeartbeatSettings, open_secret};
use crate::decide::Command;
use crate::deliver::egress::{Egress, Request, Url, networks};
use crate::event::id::DeliveryId;
use crate::event::{Name, Span};
use crate::ingest::{Batch, Door, http as ways_in};
use crate::observe::Ping;
use bytes::Bytes;
use http::{HeaderMap, Method};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

/// How long the switch may take to answer.
const PING_WITHIN: Span = Span::from_secs(10);

/// What came of a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beaten {
    /// Which.
    pub beat: u64,
    /// Whether everyone got it.
    pub arrived: bool,
}

/// Beats on their way, as the loop sees them.
#[derive(Debug, Default)]
pub struct Beats {
    of: BTreeMap<DeliveryId, u64>,
    arrived: bool,
}

impl Beats {
    /// A beat was decided with these deliveries; without any, nobody can get it. One before it counts no more.
    pub fn decided(&mut self, beat: u64, deliveries: impl Iterator<Item = DeliveryId>) -> Option<Beaten> {
        self.of = deliveries.map(|delivery| (delivery, beat)).collect();
        self.arrived = true;
        self.of.is_empty().then_some(Beaten { beat, arrived: false })
    }

    /// A delivery ended; says what came of its beat, once all of it has ended.
    pub fn ended(&mut self, delivery: DeliveryId, delivered: bool) -> Option<Beaten> {
        let beat = self.of.remove(&delivery)?;
        self.arrived &= delivered;
        self.of.is_empty().then_some(Beaten { beat, arrived: self.arrived })
    }
}

/// Where the settings come from, reload after reload.
pub type Settings = watch::Receiver<Option<HeartbeatSettings>>;

/// Starts the heart. It stands still while no audience is configured.
pub fn start(shared: &Arc<Shared>, settings: Settings, beaten: UnboundedReceiver<Beaten>) {
    let heart = Heart { shared: shared.clone(), settings, beaten, beat: 0 };
    shared.tasks.spawn(TaskKind::Vital, "heartbeat", heart.run());
}

struct Heart {
    shared: Arc<Shared>,
    settings: Settings,
    beaten: UnboundedReceiver<Beaten>,
    beat: u64,
}

impl Heart {
    async fn run(mut self) {
        let tasks = self.shared.tasks.clone();
        loop {
            let settings = self.settings.borrow_and_update().clone();
            self.shared.metrics.heartbeat_interval(settings.as_ref().map(|settings| settings.every));
            let mut changed = self.settings.clone();
            // Cancel-safe: a beat that is abandoned half way counts for nothing, and the next has another number.
            tokio::select! {
                () = self.beats(settings) => {}
                // Its sender lives as long as the reloader; without one nothing changes any more.
                Ok(()) = changed.changed() => {}
                () = tasks.stopping() => return,
            }
        }
    }

    /// One beat after another, for as long as these settings hold.
    async fn beats(&mut self, settings: Option<HeartbeatSettings>) {
        let Some(settings) = settings else { return std::future::pending().await };
        let switch = settings.ping.as_ref().map(|ping| (ping, egress(&settings)));
        loop {
            let begun = self.shared.clock.elapsed();
            if self.goes_the_whole_way(&settings.audience).await {
                let heard = match &switch {
                    Some((place, egress)) => self.ping(place, egress).await,
                    None => true,
                };
                if heard {
                    self.shared.metrics.heart_beats(self.shared.clock.now());
                }
            } else {
                tracing::warn!(audience = %settings.audience, "a heartbeat has not gone the whole way");
            }
            let took = self.shared.clock.elapsed().saturating_sub(begun);
            tokio::time::sleep(settings.every.to_std().saturating_sub(took)).await;
        }
    }

    /// Sends a beat and waits until it has arrived, or cannot any more.
    async fn goes_the_whole_way(&mut self, audience: &Name) -> bool {
        self.beat += 1;
        let beat = self.beat;
        // The door is passed like an event passes it: where events wait, so does the heart.
        let door = super::door::FrontDoor(self.shared.mailbox.clone());
        let nothing = Batch { lane: ways_in::ALERTS.into(), arrivals: Vec::new() };
        if door.submit(nothing).await.is_err() {
            return false;
        }
        let command = Command::Heartbeat { audience: audience.clone(), beat };
        if self.shared.mailbox.command(command).await.is_err() {
            return false;
        }
        while let Some(beaten) = self.beaten.recv().await {
            if beaten.beat == beat {
                return beaten.arrived;
            }
        }
        false
    }

    async fn ping(&self, place: &crate::event::SecretRef, egress: &Egress) -> bool {
        let answer = self.ask(place, egress).await;
        let ping = if answer.is_ok() { Ping::Accepted } else { Ping::Failed };
        self.shared.metrics.pinged(ping);
        if let Err(why) = &answer {
            tracing::warn!(why, "the dead man's switch was not reached");
        }
        answer.is_ok()
    }

    async fn ask(&self, place: &crate::event::SecretRef, egress: &Egress) -> Result<(), String> {
        // Opened each time: the secret may be changed under a running daemon.
        let secret = open_secret(place)?;
        let url = Url::parse(secret.expose_secret()).map_err(|_| format!("the {place} holds no URL"))?;
        let request = Request {
            method: Method::GET,
            url: &url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            deadline: PING_WITHIN,
            now: self.shared.clock.now(),
        };
        let answer = egress.send(request).await.map_err(|error| error.to_string())?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(format!("it answered {}", answer.status.as_u16()))
    }
}

fn egress(settings: &HeartbeatSettings) -> Egress {
    // They were read as networks when the configuration was.
    Egress::new(&networks(&settings.allow_networks).unwrap_or_default(), "heartbeat")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_has_arrived_once_everyone_has_it() {
        let mut beats = Beats::default();
        let ids = || [1, 2].map(DeliveryId).into_iter();
        assert_eq!(beats.decided(7, ids()), None);
        assert_eq!(beats.ended(DeliveryId(9), true), None, "of something else");
        assert_eq!(beats.ended(DeliveryId(2), true), None);
        assert_eq!(beats.ended(DeliveryId(1), true), Some(Beaten { beat: 7, arrived: true }));
        assert_eq!(beats.decided(8, ids()), None);
        assert_eq!(beats.ended(DeliveryId(1), false), None);
        assert_eq!(beats.ended(DeliveryId(2), true), Some(Beaten { beat: 8, arrived: false }));
        assert_eq!(beats.decided(9, std::iter::empty()), Some(Beaten { beat: 9, arrived: false }));
    }
}
