//! Moments: kept with their case as the facts that they are, and forgotten with it.

use super::{JOURNAL, Ledger, at, message, opened, said};
use crate::decide::{AckWay, CaseAbout, Drafted, Fact, Kept, What, incident_case};
use crate::event::Severity;
use crate::history::{Projection, Questions};
use crate::message::{CaseStatus, Disclosure, Kind};

fn draft(revision: u32) -> Fact {
    Fact::Kept(Kept::Drafted(Box::new(Drafted {
        case: incident_case("INC-1"),
        audience: "customers".into(),
        row: "status".into(),
        revision,
        kind: Kind::Opening,
        severity: Severity(0),
        said: said(CaseStatus::Open, 0),
        due: None,
        message: std::sync::Arc::new(message(Kind::Opening, "R-00000001", &format!("Title {revision}"))),
        remarks: Vec::new(),
        text: None,
        by: None,
    })))
}

/// An incident with three revisions of a draft and an acknowledgement, and its end.
fn ledger() -> Ledger {
    let case = incident_case("INC-1");
    let mut ledger = Ledger::default();
    let about = CaseAbout::Incident { id: "INC-1".into() };
    ledger.entry(at(0), What::Tick, Vec::from(opened(case, about, "status", Disclosure::External)));
    for revision in 1..=3 {
        ledger.entry(at(i64::from(revision)), What::Tick, vec![draft(revision)]);
    }
    let acknowledged =
        Fact::Kept(Kept::Acknowledged { case, by: "jonas".into(), way: AckWay::Link, severity: Severity(0) });
    ledger.entry(at(4), What::Tick, vec![acknowledged]);
    ledger.entry(at(5), What::Tick, vec![Fact::CaseClosed { case }]);
    ledger
}

#[test]
fn moments_are_kept_with_their_case_and_forgotten_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut projection = Projection::open(&path, JOURNAL).unwrap();
    ledger().feed(&mut projection, 1, 2).unwrap();
    let questions = Questions::open(&path).unwrap();
    let trail = questions.trail("INC-1").unwrap().unwrap();
    let times: Vec<_> = trail.moments.iter().map(|moment| moment.at).collect();
    assert_eq!(times, [at(1), at(2), at(3), at(4)]);
    assert_eq!(trail.moments[2].fact, draft(3), "a fact is kept as it is");
    assert_eq!((trail.earlier, trail.cut), (0, false));
    assert_eq!(questions.trail("R-00000001").unwrap(), Some(trail), "an approver knows it by this name");

    projection.forget_before(at(1000)).unwrap();
    assert_eq!(questions.trail("INC-1").unwrap(), None);
    drop((projection, questions));
    let tables = rusqlite::Connection::open(&path).unwrap();
    let left: i64 = tables.query_row("SELECT count(*) FROM moments", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}
