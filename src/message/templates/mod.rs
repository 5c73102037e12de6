//! The templates of users: checked against the table when they are loaded, rendered from a view, never trusted to work.

mod check;
mod engine;
mod scan;

#[cfg(test)]
mod tests;

use super::builtin::Texts;
use super::view::{Detail, View};
use super::{CaseStatus, Disclosure, Kind, line, slot};
use crate::event::Name;
use minijinja::{Environment, Error, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest short text that a template may write, in bytes: as much as any SMS gateway takes.
const SHORT_MAX: usize = 1600;

/// The most bytes of a title, a short text and a body that people write.
pub const WRITTEN_MAX: [usize; 3] = [line::TITLE_MAX, SHORT_MAX, engine::OUTPUT_MAX];
/// What templates are written with: statements, filters, tests and functions.
pub const TEMPLATE_WORDS: [(&str, &[&str]); 4] = [
    ("statements", &engine::STATEMENTS),
    ("filters", &engine::FILTERS),
    ("tests, behind `is`", &engine::TESTS),
    ("functions", &engine::FUNCTIONS),
];

/// The parts that a template may write.
const PARTS: [&str; 3] = ["title", "short", "body"];

/// A template as it is configured. What none of its texts says is written by Tidings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSource {
    /// Its name.
    pub name: Name,
    /// Whether its words were agreed on beforehand (R23): it names enumerated fields only and needs no approval.
    pub agreed: bool,
    /// What it says, when and of what.
    pub texts: Vec<TemplateText>,
    /// The strictest level among the audiences that it is used for.
    pub level: Disclosure,
    /// The audiences that it is used for, to name in errors.
    pub places: Vec<Box<str>>,
}

/// One text of a template. The more exact one is used: of the component before that of every one, of the phase before
/// that of every phase; each part by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateText {
    /// The public name of the component that it is for; none for every case.
    pub component: Option<Box<str>>,
    /// The sort of message that it is for; none for every one.
    pub phase: Option<Kind>,
    /// One line that names the case.
    pub title: Option<Box<str>>,
    /// One line that says everything a telephone can show.
    pub short: Option<Box<str>>,
    /// The text, in Markdown.
    pub body: Option<Box<str>>,
}

/// The phases that a template may have texts for, in the order of a case.
pub const PHASES: [Kind; 6] =
    [Kind::Opening, Kind::Update, Kind::Reminder, Kind::Holding, Kind::Escalation, Kind::Resolution];

/// One mistake in a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template {template}, {part}, line {line}, column {column}: {message}; {hint}")]
pub struct TemplateProblem {
    /// In which template.
    pub template: Name,
    /// In which of its texts, counted from 0.
    pub text: usize,
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
    templates: BTreeMap<Name, Template>,
}

#[derive(Debug)]
struct Template {
    agreed: bool,
    texts: Vec<Text>,
}

/// What one text of a template is for, and which parts it has, in the order of [`PARTS`].
#[derive(Debug)]
struct Text {
    component: Option<Box<str>>,
    phase: Option<Kind>,
    parts: [bool; 3],
}

impl TemplateText {
    fn parts(&self) -> [Option<&str>; 3] {
        [self.title.as_deref(), self.short.as_deref(), self.body.as_deref()]
    }
}

/// The engine's name of a part.
fn part_name(name: &Name, text: usize, part: &str) -> String {
    format!("{name}/{text}.{part}")
}

/// Which phase a message belongs to for its reader: a case that is over for them, or is not, is never spoken of otherwise.
fn phase(view: &View<'_>) -> Kind {
    match (view.status, view.kind) {
        (CaseStatus::Resolved, _) => Kind::Resolution,
        (_, Kind::Resolution) => Kind::Update,
        (_, kind) => kind,
    }
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
        let templates = sources.iter().map(|source| (source.name.clone(), Template::of(source)));
        Ok(Templates(Some(Arc::new(Compiled { templates: templates.collect(), env }))))
    }

    /// Whether the template of that name was agreed on (R23).
    pub fn is_agreed(&self, name: &Name) -> bool {
        let template = self.0.as_ref().and_then(|compiled| compiled.templates.get(name));
        template.is_some_and(|template| template.agreed)
    }

    /// Writes the parts that the template has; if any of them fails, the texts stay as they are.
    pub(super) fn write(&self, name: &Name, view: &View<'_>, texts: &mut Texts) {
        if let Some(compiled) = &self.0
            && let Some(template) = compiled.templates.get(name)
            && let Ok([title, short, body]) = compiled.render(name, template, view)
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

impl Template {
    fn of(source: &TemplateSource) -> Template {
        let text = |text: &TemplateText| Text {
            component: text.component.as_deref().map(|name| line::text(name).into()),
            phase: text.phase,
            parts: text.parts().map(|part| part.is_some()),
        };
        Template { agreed: source.agreed, texts: source.texts.iter().map(text).collect() }
    }

    /// The most exact text that has the part: by the components in the order of the case, then without one.
    fn text_of(&self, view: &View<'_>, part: usize) -> Option<usize> {
        let phase = phase(view);
        let components: &[_] = match &view.detail {
            Detail::Incident(incident) => &incident.components,
            _ => &[],
        };
        let mut names = components.iter().map(|component| Some(&*component.name)).chain([None]);
        let find = |name: Option<&str>, phase: Option<Kind>| {
            let fits =
                |text: &Text| text.component.as_deref() == name && text.phase == phase && text.parts[part];
            self.texts.iter().position(fits)
        };
        names.find_map(|name| find(name, Some(phase)).or_else(|| find(name, None)))
    }
}

impl Compiled {
    fn render(
        &self,
        name: &Name,
        template: &Template,
        view: &View<'_>,
    ) -> Result<[Option<String>; 3], Error> {
        let context: Value = engine::context(view);
        let mut out = [None, None, None];
        for (index, part) in PARTS.into_iter().enumerate() {
            if let Some(text) = template.text_of(view, index) {
                out[index] = Some(engine::render(&self.env, &part_name(name, text, part), &context)?);
            }
        }
        Ok(out)
    }
}

/// Every body says when more is known and that it is late (R22), whether its author thought of it or not.
pub(super) fn with_promise(mut body: String) -> Box<str> {
    for promise in [slot::next_update(), slot::delay()] {
        if !body.contains(&promise) {
            body.truncate(body.trim_end().len());
            body.push_str("\n\n");
            body.push_str(&promise);
        }
    }
    body.into()
}
