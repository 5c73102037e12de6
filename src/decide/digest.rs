//! R19, R3, R39: digests: one message for everything that was withheld from one recipient of one audience.

use super::approve;
use super::fact::{End, Fact, Kept, SpokenFor, SupersededBy, WithheldReason};
use super::look::Look;
use super::matter::{Matter, Shade, Sort};
use super::pace;
use super::policy::Policy;
use super::promise;
use super::row::{Approval, AtDue};
use super::say::{self, Word};
use super::state::{Briefing, Case, Delivery, State};
use super::tend::{self, Saying};
use super::write_up;
use crate::event::id::{CaseId, DeliveryId, Fingerprint};
use crate::event::{Name, Recipient, Severity, Time};
use crate::message::{self, About, CaseStatus, DigestItem, Disclosure, Kind, Subject, Wording};

/// A digest names this many cases; of more it gives the number and the worst three.
pub const NAMED_MAX: usize = 25;

/// Of a digest that cannot name everything, the worst ones are named.
const WORST: usize = 3;

/// What a digest makes of a case that it was to name.
enum Part {
    /// It names it.
    Named(Entry),
    /// What there is to say is said in words of its own.
    Said(Vec<Fact>),
    /// It has words of its own, for which there is no room: when there is.
    Later(WithheldReason, Time),
    /// There is nothing to say of it here and now: it is looked at.
    Nothing,
    /// It was told meanwhile.
    Told,
}

struct Entry {
    severity: Severity,
    item: DigestItem,
    spoken: SpokenFor,
    reason: WithheldReason,
}

/// Whose digest it is.
struct Reader<'a> {
    audience: &'a Name,
    recipient: &'a Recipient,
}

impl Reader<'_> {
    /// The briefing of a case in which something is still withheld from the reader, and why it is.
    fn waits_for<'c>(&self, case: &'c Case) -> Option<(&'c Briefing, WithheldReason)> {
        let briefing = case.briefing(self.audience)?;
        let reason = briefing.lines.get(self.recipient)?.withheld.filter(|reason| reason.is_digested())?;
        Some((briefing, reason))
    }
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
    let reader = Reader { audience, recipient };
    if !policy.endpoints.contains_key(recipient) {
        // Others may have to hear what one who is gone was to hear.
        let to_come = |id: &CaseId| state.cases.get(id).is_some_and(|case| reader.waits_for(case).is_some());
        let to_come = digest.cases.iter().copied().filter(to_come);
        return std::iter::once(dropped).chain(looked_at(state, now, to_come)).collect();
    }
    let too_soon = pace::next_digest(state, audience, recipient).filter(|at| *at > now);
    if let Some(at) = pace::ceiling_reached(state, policy, now, recipient).max(too_soon) {
        return vec![Fact::DigestPlanned { audience: audience.clone(), recipient: recipient.clone(), at }];
    }
    let (mut entries, mut after) = (Vec::new(), Vec::new());
    for id in &digest.cases {
        match part(state, policy, now, *id, &reader) {
            Part::Named(entry) => entries.push(entry),
            // It goes first: a storm of digests would leave it no room. The digest is made at once, if there is any left.
            Part::Said(facts) => return facts,
            Part::Later(reason, at) => {
                let (audience, recipient, digest_at) = (audience.clone(), recipient.clone(), Some(at));
                after.push(Fact::Withheld { case: *id, audience, recipient, reason, digest_at });
            }
            Part::Nothing => after.extend(looked_at(state, now, std::iter::once(*id))),
            Part::Told => {}
        }
    }
    if entries.is_empty() {
        return std::iter::once(dropped).chain(after).collect();
    }
    let mut facts = said(state, policy, now, &reader, digest.due, entries);
    if !say::tells(&facts) {
        facts.push(dropped);
    }
    facts.extend(after);
    facts
}

/// Cases that a digest does not name are looked at.
fn looked_at(state: &State, now: Time, cases: impl Iterator<Item = CaseId>) -> impl Iterator<Item = Fact> {
    let known = cases.filter_map(|id| Some((id, state.cases.get(&id)?)));
    known.map(move |(case, known)| {
        let at = Some(known.due_by(now));
        Fact::CaseDue { case, at }
    })
}

/// The message that names these cases.
fn said(
    state: &State,
    policy: &Policy,
    now: Time,
    reader: &Reader<'_>,
    due: Time,
    mut entries: Vec<Entry>,
) -> Vec<Fact> {
    let Reader { audience, recipient } = reader;
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
    let desk = Word::at_desk(audience, worst, due, now);
    let only = [(*recipient).clone()];
    let word = Word { only: Some(&only), speaks_for: spoken, ..desk };
    let mut facts = say::at_desk(state, policy, now, &word, &subject);
    if say::tells(&facts) {
        facts.extend(word.speaks_for.iter().flat_map(|spoken| kept_up(state, policy, now, spoken)));
    }
    facts
}

/// A case that a digest told of is kept up like any other: its row's rhythm begins (R22), and it is looked at again for
/// what else its row asks (R20, R25). Who reads the end in a digest is owed what was written up of it (R27).
fn kept_up(state: &State, policy: &Policy, now: Time, spoken: &SpokenFor) -> Vec<Fact> {
    let Some(matter) = Matter::find(state, policy, spoken.case) else { return Vec::new() };
    let Some(briefing) = matter.case.briefing(&spoken.audience) else { return Vec::new() };
    if spoken.said.is_over() {
        let look = matches!(matter.sort, Sort::Incident { .. });
        return look.then_some(Fact::CaseDue { case: matter.id, at: Some(now) }).into_iter().collect();
    }
    let row = policy.row(&briefing.row, &briefing.audience);
    let promised = promise::next(policy, now, row, &matter, false).filter(|_| briefing.promise().is_none());
    let mut facts: Vec<Fact> = promised
        .map(|due| Kept::PromiseMade { case: matter.id, audience: spoken.audience.clone(), due })
        .map(Fact::Kept)
        .into_iter()
        .collect();
    let watched = row.is_some_and(|row| row.keeping.is_watchful()) || !facts.is_empty();
    let at = if watched || matches!(matter.sort, Sort::Incident { .. }) {
        Some(matter.case.due_by(now))
    } else {
        row.and_then(|row| row.repeat_every).filter(|_| matter.case.due.is_none()).map(|every| now + every)
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

/// What the digest makes of one case: it names it as it stands now, at the level of its briefing. Where texts need
/// approval it says no more than what was said, or what is agreed (R23); an end that is held is not said by the way
/// either (R26).
fn part(state: &State, policy: &Policy, now: Time, id: CaseId, reader: &Reader<'_>) -> Part {
    let Some(matter) = Matter::find(state, policy, id) else { return Part::Told };
    let Some((briefing, reason)) = reader.waits_for(matter.case) else { return Part::Told };
    let look = Look::at(state, policy, now, &matter, briefing);
    let Some(facts) = own_word(&look, reader.recipient) else {
        return entry(&look, reader.audience, reason).map_or(Part::Nothing, Part::Named);
    };
    if say::tells(&facts) {
        return Part::Said(facts);
    }
    let full = pace::too_many(state, policy, now, look.row, reader.recipient);
    full.map_or(Part::Nothing, |(reason, at)| Part::Later(reason, at))
}

/// What is said to a reader in words of its own: what was approved, or written up for who was told the end. `None` where a
/// digest names the case.
fn own_word(look: &Look<'_>, recipient: &Recipient) -> Option<Vec<Fact>> {
    let draft = look.briefing.draft().filter(|draft| draft.approved.is_some());
    if let Some(draft) = draft.filter(|_| !look.is_end_held()) {
        return Some(approve::to_reader(look, draft, recipient));
    }
    write_up::is_read_by(look, recipient).then(|| {
        let saying = Saying { wording: look.wording(), ..Saying::new(Kind::Update, look.said()) };
        tend::speak(look, &Saying { late_reader: Some(recipient), ..saying })
    })
}

fn entry(look: &Look<'_>, audience: &Name, reason: WithheldReason) -> Option<Entry> {
    let Look { state, policy, matter, briefing, .. } = *look;
    let agreed = look.wording() == Wording::Agreed;
    let held = look.is_end_held();
    let unapproved = look
        .approval()
        .is_some_and(|approval| matter.status == CaseStatus::Open || !end_may_leave(look, approval));
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
    let spoken = SpokenFor { case: matter.id, audience: audience.clone(), said, firing, ended };
    Some(Entry { severity: matter.severity, item, spoken, reason })
}

/// Whether the end may be said in agreed words: it is approved, or due and still unapproved (R23).
fn end_may_leave(look: &Look<'_>, approval: &Approval) -> bool {
    let agreed = approval.at_due == AtDue::AgreedText;
    let said = look.briefing.was_told_the_end();
    said || look.briefing.draft().is_some_and(|draft| {
        let due = agreed && !draft.rejected && approve::due_of(look).is_some_and(|due| due <= look.now);
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
