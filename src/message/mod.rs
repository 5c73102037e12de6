//! What each audience may and needs to hear: views by disclosure level, and the neutral message made from a view.

mod agreed;
mod builtin;
mod compose;
mod cut;
mod edit;
mod kind;
mod layer;
mod line;
mod neutral;
mod state;
mod subject;
mod table;
mod templates;
mod title;
mod told;
mod view;

#[cfg(test)]
mod tests;

pub mod lint;
pub mod markdown;
pub mod sample;
pub mod slot;

pub use agreed::Wording;
pub use compose::compose;
pub use cut::view;
pub use edit::Edit;
pub use kind::{CaseStatus, Disclosure, Kind};
pub use layer::stage_in_words;
pub use neutral::{Asks, Message};
pub use state::{agreed_state, state_digest};
pub use subject::{About, AlertItem, DigestItem, IncidentRecord, Note, Subject};
pub use table::{FIELDS, FieldRow, may_read};
pub use templates::{
    PHASES, TEMPLATE_WORDS, TemplateProblem, TemplateSource, TemplateText, Templates, WRITTEN_MAX,
};
pub use title::{agreed_title_at, title_at};
pub use told::words_of;
pub use view::View;
