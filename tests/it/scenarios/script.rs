//! The text of a scenario: rules, policy, timed steps, and what is expected after each.

use std::path::Path;
use tidings::event::{Span, Time};

/// A scenario as it stands in its file.
pub struct Script {
    /// The rules that it names in its first lines.
    pub rules: Vec<u32>,
    /// The configuration it starts with.
    pub policy: String,
    /// Everything before the first step, as written.
    pub head: String,
    pub steps: Vec<Step>,
}

/// One timed line with what is expected after it.
pub struct Step {
    /// The line as written, and comment lines before it.
    pub text: String,
    pub at: Time,
    pub words: Vec<String>,
    /// Expected lines, trimmed.
    pub expected: Vec<String>,
    /// `says` and `never` lines: texts that messages of this step must, or must not, contain.
    pub says: Vec<(bool, String)>,
}

/// The first instant of scenarios.
pub fn begin() -> Time {
    Time::parse("2026-11-21T12:00:00Z").unwrap().unwrap()
}

/// `5:30` or `1:05:30` after the beginning.
pub fn offset(text: &str) -> Option<Span> {
    let mut seconds: u64 = 0;
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() < 2 || parts.len() > 3 {
        return None;
    }
    for part in parts {
        seconds = seconds * 60 + part.parse::<u64>().ok()?;
    }
    Some(Span::from_secs(seconds))
}

/// An instant as scenarios write it.
pub fn written(time: Time) -> String {
    let seconds = time.since(begin()).millis() / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Words, where double quotes keep spaces together.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => word.push(other),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Reads a scenario.
pub fn parse(text: &str, policies: &Path) -> Script {
    let mut script =
        Script { rules: Vec::new(), policy: String::new(), head: String::new(), steps: Vec::new() };
    let mut lines = text.lines();
    for line in lines.by_ref() {
        script.head.push_str(line);
        script.head.push('\n');
        if line == "---" {
            break;
        }
        if let Some(comment) = line.strip_prefix('#') {
            script.rules.extend(rules(comment));
        } else if let Some(name) = line.strip_prefix("policy ") {
            let file = policies.join(format!("{name}.toml"));
            script
                .policy
                .push_str(&std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("no policy {name}")));
        } else {
            script.policy.push_str(line);
            script.policy.push('\n');
        }
    }
    let mut comment = String::new();
    for line in lines {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            comment.push_str(line);
            comment.push('\n');
            continue;
        }
        if let Some(step) = script.steps.last_mut().filter(|_| line.starts_with(' ')) {
            match trimmed.split_once(' ') {
                Some(("says", text)) => step.says.push((true, text.trim_matches('"').to_owned())),
                Some(("never", text)) => step.says.push((false, text.trim_matches('"').to_owned())),
                _ => step.expected.push(trimmed.to_owned()),
            }
            continue;
        }
        let mut words = words(trimmed);
        let at = offset(&words.remove(0)).unwrap_or_else(|| panic!("a step begins with its time: {line}"));
        let text = format!("{}{line}", std::mem::take(&mut comment));
        script.steps.push(Step { text, at: begin() + at, words, expected: Vec::new(), says: Vec::new() });
    }
    script
}

/// `R16, R20: words` → 16, 20.
fn rules(comment: &str) -> Vec<u32> {
    let Some((list, _)) = comment.split_once(": ") else { return Vec::new() };
    let rule = |word: &str| word.trim().strip_prefix('R')?.parse().ok();
    list.split(',').map(rule).collect::<Option<Vec<u32>>>().unwrap_or_default()
}
