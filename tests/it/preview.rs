//! `tidings preview`: what each audience of the complete example would read, tried on one event by the real program.

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs the command on an event that it reads from standard input.
fn preview(arguments: &[&str], event: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidings"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["preview", "-", "--config", "config/example.toml"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A call that is refused may end before it has read anything.
    let _ = child.stdin.take().unwrap().write_all(event.as_bytes());
    child.wait_with_output().unwrap()
}

fn event() -> Value {
    json!({
        "type": "incident", "source": "desk", "incident": "INC-1", "action": "open", "severity": "sev1",
        "stage": "identified", "at": "2026-11-21T14:03:10Z", "customer_impact": true, "components": ["checkout"],
        "title": { "internal": "pay-db-2 pool", "business": "Checkout is failing", "public": "CANARY title" },
        "note": { "internal": "failing over", "business": "About 15 % fail", "public": "CANARY note" },
        "workaround": { "public": "CANARY workaround" }, "scope": { "share": "some", "regions": ["CANARY region"] },
        "expected_end": { "at": "2026-11-21T16:00:00Z", "confidence": "medium", "public": false },
        "impact": { "accounts": ["acme"] }, "commander": "jonas", "titel": "x", "labels": { "team": "payments" },
    })
}

fn shown(audience: &str, more: &[&str]) -> Value {
    let arguments = [&["--audience", audience, "--json"], more].concat();
    let output = preview(&arguments, &event().to_string());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn words<'a>(values: &'a Value, key: &str) -> Vec<&'a str> {
    values.as_array().unwrap().iter().filter_map(|value| value[key].as_str().or(value.as_str())).collect()
}

#[test]
fn every_phase_is_shown_as_each_sort_of_channel_shows_it() {
    let page = shown("executives", &[]);
    assert_eq!((&page["disclosure"], &page["route"]), (&json!("business"), &json!("executives-worst")));
    assert_eq!(page["unread"], json!(["titel"]));
    assert_eq!(words(&page["unsaid"], ""), ["data_safety", "resolution", "needs"]);
    assert_eq!(words(&page["phases"], "phase"), ["opening", "update", "holding", "escalation", "resolution"]);
    for phase in page["phases"].as_array().unwrap() {
        let channels = phase["channels"].as_object().unwrap();
        let mut names: Vec<_> = channels.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["email", "slack", "sms", "webhook"]);
        let all = phase["channels"].to_string();
        assert!(all.contains("Checkout is failing") && !all.contains("pay-db-2"), "{all}");
    }
    let update = page["phases"][1]["channels"]["email"].as_str().unwrap();
    assert!(update.contains("**Customers were told** at 2026-11-21 15:08 CET (14:08 UTC):"), "{update}");
    let sms = page["phases"][0]["channels"]["sms"].as_str().unwrap();
    assert!(sms.starts_with("SEV1 OPEN Checkout is failing") && sms.len() <= 306, "{sms}");
}

#[test]
fn customers_read_nothing_from_inside_and_in_agreed_words_nothing_that_was_written() {
    let free = shown("customers", &[]).to_string();
    assert!(free.contains("CANARY title") && !free.contains("pay-db-2") && !free.contains("acme"));
    assert!(!free.contains("jonas") && !free.contains("sev1") && !free.contains("15 %"), "{free}");
    let agreed = shown("customers", &["--agreed"]);
    let told = agreed["phases"].to_string();
    assert!(!told.contains("CANARY") && told.contains("Checkout and payment"), "{told}");
    let body = agreed["phases"][2]["channels"]["webhook"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["data"]["case"]["advice"], "fall_back");
    assert_eq!(body["data"]["retry_after"], body["data"]["next_update"]);
    assert_eq!(agreed["remarks"], json!([]));
    let mut event = event();
    event["title"]["public"] = json!("Our server pay-db-2 is probably down");
    let output = preview(&["--audience", "customers", "--phase", "opening"], &event.to_string());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let wanted = "an internal name: \"pay-db-2\" in \"";
    assert!(text.contains(wanted) && text.contains("speculation: \"probably\""), "{text}");
    let one = shown("customers", &["--phase", "holding", "--phase", "reminder"]);
    assert_eq!(words(&one["phases"], "phase"), ["holding", "reminder"]);
}

#[test]
fn what_is_written_up_is_shown_to_whom_it_is_told() {
    let mut event = event();
    event["write_up"] = json!({ "business": "CANARY cause", "public": "CANARY lesson" });
    let shown = |audience: &str, more: &[&str]| -> Value {
        let arguments = [&["--audience", audience, "--json"], more].concat();
        serde_json::from_slice(&preview(&arguments, &event.to_string()).stdout).unwrap()
    };
    let customers = shown("customers", &["--phase", "write-up"]);
    assert_eq!(words(&customers["phases"], "phase"), ["write-up"]);
    let told = customers["phases"].to_string();
    assert!(told.contains("CANARY lesson") && !told.contains("CANARY cause"), "{told}");
    let all = shown("executives", &[]);
    assert_eq!(words(&all["phases"], "phase").last(), Some(&"write-up"));
    assert!(all["phases"][5].to_string().contains("CANARY cause"));
    assert!(
        !all["phases"][4].to_string().contains("CANARY cause"),
        "the end promises it and does not say it"
    );
    // Who mends it reads it in the incident, and is told nothing.
    assert!(!words(&shown("payments/oncall", &[])["phases"], "phase").contains(&"write-up"));
}

#[test]
fn an_alert_is_shown_too_and_the_text_names_what_nothing_reads() {
    let alert = json!({
        "type": "alert", "labels": { "alertname": "Down", "team": "payments", "severity": "page" },
        "startsAt": "2026-11-21T14:03:10Z",
    });
    let output = preview(&["--audience", "payments/oncall", "--phase", "opening"], &alert.to_string());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text.starts_with("audience payments/oncall (internal), told by alerts-to-their-team/payments\n"),
        "{text}"
    );
    assert!(text.contains("nothing reads `startsAt`; did you mean `starts_at`?"), "{text}");
    assert!(text.contains("── opening by sms ──\n\nSEV1 OPEN Down"), "{text}");
}

#[test]
fn what_cannot_be_shown_is_refused_with_the_code_of_its_reason() {
    let refused = |arguments: &[&str], event: &str| {
        let output = preview(arguments, event);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let event = event().to_string();
    let (code, said) = refused(&["--audience", "custmers"], &event);
    assert!(code == Some(2) && said.contains("did you mean `customers`?"), "{said}");
    let (code, said) = refused(&["--audience", "customers", "--phase", "openning"], &event);
    assert!(code == Some(2) && said.contains("did you mean `opening`?"), "{said}");
    let (code, said) = refused(&["--audience", "customers"], "{}");
    assert!(code == Some(1) && said.contains("is no event"), "{said}");
    let (code, _) = refused(&["--audience", "customers", "--config", "config/missing.toml"], &event);
    assert_eq!(code, Some(64));
}
