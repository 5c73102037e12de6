//! Facts: what happened or was decided, in the past tense; the only thing that changes State.
//!
//! Facts carry results: applying one computes nothing. The list only grows; a kind is never changed (DESIGN, section 5).

mod about;
mod end;
mod keep;
mod notified;
mod reason;
mod watch;

pub use about::{AlertRecord, CaseAbout, Stamp};
pub use end::{DeadBy, End, SupersededBy, SuppressedBy};
pub use keep::{AckWay, Asked, Cause, Drafted, DropReason, HeldReason, MissReason, PromiseEnd};
pub(super) use notified::strictest;
pub use notified::{Decided, Notified, Said, SpokenFor};
pub use reason::{NoticeKind, WithheldReason};
pub use watch::WatchChange;

use super::input::{Failure, Garbage, PolicyText};
use crate::event::id::{CaseId, DeliveryId, Digest, Fingerprint};
use crate::event::{IncidentEvent, Labels, Name, Recipient, Severity, Time};
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

    /// The conditions of a row that counts time began to hold for a case (R12).
    RowBegan {
        /// The case.
        case: CaseId,
        /// The row.
        row: Name,
        /// Its audience.
        audience: Name,
        /// Since when they hold without a break.
        since: Time,
    },
    /// They no longer hold.
    RowEnded {
        /// The case.
        case: CaseId,
        /// The row.
        row: Name,
        /// Its audience.
        audience: Name,
    },
    /// An audience was not told within `first_within` (R12).
    FirstWordMissed {
        /// The case.
        case: CaseId,
        /// The row.
        row: Name,
        /// The audience.
        audience: Name,
        /// By when it should have been.
        due: Time,
    },
    /// The next word to an audience waits, or does so no more (R23, R24, R26).
    WordHeld {
        /// The case.
        case: CaseId,
        /// The audience.
        audience: Name,
        /// For what; `None` when it waits for nothing any more.
        why: Option<HeldReason>,
        /// Until when at the latest, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    },
    /// A word was written that somebody must approve (R23).
    Drafted(Box<Drafted>),
    /// Somebody was asked to approve a draft.
    DraftAsked {
        /// The case.
        case: CaseId,
        /// The audience that it is for.
        audience: Name,
        /// Which revision.
        revision: u32,
        /// Who.
        asked: Asked,
    },
    /// A draft may leave.
    DraftApproved {
        /// The case.
        case: CaseId,
        /// The audience that it is for.
        audience: Name,
        /// Which revision.
        revision: u32,
        /// Who says so.
        by: Box<str>,
    },
    /// A draft must not leave.
    DraftRejected {
        /// The case.
        case: CaseId,
        /// The audience that it was for.
        audience: Name,
        /// Which revision.
        revision: u32,
        /// Who says so.
        by: Box<str>,
        /// Why, in their words.
        reason: Box<str>,
    },
    /// A draft was given up before anybody answered.
    DraftDropped {
        /// The case.
        case: CaseId,
        /// The audience that it was for.
        audience: Name,
        /// Which revision.
        revision: u32,
        /// Why.
        why: DropReason,
    },
    /// What was promised to one person has ended (R22).
    PromiseEnded {
        /// The case.
        case: CaseId,
        /// The audience of the briefing.
        audience: Name,
        /// To whom it was promised.
        recipient: Recipient,
        /// By when.
        due: Time,
        /// How it ended.
        how: PromiseEnd,
    },
    /// A promised word was not decided when it was due (R22).
    PromiseMissed {
        /// The case.
        case: CaseId,
        /// The audience.
        audience: Name,
        /// By when it was promised.
        due: Time,
        /// Why not.
        why: MissReason,
        /// When the next one is due.
        next: Option<Time>,
    },
    /// Who leads the case was told that a promised word is due soon (R22).
    Nudged {
        /// The case.
        case: CaseId,
        /// The audience that it is promised to; `None` for the responders' own rhythm.
        audience: Option<Name>,
    },
    /// Somebody has taken a case on (R25).
    Acknowledged {
        /// The case.
        case: CaseId,
        /// Who.
        by: Box<str>,
        /// By which way.
        way: AckWay,
        /// How bad the case is.
        severity: Severity,
    },
    /// A case became worse or came back: that somebody took it on counts no more (R25).
    AckVoided {
        /// The case.
        case: CaseId,
    },
    /// Something happened that is escalated at once (R25).
    EscalationCaused {
        /// The case.
        case: CaseId,
        /// What.
        cause: Cause,
    },
    /// A case was escalated (R25).
    Escalated {
        /// The case.
        case: CaseId,
        /// What for.
        cause: Cause,
        /// Whose audience's row asked for it; `None` where no row did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        audience: Option<Name>,
        /// To whom; `None` where there is nobody.
        to: Option<Name>,
        /// Whether others are told of it as well.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        more: bool,
    },
    /// What was needed from somebody was answered.
    NeedsAnswered {
        /// The case.
        case: CaseId,
        /// Who answered.
        by: Box<str>,
        /// What.
        text: Box<str>,
    },
    /// A delivery that was not handed over in time goes another way (R30).
    FellBack {
        /// Which.
        delivery: DeliveryId,
        /// To whom now; nobody where there is no other way, or the person has it already.
        to: Vec<Recipient>,
    },
    /// A write-up was promised with the end of a case.
    WriteUpPromised {
        /// The case.
        case: CaseId,
        /// By when.
        due: Time,
    },
    /// The promise of a write-up has ended.
    WriteUpEnded {
        /// The case.
        case: CaseId,
        /// By when it was promised.
        due: Time,
        /// How it ended.
        how: PromiseEnd,
    },
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
