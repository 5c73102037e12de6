//! Texts from outside brought into bounds: clean, of one line, of limited length.

use super::slot;
use std::borrow::Cow;

/// The longest text of one field in bytes; what an event says beyond that stays in the journal.
pub(super) const TEXT_MAX: usize = 8 * 1024;
/// The longest title in bytes.
pub(super) const TITLE_MAX: usize = 160;
/// The longest short text in bytes: a few SMS segments; the channel cuts to its own limit.
pub(super) const SHORT_MAX: usize = 480;
/// The longest address of a page in bytes.
const LINK_MAX: usize = 2048;

/// The text without what nobody outside may write (see [`slot::clean`]), cut to [`TEXT_MAX`].
pub(super) fn text(text: &str) -> Cow<'_, str> {
    cut(slot::clean(text), TEXT_MAX)
}

/// The clean text in one line: every run of white space is one space.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if is_tame(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(squeeze(&slot::clean(text)))
}

/// Whether there is nothing to clean or to squeeze, as in nearly all labels: seen in one pass over the bytes.
fn is_tame(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        if !(b' '..0x7F).contains(&byte) || (byte == b' ' && before == b' ') {
            return false;
        }
        before = byte;
    }
    before != b' ' || text.is_empty()
}

/// Every run of white space as one space; slots stay.
pub(super) fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// At most `max` bytes of the text, marked with an ellipsis where it was cut; never half a slot.
pub(super) fn cut(text: Cow<'_, str>, max: usize) -> Cow<'_, str> {
    const ELLIPSIS: char = '…';
    if text.len() <= max {
        return text;
    }
    let most = max.saturating_sub(ELLIPSIS.len_utf8());
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let mut out = slot::whole(&text[..end]).trim_end().to_owned();
    out.push(ELLIPSIS);
    Cow::Owned(out)
}

/// Whether it is an address of a page: nothing but `http` and `https`, whole, and without what could break out of it.
pub(super) fn is_web(url: &str) -> bool {
    let scheme = |scheme: &str| url.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    let breaks = |byte: u8| byte <= b' ' || byte == 0x7F || matches!(byte, b'<' | b'>' | b'"' | b'`' | b'\\');
    let odd = |c: char| c.is_whitespace() || !slot::is_plain(c);
    let host = url
        .split_once("://")
        .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_alphanumeric() || c == '['));
    (scheme("http://") || scheme("https://"))
        && host
        && url.len() <= LINK_MAX
        && !url.bytes().any(breaks)
        && (url.is_ascii() || !url.contains(odd))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Time;

    #[test]
    fn texts_become_one_line_and_keep_their_slots_whole() {
        assert_eq!(one_line(" a\r\n\tb\u{2028}c  d "), "a b c d");
        assert!(matches!(one_line("as it is"), Cow::Borrowed(_)));
        let long = format!("{}{}", "ä".repeat(10), slot::instant(Time::EPOCH));
        assert_eq!(cut(long.clone().into(), 26), "ääääääääää…");
        assert_eq!(cut("ääää".into(), 6), "ä…");
        assert_eq!(cut(long.clone().into(), long.len()), long);
    }

    #[test]
    fn only_pages_of_the_web_are_links() {
        assert!(
            is_web("https://a.example/x?y=1#z") && is_web("HTTP://a.example") && is_web("http://[::1]:9090/")
        );
        let long = format!("https://a.example/{}", "x".repeat(LINK_MAX));
        let wrong = [
            "javascript:alert(1)",
            "ftp://a",
            "https://",
            "https://a b",
            "https:///x",
            "http://a\n",
            "a",
            &long,
            "é",
            "https://a\u{202e}",
            "https://a|b>",
        ];
        wrong.into_iter().for_each(|wrong| assert!(!is_web(wrong), "{wrong}"));
    }
}
