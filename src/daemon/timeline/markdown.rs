//! A timeline as Markdown that reads like the draft of a review.

use super::Reader;
use super::figures::{Figures, long};
use super::step::{Step, Timeline};
use super::words::{To, Word};
use crate::event::{Span, Time};
use crate::history::Fate;
use crate::message::markdown::escape;
use crate::message::slot;
use jiff::civil::Date;
use jiff::tz::Offset;
use std::collections::BTreeMap;
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
    out.push_str("## What happened\n");
    let days = timeline.steps.chunk_by(|one, next| Day::of(one.at, reader) == Day::of(next.at, reader));
    for steps in days {
        write_day(&mut out, steps, reader);
    }
    write_figures(&mut out, &timeline.figures);
    out
}

fn head(timeline: &Timeline, reader: &Reader) -> String {
    let mut parts = vec![format!("Timeline for {} readers.", timeline.level)];
    parts.extend(timeline.severity.as_ref().map(|severity| format!("Severity {}.", escape(severity))));
    parts.extend(timeline.opened_at.map(|at| format!("Received {}.", reader.zoned(at))));
    parts.push(match (timeline.ended_at, timeline.figures.duration_seconds) {
        (Some(ended), Some(seconds)) => {
            format!("Over {}, after {}.", reader.zoned(ended), long(Span::from_secs(seconds)))
        }
        (Some(ended), None) => format!("Over {}.", reader.zoned(ended)),
        (None, _) => format!("It is {}.", timeline.standing),
    });
    parts.join(" ")
}

/// A day on the reader's clock, up to where the clock is changed: its times need no date and no zone.
#[derive(PartialEq)]
struct Day {
    date: Date,
    offset: Offset,
}

impl Day {
    fn of(time: Time, reader: &Reader) -> Day {
        let zoned = time.to_jiff().to_zoned(reader.zone.clone());
        Day { date: zoned.date(), offset: zoned.offset() }
    }

    /// The instant as it is written under the heading of this day.
    fn time(&self, time: Time, reader: &Reader) -> String {
        if *self == Day::of(time, reader) { clock(time, reader) } else { reader.zoned(time) }
    }
}

fn clock(time: Time, reader: &Reader) -> String {
    time.to_jiff().to_zoned(reader.zone.clone()).strftime("%H:%M").to_string()
}

/// What happened on one day, under its heading.
fn write_day(out: &mut String, steps: &[Step], reader: &Reader) {
    let Some(first) = steps.first() else { return };
    let day = Day::of(first.at, reader);
    let zoned = first.at.to_jiff().to_zoned(reader.zone.clone());
    let zone =
        if day.offset == Offset::UTC { "UTC".to_owned() } else { zoned.strftime("%Z (UTC%:z)").to_string() };
    let _ = writeln!(out, "\n### {}, times in {zone}\n", zoned.strftime("%A, %Y-%m-%d"));
    for step in steps {
        // One line for each step, whatever line ends its texts have.
        let text = step.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = escape(&text);
        let text = slot::with_instants(&text, |time| day.time(time, reader));
        let _ = writeln!(out, "- **{}** {text}", clock(step.at, reader));
        if let Some(word) = &step.message {
            write_word(out, word, &day, reader);
        }
    }
}

fn write_word(out: &mut String, word: &Word, day: &Day, reader: &Reader) {
    for line in whom(word, day, reader) {
        let _ = writeln!(out, "  - {}", escape(&line));
    }
    let (Some(title), Some(body)) = (&word.title, &word.body) else {
        return out.push_str("  - The words themselves are not shown here.\n");
    };
    let _ = writeln!(out, "\n  > **{}**\n  >", escape(title));
    for line in body.trim_end().lines() {
        let _ = writeln!(out, "{}", format!("  > {line}").trim_end());
    }
    let beside: Vec<String> = word.beside.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    if !beside.is_empty() {
        // A value may have lines of its own.
        let line = beside.join(" · ").split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(out, "  >\n  > {}", escape(&line));
    }
    out.push('\n');
}

/// To whom it went: all who were handed it in the same minute in one line, each of the others with what became of it.
fn whom(word: &Word, day: &Day, reader: &Reader) -> Vec<String> {
    let mut handed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for to in word.to.iter().filter(|to| to.end == Fate::Delivered) {
        let at = to.at.map(|at| day.time(at, reader)).unwrap_or_default();
        handed.entry(at).or_default().push(name(to));
    }
    // The sentence before has the time already, where it is the same for all.
    let at_once = handed.len() == 1 && word.handed_over == word.recipients;
    let handed = handed.into_iter().map(|(at, names)| match names.join(", ") {
        names if at_once => format!("To {names}."),
        names => format!("Handed over to {names} at {at}."),
    });
    let others = word.to.iter().filter(|to| to.end != Fate::Delivered).map(|to| {
        let at = to.at.map(|at| format!(" at {}", day.time(at, reader))).unwrap_or_default();
        format!("{}: {}{at}. {}", name(to), to.end.as_str().replace('_', "-"), to.because)
    });
    handed.chain(others).collect()
}

/// The recipient, with the channel where its name does not say it.
fn name(to: &To) -> String {
    let said = to.recipient.split_once('@').map(|(_, way)| way.split('#').next().unwrap_or_default());
    if said == Some(to.channel.as_str()) {
        to.recipient.clone()
    } else {
        format!("{} by {}", to.recipient, to.channel)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Disclosure;
    use jiff::tz::TimeZone;

    #[test]
    fn times_are_short_on_their_day_and_whole_where_another_is_meant() {
        let reader = Reader { level: Disclosure::Internal, zone: TimeZone::get("Europe/Berlin").unwrap() };
        let at = |text: &str| Time::parse(text).unwrap().unwrap();
        // The night in which clocks go back: 02:30 comes twice.
        let times = ["2026-10-24T21:59:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map(at);
        let said = |on: Time| {
            let text = times.map(|time| reader.time(time)).join(", ");
            Step::of(on, 0, "note", format!("Not [these]: {text}."))
        };
        let figures = Figures {
            time_to_detect_seconds: None,
            time_to_acknowledge_seconds: None,
            duration_seconds: None,
            audiences: Vec::new(),
        };
        let timeline = Timeline {
            case: "INC-1".to_owned(),
            level: reader.level,
            title: None,
            standing: "open",
            severity: None,
            opened_at: None,
            ended_at: None,
            remarks: Vec::new(),
            steps: times.map(said).into(),
            figures,
        };
        let text = write(&timeline, &reader);
        let days = text.split("## What happened\n").nth(1).unwrap().split("\n## Figures").next().unwrap();
        let wanted = "
### Saturday, 2026-10-24, times in CEST (UTC+02:00)

- **23:59** Not \\[these\\]: 23:59, 2026-10-25 02:30 CEST (00:30 UTC), 2026-10-25 02:30 CET (01:30 UTC).

### Sunday, 2026-10-25, times in CEST (UTC+02:00)

- **02:30** Not \\[these\\]: 2026-10-24 23:59 CEST (21:59 UTC), 02:30, 2026-10-25 02:30 CET (01:30 UTC).

### Sunday, 2026-10-25, times in CET (UTC+01:00)

- **02:30** Not \\[these\\]: 2026-10-24 23:59 CEST (21:59 UTC), 2026-10-25 02:30 CEST (00:30 UTC), 02:30.
";
        assert_eq!(days, wanted);
        let full = timeline.in_full(&reader);
        assert!(
            full.steps[0].text.starts_with("Not [these]: 2026-10-24 23:59 CEST (21:59 UTC), "),
            "{full:?}"
        );
    }
}
