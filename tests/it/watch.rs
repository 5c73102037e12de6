//! Who watches the watcher: a real Prometheus has data for every query that is shipped, and wakes somebody when the daemon
//! is dead; the page for operators does what it says.

use crate::support::daemon::Daemon;
use crate::support::nats::NatsServer;
use crate::support::patience::wait;
use crate::support::prometheus::Prometheus;
use crate::support::web::{Say, Web};
use crate::tools;
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long the daemon works while it is watched, in rounds of a second: rates and quantiles look back two minutes.
const ROUNDS: u32 = 120;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Everything that there are metrics for: lanes of NATS, a webhook and a screen, a heart with its switch.
fn watched(nats: &NatsServer, hook: &Web, switch: &Web) -> Daemon {
    Daemon::start(|folder| {
        std::fs::write(folder.join("switch"), switch.url("/switch")).unwrap();
        format!(
            r#"unrouted = "duty"
[ingest.nats]
servers = ["{}"]
[[ingest.nats.read]]
stream = "EVENTS"
subjects = ["events.>"]
create = true
[channel.hook]
type = "webhook"
format = "alertmanager"
url = "{}"
[channel.screen]
type = "console"
[audience.duty]
disclosure = "internal"
destinations = ["hook"]
[audience.heartbeat]
disclosure = "internal"
destinations = ["screen"]
[heartbeat]
audience = "heartbeat"
every = "1s"
ping = {{ file = {:?} }}
[[route]]
name = "alerts"
kind = "alert"
audience = "duty"
group_by = ["alertname"]
group_wait = "0s"
dedupe_for = "1h"
throttle = {{ max = 10, per = "1m" }}
[[route]]
name = "incidents"
kind = "incident"
audience = "duty"
"#,
            nats.url(),
            hook.url("/hook"),
            folder.join("switch")
        )
    })
}

/// What happens in one second of work.
fn works(daemon: &Daemon, round: u32) {
    let severity = ["critical", "warning", "info", "none"][round as usize % 4];
    let labels = json!({ "alertname": format!("Check{round}"), "severity": severity });
    daemon.event(&json!({ "type": "alert", "source": "watched", "labels": labels }));
    let incident = json!({ "type": "incident", "source": "watched", "incident": format!("INC-{round}"), "action": "open",
                        "severity": "sev1", "title": "something" });
    daemon.event(&incident);
    let batch = json!([{ "labels": labels, "annotations": {} }]);
    assert_eq!(daemon.post("/api/v2/alerts", &batch.to_string()).status, 200);
    if round % 10 == 5 {
        assert_eq!(daemon.post("/v1/events", "this is no event").status, 400);
        assert_eq!(daemon.get("/v1/told").status, 200);
        assert_eq!(daemon.post("/v1/send-test", r#"{"to":"duty"}"#).status, 202);
        assert_eq!(daemon.post("/-/reload", "").status, 200);
        assert_eq!(daemon.get("/-/ready").status, 200);
    }
}

#[test]
fn every_query_has_data_and_a_dead_daemon_wakes_somebody() {
    let ok = |_: &_, _| Say(200, "", String::new());
    let (nats, hook, switch) = (NatsServer::start(), Web::start(ok), Web::start(ok));
    let mut daemon = watched(&nats, &hook, &switch);
    let rules = std::fs::read_to_string(root().join("deploy/prometheus/rules.yml")).unwrap();
    let scrape = format!(
        "scrape_configs:\n- job_name: tidings\n  static_configs: [{{targets: ['127.0.0.1:{}']}}]\n",
        daemon.port
    );
    let prometheus = Prometheus::start(&scrape, &rules);
    for round in 0..ROUNDS {
        works(&daemon, round);
        std::thread::sleep(Duration::from_secs(1));
    }
    let asked = Command::new(tools::find("python"))
        .arg("-B")
        .arg(root().join("scripts/check-watch.py"))
        .args(["--server", &prometheus.url()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[asked.stdout, asked.stderr].concat()).into_owned();
    assert!(asked.status.success(), "{said}");

    assert!(!prometheus.fires("TidingsDown"));
    daemon.kill9();
    let heard = switch.count();
    assert!(heard > 0, "the switch was told while all was well");
    wait("somebody is woken", || prometheus.fires("TidingsDown"));
    assert_eq!(switch.count(), heard, "the switch of a dead daemon is silent");
}

#[test]
fn the_page_for_operators_does_what_it_says() {
    let ran = Command::new(tools::find("python"))
        .arg("-B")
        .arg(root().join("scripts/run-page.py"))
        .arg(root().join("docs/operations.md"))
        .args(["--tidings", env!("CARGO_BIN_EXE_tidings")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    assert!(ran.status.success(), "{said}");
}
