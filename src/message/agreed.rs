//! R23: the cut of agreed texts: a subject without one word that anybody wrote about the case.

use super::FieldRow;
use super::subject::{About, IncidentRecord, Subject};
use crate::event::{Labels, Layered, Scope};

/// Whose words a message may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wording {
    /// Those of the event's authors, layer by layer, and any template.
    #[default]
    Free,
    /// Those that were agreed beforehand: states, times, and names and shares that the configuration or this list
    /// knows. It needs no approval (R23).
    Agreed,
}

/// The words for how many are affected that may stand in an agreed text.
const SHARES: [&str; 3] = ["some", "many", "all"];

/// The fields that an agreed template may name: what is left of a case when every free text is cut, and nothing else.
pub(super) const ENUMERATED: [&str; 22] = [
    "about",
    "kind",
    "status",
    "reference",
    "public_reference",
    "reopened",
    "opened_at",
    "resolved_at",
    "advice",
    "write_up",
    "stage",
    "stage_in_words",
    "components",
    "scope.share",
    "changed_at",
    "severity",
    "urgent",
    "customer_impact",
    "route",
    "audience",
    "firing",
    "ended",
];

/// Whether an agreed template may name the path.
pub(super) fn is_enumerated(path: &str) -> bool {
    ENUMERATED
        .iter()
        .any(|field| path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

impl FieldRow {
    /// Whether an agreed template may name it (R23).
    pub fn is_agreed(&self) -> bool {
        is_enumerated(self.path)
    }
}

/// What is left of a subject's texts when everything is taken out that somebody wrote.
#[derive(Clone, Debug, Default)]
pub(super) struct Wordless {
    record: IncidentRecord,
    group: Labels,
}

impl Wordless {
    /// Only what is named here is kept, so a new field stays out until somebody lets it in.
    pub(super) fn of(subject: &Subject<'_>) -> Wordless {
        let About::Incident(record) = subject.about else {
            return Wordless::default();
        };
        let share = record.scope.as_ref().and_then(|scope| scope.share.clone());
        let share = share.filter(|share| SHARES.contains(&&**share));
        let record = IncidentRecord {
            stage: record.stage,
            customer_impact: record.customer_impact,
            // These come from the configuration, whatever the event calls its components.
            component_names: record.component_names.clone(),
            // That it was written up, and none of what was written.
            write_up: record.write_up.as_ref().map(|_| Layered::default()),
            scope: share.map(|share| Scope { share: Some(share), regions: Vec::new() }),
            ..IncidentRecord::default()
        };
        Wordless { record, group: Labels::default() }
    }

    /// The subject, about what is left. Its reference stays: by it the reader knows which case it is.
    pub(super) fn subject<'a>(&'a self, of: &Subject<'a>) -> Subject<'a> {
        let about = match &of.about {
            About::Alerts { shown, firing, ended, truncated, .. } => About::Alerts {
                group: &self.group,
                shown: Vec::new(),
                firing: *firing,
                ended: *ended,
                truncated: truncated + shown.len(),
            },
            About::Incident(_) => About::Incident(&self.record),
            About::Digest { total, .. } => About::Digest { reason: "", shown: &[], total: *total },
            About::Notice { level, .. } => About::Notice { title: "", text: "", level: *level },
        };
        Subject { customers_told: None, about, ..of.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{ExpectedEnd, Impact, Name, Needs, Stage, Status, Time, Visibility};
    use crate::message::{
        AlertItem, CaseStatus, DigestItem, Disclosure, FIELDS, Kind, Message, Templates, compose, sample,
    };

    const CANARY: &str = "CANARY";

    fn write(subject: &Subject<'_>, level: Disclosure) -> Message {
        compose(subject, level, &Templates::default(), None, Wording::Agreed)
    }

    fn whole(message: &Message) -> String {
        serde_json::to_string(message).unwrap()
    }

    /// An incident with a canary in every text that an event can set, and an end that is marked public.
    fn planted() -> sample::Incident {
        let word = || Some(Box::from(CANARY));
        let layers = || Some(Layered { internal: word(), business: word(), public: word() });
        let mut sample = sample::Incident::full();
        let record = &mut sample.record;
        record.id = CANARY.into();
        record.severity = word();
        (record.title, record.note, record.data_safety) = (layers(), layers(), layers());
        (record.workaround, record.resolution) = (layers(), layers());
        record.scope = Some(Scope { share: word(), regions: vec![CANARY.into()] });
        record.components = vec![CANARY.into()];
        record.impact = Some(Impact {
            customers: Some(77_777),
            share: word(),
            revenue_per_hour: word(),
            accounts: vec![CANARY.into()],
        });
        record.needs = Some(Needs { what: CANARY.into(), who: word(), by: Some(Time::from_millis(777)) });
        record.expected_end =
            Some(ExpectedEnd { at: Time::from_millis(777), confidence: word(), public: true });
        record.visibility = Some(Visibility::Press);
        (record.commander, record.comms_lead, record.acknowledged_by) = (word(), word(), word());
        record.labels = Labels::from_pairs([(CANARY, CANARY)]);
        record.source = Some(Name::from(CANARY));
        record.notes[0].text = layers().unwrap();
        sample.told = Some((CANARY.into(), Time::from_millis(777)));
        sample
    }

    #[test]
    fn no_word_that_anybody_wrote_stands_in_an_agreed_text() {
        let open = planted();
        let over = open.clone().resolved();
        let labels = Labels::from_pairs([("alertname", CANARY), (CANARY, "x")]);
        let source = Name::from(CANARY);
        let alert = AlertItem {
            fingerprint: labels.fingerprint(),
            status: Status::Firing,
            severity: "sev1",
            labels: &labels,
            annotations: &labels,
            starts_at: Time::from_millis(777),
            ends_at: None,
            url: Some("https://CANARY.example"),
            source: &source,
        };
        let alerts = About::Alerts { group: &labels, shown: vec![alert], firing: 1, ended: 0, truncated: 0 };
        for level in Disclosure::ALL {
            let item = DigestItem {
                title: CANARY.into(),
                level,
                status: CaseStatus::Open,
                severity: CANARY.into(),
                reference: CANARY.into(),
                at: Time::from_millis(777),
            };
            let items = [item];
            for kind in Kind::ALL {
                for sample in [&open, &over] {
                    // What insiders call the case is no text about it; it stays, and they may read it anyhow.
                    let incident = Subject { reference: "INC-1", ..sample.subject(kind) };
                    let group = Subject { about: alerts.clone(), ..incident.clone() };
                    let digest = About::Digest { reason: CANARY, shown: &items, total: 1 };
                    let digest = Subject { about: digest, ..incident.clone() };
                    let notice = About::Notice { title: CANARY, text: CANARY, level };
                    let notice = Subject { about: notice, ..incident.clone() };
                    for subject in [&incident, &group, &digest, &notice] {
                        let text = whole(&write(subject, level));
                        assert!(!text.contains(CANARY) && !text.contains("777"), "{level} {kind:?}: {text}");
                        assert!(!text.contains("1970-01-01T00:00:00.777Z"), "{level} {kind:?}: {text}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_field_of_free_text_is_enumerated() {
        for field in ENUMERATED {
            assert!(FIELDS.iter().any(|row| row.path == field), "{field}");
        }
        for free in [
            "title",
            "note",
            "scope",
            "scope.regions",
            "expected_end.at",
            "labels",
            "customers_told",
            "kinds",
        ] {
            assert!(!is_enumerated(free), "{free}");
        }
        assert!(is_enumerated("components.name") && is_enumerated("scope.share"));
    }

    #[test]
    fn an_agreed_text_says_what_is_known_for_certain() {
        let mut sample = sample::Incident::full();
        let message = write(&sample.subject(Kind::Holding), Disclosure::External);
        assert_eq!(&*message.title, "Disruption of Checkout and payment");
        for said in
            ["nothing new", "Checkout and payment", "Some customers are affected.", "The cause is known"]
        {
            assert!(message.body.contains(said), "{said}: {}", message.body);
        }
        // Somebody may have released an estimate or confirmed something: that there is none would be untrue.
        for unsaid in ["estimate", "data", "expect"] {
            assert!(!message.body.contains(unsaid), "{unsaid}: {}", message.body);
        }
        sample.record.scope.as_mut().unwrap().share = Some("about a third".into());
        let message = write(&sample.subject(Kind::Holding), Disclosure::External);
        assert!(!whole(&message).contains("third") && !whole(&message).contains("customers are affected"));
        sample.record.stage = Some(Stage::Monitoring);
        let message = write(&sample.subject(Kind::Update), Disclosure::Business);
        assert!(message.body.contains("It has been mended") && !message.body.contains("estimate"));
        assert!(!message.body.contains("none to pass on") && !message.body.contains("confirmed"));
    }
}
