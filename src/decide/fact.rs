//! Facts: what happened or was decided, in the past tense; the only thing that changes State.
//!
//! Facts carry results: applying one computes nothing. The list only grows; a kind is never changed (DESIGN, section 5).

use super::input::{Accepted, Failure, Garbage, PolicyText};
use crate::event::id::{CaseId, DeliveryId, Digest, Fingerprint, NotificationId};
use crate::event::{IncidentEvent, Labels, Name, Recipient, Severity, Status, Time};
use crate::message::{CaseStatus, Disclosure, Kind, Message};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A process took the lead (R32, R39).
    Started {
        /// Counted up with every start.
        epoch: u64,
        /// The last ledger time before; `None` at the very first start.
        down_since: Option<Time>,
        /// The lanes that must catch up.
        behind: Vec<Name>,
        /// When what is owed is said even if they have not.
        until: Time,
    },
    /// A lane has caught up.
    LaneCaughtUp {
        /// Which lane.
        lane: Name,
    },
    /// Everything that was behind has been read, or the time for it was over.
    CatchUpEnded {},
    /// Everything that was due at the end of catching up has been said.
    CatchUpSettled {},
    /// Another policy holds from here on (R36).
    PolicyAdopted {
        /// Its texts.
        text: PolicyText,
    },
    /// Alerts up to this one have been read again under the new policy (R36).
    PolicyRead {
        /// The last alert read; `None` when all are.
        upto: Option<Fingerprint>,
    },
    /// Messages of a lane are missing (R2).
    GapFound {
        /// Which lane.
        lane: Name,
        /// The first missing sequence.
        from: u64,
        /// The last missing sequence.
        to: u64,
    },
    /// A lane cannot go on until a person says how (R2).
    LaneStopped {
        /// Which lane.
        lane: Name,
        /// Why.
        reason: Box<str>,
    },
    /// The wall clock stepped (R7).
    ClockStepped {
        /// By how much, in milliseconds.
        by_ms: i64,
        /// Whether it is now followed.
        followed: bool,
    },
    /// An event's identity is remembered (R4).
    IdentityRemembered {
        /// The identity.
        key: Digest,
        /// What it said.
        body: Digest,
    },
    /// The oldest identities are no longer remembered (R4).
    IdentitiesForgotten {
        /// How many.
        count: u64,
    },
    /// Bytes that are no event, or an identity that came with another body, were kept aside.
    DeadLettered {
        /// By which lane they came.
        lane: Option<Name>,
        /// What they were.
        garbage: Garbage,
    },
    /// Deciding something panicked; it was set aside (R8).
    Quarantined {
        /// What it was: an input, a due.
        what: Box<str>,
    },

    /// An alert fires: it is new, or it fires again.
    AlertFired {
        /// Which alert.
        fingerprint: Fingerprint,
        /// All of it.
        alert: Box<AlertRecord>,
    },
    /// Something about a firing alert changed.
    AlertChanged {
        /// Which alert.
        fingerprint: Fingerprint,
        /// What is said about it now.
        annotations: Labels,
        /// The page about it now.
        url: Option<Box<str>>,
        /// Since when it fires, as far as known now.
        starts_at: Time,
    },
    /// An alert's source said that it ended.
    AlertResolved {
        /// Which alert.
        fingerprint: Fingerprint,
        /// When it ended.
        ends_at: Time,
    },
    /// Alerts are no longer reported (R5).
    AlertsLost {
        /// Which alerts.
        alerts: Vec<Fingerprint>,
        /// By whom.
        source: Name,
        /// Whether its source says nothing at all any more.
        whole_source: bool,
    },
    /// Alerts that nobody needs to hear of again left State.
    AlertsForgotten {
        /// Which alerts.
        alerts: Vec<Fingerprint>,
    },

    /// An incident changed: the fields of the event that are newer than what was known (R6).
    IncidentChanged {
        /// What was set.
        event: Box<IncidentEvent>,
        /// When, for the order among events of the same field.
        stamp: Stamp,
        /// Whether it is now going on, if the event said so and was the newest to say so.
        open: Option<bool>,
    },

    /// A case began.
    CaseOpened {
        /// Its identity.
        case: CaseId,
        /// What it is about.
        about: CaseAbout,
    },
    /// An alert belongs to a case.
    AlertJoined {
        /// The case.
        case: CaseId,
        /// The alert.
        fingerprint: Fingerprint,
    },
    /// Alerts belong to a case no more (R16).
    AlertsLeft {
        /// The case.
        case: CaseId,
        /// The alerts.
        alerts: Vec<Fingerprint>,
    },
    /// A case is to be looked at again, or not.
    CaseDue {
        /// The case.
        case: CaseId,
        /// When; `None` for never.
        at: Option<Time>,
    },
    /// A case ended and is not kept.
    CaseClosed {
        /// The case.
        case: CaseId,
    },
    /// An audience is told about a case from here on.
    BriefingOpened {
        /// The case.
        case: CaseId,
        /// Whom.
        audience: Name,
        /// By which row.
        row: Name,
        /// How much it may read.
        disclosure: Disclosure,
    },
    /// Another row, or another level, governs a briefing from here on (R11, R27).
    BriefingMoved {
        /// The case.
        case: CaseId,
        /// Whom.
        audience: Name,
        /// By which row.
        row: Name,
        /// How much it may read: the stricter of then and now.
        disclosure: Disclosure,
    },

    /// A notification was decided.
    Notified(Box<Notified>),
    /// A notification was decided and not sent now (R18).
    Withheld {
        /// The case.
        case: CaseId,
        /// The audience.
        audience: Name,
        /// Whom it would have told.
        recipient: Recipient,
        /// Why not.
        reason: WithheldReason,
        /// When the digest that names it is due, if one will.
        digest_at: Option<Time>,
    },
    /// A digest is to be made at another time.
    DigestPlanned {
        /// For which audience.
        audience: Name,
        /// For whom.
        recipient: Recipient,
        /// When.
        at: Time,
    },
    /// A digest has nothing left to name, or nobody to go to.
    DigestDropped {
        /// For which audience.
        audience: Name,
        /// For whom.
        recipient: Recipient,
    },
    /// Deliveries were let go: from here on each may have arrived (R32).
    Released {
        /// Which.
        deliveries: Vec<DeliveryId>,
    },
    /// A released attempt ended without sending, or nobody knows; the delivery waits again.
    Returned {
        /// Which.
        delivery: DeliveryId,
        /// Whether something may have arrived.
        maybe_sent: bool,
        /// Whether an attempt was used up.
        counted: bool,
        /// Not before when it is tried again.
        not_before: Option<Time>,
        /// Why, if an attempt said so.
        failure: Option<Failure>,
    },
    /// A delivery has rested and waits again.
    Rested {
        /// Which.
        delivery: DeliveryId,
    },
    /// A delivery ended; each does so exactly once (R33).
    Ended {
        /// Which.
        delivery: DeliveryId,
        /// How.
        end: End,
    },
    /// A channel is held back (R35).
    ChannelPaused {
        /// Which.
        channel: Name,
        /// Until when; `None` until a person resumes it.
        until: Option<Time>,
        /// How many times running it has failed.
        failures: u32,
        /// Why, or by whom.
        cause: Box<str>,
    },
    /// A held channel is tried with one delivery.
    ChannelProbed {
        /// Which.
        channel: Name,
        /// With which delivery.
        delivery: DeliveryId,
    },
    /// A channel may have this many deliveries released and unanswered at once.
    ChannelOpened {
        /// Which.
        channel: Name,
        /// How many; `None` for all of its window.
        allowed: Option<u32>,
    },
    /// Something is to be told to the owner (R42).
    NoticeRaised {
        /// What sort.
        notice: NoticeKind,
        /// One instance of it, for an insider.
        text: Box<str>,
        /// Whether it is urgent.
        urgent: bool,
        /// When the owner is told, if that is not planned yet.
        due: Option<Time>,
        /// The channel that the owner should rather not be told by, if one is to blame.
        avoid: Option<Name>,
    },
    /// The owner was told of one sort of trouble, or there is none to tell.
    NoticeTold {
        /// What sort.
        notice: NoticeKind,
    },
}

/// An alert, all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// Who reports it.
    pub source: Name,
    /// What it is.
    pub labels: Labels,
    /// What is said about it.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub annotations: Labels,
    /// A page about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Box<str>>,
    /// Its place on the ladder when it fired.
    pub severity: Severity,
    /// Since when it fires.
    pub starts_at: Time,
    /// When it was first received in this firing.
    pub received: Time,
    /// Whether its source must renew it (R5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leased: bool,
    /// Whether it fires. Facts carry `Firing`; State keeps what became of it.
    #[serde(default = "firing", skip_serializing_if = "is_firing")]
    pub status: Status,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Time>,
}

fn firing() -> Status {
    Status::Firing
}

fn is_firing(status: &Status) -> bool {
    *status == Status::Firing
}

/// The place of an incident event among the events of its incident: the greatest wins (R6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// When it happened.
    pub at: Time,
    /// At the same instant, an update is newer than an open, and a reopen newer than a resolve.
    pub rank: u8,
    /// At the same rank, the greater hash of the content, so that every order gives the same end.
    pub tie: Digest,
}

/// What a case is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseAbout {
    /// A group of alerts, of one row and one audience.
    Group {
        /// The row that gathers them.
        row: Name,
        /// The audience that hears of them.
        audience: Name,
        /// The labels they have in common.
        labels: Labels,
    },
    /// An incident.
    Incident {
        /// Its id.
        id: Box<str>,
    },
    /// No single case: what belongs to an audience's desk (R31).
    Desk {
        /// The audience.
        audience: Name,
    },
}

/// A notification, as decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notified {
    /// Its number.
    pub id: NotificationId,
    /// The case, or the desk.
    pub case: CaseId,
    /// Whom it tells.
    pub audience: Name,
    /// By which row; empty for what belongs to no row.
    pub row: Name,
    /// Which word of its briefing it is, counted from 1.
    pub ordinal: u32,
    /// What it is for.
    pub kind: Kind,
    /// How bad the case is.
    pub severity: Severity,
    /// When it should have been said.
    pub due: Time,
    /// When the event that caused it was received.
    pub event_at: Time,
    /// What the case's state is for this audience, to tell a change from none (R17, R21).
    pub said: Said,
    /// Alerts that it is the first to name as firing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub firing: Vec<Fingerprint>,
    /// Alerts that it is the first to name as ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Fingerprint>,
    /// The cases that a digest speaks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub speaks_for: Vec<SpokenFor>,
    /// What it says.
    pub message: Arc<Message>,
    /// To whom it goes.
    pub deliveries: Vec<Decided>,
}

/// What was said of a case's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What the case was.
    pub status: CaseStatus,
    /// The hash of what this audience could see.
    pub state: Digest,
    /// How bad it was.
    pub severity: Severity,
}

/// One case that a digest speaks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpokenFor {
    /// The case.
    pub case: CaseId,
    /// The audience of the briefing.
    pub audience: Name,
    /// What was said of it.
    pub said: Said,
    /// Alerts that the digest is the first to name, or count, as firing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub firing: Vec<Fingerprint>,
    /// Alerts that the digest is the first to name, or count, as ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Fingerprint>,
}

/// One delivery of a notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// Its number.
    pub id: DeliveryId,
    /// Whom.
    pub recipient: Recipient,
    /// By which channel: the recipient's, unless everything is redirected (R40).
    pub channel: Name,
    /// What it is for this recipient: who has not been told yet hears an opening (R27, R31).
    pub kind: Kind,
    /// Its key (R34).
    pub key: Digest,
}

/// How a delivery ended (R33).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The provider took it.
    Delivered(Accepted),
    /// Something newer took its place.
    Superseded {
        /// What, or why.
        why: SupersededBy,
    },
    /// It may not be sent any more.
    Suppressed {
        /// Why.
        why: SuppressedBy,
    },
    /// It could not be delivered.
    DeadLettered {
        /// Why.
        why: DeadBy,
        /// What the last attempt said.
        failure: Option<Failure>,
    },
}

/// What took a delivery's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupersededBy {
    /// A newer word to the same recipient.
    Newer,
    /// The case ended before anything was said.
    ResolvedBeforeSent,
    /// A newer word, and this one may have arrived.
    MaybeTold,
}

/// Why a delivery may not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressedBy {
    /// The recipient is no longer in the configuration (R37).
    Removed,
    /// The installation decides and sends nothing (R40).
    Shadow,
}

/// Why a delivery was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadBy {
    /// It would fail again.
    Refused,
    /// It grew too old (R35).
    TooOld,
    /// Its channel is no longer in the configuration (R37).
    ChannelRemoved,
    /// Deciding its outcome panicked (R8).
    Quarantined,
}

/// Why something decided is not sent now (R18), as metrics say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithheldReason {
    /// The recipient was told just this (R17).
    Duplicate,
    /// Too many from this row (R19).
    Throttled,
    /// Too many over all rows (R19).
    Ceiling,
    /// It began before the first start (R3).
    FirstStart,
    /// It began and ended while nobody listened (R39).
    WhileDown,
}

/// What the owner is told about the work itself (R42).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Deliveries were given up.
    DeadLetters,
    /// Things came in that are no events.
    NoEvents,
    /// Deciding something panicked.
    Quarantine,
    /// Events are missing.
    Gap,
    /// A lane stopped.
    LaneStopped,
    /// The clock stepped.
    Clock,
    /// A source fell silent.
    SourceSilent,
    /// Alerts that nobody has mentioned for long.
    Stale,
    /// An audience resolves to nobody.
    Nobody,
}

impl WithheldReason {
    /// Every reason, for registering metrics at zero.
    pub const ALL: [WithheldReason; 5] = [
        WithheldReason::Duplicate,
        WithheldReason::Throttled,
        WithheldReason::Ceiling,
        WithheldReason::FirstStart,
        WithheldReason::WhileDown,
    ];

    /// The word in metrics and facts.
    pub fn as_str(self) -> &'static str {
        match self {
            WithheldReason::Duplicate => "duplicate",
            WithheldReason::Throttled => "throttled",
            WithheldReason::Ceiling => "ceiling",
            WithheldReason::FirstStart => "first_start",
            WithheldReason::WhileDown => "while_down",
        }
    }
}

impl End {
    /// The word in metrics: one of `delivered`, `superseded`, `suppressed`, `dead_lettered`.
    pub fn as_str(&self) -> &'static str {
        match self {
            End::Delivered(_) => "delivered",
            End::Superseded { .. } => "superseded",
            End::Suppressed { .. } => "suppressed",
            End::DeadLettered { .. } => "dead_lettered",
        }
    }
}
