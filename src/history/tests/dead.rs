//! Dead letters: what the list and one alone say, before and after a redrive.

use super::{JOURNAL, Ledger, at, group, notified, story, told_story};
use crate::decide::{Accepted, Command, End, Fact, Redrive, What};
use crate::event::id::DeliveryId;
use crate::history::{Amiss, CaseFilter, CaseStanding, Dead, Fate, Projection, Questions, Told};
use crate::message::{CaseStatus, Kind};

const ORIGINAL: DeliveryId = DeliveryId(2);
const AGAIN: DeliveryId = DeliveryId(9);

/// The story, and then its dead SMS is sent again and taken.
fn redriven() -> Ledger {
    let mut ledger = story();
    let opening = notified(group(), 1, Kind::Opening, &[(2, "mara@sms")]);
    let original = Redrive::of(&opening, ORIGINAL).unwrap();
    let mut again = notified(group(), 4, Kind::Opening, &[(AGAIN.0, "mara@sms")]);
    again.deliveries[0].redrive_of = Some(ORIGINAL);
    again.said.status = CaseStatus::Open;
    let command = Command::Redrive { original: Box::new(original), by: "boss".into() };
    let facts = vec![
        Fact::Notified(Box::new(again)),
        Fact::Released { deliveries: vec![AGAIN] },
        Fact::Ended { delivery: AGAIN, end: End::Delivered(Accepted::default()) },
    ];
    ledger.entry(at(500), What::Command(command), facts);
    ledger
}

fn names(questions: &Questions) -> Vec<String> {
    let all = questions.dead_letters(None, 0).unwrap();
    all.iter().map(|dead| dead.name().to_string()).collect()
}

fn delivery(questions: &Questions, id: DeliveryId) -> Told {
    match questions.dead_letter(Amiss::Delivery(id), false).unwrap() {
        Some(Dead::Delivery(told)) => *told,
        other => panic!("{other:?}"),
    }
}

#[test]
fn dead_letters_of_both_sorts_stand_in_one_list_and_are_found_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let (_, _projection) = told_story(&path);
    let questions = Questions::open(&path).unwrap();
    assert_eq!(names(&questions), ["event-9-0", "event-8-0", "delivery-2"]);
    for dead in questions.dead_letters(None, 0).unwrap() {
        let found = questions.dead_letter(dead.name(), false).unwrap();
        assert_eq!(found, Some(dead));
    }
    // A page ends where it is told to, and the next one goes on from there.
    let first = questions.dead_letters(None, 2).unwrap();
    let rest = questions.dead_letters(Some(first[1].place()), 2).unwrap();
    assert_eq!((first.len(), rest.len(), rest[0].name()), (2, 1, Amiss::Delivery(ORIGINAL)));

    let bytes = |admin| match questions.dead_letter(first[1].name(), admin).unwrap() {
        Some(Dead::Event(came)) => came.bytes,
        other => panic!("{other:?}"),
    };
    assert_eq!((bytes(false), bytes(true).as_deref()), (None, Some("c2VjcmV0")));
    // What was decided well is no dead letter.
    assert_eq!(questions.dead_letter("event-1-0".parse().unwrap(), true).unwrap(), None);
    assert_eq!(questions.dead_letter(Amiss::Delivery(DeliveryId(77)), true).unwrap(), None);
}

#[test]
fn a_redrive_is_told_on_both_sides_and_says_nothing_new_of_its_case() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut projection = Projection::open(&path, JOURNAL).unwrap();
    redriven().feed(&mut projection, 1, 4).unwrap();
    let questions = Questions::open(&path).unwrap();
    let (original, again) = (delivery(&questions, ORIGINAL), delivery(&questions, AGAIN));
    assert_eq!((original.fate, again.fate), (Fate::DeadLettered, Fate::Delivered));
    let (original, again) = (original.said.unwrap(), again.said.unwrap());
    assert_eq!((original.redriven_by, original.redrive_of), (Some(AGAIN), None));
    assert_eq!((again.redriven_by, again.redrive_of), (None, Some(ORIGINAL)));
    assert_eq!(original.title, again.title);
    let json = serde_json::to_value(&original).unwrap();
    assert_eq!((&json["redriven_by"], json.get("redrive_of")), (&9.into(), None));

    let any = CaseFilter::default();
    let group = questions.cases(&CaseFilter { case: Some(&group().to_string()), ..any }).unwrap();
    let earlier = group.iter().find(|case| case.opened_at == Some(at(0))).unwrap();
    assert_eq!((earlier.standing, earlier.briefings[0].words), (CaseStanding::Resolved, 2));

    projection.forget_before(at(1000)).unwrap();
    assert_eq!(questions.dead_letter(Amiss::Delivery(AGAIN), false).unwrap(), None);
    drop((projection, questions));
    let tables = rusqlite::Connection::open(&path).unwrap();
    let left: i64 = tables.query_row("SELECT count(*) FROM redrives", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "both sides are forgotten");
}
