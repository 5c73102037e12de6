//! A mistake in what people wrote, told so that they can mend it.

/// One mistake in a table of the configuration. Whoever reads the file adds file, line and caret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, from the table's own keys: `url`, `retry.after`, `steps[2]`; empty for the table itself.
    pub key: String,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// What would be right, as a sentence without a full stop.
    pub hint: String,
}

impl Problem {
    /// A mistake at `key`.
    pub fn new(key: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Problem {
        Problem { key: key.into(), message: message.into(), hint: hint.into() }
    }
}
