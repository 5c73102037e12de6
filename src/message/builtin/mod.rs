//! The messages that Tidings writes when no template of the user's does: one file for each thing that is told and level.

mod alerts;
mod business;
mod digest;
mod external;
mod insiders;
mod merged;
mod notice;
mod parts;
mod written;

#[cfg(test)]
mod tests;

use super::view::{Detail, IncidentView, View};
use super::{Disclosure, line};

/// The readable parts of a message.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    pub(super) title: Box<str>,
    pub(super) short: Box<str>,
    pub(super) body: Box<str>,
    pub(super) facts: Vec<(Box<str>, Box<str>)>,
    pub(super) links: Vec<(Box<str>, Box<str>)>,
}

/// Whether it is the word of what was written up after the end (R27): no text of a template is about that.
pub(super) fn is_write_up(view: &View<'_>) -> bool {
    matches!(&view.detail, Detail::Incident(incident) if written::up(view, incident).is_some())
}

/// The message for what the view holds.
pub(super) fn texts(view: &View<'_>) -> Texts {
    let insider = view.level == Disclosure::Internal;
    let mut texts = match &view.detail {
        Detail::Group(group) if insider => alerts::insiders(view, group),
        Detail::Group(_) => alerts::others(view),
        Detail::Incident(incident) => incident_texts(view, incident),
        Detail::Digest(digest) => digest::digest(view, digest),
        Detail::Notice(notice) => notice::notice(view, notice),
    };
    texts.title = view.title.as_ref().into();
    if texts.short.len() > line::SHORT_MAX {
        texts.short = line::cut(texts.short.as_ref().into(), line::SHORT_MAX).into();
    }
    texts
}

fn incident_texts(view: &View<'_>, incident: &IncidentView<'_>) -> Texts {
    let facts = match view.level {
        Disclosure::Internal => insiders::facts,
        Disclosure::Business => business::facts,
        Disclosure::External => external::facts,
    };
    if let Some(other) = merged::goes_on_as(view, incident) {
        return merged::incident(view, other, facts(view, incident));
    }
    if let Some(text) = written::up(view, incident) {
        return written::incident(view, text, facts(view, incident));
    }
    match view.level {
        Disclosure::Internal => insiders::incident(view, incident),
        Disclosure::Business => business::incident(view, incident),
        Disclosure::External => external::incident(view, incident),
    }
}
