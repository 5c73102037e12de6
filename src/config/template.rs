//! `[template.NAME]`: texts of one's own instead of the shipped ones, compiled for the strictest audience that reads them.

use super::diagnostic::{Place, Report, Source};
use super::key::{Form, Key, Section, Takes};
use super::table::{Document, Table};
use super::value::Node;
use super::{environment, suggest};
use crate::decide::{Audience, Row};
use crate::event::Name;
use crate::message::{Disclosure, Kind, PHASES, TemplateProblem, TemplateSource, TemplateText, Templates};
use std::collections::BTreeMap;

/// `[template.NAME]`.
pub(super) static SECTION: Section = Section {
    path: "template",
    form: Form::Named,
    in_team_file: false,
    open: false,
    about: "Texts of one's own. They may name only what the audience of every row that uses them may read. What is absent is written as if there were no template. The more exact text is used, part by part: of the component before that of every one, of the phase before that of every phase.",
    keys: &[
        text("title", "One line that stays the same while the case lasts."),
        text("short", "One line that says everything a telephone can show."),
        text("body", "The text, in Markdown."),
        text(
            "agreed_by",
            "Who agreed on these words, and when. They may then name only what nobody writes freely (states, times, components, `scope.share`), need no approval, and serve as holding update and as the word that is due and not approved.",
        ),
        parts("opening", "The parts of the first word."),
        parts("update", "The parts of an update."),
        parts("reminder", "The parts of a reminder."),
        parts("holding", "The parts of a promised word when there is nothing new."),
        parts("escalation", "The parts of an escalation."),
        parts("resolution", "The parts of the word that it is over."),
        Key {
            name: "component",
            takes: Takes::Components,
            default: "",
            about: "Parts for cases of one component, by its id: `[template.NAME.component.ID]` has `title`, `short`, `body`, and each phase by its name.",
        },
    ],
};

/// The parts of a text.
pub(super) const PARTS: [&str; 3] = ["title", "short", "body"];

const fn text(name: &'static str, about: &'static str) -> Key {
    Key { name, takes: Takes::Text, default: "", about }
}

const fn parts(name: &'static str, about: &'static str) -> Key {
    Key { name, takes: Takes::Parts, default: "", about }
}

/// Reports what does not belong into a table of parts; with `phases`, into one that has such tables for phases too.
pub(super) fn check_parts(key: &str, phases: bool, node: Node<'_>, report: &Report) {
    if !node.value.get_ref().is_table() {
        return Takes::Parts.misfit(key, node, report);
    }
    for (name, inner) in node.entries() {
        let is_phase = phases && PHASES.iter().any(|phase| phase.as_str() == name.value);
        if is_phase {
            check_parts(name.value, false, inner, report);
        } else if !PARTS.contains(&name.value) {
            let message = format!("`{}` is no part of `{key}`", name.value);
            let words = PHASES.iter().map(|phase| phase.as_str()).filter(|_| phases);
            let help = suggest::hint(name.value, "part", PARTS.into_iter().chain(words));
            report.error("key::unknown", name.place, message, help);
        } else if inner.text().is_none_or(|text| text.trim().is_empty()) {
            Takes::Text.misfit(name.value, inner, report);
        }
    }
}

/// Reports what does not belong into the texts by component.
pub(super) fn check_components(key: &str, node: Node<'_>, report: &Report) {
    if !node.value.get_ref().is_table() {
        return Takes::Components.misfit(key, node, report);
    }
    node.entries().into_iter().for_each(|(id, inner)| check_parts(id.value, true, inner, report));
}

/// Compiles every template; each mistake is shown in the line of the text that it is in.
pub(super) fn read(
    document: &Document<'_>,
    rows: &[Row],
    audiences: &BTreeMap<Name, Audience>,
    sources: &[Source],
    report: &Report,
) -> Templates {
    let components = environment::components(document);
    let tables = document.all("template");
    let drafts: Vec<Vec<Draft<'_>>> = tables.iter().map(|table| drafts(table, &components, report)).collect();
    let of = |(table, drafts): (&Table<'_>, &Vec<Draft<'_>>)| source(table, drafts, rows, audiences, report);
    let templates = tables.iter().zip(&drafts).map(of).collect();
    Templates::compile(templates).unwrap_or_else(|problems| {
        for problem in problems {
            let index = tables.iter().position(|table| table.name == problem.template.as_str());
            if let Some(draft) = index.and_then(|index| drafts[index].get(problem.text)) {
                let whole = draft.place_of(problem.part);
                let place = place(whole, &problem, sources);
                report.error("template::text", place, problem.message, problem.hint);
            }
        }
        Templates::default()
    })
}

/// One text of a template with the places of its parts.
struct Draft<'t> {
    text: TemplateText,
    header: Place,
    parts: Vec<(&'static str, Node<'t>)>,
}

impl<'t> Draft<'t> {
    fn new(
        component: Option<&str>,
        phase: Option<Kind>,
        header: Place,
        get: impl Fn(&str) -> Option<Node<'t>>,
    ) -> Option<Draft<'t>> {
        let parts: Vec<_> = PARTS.into_iter().filter_map(|part| Some((part, get(part)?))).collect();
        let said = |name: &str| {
            let node = parts.iter().find(|(part, _)| *part == name).map(|(_, node)| node);
            node.and_then(|node| node.text()).map(Into::into)
        };
        let (title, short, body) = (said("title"), said("short"), said("body"));
        let text = TemplateText { component: component.map(Into::into), phase, title, short, body };
        (!parts.is_empty()).then_some(Draft { text, header, parts })
    }

    fn place_of(&self, part: &str) -> Place {
        let found = self.parts.iter().find(|(name, _)| *name == part);
        found.map_or(self.header, |(_, node)| node.place())
    }
}

/// Every text of a template: for every case and phase, by phase, by component, by both.
fn drafts<'t>(
    table: &Table<'t>,
    components: &BTreeMap<Box<str>, Box<str>>,
    report: &Report,
) -> Vec<Draft<'t>> {
    let by_phase = |component: Option<&str>, header: Place, get: &dyn Fn(&str) -> Option<Node<'t>>| {
        let phased = PHASES.iter().filter_map(|phase| {
            let node = get(phase.as_str())?;
            Draft::new(component, Some(*phase), node.place(), |part| node.get(part))
        });
        Draft::new(component, None, header, get).into_iter().chain(phased).collect::<Vec<_>>()
    };
    let mut drafts = by_phase(None, table.header, &|key| table.get(key));
    for (id, node) in table.get("component").map(|node| node.entries()).unwrap_or_default() {
        let Some(public) = components.get(id.value) else {
            let message = format!("no component `{}` has a public name", id.value);
            let help = suggest::hint(id.value, "component", components.keys().map(|id| &**id));
            report.error("template::unknown-component", id.place, message, help);
            continue;
        };
        drafts.extend(by_phase(Some(public), id.place, &|key| node.get(key)));
    }
    drafts
}

fn source(
    table: &Table<'_>,
    drafts: &[Draft<'_>],
    rows: &[Row],
    audiences: &BTreeMap<Name, Audience>,
    report: &Report,
) -> TemplateSource {
    let name = Name::from(table.name.as_str());
    let users = || rows.iter().filter(|row| row.template.as_ref() == Some(&name));
    if drafts.is_empty() {
        let help = "add `title`, `short` or `body`, for every phase or for one, such as `opening`";
        report.error("template::empty", table.header, "this template says nothing", help);
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
    let agreed = table.get("agreed_by").is_some();
    let texts = drafts.iter().map(|draft| draft.text.clone()).collect();
    TemplateSource { name, agreed, texts, level, places }
}

/// Where in the file a mistake is: its character, if the text stands there as it is meant, else the whole text.
fn place(whole: Place, problem: &TemplateProblem, sources: &[Source]) -> Place {
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
