//! The templates of users: checked against the table when they are loaded, rendered from a view, never trusted to work.

mod check;
mod engine;
mod scan;

#[cfg(test)]
mod tests;

use super::builtin::Texts;
use super::view::View;
use super::{Disclosure, line, slot};
use crate::event::Name;
use minijinja::{Environment, Error, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest short text that a template may write, in bytes: as much as any SMS gateway takes.
const SHORT_MAX: usize = 1600;

/// The most bytes of a title, a short text and a body that people write.
pub const WRITTEN_MAX: [usize; 3] = [line::TITLE_MAX, SHORT_MAX, engine::OUTPUT_MAX];

/// The parts that a template may write.
const PARTS: [&str; 3] = ["title", "short", "body"];

/// A template as it is configured. A part that is absent is written by Tidings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSource {
    /// Its name.
    pub name: Name,
    /// One line that names the case.
    pub title: Option<Box<str>>,
    /// One line that says everything a telephone can show.
    pub short: Option<Box<str>>,
    /// The text, in Markdown.
    pub body: Option<Box<str>>,
    /// The strictest level among the audiences that it is used for.
    pub level: Disclosure,
    /// The audiences that it is used for, to name in errors.
    pub places: Vec<Box<str>>,
}

/// One mistake in a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template {template}, {part}, line {line}, column {column}: {message}; {hint}")]
pub struct TemplateProblem {
    /// In which template.
    pub template: Name,
    /// In which part: `title`, `short`, `body`.
    pub part: &'static str,
    /// In which line of the part, counted from 1.
    pub line: usize,
    /// At which character of the line, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

/// The compiled templates of users, by name.
#[derive(Clone, Debug, Default)]
pub struct Templates(Option<Arc<Compiled>>);

#[derive(Debug)]
struct Compiled {
    env: Environment<'static>,
    /// Which parts each template has, in the order of [`PARTS`].
    parts: BTreeMap<Name, [bool; 3]>,
}

impl TemplateSource {
    fn parts(&self) -> [Option<&str>; 3] {
        [self.title.as_deref(), self.short.as_deref(), self.body.as_deref()]
    }

    fn part_name(&self, part: &str) -> String {
        part_name(&self.name, part)
    }
}

fn part_name(name: &Name, part: &str) -> String {
    format!("{name}.{part}")
}

impl Templates {
    /// Compiles the templates and tries each with usual, sparse and hostile cases of every kind.
    ///
    /// # Errors
    /// Everything that is wrong with any of them: mistakes of syntax, fields that the template's level may not read or
    /// that there are not, values that are not always known, too many steps or bytes.
    pub fn compile(sources: Vec<TemplateSource>) -> Result<Templates, Vec<TemplateProblem>> {
        if sources.is_empty() {
            return Ok(Templates::default());
        }
        let mut env = engine::environment();
        let problems: Vec<_> = sources.iter().flat_map(|source| check::add(&mut env, source)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        // The places of errors are for those who write templates; a message that fails to render is written anew.
        env.set_debug(false);
        let parts =
            sources.iter().map(|source| (source.name.clone(), source.parts().map(|part| part.is_some())));
        Ok(Templates(Some(Arc::new(Compiled { parts: parts.collect(), env }))))
    }

    /// Writes the parts that the template has; if any of them fails, the texts stay as they are.
    pub(super) fn write(&self, name: &Name, view: &View<'_>, texts: &mut Texts) {
        if let Some(compiled) = &self.0
            && let Some(parts) = compiled.parts.get(name)
            && let Ok([title, short, body]) = compiled.render(name, *parts, view)
        {
            let one = |text: String, max| line::cut(line::squeeze(&text).into(), max).into();
            let said = |text: &String| !text.trim().is_empty();
            if let Some(title) = title.filter(said) {
                texts.title = one(title, line::TITLE_MAX);
            }
            if let Some(short) = short.filter(said) {
                texts.short = one(short, SHORT_MAX);
            }
            if let Some(body) = body.filter(said) {
                texts.body = with_promise(body);
            }
        }
    }
}

impl Compiled {
    fn render(&self, name: &Name, parts: [bool; 3], view: &View<'_>) -> Result<[Option<String>; 3], Error> {
        let context: Value = engine::context(view);
        let mut out = [None, None, None];
        for (index, part) in PARTS.into_iter().enumerate().filter(|(index, _)| parts[*index]) {
            out[index] = Some(engine::render(&self.env, &part_name(name, part), &context)?);
        }
        Ok(out)
    }
}

/// Every body says when more is known and that it is late (R22), whether its author thought of it or not.
pub fn with_promise(mut body: String) -> Box<str> {
    for promise in [slot::next_update(), slot::delay()] {
        if !body.contains(&promise) {
            body.truncate(body.trim_end().len());
            body.push_str("\n\n");
            body.push_str(&promise);
        }
    }
    body.into()
}
