//! What a message is about, in full: the one thing from which views are cut. Nothing here goes out as it is.

use super::{CaseStatus, Disclosure, Kind};
use crate::event::id::Fingerprint;
use crate::event::{
    ExpectedEnd, Impact, Labels, Layered, Name, Needs, NoteKind, Scope, Stage, Status, Time, Visibility,
};
use serde::{Deserialize, Serialize};

/// Everything that is known when a notification is decided, borrowed from State and Policy.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// What the notification is for.
    pub kind: Kind,
    /// What the case is.
    pub status: CaseStatus,
    /// The severity's name; empty where there is no case.
    pub severity: &'a str,
    /// Whether it is urgent (R15).
    pub urgent: bool,
    /// Whether the case had ended and came back.
    pub reopened: bool,
    /// The case's name for insiders: the incident's id, or the group's row and labels.
    pub reference: &'a str,
    /// The case's name for outsiders: a keyed hash.
    pub public_reference: &'a str,
    /// When the case began.
    pub opened_at: Time,
    /// When it last changed.
    pub changed_at: Time,
    /// When it ended, if it did.
    pub resolved_at: Option<Time>,
    /// The row that governs, empty for what belongs to no row.
    pub route: &'a str,
    /// The audience that is told.
    pub audience: &'a str,
    /// What the outside audiences of this case were told last, as [`words_of`](super::words_of) says it, and when (R21).
    /// It stands in the message and is no part of the case's state.
    pub customers_told: Option<(&'a str, Time)>,
    /// By when the write-up is promised; said with the resolution.
    pub write_up: Option<Time>,
    /// Whether the end is held back from this audience (R26): to its readers the case is still open.
    pub hold: bool,
    /// What it is.
    pub about: About<'a>,
}

impl<'a> Subject<'a> {
    /// A notice of no case: about the work of Tidings itself, or about nothing at all.
    pub fn notice(
        audience: &'a str,
        reference: &'a str,
        title: &'a str,
        text: &'a str,
        now: Time,
    ) -> Subject<'a> {
        Subject {
            kind: Kind::Notice,
            status: CaseStatus::Open,
            severity: "",
            urgent: false,
            reopened: false,
            reference,
            public_reference: reference,
            opened_at: now,
            changed_at: now,
            resolved_at: None,
            route: "",
            audience,
            customers_told: None,
            write_up: None,
            hold: false,
            about: About::Notice { title, text, level: Disclosure::Internal },
        }
    }
}

/// The sort of thing that a message is about.
#[derive(Clone, Debug)]
pub enum About<'a> {
    /// A group of alerts.
    Alerts {
        /// The labels that the group is made by.
        group: &'a Labels,
        /// The alerts shown: the firing ones first, the worst first; at most `max_alerts`.
        shown: Vec<AlertItem<'a>>,
        /// How many fire.
        firing: usize,
        /// How many have ended since they were told.
        ended: usize,
        /// How many are not shown.
        truncated: usize,
    },
    /// An incident.
    Incident(&'a IncidentRecord),
    /// Several cases in one message: how many in all, and the ones shown, the worst first.
    Digest {
        /// Why they come together: `throttled`, `while down`, `first start`.
        reason: &'a str,
        /// The cases shown.
        shown: &'a [DigestItem],
        /// How many there are in all.
        total: usize,
    },
    /// A word about the work itself, or to somebody who leads a case.
    Notice {
        /// For whom it was written: whoever is trusted less reads nothing of it.
        level: Disclosure,
        /// One line.
        title: &'a str,
        /// The rest.
        text: &'a str,
    },
}

/// One alert of a group.
#[derive(Clone, Debug)]
pub struct AlertItem<'a> {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// Whether it fires.
    pub status: Status,
    /// Its severity's name.
    pub severity: &'a str,
    /// What it is.
    pub labels: &'a Labels,
    /// What is said about it.
    pub annotations: &'a Labels,
    /// Since when it fires.
    pub starts_at: Time,
    /// When it ended.
    pub ends_at: Option<Time>,
    /// A page about it.
    pub url: Option<&'a str>,
    /// Who reported it.
    pub source: &'a Name,
}

/// One case as a digest shows it. The title is already cut to the level of the digest's audience.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DigestItem {
    /// The case's title at `level`.
    pub title: Box<str>,
    /// The level for which the title was made.
    pub level: Disclosure,
    /// What the case is.
    pub status: CaseStatus,
    /// The severity's name.
    pub severity: Box<str>,
    /// The case's name at `level`.
    pub reference: Box<str>,
    /// When it last changed.
    pub at: Time,
}

/// What is known of an incident after all its events: the newest value of every field (R6).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IncidentRecord {
    /// The incident's own id.
    pub id: Box<str>,
    /// How bad, as the source writes it.
    pub severity: Option<Box<str>>,
    /// Where the work stands.
    pub stage: Option<Stage>,
    /// What it is.
    pub title: Option<Layered>,
    /// What is known or being done.
    pub note: Option<Layered>,
    /// Whether customers are affected.
    pub customer_impact: Option<bool>,
    /// Whom it reaches.
    pub scope: Option<Scope>,
    /// Components by id.
    pub components: Vec<Box<str>>,
    /// Their public names, where they have one; in the order of `components`.
    pub component_names: Vec<Box<str>>,
    /// Whether data is safe.
    pub data_safety: Option<Layered>,
    /// What works meanwhile.
    pub workaround: Option<Layered>,
    /// What happened, said at the end.
    pub resolution: Option<Layered>,
    /// What was written up after the end.
    pub write_up: Option<Layered>,
    /// What it costs.
    pub impact: Option<Impact>,
    /// What is needed.
    pub needs: Option<Needs>,
    /// When it should end.
    pub expected_end: Option<ExpectedEnd>,
    /// Whether data was exposed.
    pub data_exposure: Option<bool>,
    /// Whether a regulator must be told.
    pub regulatory: Option<bool>,
    /// Who outside has noticed.
    pub visibility: Option<Visibility>,
    /// Who leads the work.
    pub commander: Option<Box<str>>,
    /// Who leads the communication.
    pub comms_lead: Option<Box<str>>,
    /// For matchers.
    pub labels: Labels,
    /// Who acknowledged it.
    pub acknowledged_by: Option<Box<str>>,
    /// Who reported it.
    pub source: Option<Name>,
    /// Findings, hypotheses, attempts and outcomes, oldest first.
    pub notes: Vec<Note>,
    /// The incident as which it goes on, where it was merged: its id, and its name for outsiders. Looked up when a
    /// notification is decided.
    #[serde(skip)]
    pub goes_on_as: Option<(Box<str>, Box<str>)>,
}

/// One entry of the incident's notebook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Time,
    /// What sort.
    pub kind: Option<NoteKind>,
    /// The text.
    pub text: Layered,
    /// Who wrote it.
    pub by: Option<Box<str>>,
}
