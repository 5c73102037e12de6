//! Tidings' own JSON (DESIGN, section 9): one alert or incident event from bytes, and back.

use super::json::{self, Object, Text, When};
use super::labels::Pairs;
use super::reading::{EVENT_BYTES_MAX, garbage, identity_of_id};
use super::{Flags, Reading, Way, incident, text};
use crate::decide::{Garbage, Identity};
use crate::event::{AlertEvent, Event, Name, Status};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use std::borrow::Cow;

/// The longest `source`, `id` and `incident`, in bytes.
pub const ID_BYTES_MAX: usize = 256;
/// The longest address of a page, in bytes.
pub(super) const URL_BYTES_MAX: usize = 8 * 1024;

/// Which type of event the bytes are meant to be, where something around them says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Alert,
    Incident,
}

/// What every native event has.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default, rename = "type")]
    sort: Text<'a>,
    #[serde(borrow, default)]
    source: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
}

/// An alert event: one label set that fires or is resolved. Unknown fields are ignored.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "Tidings alert event")]
pub(super) struct RawAlert<'a> {
    /// `alert`; not needed in a CloudEvent of type `tidings.alert.v1`.
    #[serde(borrow, default, rename = "type")]
    #[schemars(with = "AlertWord")]
    _sort: Text<'a>,
    /// Who says it; the name of the way in when it is absent.
    #[serde(borrow, default, rename = "source")]
    #[schemars(with = "Option<String>", length(max = 256))]
    _source: Text<'a>,
    /// The source's own id of this event: the same id again is the same event, and must have the same body.
    #[serde(borrow, default, rename = "id")]
    #[schemars(with = "Option<String>", length(max = 256))]
    _id: Text<'a>,
    /// Whether it fires; when absent, it does unless `ends_at` has passed.
    #[serde(default)]
    status: Option<StatusWord>,
    /// What the alert is; at least one label that is not empty.
    #[serde(borrow)]
    labels: Pairs<'a>,
    /// What is said about it.
    #[serde(borrow, default)]
    annotations: Pairs<'a>,
    /// Since when it fires.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    starts_at: When,
    /// When it ended; on a firing one, and in the future, until when it is valid unless it is sent again.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    ends_at: When,
    /// A page about it, `http` or `https`.
    #[serde(borrow, default)]
    #[schemars(with = "Option<String>")]
    url: Text<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum StatusWord {
    Firing,
    Resolved,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum AlertWord {
    Alert,
}

/// Reads one event. Never fails: what is no event is a dead letter.
pub fn read(bytes: &[u8], way: &Way) -> Reading {
    read_as(bytes, None, way)
}

/// Reads one event whose type may already be known from a CloudEvent around it.
pub(super) fn read_as(bytes: &[u8], sort: Option<Sort>, way: &Way) -> Reading {
    let mut flags = Flags::default();
    match parse(bytes, sort, way, &mut flags) {
        Ok((event, identity)) => Reading { event: Ok(event), identity, flags },
        Err(reason) => Reading { event: Err(garbage(reason, bytes)), identity: None, flags },
    }
}

fn parse(
    bytes: &[u8],
    sort: Option<Sort>,
    way: &Way,
    flags: &mut Flags,
) -> Result<(Event, Option<Identity>), Cow<'static, str>> {
    if bytes.len() > EVENT_BYTES_MAX {
        return Err("longer than 256 KiB".into());
    }
    let body = json::checked(bytes)?;
    let wrong = |error: serde_json::Error| Cow::Owned(json::reason(&error));
    let Object(head): Object<Head<'_>> = serde_json::from_str(body).map_err(wrong)?;
    if head.source.0.len() > ID_BYTES_MAX || head.id.0.len() > ID_BYTES_MAX {
        return Err("its source or id is longer than 256 bytes".into());
    }
    let source = match text::line(head.source.0, ID_BYTES_MAX, flags) {
        none if none.is_empty() => way.source.clone(),
        own => Name::from(own.as_ref()),
    };
    let stated = match head.sort.0.as_ref() {
        "" => None,
        "alert" => Some(Sort::Alert),
        "incident" => Some(Sort::Incident),
        _ => return Err("its type is neither \"alert\" nor \"incident\"".into()),
    };
    let identity =
        (!head.id.0.is_empty()).then(|| identity_of_id(&way.lane, source.as_str(), &head.id.0, bytes));
    let event = match (stated, sort) {
        (Some(a), Some(b)) if a != b => return Err("its type is not that of the CloudEvent around it".into()),
        (Some(Sort::Alert), _) | (None, Some(Sort::Alert)) => {
            let Object(raw) = serde_json::from_str(body).map_err(wrong)?;
            Event::Alert(Box::new(alert(raw, source, way, flags)?))
        }
        (Some(Sort::Incident), _) | (None, Some(Sort::Incident)) => {
            let Object(raw) = serde_json::from_str(body).map_err(wrong)?;
            Event::Incident(Box::new(incident::event(raw, source, way, flags)?))
        }
        (None, None) => return Err("it has no type".into()),
    };
    Ok((event, identity))
}

fn alert(raw: RawAlert<'_>, source: Name, way: &Way, flags: &mut Flags) -> Result<AlertEvent, &'static str> {
    flags.time_dropped |= raw.starts_at.odd | raw.ends_at.odd;
    let over = raw.ends_at.time.is_some_and(|end| end <= way.received);
    let resolved = raw.status.map_or(over, |word| word == StatusWord::Resolved);
    let lease = raw.ends_at.time.filter(|_| !resolved && !over);
    // A firing alert that has already ended contradicts itself: its word counts, not its time.
    flags.time_dropped |= !resolved && over;
    Ok(AlertEvent {
        source,
        status: if resolved { Status::Resolved } else { Status::Firing },
        labels: raw.labels.into_labels(flags)?,
        annotations: raw.annotations.into_annotations(flags),
        starts_at: raw.starts_at.time,
        ends_at: raw.ends_at.time.filter(|_| resolved),
        url: text::page(&raw.url.0, URL_BYTES_MAX, flags),
        valid_until: lease,
    })
}

/// The native JSON of an event: what [`read`] reads as the same event.
pub fn write(event: &Event) -> serde_json::Value {
    match event {
        Event::Alert(alert) => json!({
            "type": "alert",
            "source": alert.source,
            "status": if alert.status == Status::Resolved { "resolved" } else { "firing" },
            "labels": alert.labels,
            "annotations": alert.annotations,
            "starts_at": alert.starts_at,
            "ends_at": alert.ends_at.or(alert.valid_until),
            "url": alert.url,
        }),
        Event::Incident(incident) => {
            let mut value = json!(incident);
            value["type"] = json!("incident");
            value
        }
    }
}

/// Whether what was read is, or was meant to be, an incident event; a dead letter is taken for an alert.
pub(super) fn is_incident(event: &Result<Event, Garbage>) -> bool {
    matches!(event, Ok(Event::Incident(_)))
}

#[cfg(test)]
mod tests;
