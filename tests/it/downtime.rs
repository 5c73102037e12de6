//! A long stop in the middle of an alert storm: who was told before is told nothing after.

use crate::support::channels::{SECRET, webhook};
use crate::support::daemon::Daemon;
use crate::support::patience::wait;
use crate::support::providers;
use serde_json::{Value, json};
use std::time::Duration;
use tidings::event::{Span, Time};

const ALERTS: usize = 500;
const SERVICES: usize = 5;

/// How long the daemon stays away: longer than `group_interval`, `dedupe_for` and anything else that is due.
const STOP: Duration = Duration::from_secs(120);

const CONFIGURATION: &str = r#"
[audience.duty]
disclosure = "internal"
destinations = ["hook"]
[[route]]
name = "by-service"
kind = "alert"
audience = "duty"
group_by = ["service"]
group_wait = "3s"
group_interval = "30s"
dedupe_for = "30s"
"#;

/// The alerts as Prometheus posts them: all that fire, again and again, valid for a while from now on.
fn storm(now: Time) -> String {
    let alert = |number: usize| {
        let labels = json!({
            "alertname": "Down", "service": format!("s{}", number % SERVICES), "instance": format!("i{number}"),
            "severity": "critical",
        });
        let ends_at = (now + Span::from_mins(10)).to_string();
        json!({ "labels": labels, "startsAt": "2026-01-01T00:00:00Z", "endsAt": ends_at,
                "generatorURL": "http://prometheus.example.net/graph" })
    };
    Value::from((0..ALERTS).map(alert).collect::<Vec<_>>()).to_string()
}

fn wall() -> Time {
    let time = std::process::Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap();
    Time::parse(String::from_utf8(time.stdout).unwrap().trim()).unwrap().unwrap()
}

#[test]
fn after_two_minutes_of_absence_nobody_is_told_again() {
    let hook = providers::webhook(SECRET);
    let mut daemon = Daemon::start(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        webhook("hook", &hook) + CONFIGURATION
    });
    assert_eq!(daemon.post("/api/v2/alerts", &storm(wall())).status, 200);
    let delivered = |daemon: &Daemon| daemon.metric("tidings_deliveries_total", "end=\"delivered\"");
    let firing = |daemon: &Daemon| daemon.metric("tidings_alerts", "state=\"firing\"");
    wait("all alerts are known", || firing(&daemon) == ALERTS as f64);
    wait("every service is told", || {
        let bodies: Vec<String> = hook.heard().iter().map(|heard| heard.text()).collect();
        (0..ALERTS).all(|number| bodies.iter().any(|body| body.contains(&format!("\"i{number}\""))))
    });
    wait("nothing is pending", || daemon.metric("tidings_deliveries_pending", "") == 0.0);
    let told = hook.count();
    assert!(told <= 2 * SERVICES, "{told} messages for {SERVICES} services");
    assert_eq!(delivered(&daemon), told as f64);

    daemon.kill9();
    // Real time has to pass here and nothing tells when it has: how long the daemon was away is what is tested.
    std::thread::sleep(STOP);
    daemon.restart();

    assert_eq!(daemon.post("/api/v2/alerts", &storm(wall())).status, 200);
    wait("catching up is over", || daemon.metric("tidings_catching_up", "") == 0.0);
    assert_eq!(firing(&daemon), ALERTS as f64, "all of them fire on");
    // Something new comes behind all that was there: when it has been told, whatever was owed before it is out as well.
    let labels = json!({ "alertname": "Later", "service": "new", "severity": "critical" });
    daemon.event(&json!({ "type": "alert", "status": "firing", "labels": labels }));
    wait("the later one is told", || hook.heard().iter().any(|heard| heard.text().contains("Later")));
    wait("nothing is pending", || daemon.metric("tidings_deliveries_pending", "") == 0.0);
    assert_eq!(hook.count(), told + 1, "{:#?}", hook.heard().last().map(|heard| heard.text()));
    let journal = daemon.command(&["journal", "verify"]);
    assert!(journal.status.success(), "{}", String::from_utf8_lossy(&journal.stdout));
    daemon.term();
}
