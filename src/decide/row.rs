//! One row of the routing table: conditions, one audience, and how it is kept informed (R10 to R30).

use super::policy::{Conditions, GroupBy, Limit, RowKind, Via};
use crate::event::{Name, Severity, Span};

/// One row of the routing table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its identity.
    pub name: Name,
    /// The sentence for people.
    pub about: Box<str>,
    /// Names it had before (R13).
    pub was: Vec<Name>,
    /// Which file it stands in, counted in reading order: `stop` ends the reading of that file.
    pub file: usize,
    /// What it asks.
    pub conditions: Conditions,
    /// Whether a match ends the reading of its file's rows.
    pub stop: bool,
    /// Whom it tells.
    pub audience: Name,
    /// By which channels.
    pub via: Via,
    /// By which labels alerts are gathered (R16).
    pub group_by: GroupBy,
    /// How long a new group waits for company.
    pub group_wait: Span,
    /// How long a group that has spoken waits before it speaks of a change.
    pub group_interval: Span,
    /// How often it reminds while nothing changes (R20); `None` is never.
    pub repeat_every: Option<Span>,
    /// The most alerts in one message (R16).
    pub max_alerts: usize,
    /// How long the same state is not said twice to one recipient (R17).
    pub dedupe_for: Span,
    /// The most messages for one recipient from this row (R19).
    pub throttle: Option<Limit>,
    /// The user's template, if one is named.
    pub template: Option<Name>,
    /// How its audience is kept informed until it is over.
    pub keeping: Keeping,
}

impl Row {
    /// The row that stands for `unrouted` (R10): alerts by name, told as rows without keys of their own are.
    pub fn unrouted(audience: &Name, via: &Via) -> Row {
        let conditions = Conditions {
            kind: RowKind::Alert,
            matchers: Vec::new(),
            severity: None,
            customer_impact: None,
            lasting: None,
            hours: None,
        };
        Row {
            name: Name::from("unrouted"),
            about: "What no row matches".into(),
            was: Vec::new(),
            file: usize::MAX,
            conditions,
            stop: false,
            audience: audience.clone(),
            via: via.clone(),
            group_by: GroupBy::Labels(vec!["alertname".into()]),
            group_wait: Span::from_secs(30),
            group_interval: Span::from_mins(5),
            repeat_every: None,
            max_alerts: 100,
            dedupe_for: Span::from_mins(5),
            throttle: None,
            template: None,
            keeping: Keeping::default(),
        }
    }
}

/// How an audience is kept informed until it is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// Within how long of the row's other conditions the first word must be released (R12).
    pub first_within: Option<Span>,
    /// The audiences that are handed theirs before (R24).
    pub after: Vec<Name>,
    /// How often it is told at least; `None` leaves that to [`Cadence`] (R22).
    pub update_every: Option<Rhythm>,
    /// Fixed clocks from when the row's conditions began to hold, the shortest first (R22).
    pub deadlines: Vec<Span>,
    /// Whether a promised word of which there is no news is said all the same (R22).
    pub no_holding_update: bool,
    /// Whether a person looks at what is said before it leaves (R23).
    pub approval: Option<Approval>,
    /// For how long an end must have held before it is said (R26).
    pub hold_resolved: Option<Span>,
    /// Within how long somebody must have acknowledged the case (R25).
    pub ack_within: Option<Span>,
    /// Who is told when nobody has; without it, the owner (R25).
    pub escalate_to: Option<Name>,
    /// Where a message goes that was not handed over in time (R30).
    pub fallback: Option<Fallback>,
}

impl Keeping {
    /// Whether it asks for more than words about changes.
    pub fn is_watchful(&self) -> bool {
        let time = self.first_within.is_some() || self.ack_within.is_some() || self.hold_resolved.is_some();
        let rhythm = self.update_every.is_some() || !self.deadlines.is_empty();
        time || rhythm || self.approval.is_some() || !self.after.is_empty()
    }
}

/// How often an audience is told at least (R22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// When something changes, and not otherwise.
    OnChange,
    /// This often.
    Every(Span),
}

impl Rhythm {
    /// The longest silence, if it bounds it.
    pub fn every(self) -> Option<Span> {
        match self {
            Rhythm::OnChange => None,
            Rhythm::Every(span) => Some(span),
        }
    }
}

/// How often audiences are told of an incident, where their row does not say (R22).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cadence {
    /// By place on the ladder; where the list is too short, on change.
    pub by_severity: Vec<Rhythm>,
    /// How often the commander is reminded to say where the work stands.
    pub responders: Option<Span>,
}

impl Cadence {
    /// The rhythm of this severity.
    pub fn of(&self, severity: Severity) -> Rhythm {
        self.by_severity.get(usize::from(severity.0)).copied().unwrap_or(Rhythm::OnChange)
    }
}

/// Who looks at what an external audience is told, and what happens while nobody does (R23).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// After how long without an answer others are asked.
    pub after: Option<Span>,
    /// Which others; without it, the owner.
    pub escalate_to: Option<Name>,
    /// What happens when the word is due and still unapproved.
    pub at_due: AtDue,
}

/// What happens when a word is due and still unapproved (R23).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtDue {
    /// A text that was agreed beforehand goes out.
    #[default]
    AgreedText,
    /// Nothing does: the miss is recorded, counted and escalated.
    Nothing,
}

/// Where a message goes that was not handed over in time (R30).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// After how long.
    pub after: Span,
    /// By which of the contact's channels, in this order.
    pub via: Vec<Name>,
}
