//! What is wrong with a template, found when it is loaded: every mistake with its line and column and what would be right.

use super::engine::{FILTERS, FUNCTIONS, STATEMENTS, TESTS, context, names, render};
use super::scan::{Token, find_path, line_and_column, tokens};
use super::{PARTS, TemplateProblem, TemplateSource, part_name};
use crate::message::agreed::{ENUMERATED, Wordless, is_enumerated};
use crate::message::table::{Verdict, verdict};
use crate::message::{Disclosure, Kind, Subject, sample, view};
use minijinja::{Environment, Error, ErrorKind};

/// The longest source of one part in bytes.
const SOURCE_MAX: usize = 64 * 1024;

/// One part of a template's text under examination.
struct Part<'a> {
    of: &'a TemplateSource,
    text: usize,
    part: &'static str,
    source: &'a str,
}

/// Adds the template's parts to the engine; answers what is wrong with them.
pub(super) fn add(env: &mut Environment<'static>, of: &TemplateSource) -> Vec<TemplateProblem> {
    let mut problems = Vec::new();
    let parts = of.texts.iter().enumerate().flat_map(|(text, said)| {
        let said = PARTS.into_iter().zip(said.parts());
        said.filter_map(move |(part, source)| Some(Part { of, text, part, source: source? }))
    });
    for part in parts {
        let before = problems.len();
        part.words(&mut problems);
        if problems.len() > before {
            continue;
        }
        let name = part_name(&of.name, part.text, part.part);
        if let Err(error) = env.add_template_owned(name.clone(), part.source.to_owned()) {
            problems.push(part.error(&error));
            continue;
        }
        part.variables(env, &name, &mut problems);
        if problems.len() == before {
            problems.extend(part.samples(env, &name));
        }
    }
    problems
}

impl Part<'_> {
    fn problem(&self, at: usize, message: String, hint: String) -> TemplateProblem {
        let (line, column) = line_and_column(self.source, at);
        let (template, text, part) = (self.of.name.clone(), self.text, self.part);
        TemplateProblem { template, text, part, line, column, message, hint }
    }

    /// Statements, filters, tests and signs that there are not.
    fn words(&self, problems: &mut Vec<TemplateProblem>) {
        if self.source.len() > SOURCE_MAX {
            let message = format!("it is {} bytes long", self.source.len());
            problems.push(self.problem(0, message, "at most 64 KiB".to_owned()));
            return;
        }
        let tokens = tokens(self.source);
        for (index, token) in tokens.iter().enumerate() {
            let before = |steps: usize| index.checked_sub(steps).map_or("", |index| tokens[index].text);
            let unknown = |what: &str, known: &[&str]| {
                let hint = did_you_mean(token.text, known.iter().copied())
                    .unwrap_or_else(|| format!("there are {}", known.join(", ")));
                self.problem(token.at, format!("there is no {what} `{}`", token.text), hint)
            };
            if token.statement && !STATEMENTS.contains(&token.text) {
                problems.push(unknown("statement", &STATEMENTS));
            } else if token.text == "*" {
                let hint = "write out what is to be repeated".to_owned();
                problems.push(self.problem(token.at, "there is no multiplication".to_owned(), hint));
            } else if before(1) == "|" && token.is_word() && !FILTERS.contains(&token.text) {
                problems.push(unknown("filter", &FILTERS));
            } else if is_test(token, before(1), before(2)) && !TESTS.contains(&token.text) {
                problems.push(unknown("test", &TESTS));
            }
        }
    }

    /// Variables that the template's level may not read, and those that there are not.
    fn variables(&self, env: &Environment<'_>, name: &str, problems: &mut Vec<TemplateProblem>) {
        let Ok(template) = env.get_template(name) else {
            return;
        };
        let tokens = tokens(self.source);
        let level = self.of.level;
        let mut found = Vec::new();
        for path in template.undeclared_variables(true) {
            if FUNCTIONS.contains(&path.as_str()) {
                continue;
            }
            let top = path.split('.').next().unwrap_or_default();
            let at = find_path(&tokens, &path).or_else(|| find_path(&tokens, top)).unwrap_or(0);
            let (message, hint) = match verdict(&path, level) {
                Verdict::Allowed if self.of.agreed && !is_enumerated(&path) => free_text(&path, level),
                Verdict::Allowed => continue,
                Verdict::Above(needed) => {
                    let places = if self.of.places.is_empty() {
                        "an audience".into()
                    } else {
                        self.of.places.join(", ")
                    };
                    let message =
                        format!("`{path}` is {needed}; this template is used for {places} ({level})");
                    (
                        message,
                        format!(
                            "name only what {level} audiences may read, or use another template for them"
                        ),
                    )
                }
                Verdict::Unknown => {
                    let hint = did_you_mean(&path, names(level))
                        .unwrap_or_else(|| "the reference of templates lists every field".to_owned());
                    (format!("there is no field `{path}`"), hint)
                }
            };
            found.push(self.problem(at, message, hint));
        }
        // The engine answers in no order.
        found.sort_by(|a, b| (a.line, a.column, &a.message).cmp(&(b.line, b.column, &b.message)));
        problems.extend(found);
    }

    /// The first mistake that shows only when the template is rendered, with usual, sparse and hostile cases of each kind.
    fn samples(&self, env: &Environment<'_>, name: &str) -> Option<TemplateProblem> {
        let incidents = [sample::Incident::full(), sample::Incident::sparse(), sample::Incident::hostile()];
        let groups = [sample::Group::full(), sample::Group::sparse(), sample::Group::hostile()];
        let kinds = Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::Digest | Kind::Notice));
        let fails = |subject: &Subject<'_>| {
            let wordless = Wordless::of(subject);
            let agreed = wordless.subject(subject);
            let context = context(&view(if self.of.agreed { &agreed } else { subject }, self.of.level));
            render(env, name, &context).err().map(|error| self.error(&error))
        };
        for kind in kinds {
            let problem = incidents
                .iter()
                .find_map(|sample| {
                    fails(&sample.subject(kind)).or_else(|| fails(&sample.clone().resolved().subject(kind)))
                })
                .or_else(|| groups.iter().find_map(|sample| fails(&sample.subject(kind))));
            if problem.is_some() {
                return problem;
            }
        }
        None
    }

    /// What the engine says of a mistake, in our words.
    fn error(&self, error: &Error) -> TemplateProblem {
        let at = error.range().map_or_else(|| line_start(self.source, error.line()), |range| range.start);
        let named = error.range().and_then(|range| self.source.get(range)).unwrap_or_default();
        let (message, hint) = match error.kind() {
            ErrorKind::UndefinedError => (
                format!("`{named}` is not known in every case"),
                "give a value for that: `{{ labels.team | default(\"none\") }}`, or ask with `{% if … is defined %}`",
            ),
            ErrorKind::OutOfFuel => {
                ("it takes more than 50,000 steps".to_owned(), "show fewer alerts or fewer of their labels")
            }
            ErrorKind::WriteFailure => {
                ("it writes more than 64 KiB".to_owned(), "write less in each turn of the loop")
            }
            kind => {
                let detail = error.detail().unwrap_or_default();
                let between = if detail.is_empty() { "" } else { ": " };
                (format!("{kind}{between}{detail}"), "see the reference of templates")
            }
        };
        self.problem(at, message, hint.to_owned())
    }
}

/// What is said of a field that somebody writes, in a template that nobody looks at again.
fn free_text(path: &str, level: Disclosure) -> (String, String) {
    let message = format!("`{path}` is free text, and this template is agreed on: it needs no approval");
    let known = ENUMERATED.iter().filter(|field| verdict(field, level) == Verdict::Allowed);
    let known: Vec<_> = known.copied().collect();
    (message, format!("name only {}, or leave out `agreed_by`", known.join(", ")))
}

/// Whether the word is what `is` or `is not` asks for.
fn is_test(token: &Token<'_>, before: &str, before_that: &str) -> bool {
    token.is_word() && ((before == "is" && token.text != "not") || (before == "not" && before_that == "is"))
}

fn line_start(source: &str, line: Option<usize>) -> usize {
    let lines = line.unwrap_or(1).saturating_sub(1);
    source.split_inclusive('\n').take(lines).map(str::len).sum()
}

/// The known word that was probably meant.
fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let most = word.chars().count() / 3 + 1;
    let near = known.map(|known| (distance(word, known), known)).min()?;
    (near.0 <= most).then(|| format!("did you mean `{}`?", near.1))
}

/// How many characters must be changed, added or left out to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
