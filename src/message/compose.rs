//! From a subject to the message that one audience may read; it never fails (R8, R41).

use super::agreed::{Wording, Wordless};
use super::builtin::{self, Texts};
use super::cut::{reference_at, status_of, view};
use super::slot;
use super::view::{Detail, View};
use super::{Disclosure, Message, Subject, Templates};
use crate::event::Name;
use serde_json::value::{RawValue, to_raw_value};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message for a reader of `level`. The user's template writes what it has parts for; if it fails, the built-in
/// message goes out, and if that fails too, a plain one. Digests, notices and write-ups are always written by Tidings.
///
/// An agreed wording is made of a subject from which every free text was cut beforehand (R23).
pub fn compose(
    subject: &Subject<'_>,
    level: Disclosure,
    templates: &Templates,
    template: Option<&Name>,
    wording: Wording,
) -> Message {
    or_plain(subject, level, || {
        let needs_cut = wording == Wording::Agreed || template.is_some_and(|name| templates.is_agreed(name));
        let wordless = needs_cut.then(|| Wordless::of(subject));
        let agreed = wordless.as_ref().map(|wordless| wordless.subject(subject));
        let cut = |wording| {
            let subject = agreed.as_ref().filter(|_| wording == Wording::Agreed).unwrap_or(subject);
            View { wording, ..view(subject, level) }
        };
        let view = cut(wording);
        let mut texts = builtin::texts(&view);
        if let Some(name) = template
            && matches!(view.detail, Detail::Group(_) | Detail::Incident(_))
            && !builtin::is_write_up(&view)
        {
            match (templates.is_agreed(name), wording) {
                // What was agreed on is never mixed with what somebody wrote.
                (true, _) => templates.write(name, &cut(Wording::Agreed), &mut texts),
                (false, Wording::Free) => templates.write(name, &view, &mut texts),
                (false, Wording::Agreed) => {}
            }
        }
        message(&view, texts)
    })
}

/// What `write` makes, or the plain message if it panics (R8).
fn or_plain(subject: &Subject<'_>, level: Disclosure, write: impl FnOnce() -> Message) -> Message {
    // Nothing that a panic may leave half done outlives the closure: it only reads.
    catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(|_| plain(subject, level))
}

fn message(view: &View<'_>, texts: Texts) -> Message {
    Message {
        kind: view.kind,
        status: view.status,
        severity: view.severity.unwrap_or_default().into(),
        urgent: view.urgent.unwrap_or(false),
        reference: view.reference.as_ref().into(),
        title: texts.title,
        short: texts.short,
        body: texts.body,
        facts: texts.facts,
        links: texts.links,
        asks: None,
        data: to_raw_value(view).unwrap_or_else(|_| no_data()),
    }
}

fn no_data() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).expect("an empty object is JSON")
}

/// The message of last resort: that there is something, in words that hold nothing of the event but its reference.
fn plain(subject: &Subject<'_>, level: Disclosure) -> Message {
    let status = status_of(subject, level);
    let reference = reference_at(subject, level);
    let trusted = level != Disclosure::External;
    let severity = if trusted { subject.severity } else { "" };
    let title = "There is news of a case";
    let word = status.as_str();
    let text = format!("{title} (reference {reference}, {word}). The full message could not be written.");
    let (promise, delay) = (slot::next_update(), slot::delay());
    Message {
        kind: subject.kind,
        status,
        severity: severity.into(),
        urgent: trusted && subject.urgent,
        reference: reference.as_ref().into(),
        title: title.into(),
        short: format!("{text} {promise}").into(),
        body: format!("{}\n\n{promise}\n\n{delay}", super::markdown::escape(&text)).into(),
        facts: Vec::new(),
        links: Vec::new(),
        asks: None,
        data: no_data(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::sample;

    #[test]
    fn a_panic_while_writing_gives_the_plain_message() {
        let sample = sample::Incident::full();
        let subject = sample.subject(crate::message::Kind::Opening);
        let quiet = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let inside = or_plain(&subject, Disclosure::Internal, || panic!("as a test"));
        let outside = or_plain(&subject, Disclosure::External, || panic!("as a test"));
        std::panic::set_hook(quiet);
        assert!(
            inside.short.starts_with("There is news of a case (reference INC-1, open)."),
            "{}",
            inside.short
        );
        assert_eq!((&*inside.severity, inside.urgent), ("sev1", true));
        assert!(outside.short.contains(sample.public_reference()) && !outside.short.contains("INC-1"));
        assert_eq!((&*outside.severity, outside.urgent, outside.data.get()), ("", false, "{}"));
    }
}
