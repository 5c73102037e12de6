//! A message as Slack's blocks. Texts stand in `plain_text` and `rich_text` alone, which Slack never parses: no mention,
//! link or emphasis can come out of an event. Only the fallback text is parsed, so it is escaped.

use crate::deliver::Attempt;
use crate::deliver::egress::Url;
use crate::deliver::markdown::{self, Block, Span, Style};
use crate::message::{CaseStatus, slot};
use serde::Serialize;

/// The most characters of a header.
const HEADER_LIMIT: usize = 150;

/// The most characters of the fallback text; Slack cuts at 40,000, a notification shows far fewer.
const FALLBACK_LIMIT: usize = 3_000;

/// The most characters of one element of text, as of a section.
const ELEMENT_LIMIT: usize = 3_000;

/// The most characters over all blocks: Slack refuses somewhat above 13,000, and counts what it does not document.
const TOTAL_LIMIT: usize = 10_000;

/// What one element costs beyond its text, so that many small ones cannot exceed the total either.
const ELEMENT_COST: usize = 8;

/// The longest URL of a link.
const URL_LIMIT: usize = 2_000;

/// The deepest list that Slack shows.
const DEEPEST_LIST: usize = 8;

/// One block of a message.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Shape {
    /// The large line at the top.
    Header {
        /// What it says.
        text: Plain,
    },
    /// Styled text.
    RichText {
        /// Its parts.
        elements: Vec<Part>,
    },
    /// The small line.
    Context {
        /// Its parts.
        elements: Vec<Plain>,
    },
}

/// Text that Slack does not parse.
#[derive(Debug, Serialize)]
pub struct Plain {
    #[serde(rename = "type")]
    kind: &'static str,
    text: String,
    emoji: bool,
}

impl Plain {
    /// What it says.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// One part of a block of styled text.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub enum Part {
    /// A run of text.
    #[serde(rename = "rich_text_section")]
    Section {
        /// Its pieces.
        elements: Vec<Piece>,
    },
    /// A list.
    #[serde(rename = "rich_text_list")]
    List {
        /// `bullet` or `ordered`.
        style: &'static str,
        /// How deep.
        indent: usize,
        /// How far the numbering has come.
        offset: u64,
        /// Its items.
        elements: Vec<Part>,
    },
    /// A quotation.
    #[serde(rename = "rich_text_quote")]
    Quote {
        /// Its pieces.
        elements: Vec<Piece>,
    },
    /// Lines of a program.
    #[serde(rename = "rich_text_preformatted")]
    Preformatted {
        /// Its pieces.
        elements: Vec<Piece>,
    },
}

/// A piece of styled text.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Piece {
    /// Text.
    Text {
        /// What it says.
        text: String,
        /// How it looks.
        #[serde(skip_serializing_if = "is_plain")]
        style: Look,
    },
    /// A link whose target stands in the message's own links.
    Link {
        /// Where to.
        url: String,
        /// What it says.
        text: String,
    },
}

/// How a piece looks, in Slack's words.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Look {
    bold: bool,
    italic: bool,
    strike: bool,
    code: bool,
}

fn is_plain(look: &Look) -> bool {
    *look == Look::default()
}

impl From<Style> for Look {
    fn from(style: Style) -> Look {
        Look { bold: style.bold, italic: style.italic, strike: style.strike, code: style.code }
    }
}

/// The text for notifications and for readers without blocks, escaped for Slack's mark-up.
pub fn fallback(attempt: &Attempt) -> String {
    let text = attempt.meant_for.as_ref().map_or_else(String::new, |whom| format!("(meant for {whom}) "));
    let text = text + &ready(&attempt.message.short, attempt);
    let text = if text.trim().is_empty() { ready(&attempt.message.title, attempt) } else { text };
    escape(&cut(text.trim(), FALLBACK_LIMIT))
}

/// The blocks of a message.
pub fn blocks(attempt: &Attempt) -> Vec<Shape> {
    let message = &*attempt.message;
    let mut budget = Budget(TOTAL_LIMIT);
    let mut out = vec![Shape::Header { text: plain(budget.take(&header(attempt), HEADER_LIMIT)) }];
    if let Some(whom) = &attempt.meant_for {
        let text = budget.take(&format!("Meant for {whom}; everything is redirected."), ELEMENT_LIMIT);
        out.push(Shape::Context { elements: vec![plain(text)] });
    }
    // The last line is made first, for it must not fall victim to a long text.
    let last = budget.take(&one_line(&ready(&message.reference, attempt)), HEADER_LIMIT);
    let links = links(attempt, &mut budget);
    let facts = facts(attempt, &mut budget);
    let body = body(attempt, &mut budget);
    for elements in [body, facts, links] {
        if !elements.is_empty() {
            out.push(Shape::RichText { elements });
        }
    }
    if !last.trim().is_empty() {
        out.push(Shape::Context { elements: vec![plain(last)] });
    }
    out
}

/// What the case is now, then its title: the first message of a thread is amended to the state of now.
fn header(attempt: &Attempt) -> String {
    let message = &*attempt.message;
    let severity = ready(&message.severity, attempt);
    let state = match message.status {
        CaseStatus::Open => &*severity,
        CaseStatus::Resolved => "resolved",
        CaseStatus::Lost => "no longer reported",
    };
    let title = ready(&message.title, attempt);
    one_line(&if state.is_empty() { title } else { format!("[{state}] {title}") })
}

fn body(attempt: &Attempt, budget: &mut Budget) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for block in markdown::read(&ready(&attempt.message.body, attempt)) {
        if budget.is_spent() {
            break;
        }
        let part = match block {
            Block::Heading(mut spans) => {
                spans.iter_mut().for_each(|span| span.style.bold = true);
                Part::Section { elements: paragraph(&spans, budget) }
            }
            Block::Paragraph(spans) => Part::Section { elements: paragraph(&spans, budget) },
            Block::Quote(spans) => Part::Quote { elements: pieces(&spans, budget) },
            Block::Code(text) => {
                let spans = [Span { text, style: Style::default() }];
                Part::Preformatted { elements: pieces(&spans, budget) }
            }
            Block::Item { depth, number, spans } => item(depth, number, &spans, budget),
        };
        if !part.is_empty() {
            parts.push(part);
        }
    }
    parts
}

/// An item is a list of one: Slack joins neighbours of the same depth.
fn item(depth: usize, number: Option<u64>, spans: &[Span], budget: &mut Budget) -> Part {
    let elements = pieces(spans, budget);
    let section = Part::Section { elements };
    Part::List {
        style: if number.is_some() { "ordered" } else { "bullet" },
        indent: depth.min(DEEPEST_LIST),
        offset: number.map_or(0, |number| number.saturating_sub(1).min(999)),
        elements: if section.is_empty() { Vec::new() } else { vec![section] },
    }
}

impl Part {
    fn is_empty(&self) -> bool {
        match self {
            Part::Section { elements } | Part::Quote { elements } | Part::Preformatted { elements } => {
                elements.is_empty()
            }
            Part::List { elements, .. } => elements.is_empty(),
        }
    }
}

/// A section, ended by a line so that the next one stands apart.
fn paragraph(spans: &[Span], budget: &mut Budget) -> Vec<Piece> {
    let mut elements = pieces(spans, budget);
    if !elements.is_empty() {
        elements.push(Piece::Text { text: "\n".to_owned(), style: Look::default() });
    }
    elements
}

fn pieces(spans: &[Span], budget: &mut Budget) -> Vec<Piece> {
    let mut out = Vec::new();
    for span in spans {
        let mut rest = span.text.as_str();
        while !rest.is_empty() && !budget.is_spent() {
            let end = rest.char_indices().nth(ELEMENT_LIMIT).map_or(rest.len(), |(at, _)| at);
            let text = budget.take(&rest[..end], ELEMENT_LIMIT);
            out.push(Piece::Text { text, style: span.style.into() });
            rest = &rest[end..];
        }
    }
    out
}

fn facts(attempt: &Attempt, budget: &mut Budget) -> Vec<Part> {
    let mut elements = Vec::new();
    for (name, value) in &attempt.message.facts {
        let (name, value) = (ready(name, attempt), ready(value, attempt));
        if value.trim().is_empty() || budget.is_spent() {
            continue;
        }
        let bold = Style { bold: true, ..Style::default() };
        let spans = [
            Span { text: format!("{}: ", one_line(&name)), style: bold },
            Span { text: format!("{value}\n"), style: Style::default() },
        ];
        elements.extend(pieces(&spans, budget));
    }
    section(elements)
}

fn links(attempt: &Attempt, budget: &mut Budget) -> Vec<Part> {
    let mut elements = Vec::new();
    for (label, target) in attempt.links() {
        let (label, target) = (one_line(&ready(label, attempt)), ready(target, attempt));
        if budget.is_spent() {
            break;
        }
        let end = Piece::Text { text: "\n".to_owned(), style: Look::default() };
        match web(&target) {
            Some(url) if url.len() <= URL_LIMIT && budget.has(url.len()) => {
                budget.0 -= url.len();
                let text = if label.trim().is_empty() { url.clone() } else { label };
                elements.extend([Piece::Link { url, text: budget.take(&text, HEADER_LIMIT) }, end]);
            }
            _ => {
                let text = format!("{label}: {}\n", one_line(&target));
                elements.extend(pieces(&[Span { text, style: Style::default() }], budget));
            }
        }
    }
    section(elements)
}

fn section(elements: Vec<Piece>) -> Vec<Part> {
    if elements.is_empty() { Vec::new() } else { vec![Part::Section { elements }] }
}

/// The URL of a page, written so that nothing in it needs an escape.
fn web(target: &str) -> Option<String> {
    let url = Url::parse(target).ok()?;
    let is_web =
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    is_web.then(|| url.into())
}

/// The text with its slots filled, and without what no reader can see.
fn ready(text: &str, attempt: &Attempt) -> String {
    slot::clean(&slot::fill(text, &attempt.filling)).into_owned()
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\t'], " ")
}

fn plain(text: String) -> Plain {
    // Slack refuses an empty text.
    let text = if text.is_empty() { " ".to_owned() } else { text };
    Plain { kind: "plain_text", text, emoji: false }
}

/// Cut to a number of characters, with a mark where something is missing.
fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => {
            let end = text.char_indices().nth(limit.saturating_sub(1)).map_or(0, |(at, _)| at);
            format!("{}…", &text[..end])
        }
    }
}

/// The three characters that Slack reads, and those of emphasis, which have no escape: a space of no width stops them.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '*' | '_' | '~' | '`' => out.extend(['\u{200b}', c]),
            c => out.push(c),
        }
    }
    out
}

/// How many characters may still be shown.
struct Budget(usize);

impl Budget {
    fn is_spent(&self) -> bool {
        self.0 <= ELEMENT_COST
    }

    fn has(&self, cost: usize) -> bool {
        self.0 > cost + ELEMENT_COST
    }

    /// As much of `text` as may be shown, at most `limit` characters.
    fn take(&mut self, text: &str, limit: usize) -> String {
        self.0 = self.0.saturating_sub(ELEMENT_COST);
        let shown = cut(text, limit.min(self.0));
        self.0 = self.0.saturating_sub(shown.chars().count());
        shown
    }
}
