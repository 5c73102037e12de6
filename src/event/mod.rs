//! The vocabulary: what happened, to what, how bad, and the names everything else speaks in.

mod alert;
mod incident;
mod label;
mod matcher;
mod name;
mod problem;
mod secret;
mod severity;
mod time;

pub mod id;
pub mod pairs;

pub use alert::{AlertEvent, Status};
pub use incident::{
    Action, Amount, ExpectedEnd, Impact, IncidentEvent, Layered, Needs, NoteKind, Scope, Stage, Visibility,
};
pub use label::{Labels, LabelsBuilder};
pub use matcher::{Matcher, MatcherError, Op};
pub use name::{Name, Recipient};
pub use problem::Problem;
pub use secret::SecretRef;
pub use severity::{Ladder, Severity, SeverityError, SeveritySet};
pub use time::{Span, Time};

use serde::{Deserialize, Serialize};

/// What comes in from outside: the two sorts of event (DESIGN, section 9).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// One label set began or ceased to fire.
    Alert(Box<AlertEvent>),
    /// Something that people declared, or learned about what they declared.
    Incident(Box<IncidentEvent>),
}
