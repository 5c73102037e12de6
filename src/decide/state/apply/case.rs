//! Cases, who belongs to them, and their briefings.

use crate::decide::fact::{CaseAbout, Fact};
use crate::decide::state::{Briefing, Case, Due, Member, State};
use crate::event::id::{CaseId, Fingerprint};

impl State {
    pub(super) fn apply_case(&mut self, fact: &Fact) {
        match fact {
            Fact::CaseOpened { case, about } => {
                let new = Case {
                    about: about.clone(),
                    opened: self.time,
                    due: None,
                    members: Default::default(),
                    briefings: Vec::new(),
                    course: None,
                };
                self.cases.insert(*case, new);
            }
            Fact::AlertJoined { case, fingerprint } => {
                if let Some(case) = self.cases.get_mut(case) {
                    case.members.insert(*fingerprint, Member::default());
                }
                if let Some(alert) = self.alerts.get_mut(fingerprint) {
                    // Mostly the only one, and there are very many alerts.
                    alert.cases.reserve_exact(1);
                    alert.cases.push(*case);
                }
            }
            Fact::AlertsLeft { case, alerts } => self.alerts_left(*case, alerts),
            Fact::CaseDue { case, at } => {
                if let Some(found) = self.cases.get_mut(case) {
                    let before = std::mem::replace(&mut found.due, *at);
                    self.reschedule(Due::Speak(*case), before, *at);
                }
            }
            Fact::CaseClosed { case } => self.case_closed(*case),
            Fact::BriefingOpened { case, audience, row, disclosure } => {
                if let Some(case) = self.cases.get_mut(case) {
                    case.briefings.reserve_exact(1);
                    case.briefings.push(Briefing {
                        audience: audience.clone(),
                        row: row.clone(),
                        disclosure: *disclosure,
                        opened: self.time,
                        ordinal: 0,
                        said: None,
                        lines: Default::default(),
                        awaited: None,
                    });
                }
            }
            Fact::BriefingMoved { case, audience, row, disclosure, rhythm } => {
                let case = self.cases.get_mut(case);
                if let Some(briefing) = case.and_then(|case| case.briefing_mut(audience)) {
                    briefing.row = row.clone();
                    briefing.disclosure = *disclosure;
                    if *rhythm {
                        briefing.awaited.get_or_insert_default().moved = true;
                    }
                }
            }
            _ => {}
        }
    }

    fn alerts_left(&mut self, case: CaseId, alerts: &[Fingerprint]) {
        for fingerprint in alerts {
            if let Some(case) = self.cases.get_mut(&case) {
                case.members.remove(fingerprint);
            }
            if let Some(alert) = self.alerts.get_mut(fingerprint) {
                alert.cases.retain(|id| *id != case);
            }
        }
    }

    fn case_closed(&mut self, id: CaseId) {
        let Some(case) = self.cases.remove(&id) else { return };
        self.reschedule(Due::Speak(id), case.due, None);
        for fingerprint in case.members.keys() {
            if let Some(alert) = self.alerts.get_mut(fingerprint) {
                alert.cases.retain(|of| *of != id);
            }
        }
        if let CaseAbout::Incident { id } = &case.about {
            self.incidents.remove(id);
        }
    }
}
