//! `expect`: who was told by which channel, who was not, who waits for what, and what messages said.

use super::step::{EXPECT_KEYS, misfit, unknown_key};
use super::{Reader, Saying, Telling, TrialExpect, Waiting};
use crate::config::channel;
use crate::config::suggest;
use crate::config::value::{At, Node};
use crate::decide::{HeldReason, WithheldReason};

/// One `expect`.
pub(super) fn read(reader: Reader<'_, '_>, node: Node<'_>) -> Option<TrialExpect> {
    if !node.value.get_ref().is_table() {
        return misfit(
            reader,
            "expect",
            node,
            "{ told = [\"AUDIENCE by CHANNEL\"], not_told = [\"AUDIENCE\"] }",
        );
    }
    let mut expect = TrialExpect::default();
    for (key, value) in node.entries() {
        match key.value {
            "told" => expect.told = list(reader, key, value, telling),
            "not_told" => expect.not_told = list(reader, key, value, telling),
            "waiting" => expect.waiting = list(reader, key, value, waiting),
            "says" => expect.says = list(reader, key, value, saying),
            _ => unknown_key(reader, key, "expect", &EXPECT_KEYS),
        }
    }
    if node.entries().is_empty() {
        let help = format!("add some of {}", EXPECT_KEYS.join(", "));
        reader.report.error("test::expects-nothing", node.place(), "this expects nothing", help);
    }
    Some(expect)
}

/// The entries of a list, or the one that stands there instead.
fn list<T>(
    reader: Reader<'_, '_>,
    key: At<&str>,
    node: Node<'_>,
    one: impl Fn(Reader<'_, '_>, At<&str>, Node<'_>) -> Option<T>,
) -> Vec<T> {
    let items = if node.value.get_ref().is_array() { node.items() } else { vec![node] };
    items.into_iter().filter_map(|item| one(reader, key, item)).collect()
}

/// `AUDIENCE by CHANNEL`, or `AUDIENCE`.
fn telling(reader: Reader<'_, '_>, key: At<&str>, node: Node<'_>) -> Option<Telling> {
    let Some(text) = node.text() else {
        return misfit(reader, key.value, node, "a list of \"AUDIENCE by CHANNEL\" or \"AUDIENCE\"");
    };
    let place = node.place();
    let (audience, by) = match text.split_once(" by ") {
        Some((audience, by)) => (audience.trim(), Some(by.trim())),
        None => (text.trim(), None),
    };
    let audience = reader.audience(At { value: audience, place });
    let channel = by.map(|value| channel::known(reader.document, At { value, place }, reader.report));
    match channel {
        Some(channel) => Some(Telling { audience: audience?, channel: Some(channel?) }),
        None => Some(Telling { audience: audience?, channel: None }),
    }
}

/// `AUDIENCE for REASON`.
fn waiting(reader: Reader<'_, '_>, key: At<&str>, node: Node<'_>) -> Option<Waiting> {
    let Some((audience, reason)) = node.text().and_then(|text| text.split_once(" for ")) else {
        return misfit(reader, key.value, node, "a list of \"AUDIENCE for REASON\"");
    };
    let place = node.place();
    let audience = reader.audience(At { value: audience.trim(), place });
    let words = reasons();
    let Some(reason) = words.iter().find(|word| **word == reason.trim().replace([' ', '-'], "_")) else {
        let message = format!("nothing waits for `{}`", reason.trim());
        let help = suggest::hint(reason.trim(), "reason", words);
        reader.report.error("test::unknown-reason", place, message, help);
        return None;
    };
    Some(Waiting { audience: audience?, reason })
}

/// What something may wait for: the words of facts.
fn reasons() -> Vec<&'static str> {
    let held = HeldReason::ALL.map(HeldReason::as_str);
    held.into_iter().chain(WithheldReason::ALL.map(WithheldReason::as_str)).collect()
}

/// A text, or `{ audience = …, text = … }`.
fn saying(reader: Reader<'_, '_>, key: At<&str>, node: Node<'_>) -> Option<Saying> {
    let takes = "a list of texts, or of { audience = \"customers\", text = \"…\" }";
    if let Some(text) = node.text().filter(|text| !text.is_empty()) {
        return Some(Saying { audience: None, text: text.into() });
    }
    let known = ["audience", "text"];
    let entries = node.entries();
    let unknown = entries.iter().filter(|(key, _)| !known.contains(&key.value));
    unknown.for_each(|(key, _)| unknown_key(reader, *key, "expect", &known));
    let text = node.get("text").and_then(|text| text.text()).filter(|text| !text.is_empty());
    let (Some(text), Some(audience)) = (text, node.get("audience")) else {
        return misfit(reader, key.value, node, takes);
    };
    let Some(value) = audience.text() else {
        return misfit(reader, "audience", audience, "the name of an audience");
    };
    let audience = reader.audience(At { value, place: audience.place() })?;
    Some(Saying { audience: Some(audience), text: text.into() })
}
