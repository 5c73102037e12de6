//! The last word about an incident that goes on as another one: under which name there will be news.

use super::Texts;
use super::parts::{Body, inline, short};
use crate::message::view::{IncidentView, View};
use crate::message::{CaseStatus, Disclosure};

/// As what the incident goes on, if that is what is to be said.
pub(super) fn goes_on_as<'v>(view: &View<'_>, incident: &'v IncidentView<'_>) -> Option<&'v str> {
    incident.goes_on_as.as_deref().filter(|_| view.status == CaseStatus::Resolved)
}

pub(super) fn incident(view: &View<'_>, other: &str, facts: Vec<(Box<str>, Box<str>)>) -> Texts {
    let what = match view.level {
        Disclosure::Internal => "This incident is the same as",
        Disclosure::Business => "This incident is being dealt with as part of",
        Disclosure::External => "We are dealing with this problem as part of",
    };
    let mut body = Body::default();
    body.para(format!("{what} **{}**.", inline(other)));
    body.para("From here on there is news under that name alone.");
    let news = format!("It goes on as {other}");
    Texts { short: short(view, &news), body: body.finish(), facts, ..Texts::default() }
}
