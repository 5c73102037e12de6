//! Alertmanager's form against what its own receivers are sent.

use super::*;
use crate::deliver::conformance::sample;
use serde_json::{Value, json};
use std::sync::Arc;

const EXTERNAL: &str = "https://tidings.example.net";

fn group() -> Value {
    json!({
        "reference": "alerts-to-their-team", "status": "open", "severity": "sev1",
        "opened_at": "2026-11-21T14:00:00Z", "changed_at": "2026-11-21T14:02:00Z",
        "group_labels": { "alertname": "HighErrorRate" },
        "alerts": [
            { "fingerprint": "0123456789abcdef", "status": "firing", "severity": "sev1",
              "labels": { "alertname": "HighErrorRate", "instance": "a", "team": "payments" },
              "annotations": { "summary": "5xx \"high\"", "runbook_url": "https://r.example" },
              "starts_at": "2026-11-21T14:00:00Z", "ends_at": null,
              "url": "https://prometheus.example.net/graph", "source": "prometheus" },
            { "fingerprint": "fedcba9876543210", "status": "resolved", "severity": "sev1",
              "labels": { "alertname": "HighErrorRate", "instance": "b", "team": "payments" },
              "annotations": { "summary": "5xx", "runbook_url": "https://r.example" },
              "starts_at": "2026-11-21T14:00:00Z", "ends_at": "2026-11-21T14:01:00Z",
              "url": null, "source": "prometheus" },
        ],
        "firing": 1, "ended": 1, "truncated": 3, "route": "alerts-to-their-team", "audience": "payments/oncall",
    })
}

fn render(data: &Value, kind: Kind) -> String {
    let mut attempt = sample::attempt();
    let message = Arc::make_mut(&mut attempt.message);
    message.data = sample::json(&data.to_string());
    message.kind = kind;
    String::from_utf8(body(&attempt, EXTERNAL).unwrap()).unwrap()
}

#[test]
fn a_group_is_written_as_alertmanager_writes_it() {
    let text = render(&group(), Kind::Opening);
    let expected = json!({
        "receiver": "payments/oncall", "status": "firing",
        "alerts": [
            { "status": "firing",
              "labels": { "alertname": "HighErrorRate", "instance": "a", "team": "payments" },
              "annotations": { "summary": "5xx \"high\"", "runbook_url": "https://r.example" },
              "startsAt": "2026-11-21T14:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
              "generatorURL": "https://prometheus.example.net/graph", "fingerprint": "0123456789abcdef" },
            { "status": "resolved",
              "labels": { "alertname": "HighErrorRate", "instance": "b", "team": "payments" },
              "annotations": { "summary": "5xx", "runbook_url": "https://r.example" },
              "startsAt": "2026-11-21T14:00:00Z", "endsAt": "2026-11-21T14:01:00Z",
              "generatorURL": "", "fingerprint": "fedcba9876543210" },
        ],
        "groupLabels": { "alertname": "HighErrorRate" },
        "commonLabels": { "alertname": "HighErrorRate", "team": "payments" },
        "commonAnnotations": { "runbook_url": "https://r.example" },
        "externalURL": "https://tidings.example.net", "version": "4",
        "groupKey": "{}/{route=\"alerts-to-their-team\"}:{alertname=\"HighErrorRate\"}",
        "truncatedAlerts": 3, "notification_reason": "first notification",
        "routeLabels": { "route": "alerts-to-their-team" },
    });
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
}

#[test]
fn a_group_is_resolved_only_when_nothing_fires() {
    let status = |data: &Value| {
        serde_json::from_str::<Value>(&render(data, Kind::Resolution)).unwrap()["status"].clone()
    };
    let mut data = group();
    assert_eq!(status(&data), "firing");
    data["alerts"][0]["status"] = "resolved".into();
    assert_eq!(status(&data), "firing", "one that is not shown still fires");
    data["firing"] = 0.into();
    assert_eq!(status(&data), "resolved");
    data["alerts"][1]["status"] = "lost".into();
    assert_eq!(status(&data), "firing", "lost is not over");
    let lost: Value = serde_json::from_str(&render(&data, Kind::Update)).unwrap();
    assert_eq!(lost["alerts"][1]["annotations"]["tidings_status"], "lost");
    assert_eq!(lost["alerts"][1]["endsAt"], UNSET);
}

#[test]
fn what_is_no_group_becomes_one_alert() {
    for data in [json!({ "incident": "INC-1" }), json!(null), json!({ "route": "r", "audience": "a" })] {
        let read: Value = serde_json::from_str(&render(&data, Kind::Notice)).unwrap();
        assert_eq!(read["version"], "4");
        assert_eq!(read["receiver"], "partner");
        assert_eq!(read["alerts"][0]["labels"]["alertname"], "INC-1");
        assert_eq!(read["alerts"][0]["annotations"]["summary"], "sev1: Checkout is failing");
        assert_eq!(read["alerts"][0]["endsAt"], UNSET);
        assert_eq!(read["alerts"][0]["fingerprint"].as_str().unwrap().len(), 16);
        assert_eq!(read["groupKey"], "{}:{alertname=\"INC-1\"}");
    }
}

#[test]
fn a_case_that_cannot_be_read_is_an_error() {
    let mut attempt = sample::attempt();
    Arc::make_mut(&mut attempt.message).data = sample::json(r#"{"group_labels":{},"alerts":[{}]}"#);
    body(&attempt, EXTERNAL).unwrap_err();
}

#[test]
fn texts_without_escapes_are_borrowed() {
    let data = group().to_string();
    let read: Group<'_> = serde_json::from_str(&data).unwrap();
    let range = data.as_bytes().as_ptr_range();
    let borrowed = |text: &str| range.contains(&text.as_ptr());
    let alert = Read::of(&read.alerts[0]).unwrap();
    assert!(alert.labels.iter().all(|(name, value)| borrowed(name) && borrowed(value)));
    assert!(borrowed(&read.alerts[0].starts_at) && borrowed(read.alerts[0].url.as_ref().unwrap()));
}

#[test]
fn an_alert_alone_is_passed_on_as_it_is() {
    let mut data = group();
    data["alerts"].as_array_mut().unwrap().truncate(1);
    let read: Value = serde_json::from_str(&render(&data, Kind::Opening)).unwrap();
    assert_eq!(read["alerts"][0]["labels"], data["alerts"][0]["labels"]);
    assert_eq!(read["alerts"][0]["annotations"], data["alerts"][0]["annotations"]);
    assert_eq!(read["commonLabels"], data["alerts"][0]["labels"]);
    assert_eq!(read["commonAnnotations"], data["alerts"][0]["annotations"]);
}

#[test]
fn what_is_redirected_says_whom_it_was_meant_for() {
    for data in [group(), json!({ "incident": "INC-1" })] {
        let mut attempt = sample::attempt();
        attempt.meant_for = Some("jonas@chat".into());
        Arc::make_mut(&mut attempt.message).data = sample::json(&data.to_string());
        let read: Value = serde_json::from_slice(&body(&attempt, EXTERNAL).unwrap()).unwrap();
        assert_eq!(read["alerts"][0]["annotations"]["tidings_meant_for"], "jonas@chat");
    }
}
