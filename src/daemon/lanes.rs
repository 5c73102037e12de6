//! The NATS lanes of a configuration: connections, cursors, and what happens to lanes told to the loop (R2).

use super::door::{Control, FrontDoor, Mailbox};
use super::task::{TaskKind, Tasks};
use crate::config::{self, NatsLogin, NatsSettings, open_secret};
use crate::event::{Name, Time};
use crate::ingest::connect::{self, Auth, Link, Tls};
use crate::ingest::lane::{self, LaneEvents, Settings, Start};
use crate::ingest::nats::Carries;
use crate::journal::Cursor;
use crate::observe::metrics::Metrics;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tells the loop and the metrics.
struct Events {
    mailbox: Arc<Mailbox>,
    metrics: Arc<Metrics>,
}

impl LaneEvents for Events {
    fn bound(&self, lane: &Name, cursor: &lane::Cursor) {
        self.mailbox.control(Control::Bound(lane.clone(), kept(cursor)));
    }

    fn gap(&self, lane: &Name, from: u64, to: u64) {
        tracing::error!(lane = %lane, from, to, "messages are gone from the stream");
        self.mailbox.control(Control::Gap(lane.clone(), from, to));
    }

    fn caught_up(&self, lane: &Name) {
        self.mailbox.control(Control::CaughtUp(lane.clone()));
    }

    fn lag(&self, lane: &Name, messages: u64) {
        self.metrics.lane_lag(lane.as_str(), messages);
    }

    fn connected(&self, lane: &Name, up: Result<(), &str>) {
        match up {
            Ok(()) => tracing::info!(lane = %lane, "the lane reads"),
            Err(why) => tracing::warn!(lane = %lane, why, "the lane does not read; trying on"),
        }
        self.metrics.lane_connected(lane.as_str(), up.is_ok());
        self.mailbox.control(Control::Connected(lane.clone(), up.is_ok()));
    }

    fn stopped(&self, lane: &Name, reason: &str) {
        tracing::error!(lane = %lane, reason, "the lane has stopped until a person says how it goes on");
        self.mailbox.control(Control::Stopped(lane.clone(), reason.into()));
    }
}

fn kept(cursor: &lane::Cursor) -> Cursor {
    Cursor { stream: Name::from(&*cursor.stream), created: cursor.created, sequence: cursor.sequence }
}

/// Starts every lane from its cursor.
///
/// # Errors
/// The connection's settings are wrong, as a sentence.
pub async fn start(
    nats: &NatsSettings,
    cursors: &BTreeMap<Name, Cursor>,
    now: Time,
    mailbox: &Arc<Mailbox>,
    metrics: &Arc<Metrics>,
    tasks: &Tasks,
) -> Result<(), String> {
    let settings = connect::Settings {
        servers: nats.servers.clone(),
        auth: auth(&nats.login)?,
        tls: Tls { ca: nats.ca.clone(), ..Tls::default() },
        inbox_prefix: None,
    };
    let client = connect::connect(&settings, |link| match link {
        Link::Up => tracing::info!("connected to NATS"),
        Link::Down => tracing::warn!("the connection to NATS is down; it is being made anew"),
        Link::Refused => tracing::warn!("NATS refuses something; are the permissions right?"),
        Link::Failed => tracing::debug!("an attempt to reach NATS failed"),
    })
    .await
    .map_err(|error| error.to_string())?;
    let events = Arc::new(Events { mailbox: mailbox.clone(), metrics: metrics.clone() });
    for read in &nats.reads {
        let settings = Settings {
            lane: read.name.clone(),
            stream: read.stream.clone(),
            subjects: read.subjects.clone(),
            carries: match read.carries {
                config::Carries::Alerts => Carries::Alerts,
                config::Carries::Incidents => Carries::Incidents,
            },
            create: read.create,
            start: match nats.start {
                config::Start::New => Start::New,
                config::Start::All => Start::All,
                config::Start::Since(span) => Start::Since(now - span),
            },
            cursor: cursors.get(&read.name).filter(|cursor| !is_cleared(cursor)).map(|cursor| lane::Cursor {
                stream: cursor.stream.as_str().into(),
                created: cursor.created,
                sequence: cursor.sequence,
            }),
        };
        let door = Arc::new(FrontDoor(mailbox.clone()));
        let (client, events, stopping) = (client.clone(), events.clone(), tasks.clone());
        tasks.spawn(TaskKind::Work, "lane", async move {
            // Cancel-safe: a lane that is dropped goes on at its cursor at the next start.
            tokio::select! {
                _stopped = lane::read(client, settings, door, events) => {}
                () = stopping.stopping() => {}
            }
        });
    }
    Ok(())
}

/// What `tidings journal cursor LANE --begin-anew` writes: the lane begins as at a first start.
pub fn cleared() -> Cursor {
    Cursor { stream: Name::from(""), created: Time::EPOCH, sequence: 0 }
}

fn is_cleared(cursor: &Cursor) -> bool {
    cursor.stream.as_str().is_empty()
}

fn auth(login: &NatsLogin) -> Result<Auth, String> {
    Ok(match login {
        NatsLogin::Nobody => Auth::None,
        NatsLogin::Credentials(secret) => Auth::Credentials(open_secret(secret)?),
        NatsLogin::User(user, password) => Auth::Password(user.clone(), open_secret(password)?),
        NatsLogin::Token(token) => Auth::Token(open_secret(token)?),
    })
}
