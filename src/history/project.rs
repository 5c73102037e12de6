//! Facts to rows: what each fact means for the tables.

use super::feed::Projected;
use super::place::{count, place, stored};
use super::{Error, events, word};
use crate::decide::{CaseAbout, End, Fact, Failure, Input, Notified, SpokenFor};
use crate::event::id::{CaseId, DeliveryId};
use crate::event::{IncidentEvent, Name, Recipient, Severity, Time};
use crate::message::slot::{self, Filling};
use rusqlite::{Connection, OptionalExtension, params};
use std::borrow::Cow;
use std::collections::HashMap;

const MINUTE_MS: i64 = 60_000;

/// What the writer keeps in mind between feeds, so that it need not ask the tables.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The newest ledger time; it never runs backwards (R7).
    time: Time,
    /// The newest minute in `clock`.
    minute: Option<i64>,
    /// The rows of the cases that have not ended.
    open: HashMap<CaseId, i64>,
}

impl Memory {
    /// Reads it from the tables.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Memory> {
        let (_, _, at) = super::file::head(connection)?;
        let newest = "SELECT max(minute) FROM clock";
        let minute = connection.query_row(newest, [], |row| row.get(0)).optional()?.flatten();
        let mut open = HashMap::new();
        let mut cases = connection.prepare("SELECT case_id, number FROM cases WHERE closed_at IS NULL")?;
        let mut rows = cases.query([])?;
        while let Some(row) = rows.next()? {
            open.insert(CaseId(row.get::<_, i64>(0)?.cast_unsigned()), row.get(1)?);
        }
        Ok(Memory { time: Time::from_millis(at), minute, open })
    }

    /// The newest ledger time.
    pub(super) fn time(&self) -> Time {
        self.time
    }
}

/// The row to be written next.
pub(super) struct Row<'a> {
    tables: &'a Connection,
    memory: &'a mut Memory,
    entry: u64,
    turn: u64,
    /// How bad the alert is that fired last among the facts of this input.
    fired: Option<Severity>,
}

impl<'a> Row<'a> {
    /// Projects one entry.
    pub(super) fn entry(
        tables: &'a Connection,
        memory: &'a mut Memory,
        entry: &Projected<'_>,
    ) -> Result<(), Error> {
        let mut row = Row { tables, memory, entry: entry.sequence, turn: 0, fired: None };
        for (input, facts) in entry.decided {
            row.begin(input.map_or(entry.at, |input| input.at))?;
            if let Some(input) = input {
                row.input(input, facts)?;
            }
            facts.iter().try_for_each(|fact| row.fact(fact))?;
        }
        Ok(())
    }

    fn begin(&mut self, at: Time) -> rusqlite::Result<()> {
        self.fired = None;
        self.memory.time = self.memory.time.max(at);
        let minute = self.at().div_euclid(MINUTE_MS);
        if self.memory.minute.is_none_or(|newest| newest < minute) {
            let first = place(self.entry, self.turn);
            self.run("INSERT INTO clock VALUES (?1, ?2)", params![minute, first])?;
            self.memory.minute = Some(minute);
        }
        Ok(())
    }

    fn at(&self) -> i64 {
        self.memory.time.millis()
    }

    fn next(&mut self) -> i64 {
        let next = place(self.entry, self.turn);
        self.turn += 1;
        next
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
        self.tables.prepare_cached(sql)?.execute(values).map(drop)
    }

    fn input(&mut self, input: &Input, facts: &[Fact]) -> rusqlite::Result<()> {
        let Some(came) = events::Row::of(input, facts) else { return Ok(()) };
        let number = self.next();
        came.insert(self.tables, number, self.at(), input)
    }

    fn fact(&mut self, fact: &Fact) -> rusqlite::Result<()> {
        match fact {
            Fact::AlertFired { alert, .. } => self.fired = Some(alert.severity),
            Fact::CaseOpened { case, about } => self.case_opened(*case, about)?,
            Fact::CaseClosed { case } => self.case_closed(*case)?,
            Fact::AlertJoined { case, fingerprint } => {
                let member = params![stored(*case), fingerprint.0.cast_signed()];
                self.run("INSERT OR IGNORE INTO members VALUES (?1, ?2)", member)?;
            }
            Fact::IncidentChanged { event, open, .. } => self.incident_changed(event, *open)?,
            Fact::BriefingOpened { case, audience, row, disclosure }
            | Fact::BriefingMoved { case, audience, row, disclosure } => {
                let number = self.case(*case)?;
                let sql = "INSERT INTO briefings (number, audience, rule, disclosure) VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT DO UPDATE SET rule = ?3, disclosure = ?4";
                self.run(sql, params![number, audience.as_str(), row.as_str(), disclosure.as_str()])?;
            }
            Fact::Notified(notified) => self.notified(notified)?,
            Fact::Withheld { case, audience, recipient, reason, digest_at } => {
                self.withheld(*case, audience, recipient, reason.as_str(), *digest_at)?;
            }
            Fact::Released { deliveries } => deliveries.iter().try_for_each(|id| self.released(*id))?,
            Fact::Returned { delivery, maybe_sent, counted, failure, .. } => {
                self.failed(*delivery, *maybe_sent, *counted, failure.as_ref())?;
            }
            Fact::Ended { delivery, end } => self.ended(*delivery, end)?,
            // These say nothing about who was told: how State is led, and what the events themselves say already.
            Fact::Started { .. }
            | Fact::LaneCaughtUp { .. }
            | Fact::CatchUpEnded {}
            | Fact::CatchUpSettled {} => {}
            Fact::PolicyAdopted { .. } | Fact::PolicyRead { .. } | Fact::ClockStepped { .. } => {}
            Fact::GapFound { .. } | Fact::LaneStopped { .. } => {}
            Fact::IdentityRemembered { .. } | Fact::IdentitiesForgotten { .. } => {}
            Fact::DeadLettered { .. } | Fact::Quarantined { .. } => {}
            Fact::AlertChanged { .. } | Fact::AlertResolved { .. } => {}
            Fact::AlertsLost { .. } | Fact::AlertsForgotten { .. } | Fact::AlertsLeft { .. } => {}
            Fact::CaseDue { .. } | Fact::DigestPlanned { .. } | Fact::DigestDropped { .. } => {}
            Fact::Rested { .. } | Fact::ChannelPaused { .. } | Fact::ChannelProbed { .. } => {}
            Fact::ChannelOpened { .. } | Fact::NoticeRaised { .. } => {}
            Fact::NoticePlanned { .. } | Fact::NoticeTold { .. } => {}
        }
        Ok(())
    }

    fn case_opened(&mut self, case: CaseId, about: &CaseAbout) -> rusqlite::Result<()> {
        let (kind, name) = match about {
            CaseAbout::Group { row, labels, .. } => ("group", Cow::from(format!("{row}{labels}"))),
            CaseAbout::Incident { id } => ("incident", Cow::from(&**id)),
            CaseAbout::Desk { audience } => ("desk", Cow::from(audience.as_str())),
        };
        let severity = self.fired.filter(|_| kind == "group");
        let opened = Some(self.at());
        self.insert_case(case, kind, &name, opened, severity)?;
        self.name(case, &name)
    }

    fn insert_case(
        &mut self,
        case: CaseId,
        kind: &str,
        name: &str,
        opened: Option<i64>,
        severity: Option<Severity>,
    ) -> rusqlite::Result<i64> {
        let number = self.next();
        let sql = "INSERT INTO cases (number, case_id, kind, name, opened_at, status, severity)
            VALUES (?1, ?2, ?3, ?4, ?5, 'open', ?6)";
        self.run(sql, params![number, stored(case), kind, name, opened, severity.map(|s| s.0)])?;
        self.memory.open.insert(case, number);
        Ok(number)
    }

    /// The row of a case. One that began before history does is named by its number.
    fn case(&mut self, case: CaseId) -> rusqlite::Result<i64> {
        match self.memory.open.get(&case) {
            Some(number) => Ok(*number),
            None => self.insert_case(case, "unknown", &case.to_string(), None, None),
        }
    }

    fn name(&self, case: CaseId, name: &str) -> rusqlite::Result<()> {
        self.run("INSERT OR IGNORE INTO names VALUES (?1, ?2)", params![name, stored(case)])
    }

    fn case_closed(&mut self, case: CaseId) -> rusqlite::Result<()> {
        let Some(number) = self.memory.open.remove(&case) else { return Ok(()) };
        // One that nobody was told the end of is over all the same, in a way that was not said.
        let sql = "UPDATE cases SET closed_at = ?2, status = iif(status = 'open', 'closed', status)
            WHERE number = ?1";
        self.run(sql, params![number, self.at()])
    }

    fn incident_changed(&mut self, event: &IncidentEvent, open: Option<bool>) -> rusqlite::Result<()> {
        let case = crate::decide::incident_case(&event.incident);
        if !self.memory.open.contains_key(&case) {
            self.insert_case(case, "incident", &event.incident, None, None)?;
            self.name(case, &event.incident)?;
        }
        let number = self.case(case)?;
        if let Some(open) = open {
            let status = if open { "open" } else { "resolved" };
            self.run("UPDATE cases SET status = ?2 WHERE number = ?1", params![number, status])?;
        }
        if let Some(word) = &event.severity {
            let sql = "UPDATE cases SET severity = NULL, severity_word = ?2 WHERE number = ?1";
            self.run(sql, params![number, &**word])?;
        }
        Ok(())
    }

    fn notified(&mut self, notified: &Notified) -> rusqlite::Result<()> {
        let (message, at) = (&notified.message, self.at());
        let number = self.case(notified.case)?;
        let sql = "INSERT INTO notifications VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        self.run(
            sql,
            params![
                count(notified.id.0),
                notified.ordinal,
                notified.said.status.as_str(),
                notified.severity.0,
                &*message.severity,
                notified.due.millis(),
                notified.event_at.millis(),
                plain(&message.title),
                plain(&message.short),
                notified.deliveries.first().map(|decided| count(decided.id.0)),
                count(notified.deliveries.len() as u64),
            ],
        )?;
        let sql = "INSERT INTO told (number, at, case_id, audience, rule, recipient, channel, notification, delivery,
            kind, key, fate) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'pending')";
        let rule = Some(notified.row.as_str()).filter(|rule| !rule.is_empty());
        for decided in &notified.deliveries {
            let place = self.next();
            self.run(
                sql,
                params![
                    place,
                    at,
                    stored(notified.case),
                    notified.audience.as_str(),
                    rule,
                    decided.recipient.as_str(),
                    decided.channel.as_str(),
                    count(notified.id.0),
                    count(decided.id.0),
                    decided.kind.as_str(),
                    decided.key.bytes(),
                ],
            )?;
        }
        if rule.is_some() {
            // Whoever was told knows the case by this, an outsider by a hash.
            self.name(notified.case, &message.reference)?;
        }
        self.said(number, &notified.audience, notified.said.status.as_str(), notified.said.severity)?;
        let sql = "UPDATE briefings SET title = ?3 WHERE number = ?1 AND audience = ?2 AND title IS NOT ?3";
        self.run(sql, params![number, notified.audience.as_str(), plain(&message.title)])?;
        let sql = "UPDATE cases SET status = ?2, severity = ?3, severity_word = ?4 WHERE number = ?1";
        let status = notified.said.status.as_str();
        self.run(sql, params![number, status, notified.said.severity.0, &*message.severity])?;
        notified.speaks_for.iter().try_for_each(|spoken| self.spoken_for(notified, spoken))
    }

    /// A digest is a word about each case that it names.
    fn spoken_for(&mut self, digest: &Notified, spoken: &SpokenFor) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO spoken VALUES (?1, ?2)";
        self.run(sql, params![stored(spoken.case), count(digest.id.0)])?;
        let number = self.case(spoken.case)?;
        let (status, severity) = (spoken.said.status.as_str(), spoken.said.severity);
        self.said(number, &spoken.audience, status, severity)?;
        let sql = "UPDATE cases SET status = ?2, severity = ?3,
            severity_word = iif(severity IS ?3, severity_word, NULL) WHERE number = ?1";
        self.run(sql, params![number, status, severity.0])
    }

    fn said(&self, number: i64, audience: &Name, status: &str, severity: Severity) -> rusqlite::Result<()> {
        let sql = "UPDATE briefings SET words = words + 1, first_at = coalesce(first_at, ?3), last_at = ?3,
            status = ?4, severity = ?5 WHERE number = ?1 AND audience = ?2";
        self.run(sql, params![number, audience.as_str(), self.at(), status, severity.0])
    }

    fn withheld(
        &mut self,
        case: CaseId,
        audience: &Name,
        recipient: &Recipient,
        why: &str,
        digest_at: Option<Time>,
    ) -> rusqlite::Result<()> {
        let (number, place) = (self.case(case)?, self.next());
        let sql =
            "INSERT INTO told (number, at, case_id, audience, rule, recipient, channel, fate, why, digest_at)
            VALUES (?1, ?2, ?3, ?4,
                nullif((SELECT rule FROM briefings WHERE number = ?5 AND audience = ?4), ''),
                ?6, ?7, 'withheld', ?8, ?9)";
        self.run(
            sql,
            params![
                place,
                self.at(),
                stored(case),
                audience.as_str(),
                number,
                recipient.as_str(),
                channel_of(recipient.as_str()),
                why,
                digest_at.map(Time::millis),
            ],
        )
    }

    fn released(&self, delivery: DeliveryId) -> rusqlite::Result<()> {
        let sql = "UPDATE told SET attempts = attempts + 1, released_at = coalesce(released_at, ?2)
            WHERE delivery = ?1";
        self.run(sql, params![count(delivery.0), self.at()])
    }

    fn failed(
        &mut self,
        delivery: DeliveryId,
        maybe_sent: bool,
        counted: bool,
        failure: Option<&Failure>,
    ) -> rusqlite::Result<()> {
        let (id, place) = (count(delivery.0), self.next());
        let sql = "INSERT INTO failures (delivery, number, at, attempt, maybe_sent, counted, reason, detail)
            SELECT ?1, ?2, ?3, attempts, ?4, ?5, ?6, ?7 FROM told WHERE delivery = ?1";
        let reason = failure.map(|failure| failure.reason.as_str());
        let detail = failure.map(|failure| &*failure.detail);
        self.run(sql, params![id, place, self.at(), maybe_sent, counted, reason, detail])?;
        self.run("UPDATE told SET failures = failures + 1 WHERE delivery = ?1", [id])
    }

    fn ended(&mut self, delivery: DeliveryId, end: &End) -> rusqlite::Result<()> {
        let accepted = match end {
            End::Delivered(accepted) => Some(accepted),
            End::DeadLettered { failure: Some(failure), .. } => {
                let maybe_sent = failure.sent == crate::decide::Sent::Maybe;
                self.failed(delivery, maybe_sent, true, Some(failure))?;
                None
            }
            End::Superseded { .. } | End::Suppressed { .. } | End::DeadLettered { .. } => None,
        };
        // The receipt's place is left out: it may be an address.
        let receipt = accepted.and_then(|accepted| accepted.receipt.as_ref()).map(|receipt| &*receipt.id);
        let sent = accepted.and_then(|accepted| accepted.body.as_ref()).map(|body| *body.bytes());
        let sql =
            "UPDATE told SET fate = ?2, why = ?3, ended_at = ?4, receipt = ?5, sent = ?6 WHERE delivery = ?1";
        self.run(sql, params![count(delivery.0), end.as_str(), word::why(end), self.at(), receipt, sent])
    }
}

/// The channel in a recipient's name.
fn channel_of(recipient: &str) -> Option<&str> {
    let (_, channel) = recipient.rsplit_once('@')?;
    Some(channel.split_once('#').map_or(channel, |(channel, _)| channel))
}

/// A text of a message with its instants written out in UTC.
fn plain(text: &str) -> Cow<'_, str> {
    slot::fill(text, &Filling { zone: jiff::tz::TimeZone::UTC, next_update: None, delay: None })
}
