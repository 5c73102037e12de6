//! Whatever events hold, the built-in messages stay within their bounds and form no mark-up but their own.

use super::parts::ends;
use crate::event::{Labels, Name, Status, Time};
use crate::message::sample::{Group, HOSTILE, Incident};
use crate::message::{
    About, AlertItem, CaseStatus, DigestItem, Disclosure, Kind, Message, Subject, Templates, Wording,
    compose, line, slot,
};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

fn write(subject: &Subject<'_>, level: Disclosure) -> Message {
    compose(subject, level, &Templates::default(), None, Wording::Free)
}

/// The sorts of mark-up that a body forms beyond paragraphs, bold words and lists.
fn foreign(body: &str) -> Vec<String> {
    let all = Options::all() - Options::ENABLE_SMART_PUNCTUATION;
    let ours = |event: &Event<'_>| {
        matches!(
            event,
            Event::Text(_)
                | Event::SoftBreak
                | Event::Start(
                    Tag::Paragraph | Tag::Strong | Tag::List(None) | Tag::Item | Tag::BlockQuote(None)
                )
                | Event::End(
                    TagEnd::Paragraph
                        | TagEnd::Strong
                        | TagEnd::List(false)
                        | TagEnd::Item
                        | TagEnd::BlockQuote(None)
                )
        )
    };
    Parser::new_ext(body, all).filter(|event| !ours(event)).map(|event| format!("{event:?}")).collect()
}

fn check(message: &Message) {
    assert_eq!(foreign(&message.body), Vec::<String>::new(), "{}", message.body);
    for text in [&message.title, &message.short] {
        assert!(!text.contains(['\n', '\r', '\u{1b}', '\u{0}', '\u{202e}', '\u{2028}']), "{text:?}");
    }
    assert!(message.title.len() <= line::TITLE_MAX && message.short.len() <= line::SHORT_MAX);
    assert!(message.body.contains(slot::NEXT_UPDATE) && message.body.ends_with(slot::DELAY));
    let texts =
        message.facts.iter().map(|(_, value)| value).chain([&message.title, &message.short, &message.body]);
    texts.for_each(|text| assert!(!text.contains("\u{fdd0}t0\u{fdd1}"), "a forged slot: {text}"));
    assert!(message.links.iter().all(|(_, url)| url.starts_with("http")), "{:?}", message.links);
    assert!(!message.data.get().contains(['\u{fdd0}', '\u{202e}']), "data holds no slots");
}

#[test]
fn hostile_events_form_no_markup_and_no_slots() {
    let incidents = [Incident::hostile(), Incident::hostile().resolved()];
    let groups = [Group::hostile(), Group::hostile().resolved(), Group::hostile().lost()];
    for level in Disclosure::ALL {
        let item = DigestItem {
            title: HOSTILE.into(),
            level,
            status: CaseStatus::Open,
            severity: HOSTILE.into(),
            reference: HOSTILE.into(),
            at: Time::from_millis(1),
        };
        let items = [item];
        for kind in Kind::ALL {
            incidents.iter().for_each(|sample| check(&write(&sample.subject(kind), level)));
            groups.iter().for_each(|sample| check(&write(&sample.subject(kind), level)));
            let about = About::Digest { reason: HOSTILE, shown: &items, total: usize::MAX };
            check(&write(&Subject { about, ..incidents[0].subject(kind) }, level));
            let about = About::Notice { title: HOSTILE, text: HOSTILE, level };
            check(&write(&Subject { about, ..incidents[0].subject(kind) }, level));
        }
    }
}

#[test]
fn a_flood_is_counted_and_the_promise_still_stands_at_the_end() {
    let long = "x".repeat(10_000);
    let labels: Vec<_> = (0..100)
        .map(|n| Labels::from_pairs([("alertname", "Down"), ("pod", &*format!("pod-{n}")), ("long", &long)]))
        .collect();
    let annotations = Labels::from_pairs([("summary", long.as_str()), ("description", "d")]);
    let source = Name::from("prometheus");
    let shown = labels.iter().map(|labels| AlertItem {
        fingerprint: labels.fingerprint(),
        status: Status::Firing,
        severity: "sev1",
        labels,
        annotations: &annotations,
        starts_at: Time::from_millis(1),
        ends_at: None,
        url: None,
        source: &source,
    });
    let about =
        About::Alerts { group: &labels[0], shown: shown.collect(), firing: 150, ended: 0, truncated: 50 };
    let sample = Group::full();
    let message = write(&Subject { about, ..sample.subject(Kind::Opening) }, Disclosure::Internal);
    check(&message);
    assert!(message.body.len() < 64 * 1024, "{}", message.body.len());
    let listed = message.body.matches("FIRING").count();
    assert!(listed > 0 && message.body.contains(&format!("and {} more", 150 - listed)), "{listed}");

    let mut incident = Incident::full();
    incident.record.note.as_mut().unwrap().public = Some(long.as_str().into());
    incident.record.component_names = vec!["component".into(); 1000];
    let message = write(&incident.subject(Kind::Opening), Disclosure::External);
    check(&message);
    assert!(
        message.body.len() < 64 * 1024 && message.body.contains("and 990 more"),
        "{}",
        message.body.len()
    );
}

#[test]
fn titles_stay_while_the_case_goes_on() {
    let incident = Incident::full();
    let (over, group) = (incident.clone().resolved(), Group::full());
    let group_over = group.clone().resolved();
    for level in Disclosure::ALL {
        let first = write(&incident.subject(Kind::Opening), level);
        for kind in Kind::ALL {
            assert_eq!(write(&over.subject(kind), level).title, first.title);
            assert_eq!(write(&over.subject(kind), level).reference, first.reference);
            let group = write(&group.subject(Kind::Opening), level);
            assert_eq!(write(&group_over.subject(kind), level).title, group.title);
        }
    }
    assert!(ends("Is it?") && !ends("It is"));
}
