//! Incidents that rules open from alerts: which alerts meet a rule, when that opens an incident, and when it ends by itself.

use super::fact::{Fact, NoticeKind, WatchChange};
use super::incident;
use super::merge;
use super::notice;
use super::policy::{GroupBy, Policy};
use super::state::{State, Watch};
use crate::event::id::{Digest, Fingerprint};
use crate::event::{
    Action, IncidentEvent, Labels, LabelsBuilder, Layered, Matcher, Name, Severity, SeveritySet, Span, Stage,
    Time,
};

/// The source of incidents that rules open.
const SOURCE: &str = "tidings";

/// A rule by which alerts open an incident.
#[derive(Clone, Debug)]
pub struct IncidentRule {
    /// Its identity, `team/NAME` for a team's.
    pub name: Name,
    /// All must match an alert's labels.
    pub matchers: Vec<Matcher>,
    /// The severities that it is for; `None` is any, `none` included (R9).
    pub severity: Option<SeveritySet>,
    /// For how long alerts must have met it without a break.
    pub lasting: Span,
    /// By which labels alerts are told apart: each combination is an incident of its own.
    pub group_by: GroupBy,
    /// The severity of the incident; `None` is that of the worst alert.
    pub opens: Option<Box<str>>,
    /// What the incident is called; `None` is called after its alerts.
    pub title: Option<Layered>,
    /// What is said of it.
    pub note: Option<Layered>,
    /// Whether customers are affected.
    pub customer_impact: Option<bool>,
    /// Which components, by their ids.
    pub components: Vec<Box<str>>,
    /// After how long without an alert it is resolved by itself; `None` is never.
    pub resolve_after: Option<Span>,
}

impl IncidentRule {
    fn is_met(&self, labels: &Labels, severity: Severity) -> bool {
        self.severity.is_none_or(|set| set.contains(severity))
            && self.matchers.iter().all(|matcher| matcher.matches(labels))
    }
}

impl Policy {
    fn incident_rule(&self, name: &Name) -> Option<&IncidentRule> {
        self.incident_rules.iter().find(|rule| rule.name == *name)
    }
}

/// The rules that an alert with these labels meets, each with how long it must do so before an incident is opened.
pub fn rules_met<'p>(policy: &'p Policy, labels: &Labels) -> Vec<&'p IncidentRule> {
    let (severity, _) = policy.ladder.place(labels.get("severity"));
    let met = |rule: &&IncidentRule| rule.is_met(labels, severity) && !policy.is_watchdog(labels);
    policy.incident_rules.iter().filter(met).collect()
}

fn watch(incident: &str, change: WatchChange) -> Fact {
    Fact::Watch { incident: incident.into(), change }
}

/// Whether a rule watches this alert: it is not forgotten before it ends.
pub(super) fn is_watched(state: &State, fingerprint: Fingerprint) -> bool {
    watches_of(state, fingerprint).next().is_some()
}

fn watches_of(state: &State, fingerprint: Fingerprint) -> impl Iterator<Item = (&str, &Watch)> {
    let of_it = state.watching.range((fingerprint, Box::default())..);
    let ids = of_it.take_while(move |(watched, _)| *watched == fingerprint).map(|(_, id)| &**id);
    ids.filter_map(|id| Some((id, state.watched.get(id)?)))
}

/// An alert fires, or is read again under a changed policy: it joins what rules watch, and leaves what it meets no more.
/// `since` is when it did so: what waited in a stream has lasted since it came there.
pub(super) fn read(
    state: &State,
    policy: &Policy,
    now: Time,
    since: Time,
    fingerprint: Fingerprint,
    labels: &Labels,
    severity: Severity,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    if policy.is_watchdog(labels) {
        return facts;
    }
    for rule in &policy.incident_rules {
        let known = watches_of(state, fingerprint).find(|(_, watch)| watch.rule == rule.name);
        match (rule.is_met(labels, severity), known) {
            (true, None) => join(state, policy, now, since, rule, fingerprint, labels, severity, &mut facts),
            (false, Some((incident, known))) => {
                leave(state, policy, now, incident, known, fingerprint, &mut facts);
                // Others may leave in the same reading, and none of them sees that it is the last.
                let look = known.opened && known.alerts.len() > 1;
                facts.extend(look.then(|| watch(incident, WatchChange::Due { at: Some(now) })));
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    facts
}

#[expect(clippy::too_many_arguments, reason = "the parts of an alert come from an event or from State")]
fn join(
    state: &State,
    policy: &Policy,
    now: Time,
    since: Time,
    rule: &IncidentRule,
    fingerprint: Fingerprint,
    labels: &Labels,
    severity: Severity,
    facts: &mut Vec<Fact>,
) {
    let group = rule.group_by.of(labels);
    let id = incident_id(state, &rule.name, &group);
    facts.push(watch(&id, WatchChange::Joined { rule: rule.name.clone(), fingerprint }));
    match state.watched.get(&*id) {
        None => facts.push(watch(&id, WatchChange::Due { at: Some(since + rule.lasting) })),
        Some(known) if known.opened => {
            if known.due.is_some() {
                facts.push(watch(&id, WatchChange::Due { at: None }));
            }
            facts.extend(raise(state, policy, now, rule, known, &id, severity));
        }
        Some(_) => {}
    }
}

/// The incident of a rule and a combination of labels. One that goes on as another, which is over, is not opened again.
fn incident_id(state: &State, rule: &Name, group: &Labels) -> Box<str> {
    let hash = Digest::of(&[b"rule", rule.as_str().as_bytes(), &group.fingerprint().0.to_le_bytes()]);
    let base = format!("auto/{rule}/{}", &hash.to_string()[..8]);
    let is_spent = |id: &str| {
        let open = |id: &str| state.incidents.get(id).is_some_and(|known| known.open == Some(true));
        let other = merge::goes_on_as(state, id);
        other != id && !open(other)
    };
    let later = (2_u32..).map(|number| format!("{base}/{number}"));
    let mut all = std::iter::once(base.clone()).chain(later);
    all.find(|id| !is_spent(id)).unwrap_or(base).into()
}

/// A worse alert makes the incident worse, where the rule names no severity and no person has taken it over.
fn raise(
    state: &State,
    policy: &Policy,
    now: Time,
    rule: &IncidentRule,
    known: &Watch,
    id: &str,
    severity: Severity,
) -> Vec<Fact> {
    let Some(incident) = state.incidents.get(id).filter(|_| rule.opens.is_none() && !known.taken) else {
        return Vec::new();
    };
    let said = policy.ladder.place(incident.record.severity.as_deref()).0;
    if severity >= said || !severity.is_some() {
        return Vec::new();
    }
    let worse = Some(policy.ladder.name(severity).into());
    let event =
        IncidentEvent { severity: worse, ..IncidentEvent::bare(Name::from(SOURCE), id, Action::Update) };
    incident::decide(state, policy, now, now, &event)
}

/// An alert has ended.
pub(super) fn ended(state: &State, policy: &Policy, now: Time, fingerprint: Fingerprint) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (incident, known) in watches_of(state, fingerprint) {
        leave(state, policy, now, incident, known, fingerprint, &mut facts);
    }
    facts
}

fn leave(
    state: &State,
    policy: &Policy,
    now: Time,
    incident: &str,
    known: &Watch,
    fingerprint: Fingerprint,
    facts: &mut Vec<Fact>,
) {
    facts.push(watch(incident, WatchChange::Left { fingerprint }));
    if known.alerts.len() > 1 {
        return;
    }
    facts.push(watch(incident, emptied(state, policy, now, incident, known)));
}

/// Nothing meets the rule any more: when the incident ends by itself, if it does.
fn emptied(state: &State, policy: &Policy, now: Time, incident: &str, known: &Watch) -> WatchChange {
    let rule = policy.incident_rule(&known.rule);
    let after = rule.map_or(policy.resolve_incidents_after, |rule| rule.resolve_after);
    let going_on = known.opened && is_open(state, incident);
    match after.filter(|_| going_on) {
        Some(after) => WatchChange::Due { at: Some(now + after) },
        // Nothing was opened, or it is over already, or a person ends it.
        None => WatchChange::Ended {},
    }
}

fn is_open(state: &State, incident: &str) -> bool {
    let known = state.incidents.get(incident);
    known.is_some_and(|known| known.open == Some(true) && !known.is_merged())
}

/// A watch is due: it has lasted for long enough, or nothing has met its rule for long enough.
pub(super) fn due(state: &State, policy: &Policy, now: Time, incident: &str) -> Vec<Fact> {
    let Some(known) = state.watched.get(incident) else {
        return vec![watch(incident, WatchChange::Due { at: None })];
    };
    if !known.opened {
        return match policy.incident_rule(&known.rule).filter(|_| !known.alerts.is_empty()) {
            Some(rule) => open(state, policy, now, incident, known, rule),
            None => vec![watch(incident, WatchChange::Ended {})],
        };
    }
    if !known.alerts.is_empty() {
        return vec![watch(incident, WatchChange::Due { at: None })];
    }
    if known.left.is_some() && known.left == known.due {
        // Several left at once: only now is it seen that none is left.
        match emptied(state, policy, now, incident, known) {
            WatchChange::Due { at: Some(at) } if at <= now => {}
            change => return vec![watch(incident, change)],
        }
    }
    let mut facts = vec![watch(incident, WatchChange::Ended {})];
    if !is_open(state, incident) {
        return facts;
    }
    if known.taken {
        let text = format!(
            "{incident} was opened by the rule {} and taken over by a person. Nothing meets the rule any more; whether it is over is theirs to say.",
            known.rule
        );
        facts.push(notice::raise(state, now, NoticeKind::NothingMeetsRule, &text, false, None));
        return facts;
    }
    facts.extend(incident::decide(
        state,
        policy,
        now,
        now,
        &IncidentEvent::bare(Name::from(SOURCE), incident, Action::Resolve),
    ));
    facts
}

fn open(
    state: &State,
    policy: &Policy,
    now: Time,
    id: &str,
    known: &Watch,
    rule: &IncidentRule,
) -> Vec<Fact> {
    let mut facts = vec![watch(id, WatchChange::Opened {})];
    if is_open(state, id) {
        return facts;
    }
    let alerts: Vec<_> = known.alerts.iter().filter_map(|alert| state.alerts.get(alert)).collect();
    let common = common(alerts.iter().map(|alert| &alert.record.labels));
    let worst = alerts.iter().map(|alert| alert.record.severity).min().unwrap_or(Severity::NONE);
    let title = rule.title.clone().unwrap_or_else(|| internal(called(rule, &common)));
    let because = format!("Opened by the rule {}: {} alerts meet it.", rule.name, alerts.len());
    let again = state.incidents.get(id).is_some_and(|incident| incident.open == Some(false));
    let action = if again { Action::Reopen } else { Action::Open };
    let event = IncidentEvent {
        severity: Some(rule.opens.clone().unwrap_or_else(|| policy.ladder.name(worst).into())),
        stage: Some(Stage::Investigating),
        // What people said of it the last time stands.
        title: (!again).then_some(title),
        note: Some(rule.note.clone().unwrap_or_else(|| internal(because))),
        customer_impact: rule.customer_impact.filter(|_| !again),
        components: (!again && !rule.components.is_empty()).then(|| rule.components.clone()),
        labels: Some(common),
        ..IncidentEvent::bare(Name::from(SOURCE), id, action)
    };
    facts.extend(incident::decide(state, policy, now, now, &event));
    facts
}

fn internal(text: String) -> Layered {
    Layered { internal: Some(text.into()), business: None, public: None }
}

/// What insiders call an incident of which the rule says no title.
fn called(rule: &IncidentRule, common: &Labels) -> String {
    let name = common.get("alertname").unwrap_or(rule.name.as_str());
    let others = common.iter().filter(|(name, _)| *name != "alertname");
    let group: Vec<String> = others
        .filter(
            |(name, _)| matches!(&rule.group_by, GroupBy::Labels(by) if by.iter().any(|one| **one == **name)),
        )
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    if group.is_empty() { name.to_owned() } else { format!("{name} ({})", group.join(", ")) }
}

/// The labels that all have, with the same values.
fn common<'a>(all: impl Iterator<Item = &'a Labels> + Clone) -> Labels {
    let mut builder = LabelsBuilder::default();
    for (name, value) in all.clone().next().into_iter().flat_map(Labels::iter) {
        if all.clone().all(|labels| labels.get(name) == Some(value)) {
            builder.push(name, value);
        }
    }
    builder.build()
}

/// A person who says something of an incident that a rule opened takes it over: it does not end by itself.
pub(super) fn taken(state: &State, event: &IncidentEvent) -> Option<Fact> {
    let known = state.watched.get(&event.incident)?;
    let says = matches!(event.action, Action::Open | Action::Update | Action::Resolve | Action::Reopen);
    let taken = known.opened && !known.taken && says && event.source.as_str() != SOURCE;
    taken.then(|| watch(&event.incident, WatchChange::Taken {}))
}
