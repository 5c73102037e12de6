//! The statements that a feed writes with, looked up once for all of its rows.

use rusqlite::{CachedStatement, Connection};

macro_rules! pens {
    ($($(#[$doc:meta])* $name:ident = $sql:literal,)*) => {
        /// The statements of one feed.
        pub(super) struct Pens<'a> {
            $($(#[$doc])* pub(super) $name: CachedStatement<'a>,)*
        }

        impl<'a> Pens<'a> {
            /// Takes them from the connection's cache, where they are prepared but once.
            pub(super) fn of(tables: &'a Connection) -> rusqlite::Result<Pens<'a>> {
                Ok(Pens { $($name: tables.prepare_cached($sql)?,)* })
            }
        }
    };
}

pens!(
    /// A minute begins.
    minute = "INSERT INTO clock VALUES (?1, ?2)",
    /// Something came in.
    event = "INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    /// The number of a form of inputs.
    form = "SELECT id FROM forms WHERE lane = ?1 AND kind = ?2 AND action = ?3 AND token = ?4",
    /// A form that is new.
    new_form = "INSERT INTO forms (lane, kind, action, token) VALUES (?1, ?2, ?3, ?4)",
    /// The number of a way to somebody.
    way = "SELECT id FROM ways WHERE audience = ?1 AND rule = ?2 AND recipient = ?3 AND channel = ?4 AND kind = ?5",
    /// A way that is new.
    new_way = "INSERT INTO ways (audience, rule, recipient, channel, kind) VALUES (?1, ?2, ?3, ?4, ?5)",
    /// A case, as it lies in the table.
    case = "SELECT case_id, kind, name, opened_at, closed_at, status, severity, severity_word, alert, audience, rule,
        disclosure, words, first_at, last_at, said, said_severity, title, began_at FROM cases WHERE number = ?1",
    /// A case, new or changed: what it is about and when it began stay.
    changed_case = "INSERT INTO cases VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
        ?17, ?18, ?19, ?20, ?21)
        ON CONFLICT (number) DO UPDATE SET closed_at = excluded.closed_at, status = excluded.status,
        severity = excluded.severity, severity_word = excluded.severity_word, alert = excluded.alert,
        audience = excluded.audience, rule = excluded.rule, disclosure = excluded.disclosure, words = excluded.words,
        first_at = excluded.first_at, last_at = excluded.last_at, said = excluded.said,
        said_severity = excluded.said_severity, title = excluded.title, began_at = excluded.began_at",
    /// The briefings of a case but the first.
    briefings = "SELECT audience, rule, disclosure, words, first_at, last_at, said, said_severity, title
        FROM briefings WHERE number = ?1",
    /// A briefing that is not its case's first.
    briefing = "INSERT OR REPLACE INTO briefings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    /// An alert that is not its case's first.
    member = "INSERT OR IGNORE INTO members VALUES (?1, ?2)",
    /// A moment of a case.
    moment = "INSERT INTO moments VALUES (?1, ?2, ?3, ?4)",
    /// A name that is not the case's own.
    name = "INSERT OR IGNORE INTO names VALUES (?1, ?2)",
    /// A word to somebody.
    told = "INSERT INTO told (number, at, opened, way, fate, notification, delivery, key, ordinal, status, due, event_at,
        severity_word, title, short) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    /// A word that is not said now.
    withheld = "INSERT INTO told (number, at, opened, way, fate, why, digest_at) VALUES (?1, ?2, ?3, ?4, 5, ?5, ?6)",
    /// What is said to several recipients.
    texts = "INSERT INTO notifications VALUES (?1, ?2, ?3, ?4)",
    /// A digest is a word about this case.
    spoken = "INSERT OR IGNORE INTO spoken VALUES (?1, ?2, ?3)",
    /// What became of a delivery: added to what is known of it.
    fate = "INSERT INTO fates VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts, failures = failures + excluded.failures,
        released_at = coalesce(released_at, excluded.released_at), ended_at = coalesce(excluded.ended_at, ended_at),
        fate = coalesce(excluded.fate, fate), why = coalesce(excluded.why, why),
        receipt = coalesce(excluded.receipt, receipt), sent = coalesce(excluded.sent, sent)",
    /// Since when a word of this briefing waits for approval.
    draft_since = "SELECT since FROM drafts WHERE case_id = ?1 AND audience = ?2 AND answer IS NULL
        ORDER BY number DESC LIMIT 1",
    /// A newer revision takes the place of what waits.
    draft_replaced = "UPDATE drafts SET answer = 'replaced', answered_at = ?3
        WHERE case_id = ?1 AND audience = ?2 AND answer IS NULL",
    /// A revision of a word that needs approval.
    drafted = "INSERT INTO drafts (number, case_id, reference, audience, revision, kind, since, at, due, asked, title,
        short, body, remarks, edited_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'nobody', ?10, ?11, ?12, ?13, ?14)",
    /// Who was asked for approval.
    draft_asked = "UPDATE drafts SET asked = ?4
        WHERE case_id = ?1 AND audience = ?2 AND revision = ?3 AND answer IS NULL",
    /// What was answered.
    draft_answered = "UPDATE drafts SET answer = ?4, answered_by = ?5, reason = ?6, answered_at = ?7
        WHERE case_id = ?1 AND audience = ?2 AND revision = ?3 AND answer IS NULL",
    /// Nothing of a case waits any more.
    drafts_closed = "UPDATE drafts SET answer = 'dropped', answered_at = ?2 WHERE case_id = ?1 AND answer IS NULL",
    /// A delivery carries again what another one could not deliver.
    redrive = "INSERT OR REPLACE INTO redrives VALUES (?1, ?2)",
    /// How often a delivery was let go.
    attempts = "SELECT attempts FROM fates WHERE delivery = ?1",
    /// An attempt that came to nothing.
    failure = "INSERT INTO failures VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
);
