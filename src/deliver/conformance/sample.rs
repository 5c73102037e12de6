//! Attempts and messages for tests of channels.

use crate::deliver::{Attempt, Common};
use crate::event::id::{DeliveryId, Digest};
use crate::event::{Recipient, Span, Time};
use crate::message::{CaseStatus, Disclosure, Kind, Message, slot};
use jiff::tz::TimeZone;
use serde_json::value::RawValue;
use std::sync::Arc;

/// An opening about an incident, on its first attempt, in UTC.
pub fn attempt() -> Attempt {
    let at = |text| Time::parse(text).unwrap().unwrap();
    Attempt {
        delivery: DeliveryId(7),
        attempt: 1,
        key: Digest::of(&[b"delivery"]),
        recipient: Recipient::from("partner@hook"),
        address: Arc::from(""),
        disclosure: Disclosure::Internal,
        message: Arc::new(message()),
        decided_at: at("2026-11-21T14:02:00Z"),
        now: at("2026-11-21T14:02:01Z"),
        filling: slot::Filling { zone: TimeZone::UTC, next_update: None, delay: None },
        thread: Digest::of(&[b"case"]),
        first: None,
        meant_for: None,
        answer: None,
        deadline: Span::from_secs(20),
    }
}

/// The opening of an incident.
pub fn message() -> Message {
    Message {
        kind: Kind::Opening,
        status: CaseStatus::Open,
        severity: "sev1".into(),
        urgent: true,
        reference: "INC-1".into(),
        title: "Checkout is failing".into(),
        short: "sev1: Checkout is failing".into(),
        body: "About 15 % of checkouts fail.".into(),
        facts: vec![("Severity".into(), "sev1".into())],
        links: vec![("Runbook".into(), "https://runbooks.example.net/5xx".into())],
        asks: None,
        data: json(r#"{"incident":"INC-1"}"#),
    }
}

/// A message that says `payload` in every field that can hold text from an event.
pub fn saying(payload: &str) -> Message {
    let text = || Box::<str>::from(payload);
    let data = serde_json::to_string(&serde_json::json!({ "note": payload })).unwrap();
    Message {
        severity: text(),
        reference: text(),
        title: text(),
        short: text(),
        body: text(),
        facts: vec![(text(), text())],
        links: vec![(text(), text()), ("Label".into(), format!("https://example.net/{payload}").into())],
        data: json(&data),
        ..message()
    }
}

/// A structured case.
pub fn json(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

/// The keys that every channel has, for a channel that may reach this machine.
pub fn common() -> Common {
    Common {
        timeout: Span::from_secs(15),
        allow_networks: vec!["127.0.0.0/8".into()],
        domain: "tidings.example.net".into(),
    }
}

/// Installs the process's cryptography, as `main` does; tests may all ask for it.
pub fn install_cryptography() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
