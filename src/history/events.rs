//! What came in: events, commands and what befell the lanes; and what of it was no event.

use super::ask::{Conditions, Questions};
use super::number::Numbers;
use super::pens::Pens;
use super::{Error, place};
use crate::decide::{Command, Fact, Garbage, Input, Origin, What};
use crate::event::id::Fingerprint;
use crate::event::{Event, Labels, Name, Status, Time};
use rusqlite::{Connection, params};
use serde::Serialize;
use std::borrow::Cow;

/// The most bytes of a subject: labels can be long, and the journal has them whole.
const SUBJECT_BYTES_MAX: usize = 512;

/// What was made of an input. An input that changed nothing is not kept at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was decided.
    Decided,
    /// Its identity had come before and said something else (R4).
    Conflict,
    /// It was no event, and was kept aside.
    DeadLettered,
    /// Deciding it failed, and it was set aside (R8).
    Quarantined,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Verdict; 4] =
        [Verdict::Decided, Verdict::Conflict, Verdict::DeadLettered, Verdict::Quarantined];

    /// The word in answers and filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Decided => "decided",
            Verdict::Conflict => "conflict",
            Verdict::DeadLettered => "dead_lettered",
            Verdict::Quarantined => "quarantined",
        }
    }

    /// The number in the tables.
    pub(super) fn number(self) -> i64 {
        self as i64
    }

    /// The verdict of a word.
    pub fn find(word: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }
}

/// An input as a row.
pub(super) struct Row<'a> {
    kind: &'static str,
    action: Option<&'static str>,
    source: Option<&'a str>,
    subject: Option<Cow<'a, str>>,
    /// The alert's fingerprint or the incident's case: what leads from a case to its events.
    about: Option<i64>,
    verdict: Verdict,
    garbage: Option<&'a Garbage>,
}

impl<'a> Row<'a> {
    /// The row of an input with these facts; outcomes stand with their deliveries, and ticks say nothing.
    pub(super) fn of(input: &'a Input, facts: &'a [Fact]) -> Option<Row<'a>> {
        let kept = facts.iter().find_map(|fact| match fact {
            Fact::DeadLettered { garbage, .. } => Some(garbage),
            _ => None,
        });
        let quarantined = facts.iter().any(|fact| matches!(fact, Fact::Quarantined { .. }));
        let (verdict, garbage) = match (&input.what, kept) {
            (What::Garbage(garbage), _) => (Verdict::DeadLettered, Some(garbage)),
            (_, Some(garbage)) => (Verdict::Conflict, Some(garbage)),
            (_, None) if quarantined => (Verdict::Quarantined, None),
            (_, None) => (Verdict::Decided, None),
        };
        let bare = |kind, subject: Option<Cow<'a, str>>| Row {
            kind,
            action: None,
            source: None,
            subject,
            about: None,
            verdict,
            garbage,
        };
        let written = |text: String| Some(Cow::Owned(text));
        Some(match &input.what {
            What::Outcome(_) | What::Tick => return None,
            What::Event(event) => Row { verdict, garbage, ..Row::event(event, facts) },
            What::Garbage(_) => bare("no_event", None),
            What::LeasesEnded { source, alerts, .. } => Row {
                source: Some(source.as_str()),
                ..bare("leases_ended", written(format!("{} alerts", alerts.len())))
            },
            What::WentStale { alerts } => bare("went_stale", written(format!("{} alerts", alerts.len()))),
            What::PolicyChanged(text) => bare("policy_changed", written(text.hash.to_string())),
            What::Started { epoch, .. } => bare("started", written(format!("epoch {epoch}"))),
            What::CaughtUp { lane } => bare("caught_up", Some(lane.as_str().into())),
            What::Gap { lane, from, to } => bare("gap", written(format!("{lane}: {from} to {to}"))),
            What::LaneStopped { lane, reason } => bare("lane_stopped", written(format!("{lane}: {reason}"))),
            What::ClockStepped { by_ms, .. } => bare("clock_stepped", written(format!("{by_ms} ms"))),
            What::Command(command) => {
                let (action, subject) = match command {
                    Command::Pause { channel, by } => ("pause", format!("{channel}, by {by}")),
                    Command::Resume { channel, by } => ("resume", format!("{channel}, by {by}")),
                    Command::Heartbeat { beat, .. } => ("heartbeat", format!("beat {beat}")),
                    Command::SendTest { recipient, by, .. } => ("send_test", format!("{recipient}, by {by}")),
                    Command::Acknowledge { case, by, .. } => ("acknowledge", format!("{case}, by {by}")),
                    Command::AnswerNeeds { case, by, .. } => ("answer", format!("{case}, by {by}")),
                    Command::ApproveDraft { audience, revision, by, .. } => {
                        ("approve", format!("{audience}, revision {revision}, by {by}"))
                    }
                    Command::EditDraft { audience, revision, by, .. } => {
                        ("edit", format!("{audience}, revision {revision}, by {by}"))
                    }
                    Command::RejectDraft { audience, revision, by, .. } => {
                        ("reject", format!("{audience}, revision {revision}, by {by}"))
                    }
                    Command::Redrive { original, by } => {
                        ("redrive", format!("delivery-{}, by {by}", original.of))
                    }
                };
                Row { action: Some(action), ..bare("command", written(subject)) }
            }
        })
    }

    fn event(event: &'a Event, facts: &'a [Fact]) -> Row<'a> {
        let (verdict, garbage) = (Verdict::Decided, None);
        match event {
            Event::Alert(alert) => {
                let action = match alert.status {
                    Status::Firing => "firing",
                    Status::Resolved => "resolved",
                    Status::Lost => "lost",
                };
                let subject = Some(Cow::Owned(alert.labels.to_string()));
                let about = Some(fingerprint(&alert.labels, facts).0.cast_signed());
                let source = Some(alert.source.as_str());
                Row { kind: "alert", action: Some(action), source, subject, about, verdict, garbage }
            }
            Event::Incident(event) => {
                use crate::event::Action;
                let action = match event.action {
                    Action::Open => "open",
                    Action::Update => "update",
                    Action::Acknowledge => "acknowledge",
                    Action::Note => "note",
                    Action::Resolve => "resolve",
                    Action::Reopen => "reopen",
                    Action::Merge => "merge",
                };
                let subject = Some(Cow::Borrowed(&*event.incident));
                let about = Some(place::stored(crate::decide::incident_case(&event.incident)));
                let source = Some(event.source.as_str());
                Row { kind: "incident", action: Some(action), source, subject, about, verdict, garbage }
            }
        }
    }

    pub(super) fn insert(
        &self,
        forms: &mut Numbers,
        pens: &mut Pens<'_>,
        number: i64,
        at: i64,
        origin: &Origin,
    ) -> rusqlite::Result<()> {
        let words = [
            origin.lane.as_ref().map_or("", Name::as_str),
            self.kind,
            self.action.unwrap_or_default(),
            origin.token.as_ref().map_or("", Name::as_str),
        ];
        let form = forms.of(&words, &mut pens.form, &mut pens.new_form)?;
        let garbage = self.garbage;
        pens.event
            .execute(params![
                number,
                at,
                form,
                origin.sequence.map(place::count),
                self.source,
                self.subject.as_deref().map(shortened),
                self.about,
                origin.received.map(Time::millis).filter(|received| *received != at),
                self.verdict.number(),
                garbage.map(|garbage| &*garbage.reason),
                garbage.map(|garbage| place::count(garbage.length)),
                garbage.map(|garbage| &*garbage.bytes).filter(|bytes| !bytes.is_empty()),
            ])
            .map(drop)
    }
}

/// The fingerprint of an alert; where it fired anew the facts have it already.
fn fingerprint(labels: &Labels, facts: &[Fact]) -> Fingerprint {
    let fired = facts.iter().find_map(|fact| match fact {
        Fact::AlertFired { fingerprint, alert } if alert.labels == *labels => Some(*fingerprint),
        _ => None,
    });
    fired.unwrap_or_else(|| labels.fingerprint())
}

fn shortened(text: &str) -> &str {
    let mut end = text.len().min(SUBJECT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Which inputs are asked for; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFilter<'a> {
    /// Of this case, by any of its names: the events about its alerts, or about the incident.
    pub case: Option<&'a str>,
    /// By this lane.
    pub lane: Option<&'a str>,
    /// From this source.
    pub source: Option<&'a str>,
    /// `alert`, `incident`, `no_event`, `command`, `started` …: the words of [`Came::kind`].
    pub kind: Option<&'a str>,
    /// With this verdict.
    pub verdict: Option<Verdict>,
    /// Only what was not decided: conflicts, dead letters, quarantined inputs.
    pub amiss: bool,
    /// Decided at or after this.
    pub since: Option<Time>,
    /// Decided at or before this.
    pub until: Option<Time>,
    /// Only rows of a smaller place: the last one of the page before.
    pub before: Option<u64>,
    /// At most so many; 0 stands for the most there may be.
    pub limit: usize,
    /// Whether the bytes of dead letters are given: only to who has the right `admin`.
    pub admin: bool,
}

/// One input that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Came {
    /// Its place, for asking what is before it.
    pub place: u64,
    /// The journal entry that it stands in.
    pub entry: u64,
    /// When it was decided, in ledger time.
    pub at: Time,
    /// When it was received.
    pub received: Time,
    /// By which lane; none for what the daemon itself puts in.
    pub lane: Option<String>,
    /// Its position in a lane that is read by cursor.
    pub position: Option<u64>,
    /// Who says it.
    pub source: Option<String>,
    /// `alert`, `incident`, `no_event`, `command`, `leases_ended`, `went_stale`, `policy_changed`, `started`,
    /// `caught_up`, `gap`, `lane_stopped` or `clock_stepped`.
    pub kind: String,
    /// What of that kind: `firing`, `resolved`, `open`, `update`, `pause` …
    pub action: Option<String>,
    /// What it is about: an alert's labels, an incident's id; at most 512 bytes.
    pub subject: Option<String>,
    /// The name of the token that let it in (R43).
    pub token: Option<String>,
    /// What was made of it.
    pub verdict: Verdict,
    /// Why it was not decided.
    pub reason: Option<String>,
    /// How many bytes a dead letter had.
    pub length: Option<u64>,
    /// A dead letter's bytes in Base64, cut to a stated length; only where `admin` was asked for.
    pub bytes: Option<String>,
}

const FROM: &str = "events LEFT JOIN forms ON forms.id = form";

impl Questions {
    /// What came in, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn events(&self, filter: &EventFilter<'_>) -> Result<Vec<Came>, Error> {
        self.ask(|tables| rows(tables, filter))
    }
}

/// What came in, newest first.
pub(super) fn rows(tables: &Connection, filter: &EventFilter<'_>) -> Result<Vec<Came>, Error> {
    let mut conditions = Conditions::default();
    if let Some(case) = filter.case {
        let ids = super::ask::ids(tables, case)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let list = Conditions::list(&ids);
        let alerts = format!("SELECT alert FROM cases WHERE case_id IN ({list}) AND alert IS NOT NULL");
        let opened = format!("SELECT number FROM cases WHERE case_id IN ({list})");
        let members = format!("SELECT alert FROM members WHERE number IN ({opened})");
        conditions.and(&format!("(about IN ({list}) OR about IN ({alerts} UNION {members}))"), []);
    }
    let mut forms = Conditions::default();
    forms.equal("lane", filter.lane);
    forms.equal("kind", filter.kind);
    conditions.among("form", "forms", &forms);
    conditions.equal("source", filter.source);
    if let Some(verdict) = filter.verdict {
        conditions.and("verdict = ?", [verdict.number().into()]);
    }
    if filter.amiss {
        conditions.and("verdict <> 0", []);
    }
    conditions.between(tables, filter.since, filter.until, filter.before)?;
    let columns =
        "number, at, coalesce(received, at) AS received, nullif(lane, '') AS lane, position, source,
        kind, nullif(action, '') AS action, subject, nullif(token, '') AS token, verdict, reason, length,
        iif(?, bytes, NULL) AS bytes";
    conditions.first(i64::from(filter.admin).into());
    let sql = conditions.select(columns, FROM, filter.limit);
    let mut statement = tables.prepare_cached(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(conditions.values()), came)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn came(row: &rusqlite::Row<'_>) -> rusqlite::Result<Came> {
    let number: i64 = row.get("number")?;
    let count = |name| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(name)?.map(i64::cast_unsigned));
    let verdict: i64 = row.get("verdict")?;
    let verdict = Verdict::ALL.into_iter().find(|this| this.number() == verdict);
    Ok(Came {
        place: number.cast_unsigned(),
        entry: place::entry(number),
        at: Time::from_millis(row.get("at")?),
        received: Time::from_millis(row.get("received")?),
        lane: row.get("lane")?,
        position: count("position")?,
        source: row.get("source")?,
        kind: row.get("kind")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        token: row.get("token")?,
        verdict: verdict.unwrap_or(Verdict::Quarantined),
        reason: row.get("reason")?,
        length: count("length")?,
        bytes: row.get("bytes")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_subjects_are_cut_between_characters() {
        assert_eq!(shortened("short"), "short");
        let long = format!("a{}", "ä".repeat(SUBJECT_BYTES_MAX));
        assert_eq!(shortened(&long).len(), SUBJECT_BYTES_MAX - 1);
    }
}
