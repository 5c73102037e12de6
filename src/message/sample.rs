//! Cases to try messages on: what is usual, what is sparse, and what an enemy would send. Templates are rendered with
//! them when they are loaded; `preview` shows them.

use super::{About, AlertItem, CaseStatus, IncidentRecord, Kind, Note, Subject};
use crate::event::{
    ExpectedEnd, Impact, Labels, Layered, Name, Needs, NoteKind, Scope, Span, Stage, Status, Time, Visibility,
};

/// Everything that mark-up, mentions and terminals could be attacked with.
pub const HOSTILE: &str = "<!channel> @everyone <@U1> [x](javascript:alert(1)) <script>alert(1)</script> \
     {{ 7 * 7 }} {% raw %} *b* _i_ `c` ~s~ # h\r\n\r\nBcc: a@b.example\r\n- item\n> quote\n\u{1b}[31m\u{0}\u{202e}dlrow\
     \u{fdd0}t0\u{fdd1}\u{2028}&lt;b&gt;\\";

/// An incident and what surrounds it.
#[derive(Clone, Debug)]
pub struct Incident {
    /// What is known.
    pub record: IncidentRecord,
    /// What it is.
    pub status: CaseStatus,
    /// When it last changed.
    pub changed_at: Time,
    /// What customers were told last, and when.
    pub told: Option<(Box<str>, Time)>,
}

/// A group of alerts.
#[derive(Clone, Debug)]
pub struct Group {
    labels: Labels,
    alerts: Vec<(Status, Labels, Labels, Option<Box<str>>)>,
    source: Name,
    /// What it is.
    pub status: CaseStatus,
}

const PUBLIC: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

fn start() -> Time {
    Time::from_millis(1_795_269_720_000)
}

fn end(status: CaseStatus) -> Option<Time> {
    (status == CaseStatus::Resolved).then(|| start() + Span::from_mins(83))
}

fn layered(internal: &str, business: &str, public: &str) -> Option<Layered> {
    Some(Layered {
        internal: Some(internal.into()),
        business: Some(business.into()),
        public: Some(public.into()),
    })
}

impl Incident {
    /// An incident of which everything is known.
    pub fn full() -> Incident {
        let record = IncidentRecord {
            id: "INC-1".into(),
            severity: Some("critical".into()),
            stage: Some(Stage::Identified),
            title: layered(
                "pay-db-2 pool exhausted",
                "Checkout is failing",
                "Payments are failing for some customers",
            ),
            note: layered(
                "failing over to pay-db-3",
                "About 15 % of checkouts fail",
                "We are moving payments to a spare system",
            ),
            customer_impact: Some(true),
            scope: Some(Scope { share: Some("some".into()), regions: vec!["eu".into()] }),
            components: vec!["checkout".into(), "ledger".into()],
            component_names: vec!["Checkout and payment".into(), "".into()],
            data_safety: layered(
                "no writes lost",
                "No payment data is affected",
                "Your payment data is safe",
            ),
            workaround: layered("drain pay-db-2", "Invoice works", "Paying by invoice works"),
            resolution: layered("pool enlarged", "The database was given more room", "Payments work again"),
            write_up: None,
            impact: Some(Impact {
                customers: Some(1200),
                share: Some("15 %".into()),
                revenue_per_hour: Some("5000 EUR".into()),
                accounts: vec!["acme".into(), "globex".into()],
            }),
            needs: Some(Needs {
                what: "approve vendor support, 10,000 EUR".into(),
                who: Some("executives".into()),
                by: Some(start() + Span::from_mins(58)),
            }),
            expected_end: Some(ExpectedEnd {
                at: start() + Span::from_mins(118),
                confidence: Some("medium".into()),
                public: false,
            }),
            data_exposure: Some(false),
            regulatory: Some(false),
            visibility: Some(Visibility::Customers),
            commander: Some("jonas".into()),
            comms_lead: Some("mara".into()),
            labels: Labels::from_pairs([("team", "payments")]),
            acknowledged_by: Some("jonas".into()),
            source: Some(Name::from("incident-desk")),
            notes: vec![Note {
                at: start(),
                kind: Some(NoteKind::Hypothesis),
                text: Layered { internal: Some("leak in the pool".into()), ..Layered::default() },
                by: Some("lena".into()),
            }],
            goes_on_as: None,
        };
        let told = Some((
            "We know about this problem. We are moving payments.".into(),
            start() + Span::from_mins(7),
        ));
        Incident { record, status: CaseStatus::Open, changed_at: start() + Span::from_mins(3), told }
    }

    /// An incident of which only the name is known.
    pub fn sparse() -> Incident {
        let record = IncidentRecord { id: "INC-2".into(), ..IncidentRecord::default() };
        Incident { record, told: None, ..Incident::full() }
    }

    /// An incident whose every text is an attack.
    pub fn hostile() -> Incident {
        let mut sample = Incident::full();
        let record = &mut sample.record;
        let texts = [
            &mut record.title,
            &mut record.note,
            &mut record.data_safety,
            &mut record.workaround,
            &mut record.resolution,
            &mut record.write_up,
        ];
        texts.into_iter().for_each(|text| *text = layered(HOSTILE, HOSTILE, HOSTILE));
        sample.told = Some((HOSTILE.into(), start()));
        let words = Some(Box::from(HOSTILE));
        record.id = HOSTILE.into();
        record.scope = Some(Scope { share: words.clone(), regions: vec![HOSTILE.into()] });
        record.component_names = vec![HOSTILE.into()];
        record.impact = Some(Impact {
            customers: Some(u64::MAX),
            share: words.clone(),
            revenue_per_hour: words.clone(),
            accounts: vec![HOSTILE.into()],
        });
        record.needs = Some(Needs { what: HOSTILE.into(), who: words.clone(), by: Some(start()) });
        record.expected_end = Some(ExpectedEnd { at: start(), confidence: words.clone(), public: true });
        record.commander = words.clone();
        record.comms_lead = words.clone();
        record.acknowledged_by = words;
        record.labels = Labels::from_pairs([("team", HOSTILE)]);
        sample
    }

    /// The same, over.
    #[must_use]
    pub fn resolved(mut self) -> Incident {
        self.status = CaseStatus::Resolved;
        self.record.stage = Some(Stage::Resolved);
        self
    }

    /// The same, written up after its end.
    #[must_use]
    pub fn written_up(mut self) -> Incident {
        self.record.write_up = layered(
            "pay-db-2 had 20 connections",
            "The limit was set by hand; it is watched now",
            "A limit was set too low. It is watched now",
        );
        self
    }

    /// The same, merged into another.
    #[must_use]
    pub fn merged(mut self) -> Incident {
        self.status = CaseStatus::Resolved;
        self.record.goes_on_as = Some(("INC-7".into(), "R-0DD0B0D1".into()));
        self
    }

    /// What outsiders call it.
    pub fn public_reference(&self) -> &str {
        PUBLIC
    }

    /// The subject of a notification about it.
    pub fn subject(&self, kind: Kind) -> Subject<'_> {
        Subject {
            kind,
            status: self.status,
            severity: "sev1",
            urgent: true,
            reopened: false,
            reference: &self.record.id,
            public_reference: PUBLIC,
            opened_at: start(),
            changed_at: self.changed_at,
            resolved_at: end(self.status).filter(|_| self.record.goes_on_as.is_none()),
            route: "incidents-to-their-team",
            audience: "payments/oncall",
            customers_told: self.told.as_ref().map(|(words, at)| (&**words, *at)),
            write_up: end(self.status)
                .filter(|_| self.record.resolution.is_some() && self.record.write_up.is_none())
                .map(|end| end + Span::from_mins(48 * 60)),
            hold: false,
            about: About::Incident(&self.record),
        }
    }
}

impl Group {
    /// Two alerts that fire and one that has ended.
    pub fn full() -> Group {
        let alert = |pod: &str, status, summary: &str| {
            let labels = [
                ("alertname", "HighErrorRate"),
                ("cluster", "eu-1"),
                ("pod", pod),
                ("severity", "critical"),
                ("team", "payments"),
            ];
            let annotations = [
                ("summary", summary),
                ("runbook_url", "https://runbooks.example.net/5xx"),
                ("value", "0.12"),
            ];
            let url = format!("https://prometheus.example.net/graph?pod={pod}");
            (status, Labels::from_pairs(labels), Labels::from_pairs(annotations), Some(url.into()))
        };
        Group {
            labels: Labels::from_pairs([("alertname", "HighErrorRate"), ("cluster", "eu-1")]),
            alerts: vec![
                alert("pay-1", Status::Firing, "5xx at 12 %"),
                alert("pay-2", Status::Firing, "5xx at 9 %"),
                alert("pay-3", Status::Resolved, "5xx at 7 %"),
            ],
            source: Name::from("prometheus/eu-1"),
            status: CaseStatus::Open,
        }
    }

    /// One alert without annotations in a group without labels.
    pub fn sparse() -> Group {
        let alert = (Status::Firing, Labels::from_pairs([("job", "node")]), Labels::default(), None);
        Group { labels: Labels::default(), alerts: vec![alert], ..Group::full() }
    }

    /// One alert whose every text is an attack.
    pub fn hostile() -> Group {
        let labels = Labels::from_pairs([("alertname", HOSTILE), ("pod", HOSTILE)]);
        let annotations = Labels::from_pairs([
            ("summary", HOSTILE),
            ("runbook_url", "javascript:alert(1)"),
            ("other", HOSTILE),
        ]);
        let alert = (Status::Firing, labels.clone(), annotations, Some("javascript:alert(1)".into()));
        Group { labels, alerts: vec![alert], ..Group::full() }
    }

    /// The same, over.
    #[must_use]
    pub fn resolved(self) -> Group {
        self.ended(CaseStatus::Resolved, Status::Resolved)
    }

    /// The same, no longer reported.
    #[must_use]
    pub fn lost(self) -> Group {
        self.ended(CaseStatus::Lost, Status::Lost)
    }

    fn ended(mut self, status: CaseStatus, each: Status) -> Group {
        self.status = status;
        self.alerts.iter_mut().for_each(|alert| alert.0 = each);
        self
    }

    /// The subject of a notification about it.
    pub fn subject(&self, kind: Kind) -> Subject<'_> {
        let count = |status| self.alerts.iter().filter(|alert| alert.0 == status).count();
        let shown = self.alerts.iter().map(|(status, labels, annotations, url)| AlertItem {
            fingerprint: labels.fingerprint(),
            status: *status,
            severity: "sev1",
            labels,
            annotations,
            starts_at: start(),
            ends_at: (*status == Status::Resolved).then(|| start() + Span::from_mins(2)),
            url: url.as_deref(),
            source: &self.source,
        });
        Subject {
            kind,
            status: self.status,
            severity: "sev1",
            urgent: true,
            reopened: false,
            reference: "payments:{alertname=\"HighErrorRate\", cluster=\"eu-1\"}",
            public_reference: PUBLIC,
            opened_at: start(),
            changed_at: start() + Span::from_mins(3),
            resolved_at: end(self.status),
            route: "alerts-to-their-team",
            audience: "payments/oncall",
            customers_told: None,
            write_up: None,
            hold: false,
            about: About::Alerts {
                group: &self.labels,
                shown: shown.collect(),
                firing: count(Status::Firing),
                ended: count(Status::Resolved),
                truncated: 0,
            },
        }
    }
}
