//! What `decide` is given: events, commands, outcomes of attempts, ticks, changes of policy. Time is a field of it.

use super::fact::{AckWay, DraftText};
use super::redrive::Redrive;
use crate::event::id::{CaseId, DeliveryId, Digest, Fingerprint};
use crate::event::{Event, Name, Recipient, Span, Time};
use serde::{Deserialize, Serialize};

/// One input, at one instant of ledger time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The ledger time at which it is decided.
    pub at: Time,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Origin::is_inside")]
    pub origin: Origin,
    /// What it is.
    pub what: What,
}

/// Where an input came from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// By which lane; `None` for what the daemon itself puts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Name>,
    /// Its position in a lane that is read by cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// When it was received, if not now: the time that the lane's stream stored it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Time>,
    /// Its identity, where the sender gave one (R4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// The name of the token that let it in (R43).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Name>,
}

impl Origin {
    fn is_inside(&self) -> bool {
        *self == Origin::default()
    }
}

/// What makes an event itself, and what it said (R4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The hash of (ingest, source, id) or of the idempotency key.
    pub key: Digest,
    /// The hash of the body.
    pub body: Digest,
}

/// The sorts of input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// An event from outside.
    Event(Event),
    /// Bytes that are no event: kept as a dead letter.
    Garbage(Garbage),
    /// Leases that ended without renewal (R5).
    LeasesEnded {
        /// Whose alerts they are.
        source: Name,
        /// Which alerts.
        alerts: Vec<Fingerprint>,
        /// Whether no alert of this source is left.
        whole_source: bool,
    },
    /// Alerts without a lease that nobody has mentioned for `stale_after`.
    WentStale {
        /// Which alerts.
        alerts: Vec<Fingerprint>,
    },
    /// What came of an attempt.
    Outcome(Outcome),
    /// Dues up to the input's time are to be handled.
    Tick,
    /// The policy that `decide` is given from now on is a new one (R36).
    PolicyChanged(PolicyText),
    /// A process has taken the lead; everything released is unknown (R32).
    Started {
        /// Counted up with every start.
        epoch: u64,
        /// The lanes that must catch up before anything owed is said (R39).
        behind: Vec<Name>,
    },
    /// A lane has read everything that was waiting when it started (R39).
    CaughtUp {
        /// Which lane.
        lane: Name,
    },
    /// Messages of a lane are missing (R2).
    Gap {
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
        /// Why, as a sentence.
        reason: Box<str>,
    },
    /// The wall clock stepped (R7).
    ClockStepped {
        /// By how much, in milliseconds; negative is backwards.
        by_ms: i64,
        /// Whether it is now followed.
        followed: bool,
    },
    /// A person asks for something.
    Command(Command),
}

/// Bytes that are no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Garbage {
    /// Why they are none, as a sentence; no content of theirs.
    pub reason: Box<str>,
    /// The bytes, in Base64, cut to a stated length.
    pub bytes: Box<str>,
    /// How many there were.
    pub length: u64,
}

/// The texts of a configuration, secrets by reference only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyText {
    /// The policy's hash.
    pub hash: Digest,
    /// File names and texts, in reading order.
    pub files: Vec<(Box<str>, Box<str>)>,
}

/// What a person may ask of the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Hold a channel back (R35).
    Pause {
        /// Which channel.
        channel: Name,
        /// Who asks.
        by: Box<str>,
    },
    /// Let a channel go on.
    Resume {
        /// Which channel.
        channel: Name,
        /// Who asks.
        by: Box<str>,
    },
    /// The heart beats: to see that the whole way works.
    Heartbeat {
        /// Who gets it.
        audience: Name,
        /// Which beat it is, counted from the daemon's start.
        beat: u64,
    },
    /// Send a test message.
    SendTest {
        /// To whom.
        recipient: Recipient,
        /// For which audience: its level is that of the message.
        audience: Name,
        /// Who asks.
        by: Box<str>,
    },
    /// Somebody has taken a case on (R25).
    Acknowledge {
        /// Which case.
        case: CaseId,
        /// Who.
        by: Box<str>,
        /// By which way they say so.
        way: AckWay,
    },
    /// What is needed from somebody is answered.
    AnswerNeeds {
        /// In which case.
        case: CaseId,
        /// What.
        text: Box<str>,
        /// Who answers.
        by: Box<str>,
    },
    /// A draft may leave (R23).
    ApproveDraft {
        /// In which case.
        case: CaseId,
        /// To which audience.
        audience: Name,
        /// Which revision of it was read.
        revision: u32,
        /// Who says so.
        by: Box<str>,
    },
    /// A draft gets other words, which somebody must approve (R23).
    EditDraft {
        /// In which case.
        case: CaseId,
        /// To which audience.
        audience: Name,
        /// Which revision of it was read.
        revision: u32,
        /// The words.
        text: DraftText,
        /// Who says so.
        by: Box<str>,
    },
    /// A draft must not leave (R23).
    RejectDraft {
        /// In which case.
        case: CaseId,
        /// To which audience.
        audience: Name,
        /// Which revision of it was read.
        revision: u32,
        /// Why, in their words.
        reason: Box<str>,
        /// Who says so.
        by: Box<str>,
    },
    /// Send again what was dead-lettered (R33).
    Redrive {
        /// What was not delivered.
        original: Box<Redrive>,
        /// Who asks.
        by: Box<str>,
    },
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// Which attempt, counted from 1.
    pub attempt: u32,
    /// What came of it.
    pub result: Result<Accepted, Failure>,
}

/// The provider took the message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// What the provider calls it, where later messages must name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// The hash of the body as it was sent (R41).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Digest>,
}

/// A provider's name for a message: a Slack `ts`, a Message-ID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The message.
    pub id: Box<str>,
    /// Where it stands, if that must be named too: a Slack channel id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Box<str>>,
}

/// The provider did not take the message, or nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What it says about.
    pub about: Blame,
    /// Whether something may have arrived all the same.
    pub sent: Sent,
    /// Whether and when to try again.
    pub retry: Retry,
    /// Why, as a metric may say it.
    pub reason: Reason,
    /// Why, as an insider may read it: no secret, no address, at most 1 KiB.
    pub detail: Box<str>,
}

/// What a failure says something about (R35).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The channel: nothing about this recipient.
    Channel,
    /// This delivery.
    Delivery,
}

/// Whether an attempt that failed may have sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// Surely not.
    No,
    /// Nobody knows.
    Maybe,
}

/// Whether to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Yes; not before the provider's wish, if it had one.
    After(Option<Span>),
    /// Never: it would fail again.
    Never,
}

/// Why an attempt failed: a closed set, because it labels metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No connection.
    Connect,
    /// No trust, or no encryption where it is required.
    Tls,
    /// The address is one that the egress guard refuses (R40).
    Forbidden,
    /// The time for one attempt was over.
    Deadline,
    /// The credentials were refused, or are missing.
    Authentication,
    /// Too many.
    RateLimited,
    /// The provider failed.
    Server,
    /// The provider refuses this request.
    Rejected,
    /// The provider refuses this recipient.
    Recipient,
    /// A success code with a failure inside, or an answer that cannot be understood.
    Answer,
    /// The message cannot be put into the channel's form.
    Content,
}

impl Reason {
    /// Every reason, for registering metrics at zero.
    pub const ALL: [Reason; 11] = [
        Reason::Connect,
        Reason::Tls,
        Reason::Forbidden,
        Reason::Deadline,
        Reason::Authentication,
        Reason::RateLimited,
        Reason::Server,
        Reason::Rejected,
        Reason::Recipient,
        Reason::Answer,
        Reason::Content,
    ];

    /// The word in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Connect => "connect",
            Reason::Tls => "tls",
            Reason::Forbidden => "forbidden",
            Reason::Deadline => "deadline",
            Reason::Authentication => "authentication",
            Reason::RateLimited => "rate_limited",
            Reason::Server => "server",
            Reason::Rejected => "rejected",
            Reason::Recipient => "recipient",
            Reason::Answer => "answer",
            Reason::Content => "content",
        }
    }
}
