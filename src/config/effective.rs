//! The routing table as it was understood: each value of each row with the place that it comes from.

use super::channel::ChannelSettings;
use super::diagnostic::{self, Place, Source};
use super::route::{ALERTS_ONLY, Keys, Origin};
use crate::decide::{Approval, AtDue, Cadence, ChannelPolicy, GroupBy, Rhythm, Row, RowKind, Via, ViaKey};
use crate::event::{Ladder, Name, Span};
use std::collections::BTreeMap;
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
/// `team` is where the matchers stand that a team adds.
pub(super) fn origins(
    keys: Keys<'_, '_>,
    row: &Row,
    team: Option<Place>,
    ladder: &Ladder,
    sources: &[Source],
) -> RowOrigins {
    let mut values = Vec::new();
    let mut show = |key: &'static str, value: Option<String>| {
        let from = match keys.origin(key) {
            Origin::Row(place) => diagnostic::line(sources, place),
            Origin::Defaults(place) => format!("[defaults] {}", diagnostic::line(sources, place)),
            Origin::BuiltIn => "built-in".to_owned(),
        };
        let added = team
            .filter(|_| key == "match")
            .map(|place| format!("[team] {}", diagnostic::line(sources, place)));
        let from = match added {
            Some(added) if keys.origin(key) == Origin::BuiltIn => added,
            Some(added) => format!("{from}, {added}"),
            None => from,
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
    show("hours", row.conditions.hours.as_ref().map(ToString::to_string));
    show("lasting", row.conditions.lasting.map(|lasting| lasting.to_string()));
    keeping(row, &mut show);
    show("template", row.template.as_ref().map(ToString::to_string));
    RowOrigins { row: row.name.clone(), values }
}

/// How its audience is kept informed.
fn keeping(row: &Row, show: &mut impl FnMut(&'static str, Option<String>)) {
    let keeping = &row.keeping;
    let span = |span: Option<Span>| span.map(|span| span.to_string());
    let said = |text: String| (!text.is_empty()).then_some(text);
    show("first_within", span(keeping.first_within));
    show("after", said(join(&keeping.after)));
    show("update_every", keeping.update_every.map(rhythm));
    show("deadlines", said(keeping.deadlines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")));
    show("holding_update", keeping.no_holding_update.then(|| "false".to_owned()));
    show("approve", keeping.approval.is_some().then(|| "true".to_owned()));
    show("unapproved", keeping.approval.as_ref().map(unapproved));
    show("hold_resolved", span(keeping.hold_resolved));
    show("ack_within", span(keeping.ack_within));
    show("escalate_to", keeping.escalate_to.as_ref().map(ToString::to_string));
    show(
        "fallback",
        keeping
            .fallback
            .as_ref()
            .map(|fallback| format!("after {} by {}", fallback.after, join(&fallback.via))),
    );
}

/// What happens while nobody approves, in words.
fn unapproved(approval: &Approval) -> String {
    let others = approval.after.map(|after| {
        let whom = approval.escalate_to.as_ref().map_or("the owner", |audience| audience.as_str());
        format!("{whom} asked after {after}; ")
    });
    let at_due = match approval.at_due {
        AtDue::AgreedText => "an agreed text when due",
        AtDue::Nothing => "nothing when due",
    };
    format!("{}{at_due}", others.unwrap_or_default())
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

/// Channels as `check --effective` prints them: one line each, with where it leads.
pub(super) fn print_channels(
    policies: &BTreeMap<Name, ChannelPolicy>,
    channels: &BTreeMap<Name, ChannelSettings>,
) -> String {
    let mut out = String::new();
    for (name, policy) in policies {
        let leads_to = channels.get(name).map(|channel| channel.settings.leads_to()).unwrap_or_default();
        let _ = write!(out, "channel {name}: {} to {leads_to}, {} at once", policy.kind, policy.window);
        if let Some(limit) = policy.ceiling {
            let _ = write!(out, ", at most {} in {} for one recipient", limit.max, limit.per);
        }
        let _ = writeln!(out, ", given up after {}", policy.give_up_after);
    }
    out
}

/// The rhythm of rows that state none, as `check --effective` prints it (R22): one line.
pub(super) fn print_cadence(cadence: &Cadence, ladder: &Ladder) -> String {
    let of = |name: &String| {
        let every = ladder.find(name).map_or(Rhythm::OnChange, |severity| cadence.of(severity));
        format!("{name} {}", rhythm(every))
    };
    let all = ladder.names().iter().map(of).collect::<Vec<_>>().join(", ");
    format!(
        "cadence of rows about incidents to business and external audiences that state no update_every: {all}\n"
    )
}

fn rhythm(rhythm: Rhythm) -> String {
    rhythm.every().map_or_else(|| "on change".to_owned(), |every| every.to_string())
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
