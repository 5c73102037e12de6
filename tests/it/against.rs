//! `check --against`: what a running daemon would leave behind, by the real binary, before a file is put in place.

use crate::support::daemon::Daemon;
use crate::support::patience::wait;
use serde_json::{Value, json};

const REST: &str = "\n[channel.screen]\ntype = \"console\"\n[channel.wall]\ntype = \"console\"\n\
     [audience.duty]\ndisclosure = \"internal\"\ndestinations = [\"screen\"]\n\
     [audience.hall]\ndisclosure = \"business\"\ndestinations = [\"wall\"]\n\
     [[route]]\nname = \"team\"\nkind = \"incident\"\naudience = \"duty\"\n\
     [[route]]\nname = \"hall\"\nkind = \"incident\"\naudience = \"hall\"\nupdate_every = \"2h\"\n\
     [incidents]\nowner = \"duty\"\n";

fn start() -> Daemon {
    let daemon = Daemon::start(|folder| {
        let mut text = REST.to_owned();
        for (name, may) in [("boss", "admin"), ("viewer", "read"), ("sender", "ingest")] {
            std::fs::write(folder.join(name), format!("{name}-token")).unwrap();
            text.push_str(&format!("[token.{name}]\nsecret = {{ file = \"{name}\" }}\nmay = [\"{may}\"]\n"));
        }
        text
    });
    let opened = daemon.asked_by("sender", &["incident", "open", "INC-1", "Slow", "-s", "sev2"]);
    assert_eq!(opened.status.code(), Some(0));
    wait("both are told", || daemon.metric("tidings_deliveries_total", "delivered") == 2.0);
    daemon
}

/// Writes the configuration with changes beside the one that holds, and asks what it would leave behind.
fn asked(
    daemon: &Daemon,
    token: &str,
    changes: &[(&str, &str)],
    more: &[&str],
) -> (Option<i32>, String, String) {
    let text = std::fs::read_to_string(daemon.config()).unwrap();
    let text = changes.iter().fold(text, |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replace(old, new)
    });
    std::fs::create_dir_all(daemon.folder().join("next")).unwrap();
    std::fs::write(daemon.folder().join("next/tidings.toml"), text).unwrap();
    let address = format!("http://127.0.0.1:{}", daemon.port);
    let arguments = ["check", "--config", "next/tidings.toml", "--against", &address, "--token-file", token];
    let output = daemon.run(&[&arguments[..], more].concat());
    let said = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), said(output.stdout), said(output.stderr))
}

#[test]
fn what_a_reload_would_leave_behind_is_said_before_it() {
    let mut daemon = start();
    let (code, said, warned) = asked(&daemon, "boss", &[], &[]);
    assert_eq!(code, Some(0), "{warned}");
    assert!(said.starts_with("nothing would be left behind\nok: "), "{said}");

    let gone = [
        ("[channel.wall]\ntype = \"console\"\n", ""),
        ("destinations = [\"wall\"]", "destinations = [\"screen\"]"),
    ];
    let (code, said, _) = asked(&daemon, "boss", &gone, &[]);
    assert_eq!(code, Some(1));
    let wanted = "Told of a case, and would not hear of its end:\n  INC-1, hall, hall@wall#";
    assert!(said.starts_with(wanted) && said.contains(": hall@wall was told, and would be gone."), "{said}");

    let (code, said, _) = asked(&daemon, "boss", &[("\"2h\"", "\"3h\"")], &["--json"]);
    let answer: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &answer["more"], &answer["warnings"]), (Some(1), &json!(0), &json!([])));
    let orphan = &answer["orphaned"][0];
    assert_eq!(
        (&orphan["kind"], &orphan["case"], &orphan["audience"]),
        (&json!("rhythm_changed"), &json!("INC-1"), &json!("hall"))
    );
    assert!(orphan["text"].as_str().unwrap().starts_with("It is told every 2h, and would be told every 3h."));

    // It was only asked: the daemon reads what it read before, and the files are where they were.
    assert_eq!(asked(&daemon, "boss", &[], &[]).0, Some(0));
    daemon.term();
    let (code, _, why) = asked(&daemon, "boss", &[], &[]);
    assert!(code == Some(70) && why.contains("no answer from"), "{why}");
}

#[test]
fn mistakes_and_rights_come_first() {
    let daemon = start();
    let (code, _, why) = asked(&daemon, "boss", &[("audience = \"hall\"", "audience = \"hell\"")], &[]);
    assert!(code == Some(64) && why.contains("next/tidings.toml:"), "{why}");
    let (code, _, why) = asked(&daemon, "viewer", &[], &[]);
    assert_eq!((code, why.trim()), (Some(2), "tidings: this token does not have the right that is needed"));
    let send = |body: &str| {
        daemon.try_send("POST", "/v1/against", &["Authorization: Bearer boss-token"], body).unwrap()
    };
    assert_eq!(send("{}").status, 400);
    let wrong = send(&json!({ "files": [["tidings.toml", "version = 1\nnonsense = 2\n"]] }).to_string());
    assert!(wrong.status == 400 && wrong.body.contains("nonsense"), "{}", wrong.body);
}
