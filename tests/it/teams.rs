//! Forty teams with a file each and three rows of the root, by the real binary: what `check` says, and who is told.

use crate::support::daemon::Daemon;
use crate::support::patience::wait;
use crate::support::smtp::{Orders, Relay};
use serde_json::{Value, json};
use std::path::Path;

const TEAMS: usize = 40;

fn root(relay: u16) -> String {
    format!(
        r#"
include = ["teams/*.toml"]
unrouted = "duty"
[channel.mail]
type = "email"
relay = "smtp://localhost:{relay}"
from = "desk@example.net"
[audience.duty]
disclosure = "internal"
destinations = ["mail:duty@example.net"]
[[route]]
name = "alerts"
kind = "alert"
audience = "{{team}}/oncall"
group_by = ["alertname"]
group_wait = "0s"
[[route]]
name = "incidents"
kind = "incident"
audience = "{{team}}/oncall"
[[route]]
name = "everything-bad"
kind = "incident"
severity = "sev1"
audience = "duty"
"#
    )
}

fn team(number: usize) -> String {
    format!(
        r#"[team]
name = "team-{number:02}"
match = ['team="t{number:02}"']
[contact.lead]
email = "team-{number:02}@example.net"
roles = ["oncall"]
[audience.oncall]
disclosure = "internal"
members = ["role:oncall"]
"#
    )
}

fn write_teams(folder: &Path) {
    std::fs::create_dir(folder.join("teams")).unwrap();
    for number in 0..TEAMS {
        std::fs::write(folder.join(format!("teams/t{number:02}.toml")), team(number)).unwrap();
    }
}

fn addressees(relay: &Relay) -> Vec<String> {
    let letters = relay.seen("letter");
    let mut all: Vec<String> =
        letters.iter().map(|letter| letter["to"][0].as_str().unwrap().to_owned()).collect();
    all.sort();
    all
}

#[test]
fn an_event_of_a_team_reaches_that_team_alone() {
    let relay = Relay::start(&Orders::default());
    let mut daemon = Daemon::new(|folder| {
        write_teams(folder);
        root(relay.port)
    });
    let checked = daemon.command(&["check"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    assert_eq!(said, "ok: 81 rows, 41 audiences, 40 contacts, 1 channels\n");
    daemon.restart();

    let labels = |team: &str| json!({ "alertname": "Slow", "team": team, "severity": "warning" });
    daemon.event(&json!({ "type": "alert", "status": "firing", "labels": labels("t07") }));
    wait("the team is told", || addressees(&relay).len() == 1);
    daemon.event(&json!({ "type": "incident", "incident": "INC-1", "action": "open", "severity": "sev2",
                          "title": "Slow", "labels": labels("t31") }));
    wait("the other team is told", || addressees(&relay).len() == 2);
    daemon.event(&json!({ "type": "alert", "status": "firing", "labels": labels("t99") }));
    wait("whoever hears what no row matches is told", || addressees(&relay).len() == 3);
    wait("nothing is pending", || daemon.metric("tidings_deliveries_pending", "") == 0.0);
    assert_eq!(addressees(&relay), ["duty@example.net", "team-07@example.net", "team-31@example.net"]);
    daemon.term();
}

#[test]
fn one_mistake_in_each_of_five_files_is_told_at_once_with_its_place() {
    let daemon = Daemon::new(|folder| {
        write_teams(folder);
        root(2525)
    });
    let mistakes = [
        (3, "role:oncall", "role:onkall", 9),
        (8, "\"internal\"", "\"intern\"", 8),
        (15, "email = ", "emial = ", 5),
        (22, "match = ['team=", "match = ['team", 3),
        (39, "example.net\"", "example.net", 5),
    ];
    for (number, right, wrong, _) in mistakes {
        let text = team(number);
        assert!(text.contains(right));
        let file = daemon.folder().join(format!("teams/t{number:02}.toml"));
        std::fs::write(file, text.replace(right, wrong)).unwrap();
    }
    let checked = daemon.command(&["check"]);
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert_eq!(checked.status.code(), Some(64), "{said}");
    let json: Value = serde_json::from_slice(&daemon.command(&["check", "--json"]).stdout).unwrap();
    for (number, _, _, line) in mistakes {
        let place = format!("t{number:02}.toml:{line}:");
        assert!(said.contains(&place), "{place} is not in:\n{said}");
        let file = format!("t{number:02}.toml");
        assert!(json.to_string().contains(&file), "{file} is not in {json:#}");
    }
}
