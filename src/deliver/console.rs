//! The console: each message as its reader would see it, for trying Tidings out and for `redirect`.
//!
//! Nothing in a message can move the cursor, colour the text or turn its direction.

use super::markdown;
use super::{Attempt, Channel, ChannelKind, Common, OpenSecret, Settings, verdict};
use crate::decide::{Accepted, Failure, Reason, Sent};
use crate::event::id::Digest;
use crate::event::{Name, Problem, SecretRef};
use crate::message::{CaseStatus, slot};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// How many characters a line has before it is broken.
const WIDTH: usize = 96;

/// How many lines of one message are printed.
const LINE_LIMIT: usize = 500;

/// What a channel of `type = "console"` is.
pub const KIND: ChannelKind =
    ChannelKind { name: "console", address: None, settings: read, preview: None, schema };

/// Messages are printed on standard output. There are no keys of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ConsoleSettings {}

fn read(keys: toml::de::Deserializer<'_>) -> Result<Box<dyn Settings>, toml::de::Error> {
    ConsoleSettings::deserialize(keys).map(|settings| Box::new(settings) as Box<dyn Settings>)
}

fn schema(generator: &mut SchemaGenerator) -> Schema {
    ConsoleSettings::json_schema(generator)
}

impl Settings for ConsoleSettings {
    fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        Vec::new()
    }

    /// Whatever stands there: the message is printed with the name of its recipient.
    fn address(&self, text: &str) -> Result<String, Problem> {
        Ok(text.to_owned())
    }

    fn leads_to(&self) -> String {
        "standard output".to_owned()
    }

    fn build(&self, _: &Name, _: &Common, _: &OpenSecret<'_>) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(Console::new(Box::new(std::io::stdout()))))
    }

    fn concurrency(&self) -> u32 {
        1
    }
}

/// Prints messages to one sink, whole ones only.
pub struct Console {
    sink: Mutex<Box<dyn Write + Send>>,
}

impl Console {
    /// A console that prints to `sink`.
    pub fn new(sink: Box<dyn Write + Send>) -> Console {
        Console { sink: Mutex::new(sink) }
    }

    fn print(&self, attempt: &Attempt) -> Result<Accepted, Failure> {
        let text = render(attempt);
        let mut sink = self.sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match sink.write_all(text.as_bytes()).and_then(|()| sink.flush()) {
            Ok(()) => Ok(Accepted { receipt: None, body: Some(Digest::of(&[text.as_bytes()])) }),
            Err(error) => {
                let detail = format!("standard output cannot be written to: {}", error.kind());
                Err(verdict::channel(Reason::Connect, Sent::Maybe, None, detail))
            }
        }
    }
}

impl Channel for Console {
    fn send<'a>(
        &'a self,
        attempt: &'a Attempt,
    ) -> Pin<Box<dyn Future<Output = Result<Accepted, Failure>> + Send + 'a>> {
        Box::pin(async { self.print(attempt) })
    }
}

/// The message in a box.
fn render(attempt: &Attempt) -> String {
    let message = &*attempt.message;
    let ready = |text: &str| visible(&slot::fill(text, &attempt.filling));
    let line = |text: &str| ready(text).replace(['\n', '\t'], " ");
    let kind = message.kind.as_str();
    let mut out = format!("┌─ {kind} to {} ({})\n", line(attempt.recipient.as_str()), attempt.disclosure);
    if let Some(whom) = &attempt.meant_for {
        push(&mut out, &format!("meant for {}", line(whom.as_str())));
    }
    let severity = line(&message.severity);
    let state = match message.status {
        CaseStatus::Open => severity.as_str(),
        CaseStatus::Resolved => "resolved",
        CaseStatus::Lost => "no longer reported",
    };
    let title = line(&message.title);
    push(&mut out, &if state.is_empty() { title } else { format!("[{state}] {title}") });
    let body = markdown::to_text(&markdown::read(&ready(&message.body)));
    if !body.trim().is_empty() {
        push(&mut out, "");
        push(&mut out, &body);
    }
    let facts = message.facts.iter().map(|(name, value)| (&**name, &**value));
    let mut pairs = facts.chain(attempt.links()).peekable();
    if pairs.peek().is_some() {
        push(&mut out, "");
    }
    for (name, value) in pairs {
        push(&mut out, &format!("{}: {}", line(name), ready(value)));
    }
    let when = slot::zoned(attempt.now, &attempt.filling.zone);
    out.push_str(&format!("└─ {} · {when}\n", line(&message.reference)));
    out
}

/// Adds lines behind the box's edge, broken where they are too long.
fn push(out: &mut String, text: &str) {
    for (number, line) in text.split('\n').flat_map(broken).enumerate() {
        if number == LINE_LIMIT {
            out.push_str("│ …\n");
            return;
        }
        out.push_str(if line.is_empty() { "│" } else { "│ " });
        out.push_str(line);
        out.push('\n');
    }
}

/// A line in pieces of at most [`WIDTH`] characters, broken at blanks where there are some.
fn broken(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((end, _)) = text.char_indices().nth(WIDTH) else {
            rest = None;
            return Some(text);
        };
        let (cut, next) = match text[..end].rfind(' ').filter(|at| *at > 0) {
            Some(blank) => (blank, blank + 1),
            None => (end, end),
        };
        rest = Some(&text[next..]);
        Some(&text[..cut])
    })
}

/// The text without control characters and without characters that take no room or turn the direction.
fn visible(text: &str) -> String {
    let hidden = |c: char| {
        matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
    };
    slot::clean(text).chars().filter(|c| !hidden(*c)).collect()
}

#[cfg(test)]
mod tests;
