//! The results of tests for people: a line for each, and what was otherwise than expected.

use super::script::{Difference, Played};
use std::fmt::Write;

/// All of it, with the count at the end.
pub(super) fn text(played: &[Played]) -> String {
    let mut out = String::new();
    for one in played {
        let word = if one.failures.is_empty() { "ok    " } else { "failed" };
        let _ = writeln!(out, "{word}  {} ({}:{})", plain(&one.name), one.file, one.line);
        for failure in &one.failures {
            let _ = writeln!(out, "        {}, {}", failure.place, failure.at);
            difference(failure).lines().for_each(|line| _ = writeln!(out, "          {line}"));
        }
    }
    let failed = played.iter().filter(|one| !one.failures.is_empty()).count();
    let _ = writeln!(out, "{} passed, {failed} failed", played.len() - failed);
    out
}

/// What was expected, what came instead, and why.
pub(super) fn difference(failure: &Difference) -> String {
    let mut out = format!("expected: {}", plain(&failure.expected));
    match failure.instead.as_slice() {
        [] => out.push_str("\ninstead:  nobody was told anything"),
        lines => lines.iter().for_each(|line| _ = write!(out, "\ninstead:  {}", plain(line))),
    }
    failure.why.iter().for_each(|line| _ = write!(out, "\nwhy: {}", plain(line)));
    out
}

/// A text without what would turn or break the lines of a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
