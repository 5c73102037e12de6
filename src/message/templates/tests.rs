//! Templates: what is refused and where, what they print, and that a message is never lost by one.

use super::*;
use crate::message::slot::{Filling, fill};
use crate::message::{Kind, Subject, Wording, compose, sample};
use jiff::tz::TimeZone;
use pulldown_cmark::{Event, Parser};

fn source(level: Disclosure, part: &str, text: &str) -> TemplateSource {
    let is = |name: &str| (name == part).then(|| text.into());
    let text =
        TemplateText { title: is("title"), short: is("short"), body: is("body"), ..Default::default() };
    TemplateSource {
        name: Name::from("mine"),
        agreed: false,
        texts: vec![text],
        level,
        places: vec!["customers".into()],
    }
}

/// The problems of one body, one in a line.
fn problems(level: Disclosure, text: &str) -> String {
    let problems = Templates::compile(vec![source(level, "body", text)]).err().unwrap_or_default();
    let line = |p: &TemplateProblem| format!("{}:{} {}; {}", p.line, p.column, p.message, p.hint);
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn body(level: Disclosure, text: &str) -> String {
    let templates = Templates::compile(vec![source(level, "body", text)]).unwrap();
    let name = Name::from("mine");
    let sample = sample::Incident::full();
    let message = compose(&sample.subject(Kind::Update), level, &templates, Some(&name), Wording::Free);
    let filling = Filling { zone: TimeZone::UTC, next_update: None, delay: None };
    fill(&message.body, &filling).into_owned()
}

#[test]
fn fields_above_the_level_are_refused_where_they_stand() {
    assert_eq!(
        problems(Disclosure::External, "Hello\n  {% for a in alerts %}{{ a.labels }}{% endfor %}"),
        "2:15 `alerts` is internal; this template is used for customers (external); \
         name only what external audiences may read, or use another template for them"
    );
    let text = "{% if false %}{{ impact.accounts }}{% endif %}{{ severity }}{{ expected_end.confidence }}";
    let found = problems(Disclosure::External, text);
    let lines: Vec<_> = found.lines().map(|line| line.split(';').next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "1:18 `impact.accounts` is business",
            "1:50 `severity` is business",
            "1:64 `expected_end.confidence` is business"
        ]
    );
    assert_eq!(problems(Disclosure::Business, text), "");
}

#[test]
fn mistakes_are_told_with_what_was_meant() {
    let inside = |text| problems(Disclosure::Internal, text);
    assert_eq!(inside("{{ comander }}"), "1:4 there is no field `comander`; did you mean `commander`?");
    assert_eq!(inside("{{ note | uper }}"), "1:11 there is no filter `uper`; did you mean `upper`?");
    assert_eq!(
        inside("\n{% include \"x\" %}"),
        "2:4 there is no statement `include`; there are if, elif, else, endif, for, endfor"
    );
    assert!(inside("{% set x = 1 %}").starts_with("1:4 there is no statement `set`"));
    assert!(inside("{{ 'x' * 100000 }}").starts_with("1:8 there is no multiplication"));
    assert!(inside("{% if note is odd %}{% endif %}").starts_with("1:15 there is no test `odd`"));
    assert!(inside("a\n{{ note").starts_with("2:"), "{}", inside("a\n{{ note"));
    let unknown = inside("{{ labels.team }}");
    assert!(unknown.starts_with("1:4 `labels.team` is not known in every case"), "{unknown}");
    assert_eq!(inside("{{ labels.team | default('none') }}"), "");
    let items = inside("{% for a in alerts %}{{ a.labelz }}{% endfor %}");
    assert!(items.starts_with("1:25 `a.labelz` is not known"), "{items}");
}

#[test]
fn loops_and_floods_are_refused_when_loaded() {
    let nested = "{% for a in note %}{% for b in note %}{% for c in note %}{{ a }}{% endfor %}{% endfor %}{% endfor %}";
    assert!(problems(Disclosure::Internal, nested).contains("50,000 steps"));
    let flood = format!("{{% for a in note %}}{}{{% endfor %}}", "x".repeat(5000));
    assert!(
        problems(Disclosure::Internal, &flood).contains("64 KiB"),
        "{}",
        problems(Disclosure::Internal, &flood)
    );
    let long = "x".repeat(70_000);
    assert!(problems(Disclosure::Internal, &long).contains("70000 bytes"));
    assert!(
        problems(Disclosure::Internal, "{{ note | join(note) | join(note) | join(note) }}")
            .contains("64 KiB")
    );
    assert!(!problems(Disclosure::Internal, &"(".repeat(200).replace('(', "{{ (")).is_empty());
}

#[test]
fn templates_print_what_they_are_given_and_the_promise() {
    let text = "Hi\n{{ title }}: {{ note }}\nSince {{ opened_at | time }}, {{ opened_at }}\n\
                {{ components | length }} {{ resolution }}|{{ scope.regions | join(', ') }}|\
                {% if resolution %}over{% else %}open{% endif %}";
    assert_eq!(
        body(Disclosure::External, text),
        "Hi\nPayments are failing for some customers: We are moving payments to a spare system\n\
         Since 2026-11-21 14:02 UTC, 2026-11-21T14:02:00Z\n1 |eu|open"
    );
    assert_eq!(body(Disclosure::External, "{{ next_update() }}x"), "x");
    let inside =
        "{% if needs %}{{ needs.what }}{% endif %}{% if not alerts %} no alerts{% endif %} {{ labels.team }}";
    let inside = inside.replace("labels.team", "labels.team | d");
    assert_eq!(body(Disclosure::Internal, &inside), "approve vendor support, 10,000 EUR no alerts payments");
}

#[test]
fn printed_text_forms_no_markup_and_no_slot() {
    let mut source = source(Disclosure::External, "body", "**Ours:** {{ note }}");
    source.texts[0].title = Some("{{ title }}".into());
    source.texts[0].short = Some("{{ note }}".into());
    let templates = Templates::compile(vec![source]).unwrap();
    let sample = sample::Incident::hostile();
    let message = compose(
        &sample.subject(Kind::Opening),
        Disclosure::External,
        &templates,
        Some(&Name::from("mine")),
        Wording::Free,
    );
    assert!(message.body.starts_with("**Ours:** \\<\\!channel\\>"), "{}", message.body);
    let markup =
        Parser::new(&message.body).filter(|event| !matches!(event, Event::Text(_) | Event::SoftBreak));
    assert_eq!(
        markup.filter(|event| !format!("{event:?}").contains("Paragraph")).count(),
        2,
        "only our own **"
    );
    assert!(!message.body.contains("\u{fdd0}t0\u{fdd1}"));
    assert!(!message.short.contains(['\n', '\u{1b}', '\u{202e}', '\u{fdd0}']), "{:?}", message.short);
    assert!(!message.title.contains('\n') && message.title.len() <= line::TITLE_MAX);
    assert!(message.body.ends_with(&slot::delay()) && message.body.contains(&slot::next_update()));
}

#[test]
fn a_template_that_fails_gives_the_built_in_message() {
    let templates = Templates::compile(vec![source(
        Disclosure::Internal,
        "body",
        "{% for a in note %}{{ a }}{{ a }}{{ a }}{{ a }}{{ a }}{{ a }}{% endfor %}",
    )])
    .unwrap();
    let name = Name::from("mine");
    let mut sample = sample::Incident::full();
    let written =
        compose(&sample.subject(Kind::Update), Disclosure::Internal, &templates, Some(&name), Wording::Free);
    assert!(written.body.starts_with("ffffff"));
    // More than the samples could show.
    sample.record.note.as_mut().unwrap().internal = Some("y".repeat(8000).into());
    let written =
        compose(&sample.subject(Kind::Update), Disclosure::Internal, &templates, Some(&name), Wording::Free);
    let builtin = compose(
        &sample.subject(Kind::Update),
        Disclosure::Internal,
        &Templates::default(),
        None,
        Wording::Free,
    );
    assert_eq!(written, builtin);
    let unknown = compose(
        &sample.subject(Kind::Update),
        Disclosure::Internal,
        &templates,
        Some(&Name::from("gone")),
        Wording::Free,
    );
    assert_eq!(unknown, builtin);
}

#[test]
fn a_template_never_reads_more_than_its_reader_may() {
    // As if somebody had used it for an audience that it was not checked for.
    let templates =
        Templates::compile(vec![source(Disclosure::Internal, "body", "led by {{ commander }}")]).unwrap();
    let sample = sample::Incident::full();
    let write = |level, templates: &Templates| {
        compose(&sample.subject(Kind::Update), level, templates, Some(&Name::from("mine")), Wording::Free)
    };
    assert!(write(Disclosure::Internal, &templates).body.starts_with("led by jonas"));
    for level in [Disclosure::Business, Disclosure::External] {
        assert_eq!(write(level, &templates), write(level, &Templates::default()));
    }
}

#[test]
fn loops_tests_and_comments_work() {
    let text = "{# {{ nothing }} #}{% for name in scope.regions -%}{{ loop.index }} {{ name | upper }}{% else %}none\
                {% endfor %}{% if stage is eq 'identified' and workaround is not none %} known{% endif %}";
    assert_eq!(body(Disclosure::External, text), "1 EU known");
    let alerts = "{% for a in alerts if a.status == 'firing' %}{{ a.labels.pod | default('-') }} \
                  {{ a.starts_at | time }} {{ a.annotations.summary | d | truncate(5) }}\n{% endfor %}{{ truncated }}";
    let templates = Templates::compile(vec![source(Disclosure::Internal, "short", alerts)]).unwrap();
    let sample = sample::Group::full();
    let written = compose(
        &sample.subject(Kind::Opening),
        Disclosure::Internal,
        &templates,
        Some(&Name::from("mine")),
        Wording::Free,
    );
    let filling = Filling { zone: TimeZone::UTC, next_update: None, delay: None };
    let short = fill(&written.short, &filling).into_owned();
    assert_eq!(short, "pay-1 2026-11-21 14:02 UTC 5x… pay-2 2026-11-21 14:02 UTC 5x… 0");
}

fn text(component: Option<&str>, phase: Option<Kind>, body: &str) -> TemplateText {
    let component = component.map(Into::into);
    TemplateText { component, phase, body: Some(body.into()), ..TemplateText::default() }
}

#[test]
fn the_most_exact_text_is_used_part_by_part() {
    let checkout = Some("Checkout and payment");
    let mut plain = text(None, None, "plain");
    plain.title = Some("Of us: {{ status }}".into());
    let texts = vec![
        plain,
        text(None, Some(Kind::Opening), "opening"),
        text(None, Some(Kind::Resolution), "over"),
        text(checkout, None, "checkout"),
        text(checkout, Some(Kind::Holding), "checkout, holding"),
        text(Some("Search"), Some(Kind::Opening), "search"),
    ];
    let source = TemplateSource { texts, ..source(Disclosure::External, "body", "") };
    let templates = Templates::compile(vec![source]).unwrap();
    let write = |sample: &sample::Incident, kind, hold| {
        let subject = Subject { hold, ..sample.subject(kind) };
        let name = Name::from("mine");
        let message = compose(&subject, Disclosure::External, &templates, Some(&name), Wording::Free);
        (message.title.to_string(), message.body.lines().next().unwrap_or_default().to_owned())
    };
    let mut sample = sample::Incident::full();
    let of = |body: &str| ("Of us: open".to_owned(), body.to_owned());
    assert_eq!(write(&sample, Kind::Opening, false), of("checkout"));
    assert_eq!(write(&sample, Kind::Holding, false), of("checkout, holding"));
    sample.record.component_names = vec!["Mail".into(), "Search".into()];
    assert_eq!(write(&sample, Kind::Opening, false), of("search"));
    assert_eq!(write(&sample, Kind::Update, false), of("plain"));
    let over = sample.resolved();
    assert_eq!(write(&over, Kind::Opening, false).1, "over");
    assert_eq!(write(&over, Kind::Resolution, true), of("plain"));
}

#[test]
fn an_agreed_template_names_enumerated_fields_and_is_never_mixed() {
    let agreed = |body: &str| TemplateSource { agreed: true, ..source(Disclosure::External, "body", body) };
    let problems = Templates::compile(vec![agreed("Hello,\n{{ stage_in_words }} {{ note }}")]).err().unwrap();
    assert_eq!((problems[0].line, problems[0].column), (2, 25));
    assert_eq!(
        problems[0].message,
        "`note` is free text, and this template is agreed on: it needs no approval"
    );
    assert!(problems[0].hint.contains("scope.share") && !problems[0].hint.contains("severity"));

    let body = "{% for c in components %}{{ c.name }} {% endfor %}{{ scope.share | d }} {{ stage_in_words }}";
    let templates = Templates::compile(vec![agreed(body)]).unwrap();
    let name = Name::from("mine");
    let mut sample = sample::Incident::full();
    sample.record.scope.as_mut().unwrap().share = Some("CANARY".into());
    for wording in [Wording::Free, Wording::Agreed] {
        let subject = sample.subject(Kind::Update);
        let message = compose(&subject, Disclosure::External, &templates, Some(&name), wording);
        assert!(message.body.starts_with("Checkout and payment  The cause is known"), "{}", message.body);
    }
    let free = Templates::compile(vec![source(Disclosure::External, "body", "ours: {{ note }}")]).unwrap();
    let write = |templates, name| {
        compose(&sample.subject(Kind::Holding), Disclosure::External, templates, name, Wording::Agreed)
    };
    assert_eq!(write(&free, Some(&name)), write(&Templates::default(), None));
}
