//! Facts change State here and nowhere else; applying one computes nothing that a fact could carry.

mod case;
mod course;
mod delivery;
mod event;
mod word;

use super::{CatchUp, Due, Notice, State};
use crate::decide::fact::Fact;
use crate::event::Time;

impl State {
    /// Begins the facts of one input: its ledger time and the journal entry that they will stand in.
    pub fn begin(&mut self, at: Time, sequence: u64) {
        self.before = self.time;
        self.time = self.time.max(at);
        if self.sequence != sequence {
            self.said_bytes = Default::default();
        }
        self.sequence = sequence;
    }

    /// Takes [`State::begin`] back: an input that made no facts stands in no journal, so it leaves no trace in State.
    pub(in crate::decide) fn undo_begin(&mut self, time: Time, before: Time, sequence: u64) {
        (self.time, self.before, self.sequence) = (time, before, sequence);
    }

    /// Folds one batch of a journal entry.
    pub fn fold(&mut self, at: Time, sequence: u64, facts: &[Fact]) {
        self.begin(at, sequence);
        facts.iter().for_each(|fact| self.apply(fact));
    }

    /// Applies one fact.
    pub fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::AlertFired { .. }
            | Fact::AlertChanged { .. }
            | Fact::AlertResolved { .. }
            | Fact::AlertsLost { .. }
            | Fact::AlertsForgotten { .. }
            | Fact::ReadingPlanned { .. }
            | Fact::IncidentChanged { .. }
            | Fact::MergeWaits { .. } => self.apply_event(fact),
            Fact::Watch { incident, change } => self.apply_watch(incident, change),
            Fact::CaseOpened { .. }
            | Fact::AlertJoined { .. }
            | Fact::AlertsLeft { .. }
            | Fact::CaseDue { .. }
            | Fact::CaseClosed { .. }
            | Fact::BriefingOpened { .. }
            | Fact::BriefingMoved { .. } => self.apply_case(fact),
            Fact::Notified(notified) => self.notified(notified),
            Fact::DigestPlanned { audience, recipient, at } => {
                let key = (audience.clone(), recipient.clone());
                if let Some(digest) = self.digests.get_mut(&key) {
                    let before = std::mem::replace(&mut digest.due, *at);
                    let due = Due::Digest(Box::new(key));
                    self.reschedule(due, Some(before), Some(*at));
                }
            }
            Fact::DigestDropped { audience, recipient } => {
                let key = (audience.clone(), recipient.clone());
                if let Some(digest) = self.digests.remove(&key) {
                    for case in &digest.cases {
                        self.no_longer_withheld(*case, &key.0, &key.1);
                    }
                    let due = Due::Digest(Box::new(key));
                    self.reschedule(due, Some(digest.due), None);
                }
            }
            Fact::Withheld { .. } => self.apply_withheld(fact),
            Fact::Released { .. } | Fact::Returned { .. } | Fact::Rested { .. } | Fact::Ended { .. } => {
                self.apply_delivery(fact);
            }
            Fact::ChannelPaused { .. } | Fact::ChannelProbed { .. } | Fact::ChannelOpened { .. } => {
                self.apply_channel(fact);
            }
            Fact::Kept(kept) => self.apply_course(kept),
            _ => self.apply_ledger(fact),
        }
    }

    fn apply_ledger(&mut self, fact: &Fact) {
        match fact {
            Fact::Started { epoch, down_since, behind, until } => {
                self.epoch = *epoch;
                self.born.get_or_insert(self.time);
                if let Some(catch_up) = self.catch_up.take() {
                    self.reschedule(Due::CatchUp, Some(catch_up.until), None);
                }
                if let Some(down_since) = *down_since {
                    self.reschedule(Due::CatchUp, None, Some(*until));
                    self.catch_up =
                        Some(CatchUp { behind: behind.clone(), down_since, until: *until, ended: false });
                }
            }
            Fact::LaneCaughtUp { lane } => {
                if let Some(catch_up) = &mut self.catch_up {
                    catch_up.behind.retain(|behind| behind != lane);
                }
            }
            Fact::CatchUpSettled {} => self.catch_up = None,
            Fact::CatchUpEnded {} => {
                if let Some(catch_up) = &mut self.catch_up {
                    catch_up.ended = true;
                    let until = catch_up.until;
                    self.reschedule(Due::CatchUp, Some(until), None);
                }
            }
            Fact::PolicyAdopted { text } => {
                self.policy = Some(text.hash);
                self.policy_entry = self.sequence;
                self.policy_unread = Some(None);
            }
            Fact::PolicyRead { upto } => self.policy_unread = upto.map(Some),
            Fact::IdentityRemembered { key, body } => self.identities.add(self.time, *key, *body),
            Fact::IdentitiesForgotten { count } => self.identities.forget(*count as usize),
            Fact::NoticeRaised { notice, text, urgent, due, avoid } => {
                let entry = self.notices.entry(*notice).or_default();
                entry.count += 1;
                entry.text = text.clone();
                entry.urgent |= *urgent;
                entry.avoid = avoid.clone().or(entry.avoid.take());
                let before = entry.due;
                entry.due = before.or(*due);
                let after = entry.due;
                self.reschedule(Due::Notice(*notice), before, after);
            }
            Fact::NoticePlanned { notice, at } => {
                let entry = self.notices.entry(*notice).or_default();
                let before = entry.due.replace(*at);
                self.reschedule(Due::Notice(*notice), before, Some(*at));
            }
            Fact::NoticeTold { notice } => {
                let now = self.time;
                let entry = self.notices.entry(*notice).or_default();
                let before = entry.due;
                *entry = Notice { last: Some(now), ..Default::default() };
                self.reschedule(Due::Notice(*notice), before, None);
            }
            Fact::AddressDied { recipient, address } => {
                self.dead.insert(recipient.clone(), *address);
            }
            Fact::AddressRevived { recipient } => {
                self.dead.remove(recipient);
            }
            // These are for people and metrics; State does not depend on them.
            _ => {}
        }
    }
}
