//! R31, R34, R40: the deliveries of a notification, and what ends because of them.

use super::fact::{Decided, End, Fact, Notified, Said, SupersededBy, SuppressedBy};
use super::fallback;
use super::policy::Policy;
use super::say::Word;
use super::state::{Briefing, Delivery, State};
use super::target;
use crate::event::Recipient;
use crate::event::id::{DeliveryId, Digest, NotificationId};
use crate::message::{Disclosure, Kind, Message, Wording};
use std::collections::BTreeSet;

/// Those who get one notification.
pub(super) struct Many {
    /// How many notifications of the same word come before it.
    pub number: u32,
    pub kind: Kind,
    pub level: Disclosure,
    pub recipients: Vec<Recipient>,
    /// The delivery that it carries again, if it does (R33).
    pub redrive_of: Option<DeliveryId>,
}

/// Decides one notification.
#[expect(clippy::too_many_arguments, reason = "one decision with all that it rests on")]
pub(super) fn decide(
    state: &State,
    policy: &Policy,
    word: &Word<'_>,
    briefing: &Briefing,
    message: Message,
    said: Said,
    many: Many,
    facts: &mut Vec<Fact>,
) {
    let Many { number, kind, level, recipients, redrive_of } = many;
    let ordinal = briefing.ordinal + 1 + number;
    let content = digest_of(&message);
    let counted =
        |fact: &Fact| if let Fact::Notified(notified) = fact { notified.deliveries.len() } else { 0 };
    let mut next = state.last_delivery.0 + facts.iter().map(counted).sum::<usize>() as u64;
    let fallback_at = |recipient: &Recipient| fallback::at(policy, word.row, recipient, state.time);
    let mut deliveries = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        let Some(channel) = policy.channel_of(&recipient).cloned() else { continue };
        next += 1;
        let key = key_of(policy, word, ordinal, kind, &recipient, content);
        deliveries.push(Decided {
            id: DeliveryId(next),
            fallback_at: fallback_at(&recipient),
            recipient,
            channel,
            kind,
            key,
            redrive_of,
        });
    }
    let after = after(state, policy, briefing, kind, &deliveries);
    facts.push(Fact::Notified(Box::new(Notified {
        id: NotificationId(state.last_notification.0 + 1 + u64::from(number)),
        case: word.case,
        audience: word.audience.clone(),
        row: word.row.map_or_else(|| "".into(), |row| row.name.clone()),
        ordinal,
        kind,
        severity: word.severity,
        due: word.due,
        event_at: word.event_at,
        said,
        firing: word.firing.clone(),
        ended: word.ended.clone(),
        speaks_for: word.speaks_for.clone(),
        disclosure: level,
        next_update: word.next_update,
        agreed: word.wording == Wording::Agreed,
        revision: word.draft.map(|draft| draft.revision),
        cause: word.cause,
        message: std::sync::Arc::new(message),
        deliveries,
    })));
    facts.extend(after);
}

/// What ends with, or because of, new deliveries: older unreleased ones of the same line (R31), a resolution to whom
/// nothing was told, and everything where nothing is sent (R40).
fn after(
    state: &State,
    policy: &Policy,
    briefing: &Briefing,
    kind: Kind,
    deliveries: &[Decided],
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let queues = matches!(kind, Kind::Notice | Kind::Digest);
    for decided in deliveries {
        let line = briefing.lines.get(&decided.recipient);
        if let Some(line) = line.filter(|_| !queues) {
            super::say::supersede_line(state, line, SupersededBy::Newer, &mut facts);
        }
        let knows = || target::person_may_know(state, policy, briefing, &decided.recipient);
        if policy.environment.shadow {
            let end = End::Suppressed { why: SuppressedBy::Shadow };
            facts.push(Fact::Ended { delivery: decided.id, end });
        } else if kind == Kind::Resolution && !knows() {
            let end = End::Superseded { why: SupersededBy::ResolvedBeforeSent };
            facts.push(Fact::Ended { delivery: decided.id, end });
        }
    }
    facts
}

/// After the end nothing older goes out, by whatever way.
pub(super) fn supersede_rest(state: &State, briefing: &Briefing, facts: &mut Vec<Fact>) {
    let ended: BTreeSet<DeliveryId> = facts
        .iter()
        .filter_map(|fact| if let Fact::Ended { delivery, .. } = fact { Some(*delivery) } else { None })
        .collect();
    for id in briefing.lines.values().flat_map(|line| &line.pending).filter(|id| !ended.contains(id)) {
        supersede(state, *id, SupersededBy::ResolvedBeforeSent, facts);
    }
}

/// Ends a delivery that waits; one that is let go ends by its outcome alone (R33).
pub(super) fn supersede(state: &State, id: DeliveryId, why: SupersededBy, facts: &mut Vec<Fact>) {
    let Some(delivery) = state.deliveries.get(&id) else { return };
    if delivery.is_released() {
        return;
    }
    let why = if delivery.maybe_sent { SupersededBy::MaybeTold } else { why };
    facts.push(Fact::Ended { delivery: id, end: End::Superseded { why } });
}

/// Whether a delivery says more than its briefing may say now (R37).
pub(super) fn is_stale(briefing: &Briefing, delivery: &Delivery) -> bool {
    delivery.disclosure.stricter(briefing.disclosure) != delivery.disclosure
}

/// R34. The reference key is made from the journal's identity, so keys of two journals never meet.
fn key_of(
    policy: &Policy,
    word: &Word<'_>,
    ordinal: u32,
    kind: Kind,
    recipient: &Recipient,
    content: Digest,
) -> Digest {
    Digest::keyed(
        &policy.reference_key,
        &[
            b"delivery",
            &word.case.0.to_le_bytes(),
            word.audience.as_str().as_bytes(),
            &ordinal.to_le_bytes(),
            kind.as_str().as_bytes(),
            recipient.as_str().as_bytes(),
            content.bytes(),
        ],
    )
}

fn digest_of(message: &Message) -> Digest {
    Digest::of(&[
        message.reference.as_bytes(),
        message.title.as_bytes(),
        message.short.as_bytes(),
        message.body.as_bytes(),
        message.data.get().as_bytes(),
    ])
}
