//! Event text inside Markdown: escaped so that it reads as it is and forms no mark-up.

use std::borrow::Cow;

/// Whether the character can begin or end mark-up anywhere in a line.
fn is_special(byte: u8) -> bool {
    matches!(
        byte,
        b'\\'
            | b'`'
            | b'*'
            | b'_'
            | b'['
            | b']'
            | b'<'
            | b'>'
            | b'#'
            | b'|'
            | b'~'
            | b'&'
            | b'!'
            | b'$'
            | b'^'
    )
}

/// The text with everything that Markdown reads as mark-up escaped; line ends stay, but no line begins a list,
/// a heading, a quotation or a block of code.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return escape_line(text);
    }
    let mut lines = text.split('\n').map(escape_line);
    let Some(first) = lines.next() else {
        return Cow::Borrowed(text);
    };
    let mut out = first.into_owned();
    for line in lines {
        out.push('\n');
        out.push_str(&line);
    }
    Cow::Owned(out)
}

fn escape_line(line: &str) -> Cow<'_, str> {
    let line = line.trim_matches([' ', '\t', '\r']);
    let marker = marker_at(line);
    if marker.is_none() && !line.bytes().any(is_special) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + 8);
    for (index, c) in line.char_indices() {
        if (c.is_ascii() && is_special(c as u8)) || marker == Some(index) {
            out.push('\\');
        }
        out.push(c);
    }
    Cow::Owned(out)
}

/// Where a backslash takes the meaning from what begins the line: `- `, `+ `, `===`, `12. `, `12) `, `: `.
fn marker_at(line: &str) -> Option<usize> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    match line.as_bytes().get(digits) {
        Some(b'-' | b'+' | b'=' | b':') if digits == 0 => Some(0),
        Some(b'.' | b')') if digits > 0 => Some(digits),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    /// What a reader sees of the text, or what mark-up it formed.
    fn read(markdown: &str) -> Result<String, String> {
        let mut out = String::new();
        for event in Parser::new_ext(markdown, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
            match event {
                Event::Text(text) => out.push_str(&text),
                Event::SoftBreak => out.push('\n'),
                Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                other => return Err(format!("{other:?}")),
            }
        }
        Ok(out)
    }

    fn plain(text: &str) -> String {
        text.split('\n').map(|line| line.trim_matches([' ', '\t', '\r'])).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn known_tricks_form_nothing() {
        for trick in [
            "[x](javascript:alert(1))",
            "<script>alert(1)</script>",
            "![i](https://t.example/p.png)",
            "# heading",
            "- item",
            "+ item",
            "1. item",
            "1) item",
            "> quote",
            "a\n===",
            "a\n---",
            "a | b\n--|--\nc | d",
            "~~~\ncode",
            "    code",
            "\tcode",
            "<https://a.example>",
            "&lt;b&gt; &#64;everyone",
            "[a]: https://a.example",
            "$x$ ^y^ ~z~ ==h==",
            "[^1]: note",
            "- [ ] task",
            "a\n: definition",
            "<!channel> <@U1> *b* _i_ `c` ~s~",
            ":::warning",
            "---\ntitle: x\n---",
            "+++\ntitle: x\n+++",
        ] {
            assert_eq!(read(&escape(trick)).as_deref(), Ok(plain(trick).as_str()), "{trick:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_text_forms_markup(text in r"[-a1 .)(*_`#<>&;!\[\]|~=+:\\/\t$^{}x\n\x22']{0,40}") {
            // Blank lines end paragraphs, which is no mark-up and leaves nothing in what is read.
            let bare = |text: &str| text.replace('\n', "");
            let seen = read(&escape(&text)).map(|seen| bare(&seen));
            prop_assert_eq!(seen, Ok(bare(&plain(&text))), "{}", escape(&text));
        }
    }
}
