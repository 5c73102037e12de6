//! What no message may ever hold: anything above its reader's level, whatever it is made by.

use super::sample::{Group, Incident};
use super::table::{FIELDS, FieldRow, Verdict, verdict};
use super::{
    About, AlertItem, CaseStatus, DigestItem, Disclosure, IncidentRecord, Kind, Message, Subject,
    TemplateSource, TemplateText, Templates, Wording, compose, state_digest, title_at, view,
};
use crate::event::{ExpectedEnd, Impact, Labels, Layered, Name, Needs, Status, Time};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use std::sync::LazyLock;

mod random;
use random::{record, word};

/// Everything that the message holds, as one text.
fn whole(message: &Message) -> String {
    serde_json::to_string(message).unwrap()
}

/// The paths of a JSON value as the table writes them; a list counts as itself and as its items.
fn paths(value: &Value, prefix: &str, out: &mut Vec<String>) {
    let Value::Object(fields) = value else {
        return;
    };
    for (name, value) in fields {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        out.push(path.clone());
        paths(value, &path, out);
        value.as_array().into_iter().flatten().for_each(|item| paths(item, &path, out));
    }
}

fn cases(level: Disclosure) -> Vec<DigestItem> {
    let item = |title: &str, level, status| DigestItem {
        title: title.into(),
        level,
        status,
        severity: "sev1".into(),
        reference: title.into(),
        at: Time::EPOCH,
    };
    let more_trusted = Disclosure::ALL.into_iter().filter(|other| *other < level);
    let mut cases: Vec<_> =
        more_trusted.map(|level| item(&format!("CANARY-{level}"), level, CaseStatus::Open)).collect();
    cases.insert(0, item("Checkout is failing", level, CaseStatus::Lost));
    cases
}

fn digest<'a>(base: &Subject<'a>, shown: &'a [DigestItem]) -> Subject<'a> {
    Subject {
        kind: Kind::Digest,
        about: About::Digest { reason: "throttled", shown, total: 9 },
        ..base.clone()
    }
}

fn notice<'a>(base: &Subject<'a>) -> Subject<'a> {
    let about = About::Notice {
        title: "CANARY-internal",
        text: "CANARY-internal failed",
        level: Disclosure::Internal,
    };
    Subject { kind: Kind::Notice, about, ..base.clone() }
}

#[test]
fn a_view_holds_the_fields_of_the_table_and_no_others() {
    let mut incident = Incident::full().resolved();
    incident.record.expected_end.as_mut().unwrap().public = true;
    let merged = Incident::full().merged();
    let group = Group::full();
    for level in Disclosure::ALL {
        let items = cases(level);
        let about_incident = incident.subject(Kind::Resolution);
        let subjects = [
            group.subject(Kind::Opening),
            digest(&about_incident, &items),
            notice(&about_incident),
            about_incident.clone(),
            merged.subject(Kind::Resolution),
        ];
        let mut seen = Vec::new();
        for subject in &subjects {
            paths(&serde_json::to_value(view(subject, level)).unwrap(), "", &mut seen);
        }
        for path in &seen {
            assert_eq!(verdict(path, level), Verdict::Allowed, "{path} at {level}");
        }
        // Advice is for programs of outsiders; whoever is nearer knows better.
        let wanted = |row: &&FieldRow| {
            level.may_read(row.level) && (level == Disclosure::External || row.path != "advice")
        };
        for row in FIELDS.iter().filter(wanted) {
            assert!(seen.iter().any(|path| path == row.path), "{} is not in the view at {level}", row.path);
        }
    }
}

#[test]
fn an_expected_end_is_for_outsiders_only_when_it_is_marked_so() {
    let mut incident = Incident::full();
    let write = |incident: &Incident| {
        compose(
            &incident.subject(Kind::Update),
            Disclosure::External,
            &Templates::default(),
            None,
            Wording::Free,
        )
    };
    let before = write(&incident);
    assert!(before.body.contains("There is no estimate yet") && !before.data.get().contains("expected_end"));
    incident.record.expected_end.as_mut().unwrap().public = true;
    let after = write(&incident);
    assert!(after.body.contains("We expect it to be over by") && !after.data.get().contains("confidence"));
}

#[test]
fn resolved_is_not_said_before_the_case_is_over_for_the_reader() {
    let mut held = Incident::full().resolved();
    held.status = CaseStatus::Open;
    let message = compose(
        &held.subject(Kind::Update),
        Disclosure::External,
        &Templates::default(),
        None,
        Wording::Free,
    );
    assert!(!whole(&message).contains("resolved") && !whole(&message).contains("Payments work again"));
    assert!(message.body.contains("we are watching it"));
}

#[test]
fn canaries_of_more_trusted_levels_never_show() {
    let word = |level: &str| Some(Box::from(format!("CANARY-{level}")));
    for level in [Disclosure::Business, Disclosure::External] {
        let mut sample = Incident::full();
        let business = if level == Disclosure::External { word("business") } else { Some("Ours".into()) };
        let layers = || Some(Layered { internal: word("internal"), business: None, public: None });
        let record = &mut sample.record;
        record.id = "CANARY-internal".into();
        record.severity = word("internal");
        record.title = Some(Layered { business: business.clone(), ..layers().unwrap() });
        (record.note, record.data_safety) = (layers(), layers());
        (record.workaround, record.resolution) = (layers(), layers());
        record.components = vec!["CANARY-internal".into()];
        (record.commander, record.comms_lead) = (word("internal"), word("internal"));
        record.acknowledged_by = word("internal");
        record.labels = Labels::from_pairs([("CANARY-internal", "CANARY-internal")]);
        record.source = Some(Name::from("CANARY-internal"));
        if level == Disclosure::External {
            record.impact = Some(Impact {
                share: business.clone(),
                revenue_per_hour: business.clone(),
                ..Impact::default()
            });
            record.needs = Some(Needs { what: "CANARY-business".into(), who: business.clone(), by: None });
        }
        let labels = Labels::from_pairs([("alertname", "CANARY-internal"), ("CANARY-internal", "x")]);
        let source = Name::from("CANARY-internal");
        let alert = AlertItem {
            fingerprint: labels.fingerprint(),
            status: Status::Firing,
            severity: "CANARY-internal",
            labels: &labels,
            annotations: &labels,
            starts_at: Time::EPOCH,
            ends_at: None,
            url: Some("https://CANARY-internal"),
            source: &source,
        };
        let about = About::Alerts { group: &labels, shown: vec![alert], firing: 1, ended: 0, truncated: 0 };
        let items = cases(level);
        for kind in Kind::ALL {
            for status in [CaseStatus::Open, CaseStatus::Resolved, CaseStatus::Lost] {
                let base = Subject {
                    kind,
                    status,
                    reference: "CANARY-internal",
                    route: "CANARY-internal",
                    audience: "CANARY-internal",
                    severity: if level == Disclosure::External { "CANARY-business" } else { "sev1" },
                    ..sample.subject(kind)
                };
                let group = Subject { about: about.clone(), ..base.clone() };
                for subject in [&base, &group, &digest(&base, &items), &notice(&base)] {
                    let text = whole(&compose(subject, level, &Templates::default(), None, Wording::Free))
                        + &title_at(subject, level);
                    assert!(!text.contains("CANARY-internal"), "{level} {kind:?} {status:?}: {text}");
                    assert!(level != Disclosure::External || !text.contains("CANARY"), "{text}");
                    assert!(!text.contains("\"lost\"") && !text.contains("NO LONGER"), "{text}");
                }
            }
        }
    }
}

/// `other`, with what a reader of `level` may see taken from `one`.
fn alike(one: &IncidentRecord, other: &IncidentRecord, level: Disclosure) -> IncidentRecord {
    let business = level == Disclosure::Business;
    let layers = |one: &Option<Layered>, other: &Option<Layered>| {
        let (own, other) = (one.clone().unwrap_or_default(), other.clone().unwrap_or_default());
        let business = if business { own.business } else { other.business };
        Some(Layered { internal: other.internal, business, public: own.public })
    };
    let mut out = IncidentRecord {
        stage: one.stage,
        title: layers(&one.title, &other.title),
        note: layers(&one.note, &other.note),
        data_safety: layers(&one.data_safety, &other.data_safety),
        workaround: layers(&one.workaround, &other.workaround),
        resolution: layers(&one.resolution, &other.resolution),
        scope: one.scope.clone(),
        component_names: one.component_names.clone(),
        goes_on_as: one.goes_on_as.as_ref().map(|(_, public)| (other.id.clone(), public.clone())),
        ..other.clone()
    };
    let hidden = |end: &Option<ExpectedEnd>| end.clone().filter(|end| !end.public);
    out.expected_end = match one.expected_end.clone().filter(|end| end.public) {
        // How sure it is, is not for outsiders.
        Some(end) => Some(ExpectedEnd { confidence: other.id.clone().into(), ..end }),
        None => hidden(&other.expected_end),
    };
    if business {
        out.customer_impact = one.customer_impact;
        out.impact = one.impact.clone();
        out.needs = one.needs.clone();
        out.expected_end = one.expected_end.clone();
        out.data_exposure = one.data_exposure;
        out.regulatory = one.regulatory;
        out.visibility = one.visibility;
    }
    out
}

fn subject<'a>(
    record: &'a IncidentRecord,
    kind: Kind,
    status: CaseStatus,
    inside: &'a str,
    business: &'a str,
) -> Subject<'a> {
    Subject {
        kind,
        status,
        severity: business,
        urgent: business.len() > 5,
        reopened: false,
        reference: inside,
        public_reference: "c0ffee",
        opened_at: Time::EPOCH,
        changed_at: Time::from_millis(business.len() as i64),
        resolved_at: Some(Time::from_millis(99)),
        route: inside,
        audience: inside,
        customers_told: Some((business, Time::EPOCH)),
        write_up: Some(Time::from_millis(100)),
        hold: false,
        about: About::Incident(record),
    }
}

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| {
    let text = TemplateText {
        title: Some("{{ title }} {{ reference }}".into()),
        short: Some("{% if workaround %}{{ workaround }}{% endif %}{{ stage }}{{ opened_at | time }}".into()),
        body: Some("{{ note }} {% for c in components %}{{ c.name }} {{ c.state }}{% endfor %} {{ expected_end.at }}".into()),
        ..TemplateText::default()
    };
    let shop = TemplateText {
        component: Some("a".into()),
        phase: Some(Kind::Update),
        body: Some("Of a: {{ note }}".into()),
        ..TemplateText::default()
    };
    let source = TemplateSource {
        name: Name::from("all"),
        agreed: false,
        texts: vec![text, shop],
        level: Disclosure::External,
        places: vec!["customers".into()],
    };
    Templates::compile(vec![source]).unwrap()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn what_a_reader_may_not_see_changes_no_byte(
        one in record(), two in record(), kind in 0..Kind::ALL.len(), status in 0..3_usize,
        inside in [word(), word()], business in [word(), word()],
    ) {
        let status = [CaseStatus::Open, CaseStatus::Resolved, CaseStatus::Lost][status];
        let name = Name::from("all");
        for level in [Disclosure::Business, Disclosure::External] {
            let two = alike(&one, &two, level);
            let own = if level == Disclosure::Business { &business[0] } else { &business[1] };
            let a = subject(&one, Kind::ALL[kind], status, &inside[0], &business[0]);
            let b = subject(&two, Kind::ALL[kind], status, &inside[1], own);
            for template in [None, Some(&name)] {
                let (a, b) = (compose(&a, level, &TEMPLATES, template, Wording::Free), compose(&b, level, &TEMPLATES, template, Wording::Free));
                prop_assert_eq!(whole(&a), whole(&b));
            }
            prop_assert_eq!(state_digest(&a, level), state_digest(&b, level));
            prop_assert_eq!(title_at(&a, level), title_at(&b, level));
        }
    }

    #[test]
    fn labels_of_alerts_change_no_byte_for_others(
        words in vec(word(), 4), more in 0..3_usize, kind in 0..Kind::ALL.len(), business in any::<bool>(),
    ) {
        let level = if business { Disclosure::Business } else { Disclosure::External };
        let sample = Group::full();
        let labels = Labels::from_pairs([(&*words[0], &*words[1]), ("alertname", &words[2])]);
        let source = Name::from(&*words[3]);
        let a = sample.subject(Kind::ALL[kind]);
        let mut b = a.clone();
        let alert = AlertItem {
            fingerprint: labels.fingerprint(), status: Status::Resolved, severity: &words[3], labels: &labels,
            annotations: &labels, starts_at: Time::EPOCH, ends_at: None, url: None, source: &source,
        };
        b.about = About::Alerts { group: &labels, shown: vec![alert; more], firing: more, ended: 1, truncated: more };
        (b.reference, b.route, b.audience) = (&words[0], &words[1], &words[2]);
        let write = |subject| whole(&compose(subject, level, &Templates::default(), None, Wording::Free));
        prop_assert_eq!(write(&a), write(&b));
        prop_assert_eq!(state_digest(&a, level), state_digest(&b, level));
    }
}
