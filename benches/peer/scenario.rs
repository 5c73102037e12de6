//! The four pieces of work that both daemons are given.

use crate::alerts::{self, BATCH, Set};
use crate::client::{Client, post_all};
use crate::clock;
use crate::disk;
use crate::peer::{Grouping, Peer};
use crate::process::Daemon;
use crate::sink::Sink;
use std::io;
use std::path::Path;
use std::time::Duration;

/// How long one piece of work may take at the most.
const LIMIT: Duration = Duration::from_secs(180);

/// After which time memory counts as settled: garbage was collected, pages were given back.
const SETTLE: Duration = Duration::from_secs(4);

/// How many senders there are.
const CONNECTIONS: usize = 4;

/// What one run showed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// From the first send until all was delivered, or accepted in (c); in seconds.
    pub seconds: f64,
    /// Alerts a second.
    pub rate: f64,
    /// CPU time per alert, in microseconds.
    pub cpu_us: f64,
    /// Resident memory per active alert once settled, in bytes.
    pub memory: f64,
    /// The most resident memory, in bytes.
    pub peak: f64,
    /// The median delay from send to arrival, in milliseconds.
    pub p50_ms: f64,
    /// Its 99th percentile.
    pub p99_ms: f64,
    /// What one sync of the disk takes by itself, where that is measured: the median, in milliseconds.
    pub sync_p50_ms: Option<f64>,
    /// Its 99th percentile.
    pub sync_p99_ms: Option<f64>,
}

/// One piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// (a)
    ManyGroups,
    /// (b)
    LargeGroups,
    /// (c)
    Resent,
    /// (d)
    OneByOne,
}

/// All of it, in order.
pub const ALL: [Work; 4] = [Work::ManyGroups, Work::LargeGroups, Work::Resent, Work::OneByOne];

impl Work {
    pub fn letter(self) -> &'static str {
        match self {
            Work::ManyGroups => "a",
            Work::LargeGroups => "b",
            Work::Resent => "c",
            Work::OneByOne => "d",
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Work::ManyGroups => "20,000 alerts in 20,000 groups, no wait",
            Work::LargeGroups => "100,000 alerts in 100 groups, 1 s wait",
            Work::Resent => "10,000 alerts resent 20 times",
            Work::OneByOne => "200 alerts a second, one by one",
        }
    }

    /// Has `peer` do it.
    ///
    /// # Errors
    /// The daemon does not start, or does not get done in time.
    pub fn run(self, peer: Peer, folder: &Path, sink: &Sink) -> io::Result<Figures> {
        let (grouping, set) = match self {
            Work::ManyGroups => (by("seq", 0, 300), Set { count: 20_000, groups: 20_000 }),
            Work::LargeGroups => (by("group", 1, 1), Set { count: 100_000, groups: 100 }),
            Work::Resent => (by("group", 1, 5), Set { count: 10_000, groups: 100 }),
            Work::OneByOne => (by("seq", 0, 300), Set { count: 2_000, groups: 2_000 }),
        };
        let daemon = peer.start(folder, grouping, &[sink.address])?;
        sink.reset(set.count / set.groups);
        let mut figures = match self {
            Work::ManyGroups | Work::LargeGroups => delivered(&daemon, sink, set),
            Work::Resent => resent(&daemon, sink, set),
            Work::OneByOne => one_by_one(&daemon, sink, set),
        }?;
        drop(daemon);
        if self == Work::OneByOne && peer == Peer::Tidings {
            let (p50, p99) = disk::syncs(folder)?;
            (figures.sync_p50_ms, figures.sync_p99_ms) = (Some(p50), Some(p99));
        }
        Ok(figures)
    }
}

fn by(by: &'static str, wait: u32, interval: u32) -> Grouping {
    Grouping { by, wait, interval }
}

fn delivered(daemon: &Daemon, sink: &Sink, set: Set) -> io::Result<Figures> {
    let requests = alerts::requests(set, BATCH, &alerts::started(), 0);
    let (before, begun) = (daemon.usage()?, clock::elapsed());
    post_all(daemon.address, &requests, CONNECTIONS)?;
    all_arrived(sink, set)?;
    let took = (clock::elapsed() - begun).as_secs_f64();
    let after = daemon.usage()?;
    std::thread::sleep(SETTLE);
    let settled = daemon.usage()?;
    let count = set.count as f64;
    Ok(Figures {
        seconds: took,
        rate: count / took,
        cpu_us: (after.cpu - before.cpu) * 1e6 / count,
        memory: (settled.resident - before.resident) / count,
        peak: settled.peak,
        ..Figures::default()
    })
}

fn all_arrived(sink: &Sink, set: Set) -> io::Result<()> {
    if clock::wait_until(LIMIT, || sink.whole() >= set.groups) {
        return Ok(());
    }
    Err(io::Error::other(format!("only {} of {} groups have arrived whole", sink.whole(), set.groups)))
}

fn resent(daemon: &Daemon, sink: &Sink, set: Set) -> io::Result<Figures> {
    const ROUNDS: i64 = 20;
    let started = alerts::started();
    let idle = daemon.usage()?;
    post_all(daemon.address, &alerts::requests(set, BATCH, &started, 0), CONNECTIONS)?;
    all_arrived(sink, set)?;
    std::thread::sleep(SETTLE);
    let requests: Vec<Vec<u8>> =
        (1..=ROUNDS).flat_map(|round| alerts::requests(set, BATCH, &started, round)).collect();
    let (before, begun) = (daemon.usage()?, clock::elapsed());
    post_all(daemon.address, &requests, CONNECTIONS)?;
    let took = (clock::elapsed() - begun).as_secs_f64();
    let after = daemon.usage()?;
    let count = (set.count as i64 * ROUNDS) as f64;
    Ok(Figures {
        seconds: took,
        rate: count / took,
        cpu_us: (after.cpu - before.cpu) * 1e6 / count,
        memory: (before.resident - idle.resident) / set.count as f64,
        peak: after.peak,
        ..Figures::default()
    })
}

fn one_by_one(daemon: &Daemon, sink: &Sink, set: Set) -> io::Result<Figures> {
    sink.keep_arrivals(true);
    let before = daemon.usage()?;
    let sent = send_steadily(daemon, set, 200)?;
    let arrived = all_arrived(sink, set);
    sink.keep_arrivals(false);
    arrived?;
    let after = daemon.usage()?;
    let delays = delays(&sent, &sink.arrivals());
    Ok(Figures {
        cpu_us: (after.cpu - before.cpu) * 1e6 / set.count as f64,
        p50_ms: percentile(&delays, 50.0),
        p99_ms: percentile(&delays, 99.0),
        peak: after.peak,
        ..Figures::default()
    })
}

/// Sends the alerts of `set` one by one, so many a second whatever the answers take; says when each was sent.
///
/// # Errors
/// The connection was lost.
pub fn send_steadily(daemon: &Daemon, set: Set, per_second: u32) -> io::Result<Vec<Duration>> {
    let started = alerts::started();
    let mut client = Client::connect(daemon.address)?;
    let begun = clock::elapsed();
    let mut sent = Vec::with_capacity(set.count);
    for number in 0..set.count {
        let request = alerts::single(set, number, &started);
        let at = begun + Duration::from_secs(1) * number as u32 / per_second;
        std::thread::sleep(at.saturating_sub(clock::elapsed()));
        sent.push(clock::elapsed());
        client.post(&request)?;
    }
    Ok(sent)
}

/// The delay of each alert from its sending to its first arrival, in milliseconds, sorted.
pub fn delays(sent: &[Duration], arrivals: &[(String, Duration)]) -> Vec<f64> {
    let mut first: Vec<Option<Duration>> = vec![None; sent.len()];
    for (name, at) in arrivals {
        if let Some(slot) = name.parse::<usize>().ok().and_then(|number| first.get_mut(number)) {
            slot.get_or_insert(*at);
        }
    }
    let delay =
        |(sent, at): (&Duration, Option<Duration>)| at.map(|at| at.saturating_sub(*sent).as_secs_f64() * 1e3);
    let mut delays: Vec<f64> = sent.iter().zip(first).filter_map(delay).collect();
    delays.sort_by(f64::total_cmp);
    delays
}

/// A percentile of sorted numbers.
pub fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let index = ((sorted.len() as f64 * percent / 100.0).ceil() as usize).saturating_sub(1);
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}
