//! R16: a group as it stands: what fires, what is lost and what has ended, and how messages show it.

use super::fact::Said;
use super::names::Names;
use super::policy::Policy;
use super::state::{Alert, Briefing, Case, State};
use crate::event::id::{Digest, Fingerprint};
use crate::event::{Labels, Severity, Status, Time};
use crate::message::{self, About, AlertItem, CaseStatus, Disclosure, Kind, Subject};

/// A group as it stands.
pub(super) struct Standing<'a> {
    pub firing: Vec<(Fingerprint, &'a Alert)>,
    pub lost: Vec<(Fingerprint, &'a Alert)>,
    pub ended: Vec<(Fingerprint, &'a Alert)>,
    pub status: CaseStatus,
    pub severity: Severity,
    pub changed: Time,
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

/// The subject of a group for one kind of message.
#[expect(clippy::too_many_arguments, reason = "the parts were looked up by the one caller")]
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
        reopened: kind == Kind::Opening && briefing.was_told_the_end(),
        reference: &names.reference,
        public_reference: &names.public_reference,
        opened_at: begun.unwrap_or(case.opened),
        changed_at: standing.changed,
        resolved_at: ends.filter(|_| standing.status == CaseStatus::Resolved),
        route: briefing.row.as_str(),
        audience: briefing.audience.as_str(),
        customers_told: None,
        write_up: None,
        hold: false,
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
