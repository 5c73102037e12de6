//! What each audience may and needs to hear: views by disclosure level, and the neutral message made from a view.

mod kind;
mod neutral;
mod subject;

pub mod slot;

pub use kind::{CaseStatus, Disclosure, Kind};
pub use neutral::Message;
pub use subject::{About, AlertItem, DigestItem, IncidentRecord, Note, Subject};

/// The compiled templates of users, by name.
#[derive(Clone, Debug, Default)]
pub struct Templates {}
