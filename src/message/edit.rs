//! R23: a message whose words an approver changed: within the same limits, and with nothing of the old words left.

use super::line::{TEXT_MAX, TITLE_MAX, cut, one_line, text};
use super::{Message, templates};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// The longest short text in bytes: as much as any SMS gateway takes.
const SHORT_MAX: usize = 1600;
/// What `data` holds of the words that somebody wrote.
const FREE: [&str; 7] =
    ["note", "workaround", "data_safety", "resolution", "write_up_text", "scope", "expected_end"];

/// The parts that an approver wrote anew; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Edit {
    /// One line that names the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Box<str>>,
    /// One line that says everything a telephone can show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short: Option<Box<str>>,
    /// The text, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<str>>,
}

impl Edit {
    /// The message in the new words. Slots cannot be forged, lengths are those of every message, and the promise and the
    /// remark on lateness stand at the end of the body. `data` loses the words of the event: a program would read there
    /// what the approver took out.
    pub fn apply(&self, message: &Message) -> Message {
        let said = |part: &Option<Box<str>>| part.clone().filter(|part| !part.trim().is_empty());
        let line = |part: &str, max| Box::<str>::from(cut(one_line(part), max));
        let title = said(&self.title).map_or_else(|| message.title.clone(), |part| line(&part, TITLE_MAX));
        let short = said(&self.short).map_or_else(|| message.short.clone(), |part| line(&part, SHORT_MAX));
        let body = said(&self.body).map_or_else(
            || message.body.clone(),
            |part| templates::with_promise(cut(text(&part), TEXT_MAX).into_owned()),
        );
        let data = data(message, &title);
        Message { title, short, body, data, ..message.clone() }
    }
}

fn data(message: &Message, title: &str) -> Box<RawValue> {
    let mut value: Value = serde_json::from_str(message.data.get()).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        FREE.into_iter().for_each(|field| _ = fields.remove(field));
        if fields.contains_key("title") {
            fields.insert("title".to_owned(), title.into());
        }
    }
    to_raw_value(&value).unwrap_or_else(|_| message.data.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Disclosure, Kind, Templates, Wording, compose, sample, slot};

    #[test]
    fn new_words_replace_the_old_ones_everywhere() {
        let sample = sample::Incident::full();
        let subject = sample.subject(Kind::Update);
        let message = compose(&subject, Disclosure::External, &Templates::default(), None, Wording::Free);
        let edit = Edit {
            title: Some("Paying is\n disturbed".into()),
            short: None,
            body: Some(format!("We are **on it**.{}", slot::instant(crate::event::Time::EPOCH)).into()),
        };
        let edited = edit.apply(&message);
        assert_eq!((&*edited.title, &edited.short), ("Paying is disturbed", &message.short));
        let end = format!("\n\n{}\n\n{}", slot::next_update(), slot::delay());
        assert_eq!(&*edited.body, format!("We are **on it**.t0{end}"));
        let data: Value = serde_json::from_str(edited.data.get()).unwrap();
        assert_eq!((&data["title"], &data["stage"]), (&"Paying is disturbed".into(), &"identified".into()));
        for gone in ["spare system", "by invoice", "Your payment data", "Payments are failing"] {
            assert!(!edited.data.get().contains(gone), "{gone}");
        }
        assert_eq!((&edited.facts, &edited.reference), (&message.facts, &message.reference));
        let long = Edit { title: Some("x".repeat(900).into()), body: Some(" ".into()), ..Edit::default() };
        let edited = long.apply(&message);
        assert!(edited.title.len() <= TITLE_MAX && edited.body == message.body);
    }
}
