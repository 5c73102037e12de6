//! R8: what panics is set aside, and everything else goes on.

use super::{Verdict, step};
use crate::decide::explain::RowVerdict;
use crate::decide::state::Due;
use crate::decide::{
    AlertRecord, ChannelPolicy, Environment, Fact, Input, Origin, Policy, PolicyText, State, Via, What,
};
use crate::event::id::Digest;
use crate::event::{
    Action, AlertEvent, Event, IncidentEvent, Labels, Ladder, Matcher, Name, Span, Status, Time,
};
use crate::message::Templates;

/// What makes deciding panic in these tests, and nowhere else.
const POISON: &str = "poison-for-a-test";

pub(super) fn bite(input: &Input) {
    if let What::Event(Event::Alert(alert)) = &input.what {
        assert!(alert.labels.get("alertname") != Some(POISON), "as a test");
    }
}

pub(super) fn bite_due(state: &State, due: &Due) {
    if let Due::Speak(case) = due {
        let members = state.cases[case].members.keys();
        let names = members.map(|alert| state.alerts[alert].record.labels.get("alertname"));
        assert!(names.into_iter().all(|name| name != Some("poisoned-due")), "as a test");
    }
}

fn policy() -> Policy {
    let owner = Name::from("duty");
    let unrouted_row =
        crate::decide::Row { group_wait: Span::ZERO, ..crate::decide::Row::unrouted(&owner, &Via::Unsaid) };
    let mail = ChannelPolicy {
        name: Name::from("mail"),
        kind: Name::from("email"),
        window: 4,
        ceiling: None,
        give_up_after: Span::from_mins(60),
    };
    let recipient = crate::event::Recipient::from("duty@mail");
    let endpoint = crate::decide::Endpoint {
        channel: mail.name.clone(),
        address: "duty@example.net".into(),
        contact: None,
        time_zone: "UTC".into(),
    };
    let audience = crate::decide::Audience {
        name: owner.clone(),
        disclosure: crate::message::Disclosure::Internal,
        contacts: Vec::new(),
        destinations: vec![recipient.clone()],
        approvers: None,
    };
    Policy {
        hash: Digest::default(),
        time_zone: "UTC".into(),
        environment: Environment::default(),
        ladder: Ladder::default(),
        rows: Vec::new(),
        orphans: Vec::new(),
        audiences: [(owner.clone(), audience)].into(),
        contacts: Default::default(),
        endpoints: [(recipient, endpoint)].into(),
        channels: [(mail.name.clone(), mail)].into(),
        components: Default::default(),
        critical: Default::default(),
        cadence: Default::default(),
        write_up: None,
        people: Vec::new(),
        unrouted: Some(owner.clone()),
        unrouted_row: Some(Box::new(unrouted_row)),
        owner: Some(owner),
        default_via: Via::Unsaid,
        tokens: Default::default(),
        confined: Default::default(),
        templates: Templates::default(),
        remember_events_for: Span::from_mins(60),
        remember_events_max: 10,
        incident_rules: Vec::new(),
        resolve_incidents_after: None,
        forget_after: Span::from_mins(60),
        stale_after: Span::from_mins(60),
        watchdog: Vec::new(),
        reference_key: [7; 32],
    }
}

fn alert(name: &str) -> What {
    What::Event(Event::Alert(Box::new(AlertEvent {
        source: Name::from("prometheus"),
        status: Status::Firing,
        labels: Labels::from_pairs([("alertname", name)]),
        annotations: Labels::default(),
        starts_at: None,
        ends_at: None,
        url: None,
        valid_until: None,
    })))
}

fn put(state: &mut State, what: What) -> (Verdict, Vec<Fact>) {
    let input = Input { at: Time::from_millis(1_000_000), origin: Origin::default(), what };
    step(state, &policy(), &input, 1)
}

fn notified(facts: &[Fact]) -> Vec<String> {
    let notified = facts.iter().filter_map(|fact| match fact {
        Fact::Notified(notified) => Some(notified.message.title.to_string()),
        _ => None,
    });
    notified.collect()
}

#[test]
fn a_panic_sets_aside_what_panicked() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut state = State::default();
    let (verdict, facts) = put(&mut state, alert(POISON));
    let (_, due) = put(&mut state, alert("poisoned-due"));
    let (_, after) = put(&mut state, alert("Sound"));
    std::panic::set_hook(quiet);
    assert_eq!(verdict, Verdict::DeadLettered);
    assert!(matches!(&facts[0], Fact::Quarantined { what } if &**what == "an alert event"), "{facts:?}");
    assert_eq!(notified(&facts), ["Something could not be decided and was set aside"]);
    assert!(
        due.iter().any(|fact| matches!(fact, Fact::Quarantined { what } if &**what == "a case")),
        "{due:?}"
    );
    assert_eq!(notified(&after), ["Sound"]);
    assert!(state.dues.iter().all(|(_, due)| !matches!(due, Due::Speak(_))), "the due that panicked is off");
    assert!(state.sum_holds());
}

#[test]
fn a_policy_that_cannot_be_decided_leaves_the_old_one() {
    let mut state = State::default();
    put(&mut state, What::PolicyChanged(PolicyText { hash: Digest::of(&[b"one"]), files: Vec::new() }));
    assert_eq!(state.policy, Some(Digest::of(&[b"one"])));
    let quarantined = super::quarantine_input(
        &state,
        state.time,
        &Input {
            at: state.time,
            origin: Origin::default(),
            what: What::PolicyChanged(PolicyText { hash: Digest::of(&[b"two"]), files: Vec::new() }),
        },
    );
    quarantined.iter().for_each(|fact| state.apply(fact));
    assert_eq!(state.policy, Some(Digest::of(&[b"one"])));
}

#[test]
fn an_input_that_makes_no_fact_leaves_no_trace() {
    let mut state = State::default();
    put(&mut state, alert("Sound"));
    let before = state.clone();
    let input = Input { at: Time::from_millis(1_000_500), origin: Origin::default(), what: What::Tick };
    let (_, facts) = step(&mut state, &policy(), &input, 9);
    assert!(facts.is_empty());
    assert!(state == before, "what stands in no journal must not change State");
}

#[test]
fn a_record_of_an_alert_reads_back() {
    let mut state = State::default();
    put(&mut state, alert("Sound"));
    let record = &state.alerts.values().next().unwrap().record;
    let json = serde_json::to_string(record).unwrap();
    assert!(!json.contains("status"), "firing goes without saying: {json}");
    assert_eq!(&serde_json::from_str::<AlertRecord>(&json).unwrap(), record);
    assert_eq!(serde_json::to_string(&RowVerdict::DoesNotMatch).unwrap(), "\"does_not_match\"");
}

#[test]
fn an_entry_takes_no_more_words_than_a_journal_can_hold() {
    const GROUPS: usize = 400;
    let mut policy = policy();
    if let Some(row) = &mut policy.unrouted_row {
        row.group_wait = Span::from_secs(10);
    }
    let text = "long ".repeat(1600);
    let mut state = State::default();
    for number in 0..GROUPS {
        let mut what = alert(&format!("Number{number}"));
        if let What::Event(Event::Alert(event)) = &mut what {
            let pairs = ["summary", "description", "first", "second"].map(|name| (name, text.as_str()));
            event.annotations = Labels::from_pairs(pairs);
        }
        let input = Input { at: Time::from_millis(1_000_000), origin: Origin::default(), what };
        step(&mut state, &policy, &input, 1 + number as u64);
    }
    let (mut said, mut entries) = (std::collections::BTreeSet::new(), 0);
    while said.len() < GROUPS {
        entries += 1;
        let tick = Input { at: Time::from_millis(1_020_000), origin: Origin::default(), what: What::Tick };
        let (_, facts) = step(&mut state, &policy, &tick, 1000 + entries);
        let size = serde_json::to_vec(&facts).unwrap().len();
        assert!(size < 16 << 20, "an entry of {size} bytes");
        let titles = notified(&facts);
        assert!(!titles.is_empty(), "{} of {GROUPS} groups were told", said.len());
        assert!(titles.into_iter().all(|title| said.insert(title)), "each group is told once");
    }
    assert!(entries > 1, "the words must not fit one entry, or nothing is tested");
    assert!(state.sum_holds());
}

#[test]
fn a_token_touches_what_is_its_teams_alone_and_one_that_nobody_knows_nothing() {
    let policy = Policy {
        tokens: ["team-a".into(), "ops".into()].into(),
        confined: [("team-a".into(), vec![Matcher::parse("team=\"a\"").unwrap()])].into(),
        ..policy()
    };
    let mut state = State::default();
    let mut send = |token: &str, incident: &str, action, labels: Option<&str>, into: Option<&str>| {
        let labels = labels.map(|team| Labels::from_pairs([("team", team)]));
        let bare = IncidentEvent::bare("desk".into(), incident, action);
        let event = IncidentEvent { labels, into: into.map(Into::into), ..bare };
        let origin = Origin { token: Some(token.into()), ..Origin::default() };
        let what = What::Event(Event::Incident(Box::new(event)));
        let input = Input { at: Time::from_millis(1_000_000), origin, what };
        step(&mut state, &policy, &input, 1).0
    };
    let (decided, refused) = (Verdict::Decided, Verdict::DeadLettered);
    assert_eq!(send("team-a", "A", Action::Open, Some("a"), None), decided);
    assert_eq!(send("team-a", "A-2", Action::Open, Some("a"), None), decided);
    assert_eq!(send("team-a", "B", Action::Open, Some("b"), None), refused);
    assert_eq!(send("ops", "B", Action::Open, Some("b"), None), decided);
    assert_eq!(send("ops", "NONE", Action::Open, None, None), decided);
    for incident in ["B", "NONE"] {
        assert_eq!(send("team-a", incident, Action::Resolve, Some("a"), None), refused, "{incident}");
        assert_eq!(send("team-a", "A", Action::Merge, None, Some(incident)), refused, "{incident}");
    }
    assert_eq!(send("team-a", "A", Action::Merge, None, Some("NEW")), refused);
    assert_eq!(send("team-a", "A", Action::Merge, None, Some("A-2")), decided);
    assert_eq!(send("ops", "B", Action::Merge, None, Some("NEW")), decided);
    assert_eq!(send("ops", "NONE", Action::Resolve, None, None), decided);
    assert_eq!(send("forgotten", "A-2", Action::Resolve, Some("a"), None), refused);
}
