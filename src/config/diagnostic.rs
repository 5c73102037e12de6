//! Mistakes in configuration files: each with a code, file, line, caret and what would be right; all of them at once.

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity};
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// How wide a rendered report is, in columns.
const WIDTH: usize = 110;

/// One configuration file: its name as people know it, and its text.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) name: Box<str>,
    pub(super) text: Arc<str>,
}

/// A stretch of one file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Place {
    pub(super) fn new(file: usize, span: std::ops::Range<usize>) -> Place {
        Place { file, start: span.start, end: span.end }
    }
}

/// `file:line` of a place.
pub(super) fn line(sources: &[Source], place: Place) -> String {
    let Some(source) = sources.get(place.file) else {
        return "another file".to_owned();
    };
    let before = source.text.get(..place.start).unwrap_or_default();
    format!("{}:{}", source.name, before.matches('\n').count() + 1)
}

/// Whether it stops the file from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It does.
    Error,
    /// It does not.
    Warning,
}

/// One mistake, or one remark, about a configuration file.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What sort of mistake it is: stable, as `route::unknown-audience`.
    pub code: &'static str,
    /// Whether it stops the file from being used.
    pub level: Level,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// In which file; empty where it is about no file.
    pub file: Box<str>,
    /// In which line, from 1; 0 where it is about a whole file.
    pub line: usize,
    /// At which character of the line, from 1.
    pub column: usize,
    span: std::ops::Range<usize>,
    text: Option<Arc<str>>,
}

/// Every mistake and remark about a set of files, in reading order. It is an error if one of them is.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    /// All of them.
    pub all: Vec<Diagnostic>,
}

/// Gathers mistakes while files are read; the reader goes on after each.
#[derive(Debug, Default)]
pub(super) struct Report {
    found: RefCell<Vec<Found>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    code: &'static str,
    level: Level,
    place: Option<Place>,
    message: String,
    help: Option<String>,
}

/// The code of mistakes whose line must not be shown, because a secret stands in it.
pub(super) const PLAIN_SECRET: &str = "secret::in-the-file";

/// The code of what is no TOML.
pub(super) const SYNTAX: &str = "toml::syntax";

impl Report {
    /// Notes a mistake.
    pub(super) fn error(
        &self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.note(code, Level::Error, Some(place), message.into(), help.into());
    }

    /// Notes a remark that stops nothing.
    pub(super) fn warning(
        &self,
        code: &'static str,
        place: Option<Place>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.note(code, Level::Warning, place, message.into(), help.into());
    }

    /// Notes a mistake that stands in no line.
    pub(super) fn general(&self, code: &'static str, message: impl Into<String>, help: impl Into<String>) {
        self.note(code, Level::Error, None, message.into(), help.into());
    }

    fn note(&self, code: &'static str, level: Level, place: Option<Place>, message: String, help: String) {
        let help = (!help.is_empty()).then_some(help);
        let found = Found { code, level, place, message, help };
        let mut all = self.found.borrow_mut();
        if !all.contains(&found) {
            all.push(found);
        }
    }

    /// How many mistakes there are so far, remarks apart.
    pub(super) fn errors(&self) -> usize {
        self.found.borrow().iter().filter(|found| found.level == Level::Error).count()
    }

    /// Everything found, in reading order. What follows only from a file that could not be parsed is left out.
    pub(super) fn finish(self, sources: &[Source], is_team: &dyn Fn(usize) -> bool) -> Diagnostics {
        let mut found = self.found.into_inner();
        let broken: Vec<usize> =
            found.iter().filter(|f| f.code == SYNTAX).filter_map(|f| Some(f.place?.file)).collect();
        found.retain(|f| f.code == SYNTAX || !follows_from(f, &broken, is_team));
        found.sort_by_key(|f| f.place);
        Diagnostics { all: found.into_iter().map(|f| f.locate(sources)).collect() }
    }
}

/// Whether the finding may be due to what could not be read in a broken file: it stands there, or it misses a name
/// that may be defined there. A team's file defines nothing for other teams.
fn follows_from(found: &Found, broken: &[usize], is_team: &dyn Fn(usize) -> bool) -> bool {
    let in_broken = found.place.is_none_or(|place| broken.contains(&place.file));
    let misses = found.code.contains("::unknown-") || found.code.contains("::no-");
    let in_team = found.place.is_some_and(|place| is_team(place.file));
    let of_all = broken.iter().any(|file| !is_team(*file));
    !broken.is_empty() && (in_broken || (misses && (of_all || !in_team)))
}

impl Found {
    fn locate(self, sources: &[Source]) -> Diagnostic {
        let source = self.place.and_then(|place| sources.get(place.file));
        let (start, end) = self.place.map_or((0, 0), |place| (place.start, place.end));
        let before = source.and_then(|source| source.text.get(..start)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Diagnostic {
            code: self.code,
            level: self.level,
            message: self.message,
            help: self.help,
            file: source.map(|source| source.name.clone()).unwrap_or_default(),
            line: if source.is_some() { before.matches('\n').count() + 1 } else { 0 },
            column: before[line_start..].chars().count() + 1,
            span: start..end.max(start),
            text: source.filter(|_| self.code != PLAIN_SECRET).map(|source| source.text.clone()),
        }
    }
}

impl Diagnostic {
    /// A remark at a place.
    pub(super) fn remark(
        sources: &[Source],
        code: &'static str,
        place: Place,
        message: String,
        help: String,
    ) -> Diagnostic {
        let help = Some(help);
        Found { code, level: Level::Warning, place: Some(place), message, help }.locate(sources)
    }

    /// A mistake about a file that cannot be read at all.
    pub(super) fn unreadable(file: &str, reason: &str) -> Diagnostic {
        Diagnostic {
            code: "file::unreadable",
            level: Level::Error,
            message: format!("{file} cannot be read: {reason}"),
            help: Some("name the file with --config FILE, or put it there".to_owned()),
            file: file.into(),
            line: 0,
            column: 0,
            span: 0..0,
            text: None,
        }
    }
}

impl Level {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

impl fmt::Display for Diagnostic {
    /// One line for logs: no line of the file is quoted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        }
        write!(f, "{}[{}]: {}", self.level.as_str(), self.code, self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// A diagnostic with its file's text, as the renderer wants it.
#[derive(Debug)]
struct Shown<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<NamedSource<Arc<str>>>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)?;
        if self.source.is_none() && self.diagnostic.line > 0 {
            write!(f, " ({}:{})", self.diagnostic.file, self.diagnostic.line)?;
        }
        Ok(())
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(match self.diagnostic.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.diagnostic.span.clone();
        let label = LabeledSpan::new_primary_with_span(Some("here".to_owned()), span);
        self.source.as_ref().map(|_| Box::new(std::iter::once(label)) as Box<_>)
    }
}

impl Diagnostics {
    /// Whether one of them stops the files from being used.
    pub fn has_errors(&self) -> bool {
        self.all.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }

    /// Everything with carets and hints: in colour for a terminal, plain otherwise.
    pub fn render(&self, colour: bool) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false);
        let mut out = String::new();
        for diagnostic in &self.all {
            let text = diagnostic.text.clone();
            let source = text.map(|text| NamedSource::new(&*diagnostic.file, text));
            let shown = Shown { diagnostic, source };
            if handler.render_report(&mut out, &shown).is_err() {
                out.push_str(&diagnostic.to_string());
            }
            out.push('\n');
        }
        out.push_str(&self.summary());
        out.push('\n');
        out
    }

    /// How many of each there are.
    pub fn summary(&self) -> String {
        let errors = self.all.iter().filter(|d| d.level == Level::Error).count();
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let warnings = self.all.len() - errors;
        format!("{errors} error{}, {warnings} warning{}", plural(errors), plural(warnings))
    }

    /// Everything for programs.
    pub fn to_json(&self) -> serde_json::Value {
        let one = |d: &Diagnostic| {
            serde_json::json!({
                "code": d.code, "level": d.level.as_str(), "message": d.message, "help": d.help,
                "file": d.file, "line": d.line, "column": d.column,
            })
        };
        self.all.iter().map(one).collect()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all.iter().try_for_each(|diagnostic| writeln!(f, "{diagnostic}"))
    }
}

impl std::error::Error for Diagnostics {}
