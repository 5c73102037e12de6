//! A million alerts flood in by one lane of NATS while urgent incidents come by another: memory, and how fast the
//! incidents are delivered.

use crate::peer::{tidings, ways_out};
use crate::process::{Daemon, free_address};
use crate::scenario::percentile;
use crate::sink::Sink;
use crate::{alerts, clock, folder, report};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// How many alerts flood in, and over how many groups.
const ALERTS: usize = 1_000_000;
const GROUPS: usize = 1_000;

/// How many messages may be on their way into the stream.
const UNANSWERED_MAX: usize = 4096;

/// How often an urgent incident is opened meanwhile.
const INCIDENT_EVERY: Duration = Duration::from_millis(500);

/// What an active alert may cost besides what the daemon itself takes, in bytes: an eighth of Alertmanager's 25 KB.
const ALERT_BYTES: f64 = 3125.0;

/// What the daemon itself may take, in bytes.
const BASE_BYTES: f64 = 512.0 * 1024.0 * 1024.0;

/// How long everything may take.
const LIMIT: Duration = Duration::from_secs(300);

struct Nats(Child);

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_nats(folder: &Path, address: SocketAddr) -> io::Result<Nats> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/tools.sh");
    let found = Command::new(script).arg("nats-server").output()?;
    let program = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    let mut command = Command::new(program);
    command
        .args(["-js", "-a", "127.0.0.1", "-p", &address.port().to_string(), "-sd"])
        .arg(folder.join("nats"));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let nats = Nats(child);
    if clock::wait_until(Duration::from_secs(20), || std::net::TcpStream::connect(address).is_ok()) {
        return Ok(nats);
    }
    Err(io::Error::other("nats-server does not answer"))
}

fn config(folder: &Path, http: SocketAddr, nats: SocketAddr, sink: &Sink) -> String {
    format!(
        "version = 1\nunrouted = \"sink-0\"\n[ingest.http]\nlisten = \"{http}\"\n[journal]\npath = \"{}\"\n\
         [ingest.nats]\nservers = [\"nats://{nats}\"]\n\
         [[ingest.nats.read]]\nstream = \"INCIDENTS\"\nsubjects = [\"incidents.>\"]\ncarries = \"incidents\"\ncreate = true\n\
         [[ingest.nats.read]]\nstream = \"ALERTS\"\nsubjects = [\"alerts.>\"]\ncreate = true\n{}\
         [[route]]\nname = \"alerts\"\nkind = \"alert\"\naudience = \"sink-0\"\ngroup_by = [\"group\"]\n\
         [[route]]\nname = \"incidents\"\nkind = \"incident\"\naudience = \"sink-0\"\n",
        folder.join("journal").display(),
        ways_out(&[sink.address])
    )
}

/// Publishes the alerts as fast as the stream takes them. Without asking for its answers much of a flood would be
/// dropped by the server before it reaches the stream.
async fn flood(client: async_nats::Client, published: &AtomicUsize) -> Result<(), async_nats::Error> {
    let started = alerts::started();
    let stream = async_nats::jetstream::new(client);
    let mut answers = VecDeque::with_capacity(UNANSWERED_MAX);
    for number in 0..ALERTS {
        if answers.len() == UNANSWERED_MAX
            && let Some(oldest) = answers.pop_front()
        {
            oldest.await?;
        }
        let body = alerts::native(number, GROUPS, &started);
        answers.push_back(stream.publish("alerts.bench", body.into()).await?);
        published.store(number + 1, Ordering::Relaxed);
    }
    for answer in answers {
        answer.await?;
    }
    Ok(())
}

/// Opens an urgent incident now and then until the flood is read; says when each was opened.
async fn incidents(
    client: async_nats::Client,
    over: &AtomicBool,
) -> Result<Vec<(String, Duration)>, async_nats::Error> {
    let mut opened = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let id = format!("INC-{}", opened.len());
        let body = format!(
            r#"{{"type":"incident","source":"bench","incident":"{id}","action":"open","severity":"critical","stage":"investigating","at":"{:.3}","title":{{"internal":"It fails"}}}}"#,
            clock::now()
        );
        opened.push((id, clock::elapsed()));
        client.publish("incidents.bench", body.into()).await?;
        client.flush().await?;
        tokio::time::sleep(INCIDENT_EVERY).await;
    }
    Ok(opened)
}

/// Alerts that the daemon says it has decided.
async fn decided(address: SocketAddr) -> usize {
    let read = tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let line = text
            .lines()
            .find(|line| line.starts_with(r#"tidings_events_total{lane="alerts",outcome="decided"}"#))?;
        line.rsplit(' ').next()?.parse::<f64>().ok()
    });
    read.await.ok().flatten().unwrap_or(0.0) as usize
}

/// Runs the flood; says whether the goals were met.
///
/// # Errors
/// A server does not start, or the flood is not read in time.
pub fn run(keep: bool) -> io::Result<bool> {
    let folder = folder("flood")?;
    let sink = Sink::start()?;
    sink.reset(usize::MAX);
    sink.keep_arrivals(true);
    let (http, nats) = (free_address()?, free_address()?);
    let _server = start_nats(&folder, nats)?;
    let daemon = tidings(&folder, http, &config(&folder, http, nats, &sink))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (took, opened) = runtime.block_on(drive(http, nats))?;
    let known = |opened: &[(String, Duration)]| {
        let arrivals: BTreeMap<String, Duration> = sink.arrivals().into_iter().rev().collect();
        opened
            .iter()
            .filter_map(|(id, at)| Some(arrivals.get(id)?.saturating_sub(*at).as_secs_f64()))
            .collect()
    };
    let mut delays: Vec<f64> = Vec::new();
    clock::wait_until(Duration::from_secs(60), || {
        delays = known(&opened);
        delays.len() == opened.len()
    });
    let lost = opened.len() - delays.len();
    delays.sort_by(f64::total_cmp);
    tell(&daemon, took, &delays, lost, keep)
}

async fn drive(http: SocketAddr, nats: SocketAddr) -> io::Result<(Duration, Vec<(String, Duration)>)> {
    let failed = |error: async_nats::Error| io::Error::other(error.to_string());
    let connect = || async { async_nats::connect(nats.to_string()).await.map_err(io::Error::other) };
    let (flooding, opening) = (connect().await?, connect().await?);
    let streams = async_nats::jetstream::new(opening.clone());
    for name in ["ALERTS", "INCIDENTS"] {
        // The daemon makes them; what is published before goes nowhere.
        while streams.get_stream(name).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let (published, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let begun = clock::elapsed();
    let read = async {
        let mut known = 0;
        while known < ALERTS && clock::elapsed() - begun < LIMIT {
            tokio::time::sleep(Duration::from_secs(1)).await;
            known = decided(http).await;
            eprintln!("published {}, decided {known}", published.load(Ordering::Relaxed));
        }
        let took = clock::elapsed() - begun;
        over.store(true, Ordering::Relaxed);
        (known, took)
    };
    let (flooded, opened, (known, took)) =
        tokio::join!(flood(flooding, &published), incidents(opening, &over), read);
    flooded.map_err(failed)?;
    if known < ALERTS {
        return Err(io::Error::other(format!("only {known} of {ALERTS} alerts were read in time")));
    }
    Ok((took, opened.map_err(failed)?))
}

fn tell(daemon: &Daemon, took: Duration, delays: &[f64], lost: usize, keep: bool) -> io::Result<bool> {
    let peak = daemon.usage()?.peak;
    let allowed = BASE_BYTES + ALERT_BYTES * ALERTS as f64;
    let p99 = percentile(delays, 99.0);
    let met = peak <= allowed && p99 <= 5.0 && lost == 0;
    let text = format!(
        "{}\n\n| {ALERTS} alerts by NATS, {} urgent incidents in another lane | | goal |\n|---|---:|---|\n\
         | read, decided and durable | {:.0} alerts a second | |\n\
         | resident memory at its peak | {:.0} MB | at most {:.0} MB: 512 MiB, and {ALERT_BYTES} bytes per active alert |\n\
         | delay of an incident, median | {:.2} s | |\n| delay of an incident, 99th percentile | {p99:.2} s | at most 5 s |\n\
         | incidents that did not arrive | {lost} | 0 |\n",
        report::machine(),
        delays.len() + lost,
        ALERTS as f64 / took.as_secs_f64(),
        peak / 1e6,
        allowed / 1e6,
        percentile(delays, 50.0),
    );
    println!("\n{text}");
    if keep {
        report::write("flood", &text)?;
    }
    Ok(met)
}
