//! A journal's disk that runs full or cannot be written: new events are refused, nothing that was taken is lost, and what
//! is said about it can be understood.

use crate::support::daemon::Daemon;
use crate::support::disk::Disk;
use crate::support::patience::wait;
use crate::support::web::{Heard, Say, Web};
use serde_json::json;
use std::collections::BTreeSet;

const OK: fn(&Heard, usize) -> Say = |_, _| Say(200, "", String::new());

/// A daemon whose journal lies on a disk of so many megabytes; it does not run yet.
fn on_a_disk(hook: &Web, megabytes: u32) -> (Daemon, Disk) {
    let mut daemon = Daemon::new(|folder| {
        std::fs::create_dir(folder.join("journal")).unwrap();
        format!(
            "unrouted = \"duty\"\n[channel.hook]\ntype = \"webhook\"\nformat = \"alertmanager\"\nurl = \"{}\"\n\
             [audience.duty]\ndisclosure = \"internal\"\ndestinations = [\"hook\"]\n\
             [[route]]\nname = \"pages\"\nkind = \"alert\"\naudience = \"duty\"\ngroup_by = [\"alertname\"]\n\
             group_wait = \"0s\"\n",
            hook.url("/hook")
        )
    });
    let disk = Disk::at(&daemon.journal(), megabytes);
    daemon.within = disk.within();
    (daemon, disk)
}

/// Sends an alert whose words do not compress; says whether it was taken.
fn takes(daemon: &Daemon, number: u32) -> bool {
    let mut seed = u64::from(number) + 1;
    let mut noise = String::new();
    while noise.len() < 8 << 10 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise.push_str(&format!("{seed:016x}"));
    }
    let event = json!({ "type": "alert", "source": "disk", "labels": { "alertname": format!("Alert{number}"), "severity": "warning" },
                        "annotations": { "summary": noise } });
    let reply =
        daemon.try_send("POST", "/v1/events", &["Content-Type: application/json"], &event.to_string());
    reply.is_some_and(|reply| reply.status == 202)
}

fn told(hook: &Web) -> BTreeSet<String> {
    let name =
        |heard: Heard| heard.json()["groupLabels"]["alertname"].as_str().unwrap_or_default().to_owned();
    hook.heard().into_iter().map(name).collect()
}

#[test]
fn a_disk_that_runs_full_refuses_events_and_loses_none_that_were_taken() {
    let hook = Web::start(OK);
    let (mut daemon, disk) = on_a_disk(&hook, 24);
    daemon.restart();
    let mut taken = BTreeSet::new();
    let mut number = 0;
    wait("the reserve is reached", || {
        number += 1;
        if takes(&daemon, number) {
            taken.insert(format!("Alert{number}"));
        }
        daemon.metric("tidings_journal_room_reserve", "") == 1.0
    });
    let refused = daemon.post("/v1/events", r#"{"type":"alert","labels":{"alertname":"Late"}}"#);
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert_eq!(daemon.get("/-/healthy").status, 200, "a full disk is no reason to be killed");
    wait("what was taken is told all the same", || told(&hook).is_superset(&taken));

    // Somebody else takes the rest of it: what must be kept cannot be, and the daemon ends rather than pretend.
    disk.fill();
    let paused = daemon.try_send("POST", "/v1/channels/hook/pause", &[], "");
    assert!(paused.is_none_or(|reply| reply.status != 200), "a command was answered that is not durable");
    assert_eq!(daemon.ended().code(), Some(70), "{}", daemon.log());
    assert!(daemon.log().contains("full"), "{}", daemon.log());

    disk.empty();
    disk.remount("size=256m");
    daemon.restart();
    assert!(daemon.metric("tidings_journal_append_failed_timestamp_seconds", "") > 0.0);
    wait("there is room again", || daemon.metric("tidings_journal_room_reserve", "") == 0.0);
    wait("events are taken again", || takes(&daemon, 2_000_000));
    wait("the newest is told", || told(&hook).contains("Alert2000000"));
    assert!(told(&hook).is_superset(&taken));
    daemon.term();
}

#[test]
fn a_disk_that_cannot_be_written_is_named_at_the_start() {
    let hook = Web::start(OK);
    let (mut daemon, disk) = on_a_disk(&hook, 8);
    disk.remount("ro");
    daemon.spawn();
    assert_eq!(daemon.ended().code(), Some(64));
    let log = daemon.log();
    assert!(log.contains("journal") && log.contains("Read-only file system"), "{log}");
}
