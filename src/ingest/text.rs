//! Text from outside: cleaned of what could forge or turn it, kept to one line where it is one, and cut to its limit.

use super::Flags;
use crate::message::slot;
use std::borrow::Cow;

/// Stands at the end of a text that was cut.
const CUT: char = '…';

/// A text of one line: cleaned, line ends and tabs made spaces, cut to `max` bytes.
pub(super) fn line<'a>(text: Cow<'a, str>, max: usize, flags: &mut Flags) -> Cow<'a, str> {
    if text.len() <= max && is_printable_ascii(&text) {
        return text;
    }
    let text = cleaned(text);
    let text = if text.contains(['\n', '\t']) { Cow::Owned(text.replace(['\n', '\t'], " ")) } else { text };
    cut(text, max, flags)
}

/// A text of several lines: cleaned and cut to `max` bytes, its line ends and tabs kept.
pub(super) fn block<'a>(text: Cow<'a, str>, max: usize, flags: &mut Flags) -> Cow<'a, str> {
    if text.len() <= max && is_printable_ascii(&text) {
        return text;
    }
    cut(cleaned(text), max, flags)
}

/// An address of a page: kept only if a browser would open it as one and it is within `max` bytes.
pub(super) fn page(url: &str, max: usize, flags: &mut Flags) -> Option<Box<str>> {
    if url.is_empty() {
        return None;
    }
    let scheme = |name: &str| url.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
    let sound = url.len() <= max
        && (scheme("http://") || scheme("https://"))
        && !url.contains(|c: char| c.is_whitespace() || c.is_control())
        && matches!(slot::clean(url), Cow::Borrowed(_));
    flags.cut |= !sound;
    sound.then(|| url.into())
}

/// Folded without an early end, so that the compiler can look at many bytes at once.
fn is_printable_ascii(text: &str) -> bool {
    text.as_bytes().iter().fold(true, |sound, byte| sound & (0x20..0x7f).contains(byte))
}

fn cleaned(text: Cow<'_, str>) -> Cow<'_, str> {
    match slot::clean(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(clean) => Cow::Owned(clean),
    }
}

fn cut<'a>(text: Cow<'a, str>, max: usize, flags: &mut Flags) -> Cow<'a, str> {
    if text.len() <= max {
        return text;
    }
    flags.cut = true;
    let end = text.floor_char_boundary(max - CUT.len_utf8());
    let mut short = String::with_capacity(max);
    short.push_str(&text[..end]);
    short.push(CUT);
    Cow::Owned(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_one_line_and_blocks_keep_theirs() {
        let mut flags = Flags::default();
        let text = "a\r\nb\u{202E}c\u{FDD0}";
        assert_eq!(line(text.into(), 100, &mut flags), "a bc");
        assert_eq!(block(text.into(), 100, &mut flags), "a\nbc");
        assert!(!flags.cut);
    }

    #[test]
    fn cutting_ends_between_characters_and_is_flagged() {
        let mut flags = Flags::default();
        assert_eq!(line("äöüäöü".into(), 8, &mut flags), "äö…");
        assert!(flags.cut);
    }

    #[test]
    fn only_addresses_of_pages_are_kept() {
        let keeps = |url: &str| page(url, 40, &mut Flags::default()).is_some();
        assert!(keeps("https://example.net/graph?a=1"));
        assert!(keeps("HTTP://example.net"));
        for wrong in
            ["javascript:alert(1)", "ftp://x", "https://a b", "https://\u{202E}x", "https", "http:/é"]
        {
            assert!(!keeps(wrong), "{wrong}");
        }
        assert!(!keeps(&format!("https://example.net/{}", "x".repeat(40))));
    }
}
