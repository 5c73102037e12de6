//! R41: the phases of one case as an audience would read them, tried on one event; nothing is decided and nobody is told.

use super::explain::asked;
use super::fact::Stamp;
use super::names::Names;
use super::policy::{Audience, Policy};
use super::route::{self, Asked};
use super::row::Row;
use super::state::Incident;
use super::{alert, incident, speak};
use crate::event::id::Digest;
use crate::event::{Action, Event, IncidentEvent, Labels, Layered, Name, Span, Stage, Status, Time};
use crate::message::{
    self, About, AlertItem, CaseStatus, Disclosure, IncidentRecord, Kind, Message, Subject, Wording,
};

/// A phase of a case: a kind of message, or the word of what was written up after the end (R27).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A kind of message.
    Word(Kind),
    /// What was written up.
    WriteUp,
}

impl Phase {
    /// The phases that are shown where no others are asked for.
    pub const SHOWN: [Phase; 6] = [
        Phase::Word(Kind::Opening),
        Phase::Word(Kind::Update),
        Phase::Word(Kind::Holding),
        Phase::Word(Kind::Escalation),
        Phase::Word(Kind::Resolution),
        Phase::WriteUp,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Word(kind) => kind.as_str(),
            Phase::WriteUp => "write-up",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Phase::Word(kind) => kind,
            Phase::WriteUp => Kind::Update,
        }
    }

    fn is_after_the_end(self) -> bool {
        matches!(self, Phase::Word(Kind::Resolution) | Phase::WriteUp)
    }
}

/// The times that no event knows are made up: the next word half an hour after the beginning, the end after an hour.
const NEXT_WORD: Span = Span::from_mins(30);
const LASTED: Span = Span::from_mins(60);
const WRITE_UP: Span = Span::from_mins(48 * 60);
/// When customers are taken to have had their opening.
const CUSTOMERS_TOLD: Span = Span::from_mins(5);

/// What an audience would read.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The row by which it would be told; none if no row with this audience matches.
    pub route: Option<Name>,
    /// The template that writes; it may be that of a row which does not match.
    pub template: Option<Name>,
    /// Texts that the event does not have for this audience: a neutral sentence stands in, or nothing.
    pub unsaid: Vec<&'static str>,
    /// The time that each message promises for the next one.
    pub next_update: Time,
    /// The messages, by phase.
    pub messages: Vec<(Phase, Message)>,
}

/// What an audience would read in these phases of the case that the event is about, received at `received`. A write-up is
/// shown where the event has one and the audience is told of it.
pub fn preview(
    policy: &Policy,
    event: &Event,
    audience: &Audience,
    phases: &[Phase],
    wording: Wording,
    received: Time,
) -> Preview {
    let none = Labels::default();
    let asked = asked(policy, event, &none).0;
    let rows = route::governing(policy, &asked);
    let told = rows.iter().copied().find(|row| row.audience == audience.name);
    let of_audience = |row: &&Row| row.audience == audience.name && row.conditions.kind == asked.kind;
    let fallback = Row::unrouted(&audience.name, &policy.default_via);
    let row = told.or_else(|| policy.rows.iter().find(of_audience)).unwrap_or(&fallback);
    let case = Case::of(policy, event, &asked, row, received);
    let outside = |row: &&&Row| policy.disclosure(&row.audience) == Disclosure::External;
    let customers = rows.iter().find(outside).filter(|_| audience.disclosure != Disclosure::External);
    let next_update = case.opened + NEXT_WORD;
    let customers_told = customers.map(|row| {
        let subject = case.subject(policy, &asked, Phase::Word(Kind::Opening), row, None);
        let template = row.template.as_ref();
        let level = Disclosure::External;
        let message = message::compose(&subject, level, &policy.templates, template, wording);
        message::words_of(&message, Some(next_update))
    });
    let template = row.template.as_ref();
    let written = case.written.is_some() && audience.disclosure != Disclosure::Internal;
    let phases = phases.iter().copied().filter(|phase| written || *phase != Phase::WriteUp);
    let write = |phase: Phase| {
        let told = customers_told.as_deref().filter(|_| phase != Phase::Word(Kind::Opening));
        let subject = case.subject(policy, &asked, phase, row, told);
        let level = audience.disclosure;
        (phase, message::compose(&subject, level, &policy.templates, template, wording))
    };
    Preview {
        route: told.map(|row| row.name.clone()),
        template: template.cloned(),
        unsaid: match event {
            Event::Incident(event) => unsaid(policy, event, audience.disclosure),
            Event::Alert(_) => Vec::new(),
        },
        next_update,
        messages: phases.map(write).collect(),
    }
}

/// The case that an event is about, as if nothing else were known.
struct Case<'a> {
    event: &'a Event,
    record: IncidentRecord,
    over: IncidentRecord,
    written: Option<IncidentRecord>,
    group: Labels,
    names: Names,
    opened: Time,
}

impl<'a> Case<'a> {
    fn of(policy: &Policy, event: &'a Event, asked: &Asked<'_>, row: &Row, received: Time) -> Case<'a> {
        match event {
            Event::Alert(alert) => {
                let group = row.group_by.of(asked.labels);
                let (name, id) = (&row.name, alert::group_id(&row.name, &row.audience, &group));
                let names = Names {
                    reference: format!("{name}{group}"),
                    public_reference: super::names::public_reference(policy, id),
                };
                let opened = alert.starts_at.unwrap_or(received).min(received);
                let (record, over) = Default::default();
                Case { event, record, over, written: None, group, names, opened }
            }
            Event::Incident(event_of) => {
                let opened = event_of.at.unwrap_or(received).min(received);
                let record = record(policy, event_of, opened);
                let over = IncidentRecord { stage: Some(Stage::Resolved), ..record.clone() };
                let id = incident::case_id(&event_of.incident);
                let names = Names {
                    reference: event_of.incident.to_string(),
                    public_reference: super::names::public_reference(policy, id),
                };
                let write_up = event_of.write_up.clone();
                let written = write_up.map(|text| IncidentRecord { write_up: Some(text), ..over.clone() });
                Case { event, record, over, written, group: Labels::default(), names, opened }
            }
        }
    }

    fn subject<'s>(
        &'s self,
        policy: &'s Policy,
        asked: &Asked<'_>,
        phase: Phase,
        row: &'s Row,
        customers_told: Option<&'s str>,
    ) -> Subject<'s> {
        let over = phase.is_after_the_end();
        let ended = over.then(|| self.opened + LASTED);
        let severity = policy.ladder.name(asked.severity);
        let about = match self.event {
            Event::Alert(alert) => {
                let item = AlertItem {
                    fingerprint: alert.labels.fingerprint(),
                    status: if over { Status::Resolved } else { Status::Firing },
                    severity,
                    labels: &alert.labels,
                    annotations: &alert.annotations,
                    starts_at: self.opened,
                    ends_at: ended,
                    url: alert.url.as_deref(),
                    source: &alert.source,
                };
                let (firing, ended) = if over { (0, 1) } else { (1, 0) };
                About::Alerts { group: &self.group, shown: vec![item], firing, ended, truncated: 0 }
            }
            Event::Incident(_) => About::Incident(match (phase, &self.written) {
                (Phase::WriteUp, Some(written)) => written,
                _ if over => &self.over,
                _ => &self.record,
            }),
        };
        let promised = matches!(self.event, Event::Incident(_)) && phase != Phase::WriteUp;
        Subject {
            kind: phase.kind(),
            status: if over { CaseStatus::Resolved } else { CaseStatus::Open },
            severity,
            urgent: policy.ladder.is_urgent(asked.severity),
            reopened: false,
            reference: &self.names.reference,
            public_reference: &self.names.public_reference,
            opened_at: self.opened,
            changed_at: self.opened,
            resolved_at: ended,
            route: row.name.as_str(),
            audience: row.audience.as_str(),
            customers_told: customers_told.map(|words| (words, self.opened + CUSTOMERS_TOLD)),
            write_up: ended.map(|end| end + WRITE_UP).filter(|_| promised),
            hold: false,
            about,
        }
    }
}

/// What would be known after the event, if it were the first of its incident.
fn record(policy: &Policy, event: &IncidentEvent, at: Time) -> IncidentRecord {
    let mut incident = Incident::default();
    let event = IncidentEvent { action: Action::Open, ..event.clone() };
    incident.take(&event, Stamp { at, rank: 0, tie: Digest::of(&[]) });
    speak::as_it_is_told(policy, &incident)
}

/// What the event leaves open for a reader of `level`, in the words of the event's fields.
fn unsaid(policy: &Policy, event: &IncidentEvent, level: Disclosure) -> Vec<&'static str> {
    let said = |text: &Option<Layered>| {
        let is = |layer: &Option<Box<str>>| layer.as_deref().is_some_and(|text| !text.trim().is_empty());
        text.as_ref().is_some_and(|text| match level {
            Disclosure::Internal => is(&text.internal) || is(&text.business) || is(&text.public),
            Disclosure::Business => is(&text.business) || is(&text.public),
            Disclosure::External => is(&text.public),
        })
    };
    let components = event.components.as_deref().unwrap_or_default();
    let named = components.iter().any(|id| policy.components.contains_key(id));
    let outside = level == Disclosure::External;
    let end = event.expected_end.as_ref().is_some_and(|end| end.public || !outside);
    let all = [
        ("title", said(&event.title)),
        ("note", said(&event.note)),
        ("data_safety", said(&event.data_safety)),
        ("workaround", said(&event.workaround)),
        ("resolution", said(&event.resolution)),
        ("stage", event.stage.is_some()),
        ("scope", event.scope.is_some()),
        ("components", named || (!outside && !components.is_empty())),
        ("expected_end", end),
        ("customer_impact", outside || event.customer_impact.is_some()),
        ("impact", outside || event.impact.is_some()),
        ("needs", outside || event.needs.is_some()),
    ];
    all.into_iter().filter(|(_, said)| !said).map(|(field, _)| field).collect()
}
