//! JSON from outside: depth checked without recursion, errors told without content, odd values taken where it is safe.

use crate::event::Time;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// How deep a document may nest.
pub(super) const DEPTH_MAX: usize = 32;

/// The text of `bytes` if it can be read safely: UTF-8, nested at most [`DEPTH_MAX`] deep.
///
/// # Errors
/// What is wrong, as a sentence without content.
pub(super) fn checked(bytes: &[u8]) -> Result<&str, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut escaped = false;
    for byte in bytes {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err("nested more than 32 deep");
        }
    }
    Ok(text)
}

/// What is wrong with a document, without what stood in it: dead letters and answers show this.
pub(super) fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // What was found stands before the last "expected"; what was expected comes from our own types.
    let told = match text.rfind("expected ") {
        Some(start) => &text[start..],
        None if text.starts_with("invalid") || text.starts_with("unknown") => "a value that does not fit",
        None => &text,
    };
    let told = told.get(..200).unwrap_or(told);
    if error.is_data() {
        format!("not of the form that is meant: {told}")
    } else {
        format!("not JSON: {told}")
    }
}

/// An object and nothing else: derived readers of structs would take an array of their fields as well.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<T>, D::Error> {
        struct Maps<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Maps<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_any(Maps(PhantomData))
    }
}

/// A string, borrowed where it can be; `null` is an empty one.
#[derive(Clone, Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
        struct Strings;
        impl<'de> Visitor<'de> for Strings {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(Strings)
    }
}

/// A time that a sender wrote; what cannot be read is no time and is flagged, because the event is still good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct When {
    /// The time, if one is stated. The year 1 states none.
    pub(super) time: Option<Time>,
    /// Whether something stood there that is no time.
    pub(super) odd: bool,
    /// Whether the year 1 stood there.
    pub(super) unset: bool,
}

impl When {
    const ODD: When = When { time: None, odd: true, unset: false };

    /// Reads a text; an empty one states no time.
    pub(super) fn read(text: &str) -> When {
        if let Some(time) = usual(text.as_bytes()) {
            return When { time: Some(time), odd: false, unset: false };
        }
        match Time::parse(text) {
            Ok(time) => When { time, odd: false, unset: time.is_none() },
            Err(_) if text.is_empty() => When::default(),
            Err(_) => When::ODD,
        }
    }
}

/// The form that nearly every sender writes, `2026-01-02T03:04:05.678Z` with up to nine digits of fraction, read without
/// the calendar library: an alert carries two of these, and alerts are what there is most of. `None` means: read it
/// with care. Days beyond the 28th of a month, leap seconds and years before 1970 are left to that.
fn usual(text: &[u8]) -> Option<Time> {
    let (head, rest) = text.split_at_checked(19)?;
    let frame = [head[4], head[7], head[10], head[13], head[16]];
    let fraction = rest.strip_suffix(b"Z")?;
    if frame != *b"--T::" {
        return None;
    }
    let number = |range: std::ops::Range<usize>| digits(&head[range]);
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let sound = year >= 1970 && (1..=12).contains(&month) && (1..=28).contains(&day);
    if !sound || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let milliseconds = match fraction {
        [] => 0,
        [b'.', all @ ..] if (1..=9).contains(&all.len()) => {
            digits(all)?;
            all.iter().chain(b"00").take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
        }
        _ => return None,
    };
    // Years begin in March here, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(Time::from_millis(seconds * 1000 + milliseconds))
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<When, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = When;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<When, E> {
                Ok(When::read(text))
            }
            fn visit_unit<E: de::Error>(self) -> Result<When, E> {
                Ok(When::default())
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<When, E> {
                Ok(When::ODD)
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<When, E> {
                Ok(When::ODD)
            }
            fn visit_u64<E: de::Error>(self, _: u64) -> Result<When, E> {
                Ok(When::ODD)
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<When, E> {
                Ok(When::ODD)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<When, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(When::ODD)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<When, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(When::ODD)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_strings() {
        assert!(checked("[".repeat(32).as_bytes()).is_ok());
        assert!(checked("[".repeat(33).as_bytes()).is_err());
        assert!(checked(format!("\"{}\\\"[\"", "[".repeat(99)).as_bytes()).is_ok());
        assert!(checked(b"\xff").is_err());
    }

    #[test]
    fn reasons_hold_nothing_of_the_content() {
        let wrong =
            ["{\"a\": secret}", "{\"at\": \"secret expected x\"}", "[\"secret\"]", "\"secret", "7secret"];
        for text in wrong {
            let error = serde_json::from_str::<std::collections::BTreeMap<String, u8>>(text).unwrap_err();
            assert!(!reason(&error).contains("secret"), "{}", reason(&error));
        }
    }

    proptest::proptest! {
        #[test]
        fn usual_times_read_as_the_calendar_reads_them(ms in 0..253_402_300_799_000_i64, nanos in 0..1_000_000_i64) {
            let stamp = jiff::Timestamp::from_nanosecond(i128::from(ms) * 1_000_000 + i128::from(nanos)).unwrap();
            for text in [stamp.to_string(), Time::from_millis(ms).to_string()] {
                proptest::prop_assert_eq!(When::read(&text).time, Time::parse(&text).unwrap());
                if let Some(time) = usual(text.as_bytes()) {
                    proptest::prop_assert_eq!(Some(time), Time::parse(&text).unwrap());
                }
            }
        }

        #[test]
        fn nothing_reads_as_usual_that_the_calendar_refuses(text in "[0-2][09][0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,10})?Z") {
            if let Some(time) = usual(text.as_bytes()) {
                proptest::prop_assert_eq!(Time::parse(&text), Ok(Some(time)));
            }
        }
    }

    #[test]
    fn the_usual_form_is_indeed_read_the_short_way() {
        for text in ["2026-11-21T14:04:00.123Z", "1970-01-01T00:00:00Z", "2000-02-28T23:59:59.999999999Z"] {
            assert_eq!(usual(text.as_bytes()), Time::parse(text).unwrap(), "{text}");
        }
        for other in [
            "",
            "2026-11-21T14:04:00+01:00",
            "2026-11-21T14:04:00.Z",
            "2026-11-21 14:04:00Z",
            "2026-11-2éT14:04:00Z",
        ] {
            assert_eq!(usual(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn odd_times_are_no_time() {
        for odd in ["7", "-1.5", "true", "[1,[2]]", "{\"a\":{}}", "\"soon\"", "\"2026-13-01T00:00:00Z\""] {
            assert_eq!(serde_json::from_str::<When>(odd).unwrap(), When::ODD, "{odd}");
        }
        for none in ["null", "\"\""] {
            assert_eq!(serde_json::from_str::<When>(none).unwrap(), When::default(), "{none}");
        }
        let unset = serde_json::from_str::<When>("\"0001-01-01T00:00:00Z\"").unwrap();
        assert_eq!(unset, When { time: None, odd: false, unset: true });
        assert!(serde_json::from_str::<When>("\"2026-01-02T03:04:05+0000\"").unwrap().time.is_some());
    }
}
