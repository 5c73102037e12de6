//! Who is told by the real binary: a rota in a file that changes, a backup, and what `check --contacts` finds.

use crate::support::channels::plain_mail;
use crate::support::daemon::Daemon;
use crate::support::patience::wait;
use crate::support::smtp::{Orders, Relay};
use serde_json::{Value, json};

/// An on-call desk whose members stand in a folder of their own.
const PEOPLE: &str = r#"
[contact.ann]
roles = ["idle"]
email = "ann@example.net"
verified = "2026-10-01"
[contact.ben]
email = "ben@example.net"
backup = "ann"
[contact.cleo]
email = "cleo@example.net"
[contact.nowhere]
name = "Nobody"
[audience.oncall]
disclosure = "internal"
members = { file = "rota/oncall.txt" }
[[route]]
name = "incidents"
kind = "incident"
audience = "oncall"
"#;

fn daemon(relay: &Relay, rota: &str) -> Daemon {
    Daemon::new(|folder| {
        std::fs::create_dir(folder.join("rota")).unwrap();
        std::fs::write(folder.join("rota/oncall.txt"), rota).unwrap();
        format!("unrouted = \"oncall\"\n{}{PEOPLE}", plain_mail(relay))
    })
}

fn write_rota(daemon: &Daemon, rota: &str) {
    std::fs::write(daemon.folder().join("rota/oncall.txt"), rota).unwrap();
}

fn sent_to(daemon: &Daemon) -> Value {
    let reply = daemon.post("/v1/send-test", r#"{"to":"oncall"}"#);
    let answer: Value = serde_json::from_str(&reply.body).unwrap();
    answer["sent_to"].clone()
}

fn addressees(relay: &Relay) -> Vec<String> {
    let letters = relay.seen("letter");
    letters.iter().map(|letter| letter["to"][0].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_rota_that_changes_is_read_again_and_a_wrong_one_changes_nothing() {
    let relay = Relay::start(&Orders::default());
    let mut daemon = daemon(&relay, "# this week\nben\n");
    daemon.restart();
    assert_eq!(sent_to(&daemon), json!(["ben@mail"]));
    wait("ben has his letter", || addressees(&relay) == ["ben@example.net"]);

    // Nobody asks for it: the folder is watched.
    write_rota(&daemon, "contact:cleo # next week\n");
    wait("cleo is on call", || sent_to(&daemon) == json!(["cleo@mail"]));
    wait("cleo has her letter", || addressees(&relay).contains(&"cleo@example.net".to_owned()));

    write_rota(&daemon, "cleo\nbne\n");
    let refused = daemon.post("/-/reload", "");
    assert_eq!(refused.status, 400);
    assert!(
        refused.body.contains("oncall.txt") && refused.body.contains("there is no contact `bne`"),
        "{}",
        refused.body
    );
    assert_eq!(sent_to(&daemon), json!(["cleo@mail"]));
    std::fs::remove_file(daemon.folder().join("rota/oncall.txt")).unwrap();
    assert_eq!(daemon.post("/-/reload", "").status, 400);

    // A start without it runs on what was accepted last: the rota stands in the journal with the rest.
    daemon.term();
    daemon.restart();
    assert_eq!(sent_to(&daemon), json!(["cleo@mail"]));
    write_rota(&daemon, "ben\n");
    wait("ben is on call", || sent_to(&daemon) == json!(["ben@mail"]));
    daemon.term();
}

#[test]
fn a_test_message_goes_to_the_backup_of_who_is_away() {
    let relay = Relay::start(&Orders::default());
    let mut daemon = daemon(&relay, "ben\ncleo\n");
    let text = std::fs::read_to_string(daemon.config()).unwrap();
    std::fs::write(daemon.config(), text.replace("backup = \"ann\"", "backup = \"ann\"\naway = true"))
        .unwrap();
    daemon.restart();
    assert_eq!(sent_to(&daemon), json!(["ann@mail", "cleo@mail"]));
    wait("both have their letters", || addressees(&relay).len() == 2);
    daemon.event(&json!({ "type": "incident", "incident": "INC-1", "action": "open", "severity": "sev2", "title": "Slow" }));
    wait("both are told", || addressees(&relay).len() == 4);
    let told = addressees(&relay);
    assert!(!told.contains(&"ben@example.net".to_owned()), "{told:?}");
    daemon.term();
}

#[test]
fn gaps_among_the_people_are_found_with_their_places() {
    let relay = Relay::start(&Orders::default());
    let daemon = daemon(&relay, "cleo\n");
    let codes = |arguments: &[&str]| {
        let answer = daemon.command(arguments);
        let found: Value = serde_json::from_slice(&answer.stdout).unwrap();
        let one =
            |d: &Value| (d["code"].as_str().unwrap().to_owned(), d["message"].as_str().unwrap().to_owned());
        (answer.status.code(), found.as_array().unwrap().iter().map(one).collect::<Vec<_>>())
    };
    let gap = |code: &str, message: &str| (format!("people::{code}"), message.to_owned());
    let gaps = vec![
        gap("no-address", "`nowhere` has no address that a channel serves"),
        gap("unnamed-role", "no audience names the role `idle`"),
        gap("alone", "`cleo` is alone in `oncall` and has no `backup`"),
    ];
    assert_eq!(codes(&["check", "--json"]), (Some(0), Vec::new()));
    assert_eq!(codes(&["check", "--contacts", "--json"]), (Some(1), gaps.clone()));
    let (_, old) = codes(&["check", "--contacts", "--unverified", "90000d", "--json"]);
    let never = ["ben", "cleo"]
        .map(|name| gap("unverified", &format!("the addresses of `{name}` were never verified")));
    assert_eq!(old, [gaps, never.to_vec()].concat());
    let shown = daemon.command(&["check", "--contacts"]);
    let said = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert!(said.contains("people::alone") && said.contains("tidings.toml:"), "{said}");

    // Everyone has somebody, and everything is named.
    write_rota(&daemon, "cleo\nrole:idle\n");
    let text = std::fs::read_to_string(daemon.config()).unwrap();
    std::fs::write(daemon.config(), text.replace("[contact.nowhere]\nname = \"Nobody\"\n", "")).unwrap();
    assert_eq!(codes(&["check", "--contacts", "--json"]), (Some(0), Vec::new()));
    assert_eq!(daemon.command(&["check", "--unverified", "90d"]).status.code(), Some(2));
}
