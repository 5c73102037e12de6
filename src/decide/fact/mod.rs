//! Facts: what happened or was decided, in the past tense; the only thing that changes State.
//!
//! Facts carry results: applying one computes nothing. The list only grows; a kind is never changed (DESIGN, section 5).

mod about;
mod end;
mod keep;
mod kept;
mod notified;
mod reason;
mod watch;

pub use about::{AlertRecord, CaseAbout, Stamp};
pub use end::{DeadBy, End, SupersededBy, SuppressedBy};
pub use keep::{AckWay, Asked, Cause, Drafted, DropReason, HeldReason, MissReason, PromiseEnd};
pub use kept::Kept;
pub(super) use notified::strictest;
pub use notified::{Decided, Notified, Said, SpokenFor};
pub use reason::{NoticeKind, WithheldReason};
pub use watch::WatchChange;

use super::input::{Failure, Garbage, PolicyText};
use crate::event::id::{CaseId, DeliveryId, Digest, Fingerprint};
use crate::event::{IncidentEvent, Labels, Name, Recipient, Time};
use crate::message::Disclosure;
pub use crate::message::Edit as DraftText;
use serde::{Deserialize, Serialize};

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
    /// An alert is to be read again, because a row may match it then (R11), or is not.
    ReadingPlanned {
        /// Which alert.
        fingerprint: Fingerprint,
        /// When; `None` for not at all.
        at: Option<Time>,
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
        /// When it was received, if not when it was decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        received: Option<Time>,
    },
    /// An incident that was merged waits for the other to be opened, or does so no more: until then it goes on as itself.
    MergeWaits {
        /// The incident that was merged.
        incident: Box<str>,
        /// Whether it waits.
        waits: bool,
    },
    /// What a rule that opens incidents from alerts watches has changed.
    Watch {
        /// The incident that the rule opens, or has opened.
        incident: Box<str>,
        /// What changed.
        change: WatchChange,
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
        /// Whether the audience is told another rhythm (R11).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        rhythm: bool,
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
    /// The owner is told at another time (R19).
    NoticePlanned {
        /// What sort.
        notice: NoticeKind,
        /// When.
        at: Time,
    },
    /// The owner was told of one sort of trouble, or there is none to tell.
    NoticeTold {
        /// What sort.
        notice: NoticeKind,
    },

    /// Something about keeping audiences told (R12, R22 to R26, R30).
    Kept(Kept),
    /// A provider said of an address that nothing can ever be delivered to it (R14).
    AddressDied {
        /// Whose.
        recipient: Recipient,
        /// The keyed hash of the address: another address of the same recipient is not dead.
        address: Digest,
    },
    /// An address that was dead is not: a provider took a message for it, or it is another one now (R14).
    AddressRevived {
        /// Whose.
        recipient: Recipient,
    },
}
