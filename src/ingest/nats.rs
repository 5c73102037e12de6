//! One NATS message → one arrival: native JSON or a CloudEvent, structured or binary; anything else is a dead letter.

use super::cloudevents::{self, Mode};
use super::{Arrival, Reading, Way, native};
use crate::event::{Event, Name, Time};
use async_nats::HeaderMap;

/// Which type of event a lane is meant for; the other is accepted and flagged (R2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carries {
    /// Alert events.
    #[default]
    Alerts,
    /// Incident events.
    Incidents,
}

/// Where a message stood in its stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its sequence.
    pub(super) sequence: u64,
    /// When the stream took it; that counts as received (R6).
    pub(super) taken: Time,
}

/// The arrival of one message.
pub(super) fn arrive(
    lane: &Name,
    carries: Carries,
    place: Place,
    headers: Option<&HeaderMap>,
    payload: &[u8],
) -> Arrival {
    let way = Way { lane: lane.clone(), source: lane.clone(), received: place.taken };
    let pairs = || headers.into_iter().flat_map(pairs);
    let mut reading = match cloudevents::mode(pairs()) {
        None => native::read(payload, &way),
        Some(Mode::Structured) => cloudevents::structured(payload, &way),
        Some(Mode::Binary) => cloudevents::binary(pairs(), payload, &way),
        Some(Mode::Batch) => Reading::garbage("a batch of CloudEvents, which NATS does not carry", payload),
    };
    reading.flags.other_type = match &reading.event {
        Ok(Event::Alert(_)) => carries != Carries::Alerts,
        Ok(Event::Incident(_)) => carries != Carries::Incidents,
        Err(_) => false,
    };
    let mut arrival = reading.arrive(lane, None);
    arrival.origin.sequence = Some(place.sequence);
    arrival.received = Some(place.taken);
    arrival
}

/// Header names are compared by whoever reads the pairs: this map would tell `ce-id` from `CE-ID`.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().filter_map(|(name, values)| Some((name.as_ref(), values.first()?.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_place_its_time_and_a_flag_if_it_is_of_the_other_type() {
        let taken = Time::parse("2026-11-21T14:00:00Z").unwrap().unwrap();
        let payload = br#"{"type":"incident","incident":"I","action":"open"}"#;
        let place = Place { sequence: 7, taken };
        let read = |carries| arrive(&Name::from("lane"), carries, place, None, payload);
        let arrival = read(Carries::Alerts);
        assert!(arrival.event.is_ok() && arrival.flags.other_type);
        assert_eq!((arrival.origin.sequence, arrival.received), (Some(7), Some(taken)));
        assert_eq!(arrival.origin.identity, None, "its place in the stream is its identity");
        assert!(!read(Carries::Incidents).flags.other_type);
    }

    #[test]
    fn a_batch_is_no_message() {
        let mut headers = HeaderMap::new();
        headers.insert("content-TYPE", "application/cloudevents-batch+json");
        let place = Place { sequence: 1, taken: Time::EPOCH };
        let arrival = arrive(&Name::from("lane"), Carries::Alerts, place, Some(&headers), b"[]");
        assert!(arrival.event.is_err());
    }
}
