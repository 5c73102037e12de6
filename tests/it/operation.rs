//! What whoever runs the real binary sees of its journal and its lanes, and changes beside its configuration.

use crate::support::channels::{self, EACH_ALONE, SECRET};
use crate::support::daemon::Daemon;
use crate::support::patience::wait;
use crate::support::providers;
use crate::support::web::Web;
use serde_json::{Value, json};
use tidings::daemon::clock::wall_ms;

/// One webhook that hears of every alert, each alone.
fn webhook(hook: &Web) -> String {
    let audience = "\n[audience.duty]\ndisclosure = \"internal\"\ndestinations = [\"hook\"]\n";
    channels::webhook("hook", hook) + audience + EACH_ALONE
}

fn alert(name: &str) -> Value {
    json!({ "type": "alert", "status": "firing", "labels": { "alertname": name, "severity": "warning" } })
}

fn now() -> f64 {
    wall_ms() as f64 / 1e3
}

/// What one process cannot write, the next one tells of.
#[test]
fn an_append_that_failed_ends_the_process_and_is_known_at_the_next_start() {
    let hook = providers::webhook(SECRET);
    let mut daemon = Daemon::start(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        webhook(&hook)
    });
    let failed = |daemon: &Daemon| daemon.metric("tidings_journal_append_failed_timestamp_seconds", "");
    assert_eq!(failed(&daemon), 0.0);
    wait("the room is seen", || daemon.metric("tidings_journal_room_bytes", "") > 0.0);
    let before = now();
    let other = rusqlite::Connection::open(daemon.journal().join("journal.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    daemon.try_send("POST", "/v1/events", &[], &alert("A").to_string());
    assert_eq!(daemon.ended().code(), Some(70), "{}", daemon.log());
    drop(other);
    daemon.restart();
    let at = failed(&daemon);
    assert!(before <= at && at <= now(), "{before} {at}");
    daemon.event(&alert("A"));
    wait("it goes on", || hook.count() == 1);
    daemon.term();
}

#[test]
fn the_lanes_of_http_are_connected_while_it_listens() {
    let hook = providers::webhook(SECRET);
    let mut daemon = Daemon::start(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        webhook(&hook)
    });
    for lane in ["http-incidents", "http-alerts"] {
        assert_eq!(daemon.metric("tidings_lane_connected", &format!("lane=\"{lane}\"")), 1.0, "{lane}");
    }
    daemon.term();
}

#[test]
fn requests_are_counted_under_the_word_of_their_handler() {
    let hook = providers::webhook(SECRET);
    let mut daemon = Daemon::start(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        webhook(&hook)
    });
    for (method, path, handler) in [
        ("POST", "/v1/events", "events"),
        ("GET", "/v1/events", "questions"),
        ("GET", "/v1/told", "questions"),
        ("POST", "/api/v2/alerts", "alerts"),
        ("POST", "/v1/channels/none/pause", "commands"),
        ("POST", "/-/reload", "reload"),
        ("GET", "/-/healthy", "probes"),
        ("GET", "/metrics", "metrics"),
        ("GET", "/nonsense", "other"),
    ] {
        let labels = format!("handler=\"{handler}\",method=\"{method}\"");
        let count = || daemon.metric("tidings_http_request_duration_seconds_count", &labels);
        let before = count();
        daemon.try_send(method, path, &[], "[]").unwrap();
        assert!(count() > before, "{method} {path} is no {handler}");
    }
    daemon.term();
}
