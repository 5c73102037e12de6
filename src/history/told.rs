//! Who was told what, when, by which rule, through which channel and how it ended; and who was not, and why.

use super::ask::{Conditions, Questions, ids};
use super::cases::CaseStanding;
use super::word::because;
use super::word::plain;
use super::{Error, Fate, place};
use crate::event::Time;
use crate::event::id::{CaseId, DeliveryId, NotificationId};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use serde::Serialize;

/// The most failed attempts that are told of one delivery: the newest.
pub const FAILURES_MAX: usize = 20;

/// Which words are asked for; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// About this case, by any of its names ([`Questions::find_case`]); digests that named it included.
    pub case: Option<&'a str>,
    /// To this audience.
    pub audience: Option<&'a str>,
    /// To this recipient (`mara@mail`), or to all of a contact's or audience's (`mara`).
    pub recipient: Option<&'a str>,
    /// By this channel.
    pub channel: Option<&'a str>,
    /// By this row of the routing table.
    pub row: Option<&'a str>,
    /// With this fate.
    pub end: Option<Fate>,
    /// This delivery alone.
    pub delivery: Option<DeliveryId>,
    /// Decided at or after this.
    pub since: Option<Time>,
    /// Decided at or before this.
    pub until: Option<Time>,
    /// Only rows of a smaller place: the last one of the page before.
    pub before: Option<u64>,
    /// At most so many; 0 stands for the most there may be.
    pub limit: usize,
}

/// One word to one recipient: a delivery, or the decision not to send one now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Its place, for asking what is before it.
    pub place: u64,
    /// The journal entry in which it was decided; the body stands there too.
    pub entry: u64,
    /// When it was decided, in ledger time.
    pub at: Time,
    /// The case, or the desk.
    pub case: CaseId,
    /// What the case is called.
    pub case_name: Option<String>,
    /// Whom it tells.
    pub audience: String,
    /// By which row of the routing table; none for what belongs to no row.
    pub row: Option<String>,
    /// To whom.
    pub recipient: String,
    /// By which channel.
    pub channel: Option<String>,
    /// What became of it.
    pub fate: Fate,
    /// Why, in a word.
    pub why: Option<String>,
    /// The same as a sentence.
    pub because: &'static str,
    /// For what was withheld: when the digest that names it was due.
    pub digest_at: Option<Time>,
    /// What was said; `None` for what was withheld.
    pub said: Option<Said>,
}

/// What was said in one delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// The notification.
    pub notification: NotificationId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// What it was for this recipient: `opening`, `update` …
    pub kind: String,
    /// Which word of the briefing it is, counted from 1.
    pub ordinal: u32,
    /// What the case was: `open`, `resolved` or `lost`.
    pub status: String,
    /// How bad it was, as the message said it.
    pub severity: String,
    /// The title, at the audience's level.
    pub title: String,
    /// The message in one line, at the audience's level; instants in UTC.
    pub short: String,
    /// The key that the provider was given (R34), in hexadecimal digits.
    pub key: String,
    /// When it should have been said.
    pub due: Time,
    /// When the event that caused it was received.
    pub event_at: Time,
    /// When it was first let go.
    pub released_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// How often it was let go.
    pub attempts: u32,
    /// How many attempts came to nothing.
    pub failed: u32,
    /// The newest of those, oldest first.
    pub failures: Vec<Failed>,
    /// What the provider calls the message.
    pub receipt: Option<String>,
    /// The hash of the body as it was sent (R41), in hexadecimal digits.
    pub sent: Option<String>,
    /// The dead-lettered delivery whose message it carries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redrive_of: Option<DeliveryId>,
    /// The delivery that carries its message again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redriven_by: Option<DeliveryId>,
}

/// One attempt that came to nothing, or may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// When that was known.
    pub at: Time,
    /// Which attempt, counted from 1.
    pub attempt: u32,
    /// Whether something may have arrived all the same.
    pub maybe_sent: bool,
    /// Whether it counted as the delivery's own failure (R35).
    pub counted: bool,
    /// Why, as metrics say it; none for an attempt whose end nobody saw, such as at a restart.
    pub reason: Option<String>,
    /// Why, for insiders.
    pub detail: Option<String>,
}

/// What stands in rows of other tables is fetched for the rows that are told alone.
const COLUMNS: &str = "number, at, way.audience, nullif(way.rule, '') AS rule, way.recipient,
    nullif(way.channel, '') AS channel, way.kind, notification, told.delivery, key, ordinal, told.status, due,
    event_at, digest_at, coalesce(fates.fate, told.fate) AS fate, coalesce(fates.why, told.why) AS why,
    coalesce(attempts, 0) AS attempts, coalesce(failures, 0) AS failures, released_at, ended_at, receipt, sent,
    coalesce(told.severity_word, texts.severity_word) AS severity_word, coalesce(told.title, texts.title) AS title,
    coalesce(told.short, texts.short) AS short,
    (SELECT original FROM redrives WHERE redrives.delivery = told.delivery) AS redrive_of,
    (SELECT redrives.delivery FROM redrives WHERE original = told.delivery) AS redriven_by,
    (SELECT case_id FROM cases WHERE cases.number = told.opened) AS case_id,
    (SELECT name FROM cases WHERE cases.number = told.opened) AS case_name";

const FROM: &str = "told LEFT JOIN ways AS way ON way.id = told.way
    LEFT JOIN fates ON fates.delivery = told.delivery LEFT JOIN notifications AS texts ON texts.id = notification";

impl Questions {
    /// Who was told what, and who was not, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn deliveries(&self, filter: &Filter<'_>) -> Result<Vec<Told>, Error> {
        self.ask(|tables| rows(tables, filter))
    }
}

/// Who was told what, and who was not, newest first.
pub(super) fn rows(tables: &Connection, filter: &Filter<'_>) -> Result<Vec<Told>, Error> {
    let Some(conditions) = conditions(tables, filter)? else { return Ok(Vec::new()) };
    let sql = conditions.select(COLUMNS, FROM, filter.limit);
    let mut statement = tables.prepare_cached(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(conditions.values()), told)?;
    let mut all: Vec<Told> = rows.collect::<Result<_, _>>()?;
    for said in all.iter_mut().filter_map(|told| told.said.as_mut()).filter(|said| said.failed > 0) {
        said.failures = failures(tables, said.delivery)?;
    }
    Ok(all)
}

/// The conditions of a filter; `None` if it asks for a case that is not known.
fn conditions(tables: &Connection, filter: &Filter<'_>) -> rusqlite::Result<Option<Conditions>> {
    let mut conditions = Conditions::default();
    if let Some(case) = filter.case {
        let ids = ids(tables, case)?;
        if ids.is_empty() {
            return Ok(None);
        }
        let list = Conditions::list(&ids);
        let digests = format!(
            "SELECT digest.number FROM spoken CROSS JOIN told AS digest ON digest.number BETWEEN first AND last
            WHERE spoken.case_id IN ({list})"
        );
        let opened = format!("SELECT cases.number FROM cases WHERE cases.case_id IN ({list})");
        let own = format!("SELECT own.number FROM told AS own WHERE own.opened IN ({opened})");
        conditions.and(&format!("number IN ({own} UNION {digests})"), []);
    }
    let mut ways = Conditions::default();
    match filter.recipient {
        Some(recipient) if recipient.contains('@') => ways.equal("recipient", Some(recipient)),
        // `A` follows `@`: everything that begins with the name and `@` lies between the two.
        Some(who) => {
            let ends = [format!("{who}@"), format!("{who}A")].map(Value::Text);
            ways.and("recipient >= ? AND recipient < ?", ends);
        }
        None => {}
    }
    ways.equal("audience", filter.audience);
    ways.equal("channel", filter.channel);
    ways.equal("rule", filter.row);
    conditions.among("told.way", "ways", &ways);
    match filter.end {
        // Written out, because a partial index is used only for what stands in the statement.
        Some(Fate::DeadLettered) => {
            conditions
                .and("told.delivery IN (SELECT dead.delivery FROM fates AS dead WHERE dead.fate = 4)", []);
        }
        Some(end) => conditions.and("coalesce(fates.fate, told.fate) = ?", [end.number().into()]),
        None => {}
    }
    if let Some(delivery) = filter.delivery {
        conditions.and("told.delivery = ?", [place::named(delivery.0)]);
    }
    conditions.between(tables, filter.since, filter.until, filter.before)?;
    Ok(Some(conditions))
}

fn told(row: &rusqlite::Row<'_>) -> rusqlite::Result<Told> {
    let number: i64 = row.get("number")?;
    let fate = Fate::of(row.get("fate")?);
    let why: Option<String> = row.get("why")?;
    let digest_at: Option<i64> = row.get("digest_at")?;
    Ok(Told {
        place: number.cast_unsigned(),
        entry: place::entry(number),
        at: Time::from_millis(row.get("at")?),
        case: CaseId(row.get::<_, i64>("case_id")?.cast_unsigned()),
        case_name: row.get("case_name")?,
        audience: row.get("audience")?,
        row: row.get("rule")?,
        recipient: row.get("recipient")?,
        channel: row.get("channel")?,
        fate,
        because: because(fate, why.as_deref()),
        why,
        digest_at: digest_at.map(Time::from_millis),
        said: if fate == Fate::Withheld { None } else { Some(said(row)?) },
    })
}

fn said(row: &rusqlite::Row<'_>) -> rusqlite::Result<Said> {
    let time = |name| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(name)?.map(Time::from_millis));
    let delivery = |name| {
        let number: Option<i64> = row.get(name)?;
        Ok::<_, rusqlite::Error>(number.map(|number| DeliveryId(number.cast_unsigned())))
    };
    let hex = |name| {
        let bytes: Option<[u8; 16]> = row.get(name)?;
        let write = |bytes: [u8; 16]| format!("{:032x}", u128::from_be_bytes(bytes));
        Ok::<_, rusqlite::Error>(bytes.map(write))
    };
    Ok(Said {
        notification: NotificationId(row.get::<_, i64>("notification")?.cast_unsigned()),
        delivery: DeliveryId(row.get::<_, i64>("delivery")?.cast_unsigned()),
        kind: row.get("kind")?,
        ordinal: row.get("ordinal")?,
        status: CaseStanding::of(row.get("status")?).as_str().to_owned(),
        severity: row.get("severity_word")?,
        title: plain(&row.get::<_, String>("title")?),
        short: plain(&row.get::<_, String>("short")?),
        key: hex("key")?.unwrap_or_default(),
        due: Time::from_millis(row.get("due")?),
        event_at: Time::from_millis(row.get("event_at")?),
        released_at: time("released_at")?,
        ended_at: time("ended_at")?,
        attempts: row.get("attempts")?,
        failed: row.get("failures")?,
        failures: Vec::new(),
        receipt: row.get("receipt")?,
        sent: hex("sent")?,
        redrive_of: delivery("redrive_of")?,
        redriven_by: delivery("redriven_by")?,
    })
}

fn failures(tables: &Connection, delivery: DeliveryId) -> rusqlite::Result<Vec<Failed>> {
    let sql = "SELECT at, attempt, maybe_sent, counted, reason, detail FROM failures WHERE delivery = ?1
        ORDER BY number DESC LIMIT ?2";
    let mut statement = tables.prepare_cached(sql)?;
    let values = params![place::count(delivery.0), place::count(FAILURES_MAX as u64)];
    let rows = statement.query_map(values, |row| {
        Ok(Failed {
            at: Time::from_millis(row.get(0)?),
            attempt: row.get(1)?,
            maybe_sent: row.get(2)?,
            counted: row.get(3)?,
            reason: row.get(4)?,
            detail: row.get(5)?,
        })
    })?;
    let mut newest: Vec<Failed> = rows.collect::<Result<_, _>>()?;
    newest.reverse();
    Ok(newest)
}
