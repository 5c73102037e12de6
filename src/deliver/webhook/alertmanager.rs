//! The body of Alertmanager's webhooks, version 4, made from the structured case of an internal message.
//!
//! `message.data` of a group of alerts is an object with `group_labels`, `alerts` (each `fingerprint`, `status`,
//! `labels`, `annotations`, `starts_at`, `ends_at`, `url`), `firing`, `truncated`, `route` and `audience`. Every other
//! case becomes one alert, so that a receiver hears of it too. It is read borrowed: nothing of it is copied on the way.

use super::table::{Map, Table, Text};
use crate::deliver::Attempt;
use crate::event::Time;
use crate::message::{CaseStatus, Kind, slot};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write;

/// What Go programs write for a time that is not set: the end of an alert that still fires.
const UNSET: &str = "0001-01-01T00:00:00Z";

/// Room for the body beyond the size of the case, in bytes.
const FRAME: usize = 1024;

#[derive(Deserialize)]
struct Group<'a> {
    #[serde(borrow, default)]
    group_labels: Option<Table<'a>>,
    #[serde(borrow, default)]
    alerts: Vec<Item<'a>>,
    #[serde(default)]
    firing: u64,
    #[serde(default)]
    truncated: u64,
    #[serde(borrow, default)]
    route: Text<'a>,
    #[serde(borrow, default)]
    audience: Text<'a>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    fingerprint: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    /// Objects of texts, passed on as they stand unless something is to be added or compared.
    #[serde(borrow)]
    labels: &'a RawValue,
    #[serde(borrow)]
    annotations: &'a RawValue,
    #[serde(borrow)]
    starts_at: Text<'a>,
    #[serde(borrow, default)]
    ends_at: Option<Text<'a>>,
    #[serde(borrow, default)]
    url: Option<Text<'a>>,
}

/// The body, its keys in Alertmanager's own order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    receiver: &'a str,
    status: &'static str,
    alerts: Vec<Alert<'a>>,
    group_labels: Map<'a>,
    common_labels: Pairs<'a>,
    common_annotations: Pairs<'a>,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    group_key: String,
    truncated_alerts: u64,
    #[serde(rename = "notification_reason")]
    reason: &'static str,
    route_labels: Map<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    status: &'static str,
    labels: Pairs<'a>,
    annotations: Pairs<'a>,
    starts_at: Cow<'a, str>,
    ends_at: Cow<'a, str>,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    fingerprint: Cow<'a, str>,
}

/// An object of texts.
#[derive(Serialize)]
#[serde(untagged)]
enum Pairs<'a> {
    /// As it stands in the case.
    Same(&'a RawValue),
    /// Put together.
    New(Map<'a>),
}

/// The labels and annotations of an alert, read.
struct Read<'a> {
    labels: Table<'a>,
    annotations: Table<'a>,
}

impl<'a> Read<'a> {
    fn of(item: &Item<'a>) -> serde_json::Result<Read<'a>> {
        let labels = serde_json::from_str(item.labels.get())?;
        Ok(Read { labels, annotations: serde_json::from_str(item.annotations.get())? })
    }
}

/// The body for one attempt.
///
/// # Errors
/// That the case cannot be read.
pub fn body(attempt: &Attempt, external_url: &str) -> serde_json::Result<Vec<u8>> {
    let data = attempt.message.data.get();
    // Only a group of alerts has group labels; the case of a notice may be no object at all.
    let Some(group) = serde_json::from_str::<Option<Group<'_>>>(data)? else {
        return single(attempt, external_url);
    };
    let Some(group_labels) = &group.group_labels else {
        return single(attempt, external_url);
    };
    // One alert, the rule in a flood, is passed on as it is.
    let alone = group.alerts.len() == 1 && attempt.meant_for.is_none() && &*group.alerts[0].status != "lost";
    let read: Vec<Read<'_>> =
        if alone { Vec::new() } else { group.alerts.iter().map(Read::of).collect::<Result<_, _>>()? };
    let both = group.alerts.iter().enumerate().map(|(index, item)| (item, read.get(index)));
    let alerts: Vec<Alert<'_>> = both.map(|(item, read)| alert(item, read, attempt)).collect();
    let (common_labels, common_annotations) = match &group.alerts[..] {
        [item] if alone => (Pairs::Same(item.labels), Pairs::Same(item.annotations)),
        _ => (
            Pairs::New(Map::common(read.iter().map(|read| &read.labels))),
            Pairs::New(Map::common(read.iter().map(|read| &read.annotations))),
        ),
    };
    let firing = group.firing > 0 || alerts.iter().any(|alert| alert.status == "firing");
    let body = Body {
        receiver: &group.audience,
        status: if firing { "firing" } else { "resolved" },
        common_labels,
        common_annotations,
        alerts,
        group_key: group_key(&group.route, group_labels),
        group_labels: Map::of(group_labels),
        external_url,
        version: "4",
        truncated_alerts: group.truncated,
        reason: reason(attempt.message.kind),
        route_labels: Map::from_pairs([("route", &*group.route)]),
    };
    write(&body, data.len() * 2 + FRAME)
}

/// Says whom it was meant for, where everything is redirected (R40).
fn mark<'a>(annotations: &mut Map<'a>, attempt: &'a Attempt) {
    if let Some(recipient) = &attempt.meant_for {
        annotations.push("tidings_meant_for", recipient.as_str());
    }
}

fn alert<'a>(item: &'a Item<'a>, read: Option<&'a Read<'a>>, attempt: &'a Attempt) -> Alert<'a> {
    let resolved = &*item.status == "resolved";
    let (labels, annotations) = match read {
        None => (Pairs::Same(item.labels), Pairs::Same(item.annotations)),
        Some(read) => {
            let mut annotations = Map::of(&read.annotations);
            if &*item.status == "lost" {
                // Alertmanager has no word for it, and it is not over: a receiver must not close it (R5).
                annotations.push("tidings_status", "lost");
            }
            mark(&mut annotations, attempt);
            (Pairs::New(Map::of(&read.labels)), Pairs::New(annotations))
        }
    };
    let ends_at = match (&item.ends_at, resolved) {
        (Some(end), true) => Cow::Borrowed(&**end),
        (None, true) => Cow::Owned(attempt.decided_at.to_string()),
        (_, false) => Cow::Borrowed(UNSET),
    };
    Alert {
        status: if resolved { "resolved" } else { "firing" },
        labels,
        annotations,
        starts_at: Cow::Borrowed(&item.starts_at),
        ends_at,
        generator_url: item.url.as_deref().unwrap_or_default(),
        fingerprint: Cow::Borrowed(&item.fingerprint),
    }
}

/// The body for what is no group of alerts: an incident, a digest, a notice, a test message.
fn single(attempt: &Attempt, external_url: &str) -> serde_json::Result<Vec<u8>> {
    let message = &*attempt.message;
    let filled = |text| slot::fill(text, &attempt.filling);
    let (title, short, text) = (filled(&message.title), filled(&message.short), filled(&message.body));
    let resolved = message.status == CaseStatus::Resolved;
    let status = if resolved { "resolved" } else { "firing" };
    let time = |time: Time| Cow::Owned(time.to_string());
    let labels = || {
        Map::from_pairs([
            ("alertname", &*message.reference),
            ("severity", &*message.severity),
            ("tidings_kind", message.kind.as_str()),
        ])
    };
    let annotations = || {
        let mut pairs = Map::from_pairs([("description", &*text), ("summary", &*short), ("title", &*title)]);
        mark(&mut pairs, attempt);
        pairs
    };
    let recipient = attempt.recipient.as_str();
    let body = Body {
        receiver: recipient.split('@').next().unwrap_or(recipient),
        status,
        alerts: vec![Alert {
            status,
            labels: Pairs::New(labels()),
            annotations: Pairs::New(annotations()),
            starts_at: time(attempt.decided_at),
            ends_at: if resolved { time(attempt.decided_at) } else { Cow::Borrowed(UNSET) },
            generator_url: message.links.first().map_or("", |(_, url)| url),
            fingerprint: Cow::Owned(format!("{:016x}", attempt.thread.short())),
        }],
        group_labels: Map::from_pairs([("alertname", &*message.reference)]),
        common_labels: Pairs::New(labels()),
        common_annotations: Pairs::New(annotations()),
        external_url,
        version: "4",
        group_key: format!("{{}}:{{alertname={:?}}}", message.reference),
        truncated_alerts: 0,
        reason: reason(message.kind),
        route_labels: Map::default(),
    };
    write(&body, FRAME + 2 * (text.len() + short.len() + title.len()))
}

fn write(body: &Body<'_>, room: usize) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(room);
    serde_json::to_writer(&mut out, body)?;
    Ok(out)
}

/// The same for every message of a group, as Alertmanager writes it: `{}/{route="…"}:{alertname="…", cluster="…"}`.
fn group_key(route: &str, labels: &Table<'_>) -> String {
    let mut key = format!("{{}}/{{route={route:?}}}:{{");
    for (index, (name, value)) in labels.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(key, "{comma}{name}={value:?}");
    }
    key.push('}');
    key
}

/// The words that Alertmanager gives for why it speaks.
fn reason(kind: Kind) -> &'static str {
    match kind {
        Kind::Opening => "first notification",
        Kind::Reminder => "repeat interval elapsed",
        Kind::Resolution => "all alerts resolved",
        Kind::Update | Kind::Escalation | Kind::Holding | Kind::Digest | Kind::Notice => "unknown",
    }
}

#[cfg(test)]
mod tests;
