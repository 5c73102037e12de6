//! R25: what is escalated, to whom, and until when an acknowledgement counts.

use super::desk;
use super::fact::{Cause, Fact, Kept};
use super::look::Look;
use super::matter::{Matter, Sort};
use super::policy::Policy;
use super::state::{Briefing, Case, Course, Incident, State};
use super::tend::{self, Saying};
use crate::event::id::CaseId;
use crate::event::{IncidentEvent, Name, Severity, Time, Visibility};
use crate::message::{CaseStatus, Kind};

/// What an event about an incident gives to escalate at once.
pub(super) fn causes(
    policy: &Policy,
    now: Time,
    known: Option<&Incident>,
    event: &IncidentEvent,
) -> Vec<Cause> {
    let before = known.map(|known| &known.record);
    let newly = |is: Option<bool>, was: Option<bool>| is == Some(true) && was != Some(true);
    let seen = |visibility: Option<Visibility>| visibility.is_some_and(|v| v >= Visibility::Public);
    let mut causes = Vec::new();
    if let (Some(word), Some(before)) = (event.severity.as_deref(), before) {
        let urgent = |word: Option<&str>| policy.ladder.is_urgent(policy.ladder.place(word).0);
        if urgent(Some(word)) && !urgent(before.severity.as_deref()) {
            causes.push(Cause::Urgent);
        }
    }
    if newly(event.data_exposure, before.and_then(|before| before.data_exposure)) {
        causes.push(Cause::DataExposure);
    }
    if newly(event.regulatory, before.and_then(|before| before.regulatory)) {
        causes.push(Cause::Regulatory);
    }
    if seen(event.visibility) && !seen(before.and_then(|before| before.visibility)) {
        causes.push(Cause::Visibility);
    }
    let ends = event.expected_end.as_ref().zip(before.and_then(|before| before.expected_end.as_ref()));
    if ends.is_some_and(|(new, old)| new.at.since(old.at).millis() > old.at.since(now).millis() / 2) {
        causes.push(Cause::ExpectedEnd);
    }
    let needs = event.needs.as_ref();
    if needs.is_some_and(|needs| before.and_then(|before| before.needs.as_ref()) != Some(needs)) {
        causes.push(Cause::Needs);
    }
    causes
}

/// What is escalated now, one thing at a time; no facts where nothing is.
pub(super) fn decide(state: &State, policy: &Policy, now: Time, matter: &Matter<'_>) -> Vec<Fact> {
    let fresh = Course::default();
    let course = matter.case.course.as_deref().unwrap_or(&fresh);
    let open = matter.status == CaseStatus::Open;
    let worse = course.acked.as_ref().is_some_and(|acked| matter.severity < acked.severity);
    if open && (worse || came_back(policy, matter, course)) {
        return vec![Fact::Kept(Kept::AckVoided { case: matter.id })];
    }
    if let Some(cause) = course.causes.iter().find(|cause| open || outlives_the_end(**cause)) {
        return at_once(state, policy, now, matter, *cause);
    }
    if !open {
        return Vec::new();
    }
    if unanswered_at(matter, course).is_some_and(|at| at <= now) {
        return at_once(state, policy, now, matter, Cause::NeedsUnanswered);
    }
    let due = |briefing: &&Briefing| unacked_at(policy, matter, course, briefing).is_some_and(|at| at <= now);
    match matter.case.briefings.iter().find(due) {
        Some(briefing) => {
            let row = policy.row(&briefing.row, &briefing.audience);
            let to = row.and_then(|row| row.keeping.escalate_to.as_ref()).or(desk::owner(policy));
            let whose = Some(briefing.audience.clone());
            to_audience(state, policy, now, matter, Cause::Unacknowledged, whose, to, false)
        }
        None => Vec::new(),
    }
}

/// What is to be known at once even of a case that is over.
fn outlives_the_end(cause: Cause) -> bool {
    matches!(cause, Cause::DataExposure | Cause::Regulatory | Cause::Visibility)
}

/// Whether the case goes on although somebody was told its end, and nothing has been asked of anybody since: what was
/// acknowledged or escalated in its first life counts no more.
fn came_back(policy: &Policy, matter: &Matter<'_>, course: &Course) -> bool {
    let ends = matter.case.briefings.iter().filter_map(|briefing| briefing.said);
    let end = ends.filter(|(said, _)| said.status == CaseStatus::Resolved).map(|(_, at)| at).max();
    end.is_some_and(|end| course.unacked_since.is_none_or(|since| since < end))
        && somebody_is_asked(policy, matter.case)
}

/// Whether anybody has taken the case on, or is asked to.
fn somebody_is_asked(policy: &Policy, case: &Case) -> bool {
    let asks = |briefing: &Briefing| {
        policy.row(&briefing.row, &briefing.audience).is_some_and(|row| row.keeping.ack_within.is_some())
    };
    case.course.as_ref().is_some_and(|course| course.acked.is_some()) || case.briefings.iter().any(asks)
}

/// An incident that was over goes on: who had taken it on is asked again, and so is everybody else (R25).
pub(super) fn reopened(state: &State, policy: &Policy, case: CaseId) -> Option<Fact> {
    let known = state.cases.get(&case)?;
    somebody_is_asked(policy, known).then_some(Fact::Kept(Kept::AckVoided { case }))
}

/// When what is needed should have been answered.
fn unanswered_at(matter: &Matter<'_>, course: &Course) -> Option<Time> {
    let Sort::Incident { record, .. } = &matter.sort else { return None };
    record.needs.as_ref().filter(|_| !course.needs_closed)?.by
}

/// When a row escalates that nobody has taken the case on.
fn unacked_at(policy: &Policy, matter: &Matter<'_>, course: &Course, briefing: &Briefing) -> Option<Time> {
    let within = policy.row(&briefing.row, &briefing.audience)?.keeping.ack_within?;
    let open = course.acked.is_none() && !course.escalated.contains(&briefing.audience);
    // Nobody can take on what nobody was told of, or whose coming back is not said yet.
    briefing.said.filter(|(said, _)| open && said.status != CaseStatus::Resolved)?;
    let since = course.unacked_since.map_or(briefing.opened, |since| since.max(briefing.opened));
    Some(since + within).filter(|_| matter.status == CaseStatus::Open)
}

/// To everybody to whom a row of the case escalates, one after the other; else to the owner.
fn at_once(state: &State, policy: &Policy, now: Time, matter: &Matter<'_>, cause: Cause) -> Vec<Fact> {
    let rows = matter.case.briefings.iter().filter_map(|b| policy.row(&b.row, &b.audience));
    let mut all: Vec<&Name> = rows.filter_map(|row| row.keeping.escalate_to.as_ref()).collect();
    all.sort_unstable();
    all.dedup();
    if all.is_empty() {
        all.extend(desk::owner(policy));
    }
    let sent = matter.case.course.as_deref().map(|course| course.sent.as_slice()).unwrap_or_default();
    let left: Vec<&Name> = all.into_iter().filter(|audience| !sent.contains(audience)).collect();
    to_audience(state, policy, now, matter, cause, None, left.first().copied(), left.len() > 1)
}

#[expect(clippy::too_many_arguments, reason = "the parts were looked up by the one caller")]
fn to_audience(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    cause: Cause,
    audience: Option<Name>,
    to: Option<&Name>,
    more: bool,
) -> Vec<Fact> {
    let mut facts =
        vec![Fact::Kept(Kept::Escalated { case: matter.id, cause, audience, to: to.cloned(), more })];
    if let Some(to) = to {
        facts.extend(escalation(state, policy, now, matter, cause, to));
    }
    facts
}

/// The word to one audience, which is told of the case from here on.
fn escalation(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    cause: Cause,
    to: &Name,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let fresh;
    let briefing = match matter.case.briefing(to) {
        Some(briefing) => briefing,
        None => {
            let (disclosure, row) = (policy.disclosure(to), Name::from(""));
            facts.push(Fact::BriefingOpened { case: matter.id, audience: to.clone(), row, disclosure });
            fresh = Briefing { opened: now, ..super::say::new_briefing(to, disclosure) };
            &fresh
        }
    };
    let said = matter.said(policy, briefing);
    let saying = Saying { cause: Some(cause), ..Saying::new(Kind::Escalation, said) };
    facts.extend(tend::speak(&Look::at(state, policy, now, matter, briefing), &saying));
    facts
}

/// When something is next to be escalated.
pub(super) fn next_look(policy: &Policy, now: Time, matter: &Matter<'_>) -> Option<Time> {
    if matter.status != CaseStatus::Open {
        return None;
    }
    let fresh = Course::default();
    let course = matter.case.course.as_deref().unwrap_or(&fresh);
    let unacked =
        matter.case.briefings.iter().filter_map(|briefing| unacked_at(policy, matter, course, briefing));
    unacked.chain(unanswered_at(matter, course)).filter(|at| *at > now).min()
}

/// An event says that somebody has taken an incident on.
pub(super) fn by_event(case: CaseId, event: &IncidentEvent, severity: Severity) -> Fact {
    let by = event.by.clone().unwrap_or_else(|| event.source.as_str().into());
    Fact::Kept(Kept::Acknowledged { case, by, way: super::fact::AckWay::Event, severity })
}
