//! Facts: what happened or was decided, in the past tense; the only thing that changes State.

use serde::{Deserialize, Serialize};

/// One fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A note for tests of the journal.
    Noted(Box<str>),
}
