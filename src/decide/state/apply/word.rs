//! What was said, or withheld for a digest to name.

use crate::decide::fact::{Fact, Notified};
use crate::decide::state::{
    Briefing, Case, Delivery, Digests, Due, Member, Outside, Promise, Standing, State, Told,
};
use crate::event::id::{CaseId, Fingerprint};
use crate::event::{Name, Recipient, Time};
use crate::message::{CaseStatus, Disclosure, Kind, words_of};
use std::collections::BTreeMap;

/// How much of what outsiders were told last is kept, in bytes.
const OUTSIDE_MAX: usize = 2048;

impl State {
    pub(super) fn notified(&mut self, notified: &Notified) {
        let now = self.time;
        self.last_notification = notified.id;
        self.sum.decided += notified.deliveries.len() as u64;
        let message = &notified.message;
        self.said_bytes.add(message.body.len() + message.data.get().len());
        self.notified_case(notified, now);
        for decided in &notified.deliveries {
            self.last_delivery = decided.id;
            if let Some(of) = decided.redrive_of {
                self.redriven.add(of, decided.id);
            }
            let recipient = &decided.recipient;
            for row in [None, Some(&notified.row).filter(|row| !row.as_str().is_empty())] {
                self.windows.entry((recipient.clone(), row.cloned())).or_default().add(now);
            }
            let delivery = Delivery {
                notification: notified.id,
                entry: self.sequence,
                case: notified.case,
                audience: notified.audience.clone(),
                recipient: recipient.clone(),
                channel: decided.channel.clone(),
                kind: decided.kind,
                severity: notified.severity,
                ordinal: notified.ordinal,
                said: notified.said,
                key: decided.key,
                disclosure: notified.disclosure,
                decided_at: now,
                due: notified.due,
                event_at: notified.event_at,
                next_update: notified.next_update,
                fallback_at: decided.fallback_at,
                standing: Standing::Waiting,
                released_at: Time::EPOCH,
                attempts: 0,
                failures: 0,
                maybe_sent: false,
            };
            self.reschedule(Due::Fallback(decided.id), None, decided.fallback_at);
            self.deliveries.insert(decided.id, delivery);
            self.enqueue(decided.id);
        }
        self.notified_digest(notified, now);
    }

    fn notified_case(&mut self, notified: &Notified, now: Time) {
        let Some(case) = self.cases.get_mut(&notified.case) else { return };
        name_members(case, &notified.firing, &notified.ended);
        let Some(briefing) = case.briefing_mut(&notified.audience) else { return };
        briefing.ordinal = notified.ordinal;
        // What is carried again is no news: it changes neither what was said last nor what is still withheld.
        let news = !notified.is_redrive();
        // One insider who is told at that level is no outsider.
        let level = notified.disclosure.min(briefing.disclosure);
        let outside = news && level == Disclosure::External && !notified.row.as_str().is_empty();
        if news {
            briefing.said = Some((notified.said, now));
        }
        if news && (notified.next_update.is_some() || briefing.awaited.is_some()) {
            let awaited = briefing.awaited.get_or_insert_default();
            awaited.promise = notified.next_update.map(|due| Promise { due, made: now, nudged: false });
            awaited.held = None;
            (awaited.moved, awaited.nobody_left) = (false, false);
        }
        for decided in &notified.deliveries {
            let line = briefing.lines.begin(&decided.recipient);
            line.pending.reserve_exact(1);
            line.pending.push(decided.id);
            line.withheld = line.withheld.filter(|_| !news);
        }
        // What was approved is kept for those from whom a limit has kept it.
        let said = news && notified.revision.is_some() && !briefing.is_limited();
        if let Some(awaited) = briefing.awaited.as_mut().filter(|_| said) {
            awaited.draft = awaited.draft.take().filter(|draft| notified.revision != Some(draft.revision));
        }
        if outside {
            let text = cut_text(&words_of(&notified.message, notified.next_update));
            case.course.get_or_insert_default().outside = Some(Outside { text, at: now });
        }
    }

    /// A digest was decided: what it names is no longer to come. Its recipients count as told once it is let go.
    fn notified_digest(&mut self, notified: &Notified, now: Time) {
        if notified.kind != Kind::Digest {
            return;
        }
        for decided in &notified.deliveries {
            let mut rows: Vec<Name> = Vec::new();
            let key = (notified.audience.clone(), decided.recipient.clone());
            if let Some(digest) = self.digests.remove(&key) {
                // What it does not name is to be said by a word of its own, or not at all.
                for case in &digest.cases {
                    self.no_longer_withheld(*case, &key.0, &key.1);
                }
                let due = Due::Digest(Box::new(key));
                self.reschedule(due, Some(digest.due), None);
            }
            for spoken in &notified.speaks_for {
                let Some(case) = self.cases.get_mut(&spoken.case) else { continue };
                name_members(case, &spoken.firing, &spoken.ended);
                let Some(briefing) = case.briefing_mut(&spoken.audience) else { continue };
                let over = spoken.said.status == CaseStatus::Resolved;
                if briefing.said.is_none() || !over || !others_are_behind(briefing, &decided.recipient) {
                    briefing.said = Some((spoken.said, now));
                    if over {
                        briefing.awaits_nothing();
                    }
                }
                if !rows.contains(&briefing.row) {
                    rows.push(briefing.row.clone());
                }
                let line = briefing.lines.begin(&decided.recipient);
                line.withheld = None;
                line.told = Some(Told { ordinal: 0, said: spoken.said, at: now });
                line.opened = true;
            }
            for row in rows {
                self.windows.entry((decided.recipient.clone(), Some(row))).or_default().add(now);
            }
        }
    }

    /// Nothing is left for a digest to name of this line.
    pub(super) fn no_longer_withheld(&mut self, case: CaseId, audience: &Name, recipient: &Recipient) {
        let briefing = self.cases.get_mut(&case).and_then(|case| case.briefing_mut(audience));
        if let Some(line) = briefing.and_then(|briefing| briefing.lines.get_mut(recipient)) {
            line.withheld = line.withheld.filter(|reason| !reason.is_digested());
        }
    }

    pub(super) fn apply_withheld(&mut self, fact: &Fact) {
        let Fact::Withheld { case, audience, recipient, reason, digest_at } = fact else { return };
        let briefing = self.cases.get_mut(case).and_then(|case| case.briefing_mut(audience));
        if let Some(briefing) = briefing {
            briefing.lines.begin(recipient).withheld = Some(*reason);
        }
        let Some(at) = *digest_at else { return };
        let key = (audience.clone(), recipient.clone());
        let mut fresh = false;
        let digest = self.digests.entry(key.clone()).or_insert_with(|| {
            fresh = true;
            Digests { due: at, cases: Default::default() }
        });
        digest.cases.insert(*case);
        if fresh {
            let due = Due::Digest(Box::new(key));
            self.reschedule(due, None, Some(at));
        }
    }
}

/// Whether others still have to hear of the end that a recipient reads in a digest. What a person was told last counts,
/// by whatever way.
fn others_are_behind(briefing: &Briefing, reader: &Recipient) -> bool {
    let mut last: BTreeMap<&str, (Time, u32, CaseStatus)> = BTreeMap::new();
    for (recipient, line) in briefing.lines.iter().filter(|(other, _)| whose(other) != whose(reader)) {
        if !line.pending.is_empty() {
            return true;
        }
        if let Some(told) = line.told {
            let last = last.entry(whose(recipient)).or_insert((told.at, told.ordinal, told.said.status));
            if (told.at, told.ordinal) >= (last.0, last.1) {
                *last = (told.at, told.ordinal, told.said.status);
            }
        }
    }
    last.values().any(|(_, _, status)| *status != CaseStatus::Resolved)
}

/// As much of a text as State keeps.
fn cut_text(text: &str) -> Box<str> {
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= OUTSIDE_MAX).last();
    if text.len() <= OUTSIDE_MAX { text.into() } else { text[..end.unwrap_or(0)].into() }
}

/// Whose a recipient is: `CONTACT@CHANNEL` is the contact's, a destination is its own.
pub(super) fn whose(recipient: &Recipient) -> &str {
    let text = recipient.as_str();
    if text.contains('#') { text } else { text.split('@').next().unwrap_or(text) }
}

/// Notes which alerts of a group a message was the first to name as firing, or as ended.
fn name_members(case: &mut Case, firing: &[Fingerprint], ended: &[Fingerprint]) {
    for fingerprint in firing {
        if let Some(member) = case.members.get_mut(fingerprint) {
            *member = Member { said_firing: true, said_ended: false };
        }
    }
    for fingerprint in ended {
        if let Some(member) = case.members.get_mut(fingerprint) {
            member.said_ended = true;
        }
    }
}
