//! The body of Tidings' own webhooks: `{ type, timestamp, data }` as Standard Webhooks recommends.

use crate::deliver::Attempt;
use crate::event::Time;
use crate::message::{CaseStatus, Disclosure, Kind, slot};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Room for what stands around the texts, in bytes.
const FRAME: usize = 768;

/// One notification, borrowed from its attempt.
#[derive(Serialize)]
struct Notification<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Time,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    reference: &'a str,
    status: &'static str,
    severity: &'a str,
    urgent: bool,
    title: Cow<'a, str>,
    short: Cow<'a, str>,
    body: Cow<'a, str>,
    /// The promised next word, or null.
    next_update: Option<Time>,
    /// For programs of those outside: when trying again may be worth while; `case.advice` says what to do until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<Time>,
    /// How late this leaves, or null where that is not worth saying.
    delayed_minutes: Option<u64>,
    facts: Vec<Fact<'a>>,
    links: Vec<Link<'a>>,
    /// Whom it was meant for, where everything is redirected (R40).
    #[serde(skip_serializing_if = "Option::is_none")]
    meant_for: Option<&'a str>,
    case: &'a RawValue,
}

#[derive(Serialize)]
struct Fact<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
}

#[derive(Serialize)]
struct Link<'a> {
    label: Cow<'a, str>,
    url: Cow<'a, str>,
}

/// The body for one attempt, its slots filled.
///
/// # Errors
/// That it cannot be written as JSON, which no message gives cause for.
pub fn body(attempt: &Attempt) -> serde_json::Result<Vec<u8>> {
    let message = &*attempt.message;
    let filled = |text| slot::fill(text, &attempt.filling);
    let outside = attempt.disclosure == Disclosure::External;
    let notification = Notification {
        kind: type_of(message.kind),
        timestamp: attempt.decided_at,
        data: Data {
            reference: &message.reference,
            status: message.status.as_str(),
            severity: &message.severity,
            urgent: message.urgent,
            title: filled(&message.title),
            short: filled(&message.short),
            body: filled(&message.body),
            next_update: attempt.filling.next_update,
            retry_after: attempt
                .filling
                .next_update
                .filter(|_| outside && message.status == CaseStatus::Open),
            delayed_minutes: attempt.filling.delay.map(|delay| delay.millis().div_ceil(60_000)),
            facts: message.facts.iter().map(|(n, v)| Fact { name: filled(n), value: filled(v) }).collect(),
            links: message.links.iter().map(|(l, u)| Link { label: filled(l), url: filled(u) }).collect(),
            meant_for: attempt.meant_for.as_ref().map(|recipient| recipient.as_str()),
            case: &message.data,
        },
    };
    let room =
        FRAME + message.body.len() + message.short.len() + message.title.len() + message.data.get().len();
    let mut out = Vec::with_capacity(room);
    serde_json::to_writer(&mut out, &notification)?;
    Ok(out)
}

/// The body as people read it.
pub fn preview(attempt: &Attempt) -> String {
    let value = body(attempt).and_then(|body| serde_json::from_slice::<serde_json::Value>(&body));
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_default()
}

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Opening => "tidings.notification.opening",
        Kind::Update => "tidings.notification.update",
        Kind::Reminder => "tidings.notification.reminder",
        Kind::Escalation => "tidings.notification.escalation",
        Kind::Holding => "tidings.notification.holding",
        Kind::Digest => "tidings.notification.digest",
        Kind::Resolution => "tidings.notification.resolution",
        Kind::Notice => "tidings.notification.notice",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::conformance::sample;
    use crate::event::Span;
    use serde_json::{Value, json};

    #[test]
    fn every_kind_has_its_type() {
        for kind in Kind::ALL {
            assert_eq!(type_of(kind), format!("tidings.notification.{}", kind.as_str()));
        }
    }

    #[test]
    fn the_body_says_everything_with_its_slots_filled() {
        let mut attempt = sample::attempt();
        let message = std::sync::Arc::make_mut(&mut attempt.message);
        message.body = format!("Since {}.", slot::instant(Time::EPOCH)).into();
        message.facts = vec![("Began".into(), slot::instant(Time::EPOCH).into())];
        message.links = vec![("Runbook".into(), "https://runbooks.example.net/5xx".into())];
        attempt.filling.next_update = Some(Time::from_millis(1_800_000));
        attempt.filling.delay = Some(Span::from_secs(61));
        let read: Value = serde_json::from_slice(&body(&attempt).unwrap()).unwrap();
        let expected = json!({
            "type": "tidings.notification.opening",
            "timestamp": "2026-11-21T14:02:00Z",
            "data": {
                "reference": "INC-1", "status": "open", "severity": "sev1", "urgent": true,
                "title": "Checkout is failing", "short": "sev1: Checkout is failing",
                "body": "Since 1970-01-01 00:00 UTC.",
                "next_update": "1970-01-01T00:30:00Z", "delayed_minutes": 2,
                "facts": [{ "name": "Began", "value": "1970-01-01 00:00 UTC" }],
                "links": [{ "label": "Runbook", "url": "https://runbooks.example.net/5xx" }],
                "case": { "incident": "INC-1" },
            },
        });
        assert_eq!(read, expected);
        attempt.disclosure = Disclosure::External;
        let read: Value = serde_json::from_slice(&body(&attempt).unwrap()).unwrap();
        assert_eq!(read["data"]["retry_after"], "1970-01-01T00:30:00Z");
    }
}
