//! R19, R3, R39: digests: one message for everything that was withheld from one recipient of one audience.

use super::fact::{CaseAbout, End, Fact, SpokenFor, SupersededBy, WithheldReason};
use super::names::Names;
use super::pace;
use super::policy::Policy;
use super::say::{self, Word};
use super::speak;
use super::standing::{self, Standing};
use super::state::{Briefing, Case, Delivery, State};
use crate::event::id::{CaseId, DeliveryId, Fingerprint};
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
    reason: WithheldReason,
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
    let too_soon = pace::next_digest(state, audience, recipient).filter(|at| *at > now);
    if let Some(at) = pace::ceiling_reached(state, policy, now, recipient).max(too_soon) {
        return vec![Fact::DigestPlanned { audience: audience.clone(), recipient: recipient.clone(), at }];
    }
    let mut entries: Vec<Entry> =
        digest.cases.iter().filter_map(|id| entry(state, policy, *id, audience, recipient)).collect();
    if entries.is_empty() {
        return vec![dropped];
    }
    entries.sort_by_key(|entry| (entry.severity, entry.item.at, entry.spoken.case));
    let total = entries.len();
    let shown_max = if total > NAMED_MAX { WORST } else { NAMED_MAX };
    let worst = entries.first().map_or(Severity::NONE, |entry| entry.severity);
    let open = entries.iter().any(|entry| entry.item.status == CaseStatus::Open);
    let reason = entries.iter().map(|entry| entry.reason).max().map_or("throttled", |r| r.as_str());
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
        customers_told: None,
        write_up: None,
        hold: false,
        about: About::Digest { reason, shown: &shown, total },
    };
    let only = [recipient.clone()];
    let desk = Word::at_desk(audience, worst, digest.due, now);
    let word = Word { only: Some(&only), speaks_for: spoken, ..desk };
    let mut facts = say::at_desk(state, policy, now, &word, &subject);
    if facts.iter().any(|fact| matches!(fact, Fact::Notified(_))) {
        facts.extend(word.speaks_for.iter().filter_map(|spoken| reminder(state, policy, now, spoken)));
    } else {
        facts.push(dropped);
    }
    facts
}

/// A case that a digest told of is reminded of like any other (R20).
fn reminder(state: &State, policy: &Policy, now: Time, spoken: &SpokenFor) -> Option<Fact> {
    let case = state.cases.get(&spoken.case)?;
    let briefing = case.briefing(&spoken.audience)?;
    let every = policy.row(&briefing.row, &briefing.audience)?.repeat_every?;
    let planned = spoken.said.status == CaseStatus::Open && case.due.is_none();
    planned.then(|| Fact::CaseDue { case: spoken.case, at: Some(now + every) })
}

/// R37: a digest that was written for a level that its audience no longer has ends, and what it named is named again.
pub(super) fn again(state: &State, now: Time, id: DeliveryId, delivery: &Delivery) -> Vec<Fact> {
    let why = if delivery.maybe_sent { SupersededBy::MaybeTold } else { SupersededBy::Newer };
    let mut facts = vec![Fact::Ended { delivery: id, end: End::Superseded { why } }];
    let (audience, recipient) = (&delivery.audience, &delivery.recipient);
    let named = state.cases.iter().filter(|(_, case)| {
        let line = case.briefing(audience).and_then(|briefing| briefing.lines.get(recipient));
        line.and_then(|line| line.told)
            .is_some_and(|told| told.ordinal == 0 && told.at == delivery.decided_at)
    });
    facts.extend(named.map(|(case, _)| Fact::Withheld {
        case: *case,
        audience: audience.clone(),
        recipient: recipient.clone(),
        reason: WithheldReason::Throttled,
        digest_at: Some(now),
    }));
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
        Entry { severity, item, spoken, reason }
    };
    match &case.about {
        CaseAbout::Group { labels, .. } => {
            let standing = Standing::of(state, case, briefing.said_severity());
            let subject =
                standing::subject(policy, case, labels, briefing, &standing, &names, Kind::Update, 100);
            let said = standing::said(&subject, &standing, level);
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
