//! The corpus of hostile texts, one on each line of a fixture, with escapes for what a line cannot hold.

const CORPUS: &str = include_str!("../../../tests/fixtures/injection.txt");

/// Every hostile text.
pub fn corpus() -> Vec<String> {
    let lines = CORPUS.lines().filter(|line| !line.is_empty() && !line.starts_with("## "));
    lines.map(unescape).collect()
}

/// Reads `\n`, `\r`, `\t`, `\0`, `\e`, `\\`, `\u{…}` and `\*{N}`, which repeats the character before it N times.
fn unescape(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest[at + 1..].chars().next().expect("a backslash stands before something");
        rest = &rest[at + 1 + code.len_utf8()..];
        match code {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            '0' => out.push('\0'),
            'e' => out.push('\u{1b}'),
            '\\' => out.push('\\'),
            'u' | '*' => {
                let (inner, after) = rest[1..].split_once('}').expect("braces close");
                rest = after;
                if code == 'u' {
                    let number = u32::from_str_radix(inner, 16).expect("hexadecimal");
                    out.push(char::from_u32(number).expect("a character"));
                } else {
                    let last = out.chars().next_back().expect("something to repeat");
                    out.extend(std::iter::repeat_n(last, inner.parse().expect("a number")));
                }
            }
            other => panic!("\\{other} is no escape of the corpus"),
        }
    }
    out.push_str(rest);
    out
}

#[test]
fn the_corpus_is_large_and_holds_no_text_twice() {
    let corpus = corpus();
    assert!(corpus.len() >= 200, "{} texts", corpus.len());
    let distinct: std::collections::BTreeSet<_> = corpus.iter().collect();
    assert_eq!(distinct.len(), corpus.len());
}
