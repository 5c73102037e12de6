//! Hostile text in records: every line stays one line, one object, and short.

use super::*;
use crate::observe::escape::FIELD_BYTES_MAX;
use std::io;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What `work` logs under a filter.
fn logged(filter: &str, form: Form, work: impl FnOnce()) -> String {
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = subscriber(filter, form, move || writer.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, work);
    let bytes = sink.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn objects(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const HOSTILE: &str =
    "a\nb\r\0\u{1b}[31m\u{7f}\u{85}\u{9b}\u{202e}gnp\u{200b}\u{2028}\u{feff}\u{e0041}\"\\n ü 例";

#[test]
fn hostile_text_makes_no_second_line_and_reads_back() {
    let text = logged("info", Form::Json, || tracing::info!(text = HOSTILE, "took {HOSTILE}"));
    assert_eq!(text.lines().count(), 1, "{text:?}");
    let visible =
        |c: char| c == '\n' || !c.is_control() && !"\u{202e}\u{200b}\u{2028}\u{feff}\u{e0041}".contains(c);
    assert!(text.chars().all(visible), "{text:?}");
    let object = &objects(&text)[0];
    assert_eq!(object["text"], HOSTILE, "JSON readers get the very text");
    assert_eq!(object["message"], format!("took {HOSTILE}"));
    assert_eq!(object["level"], "INFO");
    assert!(object["target"].as_str().unwrap().starts_with("tidings::observe"));
    assert!(object["time"].as_str().unwrap().ends_with('Z'));

    let text = logged("info", Form::Text, || tracing::info!(text = HOSTILE, "took"));
    assert_eq!(text.lines().count(), 1, "{text:?}");
    assert!(text.chars().all(visible), "{text:?}");
    assert!(text.contains("took text=a\\nb\\r\\u{0}\\u{1b}[31m"), "{text}");
    assert!(text.contains("\\\\n ü 例"), "a written escape is not taken for one: {text}");
}

#[test]
fn fields_are_cut_where_a_character_ends() {
    let long = "ü".repeat(FIELD_BYTES_MAX);
    let text = logged("info", Form::Json, || tracing::info!(long, short = "whole", "cut"));
    let object = &objects(&text)[0];
    let kept = "ü".repeat(FIELD_BYTES_MAX / 2);
    assert_eq!(object["long"], format!("{kept}… ({FIELD_BYTES_MAX} bytes more)"));
    assert_eq!(object["short"], "whole");

    let pieces = format!("{}|{}|x", "a".repeat(FIELD_BYTES_MAX - 1), "ü".repeat(9));
    let text = logged("info", Form::Json, || {
        let parts: Vec<_> = pieces.split('|').collect();
        tracing::info!(joined = %format_args!("{}{}{}", parts[0], parts[1], parts[2]), "cut");
    });
    let joined = objects(&text)[0]["joined"].as_str().unwrap().to_owned();
    assert!(
        joined.ends_with("a… (19 bytes more)"),
        "nothing slips in behind what was left out: {}",
        &joined[4090..]
    );
}

#[test]
fn values_keep_their_types_and_spans_their_fields() {
    let text = logged("info", Form::Json, || {
        let span = tracing::info_span!(
            "attempt",
            delivery = 7_u64,
            channel = "mail\"\n",
            reason = tracing::field::Empty
        );
        let _inside = span.enter();
        span.record("reason", "rate\nlimited");
        tracing::warn!(ok = true, count = -3, share = 0.5, odd = f64::NAN, "sent");
    });
    let object = &objects(&text)[0];
    assert_eq!(
        (&object["ok"], &object["count"], &object["share"]),
        (&true.into(), &(-3).into(), &0.5.into())
    );
    assert_eq!(object["odd"], "NaN");
    let span = serde_json::json!([
        { "name": "attempt", "delivery": 7, "channel": "mail\"\n", "reason": "rate\nlimited" }
    ]);
    assert_eq!(object["spans"], span);
}

#[test]
fn a_bare_level_is_for_our_own_records() {
    let work = || {
        tracing::debug!("ours");
        tracing::info!(target: "lettre::client", "a dialogue with addresses");
        tracing::warn!(target: "lettre::client", "trouble");
        tracing::error!(target: "lettre::client", "worse");
    };
    let messages = |filter: &str| {
        let objects = objects(&logged(filter, Form::Json, work));
        objects.iter().map(|object| object["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(messages("debug"), ["ours", "trouble", "worse"]);
    assert_eq!(messages(DEFAULT_FILTER), ["trouble", "worse"]);
    assert_eq!(messages("error"), ["worse"]);
    assert_eq!(messages("error,lettre=info"), ["a dialogue with addresses", "trouble", "worse"]);
    assert_eq!(messages("off"), [""; 0]);
}

#[test]
fn a_filter_that_is_none_is_refused_with_its_text() {
    let error = subscriber("tidings=loud", Form::Json, io::sink).err().unwrap().to_string();
    assert!(error.contains("\"tidings=loud\" is no log filter"), "{error}");
}

#[test]
fn a_panic_quotes_nothing_that_was_made_at_run_time() {
    let caught = |work: fn()| std::panic::catch_unwind(work).unwrap_err();
    assert_eq!(panic_text(&*caught(|| panic!("the head went back"))), "the head went back");
    assert_eq!(panic_text(&*caught(|| assert_eq!("mara@example.net".len(), 0))), "see the place");
}
