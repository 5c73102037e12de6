//! Instants and durations as the ledger keeps them: whole milliseconds, written as RFC 3339.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::ops::{Add, Sub};

/// An instant: milliseconds since the Unix epoch. Ledger time, event time and dues are all of this type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

/// A length of time in milliseconds, never negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(u64);

impl Time {
    /// The Unix epoch; no event or due is ever this old.
    pub const EPOCH: Time = Time(0);

    /// The instant `ms` milliseconds after the Unix epoch, clamped to what a calendar can write.
    pub fn from_millis(ms: i64) -> Time {
        Time(ms.clamp(-62_135_596_800_000, 253_402_207_200_000))
    }

    /// Milliseconds since the Unix epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Time) -> Span {
        Span(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads RFC 3339, with zero to nine digits of fraction and with offsets as `Z`, `+01:00` or `+0000`.
    /// The year 1, which Go programs send for "unset", reads as `None`.
    ///
    /// # Errors
    /// What is wrong with the text, as a sentence.
    pub fn parse(text: &str) -> Result<Option<Time>, String> {
        let stamp: jiff::Timestamp = match text.parse() {
            Ok(stamp) => stamp,
            Err(error) => with_colon(text)
                .and_then(|fixed| fixed.parse().ok())
                .ok_or_else(|| format!("not an RFC 3339 time: {error}"))?,
        };
        if stamp.as_second() < -62_104_060_800 {
            return Ok(None);
        }
        Ok(Some(Time::from_millis(stamp.as_millisecond())))
    }

    /// The same instant for the calendar library.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// `+0000` as PagerDuty and SNS write it, made `+00:00`.
fn with_colon(text: &str) -> Option<String> {
    let cut = text.len().checked_sub(5)?;
    let (head, tail) = (text.get(..cut)?, text.get(cut..)?);
    let digits = tail.get(1..)?;
    let signed = tail.starts_with(['+', '-']) && digits.bytes().all(|b| b.is_ascii_digit());
    signed.then(|| format!("{head}{}:{}", &tail[..3], &tail[3..]))
}

/// The most that a time takes: `2026-07-28T09:00:00.123Z`.
const TEXT_BYTES: usize = 24;

impl Time {
    /// Writes RFC 3339 in UTC, with as much of a fraction as there is. An entry holds many times for every alert, and
    /// the library's own printer costs ten times as much.
    fn write(self, text: &mut [u8; TEXT_BYTES]) -> &str {
        let civil = jiff::tz::Offset::UTC.to_datetime(self.to_jiff());
        *text = *b"0000-00-00T00:00:00.000Z";
        let parts = [
            (0..4, civil.year().unsigned_abs()),
            (5..7, civil.month().unsigned_abs().into()),
            (8..10, civil.day().unsigned_abs().into()),
            (11..13, civil.hour().unsigned_abs().into()),
            (14..16, civil.minute().unsigned_abs().into()),
            (17..19, civil.second().unsigned_abs().into()),
            (20..23, civil.millisecond().unsigned_abs()),
        ];
        for (place, mut number) in parts {
            for digit in text[place].iter_mut().rev() {
                *digit += (number % 10) as u8;
                number /= 10;
            }
        }
        let mut end = TEXT_BYTES - 1;
        while text[end - 1] == b'0' && end > 20 {
            end -= 1;
        }
        if end == 20 {
            end = 19;
        }
        text[end] = b'Z';
        std::str::from_utf8(&text[..=end]).unwrap_or_default()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write(&mut [0; TEXT_BYTES]))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time::from_millis(self.0.saturating_add(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time::from_millis(self.0.saturating_sub(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.write(&mut [0; TEXT_BYTES]))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Time;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                match Time::parse(text) {
                    Ok(Some(time)) => Ok(time),
                    Ok(None) => Err(E::custom("the year 1 stands for no time")),
                    Err(error) => Err(E::custom(error)),
                }
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of `ms` milliseconds.
    pub const fn from_millis(ms: u64) -> Span {
        Span(ms)
    }

    /// A span of `seconds` seconds.
    pub const fn from_secs(seconds: u64) -> Span {
        Span(seconds * 1000)
    }

    /// A span of `minutes` minutes.
    pub const fn from_mins(minutes: u64) -> Span {
        Span(minutes * 60_000)
    }

    /// Milliseconds.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// For timers of the standard library.
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }

    /// Reads `"90s"`, `"1h 30m"`, `"7d"` (a day is 24 hours, a week seven of them).
    ///
    /// # Errors
    /// What is wrong with the text, as a sentence.
    pub fn parse(text: &str) -> Result<Span, String> {
        let wrong =
            || format!("\"{text}\" is not a duration; write one like \"30s\", \"5m\", \"1h 30m\" or \"7d\"");
        let span: jiff::Span = text.parse().map_err(|_| wrong())?;
        let span = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
        u64::try_from(span.as_millis()).map(Span).map_err(|_| wrong())
    }
}

impl fmt::Display for Span {
    /// The largest units that write the span exactly: `1h 30m`, `45s`, `250ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        if rest == 0 {
            return f.write_str("0s");
        }
        let mut first = true;
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            let count = rest / size;
            rest %= size;
            if count > 0 {
                write!(f, "{}{count}{unit}", if first { "" } else { " " })?;
                first = false;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Span::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_senders_write() {
        let same =
            ["2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05.000000000+0000"];
        for text in same {
            assert_eq!(Time::parse(text).unwrap().unwrap().millis(), 1_767_323_045_000, "{text}");
        }
        assert_eq!(Time::parse("0001-01-01T00:00:00Z").unwrap(), None);
        assert!(Time::parse("yesterday").is_err());
    }

    proptest::proptest! {
        #[test]
        fn times_are_written_as_the_calendar_library_writes_them(
            ms in proptest::prop_oneof![i64::MIN..i64::MAX, 0..4_000_000_000_000_i64],
            round in proptest::sample::select(vec![1_i64, 10, 100, 1000]),
        ) {
            let time = Time::from_millis(ms / round * round);
            proptest::prop_assert_eq!(time.to_string(), time.to_jiff().to_string());
        }
    }

    #[test]
    fn spans_write_as_they_are_read() {
        for text in ["30s", "5m", "1h 30m", "7d", "250ms"] {
            assert_eq!(Span::parse(text).unwrap().to_string(), text);
        }
        assert!(Span::parse("-5m").is_err());
        assert!(Span::parse("5").is_err());
    }
}
