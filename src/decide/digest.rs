//! R19, R3, R39: digests: one message for everything that was withheld from one recipient of one audience.

use super::fact::{End, Fact, Kept, SpokenFor, SupersededBy, WithheldReason};
use super::look::Look;
use super::matter::{Matter, Shade, Sort};
use super::pace;
use super::policy::Policy;
use super::promise;
use super::row::{Approval, AtDue};
use super::say::{self, Word};
use super::state::{Briefing, Case, Delivery, Digests, State};
use super::write_up;
use crate::event::id::{CaseId, DeliveryId, Fingerprint};
use crate::event::{Name, Recipient, Severity, Time};
use crate::message::{self, About, CaseStatus, DigestItem, Disclosure, Kind, Subject, Wording};

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
        digest.cases.iter().filter_map(|id| entry(state, policy, now, *id, audience, recipient)).collect();
    let own_words = left_out(state, now, digest, &entries);
    if entries.is_empty() {
        return std::iter::once(dropped).chain(own_words).collect();
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
    if say::tells(&facts) {
        facts.extend(word.speaks_for.iter().flat_map(|spoken| kept_up(state, policy, now, spoken)));
    } else {
        facts.push(dropped);
    }
    facts.extend(own_words);
    facts
}

/// Cases that the digest does not name are looked at: they have a word of their own, or none.
fn left_out(state: &State, now: Time, digest: &Digests, entries: &[Entry]) -> Vec<Fact> {
    let named = |id: &CaseId| entries.iter().any(|entry| entry.spoken.case == *id);
    let known = digest.cases.iter().filter(|id| !named(id)).filter_map(|id| Some((id, state.cases.get(id)?)));
    known
        .map(|(id, case)| (*id, case.due.map_or(now, |due| due.min(now))))
        .map(|(case, at)| Fact::CaseDue { case, at: Some(at) })
        .collect()
}

/// A case that a digest told of is kept up like any other: its row's rhythm begins (R22), and it is looked at again for
/// what else its row asks (R20, R25).
fn kept_up(state: &State, policy: &Policy, now: Time, spoken: &SpokenFor) -> Vec<Fact> {
    let Some(matter) = Matter::find(state, policy, spoken.case) else { return Vec::new() };
    if spoken.said.status != CaseStatus::Open {
        // Who reads the end in a digest is owed what was written up of it (R27).
        let look = matches!(matter.sort, Sort::Incident { .. }).then_some(now);
        return look.map(|at| Fact::CaseDue { case: matter.id, at: Some(at) }).into_iter().collect();
    }
    let Some(briefing) = matter.case.briefing(&spoken.audience) else { return Vec::new() };
    let row = policy.row(&briefing.row, &briefing.audience);
    let promised = promise::next(policy, now, row, &matter, false).filter(|_| briefing.promise().is_none());
    let mut facts: Vec<Fact> = promised
        .map(|due| Kept::PromiseMade { case: matter.id, audience: spoken.audience.clone(), due })
        .map(Fact::Kept)
        .into_iter()
        .collect();
    let due = matter.case.due;
    let watched = row.is_some_and(|row| row.keeping.is_watchful()) || !facts.is_empty();
    let at = if watched || matches!(matter.sort, Sort::Incident { .. }) {
        Some(due.map_or(now, |due| due.min(now)))
    } else {
        row.and_then(|row| row.repeat_every).filter(|_| due.is_none()).map(|every| now + every)
    };
    facts.extend(at.map(|at| Fact::CaseDue { case: matter.id, at: Some(at) }));
    facts
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

/// One case as the digest names it: as it stands now, at the level of its briefing. Where texts need approval it says no
/// more than what was said, or what is agreed (R23); an end that is held is not said by the way either (R26).
fn entry(
    state: &State,
    policy: &Policy,
    now: Time,
    id: CaseId,
    audience: &Name,
    recipient: &Recipient,
) -> Option<Entry> {
    let matter = Matter::find(state, policy, id)?;
    let briefing = matter.case.briefing(audience)?;
    let reason = briefing.lines.get(recipient)?.withheld.filter(|reason| reason.is_digested())?;
    // What was approved, or written up, leaves in its own words.
    let own_words = briefing.draft().is_some_and(|draft| draft.approved.is_some())
        || write_up::is_owed(state, policy, &matter, briefing);
    if own_words {
        return None;
    }
    let look = Look::at(state, policy, now, &matter, briefing);
    let agreed = look.wording() == Wording::Agreed;
    let held = look.is_end_held();
    let unapproved = look
        .approval()
        .is_some_and(|approval| matter.status == CaseStatus::Open || !end_may_leave(now, approval, briefing));
    let said = match briefing.said {
        Some((last, _)) if unapproved || held => last,
        // Outsiders who were told nothing are not told that there was nothing.
        None if agreed && matter.status != CaseStatus::Open => return None,
        None if unapproved => matter.agreed_said(policy, briefing),
        _ => matter.said(policy, briefing),
    };
    let subject = matter.subject(policy, briefing, Kind::Update, Shade::default());
    let level = briefing.disclosure;
    let title = if agreed { message::agreed_title_at } else { message::title_at };
    let outside = level == Disclosure::External;
    let reference = if outside { matter.public_reference() } else { matter.reference() };
    let item = DigestItem {
        title: title(&subject, level).into(),
        level,
        status: said.status,
        severity: subject.severity.into(),
        reference: reference.into(),
        at: subject.changed_at,
    };
    let (firing, ended) = members(state, matter.case);
    let ended = if held || agreed && said.status == CaseStatus::Open { Vec::new() } else { ended };
    let spoken = SpokenFor { case: id, audience: audience.clone(), said, firing, ended };
    Some(Entry { severity: matter.severity, item, spoken, reason })
}

/// Whether the end may be said in agreed words: it is approved, or due and still unapproved (R23).
fn end_may_leave(now: Time, approval: &Approval, briefing: &Briefing) -> bool {
    let said = briefing.said.is_some_and(|(said, _)| said.status == CaseStatus::Resolved);
    let agreed = approval.at_due == AtDue::AgreedText;
    said || briefing.draft().is_some_and(|draft| {
        let due = agreed && !draft.rejected && draft.due.is_some_and(|due| due <= now);
        draft.approved.is_some() || due
    })
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
