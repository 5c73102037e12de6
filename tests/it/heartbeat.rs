//! R42: the heart beats the whole way, and the dead man's switch outside hears of it only if all of that works.

use crate::support::daemon::Daemon;
use crate::support::patience::wait;
use crate::support::web::{Heard, Order, Say, Web};

/// A daemon whose heart beats every second into `sink`, and tells `switch`.
fn beating(sink: &Web, switch: &Web) -> Daemon {
    let (sink, switch) = (sink.url("/beats"), switch.url("/planted-switch"));
    Daemon::start(|folder| {
        std::fs::write(folder.join("switch"), switch).unwrap();
        format!(
            "unrouted = \"duty\"\n[channel.sink]\ntype = \"webhook\"\nformat = \"alertmanager\"\nurl = \"{sink}\"\n\
             [audience.duty]\ndisclosure = \"internal\"\ndestinations = [\"sink\"]\n\
             [audience.heartbeat]\ndisclosure = \"internal\"\ndestinations = [\"sink\"]\n\
             [heartbeat]\naudience = \"heartbeat\"\nevery = \"1s\"\nping = {{ file = {:?} }}\n\
             [[route]]\nname = \"pages\"\nkind = \"alert\"\naudience = \"duty\"\n",
            folder.join("switch")
        )
    })
}

const OK: fn(&Heard, usize) -> Say = |_, _| Say(200, "", String::new());

#[test]
fn beats_go_the_whole_way_and_only_then_the_switch_is_told() {
    let (sink, switch) = (Web::start(OK), Web::start(OK));
    let mut daemon = beating(&sink, &switch);
    wait("three pings", || switch.count() >= 3);
    assert!(sink.count() >= 3, "no ping without a beat that arrived");
    assert_eq!(daemon.metric("tidings_heartbeat_interval_seconds", ""), 1.0);
    let last = || daemon.metric("tidings_heartbeat_last_success_timestamp_seconds", "");
    let beaten = last();

    // A channel that fails: its beat does not arrive, and until it does there is no other.
    sink.always(Some(Order::Say(Say(503, "", String::new()))));
    wait("an attempt fails", || daemon.metric("tidings_delivery_attempts_total", "reason=\"server\"") > 0.0);
    let heard = switch.count();
    wait("it is tried again", || daemon.metric("tidings_delivery_attempts_total", "reason=\"server\"") > 1.0);
    assert_eq!(switch.count(), heard, "a beat that did not arrive was told");
    sink.always(None);
    wait("it beats again", || switch.count() > heard + 1 && last() > beaten);

    // A switch that fails is counted, and is no success.
    switch.always(Some(Order::Say(Say(500, "", String::new()))));
    wait("a ping fails", || daemon.metric("tidings_heartbeat_pings_total", "failed") > 0.0);

    // The switch is left out of the configuration: beats go on, pings do not.
    let text = std::fs::read_to_string(daemon.config()).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("ping")).collect();
    std::fs::write(daemon.config(), without.join("\n")).unwrap();
    assert_eq!(daemon.post("/-/reload", "").status, 200);
    let (heard, beats) = (switch.count(), sink.count());
    wait("beats without pings", || sink.count() > beats + 2);
    assert!(switch.count() <= heard + 1, "a ping was under way at most");
    daemon.term();
    assert!(!daemon.log().contains("planted-switch"), "the URL of the switch is a secret");
}
