//! What rules that open incidents from alerts watch, by the incident that is opened or would be.

use super::{Due, State};
use crate::decide::fact::WatchChange;
use crate::event::id::Fingerprint;
use crate::event::{Name, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One rule and one combination of labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// The rule.
    pub rule: Name,
    /// The alerts that meet it; those that were lost have not ended.
    pub alerts: BTreeSet<Fingerprint>,
    /// When it is to be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Time>,
    /// When the last alert left it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Time>,
    /// Whether the incident was opened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opened: bool,
    /// Whether a person has taken the incident over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken: bool,
}

impl State {
    pub(super) fn apply_watch(&mut self, incident: &str, change: &WatchChange) {
        if let WatchChange::Joined { rule, fingerprint } = change {
            let rule = rule.clone();
            let alerts = BTreeSet::new();
            let new = || Watch { rule, alerts, due: None, left: None, opened: false, taken: false };
            self.watched.entry(incident.into()).or_insert_with(new).alerts.insert(*fingerprint);
            self.watching.insert((*fingerprint, incident.into()));
            return;
        }
        let Some(watch) = self.watched.get_mut(incident) else { return };
        let before = watch.due;
        match change {
            WatchChange::Joined { .. } => {}
            WatchChange::Left { fingerprint } => {
                watch.alerts.remove(fingerprint);
                watch.left = Some(self.time);
                self.watching.remove(&(*fingerprint, incident.into()));
            }
            WatchChange::Due { at } => watch.due = *at,
            WatchChange::Opened {} => (watch.opened, watch.due) = (true, None),
            WatchChange::Taken {} => watch.taken = true,
            WatchChange::Ended {} => {
                let alerts = std::mem::take(&mut watch.alerts);
                self.watched.remove(incident);
                self.watching.retain(|(alert, id)| !(alerts.contains(alert) && **id == *incident));
            }
        }
        let after = self.watched.get(incident).and_then(|watch| watch.due);
        self.reschedule(Due::Watch(incident.into()), before, after);
    }

    /// Makes the index of watched alerts anew.
    pub(super) fn index_watches(&mut self) {
        let of = |id: &str, watch: &Watch| {
            watch.alerts.iter().map(|alert| (*alert, id.into())).collect::<Vec<(Fingerprint, Box<str>)>>()
        };
        self.watching = self.watched.iter().flat_map(|(id, watch)| of(id, watch)).collect();
        let dues = self.watched.iter().filter_map(|(id, watch)| Some((watch.due?, Due::Watch(id.clone()))));
        self.dues.extend(dues);
    }
}
