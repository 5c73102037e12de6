//! PURE: State × Policy × Input → facts. No clock, no chance, no environment, no logging; one file per rule.
//!
//! [`step`] is the one way in: it decides an input, applies what was decided, and goes on with what that made due,
//! each stage a pure function of State and Policy.

mod alert;
mod deliveries;
mod digest;
mod fact;
mod group;
mod heartbeat;
mod incident;
mod input;
mod names;
mod notice;
mod outcome;
mod pace;
mod policy;
mod redrive;
mod release;
mod route;
mod say;
mod speak;
mod standing;
mod start;
mod step;
mod target;
mod test_message;
mod via;

pub mod explain;
pub mod preview;
pub mod state;

pub use alert::{group_id, is_unchanged};
pub use fact::{
    AlertRecord, CaseAbout, DeadBy, Decided, End, Fact, NoticeKind, Notified, Said, SpokenFor, Stamp,
    SupersededBy, SuppressedBy, WithheldReason,
};
pub use incident::case_id as incident_case;
pub use input::{
    Accepted, Blame, Command, Failure, Garbage, Identity, Input, Origin, Outcome, PolicyText, Reason,
    Receipt, Retry, Sent, What,
};
pub use policy::{
    Audience, ChannelPolicy, Conditions, Contact, Endpoint, Environment, GroupBy, Limit, Orphans, Policy,
    Row, RowKind, Via, ViaKey,
};
pub use redrive::{Redrive, refusal as redrive_refusal};
pub use state::State;
pub use step::{Verdict, step};

use crate::event::Span;

/// What began before the first start is listed after this time (R3).
pub const FIRST_LIST_AFTER: Span = Span::from_mins(2);
