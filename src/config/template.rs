//! `[template.NAME]`: texts of one's own instead of the shipped ones, compiled for the strictest audience that reads them.

use super::diagnostic::{Place, Report, Source};
use super::key::{Form, Key, Section, Takes};
use super::table::{Document, Table};
use crate::decide::{Audience, Row};
use crate::event::Name;
use crate::message::{Disclosure, TemplateProblem, TemplateSource, Templates};
use std::collections::BTreeMap;

/// `[template.NAME]`.
pub(super) static SECTION: Section = Section {
    path: "template",
    form: Form::Named,
    in_team_file: false,
    open: false,
    about: "Texts of one's own. They may name only what the audience of every row that uses them may read. A part that is absent is written as if there were no template.",
    keys: &[
        Key {
            name: "title",
            takes: Takes::Text,
            default: "",
            about: "One line that stays the same while the case lasts.",
        },
        Key {
            name: "short",
            takes: Takes::Text,
            default: "",
            about: "One line that says everything a telephone can show.",
        },
        Key { name: "body", takes: Takes::Text, default: "", about: "The text, in Markdown." },
    ],
};

/// Compiles every template; each mistake is shown in the line of the text that it is in.
pub(super) fn read(
    document: &Document<'_>,
    rows: &[Row],
    audiences: &BTreeMap<Name, Audience>,
    sources: &[Source],
    report: &Report,
) -> Templates {
    let tables = document.all("template");
    let templates = tables.iter().map(|table| source(table, rows, audiences, report)).collect();
    Templates::compile(templates).unwrap_or_else(|problems| {
        for problem in problems {
            if let Some(table) = tables.iter().find(|table| table.name == problem.template.as_str()) {
                report.error(
                    "template::text",
                    place(table, &problem, sources),
                    problem.message,
                    problem.hint,
                );
            }
        }
        Templates::default()
    })
}

fn source(
    table: &Table<'_>,
    rows: &[Row],
    audiences: &BTreeMap<Name, Audience>,
    report: &Report,
) -> TemplateSource {
    let part = |key: &str| table.text(key).map(|text| text.value.into());
    let name = Name::from(table.name.as_str());
    let users = || rows.iter().filter(|row| row.template.as_ref() == Some(&name));
    if table.entries.is_empty() {
        report.error(
            "template::empty",
            table.header,
            "this template says nothing",
            "add `title`, `short` or `body`",
        );
    }
    if users().next().is_none() {
        let message = format!("no row uses the template `{name}`");
        report.warning("template::unused", Some(table.header), message, "name it in a row as `template`");
    }
    let told = users().filter_map(|row| audiences.get(&row.audience));
    let level = told.map(|audience| audience.disclosure).fold(Disclosure::Internal, Disclosure::stricter);
    let mut places: Vec<Box<str>> = users().map(|row| row.audience.as_str().into()).collect();
    places.sort_unstable();
    places.dedup();
    TemplateSource { name, title: part("title"), short: part("short"), body: part("body"), level, places }
}

/// Where in the file a mistake is: its character, if the text stands there as it is meant, else the whole text.
fn place(table: &Table<'_>, problem: &TemplateProblem, sources: &[Source]) -> Place {
    let whole = table.place_of(problem.part);
    let raw = sources.get(whole.file).and_then(|source| source.text.get(whole.start..whole.end));
    match raw.and_then(|raw| offset(raw, problem.line, problem.column)) {
        Some((at, length)) => Place { start: whole.start + at, end: whole.start + at + length, ..whole },
        None => whole,
    }
}

/// The byte of that line and character of a TOML string, and the length of what stands there.
fn offset(raw: &str, line: usize, column: usize) -> Option<(usize, usize)> {
    let quotes = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quotes| raw.starts_with(quotes))?;
    if quotes.starts_with('"') && raw.contains('\\') {
        return None;
    }
    let mut start = quotes.len();
    if quotes.len() == 3 {
        start += raw[start..].len()
            - raw[start..].trim_start_matches('\r').strip_prefix('\n').map_or(raw[start..].len(), str::len);
    }
    let content = &raw[start..raw.len().checked_sub(quotes.len())?];
    let before: usize = content.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let text = content[before..].lines().next().unwrap_or_default();
    let (at, found) = text.char_indices().nth(column.checked_sub(1)?)?;
    Some((start + before + at, found.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::offset;

    #[test]
    fn a_character_of_a_text_is_found_in_the_file() {
        assert_eq!(offset("\"abc\"", 1, 2), Some((2, 1)));
        assert_eq!(offset("'''\nab\ncd'''", 2, 1), Some((7, 1)));
        assert_eq!(offset("'''\r\nab\r\ncd'''", 2, 2), Some((10, 1)));
        assert_eq!(offset("\"\"\"äb\"\"\"", 1, 2), Some((5, 1)));
        assert_eq!(offset(r#""a\nb""#, 2, 1), None);
        assert_eq!(offset("'ab'", 1, 9), None);
    }
}
