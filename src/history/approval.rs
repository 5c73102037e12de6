//! Words that need approval (R23): every revision as it was written, who was asked, and what they answered.

use super::ask::Questions;
use super::pens::Pens;
use super::place::stored;
use super::word::plain;
use super::{Error, LIMIT_MAX};
use crate::decide::{Asked, Drafted, DropReason, Fact, Kept};
use crate::event::id::CaseId;
use crate::event::{Name, Time};
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

/// How many revisions of one briefing are told; older ones are asked for by nobody.
const REVISIONS_MAX: usize = 50;

/// One revision of a word that needs approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// Its place, for asking what is before it.
    pub place: u64,
    /// The case's number.
    pub case: CaseId,
    /// What insiders call the case; its number where history does not reach back to its beginning.
    pub case_name: String,
    /// What everybody else calls it.
    pub reference: String,
    /// For which audience it is.
    pub audience: String,
    /// Counted up with whatever changes what the audience may see.
    pub revision: u32,
    /// What it is for: an opening, an update, a resolution.
    pub kind: String,
    /// Since when the word waits, over all its revisions.
    pub since: Time,
    /// When this revision was written.
    pub at: Time,
    /// When it is due even if nobody approves it; `None` while it may wait for ever.
    pub due: Option<Time>,
    /// Who was asked last: `nobody`, `lead`, `approvers`, `others`.
    pub asked: String,
    /// One line that names the case.
    pub title: String,
    /// What a telephone shows.
    pub short: String,
    /// The text, in Markdown.
    pub body: String,
    /// What a reader should look at twice.
    pub remarks: Vec<String>,
    /// Who wrote these words, if a person did.
    pub edited_by: Option<String>,
    /// What became of it: `approved`, `rejected`, `replaced` by a newer one, `dropped`; `None` while it waits.
    pub answer: Option<String>,
    /// Who answered.
    pub answered_by: Option<String>,
    /// Why it was rejected or dropped.
    pub reason: Option<String>,
    /// When it was answered.
    pub answered_at: Option<Time>,
}

/// The columns of a revision, and the newest name of its case.
const COLUMNS: &str =
    "number, case_id, reference, audience, revision, kind, since, at, due, asked, title, short, body,
    remarks, edited_by, answer, answered_by, reason, answered_at, (SELECT name FROM cases WHERE
    cases.case_id = drafts.case_id ORDER BY cases.number DESC LIMIT 1) AS case_name";

impl Questions {
    /// So many of the revisions that wait for an answer, the one that is due first before all others.
    ///
    /// # Errors
    /// The database failed.
    pub fn approvals(&self, limit: usize) -> Result<Vec<Revision>, Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM drafts WHERE answer IS NULL ORDER BY due IS NULL, due, number LIMIT ?1"
        );
        self.ask(|tables| {
            let mut statement = tables.prepare_cached(&sql)?;
            let rows = statement.query_map([limit.min(LIMIT_MAX) as i64], revision)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// What was written to one audience about any of these cases and needed approval, the newest revision first.
    ///
    /// # Errors
    /// The database failed.
    pub fn revisions(&self, cases: &[CaseId], audience: &str) -> Result<Vec<Revision>, Error> {
        self.newest(cases, audience, REVISIONS_MAX)
    }

    /// The newest revision of one case to one audience and the one before it.
    ///
    /// # Errors
    /// The database failed.
    pub fn newest_two(&self, case: CaseId, audience: &str) -> Result<Vec<Revision>, Error> {
        self.newest(&[case], audience, 2)
    }

    fn newest(&self, cases: &[CaseId], audience: &str, limit: usize) -> Result<Vec<Revision>, Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM drafts WHERE case_id = ?1 AND audience = ?2 ORDER BY number DESC LIMIT {limit}"
        );
        self.ask(|tables| {
            let mut statement = tables.prepare_cached(&sql)?;
            let mut all = Vec::new();
            for case in cases {
                let rows = statement.query_map(params![stored(*case), audience], revision)?;
                rows.into_iter().try_for_each(|row| row.map(|row| all.push(row)))?;
            }
            all.sort_by_key(|revision: &Revision| std::cmp::Reverse(revision.place));
            Ok(all)
        })
    }
}

fn revision(row: &Row<'_>) -> rusqlite::Result<Revision> {
    let time = |name| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(name)?.map(Time::from_millis));
    let text = |name| Ok::<_, rusqlite::Error>(plain(&row.get::<_, String>(name)?));
    let case = CaseId(row.get::<_, i64>("case_id")?.cast_unsigned());
    let remarks: String = row.get("remarks")?;
    Ok(Revision {
        place: row.get::<_, i64>("number")?.cast_unsigned(),
        case,
        case_name: row.get::<_, Option<String>>("case_name")?.unwrap_or_else(|| case.to_string()),
        reference: row.get("reference")?,
        audience: row.get("audience")?,
        revision: row.get("revision")?,
        kind: row.get("kind")?,
        since: time("since")?.unwrap_or(Time::EPOCH),
        at: time("at")?.unwrap_or(Time::EPOCH),
        due: time("due")?,
        asked: row.get("asked")?,
        title: text("title")?,
        short: text("short")?,
        body: text("body")?,
        remarks: serde_json::from_str(&remarks).unwrap_or_default(),
        edited_by: row.get("edited_by")?,
        answer: row.get("answer")?,
        answered_by: row.get("answered_by")?,
        reason: row.get("reason")?,
        answered_at: time("answered_at")?,
    })
}

/// Takes what a fact says of a draft; `number` is the place of a new revision.
pub(super) fn fact(pens: &mut Pens<'_>, number: i64, at: i64, fact: &Fact) -> rusqlite::Result<()> {
    match fact {
        Fact::Kept(Kept::Drafted(written)) => drafted(pens, number, at, written),
        Fact::Kept(Kept::DraftAsked { case, audience, revision, asked: whom }) => {
            asked(pens, *case, audience, *revision, *whom)
        }
        Fact::Kept(Kept::DraftApproved { case, audience, revision, by }) => {
            answered(pens, at, *case, audience, *revision, &Answer::Approved(by))
        }
        Fact::Kept(Kept::DraftRejected { case, audience, revision, by, reason }) => {
            answered(pens, at, *case, audience, *revision, &Answer::Rejected(by, reason))
        }
        Fact::Kept(Kept::DraftDropped { case, audience, revision, why }) => {
            answered(pens, at, *case, audience, *revision, &Answer::Dropped(*why))
        }
        _ => Ok(()),
    }
}

/// A revision was written: it takes the place of the one that waits.
fn drafted(pens: &mut Pens<'_>, number: i64, at: i64, drafted: &Drafted) -> rusqlite::Result<()> {
    let (case, audience, message) = (stored(drafted.case), drafted.audience.as_str(), &drafted.message);
    let waits = pens.draft_since.query_row(params![case, audience], |row| row.get::<_, i64>(0)).optional()?;
    pens.draft_replaced.execute(params![case, audience, at])?;
    let remarks = serde_json::to_string(&drafted.remarks).unwrap_or_default();
    pens.name.execute(params![&*message.reference, case])?;
    let (revision, due) = (drafted.revision, drafted.due.map(Time::millis));
    pens.drafted
        .execute(params![
            number,
            case,
            &*message.reference,
            audience,
            revision,
            drafted.kind.as_str(),
            waits.unwrap_or(at),
            at,
            due,
            &*message.title,
            &*message.short,
            &*message.body,
            remarks,
            drafted.by.as_deref(),
        ])
        .map(drop)
}

/// Somebody was asked.
fn asked(
    pens: &mut Pens<'_>,
    case: CaseId,
    audience: &Name,
    revision: u32,
    asked: Asked,
) -> rusqlite::Result<()> {
    pens.draft_asked.execute(params![stored(case), audience.as_str(), revision, asked.as_str()]).map(drop)
}

/// What became of a revision.
enum Answer<'a> {
    Approved(&'a str),
    Rejected(&'a str, &'a str),
    Dropped(DropReason),
}

/// A revision was answered, or given up.
fn answered(
    pens: &mut Pens<'_>,
    at: i64,
    case: CaseId,
    audience: &Name,
    revision: u32,
    answer: &Answer<'_>,
) -> rusqlite::Result<()> {
    let (word, by, reason) = match answer {
        Answer::Approved(by) => ("approved", Some(*by), None),
        Answer::Rejected(by, reason) => ("rejected", Some(*by), Some(*reason)),
        Answer::Dropped(DropReason::ResolvedBeforeFirst) => ("dropped", None, Some("resolved before first")),
        Answer::Dropped(DropReason::Overtaken) => ("dropped", None, Some("overtaken")),
        Answer::Dropped(DropReason::NeverApproved) => ("dropped", None, Some("never approved")),
    };
    let values = params![stored(case), audience.as_str(), revision, word, by, reason, at];
    pens.draft_answered.execute(values).map(drop)
}

/// A case left State: nothing of it waits any more.
pub(super) fn closed(pens: &mut Pens<'_>, at: i64, case: CaseId) -> rusqlite::Result<()> {
    pens.drafts_closed.execute(params![stored(case), at]).map(drop)
}
