//! R30: a message that was not handed over in time goes to the contact's other addresses, then to the backup.

use super::fact::{End, Fact, Kept, NoticeKind, Said, SupersededBy};
use super::look::Look;
use super::matter::{Matter, Shade};
use super::notice;
use super::policy::{Contact, Policy};
use super::row::{Fallback, Row};
use super::say::{self, Word};
use super::state::{Delivery, Line, State};
use super::target;
use super::via;
use crate::event::id::DeliveryId;
use crate::event::{Recipient, Time};
use crate::message::{CaseStatus, Kind};

/// When a delivery of this row goes another way, if it is one of a contact.
pub(super) fn at(policy: &Policy, row: Option<&Row>, recipient: &Recipient, now: Time) -> Option<Time> {
    let fallback = row?.keeping.fallback.as_ref()?;
    policy.endpoints.get(recipient)?.contact.as_ref()?;
    Some(now + fallback.after)
}

/// A delivery's time for the way that was meant is over.
pub(super) fn decide(state: &State, policy: &Policy, now: Time, id: DeliveryId) -> Vec<Fact> {
    let nothing = vec![Fact::Kept(Kept::FellBack { delivery: id, to: Vec::new() })];
    let Some(delivery) = state.deliveries.get(&id) else { return nothing };
    let Some(matter) = Matter::find(state, policy, delivery.case) else { return nothing };
    let Some(briefing) = matter.case.briefing(&delivery.audience) else { return nothing };
    let look = Look::at(state, policy, now, &matter, briefing);
    let Some(fallback) = look.row.and_then(|row| row.keeping.fallback.as_ref()) else { return nothing };
    let Some((last, kind)) = what_again(&look, delivery) else { return nothing };
    let mut to = ways(&look, delivery, fallback);
    // Nobody hears the end of what they were not told of (R27).
    to.retain(|way| kind != Kind::Resolution || target::person_may_know(state, policy, briefing, way));
    let Some(way) = to.first() else { return nothing };
    // Who was told by this way before is not told of it as if it were new.
    let told = briefing.lines.get(way).is_some_and(|line| line.told.is_some());
    let kind = if told && kind == Kind::Opening { Kind::Update } else { kind };
    let names: Vec<&str> = to.iter().map(Recipient::as_str).collect();
    let text = format!(
        "{} to {} was not handed over within {}: {} gets it instead.",
        delivery.kind.as_str(),
        delivery.recipient,
        fallback.after,
        names.join(", "),
    );
    let urgent = policy.ladder.is_urgent(delivery.severity);
    let avoid = Some(delivery.channel.clone());
    let again = again(&look, delivery, &to, last, kind);
    // What the ceilings hold back goes no other way: the way that was meant is still tried.
    if !say::tells(&again) {
        return nothing;
    }
    let mut facts = vec![Fact::Kept(Kept::FellBack { delivery: id, to: to.clone() })];
    let own = |fact: &Fact| matches!(fact, Fact::Ended { delivery, .. } if *delivery == id);
    facts.extend(again.into_iter().filter(|fact| !own(fact)));
    if !delivery.is_released() && !delivery.maybe_sent {
        facts.push(Fact::Ended { delivery: id, end: End::Superseded { why: SupersededBy::FellBack } });
    }
    facts.push(notice::raise(state, now, NoticeKind::FellBack, &text, urgent, avoid));
    facts
}

/// By which ways it goes now: the contact's others in the row's order, then the backup's; none where the contact has
/// been handed a word since by whatever way.
fn ways(look: &Look<'_>, delivery: &Delivery, fallback: &Fallback) -> Vec<Recipient> {
    let Look { state, policy, briefing, .. } = *look;
    let contact = policy.endpoints.get(&delivery.recipient).and_then(|endpoint| endpoint.contact.as_ref());
    let Some(contact) = contact.and_then(|name| policy.contacts.get(name)) else { return Vec::new() };
    let line = |recipient: &Recipient| briefing.lines.get(recipient);
    // What may have arrived is not handed over.
    let surely = |line: &Line| {
        let mut pending = line.pending.iter().filter_map(|id| state.deliveries.get(id));
        !pending.any(|delivery| delivery.maybe_sent)
    };
    let handed = |recipient: &Recipient| {
        let other = line(recipient).filter(|line| *recipient != delivery.recipient && surely(line));
        other.and_then(|line| line.told).is_some_and(|told| told.at >= delivery.decided_at)
    };
    if contact.by_channel.values().any(handed) {
        return Vec::new();
    }
    let tried = |recipient: &Recipient| {
        *recipient == delivery.recipient || line(recipient).is_some_and(|line| !line.pending.is_empty())
    };
    let of = |contact: &Contact| -> Option<Recipient> {
        let asked = fallback.via.iter().filter_map(|channel| contact.by_channel.get(channel));
        asked.into_iter().find(|way| !tried(way) && via::lives(state, way)).cloned()
    };
    let backups = policy.with_backups(contact).filter(|other| other.name != contact.name);
    let there = |contact: &&Contact| !via::is_away(state, contact);
    of(contact).or_else(|| backups.filter(there).find_map(of)).into_iter().collect()
}

/// What the audience was told last, and as what it is said again: what is new since then is for everybody, and not for
/// the one who was not reached. Nothing where what they were told holds no longer.
fn what_again(look: &Look<'_>, delivery: &Delivery) -> Option<(Said, Kind)> {
    let (last, _) = look.briefing.said?;
    let kind = match (last.status, delivery.kind) {
        (CaseStatus::Resolved, _) if !look.is_over() => return None,
        (CaseStatus::Resolved, _) => Kind::Resolution,
        (_, Kind::Resolution) => Kind::Update,
        (_, kind) => kind,
    };
    Some((last, kind))
}

/// The same word as it is now, to these recipients.
fn again(look: &Look<'_>, delivery: &Delivery, to: &[Recipient], said: Said, kind: Kind) -> Vec<Fact> {
    let Look { state, policy, now, matter, briefing, row } = *look;
    // An end that is not said yet, for whatever reason, is not said by the way.
    let hold = look.is_over() && !said.is_over();
    let subject = look.subject(kind, Shade { hold, write_up: None });
    let desk = Word::at_desk(&briefing.audience, matter.severity, delivery.due, now);
    let word = Word {
        case: matter.id,
        row,
        event_at: delivery.event_at,
        only: Some(to),
        paced: true,
        unthrottled: true,
        wording: look.wording(),
        next_update: briefing.promise().map(|promise| promise.due),
        ..desk
    };
    say::say(state, policy, now, &word, briefing, &subject, said)
}
