//! Text made harmless for a line of a log: no control, direction or invisible character, and not too long.

use std::fmt::{self, Write};

/// The most bytes of one field that a line shows, before escaping.
pub(super) const FIELD_BYTES_MAX: usize = 4096;

/// How a character is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `\n`, `\"`, `\u202e`, as JSON reads them.
    Json,
    /// `\n`, `\u{202e}`.
    Text,
}

/// Format characters (Unicode category Cf) and line separators: they hide text or turn it around.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e007f}'),
];

/// Escapes what is written to it, and cuts it at [`FIELD_BYTES_MAX`].
pub(super) struct Escaped<'w, W> {
    out: &'w mut W,
    form: Form,
    taken: usize,
    dropped: usize,
}

impl<'w, W: Write> Escaped<'w, W> {
    pub(super) fn new(out: &'w mut W, form: Form) -> Self {
        Escaped { out, form, taken: 0, dropped: 0 }
    }

    /// Writes a value, and how much of it was left out.
    pub(super) fn put(mut self, value: fmt::Arguments<'_>) -> fmt::Result {
        self.write_fmt(value)?;
        match self.dropped {
            0 => Ok(()),
            dropped => write!(self.out, "… ({dropped} bytes more)"),
        }
    }

    fn escape(&mut self, character: char) -> fmt::Result {
        match (character, self.form) {
            ('\n', _) => self.out.write_str("\\n"),
            ('\r', _) => self.out.write_str("\\r"),
            ('\t', _) => self.out.write_str("\\t"),
            ('"' | '\\', _) => {
                self.out.write_char('\\')?;
                self.out.write_char(character)
            }
            (_, Form::Text) => write!(self.out, "\\u{{{:x}}}", u32::from(character)),
            (_, Form::Json) => {
                let mut units = [0; 2];
                character
                    .encode_utf16(&mut units)
                    .iter()
                    .try_for_each(|unit| write!(self.out, "\\u{unit:04x}"))
            }
        }
    }
}

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Once something was left out nothing follows it, or a short piece would slip in behind a long one.
        let room = if self.dropped == 0 { FIELD_BYTES_MAX - self.taken } else { 0 };
        let mut end = room.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let kept = &text[..end];
        self.taken += kept.len();
        self.dropped += text.len() - kept.len();
        let mut plain_from = 0;
        for (at, character) in kept.char_indices() {
            if is_harmless(character, self.form) {
                continue;
            }
            self.out.write_str(&kept[plain_from..at])?;
            self.escape(character)?;
            plain_from = at + character.len_utf8();
        }
        self.out.write_str(&kept[plain_from..])
    }
}

fn is_harmless(character: char, form: Form) -> bool {
    match character {
        // A backslash is escaped in text too: else an event could forge an escape.
        '\\' => false,
        '"' => form == Form::Text,
        ' '..='~' => true,
        _ => !character.is_control() && !is_invisible(character),
    }
}

fn is_invisible(character: char) -> bool {
    INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&character))
}
