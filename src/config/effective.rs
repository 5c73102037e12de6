//! The routing table as it was understood: each value of each row with the place that it comes from.

use super::diagnostic::{self, Source};
use super::route::{ALERTS_ONLY, Keys, Origin};
use crate::decide::{GroupBy, Row, RowKind, Via, ViaKey};
use crate::event::{Ladder, Name};
use std::fmt::Write;

/// One row's values, in the order of the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowOrigins {
    /// The row.
    pub row: Name,
    /// Its values.
    pub values: Vec<ValueOrigin>,
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueOrigin {
    /// The key.
    pub key: &'static str,
    /// What it came to, as it is understood: severities are expanded, audiences have their full names.
    pub value: String,
    /// `file:line`, `[defaults] file:line`, or `built-in`.
    pub from: String,
}

/// Every value of the row that is set or has a default.
pub(super) fn origins(keys: Keys<'_, '_>, row: &Row, ladder: &Ladder, sources: &[Source]) -> RowOrigins {
    let mut values = Vec::new();
    let mut show = |key: &'static str, value: Option<String>| {
        let from = match keys.origin(key) {
            Origin::Row(place) => diagnostic::line(sources, place),
            Origin::Defaults(place) => format!("[defaults] {}", diagnostic::line(sources, place)),
            Origin::BuiltIn => "built-in".to_owned(),
        };
        let meaningless = row.conditions.kind == RowKind::Incident && ALERTS_ONLY.contains(&key);
        values.extend(value.filter(|_| !meaningless).map(|value| ValueOrigin { key, value, from }));
    };
    let matchers = || row.conditions.matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    show("about", said(&row.about));
    show("was", said(&join(&row.was)));
    show("kind", Some(if row.conditions.kind == RowKind::Alert { "alert" } else { "incident" }.to_owned()));
    show("match", said(&matchers()));
    let expand = |set: crate::event::SeveritySet| {
        set.iter().map(|severity| ladder.name(severity)).collect::<Vec<_>>().join(", ")
    };
    show("severity", row.conditions.severity.map(expand));
    show("customer_impact", row.conditions.customer_impact.map(|flag| flag.to_string()));
    show("audience", Some(row.audience.to_string()));
    show("via", Some(via(&row.via)));
    let labels = match &row.group_by {
        GroupBy::All => "every label".to_owned(),
        GroupBy::Labels(labels) if labels.is_empty() => "nothing".to_owned(),
        GroupBy::Labels(labels) => labels.join(", "),
    };
    show("group_by", Some(labels));
    show("group_wait", Some(row.group_wait.to_string()));
    show("group_interval", Some(row.group_interval.to_string()));
    let never = || "never".to_owned();
    show("repeat_every", Some(row.repeat_every.map_or_else(never, |every| every.to_string())));
    show("max_alerts", Some(row.max_alerts.to_string()));
    show("dedupe_for", Some(row.dedupe_for.to_string()));
    show("throttle", row.throttle.map(|limit| format!("{} in {}", limit.max, limit.per)));
    show("stop", row.stop.then(|| "true".to_owned()));
    show("template", row.template.as_ref().map(ToString::to_string));
    RowOrigins { row: row.name.clone(), values }
}

/// Rows as `check --effective` prints them: one paragraph each.
pub(super) fn print(rows: &[RowOrigins]) -> String {
    let mut out = String::new();
    for row in rows {
        let _ = writeln!(out, "{}", row.row);
        let key = row.values.iter().map(|value| value.key.len()).max().unwrap_or_default();
        let width =
            row.values.iter().map(|value| value.value.chars().count()).max().unwrap_or_default().min(60);
        for value in &row.values {
            let _ = writeln!(out, "  {:key$}  {:width$}  {}", value.key, value.value, value.from);
        }
        out.push('\n');
    }
    out
}

fn via(via: &Via) -> String {
    match via {
        Via::Unsaid => "each address".to_owned(),
        Via::List(list) => join(list),
        Via::Map(map) => {
            let one = |(key, list): (&ViaKey, &Vec<Name>)| {
                let key = match key {
                    ViaKey::Kind(kind) => kind.as_str(),
                    ViaKey::Urgent => "urgent",
                    ViaKey::Other => "other",
                };
                format!("{key}: {}", join(list))
            };
            map.iter().map(one).collect::<Vec<_>>().join("; ")
        }
    }
}

fn join(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ")
}
