//! Places: the number of a row, made from the journal entry that it came from and its turn in there.
//!
//! Every row has the same place however often the projection is made again, and a row's place says its entry.

use crate::event::id::CaseId;
use rusqlite::types::Value;

/// Bits for the rows of one entry. An entry holds at most 64 MiB and no row comes from fewer than 16 bytes of it.
const TURN_BITS: u32 = 24;

/// The place of the `turn`th row of an entry. There are never 2^39 entries.
pub(super) fn place(entry: u64, turn: u64) -> i64 {
    ((entry << TURN_BITS) | turn).cast_signed()
}

/// The place that somebody names by its entry and turn, if there can be one.
pub(super) fn of(entry: u64, turn: u64) -> Option<u64> {
    let possible = entry < 1 << (63 - TURN_BITS) && turn < 1 << TURN_BITS;
    possible.then(|| place(entry, turn).cast_unsigned())
}

/// The entry of a place.
pub(super) fn entry(place: i64) -> u64 {
    place.cast_unsigned() >> TURN_BITS
}

/// The turn of a place within its entry.
pub(super) fn turn(place: i64) -> u64 {
    place.cast_unsigned() & ((1 << TURN_BITS) - 1)
}

/// A case's number as the database keeps it: the same bits, signed.
pub(super) fn stored(case: CaseId) -> i64 {
    case.0.cast_signed()
}

/// A count as the database keeps it.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A place that a caller names, as a value of a statement.
pub(super) fn named(place: u64) -> Value {
    Value::Integer(count(place))
}
