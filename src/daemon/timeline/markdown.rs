//! A timeline as Markdown that reads like the draft of a review.

use super::Reader;
use super::figures::{Figures, long};
use super::step::{Step, Timeline};
use super::words::{To, Word};
use crate::event::Span;
use crate::history::Fate;
use crate::message::markdown::escape;
use std::fmt::Write;

/// Writes it.
pub(super) fn write(timeline: &Timeline, reader: &Reader) -> String {
    let mut out = String::new();
    let title = timeline.title.as_ref().map(|title| format!(": {}", escape(title))).unwrap_or_default();
    let _ = writeln!(out, "# {}{title}\n", escape(&timeline.case));
    let _ = writeln!(out, "{}\n", head(timeline, reader));
    for remark in &timeline.remarks {
        let _ = writeln!(out, "{remark}\n");
    }
    out.push_str("## What happened\n\n");
    for step in &timeline.steps {
        write_step(&mut out, step, reader);
    }
    write_figures(&mut out, &timeline.figures);
    out
}

fn head(timeline: &Timeline, reader: &Reader) -> String {
    let mut parts = vec![format!("Timeline for {} readers.", timeline.level)];
    parts.extend(timeline.severity.as_ref().map(|severity| format!("Severity {}.", escape(severity))));
    parts.extend(timeline.opened_at.map(|at| format!("Received {}.", reader.time(at))));
    parts.push(match (timeline.ended_at, timeline.figures.duration_seconds) {
        (Some(ended), Some(seconds)) => {
            format!("Over {}, after {}.", reader.time(ended), long(Span::from_secs(seconds)))
        }
        (Some(ended), None) => format!("Over {}.", reader.time(ended)),
        (None, _) => format!("It is {}.", timeline.standing),
    });
    parts.join(" ")
}

fn write_step(out: &mut String, step: &Step, reader: &Reader) {
    // One line for each step, whatever line ends its texts have.
    let text = step.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let _ = writeln!(out, "- **{}** {}", reader.time(step.at), escape(&text));
    if let Some(word) = &step.message {
        write_word(out, word, reader);
    }
}

fn write_word(out: &mut String, word: &Word, reader: &Reader) {
    for to in &word.to {
        let _ = writeln!(out, "  - {}", escape(&line_of(to, reader)));
    }
    match (&word.title, &word.body) {
        (Some(title), Some(body)) => {
            let _ = writeln!(out, "\n  > **{}**\n  >", escape(title));
            for line in body.trim_end().lines() {
                let _ = writeln!(out, "{}", format!("  > {line}").trim_end());
            }
            out.push('\n');
        }
        _ => out.push_str("  - The words themselves are not shown here.\n"),
    }
}

fn line_of(to: &To, reader: &Reader) -> String {
    let at = to.at.map(|at| format!(" at {}", reader.time(at))).unwrap_or_default();
    match to.end {
        Fate::Delivered => format!("{} by {}: handed over{at}.", to.recipient, to.channel),
        end => {
            let end = end.as_str().replace('_', "-");
            format!("{} by {}: {end}{at}. {}", to.recipient, to.channel, to.because)
        }
    }
}

fn write_figures(out: &mut String, figures: &Figures) {
    let say = |seconds: Option<u64>| seconds.map_or("–".to_owned(), |s| long(Span::from_secs(s)));
    out.push_str("\n## Figures\n\n");
    let single = [
        ("Time to detect", figures.time_to_detect_seconds),
        ("Time to acknowledge", figures.time_to_acknowledge_seconds),
        ("Duration", figures.duration_seconds),
    ];
    for (name, seconds) in single.into_iter().filter(|(_, seconds)| seconds.is_some()) {
        let _ = writeln!(out, "- {name}: {}", say(seconds));
    }
    if figures.audiences.is_empty() {
        return;
    }
    out.push_str("\n| audience | first word after | words | updates | longest silence | promises kept | late | missed |\n");
    out.push_str("|---|---|---|---|---|---|---|---|\n");
    for kept in &figures.audiences {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            escape(&kept.audience),
            say(kept.first_word_seconds),
            kept.words,
            kept.updates,
            say(kept.longest_silence_seconds),
            kept.promises_kept,
            kept.promises_late,
            kept.promises_missed,
        );
    }
}
