//! Messages of notifications that are still to go out, kept in memory as long as they fit; the rest stands in the journal.

use crate::decide::Notified;
use crate::event::id::{DeliveryId, NotificationId};
use crate::message::Message;
use std::collections::HashMap;
use std::sync::Arc;

/// How many bytes of messages are kept.
const KEPT_BYTES: usize = 32 << 20;

/// The kept messages.
#[derive(Debug, Default)]
pub struct Messages {
    kept: HashMap<NotificationId, (Arc<Message>, usize)>,
    of: HashMap<DeliveryId, NotificationId>,
    bytes: usize,
}

impl Messages {
    /// Keeps the message of a notification until all its deliveries have ended, if there is room.
    pub fn keep(&mut self, notified: &Notified) {
        let size = size_of(&notified.message);
        if notified.deliveries.is_empty() || self.bytes + size > KEPT_BYTES {
            return;
        }
        self.bytes += size;
        self.kept.insert(notified.id, (notified.message.clone(), notified.deliveries.len()));
        for decided in &notified.deliveries {
            self.of.insert(decided.id, notified.id);
        }
    }

    /// The message of a notification, if it is kept.
    pub fn get(&self, notification: NotificationId) -> Option<Arc<Message>> {
        self.kept.get(&notification).map(|(message, _)| message.clone())
    }

    /// A delivery has ended.
    pub fn ended(&mut self, delivery: DeliveryId) {
        let Some(notification) = self.of.remove(&delivery) else { return };
        let Some((message, left)) = self.kept.get_mut(&notification) else { return };
        *left -= 1;
        if *left == 0 {
            self.bytes -= size_of(message);
            self.kept.remove(&notification);
        }
    }
}

fn size_of(message: &Message) -> usize {
    message.title.len() + message.short.len() + message.body.len() + message.data.get().len() + 256
}
