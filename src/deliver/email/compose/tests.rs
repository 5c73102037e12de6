//! What a letter looks like to whoever parses it, for friendly and for hostile messages.

use super::*;
use crate::decide::Receipt;
use crate::deliver::conformance::{injection, sample};
use crate::event::id::{DeliveryId, Digest};
use crate::event::{Recipient, Span, Time};
use crate::message::Message;
use jiff::tz::TimeZone;
use mail_parser::{HeaderValue as Parsed, MessageParser};
use std::sync::Arc;

fn message() -> Message {
    Message {
        kind: Kind::Opening,
        status: CaseStatus::Open,
        severity: "sev1".into(),
        urgent: true,
        reference: "INC-42".into(),
        title: "Checkout errors".into(),
        short: "SEV1 OPEN Checkout errors".into(),
        body: format!("**5xx** at 12 % since {}.", slot::instant(Time::EPOCH)).into(),
        facts: vec![("cluster".into(), "eu-1".into())],
        links: vec![("Runbook".into(), "https://runbooks.example.net/5xx?a=1&b=2".into())],
        asks: None,
        data: serde_json::value::RawValue::from_string("{}".to_owned()).unwrap(),
    }
}

fn attempt(message: Message) -> Attempt {
    Attempt {
        delivery: DeliveryId(1),
        attempt: 1,
        key: Digest::of(&[b"key"]),
        recipient: Recipient::from("mara@mail"),
        address: Arc::from("mara@example.net"),
        disclosure: Disclosure::Internal,
        message: Arc::new(message),
        decided_at: Time::EPOCH,
        now: Time::parse("2026-11-21T14:02:03Z").unwrap().unwrap(),
        filling: slot::Filling { zone: TimeZone::UTC, next_update: None, delay: None },
        thread: Digest::of(&[b"thread"]),
        first: None,
        meant_for: None,
        answer: None,
        deadline: Span::from_secs(15),
    }
}

fn compose(attempt: &Attempt) -> Letter {
    let letterhead = Letterhead {
        from: "Störungsdienst <incidents@example.net>".parse().unwrap(),
        reply_to: Some("desk@example.net".parse().unwrap()),
        domain: "example.net".to_owned(),
        channel: Name::from("mail"),
    };
    letterhead.compose(attempt).unwrap()
}

fn parse(letter: &Letter) -> mail_parser::Message<'_> {
    MessageParser::default().parse(&letter.bytes).unwrap()
}

fn header<'a>(parsed: &'a mail_parser::Message<'_>, name: &'static str) -> Option<&'a str> {
    parsed.header_raw(name).map(str::trim)
}

#[test]
fn a_letter_says_what_there_is_to_say() {
    let letter = compose(&attempt(message()));
    let parsed = parse(&letter);
    let key = Digest::of(&[b"key"]);
    assert_eq!(letter.id, format!("<{key}@example.net>"));
    assert_eq!(parsed.message_id(), Some(format!("{key}@example.net").as_str()));
    assert_eq!(parsed.subject(), Some("Checkout errors (INC-42)"));
    assert_eq!(parsed.date().unwrap().to_rfc3339(), "2026-11-21T14:02:03Z");
    assert_eq!(parsed.from().unwrap().first().unwrap().name(), Some("Störungsdienst"));
    assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("mara@example.net"));
    for (name, value) in [
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("Importance", "high"),
        ("List-Id", "mail <mail.example.net>"),
        ("Reply-To", "desk@example.net"),
        ("MIME-Version", "1.0"),
    ] {
        assert_eq!(header(&parsed, name), Some(value), "{name}");
    }
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(
        text,
        "SEV1 · Open\n\nCheckout errors\n\n**5xx** at 12 % since 1970-01-01 00:00 UTC.\n\ncluster: eu-1\n\n\
         Runbook: https://runbooks.example.net/5xx?a=1&b=2\n\n-- \nINC-42\n"
    );
    let html = parsed.body_html(0).unwrap();
    for part in
        ["<strong>5xx</strong>", "<td>eu-1</td>", "href=\"https://runbooks.example.net/5xx?a=1&amp;b=2\""]
    {
        assert!(html.contains(part), "{part} in {html}");
    }
    let kinds: Vec<_> = parsed.parts.iter().map(|part| part.is_text_html()).collect();
    assert_eq!(kinds.last(), Some(&true), "the HTML part comes last");
}

#[test]
fn every_attempt_writes_the_same_letter_but_for_its_date() {
    let first = attempt(message());
    let mut second = first.clone();
    second.attempt = 2;
    assert_eq!(compose(&first).bytes, compose(&second).bytes);
    second.now = second.now + Span::from_mins(5);
    let differing = |a: &[u8], b: &[u8]| {
        let lines = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
        };
        lines(a).into_iter().zip(lines(b)).filter(|(a, b)| a != b).map(|(a, _)| a).collect::<Vec<_>>()
    };
    let differing = differing(&compose(&first).bytes, &compose(&second).bytes);
    assert!(matches!(&differing[..], [line] if line.starts_with("Date: ")), "{differing:?}");
}

#[test]
fn threads_hold() {
    let mut later = attempt(message());
    let root = format!("<thread-{}@example.net>", later.thread);
    let letter = compose(&later);
    assert_eq!(header(&parse(&letter), "References"), Some(root.as_str()));
    assert_eq!(header(&parse(&letter), "In-Reply-To"), Some(root.as_str()));

    later.first = Some(Receipt { id: "<first@example.net>".into(), place: None });
    let letter = compose(&later);
    let Parsed::TextList(ids) = parse(&letter).references().clone() else { panic!("two references") };
    assert_eq!(ids, [root.trim_matches(['<', '>']), "first@example.net"]);
    assert_eq!(header(&parse(&letter), "In-Reply-To"), Some("<first@example.net>"));

    for foreign in ["1699999999.000100", "<a@b>\r\nBcc: <x@y>", "<a b@c>", "<>", "<a@b@c>", &letter.id] {
        later.first = Some(Receipt { id: foreign.into(), place: None });
        assert_eq!(header(&parse(&compose(&later)), "In-Reply-To"), Some(root.as_str()), "{foreign}");
    }

    let mut other = message();
    (other.status, other.severity, other.kind) = (CaseStatus::Resolved, "sev3".into(), Kind::Resolution);
    let other = compose(&attempt(other));
    assert_eq!(
        parse(&other).subject(),
        parse(&letter).subject(),
        "nothing that changes stands in the subject"
    );
}

#[test]
fn outsiders_are_not_told_the_severity() {
    let mut outside = attempt(message());
    outside.disclosure = Disclosure::External;
    let letter = compose(&outside);
    let parsed = parse(&letter);
    for part in [&*parsed.body_text(0).unwrap(), &*parsed.body_html(0).unwrap(), parsed.subject().unwrap()] {
        assert!(!part.to_lowercase().contains("sev1"), "{part}");
    }
    outside.meant_for = Some(Recipient::from("customers@mail#1f"));
    let letter = compose(&outside);
    assert!(parse(&letter).body_text(0).unwrap().starts_with("Meant for customers@mail#1f"));
    assert!(parse(&letter).body_html(0).unwrap().contains("Meant for customers@mail#1f"));
}

/// Every tag is one that we write ourselves, with attributes that do nothing, and every link leads to a page.
fn only_known_tags(html: &str) {
    const TAGS: &str = " !doctype html head meta title body p h1 h2 h3 h4 h5 h6 strong em code pre ul ol li table \
                        thead tbody tr th td a br hr blockquote del ";
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        assert!(TAGS.contains(&format!(" {name} ")), "<{tag}> in {html}");
        let mut rest = tag.split_once(' ').map_or("", |(_, rest)| rest).trim();
        while let Some((name, tail)) = rest.split_once("=\"") {
            let (value, tail) = tail.split_once('"').unwrap();
            assert!(["style", "charset", "href", "rel", "start"].contains(&name), "{name} of <{tag}>");
            assert!(name != "href" || html::is_page(value), "{tag}");
            rest = tail.trim();
        }
        assert!(["", "html", "/"].contains(&rest), "{rest} of <{tag}>");
    }
}

#[test]
fn hostile_text_adds_no_header_and_no_active_mark_up() {
    let clean = compose(&attempt(sample::message()));
    let count = parse(&clean).headers().len();
    for payload in injection::corpus() {
        let letter = compose(&attempt(sample::saying(&payload)));
        assert!(letter.bytes.is_ascii(), "{payload:?}");
        let parsed = parse(&letter);
        assert_eq!(parsed.headers().len(), count, "{payload:?}");
        assert_eq!(parsed.parts.len(), 3, "{payload:?}");
        let subject = parsed.subject().unwrap();
        assert!(subject.chars().all(visible::is_visible), "{subject:?}");
        let html = parsed.body_html(0).unwrap();
        only_known_tags(&html);
        for part in [&*html, &*parsed.body_text(0).unwrap()] {
            let allowed = |c| matches!(c, '\r' | '\n' | '\t') || visible::is_visible(c);
            assert!(part.chars().all(allowed), "{payload:?}");
        }
    }
}

#[test]
fn lines_of_a_letter_stay_within_what_smtp_carries() {
    let long = Message {
        title: "日本語".repeat(500).into(),
        body: format!("{}\n{}", "x".repeat(5000), "ä".repeat(5000)).into(),
        reference: "r".repeat(500).into(),
        ..message()
    };
    let letter = compose(&attempt(long));
    for line in letter.bytes.split(|byte| *byte == b'\n') {
        assert!(line.len() <= 998, "{} bytes: {}", line.len(), String::from_utf8_lossy(line));
    }
    assert!(parse(&letter).subject().unwrap().chars().count() <= MAX_SUBJECT);
}

#[test]
fn a_long_body_is_cut_in_html_only() {
    let body: String = (0..20_000).map(|number| format!("- <item> {number}\n")).collect();
    let long = Message {
        body: body.into(),
        facts: vec![("<>&\"'".repeat(50).into(), "'".repeat(1000).into()); 100],
        ..message()
    };
    let letter = compose(&attempt(long));
    let parsed = parse(&letter);
    assert!(parsed.body_text(0).unwrap().contains("<item> 12000"));
    let html = parsed.body_html(0).unwrap();
    assert!(html.len() <= MAX_HTML && html.contains("Shortened"), "{} bytes", html.len());
    assert!(html.trim_end().ends_with("</html>"));
}
