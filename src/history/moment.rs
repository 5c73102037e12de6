//! Moments: what happened to a case beside the words that were said of it, kept as the facts themselves.
//!
//! Only what people do and what keeping them told brings about is a moment; a flood of alerts makes none.

use super::ask::Questions;
use super::{Error, place};
use crate::decide::{Drafted, Fact, incident_case};
use crate::event::id::CaseId;
use crate::event::{Name, Time};
use rusqlite::{Connection, Row, params};

/// The most moments of one case that are told: the newest.
pub const MOMENTS_MAX: usize = 5000;

/// So many revisions of a draft are told: the newest, and what it took the place of.
const REVISIONS: usize = 2;

/// One moment of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Its place in the journal; its order among moments and words.
    pub place: u64,
    /// When it was decided, in ledger time.
    pub at: Time,
    /// What happened.
    pub fact: Fact,
}

/// The case that a fact is a moment of, and the audience that it concerns, if it is one.
pub(super) fn of(fact: &Fact) -> Option<(CaseId, Option<&Name>)> {
    match fact {
        Fact::IncidentChanged { event, .. } => Some((incident_case(&event.incident), None)),
        Fact::Drafted(drafted) => Some((drafted.case, Some(&drafted.audience))),
        Fact::FirstWordMissed { case, audience, .. }
        | Fact::WordHeld { case, audience, .. }
        | Fact::DraftAsked { case, audience, .. }
        | Fact::DraftApproved { case, audience, .. }
        | Fact::DraftRejected { case, audience, .. }
        | Fact::DraftDropped { case, audience, .. }
        | Fact::PromiseEnded { case, audience, .. }
        | Fact::PromiseMissed { case, audience, .. } => Some((*case, Some(audience))),
        Fact::Nudged { case, audience } | Fact::Escalated { case, audience, .. } => {
            Some((*case, audience.as_ref()))
        }
        Fact::Acknowledged { case, .. }
        | Fact::AckVoided { case }
        | Fact::EscalationCaused { case, .. }
        | Fact::NeedsAnswered { case, .. }
        | Fact::WriteUpPromised { case, .. }
        | Fact::WriteUpEnded { case, .. } => Some((*case, None)),
        _ => None,
    }
}

/// The revision of a draft, where the fact is one: the others are looked for by case alone.
pub(super) fn revision(fact: &Fact) -> Option<u32> {
    match fact {
        Fact::Drafted(drafted) => Some(drafted.revision),
        _ => None,
    }
}

impl Questions {
    /// The newest two revisions of what an audience of a case would be told once somebody approves it (R23), the newest
    /// first, each with the time at which it was written. Empty if there is none; of a case that came several times, those
    /// of the last time alone.
    ///
    /// # Errors
    /// The database failed.
    pub fn drafts(&self, case: CaseId, audience: &str) -> Result<Vec<(Time, Drafted)>, Error> {
        self.ask(|tables| {
            let sql = "SELECT number, at, fact FROM moments WHERE revision IS NOT NULL AND audience = ?2 AND
                opened = (SELECT max(number) FROM cases WHERE case_id = ?1) ORDER BY number DESC LIMIT ?3";
            let mut statement = tables.prepare_cached(sql)?;
            let values = params![place::stored(case), audience, place::count(REVISIONS as u64)];
            let rows = statement.query_map(values, read)?;
            let drafted = |moment: Moment| match moment.fact {
                Fact::Drafted(drafted) => Some((moment.at, *drafted)),
                _ => None,
            };
            let all: Vec<Moment> = rows.collect::<Result<_, _>>()?;
            Ok(all.into_iter().filter_map(drafted).collect())
        })
    }
}

/// The moments of one row of `cases`, oldest first; of too many the newest.
pub(super) fn of_case(tables: &Connection, opened: u64) -> rusqlite::Result<Vec<Moment>> {
    let sql = "SELECT number, at, fact FROM moments WHERE opened = ?1 ORDER BY number DESC LIMIT ?2";
    let mut statement = tables.prepare_cached(sql)?;
    let values = [place::count(opened), place::count(MOMENTS_MAX as u64)];
    let mut newest: Vec<Moment> = statement.query_map(values, read)?.collect::<Result<_, _>>()?;
    newest.reverse();
    Ok(newest)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Moment> {
    let (number, text): (i64, String) = (row.get("number")?, row.get("fact")?);
    let wrong =
        |error| rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error));
    let fact = serde_json::from_str(&text).map_err(wrong)?;
    Ok(Moment { place: number.cast_unsigned(), at: Time::from_millis(row.get("at")?), fact })
}
