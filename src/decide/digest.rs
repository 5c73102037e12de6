//! R19, R3, R39: digests: one message for everything that was withheld from one recipient of one audience.

use super::fact::{CaseAbout, Fact, SpokenFor};
use super::group::{self, Names};
use super::pace;
use super::policy::Policy;
use super::say::{self, Word};
use super::speak;
use super::state::{Briefing, Case, State};
use crate::event::id::{CaseId, Fingerprint};
use crate::event::{Name, Recipient, Severity, Time};
use crate::message::{self, About, CaseStatus, DigestItem, Kind, Subject};

/// A digest names this many cases; of more it gives the number and the worst three.
pub const NAMED_MAX: usize = 25;

/// Of a digest that cannot name everything, the worst ones are named.
const WORST: usize = 3;

struct Entry {
    severity: Severity,
    item: DigestItem,
    spoken: SpokenFor,
    reason: Option<super::fact::WithheldReason>,
}

pub(super) fn make(
    state: &State,
    policy: &Policy,
    now: Time,
    audience: &Name,
    recipient: &Recipient,
) -> Vec<Fact> {
    let dropped = Fact::DigestDropped { audience: audience.clone(), recipient: recipient.clone() };
    let Some(digest) = state.digests.get(&(audience.clone(), recipient.clone())) else {
        return vec![dropped];
    };
    if !policy.endpoints.contains_key(recipient) {
        return vec![dropped];
    }
    if let Some(at) = pace::ceiling_reached(state, policy, now, recipient) {
        return vec![Fact::DigestPlanned { audience: audience.clone(), recipient: recipient.clone(), at }];
    }
    let mut entries: Vec<Entry> =
        digest.cases.iter().filter_map(|id| entry(state, policy, *id, audience, recipient)).collect();
    if entries.is_empty() {
        return vec![dropped];
    }
    entries
        .sort_by(|a, b| (a.severity, a.item.at, a.spoken.case).cmp(&(b.severity, b.item.at, b.spoken.case)));
    let total = entries.len();
    let shown_max = if total > NAMED_MAX { WORST } else { NAMED_MAX };
    let worst = entries.first().map_or(Severity::NONE, |entry| entry.severity);
    let open = entries.iter().any(|entry| entry.item.status == CaseStatus::Open);
    let reason = entries.iter().filter_map(|entry| entry.reason).max().map_or("throttled", |r| r.as_str());
    let shown: Vec<DigestItem> = entries.iter().take(shown_max).map(|entry| entry.item.clone()).collect();
    let spoken = entries.into_iter().map(|entry| entry.spoken).collect();
    let subject = Subject {
        kind: Kind::Digest,
        status: if open { CaseStatus::Open } else { CaseStatus::Resolved },
        severity: policy.ladder.name(worst),
        urgent: policy.ladder.is_urgent(worst),
        reopened: false,
        reference: "digest",
        public_reference: "digest",
        opened_at: now,
        changed_at: now,
        resolved_at: None,
        route: "",
        audience: audience.as_str(),
        about: About::Digest { reason, shown: &shown, total },
    };
    let word = Word::at_desk(audience, worst, digest.due, now, spoken, None, Some(recipient));
    let mut facts = say::at_desk(state, policy, now, &word, &subject);
    if !facts.iter().any(|fact| matches!(fact, Fact::Notified(_))) {
        facts.push(dropped);
    }
    facts
}

/// One case as the digest names it: as it stands now, at the level of its briefing.
fn entry(
    state: &State,
    policy: &Policy,
    id: CaseId,
    audience: &Name,
    recipient: &Recipient,
) -> Option<Entry> {
    let case = state.cases.get(&id)?;
    let briefing = case.briefing(audience)?;
    let line = briefing.lines.get(recipient)?;
    let reason = line.withheld.filter(|reason| reason.is_digested())?;
    let names = Names::of(policy, id, case);
    let level = briefing.disclosure;
    let make = |subject: &Subject<'_>, said, severity, firing, ended| {
        let reference =
            if level == message::Disclosure::External { &names.public_reference } else { &names.reference };
        let item = DigestItem {
            title: message::title_at(subject, level).into(),
            level,
            status: subject.status,
            severity: subject.severity.into(),
            reference: reference.as_str().into(),
            at: subject.changed_at,
        };
        let spoken = SpokenFor { case: id, audience: audience.clone(), said, firing, ended };
        Entry { severity, item, spoken, reason: Some(reason) }
    };
    match &case.about {
        CaseAbout::Group { labels, .. } => {
            let standing = group::Standing::of(state, case, briefing.said_severity());
            let subject =
                group::subject(policy, case, labels, briefing, &standing, &names, Kind::Update, 100);
            let said = group::said(&subject, &standing, level);
            let (firing, ended) = members(state, case);
            Some(make(&subject, said, standing.severity, firing, ended))
        }
        CaseAbout::Incident { id: incident } => {
            incident_entry(state, policy, case, briefing, incident, &names)
                .map(|(subject, said, severity)| make(&subject, said, severity, Vec::new(), Vec::new()))
        }
        CaseAbout::Desk { .. } => None,
    }
}

fn incident_entry<'a>(
    state: &'a State,
    policy: &'a Policy,
    case: &'a Case,
    briefing: &'a Briefing,
    incident: &str,
    names: &'a Names,
) -> Option<(Subject<'a>, super::fact::Said, Severity)> {
    let incident = state.incidents.get(incident)?;
    let severity = speak::severity_of(policy, incident);
    let subject =
        speak::subject(policy, case, incident, &incident.record, names, briefing, severity, Kind::Update);
    let said = super::fact::Said {
        status: subject.status,
        state: message::state_digest(&subject, briefing.disclosure),
        severity,
    };
    Some((subject, said, severity))
}

/// The alerts of a group that fire, and those that have ended.
fn members(state: &State, case: &Case) -> (Vec<Fingerprint>, Vec<Fingerprint>) {
    case.members.keys().copied().partition(|fingerprint| {
        state
            .alerts
            .get(fingerprint)
            .is_some_and(|alert| alert.record.status != crate::event::Status::Resolved)
    })
}
