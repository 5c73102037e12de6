//! One audience of a case as it is looked at: all that its words are decided from.

use super::fact::Said;
use super::matter::{Matter, Shade};
use super::policy::Policy;
use super::row::{Approval, Row};
use super::state::{Briefing, State};
use crate::event::Time;
use crate::message::{CaseStatus, Disclosure, Kind, Subject, Wording};

/// One audience of a case, now.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub state: &'a State,
    pub policy: &'a Policy,
    pub now: Time,
    pub matter: &'a Matter<'a>,
    pub briefing: &'a Briefing,
    /// The row that governs the briefing; `None` where the configuration has it no more.
    pub row: Option<&'a Row>,
}

impl<'a> Look<'a> {
    pub fn at(
        state: &'a State,
        policy: &'a Policy,
        now: Time,
        matter: &'a Matter<'a>,
        briefing: &'a Briefing,
    ) -> Look<'a> {
        let row = policy.row(&briefing.row, &briefing.audience);
        Look { state, policy, now, matter, briefing, row }
    }

    /// What the case's state is for this audience.
    pub fn said(&self) -> Said {
        self.matter.said(self.policy, self.briefing)
    }

    /// What a message of this kind is about.
    pub fn subject(&self, kind: Kind, shade: Shade) -> Subject<'a> {
        self.matter.subject(self.policy, self.briefing, kind, shade)
    }

    /// Whether the case is urgent by the ladder of today.
    pub fn is_urgent(&self) -> bool {
        self.policy.ladder.is_urgent(self.matter.severity)
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.matter.status == CaseStatus::Resolved
    }

    /// Who must approve what leaves, where somebody must (R23).
    pub fn approval(&self) -> Option<&'a Approval> {
        self.row?.keeping.approval.as_ref()
    }

    /// Whose words may leave without anybody's approval. Outsiders whose row is gone read agreed words alone: nobody says
    /// any more whether their texts need approval (R37).
    pub fn wording(&self) -> Wording {
        let guarded = match self.row {
            Some(row) => row.keeping.approval.is_some(),
            None => self.briefing.disclosure == Disclosure::External,
        };
        if guarded { Wording::Agreed } else { Wording::Free }
    }

    /// Until when the end of the case is not said to this audience (R26).
    pub fn held_end(&self) -> Option<Time> {
        let (said, _) = self.briefing.said?;
        let hold = self.row?.keeping.hold_resolved?;
        let unsaid = self.is_over() && said.status != CaseStatus::Resolved;
        Some(self.matter.ended.filter(|_| unsaid)? + hold)
    }

    /// Whether its end is held now.
    pub fn is_end_held(&self) -> bool {
        self.held_end().is_some_and(|until| self.now < until)
    }

    /// The promised word, where it is due.
    pub fn due_promise(&self) -> Option<super::state::Promise> {
        self.briefing.promise().filter(|promise| promise.due <= self.now)
    }
}
