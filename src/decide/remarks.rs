//! What is odd about an event and stops nothing: the sender is told, and what can be decided safely is decided.

use super::merge;
use super::policy::Policy;
use super::state::State;
use crate::event::{Action, Event, IncidentEvent, Span, Stage, Time};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An `at` further back than this is taken as this far back (R6).
const BELIEVED_BACK: Span = Span::from_secs(24 * 3600);

/// The most remarks about one event.
const REMARKS_MAX: usize = 20;

/// One remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// What sort it is.
    pub code: RemarkCode,
    /// What is odd and what was made of it, for the sender: an insider.
    pub text: Box<str>,
}

/// The sorts of remarks: a closed set, because it labels a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemarkCode {
    /// A severity that is missing, or not on the ladder (R9).
    UnknownSeverity,
    /// Needs are asked of nobody who is known.
    UnknownAudience,
    /// A component that has no name for those outside.
    UnknownComponent,
    /// A commander or comms lead who is no contact.
    UnknownContact,
    /// A change of an incident that was never opened.
    UnknownIncident,
    /// A stage that lies before the one that was reached.
    StageBackwards,
    /// A merge of an incident into itself.
    MergedIntoItself,
    /// A merge into an incident that was not opened yet.
    MergedIntoUnknown,
    /// A merge into what goes on as the incident itself.
    MergedInCircle,
    /// Something for those outside names what looks internal.
    InternalWord,
    /// A time that is too old to be believed.
    OldTime,
}

impl RemarkCode {
    /// Every code, for registering metrics at zero.
    pub const ALL: [RemarkCode; 11] = [
        RemarkCode::UnknownSeverity,
        RemarkCode::UnknownAudience,
        RemarkCode::UnknownComponent,
        RemarkCode::UnknownContact,
        RemarkCode::UnknownIncident,
        RemarkCode::StageBackwards,
        RemarkCode::MergedIntoItself,
        RemarkCode::MergedIntoUnknown,
        RemarkCode::MergedInCircle,
        RemarkCode::InternalWord,
        RemarkCode::OldTime,
    ];

    /// The word in metrics and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            RemarkCode::UnknownSeverity => "unknown_severity",
            RemarkCode::UnknownAudience => "unknown_audience",
            RemarkCode::UnknownComponent => "unknown_component",
            RemarkCode::UnknownContact => "unknown_contact",
            RemarkCode::UnknownIncident => "unknown_incident",
            RemarkCode::StageBackwards => "stage_backwards",
            RemarkCode::MergedIntoItself => "merged_into_itself",
            RemarkCode::MergedIntoUnknown => "merged_into_unknown",
            RemarkCode::MergedInCircle => "merged_in_circle",
            RemarkCode::InternalWord => "internal_word",
            RemarkCode::OldTime => "old_time",
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.text)
    }
}

/// What is odd about an event, as things stand before it is decided.
pub fn remarks(state: &State, policy: &Policy, received: Time, event: &Event) -> Vec<Remark> {
    let mut found = remarks_alone(policy, received, event);
    if let Event::Incident(event) = event {
        among_others(state, event, &mut found);
    }
    found.truncate(REMARKS_MAX);
    found
}

/// What is odd about an event by itself, whatever else has happened.
pub fn remarks_alone(policy: &Policy, received: Time, event: &Event) -> Vec<Remark> {
    let mut found = Vec::new();
    match event {
        Event::Alert(event) => severity(policy, event.labels.get("severity"), &mut found),
        Event::Incident(event) => {
            if event.severity.is_some() || event.action == Action::Open {
                severity(policy, event.severity.as_deref(), &mut found);
            }
            names(policy, event, &mut found);
            time(event, received, &mut found);
            super::inner_words::find(policy, event, |field, word| {
                let text = format!(
                    "the public layer of `{field}` says {word:?}, which looks like a name from inside; it goes out as it is written"
                );
                found.push(remark(RemarkCode::InternalWord, text));
            });
        }
    }
    found.truncate(REMARKS_MAX);
    found
}

fn remark(code: RemarkCode, text: impl Into<Box<str>>) -> Remark {
    Remark { code, text: text.into() }
}

fn severity(policy: &Policy, said: Option<&str>, found: &mut Vec<Remark>) {
    let (place, known) = policy.ladder.place(said);
    if known {
        return;
    }
    let counts = policy.ladder.name(place);
    let text = match said {
        Some(said) => format!("severity {said:?} is not on the ladder; it counts as {counts}"),
        None => format!("there is no severity; it counts as {counts}"),
    };
    found.push(remark(RemarkCode::UnknownSeverity, text));
}

/// Names that the configuration does not know. Of what it names none at all, none can be missed.
fn names(policy: &Policy, event: &IncidentEvent, found: &mut Vec<Remark>) {
    for (role, who) in [("commander", &event.commander), ("comms_lead", &event.comms_lead)] {
        let Some(who) = who.as_deref() else { continue };
        if !policy.contacts.is_empty() && !policy.contacts.contains_key(who) {
            let text = format!(
                "{role} {who:?} is no contact; the name is shown, and the person is not reached by it"
            );
            found.push(remark(RemarkCode::UnknownContact, text));
        }
    }
    if let Some(who) = event.needs.as_ref().and_then(|needs| needs.who.as_deref())
        && !policy.audiences.contains_key(who)
        && !policy.contacts.contains_key(who)
    {
        let text = format!(
            "needs are asked of {who:?}, which is no audience and no contact; they are shown to everyone who may see them"
        );
        found.push(remark(RemarkCode::UnknownAudience, text));
    }
    for component in event.components.iter().flatten() {
        if !policy.components.is_empty() && !policy.components.contains_key(component) {
            let text = format!("component {component:?} has no public name; those outside do not hear of it");
            found.push(remark(RemarkCode::UnknownComponent, text));
        }
    }
}

fn time(event: &IncidentEvent, received: Time, found: &mut Vec<Remark>) {
    let oldest = received - BELIEVED_BACK;
    if let Some(at) = event.at.filter(|at| *at < oldest) {
        let text = format!("at {at} is too long ago to be believed; {oldest} is taken for it");
        found.push(remark(RemarkCode::OldTime, text));
    }
}

/// What is odd beside what is known of this incident and of others.
fn among_others(state: &State, event: &IncidentEvent, found: &mut Vec<Remark>) {
    let known = state.incidents.get(&event.incident);
    let id = &event.incident;
    let opens = matches!(event.action, Action::Open | Action::Reopen);
    if known.is_none_or(|known| known.open.is_none()) && !opens {
        let text =
            format!("{id} was never opened; what is said of it is kept, and nobody is told until it is");
        found.push(remark(RemarkCode::UnknownIncident, text));
    }
    if let (Some(reached), Some(now)) = (known.and_then(|known| known.record.stage), event.stage)
        && now < reached
        && event.action != Action::Reopen
    {
        let word = |stage: Stage| serde_json::to_value(stage).ok()?.as_str().map(str::to_owned);
        let (now, reached) = (word(now).unwrap_or_default(), word(reached).unwrap_or_default());
        let text = format!("the stage goes back from {reached} to {now}; the newest word counts");
        found.push(remark(RemarkCode::StageBackwards, text));
    }
    let Some(into) = event.into.as_deref().filter(|_| event.action == Action::Merge) else { return };
    let target = merge::goes_on_as(state, into);
    if into == &**id {
        let text = format!("{id} cannot be merged into itself; nothing was changed");
        found.push(remark(RemarkCode::MergedIntoItself, text));
    } else if merge::is_circle(state, id, into) {
        let text = format!("{into} goes on as {id} already; nothing was changed");
        found.push(remark(RemarkCode::MergedInCircle, text));
    } else if !merge::leads_to_one_opened(state, into) {
        let text = format!("{target} was not opened yet; {id} goes on as itself until it is");
        found.push(remark(RemarkCode::MergedIntoUnknown, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_with_the_word_that_it_is_written_with() {
        for code in RemarkCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
