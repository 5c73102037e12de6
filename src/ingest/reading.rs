//! What reading one event gives: the event or a dead letter, its identity, and what is to be counted about it.

use super::Arrival;
use crate::decide::{Garbage, Identity, Origin};
use crate::event::id::Digest;
use crate::event::{Event, Name, Time};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most bytes of a dead letter that are kept: enough to see what it was, too few to fill the journal.
pub const GARBAGE_BYTES_MAX: usize = 16 * 1024;

/// The most bytes of one event in a form that carries one event: the native one and CloudEvents.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;

/// The most events in one native request.
pub const EVENTS_MAX: usize = 1000;

/// By which way bytes came in: what a format needs to know that does not stand in the bytes.
#[derive(Clone, Debug)]
pub struct Way {
    /// The lane: part of every identity (R4).
    pub lane: Name,
    /// Who says it, where the event does not say so itself.
    pub source: Name,
    /// When the bytes came in; leases and "already over" count from it.
    pub received: Time,
}

/// What happened to an event while it was read, for counting; none of it makes the event a dead letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// A time could not be read, or contradicted the rest, and was dropped.
    pub time_dropped: bool,
    /// A text was over its limit and cut, or something behind a limit was dropped.
    pub cut: bool,
    /// It is of the type that its lane does not carry (R2).
    pub other_type: bool,
}

/// One event as it was read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The event, or what the bytes were instead.
    pub event: Result<Event, Garbage>,
    /// Its identity, where the sender gave one (R4).
    pub identity: Option<Identity>,
    /// What is to be counted.
    pub flags: Flags,
}

impl Flags {
    /// What the sender should know, as sentences without a full stop.
    pub fn sentences(self) -> impl Iterator<Item = &'static str> {
        [
            (self.time_dropped, "a time could not be used and was dropped"),
            (self.cut, "something was over its limit and was cut"),
            (self.other_type, "this lane is meant for the other type of event"),
        ]
        .into_iter()
        .filter_map(|(set, sentence)| set.then_some(sentence))
    }
}

impl Reading {
    /// Bytes that are no event.
    pub fn garbage(reason: impl Into<Box<str>>, bytes: &[u8]) -> Reading {
        Reading { event: Err(garbage(reason, bytes)), identity: None, flags: Flags::default() }
    }

    /// The arrival of this reading, with its identity added to where it came from.
    pub fn arrive(self, lane: &Name, token: Option<&Name>) -> Arrival {
        let origin = Origin {
            lane: Some(lane.clone()),
            sequence: None,
            received: None,
            identity: self.identity,
            token: token.cloned(),
        };
        Arrival { origin, event: self.event, received: None, flags: self.flags }
    }
}

/// A dead letter: why, and the first [`GARBAGE_BYTES_MAX`] bytes. The reason holds no content of theirs.
pub(super) fn garbage(reason: impl Into<Box<str>>, bytes: &[u8]) -> Garbage {
    let kept = &bytes[..bytes.len().min(GARBAGE_BYTES_MAX)];
    Garbage { reason: reason.into(), bytes: STANDARD.encode(kept).into(), length: bytes.len() as u64 }
}

/// The identity of an event that its source numbers: (ingest, source, id), and the hash of its raw bytes (R4).
pub(super) fn identity_of_id(lane: &Name, source: &str, id: &str, raw: &[u8]) -> Identity {
    let key = Digest::of(&[b"id", lane.as_str().as_bytes(), source.as_bytes(), id.as_bytes()]);
    Identity { key, body: Digest::of(&[raw]) }
}

/// The identity of the event at `index` of a request with an `Idempotency-Key`; a key is its token's own (R4).
pub(super) fn identity_of_key(
    lane: &Name,
    token: Option<&Name>,
    key: &str,
    index: usize,
    raw: &[u8],
) -> Identity {
    let token = token.map_or("", Name::as_str).as_bytes();
    let index = (index as u64).to_le_bytes();
    let key = Digest::of(&[b"key", lane.as_str().as_bytes(), token, key.as_bytes(), &index]);
    Identity { key, body: Digest::of(&[raw]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_keep_the_first_bytes_and_the_true_length() {
        let letter = garbage("why", &[b'x'; GARBAGE_BYTES_MAX + 7]);
        assert_eq!(letter.length, GARBAGE_BYTES_MAX as u64 + 7);
        assert_eq!(STANDARD.decode(letter.bytes.as_bytes()).unwrap().len(), GARBAGE_BYTES_MAX);
    }

    #[test]
    fn identities_depend_on_lane_source_id_and_not_on_their_seams() {
        let lane = Name::from("lane");
        let one = identity_of_id(&lane, "ab", "c", b"body");
        assert_ne!(one.key, identity_of_id(&lane, "a", "bc", b"body").key);
        assert_ne!(one.key, identity_of_id(&Name::from("other"), "ab", "c", b"body").key);
        assert_ne!(one.body, identity_of_id(&lane, "ab", "c", b"body ").body);
        let key = |index| identity_of_key(&lane, None, "k", index, b"body").key;
        assert_ne!(key(0), key(1));
    }
}
