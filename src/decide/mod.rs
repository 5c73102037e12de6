//! PURE: State × Policy × Input → facts. No clock, no chance, no environment, no logging; one file per rule.

mod fact;
mod input;
mod policy;

pub use fact::Fact;
pub use input::{
    Accepted, Blame, Command, Failure, Garbage, Identity, Input, Origin, Outcome, PolicyText, Reason,
    Receipt, Retry, Sent, What,
};
pub use policy::{
    Audience, ChannelPolicy, Conditions, Contact, Endpoint, Environment, GroupBy, Limit, Orphans, Policy,
    Row, RowKind, Via, ViaKey,
};
