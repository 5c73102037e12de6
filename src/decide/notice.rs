//! R42: what the owner is told about the work itself: gathered by sort, at once and then at most once a minute.

use super::fact::{Fact, NoticeKind};
use super::pace;
use super::policy::Policy;
use super::say::{self, Word};
use super::state::State;
use super::{target, via};
use crate::event::id::{CaseId, Digest};
use crate::event::{Name, Severity, Span, Time};
use crate::message::{Kind, Subject};

/// The owner is told of one sort of trouble at most this often.
const EVERY: Span = Span::from_mins(1);

/// A notice of one instance of trouble, planned if none of its sort is.
pub(super) fn raise(
    state: &State,
    now: Time,
    notice: NoticeKind,
    text: &str,
    urgent: bool,
    avoid: Option<Name>,
) -> Fact {
    let known = state.notices.get(&notice);
    let planned = known.and_then(|known| known.due);
    let due = match known.and_then(|known| known.last) {
        _ if planned.is_some() => None,
        Some(last) => Some(now.max(last + EVERY)),
        None => Some(now),
    };
    Fact::NoticeRaised { notice, text: text.into(), urgent, due, avoid }
}

/// The desk of an audience: the case of what belongs to no single case (R31).
pub fn desk_id(audience: &Name) -> CaseId {
    CaseId(Digest::of(&[b"desk", audience.as_str().as_bytes()]).short())
}

pub(super) fn tell(state: &State, policy: &Policy, now: Time, kind: NoticeKind) -> Vec<Fact> {
    let clear = Fact::NoticeTold { notice: kind };
    let Some(notice) = state.notices.get(&kind) else { return vec![clear] };
    let Some(owner) = policy.owner.as_ref().or(policy.unrouted.as_ref()) else { return vec![clear] };
    let title = heading(kind);
    let more = if notice.count > 1 {
        format!(
            "{}\n\nThere are {} of these since the last notice; this is the newest.",
            notice.text, notice.count
        )
    } else {
        notice.text.to_string()
    };
    let severity =
        if notice.urgent { policy.ladder.urgent } else { Severity(policy.ladder.names().len() as u8 - 1) };
    let subject = Subject {
        severity: policy.ladder.name(severity),
        urgent: notice.urgent,
        public_reference: "",
        ..Subject::notice(owner.as_str(), title, title, &more, now)
    };
    let word = Word { avoid: notice.avoid.as_ref(), ..Word::at_desk(owner, severity, now, now) };
    let mut facts = say::at_desk(state, policy, now, &word, &subject);
    let said = say::tells(&facts);
    match said_later(state, policy, now, &word).filter(|_| !said) {
        // A ceiling lifts for nobody; the notice waits and counts on.
        Some(at) => facts.push(Fact::NoticePlanned { notice: kind, at }),
        None => facts.push(clear),
    }
    facts
}

/// When the first of the owner's ceilings lets a notice through.
fn said_later(state: &State, policy: &Policy, now: Time, word: &Word<'_>) -> Option<Time> {
    let audience = policy.audiences.get(word.audience)?;
    let urgent = policy.ladder.is_urgent(word.severity);
    let all = via::recipients(state, policy, audience, &policy.default_via, Kind::Notice, urgent);
    let all = target::avoiding(state, policy, all, word.avoid);
    all.iter().filter_map(|recipient| pace::ceiling_reached(state, policy, now, recipient)).min()
}

fn heading(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::DeadLetters => "A message could not be delivered",
        NoticeKind::NoEvents => "Something came in that is no event",
        NoticeKind::Quarantine => "Something could not be decided and was set aside",
        NoticeKind::Gap => "Events are missing",
        NoticeKind::LaneStopped => "A way in has stopped",
        NoticeKind::Clock => "The clock stepped",
        NoticeKind::SourceSilent => "A source has fallen silent",
        NoticeKind::Stale => "Alerts have not been heard of for long",
        NoticeKind::NothingMeetsRule => "An incident may be over",
        NoticeKind::Nobody => "Nobody could be told",
        NoticeKind::Watchdog => "A watchdog",
        NoticeKind::Missed => "A word was not said in time",
        NoticeKind::FellBack => "A message went another way",
        NoticeKind::AddressDead => "An address is dead",
    }
}
