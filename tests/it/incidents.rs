//! Incidents with the real binary: their whole life by the command line, what is odd about them, and what HTTP shows.

use crate::support::daemon::Daemon;
use crate::support::patience::until;
use serde_json::{Value, json};

const TOKENS: [(&str, &str); 3] =
    [("sender", "[\"ingest\"]"), ("viewer", "[\"read\"]"), ("pager", "[\"acknowledge\"]")];

fn start() -> Daemon {
    let mut text = String::from(
        "\n[channel.screen]\ntype = \"console\"\n[contact.jonas]\nroles = [\"duty\"]\nemail = \"jonas@example.net\"\n\
         [audience.duty]\ndisclosure = \"internal\"\ndestinations = [\"screen\"]\n[component.checkout]\npublic = \"Checkout\"\n\
         [[route]]\nname = \"incidents\"\nkind = \"incident\"\naudience = \"duty\"\n",
    );
    Daemon::start(|folder| {
        for (name, may) in TOKENS {
            std::fs::write(folder.join(name), format!("{name}-token")).unwrap();
            text.push_str(&format!("[token.{name}]\nsecret = {{ file = \"{name}\" }}\nmay = {may}\n"));
        }
        text
    })
}

/// What `tidings incident` says: its exit code, and what it wrote to standard output, or else to standard error.
fn says(daemon: &Daemon, by: &str, arguments: &[&str]) -> (i32, String) {
    let output = daemon.asked_by(by, &[&["incident"], arguments].concat());
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn shown(daemon: &Daemon, id: &str) -> Value {
    let (code, said) = says(daemon, "viewer", &["show", id, "--json"]);
    assert_eq!(code, 0, "{said}");
    serde_json::from_str(&said).unwrap()
}

#[test]
fn an_incident_lives_its_whole_life_by_the_command_line() {
    let daemon = start();
    let flags = [
        "--title-public",
        "Payments fail",
        "--customer-impact",
        "-c",
        "checkout",
        "--label",
        "team=payments",
    ];
    let people = [
        "--commander",
        "jonas",
        "--by",
        "mara",
        "--expected-end",
        "2099-01-01T00:00:00Z",
        "--confidence",
        "low",
    ];
    let open = [&["open", "INC/1", "Pool exhausted", "-s", "sev1"][..], &flags, &people].concat();
    assert_eq!(says(&daemon, "sender", &open), (0, "INC/1: taken\n".to_owned()));
    let update = ["update", "INC/1", "Enlarging the pool", "--stage", "identified", "--customers", "1200"];
    assert_eq!(says(&daemon, "sender", &update).0, 0);
    assert_eq!(
        says(&daemon, "sender", &["note", "INC/1", "pool at 100 %", "--kind", "finding", "--by", "mara"]).0,
        0
    );
    assert_eq!(says(&daemon, "pager", &["ack", "INC/1", "--by", "jonas"]).0, 0);
    let known = until("somebody was told", || {
        Some(shown(&daemon, "INC/1")).filter(|known| known["told"][0]["told"] == 1)
    });
    assert_eq!(
        (&known["open"], &known["severity"], &known["acknowledged_by"]),
        (&json!(true), &json!("sev1"), &json!("jonas"))
    );
    let record = &known["record"];
    assert_eq!(record["title"], json!({ "internal": "Pool exhausted", "public": "Payments fail" }));
    assert_eq!((&record["stage"], &record["impact"]["customers"]), (&json!("identified"), &json!(1200)));
    assert_eq!((&record["notes"][0]["kind"], &record["notes"][0]["by"]), (&json!("finding"), &json!("mara")));
    assert_eq!((&record["commander"], &record["customer_impact"]), (&json!("jonas"), &json!(true)));
    assert_eq!(says(&daemon, "sender", &["resolve", "INC/1", "The pool was too small"]).0, 0);
    assert_eq!(shown(&daemon, "INC/1")["open"], false);
    let written = ["update", "INC/1", "--write-up", "20 connections", "--write-up-public", "We watch it now"];
    assert_eq!(says(&daemon, "sender", &written).0, 0);
    let text = &shown(&daemon, "INC/1")["record"]["write_up"];
    assert_eq!(text, &json!({ "internal": "20 connections", "public": "We watch it now" }));
    assert_eq!(says(&daemon, "sender", &["reopen", "INC/1"]).0, 0);
    assert_eq!(says(&daemon, "sender", &["open", "INC-2", "The same", "-s", "sev1"]).0, 0);
    assert_eq!(says(&daemon, "sender", &["merge", "INC-2", "INC/1"]).0, 0);
    let (_, merged) = says(&daemon, "viewer", &["show", "INC-2"]);
    assert!(merged.starts_with("INC-2  sev1  goes on as INC/1\n"), "{merged}");
    let (_, list) = says(&daemon, "viewer", &["show"]);
    assert!(list.contains("INC/1  sev1  open  since"), "{list}");
}

#[test]
fn what_is_odd_is_said_and_nothing_is_lost() {
    let daemon = start();
    let codes = |arguments: &[&str]| -> Vec<String> {
        let (code, said) = says(&daemon, "sender", &[arguments, &["--json"]].concat());
        assert_eq!(code, 0, "{said}");
        let answer: Value = serde_json::from_str(&said).unwrap();
        let remarks = answer["remarks"].as_array().cloned().unwrap_or_default();
        remarks.iter().map(|remark| remark["code"].as_str().unwrap().to_owned()).collect()
    };
    let odd =
        ["--commander", "jona", "--component", "chekout", "--needs", "money", "--needs-from", "exekutives"];
    let open = [&["open", "INC-1", "--title-public", "pay-db-2 is down", "-s", "sev9"][..], &odd].concat();
    let wanted =
        ["unknown_severity", "unknown_contact", "unknown_audience", "unknown_component", "internal_word"];
    assert_eq!(codes(&open), wanted);
    assert_eq!(codes(&["update", "INC-1", "--stage", "monitoring"]), [""; 0]);
    assert_eq!(codes(&["update", "INC-1", "--stage", "identified"]), ["stage_backwards"]);
    assert_eq!(codes(&["resolve", "INC-9"]), ["unknown_incident"]);
    assert_eq!(codes(&["merge", "INC-1", "INC-1"]), ["merged_into_itself"]);
    assert_eq!(codes(&["open", "INC-2", "-s", "sev2", "--at", "1999-01-01T00:00:00Z"]), ["old_time"]);
    assert_eq!(codes(&["merge", "INC-1", "INC-7"]), ["merged_into_unknown"]);
    assert_eq!(codes(&["merge", "INC-2", "INC-1"]), [""; 0]);
    assert_eq!(codes(&["merge", "INC-1", "INC-2"]), ["merged_in_circle"]);
    assert_eq!(daemon.metric("tidings_event_remarks_total", "unknown_severity"), 1.0);
    let record = &shown(&daemon, "INC-1")["record"];
    assert_eq!((&record["commander"], &record["components"]), (&json!("jona"), &json!(["chekout"])));
    let year_one =
        json!({ "type": "incident", "incident": "INC-3", "action": "open", "at": "0001-01-01T00:00:00Z" });
    let reply = daemon
        .try_send("POST", "/v1/events", &["Authorization: Bearer sender-token"], &year_one.to_string())
        .unwrap();
    assert_eq!(reply.status, 202, "{}", reply.body);
    assert!(reply.body.contains("a time could not be used and was dropped"), "{}", reply.body);
}

#[test]
fn sending_again_is_safe_and_rights_are_asked_for() {
    let daemon = start();
    let open = ["open", "INC-1", "A", "-s", "sev1", "--id", "one", "--by", "mara"];
    assert_eq!(says(&daemon, "sender", &open), (0, "INC-1: taken\n".to_owned()));
    assert_eq!(says(&daemon, "sender", &open).0, 0);
    let (code, said) =
        says(&daemon, "sender", &["open", "INC-1", "B", "-s", "sev1", "--id", "one", "--by", "mara"]);
    assert_eq!((code, said.lines().next()), (1, Some("INC-1: conflict")));
    let (code, said) = says(&daemon, "viewer", &["open", "INC-2"]);
    assert_eq!((code, said.trim()), (1, "tidings: this token does not have the right that is needed"));
    assert_eq!(says(&daemon, "sender", &["show", "INC-1"]).0, 1);
    let (code, said) = says(&daemon, "viewer", &["show", "INC-8"]);
    assert_eq!((code, said.trim()), (1, "tidings: there is no incident of this id"));
    let (code, said) = says(&daemon, "pager", &["resolve", "INC-1"]);
    assert_eq!((code, said.contains("may only acknowledge")), (1, true), "{said}");
    assert_eq!(says(&daemon, "sender", &["open", "INC-1", "--expected-end", "soon"]).0, 2);
    assert_eq!(says(&daemon, "sender", &["note", "INC-1"]).0, 2);
}
