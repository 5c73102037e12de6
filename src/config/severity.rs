//! `[severity]`: the ladder, what is urgent, what an unheard-of value counts as (R9).

use super::diagnostic::Report;
use super::key::{Form, Key, Section, Takes};
use super::suggest;
use super::table::{Document, Table};
use super::value::{At, Node};
use crate::event::{Ladder, Severity, SeveritySet};
use std::collections::BTreeMap;

/// The most levels that a ladder may have.
const LEVELS_MAX: usize = 32;

/// `[severity]`.
pub(super) static SECTION: Section = Section {
    path: "severity",
    form: Form::Single,
    in_team_file: false,
    open: false,
    about: "The severity ladder. Matchers see raw labels; conditions on severity see the ladder.",
    keys: &[
        Key {
            name: "ladder",
            takes: Takes::Texts,
            default: "[\"sev1\", \"sev2\", \"sev3\", \"sev4\"]",
            about: "The severities, the worst first, at most 32.",
        },
        Key {
            name: "urgent",
            takes: Takes::Text,
            default: "",
            about: "From this severity up a case is urgent: its opening waits for nothing. Without it, the worst.",
        },
        Key {
            name: "unknown",
            takes: Takes::Text,
            default: "",
            about: "What a missing or unheard-of value counts as; it is counted and shown. Without it, the second worst.",
        },
        Key {
            name: "aliases",
            takes: Takes::Aliases,
            default: "{ critical = \"sev1\", page = \"sev1\", p1 = \"sev1\", error = \"sev2\", high = \"sev2\", p2 = \"sev2\", warning = \"sev3\", medium = \"sev3\", p3 = \"sev3\", info = \"sev4\", low = \"sev4\", p4 = \"sev4\" }",
            about: "Other words for them, without regard to case. A ladder of one's own has none until they are set.",
        },
    ],
};

/// The ladder of the document.
pub(super) fn read(document: &Document<'_>, report: &Report) -> Ladder {
    let Some(table) = document.one("severity") else {
        return Ladder::default();
    };
    let default = Ladder::default();
    let own = names(table, report);
    let names = own.clone().unwrap_or_else(|| default.names().to_vec());
    let aliases = match table.get("aliases") {
        Some(_) => aliases(table, &names, report),
        None if own.is_some() => BTreeMap::new(),
        None => return with_places(default, table, report),
    };
    with_places(Ladder::new(names, aliases), table, report)
}

/// A condition on severities, or a list of them, of which one must be met (R9).
pub(super) fn condition(node: Node<'_>, ladder: &Ladder, report: &Report) -> Option<SeveritySet> {
    let texts = node.texts();
    let mut known = Vec::new();
    for text in &texts {
        match ladder.condition(text.value) {
            Ok(_) => known.push(text.value),
            Err(error) => {
                let names = ladder.names().iter().map(String::as_str);
                let word = text.value.split_whitespace().find(|word| !matches!(*word, ">=" | "<="));
                let help = format!(
                    "{} Write it as \"sev2\", \"sev2 or worse\" or \"sev3 or milder\"",
                    suggest::hint(word.unwrap_or_default(), "severity", names)
                );
                report.error("severity::unknown-severity", text.place, error.to_string(), help);
            }
        }
    }
    if texts.is_empty() {
        let help = "name a severity, or leave `severity` out for any";
        report.error("route::severity", node.place(), "an empty list is met by nothing", help);
    }
    ladder.conditions(&known).ok()
}

fn names(table: &Table<'_>, report: &Report) -> Option<Vec<String>> {
    let node = table.get("ladder")?;
    let texts = node.texts();
    let mut names: Vec<String> = Vec::new();
    for text in &texts {
        let same = |name: &String| name.eq_ignore_ascii_case(text.value);
        if text.value.eq_ignore_ascii_case("none") {
            let help = "`none` is what meets no condition; leave it out";
            report.error("severity::none", text.place, "`none` has no place on the ladder", help);
        } else if names.iter().any(same) {
            let message = format!("`{}` is on the ladder twice", text.value);
            report.error("severity::twice", text.place, message, "leave one of them out");
        } else {
            names.push(text.value.to_owned());
        }
    }
    if names.is_empty() || names.len() > LEVELS_MAX {
        let message = format!("a ladder of {} severities cannot be used", names.len());
        report.error("severity::ladder", node.place(), message, "list 1 to 32 severities, the worst first");
        return None;
    }
    Some(names)
}

fn aliases(table: &Table<'_>, names: &[String], report: &Report) -> BTreeMap<String, Severity> {
    let entries = table.get("aliases").map(|node| node.entries()).unwrap_or_default();
    let mut aliases = BTreeMap::new();
    for (alias, node) in entries {
        let Some(value) = node.text() else { continue };
        let place = names.iter().position(|name| name.eq_ignore_ascii_case(value));
        if names.iter().any(|name| name.eq_ignore_ascii_case(alias.value)) {
            let message = format!("`{}` is a severity itself", alias.value);
            report.error("severity::alias", alias.place, message, "leave the alias out");
        }
        match place.and_then(|place| u8::try_from(place).ok()) {
            Some(place) => {
                aliases.insert(alias.value.to_owned(), Severity(place));
            }
            None => unknown(At { value, place: node.place() }, names, report),
        }
    }
    aliases
}

fn with_places(mut ladder: Ladder, table: &Table<'_>, report: &Report) -> Ladder {
    let place = |key: &str| {
        let text = table.text(key)?;
        let found = ladder.find(text.value).filter(|severity| severity.is_some());
        if found.is_none() {
            unknown(text, ladder.names(), report);
        }
        found
    };
    let (urgent, counted) = (place("urgent"), place("unknown"));
    ladder.urgent = urgent.unwrap_or(ladder.urgent);
    ladder.unknown = counted.unwrap_or(ladder.unknown);
    ladder
}

fn unknown(word: At<&str>, names: &[String], report: &Report) {
    let message = format!("`{}` is not on the ladder", word.value);
    let help = suggest::hint(word.value, "severity", names.iter().map(String::as_str));
    report.error("severity::unknown-severity", word.place, message, help);
}
