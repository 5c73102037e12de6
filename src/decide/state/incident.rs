//! Incidents: the newest value of every field, and when each was set (R6).

use crate::decide::fact::Stamp;
use crate::event::{Action, IncidentEvent, Time};
use crate::message::{IncidentRecord, Note};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most notes that an incident keeps in State; all stand in the journal.
pub const NOTES_MAX: usize = 200;

/// One incident.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// The newest value of every field.
    pub record: IncidentRecord,
    /// Whether it is going on: by the newest open, reopen or resolve. `None` until one of them came.
    pub open: Option<bool>,
    /// When it was first opened.
    pub opened: Option<Time>,
    /// When `open` was last set.
    pub open_since: Option<Time>,
    /// When it last changed.
    pub changed: Time,
    /// The stamp of each field that was set.
    pub stamps: BTreeMap<Box<str>, Stamp>,
    /// The incident that it was merged into.
    pub merged_into: Option<Box<str>>,
    /// Whether nothing that it was merged into has been opened yet: until then it goes on as itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merge_waits: bool,
}

macro_rules! fields {
    ($($field:ident),* $(,)?) => {
        /// The names of the fields that an event sets.
        pub fn set_fields(event: &IncidentEvent) -> Vec<&'static str> {
            let mut names = Vec::new();
            $(if event.$field.is_some() { names.push(stringify!($field)); })*
            names
        }

        /// Takes away the fields of which `newer` says that something newer is known.
        pub fn keep_newest(event: &mut IncidentEvent, mut newer: impl FnMut(&str) -> bool) {
            $(if event.$field.is_some() && newer(stringify!($field)) { event.$field = None; })*
        }
    };
}

fields!(
    severity,
    stage,
    title,
    note,
    customer_impact,
    scope,
    components,
    data_safety,
    workaround,
    resolution,
    impact,
    needs,
    expected_end,
    data_exposure,
    regulatory,
    visibility,
    commander,
    comms_lead,
    labels,
);

impl Incident {
    /// Whether it goes on as another one.
    pub fn is_merged(&self) -> bool {
        self.merged_into.is_some() && !self.merge_waits
    }

    /// Takes over the fields that the event carries; whether they are the newest was decided before.
    pub fn take(&mut self, event: &IncidentEvent, stamp: Stamp) {
        let record = &mut self.record;
        record.id = event.incident.clone();
        if self.stamps.get("source").is_none_or(|known| *known <= stamp) {
            record.source = Some(event.source.clone());
            self.stamps.insert("source".into(), stamp);
        }
        if event.action == Action::Note {
            // Its text is the notebook's and is told to nobody.
            return;
        }
        for field in set_fields(event) {
            self.stamps.insert(field.into(), stamp);
        }
        macro_rules! set {
            ($($field:ident),*) => { $(if let Some(value) = &event.$field { record.$field = Some(value.clone()); })* };
        }
        set!(severity, title, note, scope, data_safety, workaround, resolution, impact, needs, expected_end);
        set!(stage, customer_impact, data_exposure, regulatory, visibility, commander, comms_lead);
        if let Some(components) = &event.components {
            record.components = components.clone();
        }
        if let Some(labels) = &event.labels {
            record.labels = labels.clone();
        }
    }

    /// Adds a note to the notebook, kept in order of time whatever the order of arrival.
    pub fn add_note(&mut self, note: Note) {
        let order = |note: &Note| (note.at, note.by.clone(), note.text.internal.clone());
        let place = self.record.notes.partition_point(|known| order(known) <= order(&note));
        self.record.notes.insert(place, note);
        let extra = self.record.notes.len().saturating_sub(NOTES_MAX);
        self.record.notes.drain(..extra);
    }
}
