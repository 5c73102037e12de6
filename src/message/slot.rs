//! Slots: places in a text for what is known only when it leaves, such as a time in the reader's own zone (R41).
//!
//! A slot stands between two noncharacters of Unicode, which [`clean`] removes from everything that comes from outside,
//! so no event can forge one.

use crate::event::{Span, Time};
use jiff::tz::TimeZone;
use std::borrow::Cow;

const OPEN: char = '\u{FDD0}';
const CLOSE: char = '\u{FDD1}';

/// What fills the slots of one delivery.
#[derive(Clone, Debug)]
pub struct Filling {
    /// The reader's time zone.
    pub zone: TimeZone,
    /// The promised next word, if one is promised.
    pub next_update: Option<Time>,
    /// How late the message leaves, when that is worth saying (a minute or more).
    pub delay: Option<Span>,
}

/// The slot of [`next_update`].
pub(super) const NEXT_UPDATE: &str = "\u{FDD0}n\u{FDD1}";
/// The slot of [`delay`].
pub(super) const DELAY: &str = "\u{FDD0}d\u{FDD1}";

/// A slot for an instant.
pub fn instant(time: Time) -> String {
    format!("{OPEN}t{}{CLOSE}", time.millis())
}

/// A slot for the sentence that promises the next word; empty when nothing is promised.
pub fn next_update() -> String {
    NEXT_UPDATE.to_owned()
}

/// A slot for the remark that the message is late; empty when it is not.
pub fn delay() -> String {
    DELAY.to_owned()
}

/// The text without half a slot at its end, where it was cut.
pub(super) fn whole(text: &str) -> &str {
    match (text.rfind(OPEN), text.rfind(CLOSE)) {
        (Some(open), close) if close.is_none_or(|close| close < open) => &text[..open],
        _ => text,
    }
}

/// The text without slots that somebody outside tried to forge, without control characters other than line ends
/// and tabs, and without characters that turn the direction of writing.
pub fn clean(text: &str) -> Cow<'_, str> {
    // Nearly everything is printable ASCII, which is seen at a glance.
    let ascii = |byte: u8| (0x20..0x7F).contains(&byte) || byte == b'\n' || byte == b'\t';
    if text.bytes().all(ascii) || text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|c| is_plain(*c)).collect())
}

/// Whether somebody outside may write the character.
pub(super) fn is_plain(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        '\u{FDD0}'..='\u{FDEF}' | '\u{FFFE}' | '\u{FFFF}' => false,
        '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{061C}' => false,
        c => !c.is_control(),
    }
}

/// The text with its slots filled. A slot that stays empty takes the white space before it along.
pub fn fill<'a>(text: &'a str, filling: &Filling) -> Cow<'a, str> {
    each(text, |out, slot| write_slot(out, slot, filling))
}

/// The text with its instants as `write` puts them; of what is filled when a message leaves, nothing stays.
pub fn with_instants<'a>(text: &'a str, write: impl Fn(Time) -> String) -> Cow<'a, str> {
    each(text, |out, slot| match instant_of(slot) {
        Some(time) => out.push_str(&write(time)),
        None => out.truncate(out.trim_end().len()),
    })
}

/// The text with each slot as `write` puts it.
fn each(text: &str, write: impl Fn(&mut String, &str)) -> Cow<'_, str> {
    let Some(first) = text.find(OPEN) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 32);
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(start) = rest.find(OPEN) {
        out.push_str(&rest[..start]);
        let inner = &rest[start + OPEN.len_utf8()..];
        let Some(end) = inner.find(CLOSE) else {
            return Cow::Owned(out);
        };
        write(&mut out, &inner[..end]);
        rest = &inner[end + CLOSE.len_utf8()..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The instant that a slot is for, if it is for one.
fn instant_of(slot: &str) -> Option<Time> {
    let millis = slot.strip_prefix('t')?;
    Some(Time::from_millis(millis.parse().unwrap_or_default()))
}

fn write_slot(out: &mut String, slot: &str, filling: &Filling) {
    if let Some(time) = instant_of(slot) {
        return out.push_str(&zoned(time, &filling.zone));
    }
    match slot.get(..1) {
        Some("n") => match filling.next_update {
            Some(time) => out.push_str(&format!("Next update: {}", zoned(time, &filling.zone))),
            None => out.truncate(out.trim_end().len()),
        },
        Some("d") => match filling.delay {
            Some(delay) => out.push_str(&format!("delayed {} min", delay.millis().div_ceil(60_000))),
            None => out.truncate(out.trim_end().len()),
        },
        _ => {}
    }
}

/// An instant in the reader's zone with UTC beside: `2026-11-21 15:02 CET (14:02 UTC)`.
pub fn zoned(time: Time, zone: &TimeZone) -> String {
    let local = time.to_jiff().to_zoned(zone.clone());
    let utc = time.to_jiff().to_zoned(TimeZone::UTC);
    if local.offset() == utc.offset() {
        return utc.strftime("%Y-%m-%d %H:%M UTC").to_string();
    }
    let (day, other) = (local.date(), utc.date());
    let format = if day == other { "%H:%M UTC" } else { "%m-%d %H:%M UTC" };
    format!("{} ({})", local.strftime("%Y-%m-%d %H:%M %Z"), utc.strftime(format))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_in_the_readers_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let filling = Filling { zone, next_update: None, delay: Some(Span::from_secs(61)) };
        let at = Time::parse("2026-11-21T23:30:00Z").unwrap().unwrap();
        let text = format!("since {}{}, {}!", instant(at), next_update(), delay());
        assert_eq!(fill(&text, &filling), "since 2026-11-22 00:30 CET (11-21 23:30 UTC), delayed 2 min!");
        assert_eq!(fill("plain", &filling), "plain");
    }

    #[test]
    fn instants_are_put_in_any_form() {
        let text = format!("by {} {}!", instant(Time::from_millis(7)), delay());
        assert_eq!(with_instants(&text, |time| time.millis().to_string()), "by 7!");
        assert!(matches!(with_instants("plain", |_| String::new()), Cow::Borrowed(_)));
    }

    #[test]
    fn an_empty_slot_leaves_no_gap() {
        let filling = Filling { zone: TimeZone::UTC, next_update: None, delay: None };
        let text = format!("OPEN {} Down.\n\n{}\n\n{}", delay(), next_update(), delay());
        assert_eq!(fill(&text, &filling), "OPEN Down.");
    }

    #[test]
    fn nobody_outside_can_forge_a_slot_or_turn_the_text() {
        assert_eq!(clean(&format!("a{}b\u{202E}c\u{0}\n", instant(Time::EPOCH))), "at0bc\n");
        assert!(matches!(clean("as it is"), Cow::Borrowed(_)));
    }
}
