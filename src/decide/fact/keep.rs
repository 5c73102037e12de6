//! How audiences are kept informed: what holds a word back, drafts, promises, acknowledgements, escalations.

use super::Said;
use crate::event::id::CaseId;
use crate::event::{Name, Severity, Time};
use crate::message::{Edit as DraftText, Kind, Message};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Why a word waits although it is decided what to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldReason {
    /// Nobody has approved it yet (R23).
    Approval,
    /// Another audience is to be handed theirs first (R24).
    After,
    /// The end is said only once it has held (R26).
    HoldResolved,
}

impl HeldReason {
    /// Every reason, for registering metrics at zero.
    pub const ALL: [HeldReason; 3] = [HeldReason::Approval, HeldReason::After, HeldReason::HoldResolved];

    /// The word in metrics, facts and tests.
    pub const fn as_str(self) -> &'static str {
        match self {
            HeldReason::Approval => "approval",
            HeldReason::After => "after",
            HeldReason::HoldResolved => "hold_resolved",
        }
    }
}

/// How a promise of a next word ended, for one person (R22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromiseEnd {
    /// The next word was handed over in time.
    Kept,
    /// It was handed over soon after.
    Late,
    /// It was not.
    Missed,
}

impl PromiseEnd {
    /// Every end, for registering metrics at zero.
    pub const ALL: [PromiseEnd; 3] = [PromiseEnd::Kept, PromiseEnd::Late, PromiseEnd::Missed];

    /// The word in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            PromiseEnd::Kept => "kept",
            PromiseEnd::Late => "late",
            PromiseEnd::Missed => "missed",
        }
    }
}

/// Why a promised word was not even decided (R22, R23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissReason {
    /// There was no news, and the row wants no holding updates.
    NoNews,
    /// Nobody approved it.
    Unapproved,
    /// Everybody's ceiling was reached.
    Withheld,
}

/// What a case is escalated for (R25).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nobody acknowledged it in time.
    Unacknowledged,
    /// It became urgent.
    Urgent,
    /// Data was exposed.
    DataExposure,
    /// A regulator must be told.
    Regulatory,
    /// The public or the press has noticed.
    Visibility,
    /// The expected end moved away by more than half of the time that was left.
    ExpectedEnd,
    /// Something is needed from somebody.
    Needs,
    /// What was needed did not come in time.
    NeedsUnanswered,
}

impl Cause {
    /// Every cause, for registering metrics at zero.
    pub const ALL: [Cause; 8] = [
        Cause::Unacknowledged,
        Cause::Urgent,
        Cause::DataExposure,
        Cause::Regulatory,
        Cause::Visibility,
        Cause::ExpectedEnd,
        Cause::Needs,
        Cause::NeedsUnanswered,
    ];

    /// The word in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Unacknowledged => "unacknowledged",
            Cause::Urgent => "urgent",
            Cause::DataExposure => "data_exposure",
            Cause::Regulatory => "regulatory",
            Cause::Visibility => "visibility",
            Cause::ExpectedEnd => "expected_end",
            Cause::Needs => "needs",
            Cause::NeedsUnanswered => "needs_unanswered",
        }
    }
}

/// By which way a case was acknowledged (R25).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AckWay {
    /// An incident event said so.
    Event,
    /// Somebody followed the link of a message.
    Link,
    /// Somebody asked for it.
    Command,
}

impl AckWay {
    /// Every way, for registering metrics at zero.
    pub const ALL: [AckWay; 3] = [AckWay::Event, AckWay::Link, AckWay::Command];

    /// The word in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            AckWay::Event => "event",
            AckWay::Link => "link",
            AckWay::Command => "command",
        }
    }
}

/// Who has been asked to approve a draft (R23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Nobody yet.
    Nobody,
    /// The person who leads the communication.
    Lead,
    /// The approvers of the audience.
    Approvers,
    /// Those to whom an unanswered request is escalated.
    Others,
}

impl Asked {
    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Asked::Nobody => "nobody",
            Asked::Lead => "lead",
            Asked::Approvers => "approvers",
            Asked::Others => "others",
        }
    }
}

/// Why a draft was given up before anybody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The case ended before its audience was told anything: it is told nothing.
    ResolvedBeforeFirst,
    /// What it said is said already, or no longer to be said.
    Overtaken,
    /// Its case was forgotten before anybody approved it.
    NeverApproved,
}

/// A word to an external audience that waits for approval, as it would be said (R23).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drafted {
    /// The case.
    pub case: CaseId,
    /// The audience.
    pub audience: Name,
    /// By which row.
    pub row: Name,
    /// Counted up in its briefing with whatever changes what its audience may see.
    pub revision: u32,
    /// What it is for.
    pub kind: Kind,
    /// How bad the case is.
    pub severity: Severity,
    /// What it says of the case.
    pub said: Said,
    /// When it is due even if nobody has approved it; `None` while it may wait for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Time>,
    /// What it would say.
    pub message: Arc<Message>,
    /// What a reader of it should look at twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Box<str>>,
    /// The approver's own words, if it was edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<DraftText>,
    /// Who edited it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Box<str>>,
}
