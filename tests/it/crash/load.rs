//! Two senders that do not give up: each repeats an event under its identity until it is accepted.

use crate::support::daemon::send;
use async_nats::jetstream;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Incident and action.
pub type Accepted = BTreeSet<(String, &'static str)>;

/// The incidents that each way in ends with.
pub const LAST: [&str; 2] = ["last-by-http", "last-by-nats"];

/// A sender rests between two events, so that the load lasts as long as the kills.
const REST: Duration = Duration::from_millis(25);

/// A sender that was turned away tries again after this.
const RETRY: Duration = Duration::from_millis(20);

/// The senders.
pub struct Load {
    stop: Arc<AtomicBool>,
    senders: Vec<JoinHandle<Accepted>>,
}

impl Load {
    pub fn start(port: u16, nats: &str) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let (one, other, nats) = (stop.clone(), stop.clone(), nats.to_owned());
        let http = named("http", move || all("http", &one, |id, event| by_http(port, id, event)));
        let nats = named("nats", move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let stream =
                runtime.block_on(async { jetstream::new(async_nats::connect(&nats).await.unwrap()) });
            all("nats", &other, |id, event| runtime.block_on(by_nats(&stream, id, event)))
        });
        Load { stop, senders: vec![http, nats] }
    }

    /// Lets the senders end with a last incident each; everything that was accepted.
    pub fn finish(&mut self) -> Accepted {
        self.stop.store(true, Ordering::Release);
        self.senders.drain(..).flat_map(|sender| sender.join().unwrap()).collect()
    }
}

fn named(way: &str, work: impl FnOnce() -> Accepted + Send + 'static) -> JoinHandle<Accepted> {
    std::thread::Builder::new().name(format!("load-{way}")).spawn(work).unwrap()
}

/// Opens incident after incident and resolves every other one, each event until it is accepted.
fn all(way: &str, stop: &AtomicBool, mut accepts: impl FnMut(&str, &str) -> bool) -> Accepted {
    let mut accepted = Accepted::new();
    let mut say = |incident: &str, action: &'static str| {
        let id = format!("{incident}-{action}");
        let event = json!({
            "type": "incident", "source": "crash-test", "id": id, "incident": incident, "action": action,
            "severity": "sev3", "title": format!("Incident {incident}"),
        });
        while !accepts(&id, &event.to_string()) {
            std::thread::sleep(RETRY);
        }
        accepted.insert((incident.to_owned(), action));
        std::thread::sleep(REST);
    };
    for number in 0.. {
        if stop.load(Ordering::Acquire) {
            break;
        }
        let incident = format!("{way}-{number}");
        say(&incident, "open");
        if number % 2 == 0 {
            say(&incident, "resolve");
        }
    }
    say(&format!("last-by-{way}"), "open");
    accepted
}

fn by_http(port: u16, _: &str, event: &str) -> bool {
    match send(port, "POST", "/v1/events", &["Content-Type: application/json"], event) {
        Some(reply) if reply.status == 202 => true,
        None => false,
        Some(reply) => {
            assert_eq!(reply.status, 503, "{}", reply.body);
            false
        }
    }
}

async fn by_nats(stream: &jetstream::Context, id: &str, event: &str) -> bool {
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Nats-Msg-Id", id);
    let publish = stream.publish_with_headers("incidents.load", headers, event.to_owned().into());
    let acknowledged = async { publish.await.ok()?.await.ok() };
    tokio::time::timeout(Duration::from_secs(2), acknowledged).await.ok().flatten().is_some()
}
