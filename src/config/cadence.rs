//! `[cadence]`: how often audiences are told of an incident, by its severity (R22).

use super::diagnostic::Report;
use super::key::{Form, Key, Section, Takes};
use super::suggest;
use super::table::Document;
use crate::decide::{Cadence, Rhythm};
use crate::event::{Ladder, Severity, Span};

/// `[cadence]`; its other keys are the names of severities.
pub(super) static SECTION: Section = Section {
    path: "cadence",
    form: Form::Single,
    in_team_file: false,
    open: true,
    about: "How often business and external audiences are told of an incident at least, by its severity: `SEVERITY = \"30m\"` or \"on change\". Without it: the worst 30m, the second 60m, the others on change. A row's `update_every` wins.",
    keys: &[Key {
        name: "responders",
        takes: Takes::Duration(Span::from_mins(1), Span::from_mins(24 * 60)),
        default: "",
        about: "How often the commander of an incident is reminded to say where the work stands. Without it, never.",
    }],
};

/// The rhythms of the ladder.
pub(super) fn read(document: &Document<'_>, ladder: &Ladder, report: &Report) -> Cadence {
    let usual = [Some(Span::from_mins(30)), Some(Span::from_mins(60))];
    let usual = |place: usize| usual.get(place).copied().flatten().map_or(Rhythm::OnChange, Rhythm::Every);
    let mut cadence =
        Cadence { by_severity: (0..ladder.names().len()).map(usual).collect(), responders: None };
    let Some(table) = document.one("cadence") else { return cadence };
    cadence.responders = table.get("responders").and_then(|node| node.span());
    for (name, entry) in table.entries.iter().filter(|(name, _)| **name != "responders") {
        let Some(Severity(place)) = ladder.find(name) else {
            let help = suggest::hint(name, "severity", ladder.names().iter().map(String::as_str));
            report.error(
                "cadence::unknown-severity",
                entry.key,
                format!("there is no severity `{name}`"),
                help,
            );
            continue;
        };
        match (entry.node.rhythm(), cadence.by_severity.get_mut(usize::from(place))) {
            (Some(rhythm), Some(known)) => *known = rhythm,
            _ => {
                let message = format!("`{name}` cannot be this: it is {}", entry.node.sort());
                report.error(
                    "key::value",
                    entry.node.place(),
                    message,
                    "write a duration from \"1m\", or \"on change\"",
                );
            }
        }
    }
    cadence
}
