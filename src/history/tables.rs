//! The tables of the projection, as SQL.
//!
//! They are made for writing: every row costs what its B-trees cost. What comes again and again with few values stands
//! once in a table of its own (`ways`, `forms`) and is a number elsewhere; what nearly every case has once, its first
//! briefing and its first alert, stands in the row of the case; what is found by a long text is found by its hash.

use super::place::count;
use crate::event::id::Digest;

/// `number` is a row's place in the journal. `case_id` is the case's number; a case that comes back is a new row of
/// `cases` with the same one, and `told.opened` says which row it was. Times are milliseconds since the Unix epoch.
/// `clock` leads from a minute to the first row of it, so that no table needs an index of times.
///
/// A row of `told` is never changed. What becomes of its delivery stands in `fates`, by the delivery's number: so
/// nobody looks for the row of `told` when it ends, and both tables grow at their end.
///
/// Nothing leads from a way to what was said by it: who asks for a recipient's words wants the newest, and `told` is
/// read from its end until they are found.
///
/// The columns of `briefings` stand in `cases` as well, for the first one; the table has the others. The same goes for
/// `alert` and `members`, and `name` and `names`. `moments` has what happened to a case beside the words, as the facts
/// themselves in JSON. A notification to several recipients has its texts in `notifications`,
/// one to a single recipient in `told`; both as the journal has them, with slots for instants.
pub(super) const CREATE: &str = "
    CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), journal BLOB NOT NULL, first INTEGER NOT NULL,
        sequence INTEGER NOT NULL, at INTEGER NOT NULL, run TEXT);
    CREATE TABLE clock (minute INTEGER PRIMARY KEY, first INTEGER NOT NULL);

    CREATE TABLE cases (number INTEGER PRIMARY KEY, case_id INTEGER NOT NULL, key INTEGER NOT NULL,
        kind INTEGER NOT NULL, name TEXT NOT NULL, opened_at INTEGER, closed_at INTEGER, status INTEGER NOT NULL,
        severity INTEGER, severity_word TEXT, alert INTEGER, audience TEXT, rule TEXT, disclosure INTEGER,
        words INTEGER, first_at INTEGER, last_at INTEGER, said INTEGER, said_severity INTEGER, title TEXT,
        began_at INTEGER);
    CREATE INDEX cases_by_id ON cases (case_id);
    CREATE INDEX cases_by_key ON cases (key);
    CREATE INDEX cases_open ON cases (number) WHERE closed_at IS NULL;
    CREATE TABLE names (name TEXT NOT NULL, case_id INTEGER NOT NULL, PRIMARY KEY (name, case_id)) WITHOUT ROWID;
    CREATE TABLE members (number INTEGER NOT NULL, alert INTEGER NOT NULL, PRIMARY KEY (number, alert))
        WITHOUT ROWID;
    CREATE TABLE briefings (number INTEGER NOT NULL, audience TEXT NOT NULL, rule TEXT NOT NULL,
        disclosure INTEGER NOT NULL, words INTEGER NOT NULL, first_at INTEGER, last_at INTEGER, said INTEGER,
        said_severity INTEGER, title TEXT, PRIMARY KEY (number, audience)) WITHOUT ROWID;
    CREATE TABLE moments (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, opened INTEGER NOT NULL,
        fact TEXT NOT NULL);
    CREATE INDEX moments_by_case ON moments (opened);

    CREATE TABLE ways (id INTEGER PRIMARY KEY, audience TEXT NOT NULL, rule TEXT NOT NULL, recipient TEXT NOT NULL,
        channel TEXT NOT NULL, kind TEXT NOT NULL, UNIQUE (recipient, audience, rule, channel, kind));
    CREATE TABLE told (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, opened INTEGER NOT NULL,
        way INTEGER NOT NULL, fate INTEGER NOT NULL, why TEXT, digest_at INTEGER, notification INTEGER,
        delivery INTEGER, key BLOB, ordinal INTEGER, status INTEGER, due INTEGER, event_at INTEGER,
        severity_word TEXT, title TEXT, short TEXT);
    CREATE INDEX told_by_delivery ON told (delivery) WHERE delivery IS NOT NULL;
    CREATE INDEX told_by_case ON told (opened);
    CREATE TABLE notifications (id INTEGER PRIMARY KEY, severity_word TEXT NOT NULL, title TEXT NOT NULL,
        short TEXT NOT NULL);
    CREATE TABLE spoken (case_id INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        PRIMARY KEY (case_id, first)) WITHOUT ROWID;
    CREATE TABLE fates (delivery INTEGER PRIMARY KEY, attempts INTEGER NOT NULL, failures INTEGER NOT NULL,
        released_at INTEGER, ended_at INTEGER, fate INTEGER, why TEXT, receipt TEXT, sent BLOB);
    CREATE INDEX fates_dead ON fates (delivery) WHERE fate = 4;
    CREATE TABLE redrives (original INTEGER PRIMARY KEY, delivery INTEGER NOT NULL);
    CREATE INDEX redrives_by_delivery ON redrives (delivery);
    CREATE TABLE failures (delivery INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
        attempt INTEGER NOT NULL, maybe_sent INTEGER NOT NULL, counted INTEGER NOT NULL, reason TEXT, detail TEXT,
        PRIMARY KEY (delivery, number)) WITHOUT ROWID;

    CREATE TABLE drafts (number INTEGER PRIMARY KEY, case_id INTEGER NOT NULL, reference TEXT NOT NULL,
        audience TEXT NOT NULL, revision INTEGER NOT NULL, kind TEXT NOT NULL, since INTEGER NOT NULL,
        at INTEGER NOT NULL, due INTEGER, asked TEXT NOT NULL, title TEXT NOT NULL, short TEXT NOT NULL,
        body TEXT NOT NULL, remarks TEXT NOT NULL, edited_by TEXT, answer TEXT, answered_by TEXT, reason TEXT,
        answered_at INTEGER);
    CREATE INDEX drafts_by_case ON drafts (case_id, audience);
    CREATE INDEX drafts_waiting ON drafts (number) WHERE answer IS NULL;

    CREATE TABLE forms (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, kind TEXT NOT NULL, action TEXT NOT NULL,
        token TEXT NOT NULL, UNIQUE (lane, kind, action, token));
    CREATE TABLE events (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, form INTEGER NOT NULL, position INTEGER,
        source TEXT, subject TEXT, about INTEGER, received INTEGER, verdict INTEGER NOT NULL, reason TEXT,
        length INTEGER, bytes TEXT);
    CREATE INDEX events_by_about ON events (about) WHERE about IS NOT NULL;
    CREATE INDEX events_amiss ON events (number) WHERE verdict <> 0;
";

/// The tables that hold what was projected.
pub(super) const TABLES: [&str; 16] = [
    "clock",
    "cases",
    "names",
    "members",
    "briefings",
    "moments",
    "ways",
    "told",
    "notifications",
    "spoken",
    "fates",
    "redrives",
    "failures",
    "drafts",
    "forms",
    "events",
];

/// What a case is found by instead of its name, which may be long.
pub(super) fn key(name: &str) -> i64 {
    count(Digest::of(&[name.as_bytes()]).short() >> 1)
}
