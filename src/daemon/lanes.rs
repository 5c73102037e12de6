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
use async_nats::Client;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long until it is looked again whether there can be a client.
const TRY_EVERY: Duration = Duration::from_secs(5);

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

/// Starts every lane from its cursor, once there is a client. What the client needs may still come, such as a secret: until
/// then the lanes are down, as a channel is (R38).
///
/// # Errors
/// The addresses are none, as a sentence.
pub fn start(
    nats: &NatsSettings,
    cursors: BTreeMap<Name, Cursor>,
    now: Time,
    mailbox: &Arc<Mailbox>,
    metrics: &Arc<Metrics>,
    tasks: &Tasks,
) -> Result<(), String> {
    connect::addresses(&nats.servers).map_err(|error| format!("ingest.nats.servers: {error}"))?;
    let events = Arc::new(Events { mailbox: mailbox.clone(), metrics: metrics.clone() });
    let (nats, mailbox, starting) = (nats.clone(), mailbox.clone(), tasks.clone());
    tasks.spawn(TaskKind::Work, "nats", async move {
        // Cancel-safe: nothing is read before there is a client.
        let client = tokio::select! {
            client = patiently(&nats, &starting) => client,
            () = starting.stopping() => return,
        };
        for read in &nats.reads {
            let settings = settings(read, nats.start, cursors.get(&read.name), now);
            let door = Arc::new(FrontDoor(mailbox.clone()));
            let (client, events, stopping) = (client.clone(), events.clone(), starting.clone());
            starting.spawn(TaskKind::Work, "lane", async move {
                // Cancel-safe: a lane that is dropped goes on at its cursor at the next start.
                tokio::select! {
                    _stopped = lane::read(client, settings, door, events) => {}
                    () = stopping.stopping() => {}
                }
            });
        }
    });
    Ok(())
}

/// The client, as soon as there can be one. Why there is none is said once, and again when it is another reason.
async fn patiently(nats: &NatsSettings, tasks: &Tasks) -> Client {
    let mut said = None;
    loop {
        let why = match client(nats, tasks).await {
            Ok(client) => return client,
            Err(why) => why,
        };
        if said.as_ref() != Some(&why) {
            tracing::error!(why, "the lanes of NATS are down; it is tried on");
            said = Some(why);
        }
        tokio::time::sleep(TRY_EVERY).await;
    }
}

async fn client(nats: &NatsSettings, tasks: &Tasks) -> Result<Client, String> {
    let settings = connect::Settings {
        servers: nats.servers.clone(),
        auth: auth(&nats.login)?,
        tls: Tls { ca: nats.ca.clone(), ..Tls::default() },
        inbox_prefix: None,
    };
    let stopping = tasks.clone();
    let client = connect::connect(&settings, move |link| match link {
        Link::Down if stopping.is_stopping() => {}
        Link::Up => tracing::info!("connected to NATS"),
        Link::Down => tracing::warn!("the connection to NATS is down; it is being made anew"),
        Link::Refused => tracing::warn!("NATS refuses something; are the permissions right?"),
        Link::Failed => tracing::debug!("an attempt to reach NATS failed"),
    });
    client.await.map_err(|error| match (error, nats.login.secret()) {
        (connect::Error::Credentials, Some((key, place))) => {
            format!("ingest.nats.{key}: the {place} holds no credentials of NATS")
        }
        (error, _) => format!("ingest.nats: {error}"),
    })
}

fn settings(read: &config::Lane, start: config::Start, cursor: Option<&Cursor>, now: Time) -> Settings {
    Settings {
        lane: read.name.clone(),
        stream: read.stream.clone(),
        subjects: read.subjects.clone(),
        carries: match read.carries {
            config::Carries::Alerts => Carries::Alerts,
            config::Carries::Incidents => Carries::Incidents,
        },
        create: read.create,
        start: match start {
            config::Start::New => Start::New,
            config::Start::All => Start::All,
            config::Start::Since(span) => Start::Since(now - span),
        },
        cursor: cursor.filter(|cursor| !is_cleared(cursor)).map(|cursor| lane::Cursor {
            stream: cursor.stream.as_str().into(),
            created: cursor.created,
            sequence: cursor.sequence,
        }),
    }
}

/// What `tidings journal cursor LANE --begin-anew` writes: the lane begins as at a first start.
pub fn cleared() -> Cursor {
    Cursor { stream: Name::from(""), created: Time::EPOCH, sequence: 0 }
}

fn is_cleared(cursor: &Cursor) -> bool {
    cursor.stream.as_str().is_empty()
}

fn auth(login: &NatsLogin) -> Result<Auth, String> {
    let Some((key, place)) = login.secret() else { return Ok(Auth::None) };
    let secret = open_secret(place).map_err(|why| format!("ingest.nats.{key}: {why}"))?;
    Ok(match login {
        NatsLogin::Nobody => Auth::None,
        NatsLogin::Credentials(_) => Auth::Credentials(secret),
        NatsLogin::User(user, _) => Auth::Password(user.clone(), secret),
        NatsLogin::Token(_) => Auth::Token(secret),
    })
}
