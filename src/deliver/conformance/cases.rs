//! The table: what the other end does, and what a channel is to say of it.

use super::Verdict;
use super::server::Script;
use crate::decide::{Blame, Reason, Retry, Sent};
use crate::event::Span;
use std::net::SocketAddr;

/// The deadline of attempts that are to run into it.
const SHORT: Span = Span::from_millis(250);

/// The deadline of attempts that are not.
const LONG: Span = Span::from_secs(20);

/// One row.
pub struct Case {
    /// What it shows.
    pub name: &'static str,
    /// What the other end does.
    pub script: Script,
    /// What the channel is to say.
    pub verdict: Verdict,
    /// The deadline of the attempt.
    pub deadline: Span,
    /// Whether exactly one request is to arrive.
    pub arrives: bool,
}

impl Case {
    /// A row of which one request arrives whole.
    pub fn new(name: &'static str, script: Script, verdict: Verdict) -> Case {
        Case { name, script, verdict, deadline: LONG, arrives: true }
    }

    fn short(self) -> Case {
        Case { deadline: SHORT, ..self }
    }
}

/// The bytes of an answer; `headers` are whole lines.
pub fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

/// A verdict about the channel, which is tried again after the provider's wish.
pub fn channel(reason: Reason, sent: Sent, wish: Option<Span>) -> Verdict {
    Err((Blame::Channel, sent, Retry::After(wish), reason))
}

/// A verdict about the delivery, for good.
pub fn delivery(reason: Reason) -> Verdict {
    Err((Blame::Delivery, Sent::No, Retry::Never, reason))
}

/// The rows that every kind runs; `target` is where redirects point to.
pub fn common(target: SocketAddr) -> Vec<Case> {
    let mut cases = statuses();
    cases.extend(redirects(target));
    cases.extend(wishes());
    cases.extend(faults());
    cases
}

fn statuses() -> Vec<Case> {
    let plain = |status| Script::Answer(answer(status, "", ""));
    let rejected = || delivery(Reason::Rejected);
    let forbidden = || channel(Reason::Authentication, Sent::No, None);
    let server = || channel(Reason::Server, Sent::Maybe, None);
    vec![
        Case::new("204 without a body", Script::Answer(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()), Ok(())),
        Case::new("202", plain("202 Accepted"), Ok(())),
        Case::new(
            "200 and a lie",
            Script::Answer(answer("200 OK", "", r#"{"ok":false,"error":"fatal_error"}"#)),
            Ok(()),
        ),
        Case::new("400", plain("400 Bad Request"), rejected()),
        Case::new("401", plain("401 Unauthorized"), forbidden()),
        Case::new("403", plain("403 Forbidden"), forbidden()),
        Case::new("404", plain("404 Not Found"), rejected()),
        Case::new("405", plain("405 Method Not Allowed"), rejected()),
        Case::new("408", plain("408 Request Timeout"), server()),
        Case::new("410", plain("410 Gone"), rejected()),
        Case::new("413", plain("413 Content Too Large"), rejected()),
        Case::new("422", plain("422 Unprocessable Content"), rejected()),
        Case::new("425", plain("425 Too Early"), channel(Reason::Server, Sent::No, None)),
        Case::new("500", plain("500 Internal Server Error"), server()),
        Case::new("502", plain("502 Bad Gateway"), server()),
        Case::new("503", plain("503 Service Unavailable"), server()),
        Case::new("504", plain("504 Gateway Timeout"), server()),
    ]
}

fn redirects(target: SocketAddr) -> Vec<Case> {
    let to = |status: &str| {
        Script::Answer(answer(status, &format!("location: http://{target}/internal\r\n"), "moved"))
    };
    vec![
        Case::new("301 inside", to("301 Moved Permanently"), delivery(Reason::Rejected)),
        Case::new("302 inside", to("302 Found"), delivery(Reason::Rejected)),
        Case::new("307 inside", to("307 Temporary Redirect"), delivery(Reason::Rejected)),
        Case::new("308 inside", to("308 Permanent Redirect"), delivery(Reason::Rejected)),
    ]
}

fn wishes() -> Vec<Case> {
    let row = |name, status: &str, wish: &str, reason, sent, span| {
        let script = Script::Answer(answer(status, &format!("retry-after: {wish}\r\n"), ""));
        Case::new(name, script, channel(reason, sent, span))
    };
    let limited =
        |name, wish, span| row(name, "429 Too Many Requests", wish, Reason::RateLimited, Sent::No, span);
    vec![
        limited("429 and seconds", "17", Some(Span::from_secs(17))),
        limited("429 and a date", "Sat, 21 Nov 2026 14:03:01 GMT", Some(Span::from_mins(1))),
        limited("429 and a past date", "Sat, 21 Nov 2020 14:03:01 GMT", Some(Span::ZERO)),
        limited("429 and a fraction", "0.3", Some(Span::from_secs(1))),
        limited("429 and a negative", "-5", None),
        limited("429 and 10^12", "1000000000000", Some(Span::from_secs(1_000_000_000_000))),
        limited("429 and garbage", "tomorrow, perhaps", None),
        limited("429 and nothing", "", None),
        row("503 and seconds", "503 Busy", "5", Reason::Server, Sent::Maybe, Some(Span::from_secs(5))),
    ]
}

fn faults() -> Vec<Case> {
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
    let late = || channel(Reason::Deadline, Sent::Maybe, None);
    let lost = || channel(Reason::Connect, Sent::Maybe, None);
    let garbage = || channel(Reason::Answer, Sent::Maybe, None);
    let mut flood = head(10 * 1024 * 1024);
    flood.push(b' ');
    vec![
        Case::new("hangs before the headers", Script::Hang(Vec::new()), late()).short(),
        Case::new("hangs within the headers", Script::Hang(b"HTTP/1.1 200 OK\r\ncont".to_vec()), late())
            .short(),
        Case::new("hangs within the body", Script::Hang(head(100)), late()).short(),
        Case::new("drips its body", Script::Drip(head(1_000_000)), late()).short(),
        Case::new("floods with 10 MB", Script::Flood(flood, 10 * 1024 * 1024), Ok(())),
        Case::new("breaks within the body", Script::Cut(head(100)), lost()),
        Case::new("closes without an answer", Script::Close, lost()),
        Case { arrives: false, ..Case::new("resets", Script::Reset, lost()) },
        Case::new("speaks no HTTP", Script::Cut(b"220 mail.example.net ESMTP\r\n".to_vec()), garbage()),
        Case::new("speaks in bytes", Script::Cut(vec![0xff; 512]), garbage()),
    ]
}
