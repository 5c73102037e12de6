//! Facts about keeping audiences told: clocks of rows, words that wait, drafts, promises, who took a case on, escalation.

use super::{AckWay, Asked, Cause, Drafted, DropReason, HeldReason, MissReason, PromiseEnd, Said};
use crate::event::id::{CaseId, DeliveryId};
use crate::event::{Name, Recipient, Severity, Time};
use serde::{Deserialize, Serialize};

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
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
    /// The rhythm of a briefing begins with a digest, which states no time of its own (R22).
    PromiseMade {
        /// The case.
        case: CaseId,
        /// The audience.
        audience: Name,
        /// By when it is told next.
        due: Time,
    },
    /// Who was told of an incident that goes on as this one counts as told of this one: it is over before anything was said
    /// of it, and they are owed its end (R27).
    CarriedOver {
        /// The case.
        case: CaseId,
        /// The audience.
        audience: Name,
        /// Who was told.
        recipients: Vec<Recipient>,
        /// What they were told, of a case that goes on.
        said: Said,
    },
    /// The case is over and nobody is left who is owed the word of it: its end counts as said, and nothing is promised any
    /// more (R27).
    NobodyLeft {
        /// The case.
        case: CaseId,
        /// The audience.
        audience: Name,
        /// What a word of its end would have said.
        said: Said,
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
    /// Who leads the case was told that its write-up is due soon (R27).
    WriteUpNudged {
        /// The case.
        case: CaseId,
    },
    /// No write-up is promised any more: the case came back, or goes on as another (R27).
    WriteUpDropped {
        /// The case.
        case: CaseId,
        /// By when it was promised.
        due: Time,
    },
    /// An audience was told what was written up after the end (R27).
    WriteUpTold {
        /// The case.
        case: CaseId,
        /// The audience.
        audience: Name,
        /// The end that it was written up after.
        ended: Time,
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
}
