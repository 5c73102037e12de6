//! Facts to rows: what each fact means for the tables.

use super::cases::{CaseKind, CaseStanding, standing};
use super::draft::{Draft, Drafts};
use super::fate::Fates;
use super::feed::Projected;
use super::number::Numbers;
use super::pens::Pens;
use super::place::{count, place, stored};
use super::{Error, approval, events, moment};
use crate::decide::{CaseAbout, End, Fact, Failure, Input, Kept, Notified, SpokenFor};
use crate::event::id::{CaseId, DeliveryId};
use crate::event::{IncidentEvent, Name, Recipient, Severity, Time};
use rusqlite::{Connection, OptionalExtension, params};
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
    ways: Numbers,
    forms: Numbers,
    /// What became of deliveries and is not written yet.
    fates: Fates,
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
        Ok(Memory { time: Time::from_millis(at), minute, open, ..Memory::default() })
    }

    /// The newest ledger time.
    pub(super) fn time(&self) -> Time {
        self.time
    }

    /// Writes what is not written yet: before a commit.
    pub(super) fn write(&mut self, tables: &Connection) -> rusqlite::Result<()> {
        self.fates.write(&mut Pens::of(tables)?)
    }
}

/// Projects entries into an open transaction.
pub(super) fn entries(
    tables: &Connection,
    memory: &mut Memory,
    entries: &[Projected<'_>],
) -> Result<(), Error> {
    let mut row =
        Row { pens: Pens::of(tables)?, memory, drafts: Drafts::default(), entry: 0, turn: 0, fired: None };
    entries.iter().try_for_each(|entry| row.entry(entry))?;
    row.drafts.write(&mut row.pens)?;
    row.memory.fates.write_if_many(&mut row.pens)?;
    Ok(())
}

/// The row to be written next.
struct Row<'a> {
    pens: Pens<'a>,
    memory: &'a mut Memory,
    drafts: Drafts,
    entry: u64,
    turn: u64,
    /// How bad the alert is that fired last among the facts of this input, and since when it fires.
    fired: Option<(Severity, Time)>,
}

impl Row<'_> {
    fn entry(&mut self, entry: &Projected<'_>) -> rusqlite::Result<()> {
        (self.entry, self.turn) = (entry.sequence, 0);
        for (input, facts) in entry.decided {
            self.begin(input.map_or(entry.at, |input| input.at))?;
            if let Some(input) = input {
                self.input(input, facts)?;
            }
            facts.iter().try_for_each(|fact| self.fact(fact))?;
        }
        self.memory.time = self.memory.time.max(entry.at);
        Ok(())
    }

    fn begin(&mut self, at: Time) -> rusqlite::Result<()> {
        self.fired = None;
        self.memory.time = self.memory.time.max(at);
        let minute = self.at().div_euclid(MINUTE_MS);
        if self.memory.minute.is_none_or(|newest| newest < minute) {
            let first = place(self.entry, self.turn);
            self.pens.minute.execute([minute, first])?;
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

    fn input(&mut self, input: &Input, facts: &[Fact]) -> rusqlite::Result<()> {
        let Some(came) = events::Row::of(input, facts) else { return Ok(()) };
        let (number, at) = (self.next(), self.at());
        came.insert(&mut self.memory.forms, &mut self.pens, number, at, &input.origin)
    }

    fn fact(&mut self, fact: &Fact) -> rusqlite::Result<()> {
        match fact {
            Fact::AlertFired { alert, .. } => self.fired = Some((alert.severity, alert.starts_at)),
            Fact::CaseOpened { case, about } => self.case_opened(*case, about),
            Fact::CaseClosed { case } => self.case_closed(*case)?,
            Fact::AlertJoined { case, fingerprint } => {
                if let Some(member) = self.case(*case)?.join(fingerprint.0.cast_signed()) {
                    self.pens.member.execute(member)?;
                }
            }
            Fact::IncidentChanged { event, stamp, open, .. } => {
                self.incident_changed(event, stamp.at, *open)?;
            }
            Fact::BriefingOpened { case, audience, row, disclosure }
            | Fact::BriefingMoved { case, audience, row, disclosure, .. } => {
                self.case(*case)?.brief(audience, row, *disclosure);
            }
            Fact::Notified(notified) => self.notified(notified)?,
            Fact::Withheld { case, audience, recipient, reason, digest_at } => {
                self.withheld(*case, audience, recipient, reason.as_str(), *digest_at)?;
            }
            Fact::Released { deliveries } => {
                let at = self.at();
                deliveries.iter().for_each(|id| self.memory.fates.released(*id, at));
            }
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
            Fact::Watch { .. } | Fact::MergeWaits { .. } | Fact::ReadingPlanned { .. } => {}
            Fact::CaseDue { .. } | Fact::DigestPlanned { .. } | Fact::DigestDropped { .. } => {}
            Fact::Rested { .. } | Fact::ChannelPaused { .. } | Fact::ChannelProbed { .. } => {}
            Fact::ChannelOpened { .. } | Fact::NoticeRaised { .. } => {}
            Fact::NoticePlanned { .. } | Fact::NoticeTold { .. } => {}
            // These are moments.
            Fact::Kept(Kept::FirstWordMissed { .. }) | Fact::Kept(Kept::WordHeld { .. }) => {}
            Fact::Kept(Kept::Drafted(_))
            | Fact::Kept(Kept::DraftAsked { .. })
            | Fact::Kept(Kept::DraftApproved { .. })
            | Fact::Kept(Kept::DraftRejected { .. })
            | Fact::Kept(Kept::DraftDropped { .. }) => {
                let (number, at) = (self.next(), self.at());
                approval::fact(&mut self.pens, number, at, fact)?;
            }
            Fact::Kept(Kept::PromiseMade { .. } | Kept::CarriedOver { .. } | Kept::NobodyLeft { .. }) => {}
            Fact::Kept(Kept::PromiseEnded { .. } | Kept::PromiseMissed { .. } | Kept::Nudged { .. }) => {}
            Fact::Kept(Kept::Acknowledged { .. })
            | Fact::Kept(Kept::AckVoided { .. })
            | Fact::Kept(Kept::EscalationCaused { .. }) => {}
            Fact::Kept(Kept::Escalated { .. }) | Fact::Kept(Kept::NeedsAnswered { .. }) => {}
            Fact::Kept(Kept::WriteUpPromised { .. }) | Fact::Kept(Kept::WriteUpEnded { .. }) => {}
            Fact::Kept(Kept::WriteUpNudged { .. })
            | Fact::Kept(Kept::WriteUpDropped { .. })
            | Fact::Kept(Kept::WriteUpTold { .. }) => {}
            // Clocks of rows, and what the deliveries themselves say already.
            Fact::Kept(Kept::RowBegan { .. })
            | Fact::Kept(Kept::RowEnded { .. })
            | Fact::Kept(Kept::FellBack { .. }) => {}
            Fact::AddressDied { .. } | Fact::AddressRevived { .. } => {}
        }
        moment::of(fact).map_or(Ok(()), |case| self.moment(case, fact))
    }

    fn moment(&mut self, case: CaseId, fact: &Fact) -> rusqlite::Result<()> {
        let opened = self.case(case)?.number;
        let (place, at) = (self.next(), self.at());
        let wrong = |error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
        let text = serde_json::to_string(fact).map_err(wrong)?;
        self.pens.moment.execute(params![place, at, opened, text]).map(drop)
    }

    fn case_opened(&mut self, case: CaseId, about: &CaseAbout) {
        let (kind, name) = match about {
            CaseAbout::Group { row, labels, .. } => (CaseKind::Group, format!("{row}{labels}").into()),
            CaseAbout::Incident { id } => (CaseKind::Incident, id.clone()),
            CaseAbout::Desk { audience } => (CaseKind::Desk, audience.as_str().into()),
        };
        let (opened, fired) = (self.at(), self.fired);
        let draft = self.begin_case(case, kind, name);
        draft.opened_at = Some(opened);
        if let Some((severity, began)) = fired.filter(|_| kind == CaseKind::Group) {
            draft.severity = Some(severity.0);
            draft.began(began.millis());
        }
    }

    fn begin_case(&mut self, case: CaseId, kind: CaseKind, name: Box<str>) -> &mut Draft {
        let number = self.next();
        self.memory.open.insert(case, number);
        self.drafts.begin(Draft::new(number, case, kind, name))
    }

    /// The case. One that began before history does is named by its number.
    fn case(&mut self, case: CaseId) -> rusqlite::Result<&mut Draft> {
        match self.memory.open.get(&case) {
            Some(number) => self.drafts.get(*number, &mut self.pens),
            None => Ok(self.begin_case(case, CaseKind::Unknown, case.to_string().into())),
        }
    }

    fn case_closed(&mut self, case: CaseId) -> rusqlite::Result<()> {
        let at = self.at();
        let Some(number) = self.memory.open.remove(&case) else { return Ok(()) };
        self.drafts.get(number, &mut self.pens)?.close(at);
        approval::closed(&mut self.pens, at, case)
    }

    fn incident_changed(
        &mut self,
        event: &IncidentEvent,
        at: Time,
        open: Option<bool>,
    ) -> rusqlite::Result<()> {
        let case = crate::decide::incident_case(&event.incident);
        if !self.memory.open.contains_key(&case) {
            self.begin_case(case, CaseKind::Incident, event.incident.clone());
        }
        let draft = self.case(case)?;
        draft.began(at.millis());
        if let Some(open) = open {
            draft.stands(if open { CaseStanding::Open } else { CaseStanding::Resolved });
        }
        if let Some(word) = &event.severity {
            draft.is_bad(None, Some(word));
        }
        Ok(())
    }

    fn notified(&mut self, notified: &Notified) -> rusqlite::Result<()> {
        let (message, at) = (&notified.message, self.at());
        let said = standing(notified.said.status);
        let draft = self.case(notified.case)?;
        // What is carried again says how the case was, not how it is.
        if !notified.is_redrive() {
            draft.stands(said);
            // A message to outsiders has no word for it.
            if !message.severity.is_empty() {
                draft.is_bad(Some(notified.said.severity.0), Some(&message.severity));
            }
            draft.said(&notified.audience, at, said, notified.said.severity, Some(&message.title));
        }
        let opened = draft.number;
        // Whoever was told knows the case by this, an outsider by a hash.
        if !notified.row.as_str().is_empty() && *draft.name != *message.reference {
            self.pens.name.execute(params![&*message.reference, stored(notified.case)])?;
        }
        let (first, said) = (place(self.entry, self.turn), said.number());
        self.deliveries(notified, opened, said)?;
        let last = place(self.entry, self.turn) - 1;
        notified.speaks_for.iter().try_for_each(|spoken| self.spoken_for(spoken, first, last))
    }

    fn deliveries(&mut self, notified: &Notified, opened: i64, said: i64) -> rusqlite::Result<()> {
        let (message, at, id) = (&notified.message, self.at(), count(notified.id.0));
        // A single recipient's row has the texts itself.
        let own = Some(message).filter(|_| notified.deliveries.len() == 1);
        if notified.deliveries.len() > 1 {
            let texts = params![id, &*message.severity, &*message.title, &*message.short];
            self.pens.texts.execute(texts)?;
        }
        for decided in &notified.deliveries {
            if let Some(original) = decided.redrive_of {
                self.pens.redrive.execute([count(original.0), count(decided.id.0)])?;
            }
            let (place, channel, kind) = (self.next(), decided.channel.as_str(), decided.kind.as_str());
            let way = self.way(&notified.audience, &notified.row, &decided.recipient, channel, kind)?;
            self.pens.told.execute(params![
                place,
                at,
                opened,
                way,
                id,
                count(decided.id.0),
                decided.key.bytes(),
                notified.ordinal,
                said,
                notified.due.millis(),
                notified.event_at.millis(),
                own.map(|own| &*own.severity),
                own.map(|own| &*own.title),
                own.map(|own| &*own.short),
            ])?;
        }
        Ok(())
    }

    fn way(
        &mut self,
        audience: &Name,
        row: &Name,
        recipient: &Recipient,
        channel: &str,
        kind: &str,
    ) -> rusqlite::Result<i64> {
        let words = [audience.as_str(), row.as_str(), recipient.as_str(), channel, kind];
        self.memory.ways.of(&words, &mut self.pens.way, &mut self.pens.new_way)
    }

    /// A digest is a word about each case that it names.
    fn spoken_for(&mut self, spoken: &SpokenFor, first: i64, last: i64) -> rusqlite::Result<()> {
        if first <= last {
            self.pens.spoken.execute([stored(spoken.case), first, last])?;
        }
        let (said, severity, at) = (standing(spoken.said.status), spoken.said.severity, self.at());
        let draft = self.case(spoken.case)?;
        draft.said(&spoken.audience, at, said, severity, None);
        draft.stands(said);
        // Its word is that of a message which said as much.
        let word = draft.severity_word.take().filter(|_| draft.severity == Some(severity.0));
        draft.is_bad(Some(severity.0), word.as_deref());
        Ok(())
    }

    fn withheld(
        &mut self,
        case: CaseId,
        audience: &Name,
        recipient: &Recipient,
        why: &str,
        digest_at: Option<Time>,
    ) -> rusqlite::Result<()> {
        let draft = self.case(case)?;
        let (opened, row) = (draft.number, draft.rule(audience).cloned().unwrap_or_else(|| "".into()));
        let (place, at) = (self.next(), self.at());
        let channel = channel_of(recipient.as_str()).unwrap_or_default();
        let way = self.way(audience, &row, recipient, channel, "")?;
        let digest_at = digest_at.map(Time::millis);
        self.pens.withheld.execute(params![place, at, opened, way, why, digest_at]).map(drop)
    }

    fn failed(
        &mut self,
        delivery: DeliveryId,
        maybe_sent: bool,
        counted: bool,
        failure: Option<&Failure>,
    ) -> rusqlite::Result<()> {
        let (place, at) = (self.next(), self.at());
        let attempt = self.memory.fates.failed(delivery, &mut self.pens)?;
        let reason = failure.map(|failure| failure.reason.as_str());
        let detail = failure.map(|failure| &*failure.detail);
        let values = params![count(delivery.0), place, at, attempt, maybe_sent, counted, reason, detail];
        self.pens.failure.execute(values).map(drop)
    }

    fn ended(&mut self, delivery: DeliveryId, end: &End) -> rusqlite::Result<()> {
        if let End::DeadLettered { failure: Some(failure), .. } = end {
            let maybe_sent = failure.sent == crate::decide::Sent::Maybe;
            self.failed(delivery, maybe_sent, true, Some(failure))?;
        }
        self.memory.fates.ended(delivery, self.memory.time.millis(), end);
        Ok(())
    }
}

/// The channel in a recipient's name.
fn channel_of(recipient: &str) -> Option<&str> {
    let (_, channel) = recipient.rsplit_once('@')?;
    Some(channel.split_once('#').map_or(channel, |(channel, _)| channel))
}
