//! How a case and its briefings stand between words: clocks of rows, promises, drafts, acknowledgement, escalation.

use crate::decide::fact::{Asked, Cause, DraftText, HeldReason, Said};
use crate::event::id::Digest;
use crate::event::{Name, Severity, Time};
use crate::message::Kind;
use serde::{Deserialize, Serialize};

/// What a case waits for besides its next word. Most cases wait for nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Course {
    /// The rows that count time and whose conditions hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<RowClock>,
    /// Who has taken it on, if that still counts (R25).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acked: Option<Acked>,
    /// Since when somebody should take it on: since it opened, became worse or came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unacked_since: Option<Time>,
    /// What is to be escalated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// Who has been told of the first of them, while others are still to be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Name>,
    /// Rows of audiences whose escalation was made since somebody last took it on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub escalated: Vec<Name>,
    /// What outsiders were told last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<Outside>,
    /// When who leads was last reminded to say where the work stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminded: Option<Time>,
    /// Whether what is needed was answered, or escalated because it was not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub needs_closed: bool,
    /// By when the write-up is promised, until it is there or missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_up: Option<Time>,
    /// Whether who leads was reminded of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub write_up_nudged: bool,
}

/// A row whose conditions hold, and since when (R12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowClock {
    /// The row.
    pub row: Name,
    /// Its audience.
    pub audience: Name,
    /// Since when they hold without a break.
    pub since: Time,
    /// Whether the first word was not said in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missed: bool,
}

/// That somebody has taken a case on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acked {
    /// Who.
    pub by: Box<str>,
    /// When.
    pub at: Time,
    /// How bad the case was.
    pub severity: Severity,
}

/// The last message that an external audience was told of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// Its plain words, with times in UTC.
    pub text: Box<str>,
    /// When it was decided.
    pub at: Time,
}

/// What a briefing waits for besides changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Awaited {
    /// The next word that was promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
    /// What its next word waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// The word that somebody must approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<Box<Draft>>,
    /// Whether another row has taken the briefing over, and nothing has been said since (R11).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub moved: bool,
    /// Whether its end counts as said because nobody was left who was owed it (R27).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub nobody_left: bool,
    /// The newest revision.
    #[serde(skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// The end of which the audience was told the write-up (R27).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_up: Option<Time>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A promised next word (R22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// By when.
    pub due: Time,
    /// When it was made.
    pub made: Time,
    /// Whether who leads was reminded of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nudged: bool,
}

/// That a word waits, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// For what.
    pub why: HeldReason,
    /// Since when.
    pub since: Time,
    /// Until when at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// A word that waits for approval (R23).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Which revision it is.
    pub revision: u32,
    /// What it is for.
    pub kind: Kind,
    /// What it says of the case.
    pub said: Said,
    /// When the word began to wait, over all its revisions.
    pub begun: Time,
    /// When this revision was written.
    #[serde(default)]
    pub written: Time,
    /// When it is due even if nobody has approved it.
    pub due: Option<Time>,
    /// What it would say, by which it is known whether what leaves is what was approved.
    pub words: Digest,
    /// The approver's own words.
    pub text: Option<DraftText>,
    /// Who has been asked.
    pub asked: Asked,
    /// Who said that it may leave.
    pub approved: Option<Box<str>>,
    /// Whether it must not leave.
    pub rejected: bool,
}
