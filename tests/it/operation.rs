//! What whoever runs the real binary sees of its journal and its lanes, and changes beside its configuration.

use crate::support::channels::{self, EACH_ALONE, SECRET};
use crate::support::daemon::Daemon;
use crate::support::nats::NatsServer;
use crate::support::patience::wait;
use crate::support::providers;
use crate::support::web::{Say, Web};
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::time::Duration;
use tidings::daemon::clock::{Clock, wall_ms};

/// The key that comes after [`SECRET`].
const NEXT_SECRET: &str = "whsec_b3BlcmF0aW9uLXRlc3RzLXR1cm4ta2V5cy1vdmVy";

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

/// A daemon that tells a signed webhook.
fn tells(hook: &Web) -> Daemon {
    Daemon::start(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        webhook(hook)
    })
}

/// What one process cannot write, the next one tells of.
#[test]
fn an_append_that_failed_ends_the_process_and_is_known_at_the_next_start() {
    let hook = providers::webhook(SECRET);
    let mut daemon = tells(&hook);
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
    let mut daemon = tells(&hook);
    for lane in ["http-incidents", "http-alerts"] {
        assert_eq!(daemon.metric("tidings_lane_connected", &format!("lane=\"{lane}\"")), 1.0, "{lane}");
    }
    daemon.term();
}

/// Where no token is needed, no page in a browser does or reads anything (R43): not by its origin, and not by a name of
/// its own that leads to this machine.
#[test]
fn without_tokens_pages_in_a_browser_neither_do_nor_read_anything() {
    let hook = providers::webhook(SECRET);
    let mut daemon = tells(&hook);
    let asked = |method: &str, path: &str, headers: &[&str]| {
        daemon.try_send(method, path, headers, "{\"to\":\"duty\"}").unwrap().status
    };
    let page = ["Origin: https://page.example"];
    for path in ["/v1/send-test", "/v1/channels/hook/pause", "/-/reload", "/v1/against", "/v1/events"] {
        assert_eq!(asked("POST", path, &page), 401, "{path}");
    }
    assert_eq!(asked("GET", "/v1/told", &page), 401);
    assert_eq!(asked("GET", "/v1/told", &[]), 200);
    for path in ["/v1/told", "/v1/cases", "/api/v2/status", "/v1/approvals"] {
        assert_eq!(asked("GET", &format!("http://page.example{path}"), &[]), 403, "{path}");
    }
    assert_eq!(asked("POST", "/v1/send-test", &["Host: page.example:8085"]), 403);
    for path in ["/-/healthy", "/metrics"] {
        assert_eq!(asked("GET", &format!("http://page.example{path}"), &[]), 200, "{path}");
    }
    assert_eq!(asked("GET", "http://page.example/a/x", &[]), 404);
    assert_eq!(hook.count(), 0);
    daemon.term();
}

#[test]
fn requests_are_counted_under_the_word_of_their_handler() {
    let hook = providers::webhook(SECRET);
    let mut daemon = tells(&hook);
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

/// A receiver that takes what is signed with any key.
fn lenient() -> Web {
    Web::start(|_, _| Say(204, "", String::new()))
}

fn signed_with(hook: &Web, number: usize) -> &'static str {
    let heard = &hook.heard()[number];
    let mut keys = [SECRET, NEXT_SECRET].into_iter().filter(|key| providers::is_signed(heard, key));
    keys.next_back().unwrap_or("neither")
}

/// The secret lies where nobody watches, behind a link: only who asks for it brings about a reload.
#[test]
fn a_secret_that_comes_or_changes_is_used_from_the_next_reload_on() {
    let (hook, elsewhere) = (lenient(), tempfile::tempdir().unwrap());
    let secret = elsewhere.path().join("whsec");
    let mut daemon = Daemon::start(|folder| {
        symlink(&secret, folder.join("whsec")).unwrap();
        webhook(&hook)
    });
    let down = || daemon.metric("tidings_channel_down", "channel=\"hook\"");
    let adopted = || {
        let tail = daemon.command(&["journal", "tail", "--from", "1"]);
        String::from_utf8_lossy(&tail.stdout).matches("policy_adopted").count()
    };
    let unchanged = r#"{"reloaded":false,"reason":"nothing has changed"}"#;
    assert_eq!((down(), adopted()), (1.0, 1));
    daemon.event(&alert("A"));
    wait("it waits", || daemon.metric("tidings_deliveries_pending", "channel=\"hook\"") == 1.0);
    assert_eq!(daemon.post("/-/reload", "").body, unchanged);

    std::fs::write(&secret, SECRET).unwrap();
    assert_eq!(daemon.post("/-/reload", "").body, r#"{"reloaded":true,"secrets":true}"#);
    assert_eq!(down(), 0.0);
    wait("what waited is told", || hook.count() == 1);
    assert_eq!(signed_with(&hook, 0), SECRET);
    assert_eq!(daemon.post("/-/reload", "").body, unchanged);

    std::fs::write(&secret, NEXT_SECRET).unwrap();
    assert_eq!(daemon.post("/-/reload", "").body, r#"{"reloaded":true,"secrets":true}"#);
    daemon.event(&alert("B"));
    wait("the next one is told", || hook.count() == 2);
    assert_eq!(signed_with(&hook, 1), NEXT_SECRET);

    // Mistakes in the files keep no secret from being used.
    daemon.configure(&webhook(&hook).replace("\"alert\"", "\"allert\""));
    std::fs::write(&secret, SECRET).unwrap();
    assert_eq!(daemon.post("/-/reload", "").status, 400);
    daemon.event(&alert("C"));
    wait("the third one is told", || hook.count() == 3);
    assert_eq!(signed_with(&hook, 2), SECRET);
    assert_eq!(adopted(), 1, "the policy is the same all along");
    daemon.term();
    let log = daemon.log();
    assert!(log.contains("channel.hook.secret") && !log.contains(&SECRET[6..]), "{log}");
}

#[test]
fn the_folder_of_a_secret_is_watched() {
    let (hook, run) = (lenient(), tempfile::tempdir().unwrap());
    let secret = run.path().join("token");
    let mut daemon = Daemon::start(|_| {
        let place = format!("{{ file = {secret:?} }}");
        webhook(&hook).replace("{ file = \"whsec\" }", &place)
    });
    let down = || daemon.metric("tidings_channel_down", "channel=\"hook\"");
    assert_eq!(down(), 1.0);
    let written = Clock::start(None);
    std::fs::write(&secret, SECRET).unwrap();
    wait("the secret is noticed", || down() == 0.0);
    assert!(written.elapsed() < Duration::from_secs(20), "that was the poll: {:?}", written.elapsed());
    daemon.term();
}

#[test]
fn a_token_that_is_rotated_opens_and_the_one_before_does_not() {
    let hook = lenient();
    let token = "\n[token.boss]\nsecret = { file = \"boss\" }\nmay = [\"admin\"]\n";
    let mut daemon = Daemon::start(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        std::fs::write(folder.join("boss"), "token-before").unwrap();
        webhook(&hook) + token
    });
    let reload = |token: &str| {
        let bearer = format!("Authorization: Bearer {token}");
        daemon.try_send("POST", "/-/reload", &[&bearer], "").unwrap().status
    };
    assert_eq!((reload("token-before"), reload("token-after")), (200, 401));
    std::fs::write(daemon.folder().join("boss"), "token-after").unwrap();
    daemon.signal("HUP");
    wait("the new token opens", || reload("token-after") == 200);
    assert_eq!(reload("token-before"), 401);
    daemon.term();
}

/// A lane that is read from this server; further keys of `[ingest.nats]` may follow.
fn lane(nats: &NatsServer, login: &str) -> String {
    format!(
        "\n[ingest.nats]\nservers = [\"{}\"]\nstart = \"all\"\n{login}\n[[ingest.nats.read]]\nstream = \"ALERTS\"\n\
         subjects = [\"alerts.>\"]\ncreate = true",
        nats.url()
    )
}

#[test]
fn a_lane_without_a_connection_is_told_once_and_once_that_it_reads() {
    let (hook, mut nats) = (lenient(), NatsServer::start());
    nats.kill9();
    let mut daemon = Daemon::new(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        webhook(&hook) + &lane(&nats, "")
    });
    daemon.log_filter = "info".to_owned();
    daemon.restart();
    let told = |daemon: &Daemon, level: &str, words: &str| {
        let level = format!("\"level\":\"{level}\"");
        daemon.log().lines().filter(|line| line.contains(&level) && line.contains(words)).count()
    };
    let silent = |daemon: &Daemon| told(daemon, "WARN", "the lane does not read");
    let reads = |daemon: &Daemon| told(daemon, "INFO", "the lane reads");
    wait("that it does not read is told", || silent(&daemon) == 1);
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!((silent(&daemon), reads(&daemon)), (1, 0), "{}", daemon.log());
    for round in 1..=2 {
        nats.restart();
        wait("that it reads is told", || reads(&daemon) == round);
        nats.kill9();
        wait("that it does not is told again", || silent(&daemon) == round + 1);
    }
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!((silent(&daemon), reads(&daemon)), (3, 2), "{}", daemon.log());
    daemon.term();
}

#[test]
fn a_login_for_nats_that_is_missing_is_waited_for_and_the_rest_works() {
    let hook = lenient();
    let nats = NatsServer::with(|_| "authorization { user: tidings, password: opens-nats }".to_owned());
    let login = "user = \"tidings\"\npassword = { file = \"nats-login\" }";
    let mut daemon = Daemon::start(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        webhook(&hook) + &lane(&nats, login)
    });
    wait("that it is missing is told", || daemon.log().contains("nats-login"));
    daemon.event(&alert("A"));
    wait("what came by HTTP is told", || hook.count() == 1);
    let connected = || daemon.metric("tidings_lane_connected", "lane=\"alerts\"");
    assert_eq!(connected(), 0.0);
    let log = daemon.log();
    let told = log.matches("ingest.nats.password: the file nats-login cannot be read").count();
    assert!(told == 1 && !log.contains("something vital failed"), "{log}");
    std::fs::write(daemon.folder().join("nats-login"), "opens-nats").unwrap();
    wait("the lane reads", || connected() == 1.0);
    daemon.term();
    assert!(!daemon.log().contains("opens-nats"));
}

#[test]
fn what_is_no_credentials_file_is_named() {
    let (hook, nats) = (lenient(), NatsServer::start());
    let mut daemon = Daemon::start(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        std::fs::write(folder.join("creds"), "opens-nothing").unwrap();
        webhook(&hook) + &lane(&nats, "credentials = { file = \"creds\" }")
    });
    wait("what is wrong with it is told", || {
        daemon.log().contains("ingest.nats.credentials: the file creds holds no credentials of NATS")
    });
    let checked = daemon.command(&["check", "--secrets"]);
    assert_eq!(checked.status.code(), Some(0), "it can be opened");
    daemon.term();
    assert!(!daemon.log().contains("opens-nothing"));
}

#[test]
fn a_start_that_comes_to_nothing_says_why_once() {
    let hook = lenient();
    let mut daemon = Daemon::new(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        webhook(&hook)
    });
    let taken = std::net::TcpListener::bind(("127.0.0.1", daemon.port)).unwrap();
    daemon.spawn();
    assert_eq!(daemon.ended().code(), Some(64));
    let log = daemon.log();
    assert_eq!(log.matches("cannot listen on").count(), 1, "{log}");
    assert!(!log.contains("something vital failed"), "{log}");
    drop(taken);
    daemon.restart();
    daemon.term();
}
