//! Messages that memory has no room for, read back from the journal entry in which they stand.

use crate::decide::{Fact, Notified};
use crate::event::id::NotificationId;
use crate::journal::{Decoder, Store};
use crate::message::Message;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Mutex;

/// So many entries are kept decoded: what is released together mostly stands together.
const ENTRIES_KEPT: usize = 2;

type Messages = Arc<BTreeMap<NotificationId, Arc<Message>>>;

/// Reads messages back.
pub struct KeptMessages {
    store: Arc<dyn Store>,
    recent: Mutex<VecDeque<(u64, Messages)>>,
}

impl KeptMessages {
    /// Messages of this journal.
    pub fn new(store: Arc<dyn Store>) -> KeptMessages {
        KeptMessages { store, recent: Mutex::default() }
    }

    /// The message of a notification that was decided in this entry.
    ///
    /// # Errors
    /// The entry cannot be read, or has no such message.
    pub async fn load(&self, entry: u64, notification: NotificationId) -> Result<Arc<Message>, String> {
        let mut recent = self.recent.lock().await;
        let known =
            recent.iter().find(|(sequence, _)| *sequence == entry).map(|(_, messages)| messages.clone());
        let messages = match known {
            Some(messages) => messages,
            None => {
                let messages = Arc::new(self.decode(entry).await?);
                recent.push_back((entry, messages.clone()));
                if recent.len() > ENTRIES_KEPT {
                    recent.pop_front();
                }
                messages
            }
        };
        drop(recent);
        messages.get(&notification).cloned().ok_or_else(|| format!("entry {entry} has no such message"))
    }

    async fn decode(&self, entry: u64) -> Result<BTreeMap<NotificationId, Arc<Message>>, String> {
        let notified = self.notified(entry, |_| true).await?;
        Ok(notified.into_iter().map(|notified| (notified.id, notified.message)).collect())
    }

    /// What was said in this entry, of what is wanted: an entry may hold the words of many cases.
    ///
    /// # Errors
    /// The entry cannot be read.
    pub async fn notified(
        &self,
        entry: u64,
        wanted: impl Fn(NotificationId) -> bool,
    ) -> Result<Vec<Notified>, String> {
        let frames = self.store.read(entry, 1, 1).await.map_err(|error| error.to_string())?;
        let frame = frames.into_iter().next().ok_or_else(|| format!("there is no entry {entry}"))?;
        let mut decoder = Decoder::new().map_err(|error| error.to_string())?;
        let decoded = decoder.decode(&frame).map_err(|error| error.to_string())?;
        let facts = decoded.batch.into_iter().flat_map(|decided| decided.facts);
        let notified = facts.filter_map(|fact| match fact {
            Fact::Notified(notified) if wanted(notified.id) => Some(*notified),
            _ => None,
        });
        Ok(notified.collect())
    }
}
