//! What the rules know and this version does not do yet: refused by name, never ignored.

use super::diagnostic::Report;
use super::value::At;

/// The code of every such refusal.
pub(super) const CODE: &str = "key::not-in-this-version";

/// Sections, with the rule that they belong to.
const SECTIONS: &[(&str, &str)] = &[
    ("inhibit", "inhibition is R28"),
    ("maintenance", "windows are R28"),
    ("silence", "silences are R28"),
    ("commands", "commands over NATS are R43"),
];

/// Keys by section, with the rule that they belong to.
const KEYS: &[(&str, &[&str], &str)] = &[
    ("route", &["flapping"], "flapping is R20"),
    ("contact", &["quiet_hours"], "quiet hours are R29"),
    ("audience", &["wakes"], "quiet hours are R29"),
];

/// Values by section and key, with what would be right.
const VALUES: &[(&str, &str, &str, &str)] = &[("journal", "store", "jetstream", "write \"file\"")];

/// Why the section is refused, if it is one of these.
pub(super) fn section(path: &str) -> Option<&'static str> {
    SECTIONS.iter().find(|(name, _)| *name == path).map(|(_, rule)| *rule)
}

/// Why the key is refused, if it is one of these. `[defaults]` holds keys of rows.
pub(super) fn key(section: &str, name: &str) -> Option<&'static str> {
    let section = if section == "defaults" { "route" } else { section };
    let found = KEYS.iter().find(|(of, names, _)| *of == section && names.contains(&name));
    found.map(|(_, _, rule)| *rule)
}

/// Everything that is refused: as it is written, with the rule that it belongs to.
pub(super) fn all() -> Vec<(String, &'static str)> {
    let mut all: Vec<(String, &'static str)> =
        SECTIONS.iter().map(|(section, rule)| (format!("[{section}]"), *rule)).collect();
    for (section, keys, rule) in KEYS {
        all.extend(keys.iter().map(|key| (format!("[{section}] {key}"), *rule)));
    }
    for (section, key, value, _) in VALUES {
        all.push((format!("[{section}] {key} = \"{value}\""), "this value is not built"));
    }
    all
}

/// Refuses a word that is one of these; says whether it was.
pub(super) fn report_word(section: &str, key: &str, word: At<&str>, report: &Report) -> bool {
    let found = VALUES.iter().find(|(of, name, value, _)| (*of, *name, *value) == (section, key, word.value));
    if let Some((.., help)) = found {
        let message = format!("\"{}\" is not in this version", word.value);
        report.error(CODE, word.place, message, *help);
    }
    found.is_some()
}
