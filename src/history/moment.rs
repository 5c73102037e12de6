//! Moments: what happened to a case beside the words that were said of it, kept as the facts themselves.
//!
//! Only what people do and what keeping them told brings about is a moment; a flood of alerts makes none.

use super::place;
use crate::decide::{Fact, Kept, incident_case};
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
        Fact::Kept(Kept::Drafted(drafted)) => Some(drafted.case),
        Fact::Kept(Kept::FirstWordMissed { case, .. })
        | Fact::Kept(Kept::WordHeld { case, .. })
        | Fact::Kept(Kept::DraftAsked { case, .. })
        | Fact::Kept(Kept::DraftApproved { case, .. })
        | Fact::Kept(Kept::DraftRejected { case, .. })
        | Fact::Kept(Kept::DraftDropped { case, .. })
        | Fact::Kept(Kept::PromiseMade { case, .. })
        | Fact::Kept(Kept::CarriedOver { case, .. })
        | Fact::Kept(Kept::NobodyLeft { case, .. })
        | Fact::Kept(Kept::PromiseEnded { case, .. })
        | Fact::Kept(Kept::PromiseMissed { case, .. })
        | Fact::Kept(Kept::Nudged { case, .. })
        | Fact::Kept(Kept::Escalated { case, .. })
        | Fact::Kept(Kept::Acknowledged { case, .. })
        | Fact::Kept(Kept::AckVoided { case })
        | Fact::Kept(Kept::EscalationCaused { case, .. })
        | Fact::Kept(Kept::NeedsAnswered { case, .. })
        | Fact::Kept(Kept::WriteUpPromised { case, .. })
        | Fact::Kept(Kept::WriteUpNudged { case })
        | Fact::Kept(Kept::WriteUpDropped { case, .. })
        | Fact::Kept(Kept::WriteUpEnded { case, .. }) => Some(*case),
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
