//! Beats, which show that the whole way works, and watchdogs: alerts that say by their silence that something is wrong.

use super::fact::{Fact, NoticeKind};
use super::notice;
use super::policy::Policy;
use super::say::{self, Word};
use super::state::State;
use super::via;
use crate::event::{Labels, Name, Severity, Time};
use crate::message::{Kind, Subject};

/// One beat: a word to everyone in an audience of its own, about nothing.
pub(super) fn beat(state: &State, policy: &Policy, now: Time, audience: &Name, beat: u64) -> Vec<Fact> {
    let Some(known) = policy.audiences.get(audience) else { return Vec::new() };
    let severity = Severity::NONE;
    let text =
        format!("This is beat {beat} since the start. Nothing has happened and nothing is to be done.");
    let subject = Subject::notice(audience.as_str(), "heartbeat", "Tidings works", &text, now);
    // Named one by one: no ceiling holds a beat back, or it would look as if nothing worked.
    let all = via::recipients(state, policy, known, &policy.default_via, Kind::Notice, false);
    let word = Word { only: Some(&all), ..Word::at_desk(audience, severity, now, now) };
    say::at_desk(state, policy, now, &word, &subject)
}

impl Policy {
    /// Whether alerts with these labels are meant to fire for ever.
    pub fn is_watchdog(&self, labels: &Labels) -> bool {
        !self.watchdog.is_empty() && self.watchdog.iter().all(|matcher| matcher.matches(labels))
    }
}

/// The owner is told that a watchdog has stopped coming.
pub(super) fn stopped(state: &State, now: Time, source: &Name, labels: &Labels, how: &str) -> Fact {
    let text = format!(
        "{labels} of {source} is meant to fire for ever, and {how}. Whatever it watches may be broken, or its way to \
         Tidings is: as long as it does not come, other alerts from there may not come either."
    );
    notice::raise(state, now, NoticeKind::Watchdog, &text, true, None)
}

/// Whoever was told that a watchdog stopped is told that one comes again.
pub(super) fn comes(state: &State, now: Time, source: &Name, labels: &Labels) -> Option<Fact> {
    state.notices.contains_key(&NoticeKind::Watchdog).then(|| {
        let text = format!("{labels} of {source}, which is meant to fire for ever, comes again.");
        notice::raise(state, now, NoticeKind::Watchdog, &text, false, None)
    })
}
