//! Retention: what ended long ago leaves, in slices, so that feeding never waits for long.

use super::Error;
use crate::event::Time;
use rusqlite::{Connection, params};

/// The most rows of a table that one transaction removes.
const SLICE: i64 = 10_000;

/// Each statement removes a slice and is repeated until less is left. `?1` is the time, `?2` the slice; where the time
/// does not matter it is compared with itself, so that all take the same values.
/// Deliveries and notifications are numbered in the order in which they were decided, so what hangs on those that
/// left is what lies below the first that is left. A case stays for as long as a word about it does. `ways` and `forms`
/// are as many as a configuration can make and stay.
const FORGET: [&str; 14] = [
    "DELETE FROM told WHERE number IN (SELECT number FROM told LEFT JOIN fates ON fates.delivery = told.delivery
        WHERE at < ?1 AND coalesce(fates.fate, told.fate) <> 0
        AND number < coalesce((SELECT first FROM clock WHERE minute > ?1 / 60000 ORDER BY minute LIMIT 1),
        9223372036854775807) ORDER BY number LIMIT ?2)",
    "DELETE FROM fates WHERE delivery IN (SELECT delivery FROM fates WHERE ?1 = ?1 AND
        delivery < coalesce((SELECT min(delivery) FROM told WHERE delivery IS NOT NULL), 9223372036854775807)
        ORDER BY delivery LIMIT ?2)",
    "DELETE FROM redrives WHERE original IN (SELECT original FROM redrives WHERE ?1 = ?1 AND
        NOT EXISTS (SELECT 1 FROM told WHERE told.delivery = redrives.delivery) LIMIT ?2)",
    "DELETE FROM failures WHERE (delivery, number) IN (SELECT delivery, number FROM failures WHERE ?1 = ?1 AND
        delivery < coalesce((SELECT min(delivery) FROM told WHERE delivery IS NOT NULL), 9223372036854775807)
        AND at < ?1 LIMIT ?2)",
    "DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE ?1 = ?1 AND id < coalesce((SELECT
        notification FROM told WHERE notification IS NOT NULL ORDER BY number LIMIT 1), 9223372036854775807)
        ORDER BY id LIMIT ?2)",
    "DELETE FROM spoken WHERE (case_id, first) IN (SELECT case_id, first FROM spoken WHERE ?1 = ?1 AND
        NOT EXISTS (SELECT 1 FROM told WHERE number BETWEEN spoken.first AND spoken.last) LIMIT ?2)",
    "DELETE FROM cases WHERE number IN (SELECT number FROM cases WHERE closed_at < ?1 AND
        NOT EXISTS (SELECT 1 FROM told WHERE told.opened = cases.number) ORDER BY number LIMIT ?2)",
    "DELETE FROM briefings WHERE (number, audience) IN (SELECT number, audience FROM briefings WHERE ?1 = ?1 AND
        number NOT IN (SELECT number FROM cases) LIMIT ?2)",
    "DELETE FROM moments WHERE number IN (SELECT number FROM moments WHERE ?1 = ?1 AND
        opened NOT IN (SELECT number FROM cases) LIMIT ?2)",
    "DELETE FROM names WHERE (name, case_id) IN (SELECT name, case_id FROM names WHERE ?1 = ?1 AND
        case_id NOT IN (SELECT case_id FROM cases) LIMIT ?2)",
    "DELETE FROM members WHERE (number, alert) IN (SELECT number, alert FROM members WHERE ?1 = ?1 AND
        number NOT IN (SELECT number FROM cases) LIMIT ?2)",
    "DELETE FROM drafts WHERE number IN (SELECT number FROM drafts WHERE answered_at < ?1 ORDER BY number LIMIT ?2)",
    "DELETE FROM events WHERE number IN (SELECT number FROM events WHERE at < ?1
        AND number < coalesce((SELECT first FROM clock WHERE minute > ?1 / 60000 ORDER BY minute LIMIT 1),
        9223372036854775807) ORDER BY number LIMIT ?2)",
    "DELETE FROM clock WHERE minute IN (SELECT minute FROM clock WHERE minute < ?1 / 60000 - 1 LIMIT ?2)",
];

/// Removes what ended before `at`.
pub(super) fn before(connection: &mut Connection, at: Time) -> Result<(), Error> {
    for sql in FORGET {
        loop {
            let slice = connection.transaction()?;
            let removed = slice.prepare_cached(sql)?.execute(params![at.millis(), SLICE])?;
            slice.commit()?;
            if removed < usize::try_from(SLICE).unwrap_or_default() {
                break;
            }
        }
    }
    Ok(())
}
