//! How audiences are kept informed: clocks of rows, held words, drafts, promises, acknowledgements, escalations.

use super::word::whose;
use crate::decide::fact::{Asked, CaseAbout, Cause, Drafted, Kept, PromiseEnd};
use crate::decide::state::{Acked, Awaited, Course, Draft, Held, Line, Promise, RowClock, State, Told};
use crate::event::id::CaseId;
use crate::event::{Name, Recipient};

impl State {
    fn course_mut(&mut self, case: &CaseId) -> Option<&mut Course> {
        self.cases.get_mut(case).map(|case| &mut **case.course.get_or_insert_default())
    }

    fn awaited_mut(&mut self, case: &CaseId, audience: &Name) -> Option<&mut Awaited> {
        let briefing = self.cases.get_mut(case)?.briefing_mut(audience)?;
        Some(&mut **briefing.awaited.get_or_insert_default())
    }

    fn draft_mut(&mut self, case: &CaseId, audience: &Name) -> Option<&mut Draft> {
        self.awaited_mut(case, audience)?.draft.as_deref_mut()
    }

    pub(super) fn apply_course(&mut self, kept: &Kept) {
        let now = self.time;
        match kept {
            Kept::RowBegan { .. } | Kept::RowEnded { .. } | Kept::FirstWordMissed { .. } => {
                self.apply_clock(kept)
            }
            Kept::WordHeld { case, audience, why, until } => {
                if let Some(awaited) = self.awaited_mut(case, audience) {
                    awaited.held = why.map(|why| Held { why, since: now, until: *until });
                }
            }
            Kept::PromiseEnded { case, audience, recipient, how: PromiseEnd::Missed, .. } => {
                self.no_longer_promised(case, audience, recipient);
            }
            // What a message promises in its turn was taken down when it was handed over.
            Kept::PromiseEnded { case, audience, recipient, due, .. } => {
                let briefing = self.cases.get_mut(case).and_then(|case| case.briefing_mut(audience));
                let lines = briefing.into_iter().flat_map(|briefing| briefing.lines.iter_mut());
                let own = lines.filter(|(other, _)| whose(other) == whose(recipient));
                own.filter(|(_, line)| line.promised == Some(*due))
                    .for_each(|(_, line)| line.promised = None);
            }
            Kept::PromiseMade { case, audience, due } => {
                if let Some(awaited) = self.awaited_mut(case, audience) {
                    awaited.promise = Some(Promise { due: *due, made: now, nudged: false });
                }
            }
            Kept::CarriedOver { case, audience, recipients, said } => {
                let briefing = self.cases.get_mut(case).and_then(|case| case.briefing_mut(audience));
                if let Some(briefing) = briefing {
                    briefing.said = Some((*said, now));
                    for recipient in recipients {
                        let told = Told { ordinal: 0, said: *said, at: now };
                        briefing.lines.begin(recipient).told.get_or_insert(told);
                    }
                }
            }
            Kept::NobodyLeft { case, audience, said } => {
                let briefing = self.cases.get_mut(case).and_then(|case| case.briefing_mut(audience));
                if let Some(briefing) = briefing {
                    briefing.said = Some((*said, now));
                    briefing.awaits_nothing();
                    briefing.awaited.get_or_insert_default().nobody_left = true;
                }
            }
            Kept::PromiseMissed { case, audience, next, .. } => {
                if let Some(awaited) = self.awaited_mut(case, audience)
                    && let Some(promise) = &mut awaited.promise
                {
                    match next {
                        Some(next) => (promise.due, promise.nudged) = (*next, false),
                        None => awaited.promise = None,
                    }
                }
            }
            Kept::Nudged { case, audience } => match audience {
                Some(audience) => {
                    let promise =
                        self.awaited_mut(case, audience).and_then(|awaited| awaited.promise.as_mut());
                    promise.into_iter().for_each(|promise| promise.nudged = true);
                }
                None => self.course_mut(case).into_iter().for_each(|course| course.reminded = Some(now)),
            },
            Kept::Drafted(_)
            | Kept::DraftAsked { .. }
            | Kept::DraftApproved { .. }
            | Kept::DraftRejected { .. }
            | Kept::DraftDropped { .. } => self.apply_draft(kept),
            _ => self.apply_escalation(kept),
        }
    }

    fn apply_clock(&mut self, kept: &Kept) {
        match kept {
            Kept::RowBegan { case, row, audience, since } => {
                if let Some(course) = self.course_mut(case) {
                    let (row, audience) = (row.clone(), audience.clone());
                    course.clocks.push(RowClock { row, audience, since: *since, missed: false });
                }
            }
            Kept::RowEnded { case, row, audience } => {
                if let Some(course) = self.course_mut(case) {
                    course.clocks.retain(|clock| (&clock.row, &clock.audience) != (row, audience));
                }
            }
            Kept::FirstWordMissed { case, row, audience, .. } => {
                let clocks = self.course_mut(case).map(|course| course.clocks.iter_mut());
                let same = |clock: &&mut RowClock| (&clock.row, &clock.audience) == (row, audience);
                clocks.into_iter().flatten().filter(same).for_each(|clock| clock.missed = true);
            }
            _ => {}
        }
    }

    fn apply_draft(&mut self, kept: &Kept) {
        match kept {
            Kept::Drafted(drafted) => self.drafted(drafted),
            Kept::DraftAsked { case, audience, asked, .. } => {
                self.draft_mut(case, audience).into_iter().for_each(|draft| draft.asked = *asked);
            }
            Kept::DraftApproved { case, audience, by, .. } => {
                let draft = self.draft_mut(case, audience);
                draft.into_iter().for_each(|draft| draft.approved = Some(by.clone()));
            }
            Kept::DraftRejected { case, audience, .. } => {
                self.draft_mut(case, audience).into_iter().for_each(|draft| draft.rejected = true);
            }
            Kept::DraftDropped { case, audience, .. } => {
                self.awaited_mut(case, audience).into_iter().for_each(|awaited| awaited.draft = None);
            }
            _ => {}
        }
    }

    fn drafted(&mut self, drafted: &Drafted) {
        let now = self.time;
        let Some(awaited) = self.awaited_mut(&drafted.case, &drafted.audience) else { return };
        let before = awaited.draft.take();
        awaited.revision = drafted.revision;
        awaited.draft = Some(Box::new(Draft {
            revision: drafted.revision,
            kind: drafted.kind,
            said: drafted.said,
            begun: before
                .filter(|draft| !draft.rejected && draft.kind == drafted.kind)
                .map_or(now, |draft| draft.begun),
            written: now,
            due: drafted.due,
            words: drafted.message.words(),
            text: drafted.text.clone(),
            asked: Asked::Nobody,
            approved: None,
            rejected: false,
        }));
    }

    /// Who is on it is part of what is known of an incident.
    fn taken_on(&mut self, case: &CaseId, by: &str) {
        let Some(CaseAbout::Incident { id }) = self.cases.get(case).map(|case| &case.about) else { return };
        if let Some(incident) = self.incidents.get_mut(id) {
            incident.record.acknowledged_by = Some(by.into());
        }
    }

    fn apply_escalation(&mut self, kept: &Kept) {
        let now = self.time;
        match kept {
            Kept::Acknowledged { case, by, severity, .. } => {
                self.taken_on(case, by);
                if let Some(course) = self.course_mut(case) {
                    course.acked = Some(Acked { by: by.clone(), at: now, severity: *severity });
                    course.escalated.clear();
                }
            }
            Kept::AckVoided { case } => {
                if let Some(course) = self.course_mut(case) {
                    course.acked = None;
                    course.unacked_since = Some(now);
                    course.escalated.clear();
                }
            }
            Kept::EscalationCaused { case, cause } => {
                if let Some(course) = self.course_mut(case)
                    && !course.causes.contains(cause)
                {
                    course.causes.push(*cause);
                }
                if let (Cause::Needs, Some(course)) = (cause, self.course_mut(case)) {
                    course.needs_closed = false;
                }
            }
            Kept::Escalated { case, to: Some(to), more: true, .. } => {
                self.course_mut(case).into_iter().for_each(|course| course.sent.push(to.clone()));
            }
            Kept::Escalated { case, cause, audience, .. } => {
                if let Some(course) = self.course_mut(case) {
                    course.sent.clear();
                    match audience {
                        Some(audience) if *cause == Cause::Unacknowledged => {
                            course.escalated.push(audience.clone());
                        }
                        _ => course.causes.retain(|known| known != cause),
                    }
                    if *cause == Cause::NeedsUnanswered {
                        course.needs_closed = true;
                    }
                }
            }
            Kept::NeedsAnswered { case, .. } => {
                self.course_mut(case).into_iter().for_each(|course| course.needs_closed = true);
            }
            Kept::FellBack { delivery, .. } => {
                let fallback = self.deliveries.get_mut(delivery).and_then(|found| found.fallback_at.take());
                self.reschedule(super::Due::Fallback(*delivery), fallback, None);
            }
            _ => self.apply_write_up(kept),
        }
    }

    fn apply_write_up(&mut self, kept: &Kept) {
        let (case, due, nudged) = match kept {
            Kept::WriteUpPromised { case, due } => (case, Some(*due), false),
            Kept::WriteUpEnded { case, .. } | Kept::WriteUpDropped { case, .. } => (case, None, false),
            Kept::WriteUpNudged { case } => {
                self.course_mut(case).into_iter().for_each(|course| course.write_up_nudged = true);
                return;
            }
            Kept::WriteUpTold { case, audience, ended } => {
                let awaited = self.awaited_mut(case, audience);
                awaited.into_iter().for_each(|awaited| awaited.written_up = Some(*ended));
                return;
            }
            _ => return,
        };
        if let Some(course) = self.course_mut(case) {
            (course.write_up, course.write_up_nudged) = (due, nudged);
        }
    }

    /// Nothing is promised any more to whoever this recipient is.
    pub(super) fn no_longer_promised(&mut self, case: &CaseId, audience: &Name, recipient: &Recipient) {
        let briefing = self.cases.get_mut(case).and_then(|case| case.briefing_mut(audience));
        let Some(briefing) = briefing else { return };
        let own = |(other, _): &(&Recipient, &mut Line)| whose(other) == whose(recipient);
        briefing.lines.iter_mut().filter(own).for_each(|(_, line)| line.promised = None);
    }
}
