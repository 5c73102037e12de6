//! R17 to R19, R27, R31, R34, R41: one word to one audience: who gets it, what is withheld, what it supersedes.

use super::fact::{
    Decided, End, Fact, NoticeKind, Notified, Said, SpokenFor, SupersededBy, SuppressedBy, WithheldReason,
};
use super::notice;
use super::pace;
use super::policy::{Policy, Row};
use super::state::{Briefing, Line, Standing, State};
use super::via;
use crate::event::id::{CaseId, DeliveryId, Digest, Fingerprint, NotificationId};
use crate::event::{Name, Recipient, Severity, Time};
use crate::message::{self, CaseStatus, Disclosure, Kind, Message, Subject};

/// What is to be said, beside the subject that it is said about.
pub(super) struct Word<'a> {
    pub case: CaseId,
    pub audience: &'a Name,
    /// `None` for what belongs to no row.
    pub row: Option<&'a Row>,
    pub severity: Severity,
    /// When it should have been said.
    pub due: Time,
    /// When the event that caused it was received.
    pub event_at: Time,
    pub firing: Vec<Fingerprint>,
    pub ended: Vec<Fingerprint>,
    pub speaks_for: Vec<SpokenFor>,
    /// A channel to be avoided where the contact has another.
    pub avoid: Option<&'a Name>,
    /// The only recipient, where there is one.
    pub only: Option<&'a Recipient>,
}

impl<'a> Word<'a> {
    /// A word of an audience's desk.
    pub fn at_desk(
        audience: &'a Name,
        severity: Severity,
        due: Time,
        event_at: Time,
        speaks_for: Vec<SpokenFor>,
        avoid: Option<&'a Name>,
        only: Option<&'a Recipient>,
    ) -> Word<'a> {
        let case = notice::desk_id(audience);
        let (firing, ended) = (Vec::new(), Vec::new());
        Word { case, audience, row: None, severity, due, event_at, firing, ended, speaks_for, avoid, only }
    }
}

/// Whom a word goes to, and as what.
struct Target {
    recipient: Recipient,
    kind: Kind,
}

/// What State knows of a recipient in this briefing.
fn is_in_the_air(state: &State, line: &Line) -> bool {
    line.pending.iter().filter_map(|id| state.deliveries.get(id)).any(|d| d.is_released() || d.maybe_sent)
}

/// Whether a recipient was told, or may be by what is under way.
pub(super) fn may_know(state: &State, line: &Line) -> bool {
    line.told.is_some() || is_in_the_air(state, line)
}

/// Decides a word about a case: the facts, and whether anything at all was said or withheld.
pub(super) fn say(
    state: &State,
    policy: &Policy,
    now: Time,
    word: &Word<'_>,
    briefing: &Briefing,
    subject: &Subject<'_>,
    said: Said,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut targets = Vec::new();
    for target in targets_of(state, policy, word, briefing, subject) {
        let line = briefing.lines.get(&target.recipient);
        match withheld(state, policy, now, word, line, &target, said) {
            None => targets.push(target),
            Some((reason, digest_at)) => {
                if line.and_then(|line| line.withheld) != Some(reason) {
                    facts.push(Fact::Withheld {
                        case: word.case,
                        audience: word.audience.clone(),
                        recipient: target.recipient,
                        reason,
                        digest_at,
                    });
                }
            }
        }
    }
    if targets.is_empty()
        && facts.is_empty()
        && subject.kind != Kind::Resolution
        && nobody(policy, word.audience)
    {
        let text = format!("The audience {} resolves to nobody.", word.audience);
        facts.push(notice::raise(state, now, NoticeKind::Nobody, &text, false, None));
    }
    if !targets.is_empty() {
        let template = word.row.and_then(|row| row.template.as_ref());
        let message = message::compose(subject, briefing.disclosure, &policy.templates, template);
        decide_deliveries(state, policy, word, briefing, message, said, targets, &mut facts);
    }
    if subject.status == CaseStatus::Resolved {
        supersede_rest(state, briefing, &mut facts);
    }
    facts
}

/// Decides a word of an audience's desk; the desk's case and briefing are opened with the first.
pub(super) fn at_desk(
    state: &State,
    policy: &Policy,
    now: Time,
    word: &Word<'_>,
    subject: &Subject<'_>,
) -> Vec<Fact> {
    let disclosure = policy.disclosure(word.audience);
    let mut facts = Vec::new();
    let state_hash = message::state_digest(subject, disclosure);
    let said = Said { status: subject.status, state: state_hash, severity: word.severity };
    let known = state.cases.get(&word.case).and_then(|case| case.briefing(word.audience));
    let fresh;
    let briefing = match known {
        Some(briefing) => briefing,
        None => {
            let about = super::fact::CaseAbout::Desk { audience: word.audience.clone() };
            facts.push(Fact::CaseOpened { case: word.case, about });
            let (audience, row) = (word.audience.clone(), Name::from(""));
            facts.push(Fact::BriefingOpened { case: word.case, audience, row, disclosure });
            fresh = new_briefing(word.audience, disclosure);
            &fresh
        }
    };
    facts.extend(say(state, policy, now, word, briefing, subject, said));
    facts
}

/// A briefing that nothing has been said in.
pub(super) fn new_briefing(audience: &Name, disclosure: Disclosure) -> Briefing {
    Briefing {
        audience: audience.clone(),
        row: Name::from(""),
        disclosure,
        ordinal: 0,
        said: None,
        lines: Default::default(),
    }
}

fn nobody(policy: &Policy, audience: &Name) -> bool {
    policy.audiences.get(audience).is_none_or(|a| a.contacts.is_empty() && a.destinations.is_empty())
}

fn targets_of(
    state: &State,
    policy: &Policy,
    word: &Word<'_>,
    briefing: &Briefing,
    subject: &Subject<'_>,
) -> Vec<Target> {
    let kind = subject.kind;
    let known = |recipient: &Recipient| policy.endpoints.contains_key(recipient);
    let via = word.row.map_or(&policy.default_via, |row| &row.via);
    let everyone = || match (word.only, policy.audiences.get(word.audience)) {
        (Some(only), _) => vec![only.clone()],
        (None, Some(audience)) => {
            via::recipients(policy, audience, via, kind, policy.ladder.is_urgent(word.severity))
        }
        (None, None) => Vec::new(),
    };
    if kind == Kind::Resolution {
        return resolution_targets(state, policy, briefing, via.names_resolution().then(everyone));
    }
    let mut recipients = avoiding(policy, everyone(), word.avoid);
    for (recipient, line) in briefing.lines.iter() {
        // Who still waits for the first word gets this one instead of it (R31).
        let unsent_opening = line.pending.iter().filter_map(|id| state.deliveries.get(id)).any(|delivery| {
            delivery.kind == Kind::Opening && !delivery.is_released() && !delivery.maybe_sent
        });
        if unsent_opening && !recipients.contains(recipient) {
            recipients.push(recipient.clone());
        }
    }
    let at_desk = word.row.is_none() && matches!(kind, Kind::Notice | Kind::Digest);
    recipients.retain(known);
    let targets = recipients.into_iter().map(|recipient| {
        let told = briefing.lines.get(&recipient).is_some_and(|line| may_know(state, line));
        let kind = if told || at_desk { kind } else { Kind::Opening };
        Target { recipient, kind }
    });
    targets.collect()
}

/// Everyone told is owed the resolution (R27): where `via` names a way for it, by that way; else where the opening
/// went; else wherever they were told.
fn resolution_targets(
    state: &State,
    policy: &Policy,
    briefing: &Briefing,
    own_way: Option<Vec<Recipient>>,
) -> Vec<Target> {
    let contact = |recipient: &Recipient| policy.endpoints.get(recipient).and_then(|e| e.contact.clone());
    let concerned: Vec<(&Recipient, &Line)> = briefing
        .lines
        .iter()
        .filter(|(recipient, line)| {
            policy.endpoints.contains_key(*recipient) && (may_know(state, line) || !line.pending.is_empty())
        })
        .collect();
    let mut recipients: Vec<Recipient> = Vec::new();
    for (recipient, line) in &concerned {
        let person = contact(recipient);
        let same_person = |other: &Recipient| match &person {
            Some(person) => contact(other).as_ref() == Some(person),
            None => other == *recipient,
        };
        let own: Vec<&Recipient> = own_way.iter().flatten().filter(|other| same_person(other)).collect();
        let opened_elsewhere = || concerned.iter().any(|(other, line)| same_person(other) && line.opened);
        let chosen: Vec<&Recipient> = if !own.is_empty() {
            own
        } else if line.opened || !opened_elsewhere() {
            vec![*recipient]
        } else {
            Vec::new()
        };
        for recipient in chosen {
            if !recipients.contains(recipient) {
                recipients.push(recipient.clone());
            }
        }
    }
    recipients.into_iter().map(|recipient| Target { recipient, kind: Kind::Resolution }).collect()
}

/// Without the recipients of a channel that is to blame, for contacts that can be reached otherwise (R42).
fn avoiding(policy: &Policy, recipients: Vec<Recipient>, avoid: Option<&Name>) -> Vec<Recipient> {
    let Some(avoid) = avoid else { return recipients };
    let of = |recipient: &Recipient| policy.endpoints.get(recipient);
    let mut chosen: Vec<Recipient> = Vec::new();
    for recipient in recipients {
        let Some(endpoint) = of(&recipient) else { continue };
        let contact = endpoint.contact.as_ref().and_then(|name| policy.contacts.get(name));
        let others = contact.into_iter().flat_map(|contact| contact.by_channel.iter());
        let other = others.filter(|(channel, _)| *channel != avoid).map(|(_, other)| other.clone()).next();
        let recipient = if endpoint.channel == *avoid { other.unwrap_or(recipient) } else { recipient };
        if !chosen.contains(&recipient) {
            chosen.push(recipient);
        }
    }
    chosen
}

/// R18: why a target is not told now, if it is not, and when the digest that will name the case is due.
fn withheld(
    state: &State,
    policy: &Policy,
    now: Time,
    word: &Word<'_>,
    line: Option<&Line>,
    target: &Target,
    said: Said,
) -> Option<(WithheldReason, Option<Time>)> {
    let dedupe_for = word.row.map(|row| row.dedupe_for).unwrap_or_default();
    let told = line.filter(|line| line.pending.is_empty()).and_then(|line| line.told);
    let same = told.is_some_and(|told| told.said == said && now < told.at + dedupe_for);
    if same && matches!(target.kind, Kind::Opening | Kind::Update) {
        return Some((WithheldReason::Duplicate, None));
    }
    if word.only.is_some() {
        return None;
    }
    pace::too_many(state, policy, now, word.row, &target.recipient).map(|(reason, at)| (reason, Some(at)))
}

#[expect(clippy::too_many_arguments, reason = "one decision with all that it rests on")]
fn decide_deliveries(
    state: &State,
    policy: &Policy,
    word: &Word<'_>,
    briefing: &Briefing,
    message: Message,
    said: Said,
    targets: Vec<Target>,
    facts: &mut Vec<Fact>,
) {
    let ordinal = briefing.ordinal + 1;
    let content = digest_of(&message);
    let kind = message.kind;
    let mut next = state.last_delivery.0;
    let mut deliveries = Vec::with_capacity(targets.len());
    for target in targets {
        let Some(channel) = policy.channel_of(&target.recipient) else { continue };
        next += 1;
        let key = key_of(policy, word, ordinal, kind, &target.recipient, content);
        let channel = channel.clone();
        deliveries.push(Decided {
            id: DeliveryId(next),
            recipient: target.recipient,
            channel,
            kind: target.kind,
            key,
        });
    }
    let after = after_deciding(state, policy, briefing, kind, &deliveries);
    facts.push(Fact::Notified(Box::new(Notified {
        id: NotificationId(state.last_notification.0 + 1),
        case: word.case,
        audience: word.audience.clone(),
        row: word.row.map_or_else(|| Name::from(""), |row| row.name.clone()),
        ordinal,
        kind,
        severity: word.severity,
        due: word.due,
        event_at: word.event_at,
        said,
        firing: word.firing.clone(),
        ended: word.ended.clone(),
        speaks_for: word.speaks_for.clone(),
        message: std::sync::Arc::new(message),
        deliveries,
    })));
    facts.extend(after);
}

/// What ends with, or because of, new deliveries: older unreleased ones of the same line (R31), a resolution to whom
/// nothing was told, and everything where nothing is sent (R40).
fn after_deciding(
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
        let older = line.map_or(&[][..], |line| &line.pending);
        if !queues {
            for id in older {
                supersede(state, *id, SupersededBy::Newer, &mut facts);
            }
        }
        if policy.environment.shadow {
            let end = End::Suppressed { why: SuppressedBy::Shadow };
            facts.push(Fact::Ended { delivery: decided.id, end });
        } else if kind == Kind::Resolution && !line.is_some_and(|line| may_know(state, line)) {
            let end = End::Superseded { why: SupersededBy::ResolvedBeforeSent };
            facts.push(Fact::Ended { delivery: decided.id, end });
        }
    }
    facts
}

/// After the end nothing older goes out, by whatever way.
fn supersede_rest(state: &State, briefing: &Briefing, facts: &mut Vec<Fact>) {
    let ended: Vec<DeliveryId> = facts
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
    if delivery.standing == Standing::Released {
        return;
    }
    let why = if delivery.maybe_sent { SupersededBy::MaybeTold } else { why };
    facts.push(Fact::Ended { delivery: id, end: End::Superseded { why } });
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
