//! One lane that is read from a real server, with a log of everything that came of it.

use super::door::FakeDoor;
use super::nats::NatsServer;
use async_nats::Client;
use std::sync::Arc;
use std::time::Duration;
use tidings::event::Name;
use tidings::ingest::lane::{Cursor, LaneEvents, Settings, Start, Stopped, read};
use tidings::ingest::nats::Carries;
use tidings::ingest::{Arrival, Batch, connect};
use tokio::sync::watch;
use tokio::task::JoinSet;

#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    Bound(Cursor),
    Gap(u64, u64),
    CaughtUp,
    Up,
    Down,
    Stopped(String),
}

#[derive(Default)]
pub struct Log(watch::Sender<Vec<Seen>>);

impl Log {
    fn push(&self, seen: Seen) {
        self.0.send_modify(|log| log.push(seen));
    }

    pub fn count(&self, seen: &Seen) -> usize {
        self.0.borrow().iter().filter(|other| *other == seen).count()
    }

    pub fn gaps(&self) -> Vec<(u64, u64)> {
        let gap = |seen: &Seen| match seen {
            Seen::Gap(from, to) => Some((*from, *to)),
            _ => None,
        };
        self.0.borrow().iter().filter_map(gap).collect()
    }

    pub fn cursor(&self) -> Cursor {
        let cursor = |seen: &Seen| match seen {
            Seen::Bound(cursor) => Some(cursor.clone()),
            _ => None,
        };
        self.0.borrow().iter().rev().find_map(cursor).expect("the lane was never bound")
    }

    pub async fn wait(&self, enough: impl Fn(&[Seen]) -> bool) {
        let mut log = self.0.subscribe();
        let found = tokio::time::timeout(Duration::from_secs(40), log.wait_for(|log| enough(log))).await;
        assert!(found.is_ok(), "did not come within 40 s: {:?}", self.0.borrow());
    }
}

impl LaneEvents for Log {
    fn bound(&self, _: &Name, cursor: &Cursor) {
        self.push(Seen::Bound(cursor.clone()));
    }
    fn gap(&self, _: &Name, from: u64, to: u64) {
        self.push(Seen::Gap(from, to));
    }
    fn caught_up(&self, _: &Name) {
        self.push(Seen::CaughtUp);
    }
    fn lag(&self, _: &Name, _: u64) {}
    fn connected(&self, _: &Name, up: Result<(), &str>) {
        self.push(if up.is_ok() { Seen::Up } else { Seen::Down });
    }
    fn stopped(&self, _: &Name, reason: &str) {
        self.push(Seen::Stopped(reason.to_owned()));
    }
}

/// One lane that is being read, with everything that came of it.
pub struct Lane {
    pub door: Arc<FakeDoor>,
    pub log: Arc<Log>,
    tasks: JoinSet<Stopped>,
}

impl Lane {
    pub async fn read(server: &NatsServer, settings: Settings) -> Lane {
        Self::read_into(server, settings, FakeDoor::open()).await
    }

    pub async fn read_into(server: &NatsServer, settings: Settings, door: Arc<FakeDoor>) -> Lane {
        let log = Arc::new(Log::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(read(client(server).await, settings, door.clone(), log.clone()));
        Lane { door, log, tasks }
    }

    pub async fn arrivals(&self, count: usize) -> Vec<Arrival> {
        let enough =
            |batches: &[Batch]| batches.iter().map(|batch| batch.arrivals.len()).sum::<usize>() >= count;
        self.door.wait(enough).await.into_iter().flat_map(|batch| batch.arrivals).collect()
    }

    pub async fn sequences(&self, count: usize) -> Vec<u64> {
        self.arrivals(count).await.iter().map(|arrival| arrival.origin.sequence.unwrap()).collect()
    }

    pub async fn stopped(mut self) -> String {
        let ended = tokio::time::timeout(Duration::from_secs(40), self.tasks.join_next()).await;
        let reason = ended.expect("the lane goes on").unwrap().unwrap().0;
        assert_eq!(self.log.count(&Seen::Stopped(reason.to_string())), 1);
        reason.into()
    }
}

pub fn settings() -> Settings {
    Settings {
        lane: Name::from("alerts"),
        stream: "ALERTS".to_owned(),
        subjects: vec!["alerts.>".to_owned()],
        carries: Carries::Alerts,
        create: true,
        start: Start::All,
        cursor: None,
    }
}

async fn client(server: &NatsServer) -> Client {
    let settings = connect::Settings { servers: vec![server.url()], ..connect::Settings::default() };
    connect::connect(&settings, |_| {}).await.unwrap()
}
