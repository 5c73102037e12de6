//! What a running daemon would leave behind by reading other files: asked for `check --against`, and shown (R37).

use super::{Exit, Server, answer, complain, remote};
use crate::decide::{OrphanKind, PolicyText};
use crate::deliver::visible;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write;

/// The most of one text of the daemon that is shown, in characters.
const TEXT_MAX: usize = 1000;

/// The daemon's answer.
pub(super) struct Left {
    /// As the daemon said it.
    answer: Value,
    orphans: Vec<Shown>,
    more: u64,
}

/// One thing that would be left behind.
#[derive(Deserialize)]
struct Shown {
    kind: OrphanKind,
    case: Option<String>,
    audience: Option<String>,
    recipient: Option<String>,
    text: String,
}

/// Asks the daemon, with the texts of the files; secrets stand in them by reference alone.
pub(super) fn ask(server: &Server, texts: &PolicyText) -> Result<Left, Exit> {
    let body = json!({ "files": texts.files }).to_string();
    let answer = remote::ask(server, Method::POST, "/v1/against", body)?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status.is_success() {
        return read(body).ok_or_else(|| {
            complain(&format!("{} answered what is no list of what would be left behind", server.server));
            Exit::Internal
        });
    }
    answer::refused(server, answer.status, &body, TEXT_MAX);
    // What is no mistake here and one there was written for another version.
    let mistakes = body["mistakes"].as_array().cloned().unwrap_or_default();
    for mistake in &mistakes {
        let word = |name: &str| visible::one_line(mistake[name].as_str().unwrap_or_default(), TEXT_MAX);
        complain(&format!("{}:{}: {}", word("file"), mistake["line"], word("message")));
    }
    let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&answer.status);
    Err(match mistakes.is_empty() {
        false => Exit::Configuration,
        true if refused => Exit::Usage,
        true => Exit::Internal,
    })
}

fn read(answer: Value) -> Option<Left> {
    let orphans = Vec::<Shown>::deserialize(answer.get("orphaned")?).ok()?;
    let more = answer["more"].as_u64()?;
    Some(Left { answer, orphans, more })
}

impl Left {
    /// Whether nothing would be left behind.
    pub(super) fn is_nothing(&self) -> bool {
        self.orphans.is_empty() && self.more == 0
    }

    /// The answer for programs, beside the warnings of the files.
    pub(super) fn with_warnings(&self, warnings: Value) -> Value {
        json!({ "warnings": warnings, "orphaned": self.answer["orphaned"], "more": self.more })
    }

    /// The answer for people: what has the same reason together, the worst first.
    pub(super) fn to_text(&self) -> String {
        if self.is_nothing() {
            return "nothing would be left behind".to_owned();
        }
        let mut out = String::new();
        for same in self.orphans.chunk_by(|one, other| one.kind == other.kind) {
            let _ = writeln!(out, "{}:", same[0].kind.heading());
            same.iter().for_each(|orphan| out.push_str(&format!("  {}\n", orphan.line())));
        }
        if self.more > 0 {
            let _ = writeln!(out, "and {} more", self.more);
        }
        out.trim_end().to_owned()
    }
}

impl Shown {
    fn line(&self) -> String {
        let names = [&self.case, &self.audience, &self.recipient].into_iter().flatten();
        let names: Vec<String> = names.map(|name| visible::one_line(name, TEXT_MAX)).collect();
        format!("{}: {}", names.join(", "), visible::one_line(&self.text, TEXT_MAX))
    }
}
