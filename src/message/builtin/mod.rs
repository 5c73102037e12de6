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

use super::view::{Detail, View};
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

/// The message for what the view holds.
pub(super) fn texts(view: &View<'_>) -> Texts {
    let insider = view.level == Disclosure::Internal;
    let mut texts = match &view.detail {
        Detail::Group(group) if insider => alerts::insiders(view, group),
        Detail::Group(_) => alerts::others(view),
        Detail::Incident(incident) => match view.level {
            Disclosure::Internal => insiders::incident(view, incident),
            Disclosure::Business => business::incident(view, incident),
            Disclosure::External => external::incident(view, incident),
        },
        Detail::Digest(digest) => digest::digest(view, digest),
        Detail::Notice(notice) => notice::notice(view, notice),
    };
    texts.title = view.title.as_ref().into();
    if texts.short.len() > line::SHORT_MAX {
        texts.short = line::cut(texts.short.as_ref().into(), line::SHORT_MAX).into();
    }
    texts
}
