//! What `explain` answers: every row, whether it tells, and why not.

use super::world::config;
use tidings::decide::explain::{RowAnswer, explain};
use tidings::event::{Action, AlertEvent, Event, IncidentEvent, Labels, Name, Status};

const ROWS: &str = r#"
[[route]]
name = "at-once"
kind = "alert"
match = ['team="payments"']
audience = "duty"
via = ["sms"]
group_wait = "0s"
[[route]]
name = "later"
kind = "alert"
audience = "wall"
group_wait = "30s"
[[route]]
name = "second"
kind = "alert"
audience = "duty"
[[route]]
name = "bad-ones"
kind = "alert"
severity = "sev2 or worse"
audience = "executives"
stop = true
[[route]]
name = "after-a-stop"
kind = "alert"
audience = "desk"
[[route]]
name = "incidents"
kind = "incident"
customer_impact = true
audience = "customers"
approve = false
"#;

fn answers(more: &str, event: &Event) -> Vec<RowAnswer> {
    let shop = include_str!("../../scenarios/policies/shop.toml");
    explain(&config(&format!("{shop}{ROWS}{more}")).policy, event, super::script::begin())
}

fn words(answers: &[RowAnswer]) -> Vec<String> {
    let word = |answer: &RowAnswer| {
        let verdict = serde_json::to_value(answer.verdict).unwrap();
        format!("{} {}: {}", answer.route, verdict.as_str().unwrap(), answer.reason)
    };
    answers.iter().map(word).collect()
}

fn alert(status: Status, labels: &[(&str, &str)]) -> Event {
    Event::Alert(Box::new(AlertEvent {
        source: Name::from("prometheus"),
        status,
        labels: Labels::from_pairs(labels.iter().copied()),
        annotations: Labels::default(),
        starts_at: None,
        ends_at: None,
        url: None,
        valid_until: None,
    }))
}

#[test]
fn every_row_says_what_it_makes_of_an_alert() {
    let event = alert(Status::Firing, &[("alertname", "Slow"), ("team", "payments")]);
    let expected = [
        "at-once tells: severity sev2 (a missing or unknown severity counts as this); it tells jonas@sms",
        "later waits: severity sev2 (a missing or unknown severity counts as this); after group_wait 30s it tells wall@screen",
        "second governed: at-once has this audience already",
        "bad-ones waits: severity sev2 (a missing or unknown severity counts as this); after group_wait 30s it tells mara@mail, mara@sms",
        "after-a-stop stopped: bad-ones ends the reading of its file",
        "incidents stopped: bad-ones ends the reading of its file",
    ];
    let found: Vec<String> = words(&answers("", &event))
        .into_iter()
        .map(|line| line.split('#').next().unwrap().to_owned())
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_does_not_match_says_the_first_thing_that_does_not() {
    let event = alert(Status::Firing, &[("alertname", "Slow"), ("team", "search"), ("severity", "info")]);
    let found = words(&answers("", &event));
    assert_eq!(found[0], "at-once does_not_match: team=\"payments\" does not hold: the label is \"search\"");
    assert_eq!(found[3], "bad-ones does_not_match: severity is sev4, wanted is sev1 or sev2");
    assert_eq!(found[5], "incidents does_not_match: it is for incidents");
    let ended = words(&answers("", &alert(Status::Resolved, &[("alertname", "Slow"), ("severity", "info")])));
    assert!(ended[1].starts_with("later waits: it is told only those who were told before"), "{}", ended[1]);
}

#[test]
fn incidents_and_what_no_row_matches() {
    let mut event = IncidentEvent::bare(Name::from("desk"), "INC-1", Action::Open);
    let found = words(&answers("", &Event::Incident(Box::new(event.clone()))));
    assert_eq!(found[5], "incidents does_not_match: customer_impact is not known, wanted is true");
    assert!(found[6].starts_with("unrouted tells: no row matches; severity sev2"), "{}", found[6]);
    event.severity = Some("none".into());
    event.customer_impact = Some(true);
    let found = words(&answers("", &Event::Incident(Box::new(event.clone()))));
    assert_eq!(found[5], "incidents does_not_match: severity none goes to no business or external audience");
    event.severity = Some("sev1".into());
    let shadow = words(&answers("[environment]\nmode = \"shadow\"\n", &Event::Incident(Box::new(event))));
    assert!(shadow[5].starts_with("incidents withheld: "), "{}", shadow[5]);
    assert!(shadow[5].contains("sends nothing"), "{}", shadow[5]);
}

#[test]
fn who_is_told_instead_of_who_is_away_is_named() {
    let shop = include_str!("../../scenarios/policies/shop.toml");
    let away = "[contact.jonas]\nbackup = \"olga\"\naway = { until = \"2026-11-21T12:00:01Z\" }\n";
    let policy = config(&format!("{}{ROWS}", shop.replace("[contact.jonas]\n", away))).policy;
    let event = alert(Status::Firing, &[("alertname", "Slow"), ("team", "payments"), ("severity", "info")]);
    let told = |after: u64| {
        let rows = explain(&policy, &event, super::script::begin() + tidings::event::Span::from_secs(after));
        rows[0].reason.clone()
    };
    assert!(told(0).ends_with("it tells olga@sms"), "{}", told(0));
    assert!(told(1).ends_with("it tells jonas@sms"), "{}", told(1));
}
