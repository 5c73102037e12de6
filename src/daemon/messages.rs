//! Deliveries that have not ended: what their end is measured by, and their messages as far as memory has room for them;
//! the rest stands in the journal.

use crate::decide::state::Line;
use crate::decide::{Notified, State};
use crate::event::id::{CaseId, DeliveryId, NotificationId};
use crate::event::{Name, Recipient, Severity, Time};
use crate::message::{Kind, Message};
use std::collections::HashMap;
use std::sync::Arc;

/// How many bytes of messages are kept.
const KEPT_BYTES: usize = 64 << 20;

/// Room for so many is never given back.
const ROOM_KEPT: usize = 1024;

/// What the end of a delivery is measured by.
#[derive(Clone, Debug)]
pub struct Open {
    notification: NotificationId,
    /// By which channel it goes.
    pub channel: Name,
    /// How bad its case was.
    pub severity: Severity,
    /// Whom it goes to.
    pub recipient: Recipient,
    /// The case, where it may be the first word of it to its audience.
    pub first: Option<(CaseId, Name)>,
    /// When the event that caused it was received.
    pub event_at: Time,
}

/// The open deliveries and the kept messages.
#[derive(Debug, Default)]
pub struct Messages {
    kept: HashMap<NotificationId, (Arc<Message>, usize)>,
    of: HashMap<DeliveryId, Open>,
    bytes: usize,
}

impl Messages {
    /// The open deliveries of a State that was read from the journal.
    pub fn of_state(state: &State) -> Messages {
        let open = |(id, delivery): (&DeliveryId, &crate::decide::state::Delivery)| {
            let first =
                may_be_first(state, delivery.case, &delivery.audience, delivery.ordinal, delivery.kind);
            let open = Open {
                notification: delivery.notification,
                channel: delivery.channel.clone(),
                severity: delivery.severity,
                recipient: delivery.recipient.clone(),
                first: first.then(|| (delivery.case, delivery.audience.clone())),
                event_at: delivery.event_at,
            };
            (*id, open)
        };
        Messages { of: state.deliveries.iter().map(open).collect(), ..Messages::default() }
    }

    /// Keeps the message of a notification until all its deliveries have ended, if there is room.
    pub fn keep(&mut self, state: &State, notified: &Notified) {
        for decided in &notified.deliveries {
            let first =
                may_be_first(state, notified.case, &notified.audience, notified.ordinal, decided.kind);
            let open = Open {
                notification: notified.id,
                channel: decided.channel.clone(),
                severity: notified.severity,
                recipient: decided.recipient.clone(),
                first: first.then(|| (notified.case, notified.audience.clone())),
                event_at: notified.event_at,
            };
            self.of.insert(decided.id, open);
        }
        let size = size_of(&notified.message);
        if notified.deliveries.is_empty() || self.bytes + size > KEPT_BYTES {
            return;
        }
        self.bytes += size;
        self.kept.insert(notified.id, (notified.message.clone(), notified.deliveries.len()));
    }

    /// The message of a notification, if it is kept.
    pub fn get(&self, notification: NotificationId) -> Option<Arc<Message>> {
        self.kept.get(&notification).map(|(message, _)| message.clone())
    }

    /// A delivery has ended.
    pub fn ended(&mut self, delivery: DeliveryId) -> Option<Open> {
        let open = self.of.remove(&delivery)?;
        give_back(&mut self.of);
        if let Some((message, left)) = self.kept.get_mut(&open.notification) {
            *left -= 1;
            if *left == 0 {
                self.bytes -= size_of(message);
                self.kept.remove(&open.notification);
                give_back(&mut self.kept);
            }
        }
        Some(open)
    }
}

/// Whether nobody in the briefing was told anything before this word. One that is decided anew for a case that came
/// back is an opening as well, and no first word.
fn may_be_first(state: &State, case: CaseId, audience: &Name, ordinal: u32, kind: Kind) -> bool {
    if kind != Kind::Opening {
        return false;
    }
    let briefing = state.cases.get(&case).and_then(|case| case.briefing(audience));
    let told_before = |line: &Line| line.told.is_some_and(|told| told.ordinal < ordinal);
    briefing.is_some_and(|briefing| !briefing.lines.iter().any(|(_, line)| told_before(line)))
}

/// Gives back most of the room that a flood has left empty.
fn give_back<K: Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>) {
    let room = map.capacity();
    if room > ROOM_KEPT && map.len() < room / 8 {
        map.shrink_to(room / 4);
    }
}

fn size_of(message: &Message) -> usize {
    message.title.len() + message.short.len() + message.body.len() + message.data.get().len() + 256
}
