//! The file: feeding twice, with holes and anew; files of others; readers beside the writer; retention.

use super::{JOURNAL, at, story, told_story};
use crate::history::{CaseFilter, Error, EventFilter, Fate, Filter, Projection, Questions, discard, file};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::path::Path;

/// Every row of every table.
fn dump(path: &Path) -> Vec<(String, Vec<Vec<Value>>)> {
    let connection = Connection::open(path).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut tables = connection.prepare(tables).unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(names.len() > 10, "{names:?}");
    let rows = |name: &String| {
        let columns = if name == "head" { "journal, first, sequence, at" } else { "*" };
        let mut all = connection.prepare(&format!("SELECT {columns} FROM {name} ORDER BY 1, 2")).unwrap();
        let width = all.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..width).map(|column| row.get(column)).collect();
        all.query_map([], row).unwrap().map(Result::unwrap).collect()
    };
    names.iter().map(|name| (name.clone(), rows(name))).collect()
}

#[test]
fn what_is_fed_one_by_one_over_restarts_is_what_is_fed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let [at_once, slowly, again] = ["a", "b", "c"].map(|name| folder.path().join(name));
    let ledger = story();
    let mut projection = Projection::open(&at_once, JOURNAL).unwrap();
    ledger.feed(&mut projection, 1, 1000).unwrap();
    drop(projection);
    for entry in 1..=ledger.head() {
        let mut projection = Projection::open(&slowly, JOURNAL).unwrap();
        assert_eq!(projection.head(), entry - 1);
        ledger.first(entry).feed(&mut projection, entry, 1).unwrap();
    }
    assert_eq!(dump(&at_once), dump(&slowly));
    let (_, mut projection) = told_story(&again);
    projection.begin_at(1).unwrap();
    assert_eq!(projection.head(), 0);
    ledger.feed(&mut projection, 1, 2).unwrap();
    drop(projection);
    assert_eq!(dump(&at_once), dump(&again));
}

#[test]
fn a_gap_is_refused_and_nothing_of_its_feed_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let (ledger, mut projection) = told_story(&path);
    let before = dump(&path);
    let refused = ledger.feed(&mut projection, ledger.head(), 1);
    assert!(matches!(refused, Err(Error::Gap { expected, given }) if expected == given + 1), "{refused:?}");
    assert_eq!(dump(&path), before);
    assert_eq!(projection.head(), ledger.head());

    // A journal whose first entries were retained away: the case began before history does.
    projection.begin_at(3).unwrap();
    assert!(matches!(ledger.feed(&mut projection, 1, 9), Err(Error::Gap { expected: 3, given: 1 })));
    ledger.feed(&mut projection, 3, 9).unwrap();
    let questions = Questions::open(&path).unwrap();
    let known = questions.known().unwrap();
    assert_eq!((known.first, known.head, known.at), (3, ledger.head(), at(400)));
    let told = questions.deliveries(&Filter { end: Some(Fate::Withheld), ..Filter::default() }).unwrap();
    assert_eq!(told[0].case_name, Some(super::group().to_string()));
}

/// The files of a projection as a killed process leaves them.
fn killed(path: &Path, left: &Path) {
    for suffix in ["", "-wal"] {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        std::fs::copy(name(path), name(left)).unwrap();
    }
}

#[test]
fn a_killed_writer_goes_on_from_its_last_commit() {
    let folder = tempfile::tempdir().unwrap();
    let [path, left, at_once] = ["a", "b", "c"].map(|name| folder.path().join(name));
    let ledger = story();
    for committed in 0..=ledger.head() {
        discard(&path).unwrap();
        discard(&left).unwrap();
        let mut projection = Projection::open(&path, JOURNAL).unwrap();
        ledger.first(committed).feed(&mut projection, 1, 2).unwrap();
        ledger.take(&mut projection, committed + 1).unwrap();
        assert_eq!(projection.head(), ledger.head());
        killed(&path, &left);
        drop(projection);
        let mut projection = Projection::open(&left, JOURNAL).unwrap();
        assert_eq!(projection.head(), committed);
        ledger.feed(&mut projection, committed + 1, 1).unwrap();
    }
    let mut projection = Projection::open(&at_once, JOURNAL).unwrap();
    ledger.feed(&mut projection, 1, 1000).unwrap();
    assert_eq!(dump(&path), dump(&at_once));
    assert_eq!(dump(&left), dump(&at_once));
}

#[test]
fn files_of_another_journal_or_release_or_run_are_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let head = |journal| Projection::open(&path, journal).unwrap().head();
    let spoil = |sql: &str| Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let full = || {
        discard(&path).unwrap();
        drop(told_story(&path));
        assert_ne!(head(JOURNAL), 0);
    };
    full();
    assert_eq!(head([8; 16]), 0);
    for sql in ["PRAGMA user_version = 999", "UPDATE head SET run = 'before the crash'", "DROP TABLE head"] {
        full();
        spoil(sql);
        assert_eq!(head(JOURNAL), 0, "{sql}");
    }
    full();
    spoil("PRAGMA user_version = 999");
    assert!(matches!(Questions::open(&path), Err(Error::OtherRelease)));
}

#[test]
fn what_is_no_projection_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    assert!(matches!(Questions::open(&path), Err(Error::Missing)));
    std::fs::write(&path, "somebody's notes").unwrap();
    assert!(matches!(Projection::open(&path, JOURNAL), Err(Error::Foreign)));
    assert_eq!(std::fs::read(&path).unwrap(), b"somebody's notes");
    // Lost with the machine: the length is there, the content is not.
    std::fs::write(&path, [0; 8192]).unwrap();
    assert_eq!(Projection::open(&path, JOURNAL).unwrap().head(), 0);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn readers_see_whole_feeds_while_the_writer_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let ledger = story();
    let mut projection = Projection::open(&path, JOURNAL).unwrap();
    let questions = Questions::open(&path).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let (questions, done) = (questions.clone(), &done);
                scope.spawn(move || {
                    let mut answers = 0_u32;
                    while !done.load(std::sync::atomic::Ordering::Acquire) || answers == 0 {
                        let told = questions.deliveries(&Filter::default()).unwrap();
                        // A feed is the whole story or nothing of it.
                        assert!([0, 5].contains(&told.len()), "{}", told.len());
                        questions.cases(&CaseFilter::default()).unwrap();
                        answers += 1;
                    }
                })
            })
            .collect();
        for _ in 0..50 {
            ledger.feed(&mut projection, 1, 1000).unwrap();
            projection.begin_at(1).unwrap();
        }
        ledger.feed(&mut projection, 1, 1000).unwrap();
        done.store(true, std::sync::atomic::Ordering::Release);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
    assert_eq!(questions.deliveries(&Filter::default()).unwrap().len(), 5);
}

#[test]
fn what_ended_long_ago_is_forgotten_and_what_goes_on_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let (_, mut projection) = told_story(&path);
    let questions = Questions::open(&path).unwrap();
    let entries = || {
        let told = questions.deliveries(&Filter::default()).unwrap();
        told.iter().map(|told| told.entry).collect::<Vec<_>>()
    };
    projection.forget_before(at(140)).unwrap();
    assert_eq!(entries(), [7, 6, 5]);
    assert_eq!(questions.cases(&CaseFilter::default()).unwrap().len(), 2);
    assert_eq!(questions.events(&EventFilter::default()).unwrap().len(), 3);
    // The digest is still under way.
    projection.forget_before(at(10_000)).unwrap();
    assert_eq!(entries(), [6]);
    let cases = questions.cases(&CaseFilter::default()).unwrap();
    assert_eq!(cases.iter().map(|case| &*case.name).collect::<Vec<_>>(), ["INC-1"]);
    assert_eq!(questions.events(&EventFilter::default()).unwrap(), []);
    drop(projection);
    let left: Vec<(String, usize)> = dump(&path).into_iter().map(|(name, rows)| (name, rows.len())).collect();
    let of = |table: &str| left.iter().find(|(name, _)| name == table).unwrap().1;
    assert_eq!((of("failures"), of("notifications"), of("members")), (0, 0, 0));
    assert_eq!(Projection::open(&path, JOURNAL).unwrap().head(), 10);
}

/// A root that nobody may write has no folder for temporary files.
#[test]
fn what_is_temporary_stays_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let writer = file::open_writer(&path, &JOURNAL).unwrap();
    for connection in [writer, file::open_reader(&path).unwrap()] {
        let place: i32 = connection.query_row("PRAGMA temp_store", [], |row| row.get(0)).unwrap();
        assert_eq!(place, 2);
    }
}
