//! R16, R20: when and what a group of alerts says: its opening, changes, reminders and end.

use super::fact::{CaseAbout, Fact, Said, WithheldReason};
use super::pace;
use super::policy::{Policy, Row};
use super::say::{self, Word};
use super::state::{Alert, Briefing, Case, State};
use super::via;
use crate::event::id::{CaseId, Digest, Fingerprint};
use crate::event::{Labels, Severity, Span, Status, Time};
use crate::message::{self, About, AlertItem, CaseStatus, Disclosure, Kind, Subject};

/// How long cases that opened and ended unsaid wait for company before their digest.
pub(super) const GATHER: Span = Span::from_secs(10);

/// A group as it stands.
pub(super) struct Standing<'a> {
    firing: Vec<(Fingerprint, &'a Alert)>,
    lost: Vec<(Fingerprint, &'a Alert)>,
    ended: Vec<(Fingerprint, &'a Alert)>,
    pub status: CaseStatus,
    pub severity: Severity,
    changed: Time,
}

impl<'a> Standing<'a> {
    pub fn of(state: &'a State, case: &Case, said: Option<Severity>) -> Standing<'a> {
        let (mut firing, mut lost, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        let mut changed = case.opened;
        for fingerprint in case.members.keys() {
            let Some(alert) = state.alerts.get(fingerprint) else { continue };
            changed = changed.max(alert.changed);
            match alert.record.status {
                Status::Firing => firing.push((*fingerprint, alert)),
                Status::Lost => lost.push((*fingerprint, alert)),
                Status::Resolved => ended.push((*fingerprint, alert)),
            }
        }
        let worst = |alerts: &[(Fingerprint, &Alert)]| alerts.iter().map(|(_, a)| a.record.severity).min();
        let severity = worst(&firing).or(worst(&lost)).or(said).or(worst(&ended));
        let status = match (firing.is_empty(), lost.is_empty()) {
            (false, _) => CaseStatus::Open,
            (true, false) => CaseStatus::Lost,
            (true, true) => CaseStatus::Resolved,
        };
        Standing { firing, lost, ended, status, severity: severity.unwrap_or(Severity::NONE), changed }
    }

    /// What tells one state of the group from another: which alerts fire, beyond what a message can show.
    fn firing_hash(&self) -> Digest {
        let mut bytes = Vec::with_capacity(self.firing.len() * 8 + self.lost.len() * 8 + 1);
        for (fingerprint, _) in &self.firing {
            bytes.extend(fingerprint.0.to_le_bytes());
        }
        bytes.push(b'|');
        for (fingerprint, _) in &self.lost {
            bytes.extend(fingerprint.0.to_le_bytes());
        }
        Digest::of(&[&bytes])
    }

    fn items(&self, policy: &'a Policy, max: usize) -> Vec<AlertItem<'a>> {
        let mut firing: Vec<_> = self.firing.iter().collect();
        firing.sort_by_key(|(fingerprint, alert)| {
            (alert.record.severity, alert.record.starts_at, *fingerprint)
        });
        let shown = firing.into_iter().chain(&self.lost).chain(&self.ended).take(max);
        shown
            .map(|(fingerprint, alert)| AlertItem {
                fingerprint: *fingerprint,
                status: alert.record.status,
                severity: policy.ladder.name(alert.record.severity),
                labels: &alert.record.labels,
                annotations: &alert.record.annotations,
                starts_at: alert.record.starts_at,
                ends_at: alert.record.ends_at,
                url: alert.record.url.as_deref(),
                source: &alert.record.source,
            })
            .collect()
    }

    fn total(&self) -> usize {
        self.firing.len() + self.lost.len() + self.ended.len()
    }
}

/// The words that a group's subject borrows.
pub(super) struct Names {
    pub reference: String,
    pub public_reference: String,
}

impl Names {
    pub fn of(policy: &Policy, id: CaseId, case: &Case) -> Names {
        let reference = match &case.about {
            CaseAbout::Group { row, labels, .. } => format!("{row}{labels}"),
            CaseAbout::Incident { id } => id.to_string(),
            CaseAbout::Desk { audience } => audience.to_string(),
        };
        let hash = Digest::keyed(&policy.reference_key, &[b"reference", &id.0.to_le_bytes()]);
        Names { reference, public_reference: format!("R-{}", &hash.to_string()[..8].to_uppercase()) }
    }
}

/// The subject of a group for one kind of message.
pub(super) fn subject<'a>(
    policy: &'a Policy,
    case: &'a Case,
    labels: &'a Labels,
    briefing: &'a Briefing,
    standing: &Standing<'a>,
    names: &'a Names,
    kind: Kind,
    max_alerts: usize,
) -> Subject<'a> {
    let shown = standing.items(policy, max_alerts);
    let truncated = standing.total() - shown.len();
    let starts = |items: &[(Fingerprint, &Alert)]| items.iter().map(|(_, a)| a.record.starts_at).min();
    let begun = starts(&standing.firing).or(starts(&standing.lost)).or(starts(&standing.ended));
    let ends = standing.ended.iter().filter_map(|(_, alert)| alert.record.ends_at).max();
    Subject {
        kind,
        status: standing.status,
        severity: policy.ladder.name(standing.severity),
        urgent: policy.ladder.is_urgent(standing.severity),
        reopened: kind == Kind::Opening && briefing.said.is_some(),
        reference: &names.reference,
        public_reference: &names.public_reference,
        opened_at: begun.unwrap_or(case.opened),
        changed_at: standing.changed,
        resolved_at: ends.filter(|_| standing.status == CaseStatus::Resolved),
        route: briefing.row.as_str(),
        audience: briefing.audience.as_str(),
        about: About::Alerts {
            group: labels,
            shown,
            firing: standing.firing.len(),
            ended: standing.ended.len(),
            truncated,
        },
    }
}

/// What the case's state is for the briefing's audience.
pub(super) fn said(subject: &Subject<'_>, standing: &Standing<'_>, level: Disclosure) -> Said {
    let visible = message::state_digest(subject, level);
    let state = match level {
        Disclosure::Internal => Digest::of(&[visible.bytes(), standing.firing_hash().bytes()]),
        Disclosure::Business | Disclosure::External => visible,
    };
    Said { status: standing.status, state, severity: standing.severity }
}

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
    let names = Names::of(policy, id, case);
    let max_alerts = row.map_or(100, |row| row.max_alerts);
    let repeat = row.and_then(|row| row.repeat_every);
    let kind_now = |kind| subject(policy, case, labels, briefing, &standing, &names, kind, max_alerts);
    let probe = kind_now(Kind::Update);
    let said_now = said(&probe, &standing, briefing.disclosure);
    if let Some(facts) = forget_if_lost(state, policy, now, id, case, &standing) {
        return facts;
    }
    let row_word = |firing, ended, event_at| Word {
        case: id,
        audience: &briefing.audience,
        row,
        severity: standing.severity,
        due: case.due.unwrap_or(now),
        event_at,
        firing,
        ended,
        speaks_for: Vec::new(),
        avoid: None,
        only: None,
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
    let firing: Vec<Fingerprint> =
        unsaid(case, &standing.firing, |member| !member.said_firing || member.said_ended);
    let ended: Vec<Fingerprint> = unsaid(case, &standing.ended, |member| !member.said_ended);
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
    facts.push(Fact::CaseDue { case: id, at: next });
    facts
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

fn unsaid(
    case: &Case,
    alerts: &[(Fingerprint, &Alert)],
    is_unsaid: impl Fn(&super::state::Member) -> bool,
) -> Vec<Fingerprint> {
    let unsaid = |fingerprint: &Fingerprint| case.members.get(fingerprint).is_some_and(&is_unsaid);
    alerts.iter().map(|(fingerprint, _)| *fingerprint).filter(unsaid).collect()
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
        _ if last.state != now_said.state || last.severity != now_said.severity => Some(Kind::Update),
        _ => repeat.filter(|every| at + *every <= now).map(|_| Kind::Reminder),
    }
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
    let mut facts = vec![Fact::CaseClosed { case: id }];
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
    let all = audience.map(|audience| via::recipients(policy, audience, via, Kind::Digest, false));
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
    if done.len() == case.members.len() {
        return close(state, id, case);
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
