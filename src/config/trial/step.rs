//! The steps of a test: each at its time, each one thing that happens.

use super::change::Changes;
use super::event::Events;
use super::{Reader, TrialAct, TrialStep, expect};
use crate::config::channel;
use crate::config::suggest;
use crate::config::value::{At, Node};
use crate::event::{Name, Span, Time};

/// The keys of a step: `at`, and what happens.
pub(in crate::config) const STEP_KEYS: [&str; 11] = [
    "at",
    "alert",
    "incident",
    "ack",
    "approve",
    "reject",
    "reload",
    "restart",
    "channel_down",
    "channel_up",
    "expect",
];

/// The keys of `expect`.
pub(in crate::config) const EXPECT_KEYS: [&str; 4] = ["told", "not_told", "waiting", "says"];

/// The longest that a test lasts.
const AT_MAX: Span = Span::from_mins(366 * 24 * 60);

/// Who answers where a step does not say who.
const SOMEBODY: &str = "test";

/// The steps in the order of the file, which must be that of their times.
pub(super) fn read<'t>(reader: Reader<'_, 't>, steps: Node<'t>, start: Time) -> Vec<TrialStep> {
    let mut events = Events::new(reader);
    let mut changes = Changes::new(reader);
    let mut last = Span::ZERO;
    let mut all = Vec::new();
    for step in steps.items() {
        let Some(after) = when(reader, step, last) else { continue };
        last = after;
        let Some((key, node)) = what(reader, step) else { continue };
        let act = match key.value {
            "alert" | "incident" => events.read(key, node, start + after),
            "reload" => changes.read(node).map(TrialAct::Reload),
            _ => other(reader, key, node),
        };
        all.extend(act.map(|act| TrialStep { place: reader.line(step.place()), at: start + after, act }));
    }
    all
}

/// When a step happens, not before the one before it.
fn when(reader: Reader<'_, '_>, step: Node<'_>, last: Span) -> Option<Span> {
    let Some(at) = step.get("at") else {
        let help = "add `at`: the time since the start, such as \"5m\"";
        reader.report.error("test::no-time", step.place(), "this step does not say when", help);
        return None;
    };
    let Some(after) = at.span().filter(|after| *after <= AT_MAX) else {
        let help = "`at` takes the time since the start, such as \"5m\" or \"1h 30m\", at most \"366d\"";
        reader.report.error("key::value", at.place(), "`at` cannot be this", help);
        return None;
    };
    if after < last {
        let message = format!("\"{after}\" is before the step before it, which is at \"{last}\"");
        reader.report.error(
            "test::order",
            at.place(),
            message,
            "write the steps in the order of their times",
        );
        return None;
    }
    Some(after)
}

/// The one thing that happens in a step.
fn what<'t>(reader: Reader<'_, 't>, step: Node<'t>) -> Option<(At<&'t str>, Node<'t>)> {
    let entries = step.entries();
    let (known, unknown): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(key, _)| STEP_KEYS.contains(&key.value));
    for (key, _) in &unknown {
        unknown_key(reader, *key, "step", &STEP_KEYS);
    }
    let acts: Vec<_> = known.into_iter().filter(|(key, _)| key.value != "at").collect();
    match acts.as_slice() {
        [act] => Some(*act),
        [] => {
            if unknown.is_empty() {
                let help = format!("add one of {}", STEP_KEYS[1..].join(", "));
                reader.report.error("test::no-act", step.place(), "nothing happens in this step", help);
            }
            None
        }
        [_, (second, _), ..] => {
            let message = format!("`{}` is the second thing in this step", second.value);
            let help = "write a step of its own for each; several may have the same `at`";
            reader.report.error("test::two-acts", second.place, message, help);
            None
        }
    }
}

/// Reports a key that nothing in a test has.
pub(super) fn unknown_key(reader: Reader<'_, '_>, key: At<&str>, of: &str, known: &[&str]) {
    let message = format!("`{}` is no key of a test's {of}", key.value);
    let help = suggest::hint(key.value, "key", known.iter().copied());
    reader.report.error("key::unknown", key.place, message, help);
}

fn other(reader: Reader<'_, '_>, key: At<&str>, node: Node<'_>) -> Option<TrialAct> {
    match key.value {
        "ack" => acknowledge(reader, node),
        "approve" => answer(reader, node, false),
        "reject" => answer(reader, node, true),
        "restart" => match node.flag() {
            Some(true) => Some(TrialAct::Restart),
            _ => misfit(reader, key.value, node, "true"),
        },
        "channel_down" => named_channel(reader, key, node).map(TrialAct::ChannelDown),
        "channel_up" => named_channel(reader, key, node).map(TrialAct::ChannelUp),
        _ => expect::read(reader, node).map(TrialAct::Expect),
    }
}

/// Reports a value of the wrong sort.
pub(super) fn misfit<T>(reader: Reader<'_, '_>, key: &str, node: Node<'_>, takes: &str) -> Option<T> {
    let message = format!("`{key}` cannot be this: it is {}", node.sort());
    reader.report.error("key::value", node.place(), message, format!("`{key}` takes {takes}"));
    None
}

fn named_channel(reader: Reader<'_, '_>, key: At<&str>, node: Node<'_>) -> Option<Name> {
    let Some(value) = node.text() else {
        return misfit(reader, key.value, node, "the name of a channel");
    };
    channel::known(reader.document, At { value, place: node.place() }, reader.report)
}

/// A text of a table, whose other keys are reported.
fn text_of<'t>(reader: Reader<'_, 't>, node: Node<'t>, key: &str) -> Option<At<&'t str>> {
    let inner = node.get(key)?;
    match inner.text().filter(|text| !text.is_empty()) {
        Some(value) => Some(At { value, place: inner.place() }),
        None => misfit(reader, key, inner, "a string that is not empty"),
    }
}

fn check_keys(reader: Reader<'_, '_>, node: Node<'_>, known: &[&str]) {
    let entries = node.entries();
    let unknown = entries.iter().filter(|(key, _)| !known.contains(&key.value));
    unknown.for_each(|(key, _)| unknown_key(reader, *key, "step", known));
}

fn acknowledge(reader: Reader<'_, '_>, node: Node<'_>) -> Option<TrialAct> {
    let table = node.value.get_ref().is_table();
    check_keys(reader, node, &["case", "by"]);
    let case = if table { text_of(reader, node, "case").map(|at| at.value) } else { node.text() };
    let Some(case) = case.filter(|case| !case.is_empty()) else {
        return misfit(reader, "ack", node, "a case, or { case = \"INC-1\", by = \"jonas\" }");
    };
    let by = text_of(reader, node, "by").map_or(SOMEBODY, |by| by.value);
    Some(TrialAct::Acknowledge { case: case.into(), by: by.into() })
}

fn answer(reader: Reader<'_, '_>, node: Node<'_>, refuses: bool) -> Option<TrialAct> {
    let (key, mut known) = if refuses { ("reject", vec!["reason"]) } else { ("approve", Vec::new()) };
    known.extend(["audience", "case", "by"]);
    check_keys(reader, node, &known);
    let whole = node.text().map(|value| At { value, place: node.place() });
    let Some(audience) = whole.or_else(|| text_of(reader, node, "audience")) else {
        let takes = "an audience, or { audience = \"customers\", case = \"INC-1\", by = \"mara\" }";
        return misfit(reader, key, node, takes);
    };
    let text = |key: &str| text_of(reader, node, key).map(|at| Box::<str>::from(at.value));
    let by = text("by").unwrap_or_else(|| SOMEBODY.into());
    let refused = refuses.then(|| text("reason").unwrap_or_else(|| "rejected in a test".into()));
    Some(TrialAct::Answer { audience: reader.audience(audience)?, case: text("case"), by, refused })
}
