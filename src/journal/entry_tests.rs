//! Tests of the entry format, and the entries that other tests of the journal are made of.

use super::*;
use crate::decide::{Garbage, Origin, What};
use crate::journal::Store;
use proptest::prelude::*;

/// A header that follows `after`.
pub(crate) fn header(after: Head) -> Header {
    let at = Time::from_millis(1_767_323_045_000 + i64::try_from(after.sequence).unwrap());
    let cursor = Cursor { stream: "ALERTS".into(), created: Time::EPOCH, sequence: 40 + after.sequence };
    Header {
        v: VERSION,
        sequence: after.sequence + 1,
        at,
        epoch: 1,
        policy: Digest::of(&[b"policy"]),
        cursors: BTreeMap::from([("alerts".into(), cursor)]),
        previous: after.hash,
    }
}

/// A batch with an input, its fact, and a fact without an input.
pub(crate) fn batch(text: &str) -> Vec<Decided> {
    let garbage = Garbage { reason: "not JSON".into(), bytes: text.into(), length: text.len() as u64 };
    let input = Input { at: Time::EPOCH, origin: Origin::default(), what: What::Garbage(garbage) };
    let noted = |text: &str| vec![Fact::Quarantined { what: text.into() }];
    vec![Decided { input: Some(input), facts: noted(text) }, Decided { input: None, facts: noted("alone") }]
}

/// The store with `count` more entries.
pub(crate) async fn filled<S: Store>(store: S, count: usize) -> S {
    let mut encoder = Encoder::new().unwrap();
    let mut head = store.head().await.unwrap();
    for _ in 0..count {
        let (frame, next) = encoder.encode(&header(head), &batch("x")).unwrap();
        store.append(head, frame).await.unwrap();
        head = next;
    }
    store
}

fn encoded(text: &str) -> Frame {
    Encoder::new().unwrap().encode(&header(Head::default()), &batch(text)).unwrap().0
}

fn decode(bytes: impl Into<bytes::Bytes>) -> Result<Entry, EntryError> {
    Decoder::new().unwrap().decode(&Frame { sequence: 1, bytes: bytes.into() })
}

/// A frame of `header` with a batch that is any JSON.
fn raw(header: &str, batch: &str) -> Vec<u8> {
    let packed = zstd::bulk::compress(batch.as_bytes(), 1).unwrap();
    [header.as_bytes(), b"\n", &packed].concat()
}

fn header_line() -> String {
    serde_json::to_string(&header(Head::default())).unwrap()
}

#[test]
fn one_encoder_and_one_decoder_serve_many_entries() {
    let (mut encoder, mut decoder) = (Encoder::new().unwrap(), Decoder::new().unwrap());
    let mut head = Head::default();
    for text in ["short", &"long ".repeat(5_000), "", "short again"] {
        let (frame, next) = encoder.encode(&header(head), &batch(text)).unwrap();
        let entry = decoder.decode(&frame).unwrap();
        assert_eq!(entry, Entry { header: header(head), batch: batch(text) });
        assert_eq!(next, Head { sequence: frame.sequence, hash: super::super::hash_of(&frame.bytes) });
        head = next;
    }
}

#[test]
fn the_header_can_be_read_with_no_tool_but_head() {
    let frame = encoded("x");
    let line = frame.bytes.split(|byte| *byte == b'\n').next().unwrap();
    assert_eq!(
        std::str::from_utf8(line).unwrap(),
        r#"{"v":1,"sequence":1,"at":"2026-01-02T03:04:05Z","epoch":1,"policy":"POLICY","cursors":{"alerts":{"stream":"ALERTS","created":"1970-01-01T00:00:00Z","sequence":40}},"previous":"ZEROS"}"#
            .replace("POLICY", &Digest::of(&[b"policy"]).to_string())
            .replace("ZEROS", &"0".repeat(64))
    );
}

#[test]
fn what_a_newer_release_wrote_is_refused_by_name() {
    let newer = raw(r#"{"v":2,"anything":["else"]}"#, "[]");
    assert!(matches!(decode(newer), Err(EntryError::Newer(2))));
    let field = raw(&header_line().replacen('{', r#"{"shard":7,"#, 1), "[]");
    let kind = raw(&header_line(), r#"[{"facts":[{"teleported":"secret"}]}]"#);
    let input =
        raw(&header_line(), r#"[{"input":{"at":"2026-01-02T03:04:05Z","what":{"dreamt":1}},"facts":[]}]"#);
    for (frame, name) in [(field, "shard"), (kind, "teleported"), (input, "dreamt")] {
        let told = decode(frame).unwrap_err().to_string();
        assert!(told.contains(name) && told.contains("newer Tidings"), "{told}");
    }
}

#[test]
fn errors_never_repeat_what_stands_in_an_entry() {
    for batch in [r#"[{"facts":"+4915112345678"}]"#, r#"[{"facts":[{"noted":{"+4915112345678":1}}]}]"#] {
        let told = decode(raw(&header_line(), batch)).unwrap_err().to_string();
        assert!(!told.contains("49151"), "{told}");
    }
}

#[test]
fn a_batch_that_claims_too_much_is_refused_unread() {
    let bomb = zstd::bulk::compress(&vec![b' '; MAX_BATCH_BYTES + 1], 1).unwrap();
    assert!(bomb.len() < 1 << 20, "small on disk");
    let frame = [header_line().as_bytes(), b"\n", &bomb].concat();
    assert!(matches!(decode(frame), Err(EntryError::TooLarge(_))));
}

#[test]
fn a_batch_that_no_reader_would_accept_is_not_written() {
    let mut encoder = Encoder::new().unwrap();
    let huge = batch(&"x".repeat(MAX_BATCH_BYTES / 2));
    assert!(matches!(encoder.encode(&header(Head::default()), &huge), Err(EntryError::TooLarge(_))));
    assert!(encoder.encode(&header(Head::default()), &batch("after it")).is_ok());
}

#[test]
fn an_entry_in_the_place_of_another_is_refused() {
    let frame = Frame { sequence: 2, ..encoded("x") };
    assert!(matches!(Decoder::new().unwrap().decode(&frame), Err(EntryError::Misplaced(1))));
}

#[test]
fn the_documentation_shows_an_entry_as_it_is() {
    let page = include_str!("../../docs/journal.md");
    let example = |first: &str| {
        let line = page.lines().find(|line| line.starts_with(first));
        line.unwrap_or_else(|| panic!("docs/journal.md has no line that begins with {first}")).to_owned()
    };
    let bytes = raw(&example(r#"{"v":1"#), &example(r#"[{"input""#)).into();
    let entry = Decoder::new().unwrap().decode(&Frame { sequence: 42, bytes }).unwrap();
    assert_eq!(serde_json::to_string(&entry.header).unwrap(), example(r#"{"v":1"#));
    assert_eq!(serde_json::to_string(&entry.batch).unwrap(), example(r#"[{"input""#));
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(bytes);
    }

    #[test]
    fn every_text_survives(text in any::<String>()) {
        prop_assert_eq!(decode(encoded(&text).bytes).unwrap().batch, batch(&text));
    }
}
