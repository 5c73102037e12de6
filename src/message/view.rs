//! What one level may see of a subject: the only thing that producers of text are given.

use super::{CaseStatus, Disclosure, Kind, Wording, slot};
use crate::event::id::Fingerprint;
use crate::event::{Labels, Stage, Status, Time, Visibility};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

type Text<'a> = Cow<'a, str>;

/// What one level may see of a subject, cut by the one table. As JSON it is the message's `data` and the context of
/// templates; what may not be seen and what is not known are both absent.
#[derive(Clone, Debug, Serialize)]
pub struct View<'a> {
    /// Whose view it is.
    #[serde(skip)]
    pub level: Disclosure,
    /// Whose words it holds.
    #[serde(skip)]
    pub(super) wording: Wording,
    pub(super) about: &'static str,
    pub(super) kind: Kind,
    pub(super) status: CaseStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) severity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) urgent: Option<bool>,
    pub(super) reference: Text<'a>,
    pub(super) public_reference: &'a str,
    pub(super) title: Text<'a>,
    pub(super) reopened: bool,
    pub(super) opened_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) changed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resolved_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) route: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) audience: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customers_told: Option<ToldView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_up: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<&'static str>,
    #[serde(flatten)]
    pub(super) detail: Detail<'a>,
}

/// What outsiders were told of the case, and when.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ToldView<'a> {
    pub(super) text: Text<'a>,
    pub(super) at: Time,
}

/// The part of a view that depends on what the subject is about.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Detail<'a> {
    /// A group of alerts; nothing of it below the internal level.
    Group(GroupView<'a>),
    /// An incident.
    Incident(Box<IncidentView<'a>>),
    /// Several cases.
    Digest(DigestView<'a>),
    /// A word about the work itself; nothing of it below the internal level.
    Notice(NoticeView<'a>),
}

/// A group of alerts as insiders see it.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct GroupView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group_labels: Option<CleanLabels<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alerts: Option<Vec<AlertView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) firing: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) truncated: Option<usize>,
}

/// One alert as insiders see it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct AlertView<'a> {
    pub(super) fingerprint: Fingerprint,
    pub(super) status: Status,
    pub(super) severity: &'a str,
    pub(super) labels: CleanLabels<'a>,
    pub(super) annotations: CleanLabels<'a>,
    pub(super) starts_at: Time,
    pub(super) ends_at: Option<Time>,
    pub(super) url: Option<Text<'a>>,
    pub(super) source: Text<'a>,
}

/// Labels without forged slots and control characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct CleanLabels<'a>(pub(super) &'a Labels);

/// An incident as one level sees it.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct IncidentView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) incident: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stage: Option<Stage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stage_in_words: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) workaround: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_safety: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resolution: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_up_text: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) goes_on_as: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) components: Vec<ComponentView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<ScopeView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expected_end: Option<ExpectedEndView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer_impact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) impact: Option<ImpactView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) needs: Option<NeedsView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_exposure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) regulatory: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) visibility: Option<Visibility>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer_texts: Option<TextsView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) business_texts: Option<TextsView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reported_severity: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) component_ids: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) commander: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comms_lead: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acknowledged_by: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) labels: Option<CleanLabels<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<Text<'a>>,
}

/// A component that has a public name.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ComponentView<'a> {
    pub(super) name: Text<'a>,
    pub(super) state: &'static str,
}

/// Whom it reaches.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ScopeView<'a> {
    pub(super) share: Option<Text<'a>>,
    pub(super) regions: Vec<Text<'a>>,
}

/// When it should end.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ExpectedEndView<'a> {
    pub(super) at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confidence: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) public: Option<bool>,
}

/// What it costs.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ImpactView<'a> {
    pub(super) customers: Option<u64>,
    pub(super) share: Option<Text<'a>>,
    pub(super) revenue_per_hour: Option<Text<'a>>,
    pub(super) accounts: Vec<Text<'a>>,
}

/// What is needed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NeedsView<'a> {
    pub(super) what: Text<'a>,
    pub(super) who: Option<Text<'a>>,
    pub(super) by: Option<Time>,
}

/// One other layer of the texts, word for word.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TextsView<'a> {
    pub(super) title: Option<Text<'a>>,
    pub(super) note: Option<Text<'a>>,
    pub(super) workaround: Option<Text<'a>>,
    pub(super) data_safety: Option<Text<'a>>,
    pub(super) resolution: Option<Text<'a>>,
}

/// Several cases.
#[derive(Clone, Debug, Serialize)]
pub(super) struct DigestView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<Text<'a>>,
    pub(super) total: usize,
    pub(super) cases: Vec<CaseView<'a>>,
}

/// One case of a digest.
#[derive(Clone, Debug, Serialize)]
pub(super) struct CaseView<'a> {
    pub(super) title: Text<'a>,
    pub(super) status: CaseStatus,
    pub(super) reference: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) severity: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Time>,
}

/// A word about the work itself.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NoticeView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Text<'a>>,
}

impl Serialize for CleanLabels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (slot::clean(name), slot::clean(value))))
    }
}
