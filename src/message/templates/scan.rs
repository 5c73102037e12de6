//! Where things stand in a template: the words of its code, with their places, for errors that point at them.

/// One word or sign of a template's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What it is.
    pub(super) text: &'a str,
    /// Where it begins, in bytes.
    pub(super) at: usize,
    /// Whether it is the first of a `{% … %}`.
    pub(super) statement: bool,
}

impl Token<'_> {
    /// Whether it is a name.
    pub(super) fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// The tokens of everything between `{{ }}` and `{% %}`; strings and numbers are left out.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(open) = source[at..].find('{').map(|found| at + found) {
        let code = open + 2;
        at = match source.get(open + 1..code) {
            Some("#") => source[code..].find("#}").map_or(source.len(), |end| code + end + 2),
            Some("{") => scan(source, code, "}}", false, &mut tokens),
            Some("%") => scan(source, code, "%}", true, &mut tokens),
            _ => open + 1,
        };
    }
    tokens
}

/// Reads code up to `close`; answers where the text goes on.
fn scan<'a>(
    source: &'a str,
    from: usize,
    close: &str,
    statement: bool,
    tokens: &mut Vec<Token<'a>>,
) -> usize {
    let mut at = from;
    let mut first = statement;
    let mut braces = 0_usize;
    while let Some(c) = source[at..].chars().next() {
        if braces == 0 && source[at..].starts_with(close) {
            return at + close.len();
        }
        let length = match c {
            '"' | '\'' => string(&source[at..], c),
            c if c.is_ascii_digit() => run(&source[at..], |c| c.is_alphanumeric() || c == '_'),
            c if c.is_alphabetic() || c == '_' => run(&source[at..], |c| c.is_alphanumeric() || c == '_'),
            c => c.len_utf8(),
        };
        match c {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        let text = &source[at..at + length];
        // Right after the opening, `-` and `+` say what becomes of the white space before it.
        let trims = at == from && matches!(c, '-' | '+');
        if !c.is_whitespace() && !c.is_ascii_digit() && !matches!(c, '"' | '\'') && !trims {
            tokens.push(Token { text, at, statement: first });
            first = false;
        }
        at += length;
    }
    source.len()
}

fn run(text: &str, part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !part(c)).unwrap_or(text.len())
}

fn string(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// Where the dotted path is first used, in bytes.
pub(super) fn find_path(tokens: &[Token<'_>], path: &str) -> Option<usize> {
    let words: Vec<&str> = path.split('.').collect();
    let begins = |index: usize| {
        let after_dot = index > 0 && tokens[index - 1].text == ".";
        let fits = words.iter().enumerate().all(|(step, word)| {
            let here = tokens.get(index + 2 * step).is_some_and(|token| token.text == *word);
            here && (step == 0 || tokens[index + 2 * step - 1].text == ".")
        });
        !after_dot && fits
    };
    (0..tokens.len()).find(|index| begins(*index)).map(|index| tokens[index].at)
}

/// Line and column of a place, counted from 1; columns count characters.
pub(super) fn line_and_column(source: &str, at: usize) -> (usize, usize) {
    let before = source.get(..at).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_code_are_found_where_they_stand() {
        let source =
            "alerts {# alerts #} é\n{%- if x.alerts %}{{ 'alerts' ~ {\"a\": {}} | d }} {{ alerts.y }}";
        let tokens = tokens(source);
        let texts: Vec<_> = tokens.iter().map(|token| token.text).collect();
        assert_eq!(texts.join(" "), "if x . alerts ~ { : { } } | d alerts . y");
        assert_eq!(tokens.iter().filter(|token| token.statement).count(), 1);
        let at = find_path(&tokens, "alerts.y").unwrap();
        assert_eq!(&source[at..at + 8], "alerts.y");
        assert_eq!(line_and_column(source, at), (2, 53));
        assert_eq!(find_path(&tokens, "y"), None);
        assert_eq!(line_and_column("é{", 2), (1, 2));
    }
}
