//! A word to the owner about the work of Tidings itself (R42); to others only that there is one.

use super::Texts;
use super::parts::Body;
use crate::message::line::{cut, one_line};
use crate::message::slot;
use crate::message::view::{NoticeView, View};

/// The longest part of the text that a short text carries, in bytes.
const SHORT_TEXT_MAX: usize = 280;
/// What those read who may not read the notice.
const NEUTRAL: &str = "This message is about the messages themselves. Nothing needs to be done.";

pub(super) fn notice(view: &View<'_>, notice: &NoticeView<'_>) -> Texts {
    let text = notice.text.as_deref().unwrap_or(NEUTRAL);
    let mut body = Body::default();
    body.quoted(text);
    let line = cut(one_line(text), SHORT_TEXT_MAX);
    Texts {
        short: format!("{}: {line} {}", view.title, slot::DELAY).into(),
        body: body.finish(),
        ..Texts::default()
    }
}
