//! R6: what an incident event changes. The end is the same for every order and repetition of an incident's events.

use super::escalate;
use super::fact::{CaseAbout, Fact, Kept, Stamp};
use super::merge;
use super::policy::Policy;
use super::speak;
use super::state::{Incident, State};
use crate::event::id::{CaseId, Digest};
use crate::event::{Action, IncidentEvent, Layered, Span, Stage, Time};

/// An event's `at` is believed this far back (R6).
const BELIEVED_BACK: Span = Span::from_secs(24 * 3600);

/// The case of an incident.
pub fn case_id(incident: &str) -> CaseId {
    CaseId(Digest::of(&[b"incident", incident.as_bytes()]).short())
}

pub(super) fn decide(
    state: &State,
    policy: &Policy,
    now: Time,
    received: Time,
    event: &IncidentEvent,
) -> Vec<Fact> {
    let known = state.incidents.get(&event.incident);
    if event.action == Action::Merge && leads_nowhere(state, event) {
        return Vec::new();
    }
    let stamp = stamp_of(policy, event, received);
    let mut event = event.clone();
    if event.action == Action::Note {
        // The text of a note is the notebook's; it never becomes what audiences are told.
        if known.is_some_and(|known| has_note(known, stamp, &event)) {
            return Vec::new();
        }
    } else if let Some(known) = known {
        let newer = |field: &str| known.stamp(field).is_some_and(|have| have >= stamp);
        super::state::keep_newest(&mut event, newer);
    }
    let open = open_after(&event, known, stamp);
    let repeated = known.is_some_and(|known| known.stamps.get(action_key(event.action)) >= Some(&stamp));
    let sets_nothing = open.is_none() && super::state::set_fields(&event).is_empty();
    let first_opening = event.action == Action::Open
        && known.is_some_and(|known| known.opened.is_none_or(|opened| stamp.at < opened));
    if sets_nothing && !first_opening && (repeated || !acts(event.action)) {
        return Vec::new();
    }
    let action = event.action;
    if repeated && acts(action) && action != Action::Note {
        // Something newer of this sort is known; only the fields that it carries are news.
        event.action = Action::Update;
    }
    let case = case_id(&event.incident);
    let mut facts = Vec::new();
    let new = !state.cases.contains_key(&case);
    if new {
        let about = CaseAbout::Incident { id: event.incident.clone() };
        facts.push(Fact::CaseOpened { case, about });
    }
    let merged = event.into.clone().filter(|_| event.action == Action::Merge);
    let is_open = open.or(known.and_then(|known| known.open)).is_some();
    let id = event.incident.clone();
    let earlier = Some(received).filter(|received| *received < now);
    let causes =
        if acts_on_case(&event) { escalate::causes(policy, received, known, &event) } else { Vec::new() };
    let acknowledges = event.action == Action::Acknowledge;
    let by_event = acknowledges.then(|| {
        let severity = known.map_or(policy.ladder.place(None).0, |known| speak::severity_of(policy, known));
        escalate::by_event(case, &event, severity)
    });
    let speaks = speaks(action) || event.write_up.is_some();
    facts.push(Fact::IncidentChanged { event: Box::new(event), stamp, open, received: earlier });
    facts.extend(merge::settle(state, received.min(now), &id, merged.as_deref(), is_open));
    facts.extend(causes.into_iter().map(|cause| Fact::Kept(Kept::EscalationCaused { case, cause })));
    facts.extend(by_event);
    let back = open == Some(true) && known.is_some_and(|known| known.open == Some(false));
    facts.extend(escalate::reopened(state, policy, case).filter(|_| back));
    // A new case is looked at whatever it begins with, so that it is forgotten one day (R44).
    if speaks || new {
        let due = state.cases.get(&case).and_then(|case| case.due);
        let at = due.map_or(received.min(now), |due| due.min(received.min(now)));
        facts.push(Fact::CaseDue { case, at: Some(at) });
    }
    facts
}

/// Whether the event may give something to escalate.
fn acts_on_case(event: &IncidentEvent) -> bool {
    matches!(event.action, Action::Open | Action::Update | Action::Reopen)
}

/// What speaks: the rest is kept for the timeline and for who leads, but for what it writes up.
fn speaks(action: Action) -> bool {
    match action {
        Action::Open
        | Action::Update
        | Action::Acknowledge
        | Action::Resolve
        | Action::Reopen
        | Action::Merge => true,
        Action::Note => false,
    }
}

/// Actions that are something in themselves even where they set no field.
fn acts(action: Action) -> bool {
    matches!(action, Action::Acknowledge | Action::Merge | Action::Note)
}

fn action_key(action: Action) -> &'static str {
    match action {
        Action::Acknowledge => "acknowledged",
        Action::Merge => "merged",
        Action::Note | Action::Open | Action::Update | Action::Resolve | Action::Reopen => "open",
    }
}

/// What outsiders may come to know by the event. It orders events of one instant first, so that what they read never
/// depends on words for insiders.
fn outer(policy: &Policy, event: &IncidentEvent) -> Digest {
    let public = |text: &Option<Layered>| text.as_ref().and_then(|text| text.public.clone());
    let texts = [&event.title, &event.note, &event.data_safety, &event.workaround, &event.resolution];
    let named = event.components.iter().flatten().filter_map(|id| policy.components.get(id));
    let named: Vec<&Box<str>> = named.collect();
    let end = event.expected_end.as_ref().filter(|end| end.public);
    let words = (event.action, event.stage, &event.severity, event.customer_impact, &event.scope, end);
    let content = serde_json::to_vec(&(words, texts.map(public), named)).unwrap_or_default();
    match public(&event.write_up) {
        Some(text) => Digest::of(&[&content, text.as_bytes()]),
        None => Digest::of(&[&content]),
    }
}

fn stamp_of(policy: &Policy, event: &IncidentEvent, received: Time) -> Stamp {
    let at = event.at.unwrap_or(received).clamp(received - BELIEVED_BACK, received);
    let rank = match event.action {
        Action::Open => 0,
        Action::Update | Action::Acknowledge | Action::Note | Action::Merge => 1,
        Action::Resolve => 2,
        Action::Reopen => 3,
    };
    let content = serde_json::to_vec(event).unwrap_or_default();
    Stamp { at, rank, tie: outer(policy, event).before(Digest::of(&[&content])) }
}

/// Whether the incident goes on after this event, if this event says so and nothing newer does.
fn open_after(event: &IncidentEvent, known: Option<&Incident>, stamp: Stamp) -> Option<bool> {
    let says = match event.action {
        Action::Open | Action::Reopen => true,
        Action::Resolve => false,
        Action::Update if event.stage == Some(Stage::Resolved) => false,
        Action::Update | Action::Acknowledge | Action::Note | Action::Merge => return None,
    };
    let newest = known.and_then(|known| known.stamps.get("open"));
    newest.is_none_or(|newest| *newest < stamp).then_some(says)
}

/// A merge after which none of the incidents would go on changes nothing.
fn leads_nowhere(state: &State, event: &IncidentEvent) -> bool {
    event.into.as_deref().is_none_or(|into| merge::is_circle(state, &event.incident, into))
}

fn has_note(known: &Incident, stamp: Stamp, event: &IncidentEvent) -> bool {
    let text = event.note.clone().or_else(|| event.write_up.clone()).unwrap_or_default();
    known.record.notes.iter().any(|note| note.at == stamp.at && note.text == text && note.by == event.by)
}

/// Whether an action lets rows open briefings.
pub(super) fn opens(action: Action) -> bool {
    matches!(action, Action::Open | Action::Reopen | Action::Update)
}
