//! What may stand in a file: sections and their keys, each with what it takes, its default and what it is for.
//!
//! These tables are the one truth about keys: the reader, the reference, the compiled-in defaults and the JSON Schema
//! are all made from them.

use super::diagnostic::{PLAIN_SECRET, Report};
use super::value::{At, Node};
use super::{keeping, suggest, template, unbuilt};
use crate::event::{Name, Span};

/// How a section is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Keys that stand above every table.
    Root,
    /// `[section]`
    Single,
    /// `[section.NAME]`
    Named,
    /// `[[section]]`
    Rows,
}

/// One section.
#[derive(Debug)]
pub(super) struct Section {
    /// `channel`, `ingest.nats`.
    pub(super) path: &'static str,
    pub(super) form: Form,
    /// Whether a team's file may have it (R13).
    pub(super) in_team_file: bool,
    /// What it is for, as sentences.
    pub(super) about: &'static str,
    pub(super) keys: &'static [Key],
    /// Whether further keys belong to the kind of channel.
    pub(super) open: bool,
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    /// Its default as TOML; empty where there is none.
    pub(super) default: &'static str,
    /// What it is for, as a sentence.
    pub(super) about: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Takes {
    /// Any string that is not empty.
    Text,
    /// Lower-case words joined by `-`.
    Name,
    /// One of these words.
    Word(&'static [&'static str]),
    Flag,
    /// A whole number in these bounds.
    Count(u64, u64),
    /// A duration in these bounds.
    Duration(Span, Span),
    /// A duration in these bounds, or `"never"`.
    DurationOrNever(Span, Span),
    /// A duration of at least a minute, or `"on change"`.
    Rhythm,
    /// A list of durations.
    Durations,
    /// `{ after = "5m", escalate_to = "duty", at_due = "agreed_text" }`.
    Unapproved,
    /// `{ after = "2m", via = ["mail", "sms"] }`.
    Fallback,
    /// A list of strings.
    Texts,
    /// A list of some of these words.
    Words(&'static [&'static str]),
    /// A string or a list of strings.
    TextOrTexts,
    /// `{ file = … }` or `{ env = … }`.
    Secret,
    /// `{ max = 5, per = "15m" }`.
    Limit,
    /// `"1/s"`.
    Rate,
    /// `"new"`, `"all"` or `{ since = "1h" }`.
    Start,
    /// A list of channels, or a map from kinds of notification to lists of channels.
    Via,
    /// A text for insiders, or `{ internal = …, business = …, public = … }`.
    Layers,
    /// A table of strings.
    Aliases,
    /// Windows of local time: `hours.rs` reads them and reports what is wrong.
    Hours,
    /// A list of strings, each of which may be `{ file = … }` instead, or that alone.
    Members,
    /// `true`, or `{ from = …, until = … }` with days or instants.
    Away,
    /// `"2026-10-01"`
    Day,
    /// The steps of a test: `trial/` reads them and reports what is wrong.
    Steps,
    /// `{ title = "…", short = "…", body = "…" }`.
    Parts,
    /// Parts by component, and there by phase.
    Components,
}

/// What `via` may be asked for (R14).
pub(super) const VIA_KEYS: [&str; 8] =
    ["opening", "update", "escalation", "reminder", "digest", "resolution", "urgent", "other"];

impl Section {
    /// The key of that name.
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// How its header is written.
    pub(super) fn header(&self) -> String {
        match self.form {
            Form::Root => "the top of the file".to_owned(),
            Form::Single => format!("[{}]", self.path),
            Form::Named => format!("[{}.NAME]", self.path),
            Form::Rows => format!("[[{}]]", self.path),
        }
    }

    /// Reports the key if it is unknown, not in this version, or its value is not what it takes.
    pub(super) fn check(&self, key: At<&str>, node: Node<'_>, report: &Report) {
        if let Some(rule) = unbuilt::key(self.path, key.value) {
            let message = format!("`{}` is not in this version", key.value);
            return report.error(unbuilt::CODE, key.place, message, format!("leave it out; {rule}"));
        }
        let Some(known) = self.key(key.value) else {
            if !self.open {
                let message = format!("`{}` is no key of {}", key.value, self.header());
                let names = self.keys.iter().map(|key| key.name);
                report.error("key::unknown", key.place, message, suggest::hint(key.value, "key", names));
            }
            return;
        };
        known.takes.check(self.path, known.name, node, report);
    }
}

impl Takes {
    /// What it takes, in words.
    pub(super) fn words(self) -> String {
        let listed =
            |words: &[&str]| words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(" or ");
        match self {
            Takes::Text => "a string".to_owned(),
            Takes::Name => "lower-case words joined by `-`, at most 64 characters".to_owned(),
            Takes::Word(words) => listed(words),
            Takes::Flag => "true or false".to_owned(),
            Takes::Count(min, max) if min == max => min.to_string(),
            Takes::Count(min, max) => format!("a whole number from {min} to {max}"),
            Takes::Duration(min, max) => format!("a duration such as \"5m\", from \"{min}\" to \"{max}\""),
            Takes::DurationOrNever(min, max) => {
                format!("a duration such as \"4h\", from \"{min}\" to \"{max}\", or \"never\"")
            }
            Takes::Rhythm => "a duration such as \"30m\", at least \"1m\", or \"on change\"".to_owned(),
            Takes::Durations => "a list of durations such as [\"4h\", \"24h\"]".to_owned(),
            Takes::Unapproved => {
                "{ after = \"5m\", escalate_to = \"duty\", at_due = \"agreed_text\" }".to_owned()
            }
            Takes::Fallback => "{ after = \"2m\", via = [\"mail\", \"sms\"] }".to_owned(),
            Takes::Texts => "a list of strings".to_owned(),
            Takes::Words(words) => format!("a list of {}", listed(words)),
            Takes::TextOrTexts => "a string or a list of strings".to_owned(),
            Takes::Secret => "{ file = \"/path\" } or { env = \"NAME\" }".to_owned(),
            Takes::Limit => "{ max = 5, per = \"15m\" }".to_owned(),
            Takes::Rate => "a rate such as \"1/s\", \"30/m\" or \"500/h\"".to_owned(),
            Takes::Start => "\"new\", \"all\" or { since = \"1h\" }".to_owned(),
            Takes::Via => "a list of channels, or { urgent = [\"sms\"], other = [\"mail\"] }".to_owned(),
            Takes::Layers => {
                "a text for insiders, or { internal = \"…\", business = \"…\", public = \"…\" }".to_owned()
            }
            Takes::Aliases => "a table such as { critical = \"sev1\" }".to_owned(),
            Takes::Hours => {
                "{ days = [\"mon-fri\"], from = \"09:00\", to = \"17:00\", time_zone = \"Europe/Berlin\" }, or a list of such"
                    .to_owned()
            }
            Takes::Members => "a list of strings and { file = \"PATH\" }, or { file = \"PATH\" } alone".to_owned(),
            Takes::Away => "true, or { from = \"2026-12-20\", until = \"2027-01-05\" }".to_owned(),
            Takes::Steps => {
                "a list such as [{ at = \"0s\", alert = { … } }, { at = \"1m\", expect = { told = [\"…\"] } }]".to_owned()
            }
            Takes::Day => {
                "a day such as \"2026-10-01\", or an instant such as \"2026-10-01T09:00:00Z\"".to_owned()
            }
            Takes::Parts => "a table of `title`, `short` and `body`".to_owned(),
            Takes::Components => "a table of such tables by component".to_owned(),
        }
    }

    /// Reports what is wrong with a value, at the exact value.
    fn check(self, section: &str, key: &str, node: Node<'_>, report: &Report) {
        if let (Takes::Secret, Some(_)) = (self, node.text()) {
            let message = format!("`{key}` stands in the file as plain text");
            return report.error(PLAIN_SECRET, node.place(), message, format!("write {}", self.words()));
        }
        match self {
            Takes::Texts | Takes::TextOrTexts => self.check_items(key, node, report),
            Takes::Words(words) => {
                self.check_items(key, node, report);
                let later = |word: &At<&str>| unbuilt::report_word(section, key, *word, report);
                let built = node.texts().into_iter().filter(|word| !later(word));
                built.for_each(|word| check_word(key, word, words, report));
            }
            Takes::Word(words) => match node.text() {
                Some(value) => {
                    let word = At { value, place: node.place() };
                    if !unbuilt::report_word(section, key, word, report) {
                        check_word(key, word, words, report);
                    }
                }
                None => self.misfit(key, node, report),
            },
            Takes::Via => self.check_via(key, node, report),
            Takes::Durations => {
                let items = node.items();
                if items.is_empty() {
                    return self.misfit(key, node, report);
                }
                let wrong =
                    items.into_iter().filter(|item| item.span().is_none_or(|span| span == Span::ZERO));
                wrong.for_each(|item| self.misfit(key, item, report));
            }
            Takes::Unapproved if node.value.get_ref().is_table() => keeping::check_unapproved(node, report),
            Takes::Unapproved => self.misfit(key, node, report),
            Takes::Aliases => {
                if !node.value.get_ref().is_table() {
                    return self.misfit(key, node, report);
                }
                let wrong = node.entries().into_iter().filter(|(_, value)| value.text().is_none());
                wrong.for_each(|(_, value)| self.misfit(key, value, report));
            }
            Takes::Members => {
                let alone = std::slice::from_ref(&node);
                let (items, is_list) = (node.items(), node.value.get_ref().is_array());
                let wrong = |item: &&Node<'_>| item.member_file().is_none() && !(is_list && item.is_said());
                let all = if is_list { &items } else { alone };
                all.iter().filter(wrong).for_each(|item| self.misfit(key, *item, report));
            }
            Takes::Away if node.value.get_ref().is_table() => self.check_away(key, node, report),
            Takes::Parts => template::check_parts(key, false, node, report),
            Takes::Components => template::check_components(key, node, report),
            _ if self.fits(node) => {}
            _ => self.misfit(key, node, report),
        }
    }

    fn check_away(self, key: &str, node: Node<'_>, report: &Report) {
        if node.entries().is_empty() {
            return self.misfit(key, node, report);
        }
        for (word, value) in node.entries() {
            check_word(key, word, &["from", "until"], report);
            if value.day().is_none() {
                Takes::Day.misfit(word.value, value, report);
            }
        }
    }

    /// Whether one value that holds no others fits.
    fn fits(self, node: Node<'_>) -> bool {
        let between = |min, max| node.span().is_some_and(|span| (min..=max).contains(&span));
        match self {
            Takes::Text => node.text().is_some_and(|text| !text.trim().is_empty()),
            Takes::Name => node.text().is_some_and(Name::is_well_formed),
            Takes::Flag => node.flag().is_some(),
            Takes::Count(min, max) => node.count().is_some_and(|count| (min..=max).contains(&count)),
            Takes::Duration(min, max) => between(min, max),
            Takes::DurationOrNever(min, max) => node.text() == Some("never") || between(min, max),
            Takes::Rhythm => node.rhythm().is_some(),
            Takes::Fallback => {
                let after = node.get("after").and_then(|after| after.span());
                let via = node.get("via").map(|via| via.texts()).unwrap_or_default();
                after.is_some_and(|after| after > Span::ZERO) && !via.is_empty() && node.entries().len() == 2
            }
            Takes::Secret => node.secret().is_some(),
            Takes::Limit => node.limit().is_some(),
            Takes::Layers => node.layers().is_some(),
            Takes::Rate => node.rate().is_some(),
            Takes::Hours => {
                let windows = node.items();
                let table = |node: &Node<'_>| node.value.get_ref().is_table();
                table(&node) || (node.value.get_ref().is_array() && windows.iter().all(table))
            }
            Takes::Steps => {
                let table = |node: &Node<'_>| node.value.get_ref().is_table();
                node.value.get_ref().is_array() && node.items().iter().all(table)
            }
            Takes::Away => node.flag().is_some(),
            Takes::Day => node.day().is_some(),
            Takes::Start => {
                let since = || node.get("since").filter(|_| node.entries().len() == 1);
                matches!(node.text(), Some("new" | "all")) || since().and_then(|span| span.span()).is_some()
            }
            _ => true,
        }
    }

    fn check_items(self, key: &str, node: Node<'_>, report: &Report) {
        let alone = matches!(self, Takes::TextOrTexts) && node.text().is_some();
        if !alone && !node.value.get_ref().is_array() {
            return self.misfit(key, node, report);
        }
        let wrong = |item: &Node<'_>| item.text().is_none_or(|text| text.trim().is_empty());
        node.items().into_iter().filter(wrong).for_each(|item| self.misfit(key, item, report));
    }

    fn check_via(self, key: &str, node: Node<'_>, report: &Report) {
        if !node.value.get_ref().is_table() {
            return Takes::Texts.check_items(key, node, report);
        }
        for (asked, channels) in node.entries() {
            check_word(key, asked, &VIA_KEYS, report);
            Takes::Texts.check_items(key, channels, report);
        }
    }

    pub(super) fn misfit(self, key: &str, node: Node<'_>, report: &Report) {
        let right = format!("`{key}` takes {}", self.words());
        let message = match node.text() {
            Some("") => format!("`{key}` cannot be empty"),
            Some(text) if !matches!(self, Takes::Secret) => format!("`{key}` cannot be \"{text}\""),
            _ => format!("`{key}` cannot be this: it is {}", node.sort()),
        };
        report.error("key::value", node.place(), message, right);
    }
}

fn check_word(key: &str, word: At<&str>, words: &[&str], report: &Report) {
    if !words.contains(&word.value) {
        let message = format!("`{}` is no value of `{key}`", word.value);
        let help = suggest::hint(word.value, "value", words.iter().copied());
        report.error("key::value", word.place, message, help);
    }
}
