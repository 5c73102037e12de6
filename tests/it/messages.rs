//! The built-in messages as people read them: one file for each thing that is told and level; `UPDATE_EXPECT=1` rewrites.

use jiff::tz::TimeZone;
use std::fmt::Write;
use tidings::event::{Span, Time};
use tidings::message::sample::{Group, Incident};
use tidings::message::slot::{Filling, fill};
use tidings::message::{
    About, CaseStatus, DigestItem, Disclosure, Kind, Message, Subject, Templates, Wording, compose, title_at,
};

/// The message as a reader in UTC gets it half an hour before the promised next word.
fn read(message: &Message, delay: Option<Span>) -> String {
    let next_update = (message.status == CaseStatus::Open).then(|| Time::from_millis(1_795_271_520_000));
    let filling = Filling { zone: TimeZone::UTC, next_update, delay };
    let fill = |text: &str| fill(text, &filling).into_owned();
    let mut out = String::new();
    let severity = if message.severity.is_empty() { "-" } else { &message.severity };
    let urgent = if message.urgent { ", urgent" } else { "" };
    let _ = writeln!(out, "{severity}, {}{urgent}, {}", message.status.as_str(), message.reference);
    let _ = writeln!(
        out,
        "title: {}\nshort: {}\n\n{}\n",
        fill(&message.title),
        fill(&message.short),
        fill(&message.body)
    );
    for (name, value) in &message.facts {
        let _ = writeln!(out, "{name}: {}", fill(value));
    }
    for (name, url) in &message.links {
        let _ = writeln!(out, "{name} -> {url}");
    }
    out
}

fn data(message: &Message) -> String {
    let value: serde_json::Value = serde_json::from_str(message.data.get()).expect("data is JSON");
    format!("\ndata: {}\n", serde_json::to_string_pretty(&value).expect("it was JSON before"))
}

/// Every message of `subjects` for a reader of `level`, compared with what is kept in the file.
fn check(file: &str, level: Disclosure, subjects: &[(&str, Subject<'_>)]) {
    let mut out = String::new();
    for (index, (name, subject)) in subjects.iter().enumerate() {
        let message = compose(subject, level, &Templates::default(), None, Wording::Free);
        assert_eq!(*message.title, *title_at(subject, level), "the title is what digests call the case");
        let delay = (subject.kind == Kind::Escalation).then(|| Span::from_mins(3));
        let _ = writeln!(
            out,
            "{}== {name} ==\n{}",
            if index > 0 { "\n" } else { "" },
            read(&message, delay).trim_end()
        );
        if index == 0 {
            out.push_str(&data(&message));
        }
    }
    let path = format!("{}/tests/fixtures/messages/{file}-{level}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &out).expect("the fixture can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == out, "{path} is not what is written now; UPDATE_EXPECT=1 rewrites it:\n{out}");
}

#[test]
fn incidents() {
    let (full, sparse, hostile) = (Incident::full(), Incident::sparse(), Incident::hostile());
    let (over, sparse_over) = (full.clone().resolved(), sparse.clone().resolved());
    let (merged, written) = (full.clone().merged(), over.clone().written_up());
    let back = Subject { reopened: true, ..full.subject(Kind::Opening) };
    let lost = Subject { status: CaseStatus::Lost, ..full.subject(Kind::Update) };
    for level in Disclosure::ALL {
        let subjects = [
            ("opening", full.subject(Kind::Opening)),
            ("opening, reopened", back.clone()),
            ("update", full.subject(Kind::Update)),
            ("reminder", full.subject(Kind::Reminder)),
            ("escalation, late", full.subject(Kind::Escalation)),
            ("holding", full.subject(Kind::Holding)),
            ("resolution", over.subject(Kind::Resolution)),
            ("update, written up", written.subject(Kind::Update)),
            ("resolution, written up", written.subject(Kind::Resolution)),
            ("opening of which nothing is known", sparse.subject(Kind::Opening)),
            ("resolution of which nothing is known", sparse_over.subject(Kind::Resolution)),
            ("lost", lost.clone()),
            ("merged", merged.subject(Kind::Resolution)),
            ("hostile", hostile.subject(Kind::Opening)),
        ];
        check("incident", level, &subjects);
    }
}

#[test]
fn alerts() {
    let (full, sparse, hostile) = (Group::full(), Group::sparse(), Group::hostile());
    let (over, lost) = (full.clone().resolved(), full.clone().lost());
    let mut more = full.subject(Kind::Update);
    if let About::Alerts { truncated, firing, .. } = &mut more.about {
        *truncated = 97;
        *firing += 97;
    }
    for level in Disclosure::ALL {
        let subjects = [
            ("opening", full.subject(Kind::Opening)),
            ("update with more than is shown", more.clone()),
            ("reminder", full.subject(Kind::Reminder)),
            ("escalation, late", full.subject(Kind::Escalation)),
            ("holding", full.subject(Kind::Holding)),
            ("resolution", over.subject(Kind::Resolution)),
            ("lost", lost.subject(Kind::Update)),
            ("one alert without a word about it", sparse.subject(Kind::Opening)),
            ("hostile", hostile.subject(Kind::Opening)),
        ];
        check("alerts", level, &subjects);
    }
}

#[test]
fn digests_and_notices() {
    let incident = Incident::full();
    let base = incident.subject(Kind::Digest);
    for level in Disclosure::ALL {
        let item = |title: &str, status, severity: &str| DigestItem {
            title: title.into(),
            level,
            status,
            severity: severity.into(),
            reference: "ref".into(),
            at: base.changed_at,
        };
        let shown = [
            item(&title_at(&base, level), CaseStatus::Open, "sev1"),
            item("*Slow* <!channel>", CaseStatus::Resolved, "sev2"),
            item("Disk is full", CaseStatus::Lost, "none"),
            item("Made for somebody else", CaseStatus::Open, "sev3"),
        ];
        let digest =
            |reason| Subject { about: About::Digest { reason, shown: &shown, total: 9 }, ..base.clone() };
        let about = About::Notice {
            title: "A dead letter",
            text: "Delivery 17 to mara@sms was given up: the provider refuses it.",
            level: Disclosure::Internal,
        };
        let subjects = [
            ("throttled", digest("throttled")),
            ("while down", digest("while down")),
            ("first start", digest("first start")),
            ("notice", Subject { kind: Kind::Notice, severity: "", urgent: false, about, ..base.clone() }),
        ];
        check("desk", level, &subjects);
    }
}
