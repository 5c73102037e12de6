//! The timeline of an incident with the real binary: asked for on the command line, the words read back from the journal.

use crate::support::daemon::Daemon;
use crate::support::patience::until;
use serde_json::{Value, json};

const SETTINGS: &str = r#"
time_zone = "Europe/Berlin"
[incidents]
owner = "duty"
[channel.screen]
type = "console"
[audience.duty]
disclosure = "internal"
destinations = ["screen"]
[audience.customers]
disclosure = "external"
destinations = ["screen"]
[[route]]
name = "mending"
kind = "incident"
audience = "duty"
[[route]]
name = "customers"
kind = "incident"
audience = "customers"
approve = false
update_every = "30m"
"#;

/// The timeline, once it says this; the history is a moment behind.
fn says(daemon: &Daemon, arguments: &[&str], wanted: &str) -> String {
    until(&format!("the timeline says {wanted}"), || {
        let output = daemon.asked_by("anybody", &[&["timeline"], arguments].concat());
        let said = String::from_utf8(output.stdout).unwrap();
        said.contains(wanted).then_some(said)
    })
}

#[test]
fn an_incident_has_a_timeline_for_each_of_its_readers() {
    let mut daemon = Daemon::start(|folder| {
        std::fs::write(folder.join("anybody"), "nobody asks for it here").unwrap();
        SETTINGS.to_owned()
    });
    let event = |action: &str, note: &str| {
        json!({ "type": "incident", "source": "desk", "incident": "INC/1", "action": action, "severity": "sev1",
                "title": { "internal": "pay-db-2 is full", "public": "Payments fail" },
                "note": { "internal": format!("inside: {note}"), "public": note } })
    };
    daemon.event(&event("open", "We are on it"));
    says(&daemon, &["INC/1"], "The first word to customers was handed over at");
    daemon.event(&event("resolve", "It works again"));
    let text = says(&daemon, &["INC/1"], "The word that it is over to customers was handed over at");
    for said in [
        "# INC/1: pay-db-2 is full",
        "inside: We are on it",
        "Payments fail",
        "customers@screen",
        "## Figures",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    daemon.term();
    daemon.restart();
    let text = says(&daemon, &["INC/1", "--for", "external"], "# R-");
    for hidden in ["inside", "pay-db-2", "INC/1", "duty", "desk", "screen", "sev1"] {
        assert!(!text.contains(hidden), "{hidden} is in\n{text}");
    }
    let found = says(&daemon, &["INC/1", "--format", "json"], "\"figures\"");
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!((&found["standing"], &found["for"]), (&json!("resolved"), &json!("internal")));
    let output = daemon.asked_by("anybody", &["timeline", "INC-2"]);
    let refused = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{refused}");
    assert!(refused.contains("the history knows no case"), "{refused}");
    assert_eq!(daemon.get("/v1/timeline?case=INC-2&for=friends").status, 400);
}

#[test]
fn how_audiences_are_kept_told_is_measured() {
    let daemon = Daemon::start(|_| SETTINGS.to_owned());
    daemon.event(&json!({ "type": "incident", "incident": "INC-1", "action": "open", "severity": "sev1" }));
    let value = |name: &str, labels: &str| daemon.metric(name, labels);
    until("the first word is handed over", || {
        let first = value("tidings_first_word_seconds_count", "audience=\"customers\",severity=\"sev1\"");
        (first == 1.0).then_some(())
    });
    until("the briefings are counted", || {
        (value("tidings_open_briefings", "audience=\"customers\"") == 1.0).then_some(())
    });
    assert_eq!(value("tidings_updates_total", "audience=\"customers\",kind=\"opening\""), 1.0);
    assert_eq!(value("tidings_promises_made_total", "audience=\"customers\""), 1.0);
    assert_eq!(value("tidings_promises_made_total", "audience=\"duty\""), 0.0);
    assert_eq!(value("tidings_words_held", "reason=\"approval\""), 0.0);
}
