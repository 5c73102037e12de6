//! Cases, their briefings, and the line of each recipient.

use super::{Awaited, Course, Draft, Held, Lines, Members, Promise, RowClock};
use crate::decide::fact::{CaseAbout, Said, WithheldReason};
use crate::decide::input::Receipt;
use crate::decide::row::Row;
use crate::event::id::DeliveryId;
use crate::event::{Name, Severity, Time};
use crate::message::{CaseStatus, Disclosure};
use serde::{Deserialize, Serialize};

/// What notifications are about, and who is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// A group, an incident, or a desk.
    pub about: CaseAbout,
    /// When it began.
    pub opened: Time,
    /// When it is to be looked at.
    pub due: Option<Time>,
    /// The alerts of a group.
    #[serde(default, skip_serializing_if = "Members::is_empty")]
    pub members: Members,
    /// One for each audience that is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub briefings: Vec<Briefing>,
    /// What it waits for besides its next word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<Box<Course>>,
}

/// An alert in a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Whether a notification named it as firing since it last began to fire.
    pub said_firing: bool,
    /// Whether a notification named its end.
    pub said_ended: bool,
}

/// The conversation of one audience about one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Briefing {
    /// Whom.
    pub audience: Name,
    /// The row that governs it.
    pub row: Name,
    /// The strictest level that it has had (R27).
    pub disclosure: Disclosure,
    /// When it began.
    #[serde(default)]
    pub opened: Time,
    /// How many words were said.
    pub ordinal: u32,
    /// What the last word said of the case, and when it was said.
    pub said: Option<(Said, Time)>,
    /// Each recipient that was spoken to, or that something was withheld from.
    pub lines: Lines,
    /// What it waits for besides changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<Box<Awaited>>,
}

/// What one recipient was told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The last word that was told: delivered, possibly delivered, or named in a message that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// Whether it was told an opening.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opened: bool,
    /// Deliveries that have not ended, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<DeliveryId>,
    /// Why the last word was withheld, until something is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<WithheldReason>,
    /// The next word that the last message promised, until it is there or missed (R22).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Time>,
    /// What the provider calls the first message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Box<Receipt>>,
}

/// What a recipient was told last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Which word of the briefing; 0 for a digest.
    pub ordinal: u32,
    /// What it said of the case.
    pub said: Said,
    /// When it was decided.
    pub at: Time,
}

impl Case {
    /// The briefing of an audience.
    pub fn briefing(&self, audience: &Name) -> Option<&Briefing> {
        self.briefings.iter().find(|briefing| briefing.audience == *audience)
    }

    /// The briefing of an audience.
    pub fn briefing_mut(&mut self, audience: &Name) -> Option<&mut Briefing> {
        self.briefings.iter_mut().find(|briefing| briefing.audience == *audience)
    }

    /// The clock of a row, while its conditions hold.
    pub fn clock(&self, row: &Row) -> Option<&RowClock> {
        let own = |name: &Name| row.name == *name || row.was.contains(name);
        let mut clocks = self.course.as_ref()?.clocks.iter();
        clocks.find(|clock| clock.audience == row.audience && own(&clock.row))
    }

    /// When it is looked at, if that is to be by this time.
    pub fn due_by(&self, at: Time) -> Time {
        self.due.map_or(at, |due| due.min(at))
    }

    /// Whether nothing is on its way to anybody and nothing is withheld.
    pub fn is_quiet(&self) -> bool {
        let quiet = |line: &Line| line.pending.is_empty() && line.withheld.is_none_or(|r| !r.is_digested());
        self.briefings.iter().all(|briefing| briefing.lines.values().all(quiet))
    }
}

impl Briefing {
    /// Whether any recipient was told anything, or may still be by what was let go.
    pub fn anybody_told(&self) -> bool {
        self.lines.values().any(|line| line.told.is_some())
    }

    /// The promised next word.
    pub fn promise(&self) -> Option<Promise> {
        self.awaited.as_ref()?.promise
    }

    /// The word that somebody must approve.
    pub fn draft(&self) -> Option<&Draft> {
        self.awaited.as_ref()?.draft.as_deref()
    }

    /// What its next word waits for.
    pub fn held(&self) -> Option<Held> {
        self.awaited.as_ref()?.held
    }

    /// The worst severity that the last word spoke of.
    pub fn said_severity(&self) -> Option<Severity> {
        self.said.map(|(said, _)| said.severity)
    }

    /// Whether a limit keeps a word from anybody (R19).
    pub fn is_limited(&self) -> bool {
        let limited = |reason| matches!(reason, WithheldReason::Throttled | WithheldReason::Ceiling);
        self.lines.values().any(|line| line.withheld.is_some_and(limited))
    }

    /// It is over for the audience: no next word is promised, and none is held.
    pub(super) fn awaits_nothing(&mut self) {
        if let Some(awaited) = &mut self.awaited {
            (awaited.promise, awaited.held) = (None, None);
        }
    }

    /// Whether the last word said that it is over: another one about it says that it has come back.
    pub fn was_told_the_end(&self) -> bool {
        self.said.is_some_and(|(said, _)| said.status == CaseStatus::Resolved)
    }
}

impl WithheldReason {
    /// Whether a digest will name what was withheld for this reason.
    pub fn is_digested(self) -> bool {
        match self {
            WithheldReason::Duplicate => false,
            WithheldReason::Throttled
            | WithheldReason::Ceiling
            | WithheldReason::FirstStart
            | WithheldReason::WhileDown => true,
        }
    }
}
