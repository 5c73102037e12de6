//! Moments: what happened to a case beside the words that were said of it, kept as the facts themselves.
//!
//! Only what people do and what keeping them told brings about is a moment; a flood of alerts makes none.

use super::place;
use crate::decide::{Fact, incident_case};
use crate::event::Time;
use crate::event::id::CaseId;
use rusqlite::{Connection, Row};

/// The most moments of one case that are told: the newest.
pub const MOMENTS_MAX: usize = 5000;

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

/// The case that a fact is a moment of, if it is one.
pub(super) fn of(fact: &Fact) -> Option<CaseId> {
    match fact {
        Fact::IncidentChanged { event, .. } => Some(incident_case(&event.incident)),
        Fact::Drafted(drafted) => Some(drafted.case),
        Fact::FirstWordMissed { case, .. }
        | Fact::WordHeld { case, .. }
        | Fact::DraftAsked { case, .. }
        | Fact::DraftApproved { case, .. }
        | Fact::DraftRejected { case, .. }
        | Fact::DraftDropped { case, .. }
        | Fact::PromiseEnded { case, .. }
        | Fact::PromiseMissed { case, .. }
        | Fact::Nudged { case, .. }
        | Fact::Escalated { case, .. }
        | Fact::Acknowledged { case, .. }
        | Fact::AckVoided { case }
        | Fact::EscalationCaused { case, .. }
        | Fact::NeedsAnswered { case, .. }
        | Fact::WriteUpPromised { case, .. }
        | Fact::WriteUpEnded { case, .. } => Some(*case),
        _ => None,
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
