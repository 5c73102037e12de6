//! What can go wrong around the real binary: stops, second processes, bad configurations, missing secrets, wrong tokens.

use crate::support::channels::{self, EACH_ALONE, SECRET};
use crate::support::daemon::{Daemon, free_port};
use crate::support::nats::NatsServer;
use crate::support::patience::wait;
use crate::support::providers;
use crate::support::smtp::{Orders, Relay};
use crate::support::web::{Order, Web};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;

/// One webhook that hears of every alert, each alone.
fn webhook(hook: &Web) -> String {
    let channel = channels::webhook("hook", hook);
    format!(
        r#"
{channel}
timeout = "1m"
[audience.duty]
disclosure = "internal"
destinations = ["hook"]
{EACH_ALONE}
"#
    )
}

fn with_webhook(hook: &Web) -> Daemon {
    Daemon::new(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        webhook(hook)
    })
}

fn alert(name: &str) -> Value {
    json!({ "type": "alert", "status": "firing", "labels": { "alertname": name, "severity": "warning" } })
}

fn keys(hook: &Web) -> BTreeSet<String> {
    hook.heard().iter().map(|heard| heard.header("webhook-id").to_owned()).collect()
}

fn nothing_is_pending(daemon: &Daemon) {
    wait("nothing is pending", || daemon.metric("tidings_deliveries_pending", "") == 0.0);
}

#[test]
fn sigterm_with_attempts_under_way_loses_nothing_and_repeats_none_that_ended() {
    let hook = providers::webhook(SECRET);
    let mut daemon = with_webhook(&hook);
    daemon.restart();
    hook.always(Some(Order::Hang));
    for number in 0..20 {
        daemon.event(&alert(&format!("A{number}")));
    }
    wait("attempts are under way", || hook.count() >= 10);
    daemon.signal("TERM");
    wait("it stops taking events", || !daemon.is_ready());
    hook.release();
    let status = daemon.ended();
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    let ended_before = keys(&hook);

    let heard_before = hook.count();
    daemon.restart();
    wait("all are told", || keys(&hook).len() == 20);
    nothing_is_pending(&daemon);
    let after: Vec<String> =
        hook.heard()[heard_before..].iter().map(|heard| heard.header("webhook-id").to_owned()).collect();
    assert!(after.iter().all(|key| !ended_before.contains(key)), "what had ended was sent again");
    daemon.term();
}

#[test]
fn sigterm_with_attempts_that_never_end_ends_all_the_same() {
    let hook = providers::webhook(SECRET);
    let mut daemon = with_webhook(&hook);
    daemon.restart();
    hook.always(Some(Order::Hang));
    for number in 0..5 {
        daemon.event(&alert(&format!("A{number}")));
    }
    wait("attempts are under way", || hook.count() == 5);
    daemon.term();
    hook.always(None);
    daemon.restart();
    wait("what was in doubt is sent again", || hook.count() == 10);
    assert_eq!(keys(&hook).len(), 5, "under the same keys");
    nothing_is_pending(&daemon);
    daemon.term();
}

#[test]
fn a_second_process_on_the_same_folder_ends_at_once_and_says_why() {
    let hook = providers::webhook(SECRET);
    let mut daemon = with_webhook(&hook);
    daemon.restart();
    let second = daemon.command(&["run"]);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(64), "{said}");
    assert!(said.contains("in use by another process"), "{said}");
    daemon.event(&alert("A"));
    wait("the first goes on", || hook.count() == 1);
    daemon.term();
}

#[test]
fn a_bad_configuration_at_start_falls_back_on_the_last_accepted_one() {
    let hook = providers::webhook(SECRET);
    let mut daemon = with_webhook(&hook);
    let good = webhook(&hook);
    let bad = good.replace("audience = \"duty\"", "audience = \"dutty\"");
    daemon.configure(&bad);
    daemon.spawn();
    let first = daemon.ended();
    assert_eq!(first.code(), Some(64), "without an accepted one it does not start: {}", daemon.log());
    assert!(daemon.log().contains("dutty"), "{}", daemon.log());

    daemon.configure(&good);
    daemon.restart();
    daemon.kill9();
    daemon.configure(&bad);
    daemon.restart();
    assert_eq!(daemon.metric("tidings_config_running_on_last_accepted", ""), 1.0);
    daemon.event(&alert("A"));
    wait("the last accepted rows hold", || hook.count() == 1);
    daemon.kill9();

    daemon.arguments = vec!["--strict".to_owned()];
    daemon.spawn();
    assert_eq!(daemon.ended().code(), Some(64));
}

#[test]
fn a_bad_configuration_at_reload_changes_nothing_and_a_good_one_holds_at_once() {
    let (one, other) = (providers::webhook(SECRET), providers::webhook(SECRET));
    let mut daemon = with_webhook(&one);
    daemon.restart();
    // By request: a bad one is answered with its mistakes.
    daemon.configure(&webhook(&one).replace("\"alert\"", "\"allert\""));
    let refused = daemon.post("/-/reload", "");
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("allert"), "{}", refused.body);
    assert_eq!(daemon.metric("tidings_config_last_reload_successful", ""), 0.0);
    daemon.event(&alert("A"));
    wait("the old rows hold", || one.count() == 1);

    daemon.configure(&webhook(&other));
    // The watch of the folder may have been quicker than the request.
    assert_eq!(daemon.post("/-/reload", "").status, 200);
    assert_eq!(daemon.metric("tidings_config_last_reload_successful", ""), 1.0);
    daemon.event(&alert("B"));
    wait("the new channel is used", || other.count() == 1);
    assert_eq!(one.count(), 1);

    // By signal.
    let before = daemon.metric("tidings_config_hash", "");
    daemon.configure(&webhook(&one).replace("each-alone", "each-by-itself"));
    daemon.signal("HUP");
    wait("another configuration holds", || daemon.metric("tidings_config_hash", "") != before);
    daemon.event(&alert("C"));
    wait("the first channel is used again", || one.count() == 2);
    nothing_is_pending(&daemon);
    daemon.term();
}

/// As Kubernetes mounts a ConfigMap: the file is a link to `..data/FILE`, and `..data` a link that is swapped.
#[test]
fn a_swapped_link_of_a_config_map_is_noticed() {
    let (one, other) = (providers::webhook(SECRET), providers::webhook(SECRET));
    let mut daemon = with_webhook(&one);
    let config = daemon.config();
    let put = |version: &str, text: &str| {
        let folder = daemon.folder().join(version);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("tidings.toml"), text).unwrap();
        let fresh = daemon.folder().join("..data_tmp");
        symlink(version, &fresh).unwrap();
        std::fs::rename(fresh, daemon.folder().join("..data")).unwrap();
    };
    let text = std::fs::read_to_string(&config).unwrap();
    put("..v1", &text);
    std::fs::remove_file(&config).unwrap();
    symlink("..data/tidings.toml", &config).unwrap();
    let put_next = text.replace(&one.url("/in"), &other.url("/in"));
    assert_ne!(text, put_next);
    let swap = |daemon: &Daemon| swap_to(daemon.folder(), "..v2", &put_next);
    daemon.restart();
    daemon.event(&alert("A"));
    wait("the first channel is used", || one.count() == 1);
    let before = daemon.metric("tidings_config_hash", "");
    swap(&daemon);
    wait("the swap is noticed", || daemon.metric("tidings_config_hash", "") != before);
    daemon.event(&alert("B"));
    wait("the new channel is used", || other.count() == 1);
    nothing_is_pending(&daemon);
    daemon.term();
}

fn swap_to(root: &Path, version: &str, text: &str) {
    std::fs::create_dir(root.join(version)).unwrap();
    std::fs::write(root.join(version).join("tidings.toml"), text).unwrap();
    symlink(version, root.join("..data_tmp")).unwrap();
    std::fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
}

#[test]
fn a_channel_whose_secret_is_missing_waits_and_the_others_work() {
    let (hook, relay) = (providers::webhook(SECRET), Relay::start(&Orders::default()));
    let mail = format!(
        "\n[channel.mail]\ntype = \"email\"\nrelay = \"smtp://localhost:{}\"\nfrom = \"desk@example.net\"",
        relay.port
    );
    let more = webhook(&hook).replace("[\"hook\"]", "[\"hook\", \"mail:duty@example.net\"]") + &mail;
    let mut daemon = Daemon::start(|_| more);
    assert_eq!(daemon.metric("tidings_channel_down", "channel=\"hook\""), 1.0);
    assert_eq!(daemon.metric("tidings_channel_down", "channel=\"mail\""), 0.0);
    assert!(daemon.log().contains("a channel is down"), "{}", daemon.log());
    daemon.event(&alert("A"));
    wait("the other channel works", || relay.seen("letter").len() == 1);
    let pending = || daemon.metric("tidings_deliveries_pending", "channel=\"hook\"");
    wait("what goes by the one that is down waits", || pending() == 1.0);
    assert_eq!(daemon.metric("tidings_deliveries_total", "end=\"dead_lettered\""), 0.0);
    daemon.term();

    std::fs::write(daemon.folder().join("whsec"), SECRET).unwrap();
    daemon.restart();
    wait("with its secret it says what waited", || hook.count() == 1);
    nothing_is_pending(&daemon);
    assert_eq!(relay.seen("letter").len(), 1);
    daemon.term();
}

#[test]
fn without_nats_at_start_http_works_and_the_lane_comes_when_nats_does() {
    let hook = providers::webhook(SECRET);
    let mut nats = NatsServer::start();
    let lane = format!(
        "\n[ingest.nats]\nservers = [\"{}\"]\nstart = \"all\"\n[[ingest.nats.read]]\nstream = \"ALERTS\"\n\
         subjects = [\"alerts.>\"]\ncreate = true",
        nats.url()
    );
    nats.kill9();
    let mut daemon = Daemon::start(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        webhook(&hook) + &lane
    });
    assert_eq!(daemon.metric("tidings_lane_connected", "lane=\"alerts\""), 0.0);
    daemon.event(&alert("A"));
    nats.restart();
    wait("the lane reads", || daemon.metric("tidings_lane_connected", "lane=\"alerts\"") == 1.0);
    wait("what came by HTTP is told", || hook.count() == 1);
    daemon.term();
}

#[test]
fn tokens_open_what_they_are_for_and_nothing_else() {
    let hook = providers::webhook(SECRET);
    let tokens = "\n[token.sender]\nsecret = { file = \"sender\" }\nmay = [\"ingest\"]\n\
                  [token.boss]\nsecret = { file = \"boss\" }\nmay = [\"admin\"]";
    let mut daemon = Daemon::start(|folder| {
        for (name, secret) in [("whsec", SECRET), ("sender", "sender-token"), ("boss", "boss-token")] {
            std::fs::write(folder.join(name), secret).unwrap();
        }
        webhook(&hook) + tokens
    });
    let body = alert("A").to_string();
    let ask = |method: &str, path: &str, token: Option<&str>, body: &str| {
        let bearer = token.map(|token| format!("Authorization: Bearer {token}"));
        let headers: Vec<&str> = bearer.iter().map(String::as_str).collect();
        daemon.try_send(method, path, &headers, body).unwrap().status
    };
    for path in ["/v1/events", "/api/v2/alerts"] {
        assert_eq!(ask("POST", path, None, &body), 401, "{path}");
        assert_eq!(ask("POST", path, Some("nobody's"), &body), 401, "{path}");
        assert_eq!(ask("POST", path, Some("boss-token"), &body), 403, "{path}");
    }
    assert_eq!(ask("POST", "/-/reload", Some("sender-token"), ""), 403);
    assert_eq!(ask("POST", "/-/reload", None, ""), 401);
    assert_eq!(ask("POST", "/v1/channels/hook/pause", Some("sender-token"), ""), 403);
    assert_eq!(hook.count(), 0);
    assert_eq!(ask("POST", "/v1/events", Some("sender-token"), &body), 202);
    assert_eq!(ask("POST", "/-/reload", Some("boss-token"), ""), 200);
    assert_eq!(ask("GET", "/-/healthy", None, ""), 200);
    assert_eq!(ask("GET", "/metrics", None, ""), 200);
    wait("only what was let in is told", || hook.count() == 1);
    daemon.term();
}

/// A port on which nothing listens answers nobody: what goes there waits, and is told once something does.
#[test]
fn a_provider_that_is_down_is_waited_for() {
    let port = free_port();
    let relay = format!(
        "\n[channel.mail]\ntype = \"email\"\nrelay = \"smtp://localhost:{port}\"\nfrom = \"desk@example.net\"\n\
         [audience.duty]\ndisclosure = \"internal\"\ndestinations = [\"mail:duty@example.net\"]\n[[route]]\n\
         name = \"all\"\nkind = \"alert\"\naudience = \"duty\"\ngroup_wait = \"0s\""
    );
    let mut daemon = Daemon::start(|_| relay);
    daemon.event(&alert("A"));
    wait("the channel is held back", || daemon.metric("tidings_channel_paused", "channel=\"mail\"") == 1.0);
    assert_eq!(daemon.metric("tidings_deliveries_pending", ""), 1.0);
    assert_eq!(daemon.metric("tidings_deliveries_total", "end=\"dead_lettered\""), 0.0);
    daemon.term();
}
