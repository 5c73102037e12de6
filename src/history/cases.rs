//! The cases: what went on, what goes on, and which audiences heard of it, from the first word to the last.

use super::ask::{Conditions, Questions, ids};
use super::word::plain;
use super::{Error, place};
use crate::event::Time;
use crate::event::id::CaseId;
use crate::message::{CaseStatus, Disclosure};
use rusqlite::{Connection, Row};
use serde::Serialize;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// The word in answers and filters.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }

            /// The number in the tables.
            pub(super) fn number(self) -> i64 {
                self as i64
            }

            /// What a number stands for; the last for one that is none.
            pub(super) fn of(number: i64) -> $name {
                let all = [$($name::$variant),*];
                all.into_iter().find(|this| this.number() == number).unwrap_or(all[all.len() - 1])
            }

            /// What a word stands for.
            pub fn find(word: &str) -> Option<$name> {
                [$($name::$variant),*].into_iter().find(|this| this.as_str() == word)
            }
        }
    };
}

words!(
    /// What a case is about.
    CaseKind {
        /// A group of alerts.
        Group = "group",
        /// An incident.
        Incident = "incident",
        /// No single case: what is told to an audience about several, or about Tidings itself (R31).
        Desk = "desk",
        /// It began before history does.
        Unknown = "unknown",
    }
);

words!(
    /// How a case stands, as far as it was said or declared.
    CaseStanding {
        /// It is going on.
        Open = "open",
        /// It is over.
        Resolved = "resolved",
        /// Its source no longer reports it (R5).
        Lost = "lost",
        /// It ended and nobody had to be told of the end.
        Closed = "closed",
    }
);

/// Which cases are asked for; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct CaseFilter<'a> {
    /// This case, by any of its names ([`Questions::find_case`]): one row for each time that it came.
    pub case: Option<&'a str>,
    /// Of this kind; desks only if they are asked for here or by name.
    pub kind: Option<CaseKind>,
    /// Those that this audience was to hear of.
    pub audience: Option<&'a str>,
    /// Those that this row of the routing table governs, or governed last.
    pub row: Option<&'a str>,
    /// Only those that State keeps (true) or no longer keeps (false): a resolved one stays there for a while.
    pub open: Option<bool>,
    /// With this standing.
    pub standing: Option<CaseStanding>,
    /// Not closed before this.
    pub since: Option<Time>,
    /// Opened at or before this.
    pub until: Option<Time>,
    /// Only rows of a smaller place: the last one of the page before.
    pub before: Option<u64>,
    /// At most so many; 0 stands for the most there may be.
    pub limit: usize,
}

/// One case, from its opening to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// Its place, for asking what is before it.
    pub place: u64,
    /// The journal entry that opened it.
    pub entry: u64,
    /// Its number: the same each time that it comes back.
    pub case: CaseId,
    /// What it is about.
    pub kind: CaseKind,
    /// What insiders call it: an incident's id, a group's `row{labels}`.
    pub name: String,
    /// How it stands.
    pub standing: CaseStanding,
    /// Its place on the ladder, 0 being the worst; `None` if it is not known yet.
    pub severity: Option<u8>,
    /// How bad it is in a word, as the last message or the incident's source put it.
    pub severity_word: Option<String>,
    /// When what it is about began, as its first alert or the earliest of its events says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Time>,
    /// When it was opened; `None` if that was before history does.
    pub opened_at: Option<Time>,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// Who was to hear of it.
    pub briefings: Vec<Briefing>,
}

/// One audience's part of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Briefing {
    /// The audience.
    pub audience: String,
    /// The row of the routing table that governs it; none for a desk.
    pub row: Option<String>,
    /// How much it may read: `internal`, `business` or `external`.
    pub disclosure: String,
    /// How many words it was to hear, digests included.
    pub words: u64,
    /// When the first was decided; `None` if there was none.
    pub first_word: Option<Time>,
    /// When the last was decided.
    pub last_word: Option<Time>,
    /// What the last word said: `open`, `resolved` or `lost`.
    pub status: Option<String>,
    /// How bad the last word said that it is: a place on the ladder.
    pub severity: Option<u8>,
    /// What the case is called at this audience's level.
    pub title: Option<String>,
}

impl Questions {
    /// The cases, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn cases(&self, filter: &CaseFilter<'_>) -> Result<Vec<Case>, Error> {
        self.ask(|tables| rows(tables, filter))
    }
}

/// The cases, newest first.
pub(super) fn rows(tables: &Connection, filter: &CaseFilter<'_>) -> Result<Vec<Case>, Error> {
    let Some(conditions) = conditions(tables, filter)? else { return Ok(Vec::new()) };
    let columns =
        "number, case_id, kind, name, status, severity, severity_word, began_at, opened_at, closed_at,
        audience, rule, disclosure, words, first_at, last_at, said, said_severity, title";
    let sql = conditions.select(columns, "cases", filter.limit);
    let mut statement = tables.prepare_cached(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(conditions.values()), case)?;
    let mut all: Vec<Case> = rows.collect::<Result<_, _>>()?;
    for case in &mut all {
        case.briefings.extend(briefings(tables, case.place)?);
        case.briefings.sort_by(|a, b| a.audience.cmp(&b.audience));
    }
    Ok(all)
}

fn conditions(tables: &Connection, filter: &CaseFilter<'_>) -> rusqlite::Result<Option<Conditions>> {
    let mut conditions = Conditions::default();
    if let Some(case) = filter.case {
        let ids = ids(tables, case)?;
        if ids.is_empty() {
            return Ok(None);
        }
        conditions.and(&format!("case_id IN ({})", Conditions::list(&ids)), []);
    }
    match filter.kind {
        Some(kind) => conditions.and("kind = ?", [kind.number().into()]),
        None if filter.case.is_none() => conditions.and("kind <> ?", [CaseKind::Desk.number().into()]),
        None => {}
    }
    if filter.audience.is_some() || filter.row.is_some() {
        // The first briefing stands in the row of the case.
        let mut first = Conditions::default();
        first.equal("cases.audience", filter.audience);
        first.equal("cases.rule", filter.row);
        let mut other = Conditions::default();
        other.and("briefings.number = cases.number", []);
        other.equal("briefings.audience", filter.audience);
        other.equal("briefings.rule", filter.row);
        let own = first.sql().trim_start_matches(" WHERE ");
        let sql = format!("({own} OR EXISTS (SELECT 1 FROM briefings{}))", other.sql());
        conditions.and(&sql, first.values().iter().chain(other.values()).cloned());
    }
    match filter.open {
        Some(true) => conditions.and("closed_at IS NULL", []),
        Some(false) => conditions.and("closed_at IS NOT NULL", []),
        None => {}
    }
    if let Some(standing) = filter.standing {
        conditions.and("status = ?", [standing.number().into()]);
    }
    if let Some(since) = filter.since {
        conditions.and("(closed_at IS NULL OR closed_at >= ?)", [since.millis().into()]);
    }
    if let Some(until) = filter.until {
        conditions.and("(opened_at IS NULL OR opened_at <= ?)", [until.millis().into()]);
    }
    conditions.between(tables, None, None, filter.before)?;
    Ok(Some(conditions))
}

fn case(row: &Row<'_>) -> rusqlite::Result<Case> {
    let number: i64 = row.get("number")?;
    let time = |name| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(name)?.map(Time::from_millis));
    let first = row.get::<_, Option<String>>("audience")?.map(|_| briefing(row)).transpose()?;
    Ok(Case {
        place: number.cast_unsigned(),
        entry: place::entry(number),
        case: CaseId(row.get::<_, i64>("case_id")?.cast_unsigned()),
        kind: CaseKind::of(row.get("kind")?),
        name: row.get("name")?,
        standing: CaseStanding::of(row.get("status")?),
        severity: row.get("severity")?,
        severity_word: row.get("severity_word")?,
        began_at: time("began_at")?,
        opened_at: time("opened_at")?,
        closed_at: time("closed_at")?,
        briefings: first.into_iter().collect(),
    })
}

/// The briefings of a case but the first.
fn briefings(tables: &Connection, place: u64) -> rusqlite::Result<Vec<Briefing>> {
    let mut statement = tables.prepare_cached("SELECT * FROM briefings WHERE number = ?1")?;
    let rows = statement.query_map([place::count(place)], briefing)?;
    rows.collect()
}

fn briefing(row: &Row<'_>) -> rusqlite::Result<Briefing> {
    let time = |name| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(name)?.map(Time::from_millis));
    let said = row.get::<_, Option<i64>>("said")?.map(CaseStanding::of);
    let disclosure: i64 = row.get("disclosure")?;
    let disclosure = Disclosure::ALL.into_iter().find(|level| *level as i64 == disclosure);
    Ok(Briefing {
        audience: row.get("audience")?,
        row: Some(row.get::<_, String>("rule")?).filter(|rule| !rule.is_empty()),
        disclosure: disclosure.unwrap_or(Disclosure::External).as_str().to_owned(),
        words: row.get::<_, i64>("words")?.cast_unsigned(),
        first_word: time("first_at")?,
        last_word: time("last_at")?,
        status: said.map(|said| said.as_str().to_owned()),
        severity: row.get("said_severity")?,
        title: row.get::<_, Option<String>>("title")?.map(|title| plain(&title)),
    })
}

/// What a message says that a case is.
pub(super) fn standing(status: CaseStatus) -> CaseStanding {
    match status {
        CaseStatus::Open => CaseStanding::Open,
        CaseStatus::Resolved => CaseStanding::Resolved,
        CaseStatus::Lost => CaseStanding::Lost,
    }
}
