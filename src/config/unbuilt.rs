//! What the rules know and this version does not do yet: refused by name, never ignored.

use super::diagnostic::Report;
use super::value::{At, Node};

/// The code of every such refusal.
pub(super) const CODE: &str = "key::not-in-this-version";

/// Sections, with the rule that they belong to.
const SECTIONS: &[(&str, &str)] = &[
    ("cadence", "promised rhythms are R22"),
    ("inhibit", "inhibition is R28"),
    ("maintenance", "windows are R28"),
    ("silence", "silences are R28"),
    ("test", "tests in the file are not built"),
    ("commands", "commands over NATS are R43"),
];

/// Keys by section, with the rule that they belong to.
const KEYS: &[(&str, &[&str], &str)] = &[
    ("route", &["lasting", "first_within"], "clocks of rows are R12"),
    ("route", &["hours"], "hours of rows are R10"),
    ("route", &["after"], "order among audiences is R24"),
    ("route", &["update_every", "deadlines", "holding_update"], "promised rhythms are R22"),
    ("route", &["unapproved"], "approval is R23"),
    ("route", &["hold_resolved"], "held resolutions are R26"),
    ("route", &["ack_within", "escalate_to"], "escalation is R25"),
    ("route", &["fallback"], "fallback is R30"),
    ("route", &["flapping"], "flapping is R20"),
    ("contact", &["quiet_hours"], "quiet hours are R29"),
    ("contact", &["backup", "away", "prefers"], "backups are R14 and R30"),
    ("audience", &["wakes"], "quiet hours are R29"),
    ("audience", &["approvers"], "approval is R23"),
    ("component", &["critical"], "clocks of rows are R12"),
    (
        "incidents",
        &["open", "auto_open", "lead", "nudge"],
        "of [incidents] only `owner` and `resolve_after` are built",
    ),
];

/// Values by section and key, with what would be right.
const VALUES: &[(&str, &str, &str, &str)] = &[
    ("journal", "store", "jetstream", "write \"file\""),
    ("token", "may", "silence", "write some of \"ingest\", \"read\", \"acknowledge\" and \"admin\""),
    ("token", "may", "approve", "write some of \"ingest\", \"read\", \"acknowledge\" and \"admin\""),
];

/// What the functions below refuse by its shape.
const OTHERS: &[(&str, &str)] = &[
    ("[route] approve = true", "approval is R23"),
    ("[route] via = { escalation = … }", "escalation is R25"),
    ("[audience] members = { file = … }", "members in a file are R14"),
];

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
    for (place, rule) in OTHERS {
        all.push(((*place).to_owned(), rule));
    }
    all
}

/// Refuses a value that is one of these; says whether it was.
pub(super) fn report_value(section: &str, key: &str, node: Node<'_>, report: &Report) -> bool {
    if section == "audience" && key == "members" && node.value.get_ref().is_table() {
        let message = "members in a file are not in this version";
        report.error(CODE, node.place(), message, "write a list such as [\"role:duty\", \"contact:mara\"]");
        return true;
    }
    if (section == "route" || section == "defaults") && key == "approve" && node.flag() == Some(true) {
        let help = "write false and agree on the texts beforehand, or leave the row out; approval is R23";
        report.error(CODE, node.place(), "`approve = true` is not in this version", help);
        return true;
    }
    false
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

/// Refuses a key of `via` that is one of these; says whether it was.
pub(super) fn report_via(asked: At<&str>, report: &Report) -> bool {
    let refused = asked.value == "escalation";
    if refused {
        let message = "`escalation` is not in this version";
        report.error(CODE, asked.place, message, "leave it out; escalation is R25");
    }
    refused
}
