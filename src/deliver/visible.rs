//! Event text without what no reader should meet: control characters, turned writing, invisible characters.

use std::borrow::Cow;

/// Whether `c` may go out in any text: no control character, nothing that turns the direction of writing, nothing that
/// is there and cannot be seen. Joiners stay: scripts and emoji need them.
pub fn is_visible(c: char) -> bool {
    match c {
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}' => false,
        '\u{00AD}' | '\u{180E}' | '\u{200B}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' => false,
        '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}' | '\u{FDD0}'..='\u{FDEF}' => false,
        '\u{E0000}'..='\u{E007F}' => false,
        c => !c.is_control(),
    }
}

/// The text with its line ends as `\n` and otherwise visible characters only.
pub fn lines(text: &str) -> Cow<'_, str> {
    let keep = |c: char| c == '\n' || c == '\t' || is_visible(c);
    if text.chars().all(keep) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut last = ' ';
    for c in text.chars() {
        match c {
            '\n' if last == '\r' => {}
            '\r' | '\u{2028}' | '\u{2029}' | '\u{0085}' => out.push('\n'),
            c if keep(c) => out.push(c),
            _ => {}
        }
        last = c;
    }
    Cow::Owned(out)
}

/// The text as one line of at most `limit` characters: white space is one space, and what is cut ends in `…`.
pub fn one_line(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(4 * limit));
    let mut count = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || matches!(c, '\u{0085}' | '\u{2028}' | '\u{2029}') {
            gap = count > 0;
            continue;
        }
        if !is_visible(c) {
            continue;
        }
        if count + usize::from(gap) + 1 > limit {
            out.pop();
            out.push('…');
            return out;
        }
        if gap {
            out.push(' ');
            count += 1;
            gap = false;
        }
        out.push(c);
        count += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_ends_and_lose_what_is_hidden() {
        assert_eq!(lines("a\r\nb\rc\u{2028}d\u{0}\u{1b}[31m\u{202E}e\tf"), "a\nb\nc\nd[31me\tf");
        assert!(matches!(lines("plain\ntext"), Cow::Borrowed(_)));
    }

    #[test]
    fn one_line_is_one_line_and_short() {
        assert_eq!(one_line(" a\r\nBcc: b \t c\u{200B}", 80), "a Bcc: b c");
        assert_eq!(one_line("abcdef", 4), "abc…");
        assert_eq!(one_line("abc def", 3), "ab…");
        assert_eq!(one_line("abcd", 4), "abcd");
    }
}
