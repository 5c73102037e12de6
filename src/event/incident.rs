//! An incident event: what people declared and learned, in layers for those who may read them.

use super::{Labels, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is being done to the incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is declared.
    Open,
    /// Something changed; only what changed is carried.
    Update,
    /// Somebody has taken it on.
    Acknowledge,
    /// A finding, hypothesis, attempt or outcome: kept for the timeline, told to nobody.
    Note,
    /// It is over.
    Resolve,
    /// It is not over after all.
    Reopen,
    /// It is the same as another incident, named by `into`.
    Merge,
}

/// Where the work on it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The cause is being looked for.
    Investigating,
    /// The cause is known.
    Identified,
    /// It is mended and being watched.
    Monitoring,
    /// It is over.
    Resolved,
}

/// What a note records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// Something that was seen.
    Finding,
    /// Something that may be the cause.
    Hypothesis,
    /// Something that was tried.
    Attempt,
    /// What came of it.
    Outcome,
}

/// Who outside the house has noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Nobody.
    None,
    /// Customers who asked.
    Customers,
    /// The public.
    Public,
    /// The press.
    Press,
}

/// A text in up to three layers; a missing layer is never filled from a more internal one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Layered {
    /// For those who mend it. A bare string is this layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal: Option<Box<str>>,
    /// For those who answer for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business: Option<Box<str>>,
    /// For those outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<Box<str>>,
}

/// Whom it reaches, in words that outsiders may read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Scope {
    /// How many: `some`, `many`, `all`, or words of one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<Box<str>>,
    /// Where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Box<str>>,
}

/// An amount of money in words, such as `5000 EUR`.
pub type Amount = Box<str>;

/// What it costs, for those who answer for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Impact {
    /// How many customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers: Option<u64>,
    /// Their share of all customers, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<Box<str>>,
    /// Lost revenue in an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revenue_per_hour: Option<Amount>,
    /// Customers by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Box<str>>,
}

/// What is needed from somebody, and by when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Needs {
    /// What.
    pub what: Box<str>,
    /// From whom: an audience or a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<Box<str>>,
    /// By when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub by: Option<Time>,
}

/// When it is expected to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedEnd {
    /// When.
    #[schemars(with = "String")]
    pub at: Time,
    /// How sure: `low`, `medium`, `high`, or words of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Box<str>>,
    /// Whether outsiders may be told.
    #[serde(default)]
    pub public: bool,
}

/// One event about one incident. Every field but `incident` and `action` may be absent: an update carries what changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentEvent {
    /// Who says it.
    pub source: super::Name,
    /// Which incident, in the source's own naming.
    pub incident: Box<str>,
    /// What is being done.
    pub action: Action,
    /// When it happened; clamped to [received − 24 h, received] (R6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// How bad, as the source writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Box<str>>,
    /// Where the work stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// What it is, in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Layered>,
    /// What is known or being done, in a few sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Layered>,
    /// What a `note` records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note_kind: Option<NoteKind>,
    /// Whether customers are affected; absent means not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_impact: Option<bool>,
    /// Whom it reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Which components, by their ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<Box<str>>>,
    /// Whether data is safe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_safety: Option<Layered>,
    /// What works meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workaround: Option<Layered>,
    /// What happened, said at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Layered>,
    /// What was found and what is changed, written after the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_up: Option<Layered>,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    /// What is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
    /// When it should end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_end: Option<ExpectedEnd>,
    /// Whether data was exposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_exposure: Option<bool>,
    /// Whether a regulator must be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regulatory: Option<bool>,
    /// Who outside has noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// Who leads the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commander: Option<Box<str>>,
    /// Who leads the communication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comms_lead: Option<Box<str>>,
    /// For matchers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Labels>,
    /// The person who says it, where the source names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Box<str>>,
    /// For `merge`: the incident that goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<Box<str>>,
}

impl IncidentEvent {
    /// An event that carries nothing but its action.
    pub fn bare(source: super::Name, incident: &str, action: Action) -> IncidentEvent {
        IncidentEvent {
            source,
            incident: incident.into(),
            action,
            at: None,
            severity: None,
            stage: None,
            title: None,
            note: None,
            note_kind: None,
            customer_impact: None,
            scope: None,
            components: None,
            data_safety: None,
            workaround: None,
            resolution: None,
            write_up: None,
            impact: None,
            needs: None,
            expected_end: None,
            data_exposure: None,
            regulatory: None,
            visibility: None,
            commander: None,
            comms_lead: None,
            labels: None,
            by: None,
            into: None,
        }
    }
}
