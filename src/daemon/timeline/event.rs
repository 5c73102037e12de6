//! What people and sources said of a case, in the words that a reader may read.

use super::step::Step;
use super::{Reader, Source};
use crate::decide::Fact;
use crate::event::{Action, IncidentEvent, Layered, NoteKind, Stage, Time, Visibility};
use crate::history::Came;
use crate::message::stage_in_words;

/// The steps of incident events. Outsiders read of them by messages alone, which carry the stage and may have to wait
/// (R23, R26).
pub(super) fn steps(source: &Source, reader: &Reader) -> Vec<Step> {
    if !reader.is_inside() {
        return Vec::new();
    }
    let mut events: Vec<(Time, u64, &IncidentEvent)> = Vec::new();
    for moment in &source.trail.moments {
        if let Fact::IncidentChanged { event, stamp, .. } = &moment.fact {
            events.push((stamp.at, moment.place, event));
        }
    }
    events.sort_by_key(|(at, place, _)| (*at, *place));
    let mut known = Known::default();
    events.into_iter().filter_map(|(at, place, event)| known.step(at, place, event, reader)).collect()
}

/// What was said last, to tell a change from a repetition.
#[derive(Default)]
struct Known<'a> {
    stage: Option<Stage>,
    severity: Option<&'a str>,
}

impl<'a> Known<'a> {
    fn step(&mut self, at: Time, place: u64, event: &'a IncidentEvent, reader: &Reader) -> Option<Step> {
        let stage = event.stage.filter(|stage| Some(*stage) != self.stage);
        let severity = event.severity.as_deref().filter(|severity| Some(*severity) != self.severity);
        let before = self.severity;
        self.stage = stage.or(self.stage);
        self.severity = severity.or(self.severity);
        let mut parts: Vec<String> = did(event, reader).into_iter().collect();
        if let Some(severity) = severity {
            parts.push(match before {
                Some(before) => format!("The severity went from {before} to {severity}."),
                None => format!("The severity is {severity}."),
            });
        }
        parts.extend(stage.map(|stage| format!("Stage {}: {}", word(stage), stage_in_words(stage))));
        parts.extend(changes(event, reader));
        if reader.is_insider() {
            parts.extend(texts(event));
        }
        let stage = stage.or((event.action == Action::Resolve).then_some(Stage::Resolved));
        let step = Step { stage, ..Step::of(at, place, what(event.action), parts.join(" ")) };
        (!parts.is_empty()).then_some(step)
    }
}

fn what(action: Action) -> &'static str {
    match action {
        Action::Open => "declared",
        Action::Update => "changed",
        Action::Acknowledge => "acknowledged_by_event",
        Action::Note => "note",
        Action::Resolve => "resolved",
        Action::Reopen => "reopened",
        Action::Merge => "merged",
    }
}

fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Investigating => "investigating",
        Stage::Identified => "identified",
        Stage::Monitoring => "monitoring",
        Stage::Resolved => "resolved",
    }
}

/// What was done, and by whom where the reader may know it.
fn did(event: &IncidentEvent, reader: &Reader) -> Option<String> {
    let passive = match event.action {
        Action::Open => "The incident was declared",
        Action::Resolve => "The incident was declared over",
        Action::Reopen => "The incident was reopened",
        Action::Merge => "The incident was merged into another",
        Action::Acknowledge | Action::Note | Action::Update if !reader.is_insider() => return None,
        Action::Acknowledge => "The incident was acknowledged",
        Action::Update => "The incident was updated",
        Action::Note => match event.note_kind {
            Some(NoteKind::Finding) => "Finding",
            Some(NoteKind::Hypothesis) => "Hypothesis",
            Some(NoteKind::Attempt) => "Attempt",
            Some(NoteKind::Outcome) => "Outcome",
            None => "Note",
        },
    };
    if !reader.is_insider() {
        return Some(format!("{passive}."));
    }
    let into = event.into.as_deref().map(|into| format!(", {into},")).unwrap_or_default();
    let by = event.by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
    Some(format!("{passive}{into}{by} ({}).", event.source))
}

/// The fields that the table of levels lets the reader read, as sentences.
fn changes(event: &IncidentEvent, reader: &Reader) -> Vec<String> {
    let flag = |value: Option<bool>, yes: &str, no: &str| {
        value.map(|value| if value { yes.to_owned() } else { no.to_owned() })
    };
    let needs = event.needs.as_ref().map(|needs| {
        let who = needs.who.as_deref().map(|who| format!(" from {who}")).unwrap_or_default();
        let by = needs.by.map(|by| format!(" by {}", reader.time(by))).unwrap_or_default();
        format!("Needed{who}{by}: {}.", needs.what)
    });
    let end = event.expected_end.as_ref().map(|end| {
        let sure = end.confidence.as_deref().map(|sure| format!(", confidence {sure}")).unwrap_or_default();
        format!("It is expected to end by {}{sure}.", reader.time(end.at))
    });
    let seen = event.visibility.map(|visibility| match visibility {
        Visibility::None => "Nobody outside has noticed.".to_owned(),
        Visibility::Customers => "Customers have noticed.".to_owned(),
        Visibility::Public => "The public has noticed.".to_owned(),
        Visibility::Press => "The press has noticed.".to_owned(),
    });
    let customers = event.impact.as_ref().and_then(|impact| impact.customers);
    let impact = event.customer_impact.filter(|affected| customers.is_none() || !affected);
    let revenue = event.impact.as_ref().and_then(|impact| impact.revenue_per_hour.as_deref());
    let lead = |name: &Option<Box<str>>, what: &str| name.as_deref().map(|name| format!("{name} {what}."));
    let components = event.components.as_ref().filter(|components| !components.is_empty());
    let all = [
        ("customer_impact", flag(impact, "Customers are affected.", "No customer is affected.")),
        ("impact.customers", customers.map(|many| format!("{many} customers are affected."))),
        ("impact.revenue_per_hour", revenue.map(|lost| format!("It costs {lost} an hour."))),
        ("data_exposure", flag(event.data_exposure, "Data was exposed.", "No data was exposed.")),
        ("regulatory", flag(event.regulatory, "A regulator must be told.", "No regulator must be told.")),
        ("visibility", seen),
        ("needs.what", needs),
        ("expected_end.confidence", end),
        ("component_ids", components.map(|ids| format!("Affected: {}.", ids.join(", ")))),
        ("commander", lead(&event.commander, "leads the work")),
        ("comms_lead", lead(&event.comms_lead, "leads the communication")),
    ];
    all.into_iter().filter(|(path, _)| reader.reads(path)).filter_map(|(_, text)| text).collect()
}

/// The texts for insiders; what others read stands in the messages to them.
fn texts(event: &IncidentEvent) -> Vec<String> {
    let of = |label: &str, text: &Option<Layered>| {
        let text = text.as_ref()?;
        let said = text.internal.as_ref().or(text.business.as_ref()).or(text.public.as_ref())?;
        Some(format!("{label}: “{said}”."))
    };
    let all = [
        of("Title", &event.title),
        of("Note", &event.note),
        of("Workaround", &event.workaround),
        of("Data", &event.data_safety),
        of("Resolution", &event.resolution),
        of("Write-up", &event.write_up),
    ];
    all.into_iter().flatten().collect()
}

/// The steps of the alerts of a group, which name machines and services: for insiders.
pub(super) fn alerts(source: &Source, reader: &Reader) -> Vec<Step> {
    let step = |came: &Came| {
        let (subject, action) = (came.subject.as_deref()?, came.action.as_deref()?);
        let said = match action {
            "firing" => "fires",
            "resolved" => "has ended",
            _ => "is no longer reported",
        };
        let by = came.source.as_deref().map(|by| format!(" ({by})")).unwrap_or_default();
        let text = format!("Alert {subject} {said}{by}.");
        Some(Step::of(came.received, came.place, "alert", text))
    };
    source.trail.came.iter().filter(|_| reader.is_insider()).filter_map(step).collect()
}
