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

/// Placeholder
pub fn compose(_s: &Subject<'_>, _l: Disclosure, _t: &Templates, _n: Option<&crate::event::Name>) -> Message {
    loop {}
}
/// Placeholder
pub fn state_digest(_s: &Subject<'_>, _l: Disclosure) -> crate::event::id::Digest {
    loop {}
}
/// Placeholder
pub fn title_at(_s: &Subject<'_>, _l: Disclosure) -> String {
    loop {}
}
