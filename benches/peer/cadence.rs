//! Ten thousand incidents are open and three audiences of each are promised a word every half hour: what keeping them
//! told costs, in memory and CPU, while nothing else happens.

use crate::client::post_all;
use crate::peer::tidings;
use crate::process::{Daemon, free_address};
use crate::sink::Sink;
use crate::{clock, folder, report};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How many incidents are open.
const INCIDENTS: usize = 10_000;
/// How many audiences of each are promised a word.
const AUDIENCES: usize = 3;
/// How often, in seconds.
const EVERY: usize = 1800;
/// It is watched for a whole interval and this much more: every promise falls due once.
const MORE: Duration = Duration::from_secs(60);
/// What it may take: bytes, and the share of one core.
const MEMORY: f64 = 200e6;
const SHARE: f64 = 0.05;

fn config(folder: &Path, http: SocketAddr, sink: SocketAddr) -> String {
    let mut text = format!(
        "version = 1\nunrouted = \"responders\"\n[ingest.http]\nlisten = \"{http}\"\n[journal]\npath = \"{}\"\n\
         [incidents]\nowner = \"responders\"\n",
        folder.join("journal").display()
    );
    let audiences = [
        ("responders", "internal"),
        ("executives", "business"),
        ("support", "business"),
        ("customers", "external"),
    ];
    for (name, level) in audiences {
        text.push_str(&format!(
            "[channel.{name}]\ntype = \"webhook\"\nurl = \"http://{sink}/hook\"\nallow_networks = [\"127.0.0.0/8\"]\n\
             secret = {{ file = \"{}\" }}\nconcurrency = 16\n[audience.{name}]\ndisclosure = \"{level}\"\ndestinations = [\"{name}\"]\n\
             [[route]]\nname = \"{name}\"\nkind = \"incident\"\naudience = \"{name}\"\n",
            folder.join("key").display()
        ));
        if level != "internal" {
            text.push_str(&format!("update_every = \"{}m\"\n", EVERY / 60));
        }
        if level == "external" {
            text.push_str("approve = false\n");
        }
    }
    text
}

/// The opening of one incident, with the texts that a real one has.
fn opening(number: usize) -> Vec<u8> {
    let body = format!(
        r#"{{"type":"incident","source":"bench","incident":"INC-{number}","action":"open","severity":"sev2","stage":"investigating","customer_impact":true,"title":{{"internal":"pool {number} exhausted","business":"Checkout {number} is failing","public":"Payments are failing for some customers"}},"note":{{"internal":"about one in six requests fails","business":"About 15 % of checkouts fail","public":"We are working on it"}},"impact":{{"customers":1200,"revenue_per_hour":"5000 EUR"}},"commander":"jonas","comms_lead":"mara","labels":{{"team":"payments","service":"checkout-{number}"}}}}"#
    );
    format!(
        "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Opens the incidents, waits until their audiences were told, and watches them for one interval.
///
/// # Errors
/// The daemon does not start, or does not deliver.
pub fn run(keep: bool) -> io::Result<bool> {
    let folder = folder("cadence")?;
    let sink = Sink::start()?;
    sink.reset(usize::MAX);
    std::fs::write(folder.join("key"), "whsec_dGhlIGtleSBvZiBhIGJlbmNobWFyayEh")?;
    let address = free_address()?;
    let daemon = tidings(&folder, address, &config(&folder, address, sink.address))?;
    let requests: Vec<Vec<u8>> = (0..INCIDENTS).map(opening).collect();
    post_all(address, &requests, 4)?;
    let told = INCIDENTS * (AUDIENCES + 1);
    if !clock::wait_until(Duration::from_secs(300), || arrived(&sink) >= told) {
        return Err(io::Error::other(format!("only {} of {told} first words arrived", arrived(&sink))));
    }
    watch(&daemon, &sink, keep)
}

/// How many messages have arrived.
fn arrived(sink: &Sink) -> usize {
    sink.counts.bodies.load(Ordering::Relaxed)
}

fn watch(daemon: &Daemon, sink: &Sink, keep: bool) -> io::Result<bool> {
    let (before, first) = (daemon.usage()?, arrived(sink));
    let begun = clock::elapsed();
    std::thread::sleep(Duration::from_secs(EVERY as u64) + MORE);
    let (after, seconds) = (daemon.usage()?, (clock::elapsed() - begun).as_secs_f64());
    let said = arrived(sink) - first;
    let share = (after.cpu - before.cpu) / seconds;
    // A holding update to each audience, and before it one reminder to who leads.
    let due = INCIDENTS * (AUDIENCES + 1);
    let whole = said >= due;
    let met = after.peak <= MEMORY && share <= SHARE && whole;
    let text = format!(
        "{}\n\n| {INCIDENTS} open incidents, {AUDIENCES} audiences of each promised a word every {} min | | goal |\n|---|---:|---|\n\
         | resident memory | {:.0} MB | |\n| resident memory at its peak | {:.0} MB | less than {:.0} MB |\n\
         | CPU, of one core | {:.1} % | less than {:.0} % |\n| messages in that time: holding updates, and reminders to who leads | {said} | {due} are due |\n",
        report::machine(),
        EVERY / 60,
        after.resident / 1e6,
        after.peak / 1e6,
        MEMORY / 1e6,
        share * 100.0,
        SHARE * 100.0,
    );
    println!("\n{text}");
    if keep {
        report::write("cadence", &text)?;
    }
    Ok(met)
}
