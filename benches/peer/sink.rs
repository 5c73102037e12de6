//! The webhook endpoint: it answers 200 at once and counts, and can be told to hang.

use crate::client::{content_length, find};
use crate::clock;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// What has arrived.
#[derive(Default)]
pub struct Counts {
    /// Notifications.
    pub bodies: AtomicUsize,
    /// Alerts in them.
    pub alerts: AtomicUsize,
    /// Notifications with at least so many alerts as a whole group has.
    pub whole: AtomicUsize,
    group: AtomicUsize,
    hangs: AtomicBool,
    keeps: AtomicBool,
    arrivals: Mutex<Vec<(String, Duration)>>,
}

/// A running endpoint; it ends with the process.
#[derive(Clone)]
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    /// What has arrived.
    pub counts: Arc<Counts>,
}

impl Sink {
    /// Starts one on a thread of its own.
    ///
    /// # Errors
    /// No port, or no thread.
    pub fn start() -> std::io::Result<Sink> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let counts = Arc::new(Counts::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let shared = counts.clone();
        std::thread::Builder::new()
            .name("sink".into())
            .spawn(move || runtime.block_on(accept(listener, shared)))?;
        Ok(Sink { address, counts })
    }

    /// Forgets what has arrived; from now on a group has so many alerts.
    pub fn reset(&self, group: usize) {
        let counts = &*self.counts;
        counts.group.store(group, Ordering::Relaxed);
        for number in [&counts.bodies, &counts.alerts, &counts.whole] {
            number.store(0, Ordering::Relaxed);
        }
        counts.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// From now on answers come, or never do.
    pub fn hang(&self, hangs: bool) {
        self.counts.hangs.store(hangs, Ordering::Relaxed);
    }

    /// From now on it keeps when which alert arrived: its label `seq`, or its reference.
    pub fn keep_arrivals(&self, keeps: bool) {
        self.counts.keeps.store(keeps, Ordering::Relaxed);
    }

    /// What arrived when, since it keeps that.
    pub fn arrivals(&self) -> Vec<(String, Duration)> {
        self.counts.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many notifications held a whole group.
    pub fn whole(&self) -> usize {
        self.counts.whole.load(Ordering::Relaxed)
    }
}

async fn accept(listener: std::net::TcpListener, counts: Arc<Counts>) {
    let listener = TcpListener::from_std(listener).expect("a listener that was just bound");
    let mut connections = tokio::task::JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(connection(stream, counts.clone()));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(mut stream: TcpStream, counts: Arc<Counts>) {
    let _ = stream.set_nodelay(true);
    let mut buffer: Vec<u8> = Vec::with_capacity(16 << 10);
    loop {
        let (head, end) = loop {
            if let Some(head) = find(&buffer, b"\r\n\r\n") {
                break (head, head + 4 + content_length(&buffer[..head]));
            }
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        };
        while buffer.len() < end {
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        }
        if counts.hangs.load(Ordering::Relaxed) {
            // Its client gives up by closing; until then there is silence.
            while matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {}
            return;
        }
        count(&counts, &buffer[head + 4..end]);
        buffer.drain(..end);
        if stream.write_all(ANSWER).await.is_err() {
            return;
        }
    }
}

fn count(counts: &Counts, body: &[u8]) {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let alerts = text.matches("\"fingerprint\"").count();
    counts.bodies.fetch_add(1, Ordering::Relaxed);
    counts.alerts.fetch_add(alerts, Ordering::Relaxed);
    if counts.keeps.load(Ordering::Relaxed) {
        let marked = |mark: &str| text.split_once(mark).and_then(|(_, rest)| rest.split('"').next());
        if let Some(name) = marked("\"seq\":\"").or_else(|| marked("\"alertname\":\"")) {
            let mut arrivals = counts.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
            arrivals.push((name.to_owned(), clock::elapsed()));
        }
    }
    if alerts >= counts.group.load(Ordering::Relaxed) {
        counts.whole.fetch_add(1, Ordering::Release);
    }
}
