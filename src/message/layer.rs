//! Which layer of a text a level reads, and the neutral words where there is none.

use super::{CaseStatus, Disclosure};
use crate::event::{Layered, Stage};

/// The layer for `level`: its own, else a *less* internal one, never a more internal one (DESIGN, section 8).
pub(super) fn layer(text: Option<&Layered>, level: Disclosure) -> Option<&str> {
    let text = text?;
    let said = |layer: &'_ Option<Box<str>>| layer.as_deref().is_some_and(|text| !text.trim().is_empty());
    let own = match level {
        Disclosure::Internal => [&text.internal, &text.business, &text.public],
        Disclosure::Business => [&text.business, &text.public, &None],
        Disclosure::External => [&text.public, &None, &None],
    };
    own.into_iter().find(|layer| said(layer)).and_then(|layer| layer.as_deref()).map(str::trim)
}

/// The stage as a sentence that anybody may read.
pub fn stage_in_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Investigating => "We are looking for the cause.",
        Stage::Identified => "The cause is known, and we are mending it.",
        Stage::Monitoring => "It has been mended, and we are watching it.",
        Stage::Resolved => "It is over.",
    }
}

/// What stands in for a note that has no layer for the reader: it says nothing that is not known to all.
pub(super) fn neutral_note(status: CaseStatus, stage: Option<Stage>) -> &'static str {
    match (status, stage) {
        (CaseStatus::Resolved, _) | (_, Some(Stage::Resolved)) => "The problem is over.",
        (CaseStatus::Lost, _) => "The source no longer reports this problem.",
        (_, Some(stage @ (Stage::Identified | Stage::Monitoring))) => stage_in_words(stage),
        _ => "We are working on it.",
    }
}

/// What stands in for a write-up that has no layer for the reader: who wants to know more can ask.
pub(super) const NEUTRAL_WRITE_UP: &str = "What happened has been written up. If you want to know more, ask us and name the reference of this message.";

/// The state of a component in a word that anybody may read. It follows from the case; nobody reports it singly.
pub(super) fn component_state(status: CaseStatus, stage: Option<Stage>) -> &'static str {
    match (status, stage) {
        (CaseStatus::Resolved, _) | (_, Some(Stage::Resolved)) => "operational",
        (_, Some(Stage::Monitoring)) => "recovering",
        _ => "affected",
    }
}

/// What a program that depends on it should do, in a word (the same for every component, as their state is).
pub(super) fn advice(status: CaseStatus, stage: Option<Stage>) -> &'static str {
    match component_state(status, stage) {
        "operational" => "resume",
        "recovering" => "retry",
        _ => "fall_back",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_layer_is_never_filled_from_a_more_internal_one() {
        let layered = |internal: &str, business: &str, public: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.into());
            Layered { internal: some(internal), business: some(business), public: some(public) }
        };
        let read = |text: &Layered| Disclosure::ALL.map(|level| layer(Some(text), level).map(str::to_owned));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read(&layered("i", "b", "p")), [some("i"), some("b"), some("p")]);
        assert_eq!(read(&layered("i", "", "")), [some("i"), None, None]);
        assert_eq!(read(&layered("i", "b", " ")), [some("i"), some("b"), None]);
        assert_eq!(read(&layered("", "", "p")), [some("p"), some("p"), some("p")]);
    }
}
