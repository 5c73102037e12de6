//! What becomes of deliveries, gathered over a feed: most are let go and end in the same one, and cost one row.

use super::pens::Pens;
use super::place::count;
use super::word::{self, Fate};
use crate::decide::End;
use crate::event::id::DeliveryId;
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeMap;

/// So many are gathered at most.
const GATHERED_MAX: usize = 4096;

/// What became of deliveries since they were written last.
#[derive(Debug, Default)]
pub(super) struct Fates(BTreeMap<DeliveryId, Since>);

/// What became of one.
#[derive(Debug, Default)]
struct Since {
    attempts: u32,
    failures: u32,
    released_at: Option<i64>,
    end: Option<Ended>,
}

#[derive(Debug)]
struct Ended {
    at: i64,
    fate: Fate,
    why: Option<&'static str>,
    receipt: Option<Box<str>>,
    sent: Option<[u8; 16]>,
}

impl Fates {
    /// It was let go.
    pub(super) fn released(&mut self, delivery: DeliveryId, at: i64) {
        let since = self.0.entry(delivery).or_default();
        since.attempts += 1;
        since.released_at = since.released_at.or(Some(at));
    }

    /// An attempt came to nothing: which was it?
    pub(super) fn failed(&mut self, delivery: DeliveryId, pens: &mut Pens<'_>) -> rusqlite::Result<u32> {
        let since = self.0.entry(delivery).or_default();
        since.failures += 1;
        let before: Option<u32> =
            pens.attempts.query_row([count(delivery.0)], |row| row.get(0)).optional()?;
        Ok(before.unwrap_or_default() + since.attempts)
    }

    /// It ended.
    pub(super) fn ended(&mut self, delivery: DeliveryId, at: i64, end: &End) {
        let accepted = match end {
            End::Delivered(accepted) => Some(accepted),
            End::Superseded { .. } | End::Suppressed { .. } | End::DeadLettered { .. } => None,
        };
        // The receipt's place is left out: it may be an address.
        let receipt =
            accepted.and_then(|accepted| accepted.receipt.as_ref()).map(|receipt| receipt.id.clone());
        let sent = accepted.and_then(|accepted| accepted.body.as_ref()).map(|body| *body.bytes());
        let ended = Ended { at, fate: Fate::of_end(end), why: word::why(end), receipt, sent };
        self.0.entry(delivery).or_default().end = Some(ended);
    }

    /// Writes them if they are many.
    pub(super) fn write_if_many(&mut self, pens: &mut Pens<'_>) -> rusqlite::Result<()> {
        if self.0.len() >= GATHERED_MAX { self.write(pens) } else { Ok(()) }
    }

    /// Writes all of them.
    pub(super) fn write(&mut self, pens: &mut Pens<'_>) -> rusqlite::Result<()> {
        for (delivery, since) in std::mem::take(&mut self.0) {
            let end = since.end.as_ref();
            pens.fate.execute(params![
                count(delivery.0),
                since.attempts,
                since.failures,
                since.released_at,
                end.map(|end| end.at),
                end.map(|end| end.fate.number()),
                end.and_then(|end| end.why),
                end.and_then(|end| end.receipt.as_deref()),
                end.and_then(|end| end.sent),
            ])?;
        }
        Ok(())
    }
}
