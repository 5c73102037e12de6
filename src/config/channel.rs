//! `[channel.NAME]`: the keys that every channel has; the rest is read by the channel's kind, in the kind's own file.

use super::diagnostic::{PLAIN_SECRET, Place, Report};
use super::key::{Form, Key, Section, Takes};
use super::suggest;
use super::table::{Document, Table};
use super::value::{At, Node, Rate};
use crate::decide::ChannelPolicy;
use crate::deliver::{ChannelKind, Common, Settings};
use crate::event::{Name, Problem, Span};
use std::borrow::Cow;
use std::collections::BTreeSet;
use toml::Spanned;
use toml::de::DeTable;

/// `[channel.NAME]`.
pub(super) static SECTION: Section = Section {
    path: "channel",
    form: Form::Named,
    in_team_file: false,
    open: true,
    about: "A way out. These keys are those of every kind; each kind adds its own.",
    keys: &[
        Key { name: "type", takes: Takes::Text, default: "", about: "The kind of channel. Required." },
        Key {
            name: "timeout",
            takes: Takes::Duration(Span::from_secs(1), Span::from_secs(60)),
            default: "\"15s\"",
            about: "How long one attempt may take, the body of the answer included.",
        },
        Key {
            name: "allow_networks",
            takes: Takes::Texts,
            default: "[]",
            about: "Loopback, private and link-local networks that it may reach, as CIDR, besides those of [egress].",
        },
        Key {
            name: "ceiling",
            takes: Takes::Limit,
            default: "",
            about: "The most messages for one recipient over all rows; urgency does not lift it, the rest becomes digests. SMS has one of its own: 5 in 15 min.",
        },
        Key {
            name: "rate",
            takes: Takes::Rate,
            default: "",
            about: "The most messages that leave by it in a time: what the provider allows.",
        },
        Key {
            name: "concurrency",
            takes: Takes::Count(1, 1000),
            default: "",
            about: "How many attempts may be under way at once. Each kind has a default of its own.",
        },
        Key {
            name: "give_up_after",
            takes: Takes::Duration(Span::from_mins(1), Span::from_mins(30 * 24 * 60)),
            default: "\"24h\"",
            about: "How old an undelivered message may become before it is a dead letter.",
        },
        Key {
            name: "domain",
            takes: Takes::Text,
            default: "",
            about: "What stands behind the `@` of Message-IDs, instead of that of [environment].",
        },
    ],
};

/// A channel as the daemon builds it.
#[derive(Debug)]
pub struct ChannelSettings {
    /// The kind's own keys.
    pub settings: Box<dyn Settings>,
    /// The keys that every channel has.
    pub common: Common,
    /// The most messages that may leave in a time.
    pub rate: Option<Rate>,
}

/// A channel while the files are read. One whose own keys are wrong has no settings, and is known all the same.
pub(super) struct Draft<'k> {
    pub(super) name: Name,
    pub(super) kind: &'k ChannelKind,
    pub(super) settings: Option<Box<dyn Settings>>,
    pub(super) common: Common,
    pub(super) rate: Option<Rate>,
    pub(super) policy: ChannelPolicy,
}

/// What all channels share.
pub(super) struct Shared<'k> {
    pub(super) kinds: &'k [ChannelKind],
    pub(super) networks: Vec<String>,
    pub(super) domain: String,
}

/// Every channel, in reading order.
pub(super) fn read<'k>(document: &Document<'_>, shared: &Shared<'k>, report: &Report) -> Vec<Draft<'k>> {
    document.all("channel").iter().filter_map(|table| one(table, shared, report)).collect()
}

fn one<'k>(table: &Table<'_>, shared: &Shared<'k>, report: &Report) -> Option<Draft<'k>> {
    let word = table.required("type", report)?;
    let kind = shared.kinds.iter().find(|kind| Some(kind.name) == word.text());
    let Some(kind) = kind else {
        let text = word.text().unwrap_or_default();
        let help = suggest::hint(text, "kind", shared.kinds.iter().map(|kind| kind.name));
        report.error(
            "channel::unknown-type",
            word.place(),
            format!("there is no kind of channel `{text}`"),
            help,
        );
        return None;
    };
    let settings = own_keys(table, kind, report);
    for problem in settings.iter().flat_map(|settings| settings.check()) {
        report_problem("channel::key", table, &problem, report);
    }
    let rate = table.get("rate").and_then(|node| node.rate());
    let name: Name = table.name.as_str().into();
    let count = table.get("concurrency").and_then(|node| node.count());
    let count = count.and_then(|count| u32::try_from(count).ok());
    let default = settings.as_ref().map_or(1, |settings| settings.concurrency());
    let policy = ChannelPolicy {
        name: name.clone(),
        kind: kind.name.into(),
        window: window(count, default, rate),
        ceiling: table
            .get("ceiling")
            .and_then(|node| node.limit())
            .or_else(|| settings.as_ref().and_then(|settings| settings.ceiling())),
        give_up_after: table.span("give_up_after"),
    };
    let mut allow_networks = shared.networks.clone();
    allow_networks.extend(super::environment::networks(&table.texts("allow_networks"), report));
    let domain = table.text("domain").map_or(shared.domain.as_str(), |domain| domain.value).to_owned();
    let common = Common { timeout: table.span("timeout"), allow_networks, domain };
    Some(Draft { name, kind, settings, common, rate, policy })
}

/// How many deliveries may be released and unanswered: the concurrency, or two seconds of the rate (R32).
fn window(count: Option<u32>, default: u32, rate: Option<Rate>) -> u32 {
    let two_seconds = |rate: Rate| {
        let many = u64::from(rate.max) * 2000 / rate.per.millis().max(1);
        u32::try_from(many).unwrap_or(u32::MAX).max(1)
    };
    match (count, rate) {
        (Some(count), Some(rate)) => count.min(two_seconds(rate)),
        (None, Some(rate)) => two_seconds(rate),
        (count, None) => count.unwrap_or(default).max(1),
    }
}

fn own_keys(table: &Table<'_>, kind: &ChannelKind, report: &Report) -> Option<Box<dyn Settings>> {
    let own = || table.entries.iter().filter(|(name, _)| SECTION.key(name).is_none());
    let known = super::schema::keys_of_kind(kind);
    let mut wrong = false;
    for (name, entry) in own().filter(|(name, _)| !known.is_empty() && !known.contains(**name)) {
        let message = format!("`{name}` is no key of a channel of type \"{}\"", kind.name);
        let all = known.iter().map(String::as_str).chain(SECTION.keys.iter().map(|key| key.name));
        report.error("key::unknown", entry.key, message, suggest::hint(name, "key", all));
        wrong = true;
    }
    let mut taken = DeTable::new();
    for (name, entry) in own().filter(|(name, _)| known.is_empty() || known.contains(**name)) {
        let key = Spanned::new(entry.key.start..entry.key.end, Cow::Borrowed(*name));
        taken.insert(key, entry.node.value.clone());
    }
    let span = table.header.start..table.header.end;
    match (kind.settings)(toml::de::Deserializer::from(Spanned::new(span, taken))) {
        Ok(settings) => (!wrong).then_some(settings),
        Err(error) => {
            let place = place_of_span(table, error.span());
            let message = error.message().trim_end();
            // The message quotes the value, which is the secret itself where somebody wrote one out.
            if message.contains("expected `file` or `env`") {
                let help = "write { file = \"/path\" } or { env = \"NAME\" }";
                report.error(PLAIN_SECRET, place, "a secret stands in the file as plain text", help);
                return None;
            }
            let help = format!("the keys of \"{}\" are: {}", kind.name, listed(&known));
            report.error("channel::key", place, message, help);
            None
        }
    }
}

fn listed(known: &BTreeSet<String>) -> String {
    known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// In which file of the table's keys a span lies.
fn place_of_span(table: &Table<'_>, span: Option<std::ops::Range<usize>>) -> Place {
    let Some(span) = span else {
        return table.header;
    };
    let holds = |entry: &&super::table::Entry<'_>| {
        entry.key.start <= span.start && span.end <= entry.node.place().end
    };
    match table.entries.values().find(holds) {
        Some(entry) => Place::new(entry.node.file, span),
        None => table.header,
    }
}

/// Reports a mistake that a channel kind found at `retry.after` or `steps[2]` of the table.
pub(super) fn report_problem(code: &'static str, table: &Table<'_>, problem: &Problem, report: &Report) {
    let mut words = problem.key.split(['.', '[']).map(|word| word.trim_end_matches(']'));
    let mut node = words.next().and_then(|word| table.get(word));
    let mut place = node.map_or(table.header, |node| node.place());
    for word in words {
        let next = |node: Node<'_>| match word.parse::<usize>() {
            Ok(index) => node.items().get(index).map(|item| item.place()),
            Err(_) => node.get(word).map(|inner| inner.place()),
        };
        place = node.and_then(next).unwrap_or(place);
        node = node.and_then(|node| match word.parse::<usize>() {
            Ok(index) => node.items().get(index).copied(),
            Err(_) => node.get(word),
        });
    }
    report.error(code, place, problem.message.clone(), problem.hint.clone());
}

/// A channel that is configured, or a report that there is none of that name.
pub(super) fn known(document: &Document<'_>, text: At<&str>, report: &Report) -> Option<Name> {
    if document.find("channel", text.value).is_some() {
        return Some(text.value.into());
    }
    let names = document.all("channel").iter().map(|table| table.name.as_str());
    let help = suggest::hint(text.value, "channel", names);
    report.error(
        "channel::unknown-channel",
        text.place,
        format!("there is no channel `{}`", text.value),
        help,
    );
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_the_concurrency_or_two_seconds_of_the_rate() {
        let rate = |text| Rate::parse(text);
        assert_eq!(window(None, 8, None), 8);
        assert_eq!(window(Some(3), 8, None), 3);
        assert_eq!(window(None, 8, rate("1/s")), 2);
        assert_eq!(window(None, 8, rate("30/m")), 1);
        assert_eq!(window(Some(4), 8, rate("50/s")), 4);
        assert_eq!(window(None, 8, rate("1/h")), 1);
        for wrong in ["1", "0/s", "1/d", "x/s", "-1/s"] {
            assert_eq!(rate(wrong), None, "{wrong}");
        }
    }
}
