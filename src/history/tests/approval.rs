//! Words that need approval: what waits, what replaces what, and what was answered.

use super::{JOURNAL, Ledger, at, group, message, said};
use crate::decide::{Asked, Drafted, Fact, Kept, What};
use crate::event::Name;
use crate::history::{Projection, Questions, Revision};
use crate::message::{CaseStatus, Kind};
use std::sync::Arc;

fn drafted(revision: u32, title: &str, by: Option<&str>) -> Fact {
    Fact::Kept(Kept::Drafted(Box::new(Drafted {
        case: group(),
        audience: "customers".into(),
        row: "outsiders".into(),
        revision,
        kind: Kind::Opening,
        severity: crate::event::Severity(0),
        said: said(CaseStatus::Open, 0),
        due: Some(at(900)),
        message: Arc::new(message(Kind::Opening, "R-1A2B3C4D", title)),
        remarks: vec!["body, \"maybe\": say what is known".into()],
        text: None,
        by: by.map(Box::from),
    })))
}

fn of(questions: &Questions) -> Vec<Revision> {
    questions.revisions(&questions.find_case("R-1A2B3C4D").unwrap(), "customers").unwrap()
}

#[test]
fn a_newer_revision_replaces_what_waits_and_an_answer_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut projection = Projection::open(&path, JOURNAL).unwrap();
    let (case, audience) = (group(), Name::from("customers"));
    let mut ledger = Ledger::default();
    ledger.entry(at(0), What::Tick, vec![drafted(1, "Payments fail", None)]);
    let asked = Fact::Kept(Kept::DraftAsked {
        case,
        audience: audience.clone(),
        revision: 2,
        asked: Asked::Approvers,
    });
    ledger.entry(at(60), What::Tick, vec![drafted(2, "Some payments fail", Some("mara")), asked]);
    ledger.feed(&mut projection, 1, 2).unwrap();
    let questions = Questions::open(&path).unwrap();
    let waiting = questions.approvals(100).unwrap();
    let [one] = &waiting[..] else { panic!("{waiting:?}") };
    assert_eq!((one.revision, one.since, one.at, one.due), (2, at(0), at(60), Some(at(900))));
    assert_eq!((&*one.asked, one.edited_by.as_deref(), one.remarks.len()), ("approvers", Some("mara"), 1));
    assert!(one.short.contains("14:30 UTC"), "slots are filled: {}", one.short);
    let all = of(&questions);
    assert_eq!(all.iter().map(|one| one.revision).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(all[1].answer.as_deref(), Some("replaced"));

    let approved = Fact::Kept(Kept::DraftApproved { case, audience, revision: 2, by: "olga (link)".into() });
    ledger.entry(at(120), What::Tick, vec![approved]);
    // What waits when its case leaves State waits no more.
    ledger.entry(at(180), What::Tick, vec![drafted(3, "It is over", None), Fact::CaseClosed { case }]);
    ledger.feed(&mut projection, 3, 2).unwrap();
    assert_eq!(questions.approvals(100).unwrap(), []);
    let answers: Vec<_> = of(&questions).into_iter().map(|one| (one.answer, one.answered_by)).collect();
    let word = |word: &str| Some(word.to_owned());
    assert_eq!(
        answers,
        [(word("dropped"), None), (word("approved"), word("olga (link)")), (word("replaced"), None)]
    );
}
