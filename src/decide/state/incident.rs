//! Incidents: the newest value of every field, and when each was set (R6).

use crate::decide::fact::Stamp;
use crate::event::{Action, IncidentEvent, Layered, Time};
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
    /// Since when `open` is what it is, as far as Tidings has heard: an end that is reported again has held since the
    /// first report (R26).
    pub open_since: Option<Time>,
    /// When it last changed.
    pub changed: Time,
    /// When the newest of its events was received.
    #[serde(default)]
    pub heard: Time,
    /// The stamp of each field that was set.
    pub stamps: BTreeMap<Box<str>, Stamp>,
    /// The incident that it was merged into.
    pub merged_into: Option<Box<str>>,
    /// Whether nothing that it was merged into has been opened yet: until then it goes on as itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merge_waits: bool,
}

macro_rules! fields {
    (whole: $($field:ident),*; layered: $($text:ident),* $(,)?) => {
        /// The names of the fields that an event sets; of a text, each layer singly.
        pub fn set_fields(event: &IncidentEvent) -> Vec<&'static str> {
            let mut names = Vec::new();
            $(if event.$field.is_some() { names.push(stringify!($field)); })*
            $(if let Some(text) = &event.$text {
                if text.internal.is_some() { names.push(concat!(stringify!($text), ".internal")); }
                if text.business.is_some() { names.push(concat!(stringify!($text), ".business")); }
                if text.public.is_some() { names.push(concat!(stringify!($text), ".public")); }
            })*
            names
        }

        /// Takes away the fields of which `newer` says that something newer is known.
        pub fn keep_newest(event: &mut IncidentEvent, mut newer: impl FnMut(&str) -> bool) {
            $(if event.$field.is_some() && newer(stringify!($field)) { event.$field = None; })*
            $(if let Some(text) = &mut event.$text {
                let mut keep = |layer: &mut Option<Box<str>>, name: &str| {
                    if layer.is_some() && newer(name) { *layer = None; }
                };
                keep(&mut text.internal, concat!(stringify!($text), ".internal"));
                keep(&mut text.business, concat!(stringify!($text), ".business"));
                keep(&mut text.public, concat!(stringify!($text), ".public"));
                if *text == Layered::default() { event.$text = None; }
            })*
        }
    };
}

fields!(
    whole: severity,
    stage,
    customer_impact,
    scope,
    components,
    impact,
    needs,
    expected_end,
    data_exposure,
    regulatory,
    visibility,
    commander,
    comms_lead,
    labels;
    layered: title,
    note,
    data_safety,
    workaround,
    resolution,
    write_up,
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
            // Its text is the notebook's and is told to nobody; what it writes up is told.
            self.take_write_up(event, stamp);
            return;
        }
        for field in set_fields(event) {
            self.stamps.insert(field.into(), stamp);
        }
        macro_rules! set {
            ($($field:ident),*) => { $(if let Some(value) = &event.$field { record.$field = Some(value.clone()); })* };
        }
        set!(severity, scope, impact, needs, expected_end);
        set!(stage, customer_impact, data_exposure, regulatory, visibility, commander, comms_lead);
        macro_rules! layers {
            ($($text:ident),*) => { $(if let Some(new) = &event.$text {
                let known = record.$text.get_or_insert_default();
                known.internal = new.internal.clone().or(known.internal.take());
                known.business = new.business.clone().or(known.business.take());
                known.public = new.public.clone().or(known.public.take());
            })* };
        }
        layers!(title, note, data_safety, workaround, resolution, write_up);
        if let Some(components) = &event.components {
            record.components = components.clone();
        }
        if let Some(labels) = &event.labels {
            record.labels = labels.clone();
        }
    }

    /// Takes over the layers of a note's write-up of which nothing newer is known.
    fn take_write_up(&mut self, event: &IncidentEvent, stamp: Stamp) {
        let Some(new) = &event.write_up else { return };
        let known = self.record.write_up.get_or_insert_default();
        let layers = [
            ("write_up.internal", &new.internal, &mut known.internal),
            ("write_up.business", &new.business, &mut known.business),
            ("write_up.public", &new.public, &mut known.public),
        ];
        for (field, new, known) in layers {
            if new.is_some() && self.stamps.get(field).is_none_or(|known| *known < stamp) {
                known.clone_from(new);
                self.stamps.insert(field.into(), stamp);
            }
        }
    }

    /// What was written up since it ended, if it has (R27): what was written before it came back counts no more.
    pub fn written_up(&self) -> Option<Layered> {
        let ended = self.open_since.filter(|_| self.open == Some(false))?;
        let since = |field: &str, layer: &Option<Box<str>>| {
            let stamp = self.stamps.get(field)?;
            layer.clone().filter(|_| stamp.at >= ended)
        };
        let text = self.record.write_up.as_ref()?;
        let written = Layered {
            internal: since("write_up.internal", &text.internal),
            business: since("write_up.business", &text.business),
            public: since("write_up.public", &text.public),
        };
        (written != Layered::default()).then_some(written)
    }

    /// When a field was last set; a layer of a text of before layers were kept apart, with its text.
    pub fn stamp(&self, field: &str) -> Option<Stamp> {
        let whole = || self.stamps.get(field.split('.').next()?);
        self.stamps.get(field).or_else(whole).copied()
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
