//! The neutral message as a MIME message: a pure function of the attempt, so that every attempt writes the same letter.
//!
//! The subject is the title and the reference, and nothing that changes while the case lasts: mail programs keep a
//! conversation together by References *and* subject. What changes, severity and status, is the first line of the body.

use super::html;
use super::settings::address;
use crate::deliver::{Attempt, visible};
use crate::event::Name;
use crate::message::{CaseStatus, Disclosure, Kind, slot};
use lettre::address::{Address, Envelope};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use std::fmt::Write;
use std::time::UNIX_EPOCH;

/// The longest subject, in characters.
const MAX_SUBJECT: usize = 180;
/// The longest HTML part in bytes: Gmail hides what is beyond 102 KB.
const MAX_HTML: usize = 96 * 1024;
/// The longest text part in bytes; the neutral message is far shorter unless somebody's template is broken.
const MAX_TEXT: usize = 512 * 1024;
/// The longest name or value of a fact, and the longest label of a link, in characters.
const MAX_CELL: usize = 1000;
/// The most facts, and the most links, in the HTML part; the text part has all.
const MAX_ROWS: usize = 60;

/// What every letter of one channel has in common.
pub(super) struct Letterhead {
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
    /// What stands behind the `@` of Message-IDs.
    pub(super) domain: String,
    pub(super) channel: Name,
}

/// One letter to one recipient.
pub(super) struct Letter {
    /// Its Message-ID with the angle brackets: the same on every attempt (R34).
    pub(super) id: String,
    pub(super) from: Address,
    pub(super) to: Address,
    /// ASCII, lines ended by CRLF.
    pub(super) bytes: Vec<u8>,
}

/// The texts of a message, filled, visible and still unescaped.
struct Texts {
    /// Who it was meant for, where everything is redirected.
    meant_for: Option<String>,
    /// Severity, status and sort of message, as far as the reader may know them.
    standing: String,
    title: String,
    body: String,
    facts: Vec<(String, String)>,
    links: Vec<(String, String)>,
    reference: String,
}

impl Letterhead {
    /// Writes the letter.
    ///
    /// # Errors
    /// Why it cannot be written, without the address.
    pub(super) fn compose(&self, attempt: &Attempt) -> Result<Letter, String> {
        let to = address(&attempt.address)?;
        let id = format!("<{}@{}>", attempt.key, self.domain);
        let (root, parent) = self.thread(attempt, &id);
        let references = if root == parent { root } else { format!("{root} {parent}") };
        let texts = Texts::of(attempt);
        let subject = subject(&texts);
        let raw =
            |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
        let seconds = u64::try_from(attempt.now.seconds()).unwrap_or_default();
        let list = format!("{0} <{0}.{1}>", self.channel, self.domain);
        let mut builder = lettre::Message::builder()
            .envelope(Envelope::new(Some(self.from.email.clone()), vec![to.clone()]).map_err(describe)?)
            .message_id(Some(id.clone()))
            .date(UNIX_EPOCH + std::time::Duration::from_secs(seconds))
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(subject.as_str())
            .in_reply_to(parent)
            .references(references)
            .raw_header(raw("List-Id", &list))
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .raw_header(raw("X-Auto-Response-Suppress", "All"));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        if attempt.message.urgent {
            builder = builder.raw_header(raw("Importance", "high"));
        }
        // The boundary is made from the key: chance would give every attempt another body.
        let parts = MultiPart::alternative()
            .boundary(format!("tidings-{}", attempt.key))
            .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(texts.plain()))
            .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(texts.html(&subject)));
        let message = builder.multipart(parts).map_err(describe)?;
        Ok(Letter { id, from: self.from.email.clone(), to, bytes: message.formatted() })
    }

    /// The root of the thread, which is never sent, and the message that this one answers: the first one of the
    /// thread once that is known, so that programs which know either keep the thread together.
    fn thread(&self, attempt: &Attempt, own: &str) -> (String, String) {
        let root = format!("<thread-{}@{}>", attempt.thread, self.domain);
        let first =
            attempt.first.as_ref().map(|receipt| &*receipt.id).filter(|id| is_message_id(id) && *id != own);
        let parent = first.map_or_else(|| root.clone(), str::to_owned);
        (root, parent)
    }
}

/// The subject and the text part, as a mail program shows them.
pub(super) fn preview(attempt: &Attempt) -> String {
    let texts = Texts::of(attempt);
    format!("Subject: {}\n\n{}", subject(&texts), texts.plain())
}

fn describe(error: lettre::error::Error) -> String {
    format!("the message cannot be written: {error}")
}

/// Whether a receipt is a Message-ID: after a redirection it may be another channel's.
fn is_message_id(id: &str) -> bool {
    let inner = id.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or_default();
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>');
    id.len() <= 250
        && inner.bytes().all(plain)
        && inner.split('@').filter(|part| !part.is_empty()).count() == 2
}

fn subject(texts: &Texts) -> String {
    let whole = match (texts.title.as_str(), texts.reference.as_str()) {
        ("", "") => "Notification".to_owned(),
        ("", reference) => reference.to_owned(),
        (title, "") => title.to_owned(),
        (title, reference) => format!("{} ({reference})", visible::one_line(title, MAX_SUBJECT - 60)),
    };
    // What looks like an encoded word would be decoded by the reader's program.
    visible::one_line(&whole, MAX_SUBJECT).replace("=?", "= ?")
}

impl Texts {
    fn of(attempt: &Attempt) -> Texts {
        let message = &*attempt.message;
        let line = |text: &str, limit| visible::one_line(&slot::fill(text, &attempt.filling), limit);
        let pairs = |list: &[(Box<str>, Box<str>)]| {
            list.iter().map(|(name, value)| (line(name, MAX_CELL), line(value, MAX_CELL))).collect()
        };
        let body = slot::fill(&message.body, &attempt.filling);
        Texts {
            meant_for: attempt
                .meant_for
                .as_ref()
                .map(|name| format!("Meant for {}", line(name.as_str(), 200))),
            standing: standing(attempt),
            title: line(&message.title, MAX_CELL),
            body: visible::lines(cut(&body, MAX_TEXT / 2)).trim().to_owned(),
            facts: pairs(&message.facts),
            links: attempt.links().map(|(label, url)| (line(label, MAX_CELL), line(url, MAX_CELL))).collect(),
            reference: line(&message.reference, 50),
        }
    }

    /// The text part: all there is, as it would be written by hand.
    fn plain(&self) -> String {
        let mut out = String::with_capacity(self.body.len() + 512);
        let paragraphs =
            [self.meant_for.as_deref().unwrap_or_default(), &self.standing, &self.title, &self.body];
        for text in paragraphs.into_iter().filter(|text| !text.is_empty()) {
            let _ = write!(out, "{text}\n\n");
        }
        for (name, value) in &self.facts {
            let _ = writeln!(out, "{name}: {value}");
        }
        out.push_str(if self.facts.is_empty() { "" } else { "\n" });
        for (label, url) in &self.links {
            let _ = writeln!(out, "{label}: {url}");
        }
        out.push_str(if self.links.is_empty() { "" } else { "\n" });
        if !self.reference.is_empty() {
            let _ = writeln!(out, "-- \n{}", self.reference);
        }
        cut(&out, MAX_TEXT).to_owned()
    }

    /// The HTML part: inline style, nothing fetched; a body that is too long is cut, and says so.
    fn html(&self, subject: &str) -> String {
        let (mut budget, mut rows) = (self.body.len(), MAX_ROWS);
        loop {
            let whole = self.page(subject, cut(&self.body, budget), rows);
            if whole.len() <= MAX_HTML || budget + rows == 0 {
                return whole;
            }
            (budget, rows) = (budget / 2, rows / 2);
        }
    }

    fn page(&self, subject: &str, shown: &str, rows: usize) -> String {
        let is_cut = shown.len() < self.body.len() || self.facts.len().max(self.links.len()) > rows;
        let mut out = String::with_capacity(shown.len() * 2 + 2048);
        let _ = write!(
            out,
            "<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n</head>\n\
             <body style=\"margin:0;padding:16px;font:15px/1.5 sans-serif;color:#1a1a1a;background:#ffffff\">\n",
            html::escape(subject)
        );
        if let Some(meant_for) = &self.meant_for {
            let _ =
                writeln!(out, "<p style=\"padding:8px;background:#fff3cd\">{}</p>", html::escape(meant_for));
        }
        let _ = writeln!(out, "<p style=\"margin:0;color:#555555\">{}</p>", html::escape(&self.standing));
        let _ =
            writeln!(out, "<h1 style=\"margin:0 0 12px;font-size:20px\">{}</h1>", html::escape(&self.title));
        out.push_str(&html::body(shown));
        if is_cut {
            out.push_str("<p><em>Shortened: the text part of this message has everything.</em></p>\n");
        }
        if !self.facts.is_empty() {
            out.push_str("<table style=\"border-collapse:collapse\">\n");
            for (name, value) in self.facts.iter().take(rows) {
                let (name, value) = (html::escape(name), html::escape(value));
                let _ = writeln!(
                    out,
                    "<tr><td style=\"padding:2px 12px 2px 0;color:#555555\">{name}</td><td>{value}</td></tr>"
                );
            }
            out.push_str("</table>\n");
        }
        for (label, url) in self.links.iter().take(rows) {
            let target = if html::is_page(url) { html::anchor(url) } else { html::escape(url) };
            let _ = writeln!(out, "<p style=\"margin:4px 0\">{}: {target}</p>", html::escape(label));
        }
        let _ = writeln!(
            out,
            "<p style=\"color:#777777;font-size:12px\">{}</p>\n</body>\n</html>",
            html::escape(&self.reference)
        );
        out
    }
}

/// The first line: what mail programs show beside the subject. The severity is not for outsiders.
fn standing(attempt: &Attempt) -> String {
    let message = &*attempt.message;
    let status = match message.status {
        CaseStatus::Open => "Open",
        CaseStatus::Resolved => "Resolved",
        CaseStatus::Lost => "No longer reported",
    };
    let sort = match message.kind {
        Kind::Opening | Kind::Resolution => "",
        Kind::Update | Kind::Holding => "update",
        Kind::Reminder => "reminder",
        Kind::Escalation => "escalation",
        Kind::Digest => "digest",
        Kind::Notice => "notice",
    };
    let severity = visible::one_line(&message.severity, 50).to_uppercase();
    let is_case = !matches!(message.kind, Kind::Digest | Kind::Notice);
    let shown = [
        if attempt.disclosure == Disclosure::External || severity == "NONE" { "" } else { &*severity },
        if is_case { status } else { "" },
        sort,
    ];
    let words: Vec<&str> = shown.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" · ")
}

/// At most `limit` bytes of the text, whole characters.
fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
