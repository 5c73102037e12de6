//! R33: what was dead-lettered is sent again, as a new delivery, because a person asks for it.
//!
//! It stands in the briefing that the original stood in, and changes nothing of what that has said; where the case is
//! no longer held, at the audience's desk (docs/decisions/0014).

use super::deliveries::{self, Many};
use super::fact::{CaseAbout, Fact, Notified, Said};
use super::pace;
use super::policy::Policy;
use super::say::{self, Word};
use super::standing::Standing;
use super::state::{Briefing, Case, State};
use super::target;
use crate::event::id::{CaseId, DeliveryId};
use crate::event::{Name, Recipient, Severity, Time};
use crate::message::{CaseStatus, Disclosure, Kind, Message};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A delivery that was dead-lettered, as the journal has it: State holds those that have not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// Which delivery.
    pub of: DeliveryId,
    /// The case, or the desk.
    pub case: CaseId,
    /// The audience of its briefing.
    pub audience: Name,
    /// By which row; empty for what belongs to no row.
    pub row: Name,
    /// Whom.
    pub recipient: Recipient,
    /// What it was for this recipient.
    pub kind: Kind,
    /// How bad the case was.
    pub severity: Severity,
    /// When it should have been said.
    pub due: Time,
    /// What it says of the case.
    pub said: Said,
    /// The level that it was written for.
    pub disclosure: Disclosure,
    /// What it says.
    pub message: Arc<Message>,
}

impl Redrive {
    /// One delivery of a notification, if it is one of it.
    pub fn of(notified: &Notified, delivery: DeliveryId) -> Option<Redrive> {
        let decided = notified.deliveries.iter().find(|decided| decided.id == delivery)?;
        Some(Redrive {
            of: delivery,
            case: notified.case,
            audience: notified.audience.clone(),
            row: notified.row.clone(),
            recipient: decided.recipient.clone(),
            kind: decided.kind,
            severity: notified.severity,
            due: notified.due,
            said: notified.said,
            disclosure: notified.disclosure,
            message: notified.message.clone(),
        })
    }

    fn is_of_a_desk(&self) -> bool {
        matches!(self.kind, Kind::Notice | Kind::Digest)
    }
}

/// Where the new delivery stands.
enum Place<'a> {
    /// Where the original stood.
    Briefing(&'a Briefing),
    /// At the desk of its audience, which may be the first word there.
    Desk(Option<&'a Briefing>),
}

fn place<'a>(state: &'a State, original: &Redrive) -> Place<'a> {
    let held = |case| state.cases.get(&case).and_then(|case: &Case| case.briefing(&original.audience));
    match held(original.case).filter(|_| !original.is_of_a_desk()) {
        Some(briefing) => Place::Briefing(briefing),
        None => Place::Desk(held(super::notice::desk_id(&original.audience))),
    }
}

/// Why it may not be sent again, as a sentence, if it may not.
pub fn refusal(state: &State, policy: &Policy, now: Time, original: &Redrive) -> Option<String> {
    let id = original.of;
    if let Some(by) = state.redriven.by(id) {
        return Some(format!("delivery-{id} has been redriven already, as delivery-{by}"));
    }
    if state.deliveries.contains_key(&id) || id > state.last_delivery {
        return Some(format!("delivery-{id} is no dead letter: it has not ended"));
    }
    let recipient = &original.recipient;
    if !policy.endpoints.contains_key(recipient) {
        return Some(format!("the recipient {recipient} is no longer in the configuration"));
    }
    too_much(state, policy, original)
        .or_else(|| untimely(state, original))
        .or_else(|| too_many(state, policy, now.max(state.time), recipient))
}

/// R19: the ceiling of a channel lifts for nobody.
fn too_many(state: &State, policy: &Policy, now: Time, recipient: &Recipient) -> Option<String> {
    let until = pace::ceiling_reached(state, policy, now, recipient)?;
    Some(format!(
        "{recipient} has been told enough for now, by the ceiling of the channel: ask again at {until}"
    ))
}

/// R27, R37: nobody reads more than their audience may read now, or than the briefing may say.
fn too_much(state: &State, policy: &Policy, original: &Redrive) -> Option<String> {
    let now = policy.disclosure(&original.audience);
    let fresh = say::new_briefing(&original.audience, now);
    let briefing = match place(state, original) {
        Place::Briefing(briefing) | Place::Desk(Some(briefing)) => briefing,
        Place::Desk(None) => &fresh,
    };
    let may = target::level_of(policy, briefing, &original.recipient).stricter(now);
    let written = original.disclosure;
    (written.stricter(may) != written).then(|| {
        format!(
            "it was written for readers of the level {written}, and {} in the audience {} may read {may} only",
            original.recipient, original.audience
        )
    })
}

/// R31, R39: what no longer holds is not said again, and nothing older goes before something newer.
fn untimely(state: &State, original: &Redrive) -> Option<String> {
    if original.is_of_a_desk() {
        return None;
    }
    let goes_on = state.cases.get(&original.case).is_some_and(|case| goes_on(state, case));
    match (original.message.status, goes_on) {
        (CaseStatus::Open, false) => {
            return Some("it says that the case goes on, and the case does not go on any more".to_owned());
        }
        (CaseStatus::Resolved | CaseStatus::Lost, true) => {
            return Some("it says that the case does not go on, and the case goes on".to_owned());
        }
        (CaseStatus::Open, true) | (CaseStatus::Resolved | CaseStatus::Lost, false) => {}
    }
    let Place::Briefing(briefing) = place(state, original) else { return None };
    let waiting = briefing.lines.get(&original.recipient).and_then(|line| line.pending.last())?;
    let recipient = &original.recipient;
    Some(format!("delivery-{waiting}, which is newer, is on its way to {recipient}: see what becomes of it"))
}

/// Whether the case is one that goes on.
fn goes_on(state: &State, case: &Case) -> bool {
    match &case.about {
        CaseAbout::Group { .. } => Standing::of(state, case, None).status == CaseStatus::Open,
        CaseAbout::Incident { id } => state
            .incidents
            .get(id)
            .is_some_and(|incident| incident.open == Some(true) && !incident.is_merged()),
        CaseAbout::Desk { .. } => true,
    }
}

/// Decides the new delivery; nothing, where there may be none.
pub(super) fn redrive(state: &State, policy: &Policy, now: Time, original: &Redrive) -> Vec<Fact> {
    if refusal(state, policy, now, original).is_some() {
        return Vec::new();
    }
    let mut facts = Vec::new();
    let mut word = Word::at_desk(&original.audience, original.severity, original.due, now);
    let (fresh, kind);
    let briefing = match place(state, original) {
        Place::Briefing(briefing) => {
            (word.case, word.row) = (original.case, policy.row(&original.row, &original.audience));
            kind = original.kind;
            briefing
        }
        Place::Desk(known) => {
            kind = Kind::Notice;
            fresh = known.is_none().then(|| say::open_desk(policy, &word, &mut facts));
            match known.or(fresh.as_ref()) {
                Some(briefing) => briefing,
                None => return Vec::new(),
            }
        }
    };
    let many = Many {
        number: 0,
        kind,
        level: original.disclosure,
        recipients: vec![original.recipient.clone()],
        redrive_of: Some(original.of),
    };
    let message = Message::clone(&original.message);
    deliveries::decide(state, policy, &word, briefing, message, original.said, many, &mut facts);
    facts
}
