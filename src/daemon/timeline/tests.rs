//! A timeline of what was really decided and projected: what is in it, and what is not for readers outside.

use super::{Reader, Source, markdown, step};
use crate::decide::{
    Accepted, Command, Fact, Input, Notified, Origin, Outcome, Policy, State, What, incident_case,
    public_reference, step as decide,
};
use crate::event::id::NotificationId;
use crate::event::{Event, Span, Time};
use crate::history::{Projected, Projection, Questions};
use crate::ingest::{Way, native};
use crate::message::Disclosure;
use crate::{config, deliver};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

const SETTINGS: &str = r#"
version = 1
time_zone = "Europe/Berlin"
[ingest.http]
listen = "127.0.0.1:0"
[journal]
path = "/j"
[severity]
ladder = ["sev1", "sev2"]
urgent = "sev1"
[incidents]
owner = "duty"
[channel.screen]
type = "console"
[audience.duty]
disclosure = "internal"
destinations = ["screen"]
[audience.executives]
disclosure = "business"
destinations = ["screen"]
[audience.customers]
disclosure = "external"
destinations = ["screen"]
approvers = "duty"
[[route]]
name = "alerts"
kind = "alert"
audience = "duty"
group_by = ["alertname"]
group_wait = "0s"
[[route]]
name = "mending"
kind = "incident"
audience = "duty"
ack_within = "10m"
[[route]]
name = "executives"
kind = "incident"
audience = "executives"
update_every = "30m"
[[route]]
name = "customers"
kind = "incident"
audience = "customers"
approve = true
[channel.late]
type = "console"
[audience.acme-gmbh]
disclosure = "external"
destinations = ["late"]
[[route]]
name = "acme"
kind = "incident"
match = ["acme=yes"]
audience = "acme-gmbh"
approve = false
"#;

/// A core with a projection of everything that it decides; every channel takes everything after two seconds.
struct World {
    state: State,
    policy: Policy,
    now: Time,
    entries: u64,
    projection: Projection,
    said: BTreeMap<NotificationId, Notified>,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let config = config::from_texts(&[("tidings.toml", SETTINGS)], [0; 32], deliver::kinds()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let projection = Projection::open(&folder.path().join("history.db"), [7; 16]).unwrap();
        let now = Time::parse("2026-11-21T14:00:00Z").unwrap().unwrap();
        let mut world = World {
            state: State::default(),
            policy: config.policy,
            now,
            entries: 0,
            projection,
            said: BTreeMap::new(),
            folder,
        };
        world.give(What::Started { epoch: 1, behind: Vec::new() });
        world.pass(Span::from_mins(5));
        world
    }

    fn give(&mut self, what: What) {
        self.entries += 1;
        let input = Input { at: self.now, origin: Origin::default(), what };
        let (_, facts) = decide(&mut self.state, &self.policy, &input, self.entries);
        let decided = [(Some(&input), &facts[..])];
        let entry = Projected { sequence: self.entries, at: self.now, decided: &decided };
        self.projection.apply(&[entry]).unwrap();
        let mut released = Vec::new();
        for fact in facts {
            match fact {
                Fact::Notified(notified) => drop(self.said.insert(notified.id, *notified)),
                Fact::Released { deliveries } => released.extend(deliveries),
                _ => {}
            }
        }
        self.now = self.now + Span::from_secs(2);
        for delivery in released {
            let result = Ok(Accepted { receipt: None, body: None });
            self.give(What::Outcome(Outcome { delivery, attempt: 1, result }));
        }
    }

    fn event(&mut self, json: &serde_json::Value) {
        let source = "incident-desk".into();
        let way = Way { lane: "http".into(), source, received: self.now };
        let event: Event = native::read(json.to_string().as_bytes(), &way).event.unwrap();
        self.give(What::Event(event));
    }

    /// Lets time pass, in ticks of ten seconds.
    fn pass(&mut self, span: Span) {
        let until = self.now + span;
        while self.now + Span::from_secs(10) < until {
            self.now = self.now + Span::from_secs(8);
            self.give(What::Tick);
        }
        self.now = self.now.max(until);
    }

    fn approve(&mut self) {
        let case = incident_case("INC-internal-1");
        let (audience, by) = ("customers".into(), "internal-approver".into());
        let revision = self.state.cases[&case].briefing(&audience).unwrap().draft().unwrap().revision;
        self.give(What::Command(Command::ApproveDraft { case, audience, revision, by }));
    }

    fn source(&self, name: &str) -> Source {
        let questions = Questions::open(&self.folder.path().join("history.db")).unwrap();
        let trail = questions.trail(name).unwrap().expect("the history knows the case");
        let reference = public_reference(&self.policy, trail.case.case);
        Source { trail, said: self.said.clone(), reference, until: self.now }
    }

    /// The timeline as JSON and as Markdown.
    fn timeline(&self, name: &str, level: Disclosure) -> (serde_json::Value, String) {
        let reader = Reader { level, zone: TimeZone::get("Europe/Berlin").unwrap() };
        let timeline = step::timeline(&self.source(name), &reader);
        let text = markdown::write(&timeline, &reader);
        (serde_json::to_value(timeline.in_full(&reader)).unwrap(), text)
    }
}

/// An incident with a canary in every field that is not for outsiders, from its opening to its end.
fn told_story() -> World {
    let mut world = World::new();
    let layers = |what: &str| {
        serde_json::json!({ "internal": format!("internal {what}"), "business": format!("business {what}"),
            "public": format!("Public {what}") })
    };
    world.event(&serde_json::json!({
        "type": "incident", "incident": "INC-internal-1", "action": "open", "severity": "sev1",
        "stage": "investigating", "at": "2026-11-21T14:03:00Z", "title": layers("title"), "note": layers("note"),
        "customer_impact": true, "scope": { "share": "some", "regions": ["eu"] }, "components": ["internal-db-2"],
        "data_safety": layers("word on data"), "workaround": layers("workaround"),
        "impact": { "customers": 1234, "revenue_per_hour": "business 777 EUR", "accounts": ["business-acme"] },
        "needs": { "what": "business vendor", "who": "executives", "by": "2026-11-21T16:00:00Z" },
        "expected_end": { "at": "2026-11-21T17:17:00Z", "confidence": "business medium", "public": false },
        "commander": "internal-jonas", "comms_lead": "internal-mara", "labels": { "team": "internal-team" },
        "by": "internal-lena",
    }));
    world.pass(Span::from_mins(2));
    world.approve();
    let note = serde_json::json!({ "type": "incident", "incident": "INC-internal-1", "action": "note",
        "kind": "finding", "note": "internal pool exhausted", "by": "internal-lena" });
    world.event(&note);
    world.give(What::Command(Command::Acknowledge {
        case: incident_case("INC-internal-1"),
        by: "internal-jonas".into(),
        way: crate::decide::AckWay::Command,
    }));
    world.pass(Span::from_mins(35));
    world.event(&serde_json::json!({ "type": "incident", "incident": "INC-internal-1", "action": "update",
        "stage": "identified", "note": layers("second note"), "by": "internal-lena" }));
    world.pass(Span::from_mins(3));
    world.approve();
    world.event(&serde_json::json!({ "type": "incident", "incident": "INC-internal-1", "action": "resolve",
        "resolution": layers("resolution"), "by": "internal-lena" }));
    world.pass(Span::from_mins(1));
    world.approve();
    world.pass(Span::from_mins(1));
    world
}

#[test]
fn insiders_read_what_happened_word_for_word() {
    let world = told_story();
    let (json, text) = world.timeline("INC-internal-1", Disclosure::Internal);
    for said in [
        "# INC-internal-1: internal title",
        "Severity sev1. Received 2026-11-21 15:05 CET (14:05 UTC).",
        "(incident-desk)",
        "Finding by internal-lena (incident-desk). Note: “internal pool exhausted”.",
        "internal-approver approved revision 1 to customers after 2 min",
        "internal-jonas acknowledged the case by command.",
        "customers@screen",
        "### Saturday, 2026-11-21, times in CET (UTC+01:00)",
        "  - To customers@screen",
        "Acknowledged by: internal-jonas",
        "Public title",
        "business note",
        "The word promised to executives by",
        "was kept (executives@screen",
        "Stage identified: The cause is known, and we are mending it.",
        "- Time to detect: 2 min",
        "- Time to acknowledge: 2 min",
        "| customers | 2 min",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    assert_eq!((&json["standing"], &json["for"]), (&"resolved".into(), &"internal".into()));
    let times: Vec<&str> =
        json["steps"].as_array().unwrap().iter().map(|s| s["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    // Under each of its names it is the same case.
    let reference = public_reference(&world.policy, incident_case("INC-internal-1"));
    for name in [reference, incident_case("INC-internal-1").to_string()] {
        assert_eq!(world.timeline(&name, Disclosure::Internal).1, text);
    }
}

#[test]
fn nothing_of_the_inside_is_in_a_timeline_for_outsiders() {
    let world = told_story();
    let (json, text) = world.timeline("INC-internal-1", Disclosure::External);
    for canary in [
        "internal",
        "business",
        "executives",
        "duty",
        "1234",
        "777",
        "17:17",
        "18:17",
        "sev1",
        "screen",
        "desk",
    ] {
        let shown = json.to_string().replace("\"for\":\"external\"", "");
        assert!(!shown.contains(canary), "{canary} is in {shown}");
        assert!(!text.contains(canary), "{canary} is in\n{text}");
    }
    for said in ["Public title", "Public note", "Public resolution", "We are looking for the cause", "# R-"] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    assert_eq!(json["figures"]["audiences"].as_array().unwrap().len(), 1);

    let (json, text) = world.timeline("INC-internal-1", Disclosure::Business);
    for canary in ["internal", "duty", "screen", "desk"] {
        assert!(!json.to_string().contains(canary), "{canary} is in {json}");
        assert!(!text.contains(canary), "{canary} is in\n{text}");
    }
    for said in ["business title", "Public title", "The severity is sev1.", "was approved after", "was kept."]
    {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
}

#[test]
fn outsiders_do_not_read_that_it_is_over_before_they_are_told() {
    let mut world = World::new();
    let event = |action: &str| {
        serde_json::json!({ "type": "incident", "incident": "INC-internal-1", "action": action, "severity": "sev2",
            "customer_impact": true, "title": { "public": "Payments fail" } })
    };
    world.event(&event("open"));
    world.approve();
    world.pass(Span::from_mins(1));
    world.event(&event("resolve"));
    world.pass(Span::from_mins(1));
    for (level, standing) in [(Disclosure::Business, "resolved"), (Disclosure::External, "open")] {
        let (json, text) = world.timeline("INC-internal-1", level);
        assert_eq!(json["standing"], standing, "{text}");
        assert_eq!(json["ended_at"].is_null(), standing == "open", "{text}");
        assert_eq!(text.contains("write-up"), standing == "resolved", "{text}");
    }
    world.approve();
    world.pass(Span::from_mins(1));
    let (json, text) = world.timeline("INC-internal-1", Disclosure::External);
    assert_eq!(json["standing"], "resolved", "{text}");
    assert!(text.contains("A write-up was promised by"), "{text}");
}

#[test]
fn outsiders_read_of_no_audience_by_name_and_of_no_word_that_nobody_was_handed() {
    let mut world = World::new();
    world.give(What::Command(Command::Pause { channel: "late".into(), by: "jonas".into() }));
    world.event(
        &serde_json::json!({ "type": "incident", "incident": "INC-3", "action": "open", "severity": "sev2",
        "customer_impact": true, "title": { "public": "Payments fail" }, "stage": "investigating",
        "labels": { "acme": "yes" } }),
    );
    world.pass(Span::from_mins(1));
    let (json, text) = world.timeline("INC-3", Disclosure::External);
    let steps = |json: &serde_json::Value| {
        let whats =
            json["steps"].as_array().unwrap().iter().map(|step| step["what"].as_str().unwrap().to_owned());
        whats.collect::<Vec<_>>()
    };
    assert_eq!(steps(&json), ["opened"], "{text}");
    assert_eq!(json["figures"]["audiences"], serde_json::json!([]), "{text}");
    assert!(world.timeline("INC-3", Disclosure::Internal).1.contains("acme-gmbh"));
    world.give(What::Command(Command::Resume { channel: "late".into(), by: "jonas".into() }));
    let (json, text) = world.timeline("INC-3", Disclosure::External);
    assert_eq!(steps(&json), ["opened", "message"], "{text}");
    assert!(text.contains("The first word to customers was handed over at"), "{text}");
    assert_eq!(json["figures"]["audiences"].as_array().unwrap().len(), 1, "{text}");
    assert!(!text.contains("acme") && !json.to_string().contains("acme"), "{text}");
}

#[test]
fn customers_who_were_told_nothing_are_said_to_have_been() {
    let mut world = World::new();
    let event = |action: &str| {
        serde_json::json!({ "type": "incident", "incident": "INC-2", "action": action, "severity": "sev2",
            "customer_impact": true, "title": { "public": "Payments fail" } })
    };
    world.event(&event("open"));
    world.pass(Span::from_mins(1));
    world.event(&event("resolve"));
    world.pass(Span::from_mins(1));
    let said =
        "The case was over before the first word to customers was approved: customers were told nothing.";
    let (_, text) = world.timeline("INC-2", Disclosure::Internal);
    assert!(text.contains(said) && text.contains("The draft was"), "{text}");
    assert!(world.timeline("INC-2", Disclosure::Business).1.contains(said));
    let (_, text) = world.timeline("INC-2", Disclosure::External);
    assert!(text.contains("Nobody at this level has been handed a message."), "{text}");
}

#[test]
fn a_group_of_alerts_has_a_timeline_and_a_flood_of_them_has_no_moments() {
    let mut world = World::new();
    let alert = |status: &str| {
        serde_json::json!({ "type": "alert", "status": status, "labels": { "alertname": "Down", "severity": "sev2" },
            "starts_at": "2026-11-21T14:01:00Z" })
    };
    world.event(&alert("firing"));
    world.pass(Span::from_mins(1));
    world.event(&alert("resolved"));
    world.pass(Span::from_mins(6));
    let name = "alerts{alertname=\"Down\"}";
    assert_eq!(world.source(name).trail.moments, []);
    let (json, text) = world.timeline(name, Disclosure::Internal);
    for said in ["The first alert of the case was received. It had begun at 15:01.", "fires", "has ended"] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    assert_eq!(json["figures"]["audiences"][0]["words"], 2, "{json}");
    assert!(json["figures"]["time_to_detect_seconds"].as_u64() > Some(60), "{json}");
}
