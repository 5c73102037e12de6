//! CloudEvents 1.0 around native events: structured and binary, over HTTP and NATS; the batch is HTTP's.

use super::json::{self, Object, Text, When};
use super::native::{self, Sort};
use super::reading::{EVENT_BYTES_MAX, garbage, identity_of_id};
use super::{Reading, Way, text};
use crate::event::{Event, Name};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The longest `source`, `id` and `type`, in bytes.
const ATTRIBUTE_BYTES_MAX: usize = native::ID_BYTES_MAX;

/// How a message carries its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The body is a CloudEvent as JSON.
    Structured,
    /// The body is a list of CloudEvents as JSON.
    Batch,
    /// The headers are the CloudEvent's attributes, the body its data.
    Binary,
}

/// What stands around the data.
#[derive(Default)]
struct Attributes<'a> {
    specversion: Cow<'a, str>,
    sort: Cow<'a, str>,
    source: Cow<'a, str>,
    id: Cow<'a, str>,
    datacontenttype: Cow<'a, str>,
    time: When,
}

#[derive(Deserialize)]
struct Structured<'a> {
    #[serde(borrow, default)]
    specversion: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    sort: Text<'a>,
    #[serde(borrow, default)]
    source: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    datacontenttype: Text<'a>,
    #[serde(default)]
    time: When,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data_base64: Option<Text<'a>>,
}

/// How the message with these headers carries a CloudEvent, if it is one. Names are compared without case.
pub fn mode<'h>(headers: impl Iterator<Item = (&'h str, &'h str)>) -> Option<Mode> {
    let mut binary = None;
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("content-type") {
            let value = value.trim_start().to_ascii_lowercase();
            if value.starts_with("application/cloudevents-batch") {
                return Some(Mode::Batch);
            }
            if value.starts_with("application/cloudevents") {
                return Some(Mode::Structured);
            }
        } else if name.eq_ignore_ascii_case("ce-specversion") || name.eq_ignore_ascii_case("ce-type") {
            binary = Some(Mode::Binary);
        }
    }
    binary
}

/// Reads a structured CloudEvent.
pub fn structured(bytes: &[u8], way: &Way) -> Reading {
    match unwrap(bytes) {
        Ok((attributes, data)) => finish(attributes, &data, bytes, way),
        Err(reason) => Reading::garbage(reason, bytes),
    }
}

/// Reads a binary CloudEvent: its attributes from `ce-` headers, whose values are percent-encoded.
pub fn binary<'h>(headers: impl Iterator<Item = (&'h str, &'h str)>, payload: &[u8], way: &Way) -> Reading {
    let mut attributes = Attributes::default();
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("content-type") {
            attributes.datacontenttype = Cow::Borrowed(value);
            continue;
        }
        let Some(name) = name.get(..3).filter(|p| p.eq_ignore_ascii_case("ce-")).map(|_| &name[3..]) else {
            continue;
        };
        let Ok(value) = percent_encoding::percent_decode_str(value).decode_utf8() else {
            return Reading::garbage("a CloudEvents header is not UTF-8 once it is decoded", payload);
        };
        match name.to_ascii_lowercase().as_str() {
            "specversion" => attributes.specversion = value,
            "type" => attributes.sort = value,
            "source" => attributes.source = value,
            "id" => attributes.id = value,
            "datacontenttype" => attributes.datacontenttype = value,
            "time" => attributes.time = When::read(&value),
            _ => {}
        }
    }
    finish(attributes, payload, payload, way)
}

fn unwrap(bytes: &[u8]) -> Result<(Attributes<'_>, Cow<'_, [u8]>), Cow<'static, str>> {
    // Base64 makes the data a third longer than it is.
    if bytes.len() > EVENT_BYTES_MAX * 3 / 2 {
        return Err("longer than 256 KiB".into());
    }
    let body = json::checked(bytes)?;
    let Object(raw): Object<Structured<'_>> =
        serde_json::from_str(body).map_err(|error| json::reason(&error))?;
    let data = match (raw.data, raw.data_base64) {
        (Some(data), None) => Cow::Borrowed(data.get().as_bytes()),
        (None, Some(Text(coded))) => {
            Cow::Owned(STANDARD.decode(coded.as_bytes()).map_err(|_| "its data_base64 is not Base64")?)
        }
        (None, None) => return Err("a CloudEvent without data".into()),
        (Some(_), Some(_)) => return Err("a CloudEvent with both data and data_base64".into()),
    };
    let attributes = Attributes {
        specversion: raw.specversion.0,
        sort: raw.sort.0,
        source: raw.source.0,
        id: raw.id.0,
        datacontenttype: raw.datacontenttype.0,
        time: raw.time,
    };
    Ok((attributes, data))
}

/// Reads the data as what the attributes say it is; the identity is that of the CloudEvent (R4).
fn finish(attributes: Attributes<'_>, data: &[u8], raw: &[u8], way: &Way) -> Reading {
    let sort = match checked(&attributes) {
        Ok(sort) => sort,
        Err(reason) => return Reading::garbage(reason, raw),
    };
    let mut flags = super::Flags::default();
    let source = text::line(Cow::Borrowed(&attributes.source), ATTRIBUTE_BYTES_MAX, &mut flags);
    let way = Way { source: Name::from(source.as_ref()), ..way.clone() };
    let mut reading = native::read_as(data, Some(sort), &way);
    reading.identity = Some(identity_of_id(&way.lane, &attributes.source, &attributes.id, raw));
    reading.flags.time_dropped |= attributes.time.odd;
    match &mut reading.event {
        Ok(Event::Incident(incident)) => {
            incident.at = incident.at.or(attributes.time.time.map(|time| time.min(way.received)));
        }
        Ok(Event::Alert(_)) => {}
        // The dead letter keeps what came in, not what was unwrapped from it.
        Err(inner) => {
            let reason = std::mem::take(&mut inner.reason);
            reading.event = Err(garbage(reason, raw));
            reading.identity = None;
        }
    }
    reading
}

fn checked(attributes: &Attributes<'_>) -> Result<Sort, &'static str> {
    if attributes.specversion != "1.0" {
        return Err("a CloudEvent whose specversion is not 1.0");
    }
    if attributes.id.is_empty() || attributes.source.is_empty() {
        return Err("a CloudEvent without id or source");
    }
    if attributes.id.len() > ATTRIBUTE_BYTES_MAX || attributes.source.len() > ATTRIBUTE_BYTES_MAX {
        return Err("a CloudEvent whose id or source is longer than 256 bytes");
    }
    let media = attributes.datacontenttype.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !(media.is_empty() || media == "application/json" || media.ends_with("+json")) {
        return Err("a CloudEvent whose data is not JSON");
    }
    match attributes.sort.as_ref() {
        "tidings.alert.v1" => Ok(Sort::Alert),
        "tidings.incident.v1" => Ok(Sort::Incident),
        _ => Err("a CloudEvent whose type is neither tidings.alert.v1 nor tidings.incident.v1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Time;

    const DATA: &str = r#"{"labels":{"alertname":"A"},"status":"firing"}"#;

    fn way() -> Way {
        let received = Time::parse("2026-11-21T14:00:00Z").unwrap().unwrap();
        Way { lane: Name::from("lane"), source: Name::from("lane"), received }
    }

    fn wrapped(change: &[(&str, &str)]) -> Reading {
        let mut fields = vec![
            ("specversion", r#""1.0""#),
            ("type", r#""tidings.alert.v1""#),
            ("source", r#""/prom/eu""#),
            ("id", r#""1""#),
            ("data", DATA),
        ];
        fields.retain(|(name, _)| change.iter().all(|(other, _)| other != name));
        fields.extend_from_slice(change);
        let fields: Vec<String> =
            fields.iter().filter(|f| !f.1.is_empty()).map(|(n, v)| format!("\"{n}\":{v}")).collect();
        structured(format!("{{{}}}", fields.join(",")).as_bytes(), &way())
    }

    #[test]
    fn a_structured_event_has_the_identity_of_its_source_and_id() {
        let reading = wrapped(&[("extension", "[1,2]")]);
        let Ok(Event::Alert(alert)) = reading.event else { panic!("{reading:?}") };
        assert_eq!(alert.source.as_str(), "/prom/eu");
        let expected = identity_of_id(&Name::from("lane"), "/prom/eu", "1", b"").key;
        assert_eq!(reading.identity.unwrap().key, expected);
    }

    #[test]
    fn data_may_be_base64_and_is_one_of_the_two() {
        let coded = format!("\"{}\"", STANDARD.encode(DATA));
        assert!(wrapped(&[("data", ""), ("data_base64", &coded)]).event.is_ok());
        assert!(wrapped(&[("data", "null"), ("data_base64", &coded)]).event.is_ok());
        for wrong in [
            &[("data_base64", coded.as_str())][..],
            &[("data", "")],
            &[("data", ""), ("data_base64", "\"%\"")],
            &[("data", "\"{}\"")],
            &[("specversion", "\"0.3\"")],
            &[("type", "\"other\"")],
            &[("id", "null")],
            &[("datacontenttype", "\"text/xml\"")],
            &[("data", r#"{"type":"incident","incident":"I","action":"open"}"#)],
        ] {
            let reading = wrapped(wrong);
            assert!(reading.event.is_err() && reading.identity.is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn headers_are_compared_without_case_and_decoded() {
        let headers = [
            ("CE-SpecVersion", "1.0"),
            ("Ce-Type", "tidings.incident.v1"),
            ("ce-source", "/desk%20%C3%BC%c3%bc"),
            ("CE-ID", "7"),
            ("ce-time", "2026-11-21T13:00:00Z"),
            ("content-type", "application/json; charset=utf-8"),
        ];
        assert_eq!(mode(headers.into_iter()), Some(Mode::Binary));
        let reading = binary(headers.into_iter(), br#"{"incident":"I","action":"open"}"#, &way());
        let Ok(Event::Incident(incident)) = reading.event else { panic!("{reading:?}") };
        assert_eq!(incident.source.as_str(), "/desk üü");
        assert_eq!(incident.at.unwrap().to_string(), "2026-11-21T13:00:00Z");
        let broken = [("ce-specversion", "1.0"), ("ce-source", "%ff")];
        assert!(binary(broken.into_iter(), b"{}", &way()).event.is_err());
    }

    #[test]
    fn modes_are_told_by_headers() {
        let by = |value| mode([("Content-TYPE", value)].into_iter());
        assert_eq!(by("application/cloudevents+json; charset=UTF-8"), Some(Mode::Structured));
        assert_eq!(by("Application/CloudEvents-Batch+json"), Some(Mode::Batch));
        assert_eq!(by("application/json"), None);
    }
}
