//! Cases with several briefings and several alerts: the first of each stands in another table than the others.

use super::{JOURNAL, Ledger, at, notified};
use crate::decide::{CaseAbout, Fact, What, WithheldReason, group_id};
use crate::event::id::CaseId;
use crate::event::{AlertEvent, Event, Labels, Name, Status};
use crate::history::{CaseFilter, EventFilter, Fate, Filter, Projection, Questions};
use crate::message::{Disclosure, Kind};

fn labels(service: &str) -> Labels {
    Labels::from_pairs([("alertname", "Down"), ("service", service)])
}

fn fires(service: &str) -> What {
    What::Event(Event::Alert(Box::new(AlertEvent {
        source: "prometheus".into(),
        status: Status::Firing,
        labels: labels(service),
        annotations: Labels::default(),
        starts_at: None,
        ends_at: None,
        url: None,
        valid_until: None,
    })))
}

fn case() -> CaseId {
    group_id(&"databases".into(), &"duty".into(), &Labels::default())
}

fn joins(service: &str) -> Fact {
    Fact::AlertJoined { case: case(), fingerprint: labels(service).fingerprint() }
}

fn briefing(audience: &str, row: &str, disclosure: Disclosure) -> Fact {
    Fact::BriefingOpened { case: case(), audience: audience.into(), row: row.into(), disclosure }
}

/// Three alerts join a group, one of them twice; three audiences hear of it, one by another row later.
fn several() -> Ledger {
    let mut ledger = Ledger::default();
    let about =
        CaseAbout::Group { row: "databases".into(), audience: "duty".into(), labels: Labels::default() };
    let opened = Fact::CaseOpened { case: case(), about };
    let duty = briefing("duty", "databases", Disclosure::Internal);
    ledger.entry(at(0), fires("a"), vec![opened, duty, joins("a")]);
    ledger.entry(at(1), fires("b"), vec![joins("b"), joins("a")]);
    let chiefs = briefing("chiefs", "status", Disclosure::Business);
    let word = |audience: &str, id, delivery| {
        let mut word = notified(case(), id, Kind::Opening, &[(delivery, "mara@mail")]);
        word.audience = Name::from(audience);
        Fact::Notified(Box::new(word))
    };
    ledger.entry(at(2), fires("c"), vec![joins("c"), chiefs, word("chiefs", 1, 1)]);
    let moved = Fact::BriefingMoved {
        case: case(),
        audience: "chiefs".into(),
        row: "page".into(),
        disclosure: Disclosure::External,
        rhythm: false,
    };
    let withheld = Fact::Withheld {
        case: case(),
        audience: "chiefs".into(),
        recipient: "mara@sms".into(),
        reason: WithheldReason::Throttled,
        digest_at: None,
    };
    let auditors = briefing("auditors", "audit", Disclosure::Business);
    ledger.entry(at(3), What::Tick, vec![moved, withheld, auditors, word("chiefs", 2, 2)]);
    ledger.entry(at(4), What::Tick, vec![word("duty", 3, 3)]);
    ledger
}

#[test]
fn every_briefing_and_every_alert_is_found_however_they_were_fed() {
    let folder = tempfile::tempdir().unwrap();
    for at_once in [1, 2, 100] {
        let path = folder.path().join(at_once.to_string());
        let mut projection = Projection::open(&path, JOURNAL).unwrap();
        several().feed(&mut projection, 1, at_once).unwrap();
        let questions = Questions::open(&path).unwrap();

        let cases = questions.cases(&CaseFilter::default()).unwrap();
        assert_eq!(cases.len(), 1);
        let row = |briefing: &crate::history::Briefing| {
            let row = briefing.row.clone().unwrap_or_default();
            format!("{} {row} {} {}", briefing.audience, briefing.disclosure, briefing.words)
        };
        let briefings: Vec<String> = cases[0].briefings.iter().map(row).collect();
        let wanted = ["auditors audit business 0", "chiefs page external 2", "duty databases internal 1"];
        assert_eq!(briefings, wanted);

        let heard = |audience, row| {
            let filter = CaseFilter { audience: Some(audience), row, ..CaseFilter::default() };
            questions.cases(&filter).unwrap().len()
        };
        assert_eq!((heard("duty", None), heard("chiefs", None), heard("customers", None)), (1, 1, 0));
        assert_eq!((heard("duty", Some("page")), heard("chiefs", Some("page"))), (0, 1));

        let name = &*cases[0].name;
        let came = questions.events(&EventFilter { case: Some(name), ..EventFilter::default() }).unwrap();
        assert_eq!(came.iter().map(|came| came.entry).collect::<Vec<_>>(), [3, 2, 1]);
        let told = questions.deliveries(&Filter { case: Some(name), ..Filter::default() }).unwrap();
        assert_eq!(told.iter().map(|told| told.entry).collect::<Vec<_>>(), [5, 4, 4, 3]);
        let withheld = told.iter().find(|told| told.fate == Fate::Withheld).unwrap();
        assert_eq!((withheld.row.as_deref(), withheld.channel.as_deref()), (Some("page"), Some("sms")));
        // Whoever was told knows the case by another name than its own.
        let reference = "databases{alertname=\"Down\"}";
        assert_eq!(questions.find_case(reference).unwrap(), questions.find_case(name).unwrap());
    }
}
