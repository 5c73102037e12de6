//! PURE: State × Policy × Input → facts. No clock, no chance, no environment, no logging; one file per rule.
//!
//! [`step`] is the one way in: it decides an input, applies what was decided, and goes on with what that made due,
//! each stage a pure function of State and Policy.

mod address;
mod against;
mod alert;
mod answer;
mod approve;
mod approver;
mod ask;
mod clock;
mod confine;
mod deliveries;
mod desk;
mod digest;
mod escalate;
mod fact;
mod fallback;
mod group;
mod heartbeat;
mod hours;
mod incident;
mod inner_words;
mod input;
mod look;
mod matter;
mod merge;
mod names;
mod notice;
mod opened;
mod outcome;
mod pace;
mod policy;
mod promise;
mod redrive;
mod release;
mod remarks;
mod reread;
mod route;
mod row;
mod say;
mod speak;
mod standing;
mod start;
mod step;
mod target;
mod tend;
mod test_message;
mod via;
mod wording;
mod write_up;

pub mod explain;
pub mod preview;
pub mod state;

pub use against::{Orphan, OrphanKind, against};
pub use alert::{group_id, is_unchanged};
pub use answer::{Refused, Refusing, refusal as command_refusal};
pub use approver::is_approver;
pub use confine::command as command_confined;
pub use fact::{
    AckWay, AlertRecord, Asked, CaseAbout, Cause, DeadBy, Decided, DraftText, Drafted, DropReason, End, Fact,
    HeldReason, Kept, MissReason, NoticeKind, Notified, PromiseEnd, Said, SpokenFor, Stamp, SupersededBy,
    SuppressedBy, WatchChange, WithheldReason,
};
pub use hours::{Hours, Window};
pub use incident::case_id as incident_case;
pub use input::{
    Accepted, Blame, Command, Failure, Garbage, Identity, Input, Origin, Outcome, PolicyText, Reason,
    Receipt, Retry, Sent, What,
};
pub use merge::goes_on_as;
pub use names::public_reference;
pub use opened::{IncidentRule, rules_met};
pub use policy::{
    Audience, Away, ChannelPolicy, Conditions, Contact, Endpoint, Environment, GroupBy, Limit, Orphans,
    Policy, RowKind, Via, ViaKey,
};
pub use redrive::{Redrive, refusal as redrive_refusal};
pub use remarks::{Remark, RemarkCode, remarks, remarks_alone};
pub use row::{Approval, AtDue, Cadence, Fallback, Keeping, Rhythm, Row};
pub use state::State;
pub use step::{Verdict, step};
pub use via::by_every_address;

use crate::event::Span;

/// What began before the first start is listed after this time (R3).
pub const FIRST_LIST_AFTER: Span = Span::from_mins(2);
