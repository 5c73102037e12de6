//! Why something is withheld, and what the owner is told about.

use serde::{Deserialize, Serialize};

/// Why something decided is not sent now (R18), as metrics say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithheldReason {
    /// The recipient was told just this (R17).
    Duplicate,
    /// Too many from this row (R19).
    Throttled,
    /// Too many over all rows (R19).
    Ceiling,
    /// It began before the first start (R3).
    FirstStart,
    /// It began and ended while nobody listened (R39).
    WhileDown,
}

/// What the owner is told about the work itself (R42).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Deliveries were given up.
    DeadLetters,
    /// Things came in that are no events.
    NoEvents,
    /// Deciding something panicked.
    Quarantine,
    /// Events are missing.
    Gap,
    /// A lane stopped.
    LaneStopped,
    /// The clock stepped.
    Clock,
    /// A source fell silent.
    SourceSilent,
    /// Alerts that nobody has mentioned for long.
    Stale,
    /// Nothing meets the rule any more that opened an incident which a person has taken over.
    NothingMeetsRule,
    /// An audience resolves to nobody.
    Nobody,
    /// An alert that is meant to fire for ever stopped coming, or comes again.
    Watchdog,
    /// A promised or owed word was not said in time (R12, R22).
    Missed,
    /// A message went another way than the one that was meant (R30).
    FellBack,
    /// A provider said that an address is dead.
    AddressDead,
}

impl NoticeKind {
    /// The last in order.
    pub const LAST: NoticeKind = NoticeKind::AddressDead;
}

impl WithheldReason {
    /// Every reason, for registering metrics at zero.
    pub const ALL: [WithheldReason; 5] = [
        WithheldReason::Duplicate,
        WithheldReason::Throttled,
        WithheldReason::Ceiling,
        WithheldReason::FirstStart,
        WithheldReason::WhileDown,
    ];

    /// The word in metrics and facts.
    pub fn as_str(self) -> &'static str {
        match self {
            WithheldReason::Duplicate => "duplicate",
            WithheldReason::Throttled => "throttled",
            WithheldReason::Ceiling => "ceiling",
            WithheldReason::FirstStart => "first_start",
            WithheldReason::WhileDown => "while_down",
        }
    }
}
