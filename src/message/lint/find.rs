//! Finding words in a text: sentences, words in a row, and words that look like the names of machines.

use super::words::{ENDINGS, STEMS};

/// The sentences of a plain text, in order.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for line in text.lines() {
        let mut start = 0;
        for (at, c) in line.char_indices() {
            let end = at + c.len_utf8();
            let ends = matches!(c, '.' | '!' | '?' | '…') && line[end..].starts_with([' ', '\t']);
            if ends {
                out.push(&line[start..end]);
                start = end;
            }
        }
        out.push(&line[start..]);
    }
    out.into_iter().map(str::trim).filter(|sentence| !sentence.is_empty()).collect()
}

/// The words of a sentence as they are written: letters, digits, and the signs that join them.
pub(super) fn words(sentence: &str) -> Vec<&str> {
    let parts = sentence.split_whitespace().flat_map(|word| {
        // An address of a page is one word; everything else is parted where a reader would part it.
        let whole = word.contains("://");
        let parts: Vec<&str> = if whole { vec![word] } else { word.split(|c: char| !joins(c)).collect() };
        parts
    });
    parts.map(|word| word.trim_matches(['.', '-', '\'', '’', '_'])).filter(|word| !word.is_empty()).collect()
}

fn joins(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '\'' | '’')
}

/// Lower case, with one sort of apostrophe.
pub(super) fn lower(word: &str) -> String {
    word.to_lowercase().replace('’', "'")
}

/// Where the phrase stands among the lower-case words: the first of them and how many they are.
pub(super) fn phrase(words: &[String], phrase: &str) -> Option<(usize, usize)> {
    let wanted: Vec<&str> = phrase.split(' ').collect();
    let last = words.len().checked_sub(wanted.len())?;
    let fits = |at: &usize| wanted.iter().zip(&words[*at..]).all(|(wanted, word)| is(word, wanted));
    (0..=last).find(fits).map(|at| (at, wanted.len()))
}

fn is(word: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None if wanted == "#" => is_number(word),
        None => word == wanted,
    }
}

fn is_number(word: &str) -> bool {
    const SPELLED: [&str; 13] = [
        "one", "two", "three", "four", "five", "six", "ten", "fifteen", "twenty", "thirty", "forty", "sixty",
        "ninety",
    ];
    word.starts_with(|c: char| c.is_ascii_digit()) || SPELLED.contains(&word)
}

/// Whether the word looks like the name or address of a machine: `pay-db-2.prod`, `web-01`, `10.0.3.7`, `pool_size`.
pub(super) fn is_machine(word: &str) -> bool {
    let host = word.split_once("://").map_or(word, |(_, rest)| rest);
    let host = host.split(['/', ':', '?']).next().unwrap_or_default();
    let plain = host.to_lowercase();
    if ENDINGS.iter().any(|ending| plain.ends_with(ending) && plain.len() > ending.len()) {
        return true;
    }
    if word.contains("://") {
        return false;
    }
    let numbers: Vec<&str> = plain.split('.').collect();
    if numbers.len() == 4 && numbers.iter().all(|number| number.parse::<u8>().is_ok()) {
        return true;
    }
    // People write names of products and norms with capitals, and dates begin with a digit.
    if !word.starts_with(|c: char| c.is_ascii_lowercase()) {
        return false;
    }
    let segments: Vec<&str> = plain.split(['-', '.', '_']).collect();
    let numbered = |segment: &&str| segment.ends_with(|c: char| c.is_ascii_digit());
    let stem = segments[0].trim_end_matches(|c: char| c.is_ascii_digit());
    let is_stem = STEMS.contains(&stem) && segments.iter().any(numbered);
    plain.contains('_') || is_stem || (segments.len() > 2 && segments.iter().any(numbered))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_told_from_words() {
        for machine in [
            "pay-db-2.prod",
            "pay-db-2",
            "db-2",
            "web01",
            "10.0.3.7",
            "pool_size",
            "api.internal",
            "http://graphs.corp/x",
        ] {
            assert!(is_machine(machine), "{machine}");
        }
        for word in [
            "e-mail",
            "2026-11-21",
            "COVID-19",
            "ISO-27001",
            "R-BFAA0050",
            "example.net",
            "https://status.example.net/2",
            "step-by-step",
            "14.30",
            "web",
            "apps",
        ] {
            assert!(!is_machine(word), "{word}");
        }
    }

    #[test]
    fn sentences_and_words_are_those_of_a_reader() {
        let text = "It is 2.5 times slower. Is it? Yes!\n- Carts (e.g. yours) are kept";
        assert_eq!(
            sentences(text),
            ["It is 2.5 times slower.", "Is it?", "Yes!", "- Carts (e.g.", "yours) are kept"]
        );
        assert_eq!(words("We’ll see: pay-db-2, (soon)."), ["We’ll", "see", "pay-db-2", "soon"]);
        let lowered: Vec<String> = words("It will take about 20 minutes").into_iter().map(lower).collect();
        assert_eq!(phrase(&lowered, "about # minute*"), Some((3, 3)));
        assert_eq!(phrase(&lowered, "about # hours"), None);
    }
}
