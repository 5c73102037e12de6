//! R16, R20: when and what a group of alerts says: its opening, changes, reminders and end.

use super::fact::{Fact, Said, WithheldReason};
use super::look::Look;
use super::matter::{Matter, Sort};
use super::pace;
use super::policy::Policy;
use super::row::Row;
use super::say::{self, Word};
use super::standing::{self, Standing, subject};
use super::state::{Alert, Briefing, Case, State};
use super::{clock, escalate, promise, speak, tend, via};
use crate::event::id::{CaseId, Fingerprint};
use crate::event::{Labels, Span, Status, Time};
use crate::message::{CaseStatus, Disclosure, Kind};

/// How long cases that opened and ended unsaid wait for company before their digest.
pub(super) const GATHER: Span = Span::from_secs(10);

/// A group that is due says what is to be said, or plans when to look again.
pub(super) fn speak(
    state: &State,
    policy: &Policy,
    now: Time,
    id: CaseId,
    case: &Case,
    labels: &Labels,
) -> Vec<Fact> {
    let Some(briefing) = case.briefings.first() else {
        return vec![Fact::CaseClosed { case: id }];
    };
    let row = policy.row(&briefing.row, &briefing.audience);
    let standing = Standing::of(state, case, briefing.said_severity());
    if is_tended(row, case, briefing) {
        return tended(state, policy, now, case, id, labels, standing);
    }
    let names = super::names::Names::of(policy, id, case);
    let max_alerts = row.map_or(100, |row| row.max_alerts);
    let repeat = row.and_then(|row| row.repeat_every);
    let kind_now = |kind| subject(policy, case, labels, briefing, &standing, &names, kind, max_alerts);
    let probe = kind_now(Kind::Update);
    let said_now = standing::said(&probe, &standing, briefing.disclosure);
    if let Some(facts) = forget_if_lost(state, policy, now, id, case, &standing) {
        return facts;
    }
    let row_word = |firing, ended, event_at| Word {
        case: id,
        row,
        event_at,
        firing,
        ended,
        ..Word::at_desk(&briefing.audience, standing.severity, case.due.unwrap_or(now), now)
    };
    let Some(kind) = kind_to_say(briefing, said_now, now, repeat) else {
        let word = row_word(Vec::new(), Vec::new(), now);
        let mut facts = say::write_again(state, policy, now, word, briefing, &probe, said_now);
        facts.extend(nothing_to_say(state, policy, now, id, case, briefing, &standing, repeat));
        return facts;
    };
    if kind == Kind::Opening && began_before_birth(state, policy, now, &standing) {
        return withhold_all(
            state,
            policy,
            id,
            briefing,
            WithheldReason::FirstStart,
            first_list_at(state, now),
            None,
        );
    }
    let (firing, ended) = unsaid(case, &standing);
    let event_at = event_time(&standing, &firing, &ended, now);
    let word = row_word(firing, ended, event_at);
    let mut facts = say::say(state, policy, now, &word, briefing, &kind_now(kind), said_now);
    if kind == Kind::Resolution && facts.is_empty() && case.is_quiet() {
        // Nobody is owed the word of its end: they were removed, or could not be reached.
        return close(state, id, case);
    }
    let next = match standing.status {
        CaseStatus::Open => repeat.map(|every| now + every),
        CaseStatus::Lost => Some(standing.changed + policy.forget_after),
        CaseStatus::Resolved => None,
    };
    let comes = || via::next_change(policy, now, policy.audiences.get(&briefing.audience)?);
    let comes = if say::tells(&facts) { None } else { comes() };
    facts.push(Fact::CaseDue { case: id, at: [next, comes].into_iter().flatten().min() });
    facts
}

/// Whether more is to be watched than changes and reminders: for most groups it is not, and there are very many.
fn is_tended(row: Option<&Row>, case: &Case, briefing: &Briefing) -> bool {
    let by_row = row.is_some_and(|row| row.keeping.is_watchful());
    by_row || case.course.is_some() || briefing.awaited.is_some() || case.briefings.len() > 1
}

/// A group whose row promises, holds back, escalates or wants approval; or that was escalated to others.
fn tended(
    state: &State,
    policy: &Policy,
    now: Time,
    case: &Case,
    id: CaseId,
    labels: &Labels,
    standing: Standing<'_>,
) -> Vec<Fact> {
    if let Some(facts) = forget_if_lost(state, policy, now, id, case, &standing) {
        return facts;
    }
    let Some(first) = case.briefings.first() else { return Vec::new() };
    let row = policy.row(&first.row, &first.audience);
    let new = first.said.is_none() && standing.status == CaseStatus::Open;
    // What somebody must approve is drafted as ever (R23).
    let listed = row.is_none_or(|row| row.keeping.approval.is_none());
    if new && listed && began_before_birth(state, policy, now, &standing) {
        let (reason, at) = (WithheldReason::FirstStart, first_list_at(state, now));
        return withhold_all(state, policy, id, first, reason, at, None);
    }
    let matter = Matter::group(policy, id, case, labels, standing, row.map_or(100, |row| row.max_alerts));
    let escalated = escalate::decide(state, policy, now, &matter);
    if !escalated.is_empty() {
        return escalated;
    }
    let mut rest = Vec::new();
    for briefing in &case.briefings {
        let said = tend::word(&Look::at(state, policy, now, &matter, briefing));
        if said.iter().any(|fact| !matches!(fact, Fact::NoticeRaised { .. })) {
            return said;
        }
        rest.extend(said);
    }
    let led = speak::lead(state, policy, now, &matter);
    if !led.is_empty() {
        return led;
    }
    let Sort::Group { standing, .. } = &matter.sort else { return rest };
    let repeat = row.and_then(|row| row.repeat_every);
    let held =
        case.briefings.iter().any(|briefing| Look::at(state, policy, now, &matter, briefing).is_end_held());
    let waits = super::approve::waits_until(policy, &matter).filter(|until| now < *until);
    let mut facts = match standing.status {
        CaseStatus::Resolved if held || waits.is_some() => vec![Fact::CaseDue { case: id, at: waits }],
        _ => nothing_to_say(state, policy, now, id, case, first, standing, repeat),
    };
    for fact in &mut facts {
        if let Fact::CaseDue { at, .. } = fact {
            *at = [*at, next_look(state, policy, now, &matter)].into_iter().flatten().min();
        }
    }
    rest.extend(facts);
    rest
}

fn next_look(state: &State, policy: &Policy, now: Time, matter: &Matter<'_>) -> Option<Time> {
    let tended = matter
        .case
        .briefings
        .iter()
        .filter_map(|briefing| tend::next_look(&Look::at(state, policy, now, matter, briefing)));
    let others = [
        promise::next_look(state, policy, now, matter),
        escalate::next_look(policy, now, matter),
        clock::next_miss(policy, matter, now),
    ];
    tended.chain(others.into_iter().flatten()).min()
}

/// R44: alerts of which nobody has heard for so long are forgotten, and their group ends without a word.
fn forget_if_lost(
    state: &State,
    policy: &Policy,
    now: Time,
    id: CaseId,
    case: &Case,
    standing: &Standing<'_>,
) -> Option<Vec<Fact>> {
    let over = standing.status == CaseStatus::Lost && standing.changed + policy.forget_after <= now;
    over.then(|| {
        if case.is_quiet() {
            close(state, id, case)
        } else {
            vec![Fact::CaseDue { case: id, at: Some(now + super::speak::LOOK_AGAIN) }]
        }
    })
}

/// The alerts of which no word has said yet that they fire, or that they have ended.
pub(super) fn unsaid(case: &Case, standing: &Standing<'_>) -> (Vec<Fingerprint>, Vec<Fingerprint>) {
    let of = |alerts: &[(Fingerprint, &Alert)], is_unsaid: fn(&super::state::Member) -> bool| {
        let unsaid = |fingerprint: &Fingerprint| case.members.get(fingerprint).is_some_and(is_unsaid);
        alerts.iter().map(|(fingerprint, _)| *fingerprint).filter(unsaid).collect()
    };
    let firing = of(&standing.firing, |member| !member.said_firing || member.said_ended);
    (firing, of(&standing.ended, |member| !member.said_ended))
}

/// When the change that is told was received.
fn event_time(standing: &Standing<'_>, firing: &[Fingerprint], ended: &[Fingerprint], now: Time) -> Time {
    let concerned = standing.firing.iter().chain(&standing.ended).filter(|(fingerprint, _)| {
        firing.binary_search(fingerprint).is_ok() || ended.binary_search(fingerprint).is_ok()
    });
    concerned.map(|(_, alert)| alert.changed.max(alert.record.received)).min().unwrap_or(now)
}

/// What is to be said, if anything.
pub(super) fn kind_to_say(
    briefing: &Briefing,
    now_said: Said,
    now: Time,
    repeat: Option<Span>,
) -> Option<Kind> {
    let Some((last, at)) = briefing.said else {
        return (now_said.status == CaseStatus::Open).then_some(Kind::Opening);
    };
    match (last.status, now_said.status) {
        (CaseStatus::Resolved, CaseStatus::Open) => Some(Kind::Opening),
        (CaseStatus::Resolved, _) => None,
        (_, CaseStatus::Resolved) => Some(Kind::Resolution),
        // Only insiders hear that something is no longer reported (R5).
        (_, CaseStatus::Lost) if briefing.disclosure != Disclosure::Internal => None,
        _ if last.state != now_said.state || worse_or_better(briefing, last, now_said) => Some(Kind::Update),
        _ => repeat.filter(|every| at + *every <= now).map(|_| Kind::Reminder),
    }
}

/// Outsiders are not told how bad it is (R21).
fn worse_or_better(briefing: &Briefing, last: Said, now: Said) -> bool {
    last.severity != now.severity && briefing.disclosure != Disclosure::External
}

#[expect(clippy::too_many_arguments, reason = "the parts were looked up by the one caller")]
fn nothing_to_say(
    state: &State,
    policy: &Policy,
    now: Time,
    id: CaseId,
    case: &Case,
    briefing: &Briefing,
    standing: &Standing<'_>,
    repeat: Option<Span>,
) -> Vec<Fact> {
    let never_said = briefing.said.is_none();
    if never_said && standing.status == CaseStatus::Resolved {
        // Outsiders who were told nothing are not told that there was nothing.
        let listed = briefing.disclosure != Disclosure::External && !standing.ended.is_empty();
        if state.catch_up.is_some() && case.is_quiet() && listed {
            let facts =
                withhold_all(state, policy, id, briefing, WithheldReason::WhileDown, now + GATHER, None);
            if facts.len() > 1 {
                return facts;
            }
        }
    }
    if standing.status == CaseStatus::Resolved && case.is_quiet() {
        // Its end was said, or there is nobody to say it to.
        return close(state, id, case);
    }
    let next = match standing.status {
        CaseStatus::Open => briefing.said.and_then(|(_, at)| Some(at + repeat?)),
        CaseStatus::Lost => Some(standing.changed + policy.forget_after),
        CaseStatus::Resolved => None,
    };
    vec![Fact::CaseDue { case: id, at: next.filter(|at| *at > now) }]
}

/// The facts that end a group and what is kept of its alerts.
pub(super) fn close(state: &State, id: CaseId, case: &Case) -> Vec<Fact> {
    let mut facts = promise::abandoned(id, case);
    facts.push(Fact::CaseClosed { case: id });
    let elsewhere = |fingerprint: &Fingerprint| {
        let alert = state.alerts.get(fingerprint);
        alert
            .is_none_or(|alert| alert.record.status == Status::Firing || alert.cases.iter().any(|c| *c != id))
    };
    let forgotten: Vec<Fingerprint> = case.members.keys().filter(|fp| !elsewhere(fp)).copied().collect();
    if !forgotten.is_empty() {
        facts.push(Fact::AlertsForgotten { alerts: forgotten });
    }
    facts
}

/// R3: what began before the first start is listed, unless it is urgent.
fn began_before_birth(state: &State, policy: &Policy, now: Time, standing: &Standing<'_>) -> bool {
    let Some(born) = state.born else { return false };
    let young = now < born + super::FIRST_LIST_AFTER;
    let before = standing.firing.iter().all(|(_, alert)| alert.record.starts_at < born);
    young && before && !policy.ladder.is_urgent(standing.severity)
}

/// When the list of what began before the first start is due.
pub(super) fn first_list_at(state: &State, now: Time) -> Time {
    state.born.map_or(now, |born| born + super::FIRST_LIST_AFTER)
}

/// Withholds a word from everyone whom it would tell, for a digest to name.
pub(super) fn withhold_all(
    state: &State,
    policy: &Policy,
    id: CaseId,
    briefing: &Briefing,
    reason: WithheldReason,
    at: Time,
    row: Option<&Row>,
) -> Vec<Fact> {
    let row = row.or_else(|| policy.row(&briefing.row, &briefing.audience));
    let via = row.map_or(&policy.default_via, |row| &row.via);
    let audience = policy.audiences.get(&briefing.audience);
    let all = audience.map(|audience| via::recipients(state, policy, audience, via, Kind::Digest, false));
    let fresh = |recipient: &crate::event::Recipient| {
        briefing.lines.get(recipient).and_then(|line| line.withheld) != Some(reason)
    };
    let mut facts: Vec<Fact> = all
        .unwrap_or_default()
        .into_iter()
        .filter(fresh)
        .map(|recipient| {
            let later = pace::ceiling_reached(state, policy, at, &recipient);
            Fact::Withheld {
                case: id,
                audience: briefing.audience.clone(),
                recipient,
                reason,
                digest_at: Some(later.unwrap_or(at).max(at)),
            }
        })
        .collect();
    facts.push(Fact::CaseDue { case: id, at: None });
    facts
}

/// R16: after a delivery of the group has ended: alerts whose end was said to everyone leave, and an empty or finished
/// group closes.
pub(super) fn tidy(state: &State, id: CaseId, case: &Case) -> Vec<Fact> {
    if !case.is_quiet() {
        return Vec::new();
    }
    let ended = |fingerprint: &Fingerprint| {
        state.alerts.get(fingerprint).is_none_or(|alert| alert.record.status == Status::Resolved)
    };
    let done: Vec<Fingerprint> = case
        .members
        .iter()
        .filter(|(fingerprint, member)| member.said_ended && ended(fingerprint))
        .map(|(fingerprint, _)| *fingerprint)
        .collect();
    // What began and ended again while the word of its end was on its way is said by no word of its own.
    let over = || case.due.is_none() && case.members.keys().all(ended);
    if done.len() == case.members.len() || over() {
        if !super::alert::end_is_owed(case) {
            return close(state, id, case);
        }
        // Each alert's end was said while another was lost; that all of it is over was not.
        let due = case.due.is_none();
        return due.then_some(Fact::CaseDue { case: id, at: Some(state.time) }).into_iter().collect();
    }
    if done.is_empty() {
        return Vec::new();
    }
    let only_here = |fingerprint: &Fingerprint| {
        state.alerts.get(fingerprint).is_none_or(|alert| alert.cases.iter().all(|case| *case == id))
    };
    let forgotten: Vec<Fingerprint> = done.iter().filter(|fp| only_here(fp)).copied().collect();
    let mut facts = vec![Fact::AlertsLeft { case: id, alerts: done }];
    if !forgotten.is_empty() {
        facts.push(Fact::AlertsForgotten { alerts: forgotten });
    }
    facts
}
