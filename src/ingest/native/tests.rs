//! What the native form takes, what it refuses, and that nothing makes it fall.

use super::*;
use crate::event::{Action, IncidentEvent, Labels, Layered, Stage, Time};
use proptest::prelude::*;

fn time(text: &str) -> Time {
    Time::parse(text).unwrap().unwrap()
}

fn way() -> Way {
    let received = time("2026-11-21T14:30:00Z");
    Way { lane: Name::from("lane"), source: Name::from("lane"), received }
}

fn alert_of(json: &str) -> (AlertEvent, Flags) {
    let reading = read(json.as_bytes(), &way());
    let Ok(Event::Alert(alert)) = reading.event else { panic!("{json}: {reading:?}") };
    (*alert, reading.flags)
}

fn incident_of(json: &str) -> (IncidentEvent, Flags) {
    let reading = read(json.as_bytes(), &way());
    let Ok(Event::Incident(incident)) = reading.event else { panic!("{json}: {reading:?}") };
    (*incident, reading.flags)
}

/// The example of the design, word for word.
const INCIDENT: &str = r#"{ "type": "incident", "source": "incident-desk", "id": "evt-17", "incident": "INC-1", "action": "open",
  "severity": "sev1", "stage": "investigating", "at": "2026-11-21T14:03:10Z",
  "title": { "internal": "pay-db-2 pool exhausted", "business": "Checkout is failing", "public": "Payments are failing for some customers" },
  "note":  { "internal": "failing over", "business": "About 15 % of checkouts fail", "public": "We are working on it" },
  "customer_impact": true, "scope": { "share": "some", "regions": ["eu"] }, "components": ["checkout"],
  "data_safety": { "public": "No payment data is affected" }, "workaround": { "public": "Paying by invoice works" },
  "impact": { "customers": 1200, "revenue_per_hour": "5000 EUR", "accounts": ["acme"] },
  "needs": { "what": "approve vendor support, 10,000 EUR", "who": "executives", "by": "2026-11-21T15:00:00Z" },
  "expected_end": { "at": "2026-11-21T16:00:00Z", "confidence": "medium", "public": false },
  "data_exposure": false, "regulatory": false, "visibility": "none",
  "commander": "jonas", "comms_lead": "mara", "labels": { "team": "payments" } }"#;

/// As Prometheus posts it.
const POSTED: &str = r#"[{"labels":{"alertname":"X","pod":"a\u00e4"},"annotations":{"summary":"5xx"},"startsAt":"2026-11-21T13:55:05.678Z",
  "endsAt":"2026-11-21T14:04:00Z","generatorURL":"http://prom/graph?g0.expr=up"},{"labels":{"a":"b"}}]"#;

#[test]
fn the_designs_alert_is_read_whole() {
    let (alert, flags) = alert_of(
        r#"{ "type": "alert", "source": "prometheus/eu-1", "status": "firing",
        "labels": { "alertname": "HighErrorRate", "severity": "critical", "team": "payments" },
        "annotations": { "summary": "5xx at 12 %", "runbook_url": "https://runbooks.example.net/5xx" },
        "starts_at": "2026-11-21T14:02:00Z", "ends_at": null, "url": "https://prometheus.example.net/graph?x" }"#,
    );
    assert_eq!((alert.source.as_str(), alert.status), ("prometheus/eu-1", Status::Firing));
    assert_eq!((alert.labels.len(), alert.annotations.len()), (3, 2));
    assert_eq!(alert.starts_at, Some(time("2026-11-21T14:02:00Z")));
    assert_eq!((alert.ends_at, alert.valid_until), (None, None));
    assert!(alert.url.is_some());
    assert_eq!(flags, Flags::default());
}

#[test]
fn the_designs_incident_is_read_whole() {
    let reading = read(INCIDENT.as_bytes(), &way());
    let identity = identity_of_id(&Name::from("lane"), "incident-desk", "evt-17", INCIDENT.as_bytes());
    assert_eq!(reading.identity, Some(identity));
    let (incident, flags) = incident_of(INCIDENT);
    assert_eq!(flags, Flags::default());
    assert_eq!((&*incident.incident, incident.action), ("INC-1", Action::Open));
    assert_eq!(incident.title.unwrap().business.as_deref(), Some("Checkout is failing"));
    assert_eq!(incident.impact.unwrap().customers, Some(1200));
    assert_eq!(incident.needs.unwrap().by, Some(time("2026-11-21T15:00:00Z")));
    assert_eq!(incident.labels.unwrap().get("team"), Some("payments"));
    assert_eq!(incident.into, None);
}

#[test]
fn status_and_end_are_brought_together() {
    let fields = |rest: &str| {
        let (alert, flags) = alert_of(&format!(r#"{{"type":"alert","labels":{{"a":"b"}}{rest}}}"#));
        (alert.status, alert.ends_at.is_some(), alert.valid_until.is_some(), flags.time_dropped)
    };
    use Status::{Firing, Resolved};
    assert_eq!(fields(""), (Firing, false, false, false));
    assert_eq!(fields(r#","ends_at":"2026-11-21T15:00:00Z""#), (Firing, false, true, false));
    assert_eq!(fields(r#","ends_at":"2026-11-21T14:00:00Z""#), (Resolved, true, false, false));
    assert_eq!(
        fields(r#","status":"firing","ends_at":"2026-11-21T14:00:00Z""#),
        (Firing, false, false, true)
    );
    assert_eq!(fields(r#","status":"resolved""#), (Resolved, false, false, false));
    assert_eq!(
        fields(r#","status":"firing","ends_at":"0001-01-01T00:00:00Z""#),
        (Firing, false, false, false)
    );
    assert_eq!(fields(r#","starts_at":"at noon""#), (Firing, false, false, true));
}

#[test]
fn texts_may_be_bare_and_an_update_to_resolved_resolves() {
    let (incident, _) = incident_of(
        r#"{"type":"incident","incident":"I","action":"update","stage":"resolved","kind":"finding",
        "title":"bare\nline","note":{"public":"two\nlines","internal":"","later":"?"},"at":"2027-01-01T00:00:00Z"}"#,
    );
    assert_eq!((incident.action, incident.stage), (Action::Resolve, Some(Stage::Resolved)));
    let bare = Layered { internal: Some("bare line".into()), ..Layered::default() };
    assert_eq!(incident.title, Some(bare));
    let note = Layered { public: Some("two\nlines".into()), ..Layered::default() };
    assert_eq!(incident.note, Some(note));
    assert_eq!(incident.at, Some(way().received), "nothing happens later than it is received");
    assert!(incident.note_kind.is_some());
    assert_eq!(incident.source.as_str(), "lane");
}

#[test]
fn what_is_no_event_is_refused_without_its_content() {
    let long = "x".repeat(300);
    let wrong = [
        "",
        "7",
        "[]",
        "null",
        "{}",
        "{",
        "{\"type\":\"secret\"}",
        r#"{"type":"alert"}"#,
        r#"{"type":"alert","labels":{}}"#,
        r#"{"type":"alert","labels":{"a":"b"},"status":"secret"}"#,
        r#"{"type":"alert","type":"alert","labels":{"a":"b"}}"#,
        r#"{"type":"alert","labels":{"a":"secret","a":"secret"}}"#,
        r#"{"type":"incident","action":"open"}"#,
        r#"{"type":"incident","incident":" ","action":"open"}"#,
        r#"{"type":"incident","incident":"I","action":"secret"}"#,
        r#"{"type":"incident","incident":"I","action":"merge"}"#,
        r#"{"type":"incident","incident":"I","action":"open","title":["secret"]}"#,
        r#"{"type":"incident","incident":"I","action":"open","impact":{"customers":1e400}}"#,
        &format!(r#"{{"type":"incident","incident":"{long}","action":"open"}}"#),
        &format!(r#"{{"type":"alert","source":"{long}","labels":{{"a":"b"}}}}"#),
    ];
    for text in wrong {
        let garbage = read(text.as_bytes(), &way()).event.expect_err(text);
        assert!(!garbage.reason.contains("secret"), "{text}: {}", garbage.reason);
        assert_eq!(garbage.length, text.len() as u64);
    }
}

#[test]
fn bombs_are_refused() {
    let deep = format!(r#"{{"type":"alert","labels":{{"a":"b"}},"x":{}"#, "[".repeat(100_000));
    let wide: Vec<String> = (0..40_000).map(|n| format!("\"{n}\":1")).collect();
    let wide = format!(r#"{{"type":"alert","labels":{{{}}}}}"#, wide.join(","));
    let long = format!(r#"{{"type":"alert","labels":{{"a":"{}"}}}}"#, "x".repeat(EVENT_BYTES_MAX));
    for bomb in [deep, wide, long] {
        assert!(read(bomb.as_bytes(), &way()).event.is_err());
    }
    let number =
        format!(r#"{{"type":"alert","labels":{{"a":"b"}},"x":1{}e-9{}}}"#, "0".repeat(9999), "9".repeat(99));
    assert!(read(number.as_bytes(), &way()).event.is_ok(), "an unknown field is not even looked at");
}

#[test]
fn the_written_form_reads_as_the_same_event() {
    let (incident, _) = incident_of(INCIDENT);
    let event = Event::Incident(Box::new(incident));
    assert_eq!(read(write(&event).to_string().as_bytes(), &way()).event, Ok(event));
}

#[test]
fn a_cloud_event_is_known_by_its_type_alone() {
    let wrapped = format!(
        r#"{{"specversion":"1.0","type":"tidings.incident.v1","source":"/s","id":"1","data":{INCIDENT}}}"#
    );
    let reading = read(wrapped.as_bytes(), &way());
    assert!(reading.event.is_ok());
    assert_eq!(reading.identity.map(|i| i.key), Some(identity_of_id(&way().lane, "/s", "1", b"").key));
    assert!(read(wrapped.replace("incident.v1", "incident.v9").as_bytes(), &way()).event.is_err());
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9äöü._/ -]{1,20}"
}

prop_compose! {
    fn alerts()(
        source in "[a-z]{1,8}",
        resolved: bool,
        labels in prop::collection::btree_map(word(), word(), 1..6),
        annotations in prop::collection::btree_map(word(), word(), 0..6),
        start in prop::option::of(1_700_000_000_000_i64..1_790_000_000_000),
        end in prop::option::of(1..100_000_000_i64),
    ) -> AlertEvent {
        let set = |map: &std::collections::BTreeMap<String, String>| {
            Labels::from_pairs(map.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        };
        let received = way().received.millis();
        AlertEvent {
            source: Name::from(source),
            status: if resolved { Status::Resolved } else { Status::Firing },
            labels: set(&labels),
            annotations: set(&annotations),
            starts_at: start.map(Time::from_millis),
            ends_at: end.filter(|_| resolved).map(|ms| Time::from_millis(received - ms)),
            url: None,
            valid_until: end.filter(|_| !resolved).map(|ms| Time::from_millis(received + ms)),
        }
    }
}

proptest! {
    #[test]
    fn alerts_survive_writing_and_reading(alert in alerts()) {
        let event = Event::Alert(Box::new(alert));
        let reading = read(write(&event).to_string().as_bytes(), &way());
        prop_assert_eq!(reading.flags, Flags::default());
        prop_assert_eq!(reading.event, Ok(event));
    }

    #[test]
    fn no_bytes_make_any_format_fall(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes, &way());
        super::super::cloudevents::structured(&bytes, &way());
        let _ = super::super::alertmanager::read(&bytes, &way());
    }

    #[test]
    fn no_damage_to_an_alert_makes_it_fall(place in 0..POSTED.len(), byte: u8, cut in 0..POSTED.len()) {
        let mut bytes = POSTED.as_bytes().to_vec();
        bytes[place] = byte;
        let _ = super::super::alertmanager::read(&bytes, &way());
        let _ = super::super::alertmanager::read(&bytes[..cut], &way());
    }

    #[test]
    fn no_damage_to_an_event_makes_it_fall(place in 0..INCIDENT.len(), byte: u8, cut in 0..INCIDENT.len()) {
        let mut bytes = INCIDENT.as_bytes().to_vec();
        bytes[place] = byte;
        read(&bytes, &way());
        read(&bytes[..cut], &way());
        super::super::cloudevents::structured(&bytes, &way());
    }
}
