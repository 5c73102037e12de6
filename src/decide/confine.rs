//! R43: what a token may touch: one that is confined to a team, that team's cases alone; one that the policy does not
//! know, nothing.

use super::answer::{Refused, Refusing};
use super::fact::CaseAbout;
use super::input::{Command, Input};
use super::policy::Policy;
use super::state::State;
use crate::event::id::CaseId;
use crate::event::{Action, Event, IncidentEvent, Labels, Matcher, Name};

/// Why a token may not send this event, if it may not.
pub(super) fn event(state: &State, policy: &Policy, input: &Input, event: &Event) -> Option<String> {
    let token = input.origin.token.as_ref()?;
    let matchers = match matchers(policy, token) {
        Ok(matchers) => matchers?,
        Err(why) => return Some(why),
    };
    let own = |labels: &Labels| meets(matchers, labels);
    let is_own = match event {
        Event::Alert(event) => own(&event.labels),
        Event::Incident(event) => {
            own_incident(state, event, own)
                && (event.action != Action::Merge || own_target(state, event, own))
        }
    };
    (!is_own).then(|| foreign(token))
}

/// Why a token may not answer about a case, if it may not.
pub fn command(state: &State, policy: &Policy, token: &Name, command: &Command) -> Option<Refused> {
    let refused = |text| Some(Refused { why: Refusing::Confined, text });
    let matchers = match matchers(policy, token) {
        Ok(matchers) => matchers?,
        Err(why) => return refused(why),
    };
    let (Command::Acknowledge { case, .. }
    | Command::AnswerNeeds { case, .. }
    | Command::ApproveDraft { case, .. }
    | Command::EditDraft { case, .. }
    | Command::RejectDraft { case, .. }) = command
    else {
        return None;
    };
    if is_own(state, *case, matchers)? { None } else { refused(foreign(token)) }
}

/// What the cases must meet that a token may touch; `None` where it is not confined.
fn matchers<'p>(policy: &'p Policy, token: &Name) -> Result<Option<&'p [Matcher]>, String> {
    if !policy.tokens.contains(token) {
        return Err(format!("the token {token} is not in the configuration in force"));
    }
    Ok(policy.confined.get(token).map(Vec::as_slice))
}

fn meets(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels))
}

/// By the labels of the incident as it is known: what an event says of them makes no case its sender's own. Only of an
/// incident that nobody has told of, by the event's.
fn own_incident(state: &State, event: &IncidentEvent, own: impl Fn(&Labels) -> bool) -> bool {
    let known = state.incidents.get(&event.incident).map(|incident| &incident.record.labels);
    let none = Labels::default();
    own(known.or(event.labels.as_ref()).unwrap_or(&none))
}

/// Whoever merges says something to those who are told of the target.
fn own_target(state: &State, event: &IncidentEvent, own: impl Fn(&Labels) -> bool) -> bool {
    let target = event.into.as_deref().and_then(|into| state.incidents.get(into));
    target.is_some_and(|incident| own(&incident.record.labels))
}

/// Whether a case is one of those; `None` where there is no such case.
fn is_own(state: &State, case: CaseId, matchers: &[Matcher]) -> Option<bool> {
    let case = state.cases.get(&case)?;
    let own = |labels: &Labels| meets(matchers, labels);
    Some(match &case.about {
        CaseAbout::Incident { id } => {
            state.incidents.get(id).is_some_and(|incident| own(&incident.record.labels))
        }
        CaseAbout::Group { labels, .. } => {
            let alerts = case.members.iter().filter_map(|(fingerprint, _)| state.alerts.get(fingerprint));
            let mut all = alerts.map(|alert| &alert.record.labels).peekable();
            if all.peek().is_some() { all.all(own) } else { own(labels) }
        }
        CaseAbout::Desk { .. } => false,
    })
}

fn foreign(token: &Name) -> String {
    format!("the token {token} is confined to a team, and this is none of its cases")
}
