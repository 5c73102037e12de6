//! The word after the end of an incident: what was found and what is changed, for those who were told the end.

use super::Texts;
use super::parts::{Body, short};
use crate::message::view::{IncidentView, View};
use crate::message::{CaseStatus, Disclosure, Kind, slot};

/// What was written up, if that is what is to be said.
pub(super) fn up<'v>(view: &View<'_>, incident: &'v IncidentView<'_>) -> Option<&'v str> {
    let news = view.status == CaseStatus::Resolved && view.kind == Kind::Update;
    incident.write_up_text.as_deref().filter(|_| news)
}

pub(super) fn incident(view: &View<'_>, text: &str, facts: Vec<(Box<str>, Box<str>)>) -> Texts {
    let lead = match view.level {
        Disclosure::Internal | Disclosure::Business => "The incident is resolved and has been written up.",
        Disclosure::External => "This problem is over, and we have gone over what happened.",
    };
    let mut body = Body::default();
    body.para(lead).quoted(text);
    if let Some(end) = view.resolved_at {
        let (from, to) = (slot::instant(view.opened_at), slot::instant(end));
        body.para(format!("It began at {from} and ended at {to}."));
    }
    Texts { short: short(view, text), body: body.finish(), facts, ..Texts::default() }
}
