//! The results of tests for people: a line for each, and what was otherwise than expected.

use super::script::Played;
use std::fmt::Write;

/// All of it, with the count at the end.
pub(super) fn text(played: &[Played]) -> String {
    let mut out = String::new();
    for one in played {
        let word = if one.failures.is_empty() { "ok    " } else { "failed" };
        let _ = writeln!(out, "{word}  {} ({}:{})", plain(&one.name), one.file, one.line);
        let text = differences(one);
        text.lines().for_each(|line| _ = writeln!(out, "        {line}"));
    }
    let failed = played.iter().filter(|one| !one.failures.is_empty()).count();
    let _ = writeln!(out, "{} passed, {failed} failed", played.len() - failed);
    out
}

/// What was expected of a test, what was there instead and why, and who was told.
pub(super) fn differences(played: &Played) -> String {
    let mut out = String::new();
    for failure in &played.failures {
        let _ = writeln!(out, "{}, {}, since {}", failure.place, failure.at, failure.since);
        for missed in &failure.missed {
            let _ = writeln!(out, "  expected {}", plain(&missed.expected));
            missed.why.iter().for_each(|line| _ = writeln!(out, "    {}", plain(line)));
        }
        match failure.told.as_slice() {
            [] => out.push_str("  nobody was told anything\n"),
            told => {
                out.push_str("  told was\n");
                told.iter().for_each(|line| _ = writeln!(out, "    {}", plain(line)));
            }
        }
    }
    out
}

/// A text without what would turn or break the lines of a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
