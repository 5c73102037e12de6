//! `[[incident]]`: rules by which alerts open incidents, and when those end by themselves.

use super::diagnostic::{self, Report, Source};
use super::key::{Form, Key, Section, Takes};
use super::table::{Document, Table, default_span};
use super::{environment, severity, suggest, walk};
use crate::decide::{GroupBy, IncidentRule};
use crate::event::{Ladder, Span};
use std::collections::BTreeMap;

/// The longest time in minutes that a rule may wait for.
const WEEK: u64 = 7 * 24 * 60;

/// `[[incident]]`.
pub(super) static SECTION: Section = Section {
    path: "incident",
    form: Form::Rows,
    in_team_file: true,
    open: false,
    about: "Opens an incident from alerts. Its events are like those that people send, with the source `tidings`; its id is `auto/NAME/HASH`, and its labels are those that its alerts have in common.",
    keys: &[
        Key {
            name: "name",
            takes: Takes::Name,
            default: "",
            about: "Its identity. Required. A team's is `team/NAME` elsewhere.",
        },
        Key { name: "about", takes: Takes::Text, default: "", about: "The sentence for people." },
        Key {
            name: "match",
            takes: Takes::Texts,
            default: "[]",
            about: "Matchers on an alert's labels, all of which must hold, as in [[route]].",
        },
        Key {
            name: "severity",
            takes: Takes::TextOrTexts,
            default: "",
            about: "Conditions on the alert's severity, as in [[route]]. Without one, any severity and none.",
        },
        Key {
            name: "lasting",
            takes: Takes::Duration(Span::ZERO, Span::from_mins(WEEK)),
            default: "\"0s\"",
            about: "For how long alerts must have met it without a break before an incident is opened.",
        },
        Key {
            name: "group_by",
            takes: Takes::Texts,
            default: "[]",
            about: "Labels: each combination of their values is an incident of its own; [] makes one of all.",
        },
        Key {
            name: "opens",
            takes: Takes::Text,
            default: "",
            about: "The severity of the incident. Without it, that of the worst alert, raised when a worse one comes.",
        },
        Key {
            name: "title",
            takes: Takes::Layers,
            default: "",
            about: "What the incident is called, by layer. Without it, insiders read the name of the alerts.",
        },
        Key {
            name: "note",
            takes: Takes::Layers,
            default: "",
            about: "What is said of it at first, by layer.",
        },
        Key {
            name: "customer_impact",
            takes: Takes::Flag,
            default: "",
            about: "Whether customers are affected.",
        },
        Key {
            name: "components",
            takes: Takes::Texts,
            default: "[]",
            about: "Affected components, by their ids in [component.ID].",
        },
        Key {
            name: "resolve_after",
            takes: Takes::DurationOrNever(Span::ZERO, Span::from_mins(WEEK)),
            default: "",
            about: "After how long without an alert it is resolved by itself. An update by a person takes it over: then only the owner is told. Without it, [incidents] `resolve_after`.",
        },
    ],
};

/// `[incidents] resolve_after`; `None` is never.
pub(super) fn resolve_after(document: &Document<'_>) -> Option<Span> {
    let table = document.one("incidents");
    match table.and_then(|table| table.get("resolve_after")) {
        Some(node) => node.span(),
        None => Some(default_span(&environment::INCIDENTS, "resolve_after")),
    }
}

/// The rules, in reading order.
pub(super) fn read(
    document: &Document<'_>,
    sources: &[Source],
    ladder: &Ladder,
    report: &Report,
) -> Vec<IncidentRule> {
    let tables = document.all("incident");
    let mut seen: BTreeMap<String, &Table<'_>> = BTreeMap::new();
    let mut rules = Vec::new();
    for table in tables {
        let rule = rule(document, table, ladder, report);
        let Some(rule) = rule else { continue };
        if let Some(other) = seen.insert(rule.name.to_string(), table) {
            let message = format!("there are two rules `{}`", rule.name);
            let first = diagnostic::line(sources, other.place_of("name"));
            let help = format!("the other one stands in {first}; give one of them another name");
            report.error("incident::twice", table.place_of("name"), message, help);
        }
        rules.push(rule);
    }
    rules
}

fn rule(
    document: &Document<'_>,
    table: &Table<'_>,
    ladder: &Ladder,
    report: &Report,
) -> Option<IncidentRule> {
    let mut matchers = walk::matchers(&table.texts("match"), report);
    if matchers.is_empty() && table.get("match").is_none() && table.get("severity").is_none() {
        let help = "add `match` or `severity`: without them every alert opens an incident";
        report.error("incident::no-condition", table.header, "this rule asks nothing of an alert", help);
    }
    if let Some(team) = document.team(table.header.file) {
        matchers.extend(team.matchers.iter().cloned());
    }
    let severity = table.get("severity").and_then(|node| severity::condition(node, ladder, report));
    let opens = table.text("opens").inspect(|text| {
        if ladder.find(text.value).is_none_or(|severity| !severity.is_some()) {
            let message = format!("`{}` is not on the ladder", text.value);
            let help = suggest::hint(text.value, "severity", ladder.names().iter().map(String::as_str));
            report.error("severity::unknown-severity", text.place, message, help);
        }
    });
    for id in table.texts("components") {
        if document.find("component", id.value).is_none() {
            let known = document.all("component").iter().map(|table| table.name.as_str());
            let help = suggest::hint(id.value, "component", known);
            report.error(
                "incident::unknown-component",
                id.place,
                format!("there is no component `{}`", id.value),
                help,
            );
        }
    }
    let by: Vec<Box<str>> = table.texts("group_by").iter().map(|label| label.value.into()).collect();
    let name = table.required("name", report)?.text()?;
    let layers = |key: &str| table.get(key).and_then(|node| node.layers());
    Some(IncidentRule {
        name: document.full_name(table.header.file, name),
        matchers,
        severity,
        lasting: table.span("lasting"),
        group_by: if by.iter().any(|label| &**label == "...") { GroupBy::All } else { GroupBy::Labels(by) },
        opens: opens.map(|text| text.value.into()),
        title: layers("title"),
        note: layers("note"),
        customer_impact: table.get("customer_impact").and_then(|node| node.flag()),
        components: table.texts("components").iter().map(|id| id.value.into()).collect(),
        resolve_after: match table.get("resolve_after") {
            Some(node) => node.span(),
            None => resolve_after(document),
        },
    })
}
