//! What the built-in messages are put together from: paragraphs, facts, links, and the words for status and time.

use crate::event::{Span, Time};
use crate::message::view::{Detail, IncidentView, View};
use crate::message::{CaseStatus, Disclosure, Kind, line, markdown, slot};
use std::borrow::Cow;
use std::fmt::Write;

/// The longest piece of free text in a short text, in bytes: leaves room for status, title and times.
const SHORT_NOTE_MAX: usize = 200;
/// The longest value of a fact in bytes; the body has the rest.
const FACT_MAX: usize = 300;
/// The most links of one message.
const LINKS_MAX: usize = 8;

/// A body in the making: paragraphs of Markdown.
pub(super) struct Body(String);

impl Default for Body {
    fn default() -> Body {
        Body(String::with_capacity(512))
    }
}

impl Body {
    /// A paragraph of our own words, in which text from outside is escaped already.
    pub(super) fn para(&mut self, text: impl AsRef<str>) -> &mut Body {
        if !self.0.is_empty() {
            self.0.push_str("\n\n");
        }
        self.0.push_str(text.as_ref());
        self
    }

    /// A paragraph of text from outside.
    pub(super) fn quoted(&mut self, text: &str) -> &mut Body {
        self.para(markdown::escape(text))
    }

    /// A paragraph of text from outside under a name.
    pub(super) fn named(&mut self, name: &str, text: &str) -> &mut Body {
        self.para(format!("**{name}:** {}", markdown::escape(text)))
    }

    /// What somebody was told, word for word, as a quotation.
    pub(super) fn verbatim(&mut self, text: &str) -> &mut Body {
        let lines: Vec<_> = text.lines().map(|line| format!("> {}", markdown::escape(line))).collect();
        self.para(lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n"))
    }

    /// A line of a list, to be written on; the first one begins a paragraph.
    pub(super) fn item(&mut self, first: bool) -> &mut String {
        self.0.push_str(if first { "\n\n- " } else { "\n- " });
        &mut self.0
    }

    /// How long it is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The end of every body: the promise, and that it is late.
    pub(super) fn finish(mut self) -> Box<str> {
        self.para(slot::NEXT_UPDATE).para(slot::DELAY);
        self.0.into()
    }
}

/// Names and values in the making.
#[derive(Default)]
pub(super) struct Facts(pub(super) Vec<(Box<str>, Box<str>)>);

impl Facts {
    /// A fact of our own words; nothing if there are none.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.0.push((name.into(), value.into()));
        }
    }

    /// A fact in words from outside, in one line.
    pub(super) fn said(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, &line::cut(line::one_line(value), FACT_MAX));
        }
    }

    /// An instant.
    pub(super) fn time(&mut self, name: &str, time: Option<Time>) {
        if let Some(time) = time {
            self.0.push((name.into(), slot::instant(time).into()));
        }
    }

    /// When the case began and, where that is known, ended.
    pub(super) fn times(&mut self, view: &View<'_>) {
        self.time("Since", Some(view.opened_at));
        self.time("Ended", view.resolved_at);
    }
}

/// Pages in the making.
#[derive(Default)]
pub(super) struct Links(pub(super) Vec<(Box<str>, Box<str>)>);

impl Links {
    /// A page, if it is one of the web and not listed yet.
    pub(super) fn add(&mut self, name: &str, url: &str) {
        let known = self.0.iter().any(|(_, other)| other.as_ref() == url);
        if !known && self.0.len() < LINKS_MAX && line::is_web(url) {
            self.0.push((name.into(), url.into()));
        }
    }
}

/// `SEV1 OPEN delayed 3 min Checkout is failing: About 15 % fail. Since 14:02 UTC. Next update: 14:32 UTC`
pub(super) fn short(view: &View<'_>, news: &str) -> Box<str> {
    let mut out = String::with_capacity(256);
    if let Some(severity) = view.severity.filter(|severity| !severity.is_empty() && *severity != "none") {
        let _ = write!(out, "{} ", severity.to_uppercase());
    }
    let _ = write!(out, "{} {} {}", status_word(view), slot::DELAY, view.title);
    let news = line::cut(line::one_line(news), SHORT_NOTE_MAX);
    if !news.is_empty() {
        let _ = write!(out, ": {}", sentence(&news));
    } else {
        out.push('.');
    }
    match (view.status, view.resolved_at) {
        (CaseStatus::Resolved, Some(end)) => {
            let _ = write!(out, " Ended {} after {}.", slot::instant(end), length(view.opened_at, end));
        }
        (CaseStatus::Resolved, None) => {}
        _ => {
            let _ = write!(out, " Since {}.", slot::instant(view.opened_at));
        }
    }
    let _ = write!(out, " {}", slot::NEXT_UPDATE);
    out.into()
}

/// Whether the case goes on as another one.
pub(super) fn is_merged(view: &View<'_>) -> bool {
    matches!(&view.detail, Detail::Incident(incident) if incident.goes_on_as.is_some())
}

fn status_word(view: &View<'_>) -> &'static str {
    match (view.status, view.kind) {
        (CaseStatus::Resolved, _) if is_merged(view) => "MERGED",
        (CaseStatus::Resolved, _) => "RESOLVED",
        (CaseStatus::Lost, _) => "NO LONGER REPORTED",
        // Whether somebody was escalated to is an insider's affair.
        (_, Kind::Escalation) if view.level == Disclosure::Internal => "ESCALATED",
        (_, Kind::Reminder) => "STILL OPEN",
        (_, Kind::Opening) if view.reopened => "OPEN AGAIN",
        _ => "OPEN",
    }
}

/// Text from outside inside a line of ours.
pub(super) fn inline(text: &str) -> Cow<'_, str> {
    match line::one_line(text) {
        Cow::Borrowed(text) => markdown::escape(text),
        Cow::Owned(text) => Cow::Owned(markdown::escape(&text).into_owned()),
    }
}

/// The text with a full stop, unless it ends as a sentence does.
pub(super) fn sentence(text: &str) -> Cow<'_, str> {
    if ends(text) {
        return text.into();
    }
    format!("{text}.").into()
}

/// Whether the text ends as a sentence does.
pub(super) fn ends(text: &str) -> bool {
    text.ends_with(['.', '!', '?', '…', ':'])
}

/// How long it lasted, in units that people use.
pub(super) fn length(from: Time, to: Time) -> Span {
    const MINUTE: u64 = 60_000;
    let span = to.since(from).millis();
    if span < MINUTE { Span::from_secs(span / 1000) } else { Span::from_mins(span / MINUTE) }
}

/// How long it lasted, spelled out in the two units that matter: `1 hour and 23 minutes`.
pub(super) fn spelled(from: Time, to: Time) -> String {
    let seconds = to.since(from).millis() as usize / 1000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let named = [(days, "day", "days"), (hours, "hour", "hours"), (minutes, "minute", "minutes")];
    let first = named.iter().position(|(number, ..)| *number > 0);
    let Some(first) = first else { return count(seconds, "second", "seconds") };
    let told = named.iter().skip(first).take(2).filter(|(number, ..)| *number > 0);
    told.map(|(number, one, many)| count(*number, one, many)).collect::<Vec<_>>().join(" and ")
}

/// `1 case`, `2 cases`
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Words in a row, in one line each; past `max` of them only counted.
pub(super) fn listed(words: &[Cow<'_, str>], max: usize) -> String {
    let shown: Vec<_> = words.iter().take(max).map(|word| line::one_line(word)).collect();
    let more = words.len().saturating_sub(max);
    let mut out = shown.join(", ");
    if more > 0 {
        let _ = write!(out, " and {more} more");
    }
    out
}

/// What is said of an end of which nobody says more.
pub(super) const OVER: &str = "The problem is over.";

/// What is new of an incident, in the layer that is read.
pub(super) fn news<'v>(incident: &'v IncidentView<'_>, over: bool) -> &'v str {
    if over {
        incident.resolution.as_deref().unwrap_or(OVER)
    } else {
        incident.note.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_few_and_each_once() {
        let mut links = Links::default();
        (0..20).for_each(|n| links.add("Graph", &format!("https://a.example/{}", n / 2)));
        links.add("Graph", "javascript:alert(1)");
        assert_eq!(links.0.len(), LINKS_MAX);
        assert!(links.0.iter().all(|(_, url)| url.starts_with("https://")));
    }

    #[test]
    fn lists_past_their_bound_are_counted() {
        let words = ["a", "b\nc", "d"].map(Cow::Borrowed);
        assert_eq!(listed(&words, 2), "a, b c and 1 more");
        assert_eq!(listed(&words, 3), "a, b c, d");
        assert_eq!(
            (count(1, "case", "cases"), count(2, "case", "cases")),
            ("1 case".into(), "2 cases".into())
        );
    }

    #[test]
    fn a_length_is_spelled_in_the_two_units_that_matter() {
        let all = [
            (7, "7 seconds"),
            (60, "1 minute"),
            (6300, "1 hour and 45 minutes"),
            (7205, "2 hours"),
            (90_000, "1 day and 1 hour"),
            (172_860, "2 days"),
        ];
        for (seconds, wanted) in all {
            assert_eq!(spelled(Time::EPOCH, Time::EPOCH + Span::from_secs(seconds)), wanted);
        }
    }
}
