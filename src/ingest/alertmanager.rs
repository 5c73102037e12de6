//! Alertmanager's API v2 as Prometheus speaks it: an array of alerts, read with as few copies as can be.

use super::json::{self, Object, Text, When};
use super::labels::Pairs;
use super::native::URL_BYTES_MAX;
use super::{Flags, Reading, Way, text};
use crate::decide::Garbage;
use crate::event::{AlertEvent, Event, Span, Status};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The most alerts in one request; Prometheus sends 256.
pub const ALERTS_MAX: usize = 4096;

/// How long an alert without `endsAt` is valid: Alertmanager's own `resolve_timeout` (R5).
pub const RESOLVE_TIMEOUT: Span = Span::from_mins(5);

#[derive(Deserialize)]
struct Posted<'a> {
    #[serde(borrow)]
    labels: Pairs<'a>,
    #[serde(borrow, default)]
    annotations: Pairs<'a>,
    #[serde(default, rename = "startsAt")]
    starts_at: When,
    #[serde(default, rename = "endsAt")]
    ends_at: When,
    #[serde(borrow, default, rename = "generatorURL")]
    url: Text<'a>,
}

/// Reads the alerts of one request, each for itself.
///
/// # Errors
/// Bytes that are no array of up to [`ALERTS_MAX`] elements.
pub fn read(bytes: &[u8], way: &Way) -> Result<Vec<Reading>, Garbage> {
    let no_list = |reason: String| super::reading::garbage(reason, bytes);
    let body = std::str::from_utf8(bytes).map_err(|_| no_list("not UTF-8".to_owned()))?;
    if let Some(readings) = all(body, way) {
        return Ok(readings);
    }
    // Something is wrong somewhere: look at each alert for itself, so that the others are taken.
    json::checked(bytes).map_err(|reason| no_list(reason.to_owned()))?;
    let alerts: Vec<&RawValue> = serde_json::from_str(body).map_err(|error| no_list(json::reason(&error)))?;
    if alerts.len() > ALERTS_MAX {
        return Err(no_list(format!("more than {ALERTS_MAX} alerts in one request")));
    }
    Ok(alerts.into_iter().map(|raw| one(raw.get(), way)).collect())
}

/// All alerts in one pass, or nothing if anything is wrong with any of them.
fn all(body: &str, way: &Way) -> Option<Vec<Reading>> {
    let alerts: Vec<Object<Posted<'_>>> = serde_json::from_str(body).ok()?;
    if alerts.len() > ALERTS_MAX {
        return None;
    }
    let good = |Object(posted)| {
        let mut flags = Flags::default();
        let event = alert(posted, way, &mut flags).ok()?;
        Some(Reading { event: Ok(Event::Alert(Box::new(event))), identity: None, flags })
    };
    alerts.into_iter().map(good).collect()
}

fn one(raw: &str, way: &Way) -> Reading {
    let mut flags = Flags::default();
    let event = serde_json::from_str::<Object<Posted<'_>>>(raw)
        .map_err(|error| Cow::Owned(json::reason(&error)))
        .and_then(|Object(posted)| alert(posted, way, &mut flags).map_err(Cow::Borrowed));
    match event {
        Ok(event) => Reading { event: Ok(Event::Alert(Box::new(event))), identity: None, flags },
        Err(reason) => Reading::garbage(reason, raw.as_bytes()),
    }
}

fn alert(posted: Posted<'_>, way: &Way, flags: &mut Flags) -> Result<AlertEvent, &'static str> {
    let (starts_at, ends_at) = (posted.starts_at.time, posted.ends_at.time);
    flags.time_dropped |= posted.starts_at.odd | posted.ends_at.odd;
    if starts_at.zip(ends_at).is_some_and(|(start, end)| end < start) {
        return Err("it ends before it starts");
    }
    let over = ends_at.filter(|end| *end <= way.received);
    let valid_until = ends_at.unwrap_or(way.received + RESOLVE_TIMEOUT);
    Ok(AlertEvent {
        source: way.source.clone(),
        status: if over.is_some() { Status::Resolved } else { Status::Firing },
        labels: posted.labels.into_labels(flags)?,
        annotations: posted.annotations.into_annotations(flags),
        starts_at,
        ends_at: over,
        url: text::page(&posted.url.0, URL_BYTES_MAX, flags),
        valid_until: over.is_none().then_some(valid_until),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Name, Time};

    fn time(text: &str) -> Time {
        Time::parse(text).unwrap().unwrap()
    }

    fn way() -> Way {
        let source = Name::from("prometheus");
        Way { lane: Name::from("http-alerts"), source, received: time("2026-11-21T14:00:00Z") }
    }

    fn only(json: &str) -> (AlertEvent, Flags) {
        let mut all = read(format!("[{json}]").as_bytes(), &way()).unwrap();
        let one = all.pop().unwrap();
        let Ok(Event::Alert(alert)) = one.event else { panic!("{one:?}") };
        (*alert, one.flags)
    }

    #[test]
    fn prometheus_own_alert_is_read_whole() {
        let (alert, flags) = only(
            r#"{"labels":{"alertname":"X","severity":"critical","empty":""},"annotations":{"summary":"5xx"},
            "startsAt":"2026-11-21T13:55:05.678Z","endsAt":"2026-11-21T14:04:00.000000001Z",
            "generatorURL":"http://prom/graph?g0.expr=up","unknown":[1,{"a":null}]}"#,
        );
        assert_eq!(alert.labels.to_string(), r#"{alertname="X", severity="critical"}"#);
        assert_eq!(alert.labels.get("severity"), Some("critical"));
        assert_eq!(alert.annotations.get("summary"), Some("5xx"));
        assert_eq!(alert.status, Status::Firing);
        assert_eq!(alert.starts_at, Some(time("2026-11-21T13:55:05.678Z")));
        assert_eq!((alert.ends_at, alert.valid_until), (None, Some(time("2026-11-21T14:04:00Z"))));
        assert_eq!(alert.url.as_deref(), Some("http://prom/graph?g0.expr=up"));
        assert_eq!(flags, Flags::default());
    }

    #[test]
    fn the_end_tells_firing_from_resolved_and_its_lack_is_five_minutes() {
        let status = |end: &str| {
            let (alert, flags) = only(&format!(r#"{{"labels":{{"a":"b"}},"endsAt":{end}}}"#));
            (alert.status, alert.valid_until.is_some(), alert.ends_at.is_some(), flags.time_dropped)
        };
        assert_eq!(status(r#""2026-11-21T14:00:00.001Z""#), (Status::Firing, true, false, false));
        assert_eq!(status(r#""2026-11-21T14:00:00Z""#), (Status::Resolved, false, true, false));
        assert_eq!(status(r#""0001-01-01T00:00:00Z""#), (Status::Firing, true, false, false));
        assert_eq!(status("null"), (Status::Firing, true, false, false));
        assert_eq!(status(r#""soon""#), (Status::Firing, true, false, true));
        let (alert, _) = only(r#"{"labels":{"a":"b"}}"#);
        assert_eq!(alert.valid_until, Some(time("2026-11-21T14:05:00Z")));
    }

    #[test]
    fn one_bad_alert_spoils_no_other() {
        let body = r#"[{"labels":{"a":"1"}},{"labels":{}},{"labels":{"a":2}},7,
            {"labels":{"a":"b"},"startsAt":"2026-11-21T13:00:00Z","endsAt":"2026-11-21T12:00:00Z"},
            {"annotations":{}},[{"a":"b"}],{"labels":{"a":"2"}}]"#;
        let all = read(body.as_bytes(), &way()).unwrap();
        let good: Vec<bool> = all.iter().map(|reading| reading.event.is_ok()).collect();
        assert_eq!(good, [true, false, false, false, false, false, false, true]);
        assert!(all.iter().filter_map(|r| r.event.as_ref().err()).all(|garbage| garbage.length > 0));
    }

    #[test]
    fn what_is_no_array_is_one_dead_letter() {
        let many = format!("[{}7]", "7,".repeat(ALERTS_MAX));
        for wrong in ["{}", "[", "", "[{}] x", &many, &"[".repeat(100_000)] {
            assert!(read(wrong.as_bytes(), &way()).is_err(), "{:.40}", wrong);
        }
        assert!(read(b"[{\"labels\":{\"a\":\"\xff\"}}]", &way()).is_err());
        assert!(read(b" [] ", &way()).unwrap().is_empty());
    }
}
