//! Dead letters with the real binary: an endpoint refuses, the message is listed, shown and sent again under a new key.

use crate::support::channels::{self, EACH_ALONE, SECRET};
use crate::support::daemon::Daemon;
use crate::support::patience::{until, wait};
use crate::support::providers;
use crate::support::web::{Order, Say, Web};
use serde_json::{Value, json};

const TOKENS: [(&str, &str); 3] =
    [("sender", "[\"ingest\"]"), ("viewer", "[\"read\"]"), ("boss", "[\"read\", \"admin\"]")];

fn start(hook: &Web) -> Daemon {
    let channel = channels::webhook("hook", hook);
    let mut text = format!(
        "{channel}\n[audience.duty]\ndisclosure = \"internal\"\ndestinations = [\"hook\"]\n{EACH_ALONE}group_interval = \"1s\"\n"
    );
    Daemon::start(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        for (name, may) in TOKENS {
            std::fs::write(folder.join(name), format!("{name}-token")).unwrap();
            text.push_str(&format!("[token.{name}]\nsecret = {{ file = \"{name}\" }}\nmay = {may}\n"));
        }
        text
    })
}

fn refuses(hook: &Web) {
    hook.order(Order::Say(Say(400, "", "no such field".to_owned())));
}

fn send(daemon: &Daemon, body: &str) -> u16 {
    let headers = ["Authorization: Bearer sender-token", "Content-Type: application/json"];
    daemon.try_send("POST", "/v1/events", &headers, body).unwrap().status
}

fn alert(daemon: &Daemon, name: &str, status: &str) {
    let labels = json!({ "alertname": name, "severity": "warning" });
    let event = json!({ "type": "alert", "status": status, "labels": labels });
    assert_eq!(send(daemon, &event.to_string()), 202);
}

/// What `tidings dead-letters` says: its exit code, and what it wrote to standard output, or else to standard error.
fn says(daemon: &Daemon, by: &str, arguments: &[&str]) -> (i32, String) {
    let output = daemon.asked_by(by, &[&["dead-letters"], arguments].concat());
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

/// The list, once it holds this; the history is a moment behind.
fn listed(daemon: &Daemon, wanted: &str) -> String {
    until(&format!("the list says {wanted}"), || {
        let (code, list) = says(daemon, "viewer", &["list"]);
        assert_eq!(code, 0, "{list}");
        list.contains(wanted).then_some(list)
    })
}

fn refused(daemon: &Daemon, by: &str, id: &str, why: &str) {
    let (code, said) = says(daemon, by, &["redrive", id]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(why), "{said}");
}

#[test]
fn what_was_refused_is_sent_again_once_under_a_new_key() {
    let hook = providers::webhook(SECRET);
    let mut daemon = start(&hook);
    assert_eq!(says(&daemon, "viewer", &["list"]), (0, "there are no dead letters\n".to_owned()));
    refuses(&hook);
    alert(&daemon, "DiskFull", "firing");
    let list = listed(&daemon, "delivery-1 ");
    for word in ["opening", "duty", "hook", "rejected"] {
        assert!(list.contains(word), "{word} is not in {list}");
    }
    let (_, shown) = says(&daemon, "viewer", &["show", "delivery-1"]);
    for word in ["DiskFull", "attempts     1", "dead_lettered", "It was refused, and would be again."] {
        assert!(shown.contains(word), "{word} is not in {shown}");
    }
    refused(&daemon, "viewer", "delivery-1", "does not have the right");
    refused(&daemon, "boss", "delivery-7", "the history knows no delivery-7");
    assert_eq!(says(&daemon, "boss", &["redrive", "../channels"]).0, 2);

    let (code, said) = says(&daemon, "boss", &["redrive", "delivery-1"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("delivery-1 is sent again as delivery-2:"), "{said}");
    wait("it is heard again", || hook.count() == 2);
    let heard = hook.heard();
    assert_ne!(heard[0].header("webhook-id"), heard[1].header("webhook-id"));
    let without_key = |body: Value| {
        let text = body.to_string();
        heard.iter().fold(text, |text, heard| text.replace(heard.header("webhook-id"), "KEY"))
    };
    let [first, second] = [0, 1].map(|number: usize| without_key(heard[number].json()["data"].clone()));
    assert_eq!(first, second, "it is the same message");
    refused(&daemon, "boss", "delivery-1", "delivery-1 has been redriven already, as delivery-2");
    listed(&daemon, "redriven as delivery-2");
    until("the new one is shown as delivered", || {
        let (_, shown) = says(&daemon, "viewer", &["show", "delivery-2"]);
        (shown.contains("redrive of   delivery-1") && shown.contains("end          delivered")).then_some(())
    });
    refused(&daemon, "boss", "delivery-2", "delivery-2 is no dead letter. The provider accepted it.");

    // Whoever was told by a redrive is told the end; and a restart knows what was sent again.
    daemon.term();
    daemon.restart();
    refused(&daemon, "boss", "delivery-1", "delivery-1 has been redriven already, as delivery-2");
    alert(&daemon, "DiskFull", "resolved");
    wait("the end is heard", || hook.count() == 3);
    assert_eq!(daemon.metric("tidings_sum_law_broken", ""), 0.0);
    let tail = String::from_utf8(daemon.command(&["journal", "tail", "--from", "1"]).stdout).unwrap();
    assert!(tail.contains("\"redrive_of\":1"), "{tail}");
    assert!(tail.contains("\"by\":\"boss\""), "the token's name stands in the input: {tail}");
    daemon.term();
}

#[test]
fn what_was_no_event_is_shown_with_its_bytes_to_who_may_and_is_sent_again_by_its_sender() {
    let hook = providers::webhook(SECRET);
    let mut daemon = start(&hook);
    assert_eq!(send(&daemon, "{\"type\": \"none\"}"), 400);
    let list = listed(&daemon, "event-");
    let id = list.split_whitespace().find(|word| word.starts_with("event-")).unwrap();
    let bytes = "eyJ0eXBlIjogIm5vbmUifQ==";
    let (_, shown) = says(&daemon, "viewer", &["show", id]);
    assert!(shown.contains("no_event") && !shown.contains(bytes), "{shown}");
    let (_, shown) = says(&daemon, "boss", &["show", id]);
    assert!(shown.contains(bytes), "{shown}");
    refused(&daemon, "boss", id, "send it again to its way in, by http-");

    let (_, all) = says(&daemon, "viewer", &["list", "--json"]);
    let all: Value = serde_json::from_str(&all).unwrap();
    let one = &all["dead_letters"][0];
    assert_eq!((one["id"].as_str(), one["what"].as_str()), (Some(id), Some("no_event")), "{all:#}");
    let (_, one) = says(&daemon, "viewer", &["show", id, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&one).unwrap()["id"], id);
    daemon.term();
}
