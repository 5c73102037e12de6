//! Texts as telephones count them: the GSM alphabet, the parts of a message, and the cut that keeps within them.
//!
//! One letter outside the GSM alphabet makes every part of a message half as long, so typographic signs are written in
//! it and pictures are left out; only what no such spelling exists for, a letter, a digit, makes it Unicode.

use crate::deliver::visible;
use std::borrow::Cow;

/// The alphabet of 3GPP TS 23.038, without its line ends and the escape: each takes one septet.
const BASIC: &str = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension: each takes two septets, an escape and a sign.
const EXTENDED: &str = "^{}\\[~]|€";
/// No message is longer than this before it is cut, in characters.
const MAX_CHARS: usize = 1000;

/// A torn word of up to this many characters is left out altogether.
const MAX_TORN: usize = 24;

/// How the letters of a message are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Septets of the GSM alphabet: 160 in one part, 153 in each of several.
    Gsm7,
    /// Units of UTF-16: 70 in one part, 67 in each of several.
    Ucs2,
}

impl Coding {
    fn single(self) -> usize {
        if self == Coding::Gsm7 { 160 } else { 70 }
    }

    fn each(self) -> usize {
        if self == Coding::Gsm7 { 153 } else { 67 }
    }

    /// What shows that the text goes on.
    fn ellipsis(self) -> &'static str {
        if self == Coding::Gsm7 { "..." } else { "…" }
    }

    /// How many units a character takes. They are never torn apart.
    fn units(self, c: char) -> usize {
        match self {
            Coding::Gsm7 => 1 + usize::from(EXTENDED.contains(c)),
            Coding::Ucs2 => c.len_utf16(),
        }
    }

    /// In how many parts the characters travel.
    fn parts(self, text: impl Iterator<Item = char>) -> usize {
        let (mut total, mut parts, mut used) = (0, 1, 0);
        for c in text {
            let units = self.units(c);
            total += units;
            if used + units > self.each() {
                (parts, used) = (parts + 1, 0);
            }
            used += units;
        }
        if total <= self.single() { 1 } else { parts }
    }
}

/// A text that travels in a known number of parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fitted {
    pub(super) text: String,
    pub(super) coding: Coding,
    pub(super) parts: usize,
    /// Whether something was left out at its end.
    pub(super) is_cut: bool,
}

/// The text as one line without anything invisible, in the GSM alphabet if it can be, cut to at most `max` parts.
pub(super) fn fit(text: &str, max: usize) -> Fitted {
    let line = visible::one_line(text, MAX_CHARS);
    let (line, coding) = match spelled(&line) {
        Some(line) => (line, Coding::Gsm7),
        None => (line, Coding::Ucs2),
    };
    let parts = coding.parts(line.chars());
    if parts <= max {
        return Fitted { text: line, coding, parts, is_cut: false };
    }
    let text = format!("{}{}", cut(&line, coding, max, coding.ellipsis()), coding.ellipsis());
    let parts = coding.parts(text.chars());
    Fitted { text, coding, parts, is_cut: true }
}

/// The text with the address of a page behind it, which is never cut: rather the text is, and where the address alone
/// takes too much, it is left out.
pub(super) fn fit_before(text: &str, url: &str, max: usize) -> Fitted {
    let fitted = fit(text, max);
    if url.is_empty() {
        return fitted;
    }
    let tail = format!(" {url}");
    let whole = fitted.text.chars().chain(tail.chars());
    if !fitted.is_cut && fitted.coding.parts(whole.clone()) <= max {
        let parts = fitted.coding.parts(whole);
        return Fitted { text: fitted.text + &tail, parts, ..fitted };
    }
    let end = format!("{}{tail}", fitted.coding.ellipsis());
    let kept = cut(&fitted.text, fitted.coding, max, &end);
    if kept.is_empty() {
        return fitted;
    }
    let text = format!("{kept}{end}");
    let parts = fitted.coding.parts(text.chars());
    Fitted { text, parts, is_cut: true, ..fitted }
}

/// The longest beginning of the line that fits with the ellipsis behind it; not the beginning of an address of a page,
/// which would lead elsewhere, nor of a word that is not much to lose.
fn cut<'a>(line: &'a str, coding: Coding, max: usize, end: &str) -> &'a str {
    let mut kept = line;
    while !kept.is_empty() && coding.parts(kept.chars().chain(end.chars())) > max {
        kept = without_last(kept);
    }
    let is_torn = line[kept.len()..].starts_with(|c: char| !c.is_whitespace());
    if is_torn && let Some((before, word)) = kept.rsplit_once(' ') {
        let is_short = word.chars().count() <= MAX_TORN;
        kept = if is_short || word.contains("://") { before } else { kept };
    }
    kept.trim_end_matches(|c: char| c.is_whitespace() || is_joined(c))
}

fn without_last(text: &str) -> &str {
    text.char_indices().next_back().map_or("", |(at, _)| &text[..at])
}

/// What shows only together with the character before or behind it.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{0300}'..='\u{036F}')
}

/// The line in the GSM alphabet, unless a letter or digit of it cannot be spelled there.
fn spelled(line: &str) -> Option<String> {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match spelling(c) {
            Some(text) => out.push_str(&text),
            None if c.is_alphanumeric() => return None,
            None => {}
        }
    }
    let is_gapped = out.contains("  ");
    Some(if is_gapped { out.split_whitespace().collect::<Vec<_>>().join(" ") } else { out.trim().to_owned() })
}

/// How a character is written in the GSM alphabet: as itself, or by what is read the same.
fn spelling(c: char) -> Option<Cow<'static, str>> {
    if BASIC.contains(c) || EXTENDED.contains(c) {
        return Some(Cow::Owned(c.to_string()));
    }
    Some(Cow::Borrowed(match c {
        '‘' | '’' | '‚' | '‛' | '′' | '`' | '´' | '‹' | '›' | 'ʼ' => "'",
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => "\"",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '\u{2043}' => "-",
        '…' => "...",
        '•' | '·' | '‣' | '∙' | '●' | '▪' | '◦' => "*",
        '→' | '⇒' | '➜' => "->",
        '←' | '⇐' => "<-",
        '≥' => ">=",
        '≤' => "<=",
        '≠' => "!=",
        '≈' => "~",
        '×' => "x",
        '÷' => "/",
        '±' => "+/-",
        '°' => " deg",
        'µ' | 'μ' => "u",
        '¦' => "|",
        '©' => "(c)",
        '®' => "(R)",
        '™' => "TM",
        'ç' => "c",
        '²' => "2",
        '³' => "3",
        '½' => "1/2",
        '¼' => "1/4",
        '¾' => "3/4",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::conformance::injection;
    use proptest::prelude::*;

    #[test]
    fn the_address_of_a_page_is_never_cut() {
        let url = "https://tidings.example.net/a/AbCdEf-_0123456789AbCdEf-_0123456789";
        let short = fit_before("SEV1 OPEN Checkout is failing.", url, 3);
        assert_eq!((short.text, short.parts), (format!("SEV1 OPEN Checkout is failing. {url}"), 1));
        for text in ["long ".repeat(300), "länger ✓ ж ".repeat(100)] {
            let fitted = fit_before(&text, url, 3);
            assert!(
                fitted.text.ends_with(&format!(" {url}")) && fitted.text.len() > url.len() + 40,
                "{fitted:?}"
            );
            assert!(fitted.parts <= 3 && fitted.is_cut, "{fitted:?}");
        }
        let without = fit_before("SEV1 OPEN", &"x".repeat(500), 3);
        assert_eq!(without.text, "SEV1 OPEN", "an address that is too long is left out");
    }

    #[test]
    fn signs_are_spelled_and_letters_kept() {
        let gsm = |text: &str, want: &str| {
            let fitted = fit(text, 3);
            assert_eq!((fitted.text.as_str(), fitted.coding), (want, Coding::Gsm7), "{text}");
        };
        gsm("“Ça va”\u{A0}–\tgarçon’s…", "\"Ça va\" - garcon's...");
        gsm("SEV1 🔴 OPEN `checkout` • 5xx ≥ 12 %", "SEV1 OPEN 'checkout' * 5xx >= 12 %");
        gsm("a\r\nb\u{0}\u{202E}c\u{200B}d", "a bcd");
        let polish = fit("Płatności – „błąd”", 3);
        assert_eq!((polish.text.as_str(), polish.coding), ("Płatności – „błąd”", Coding::Ucs2));
    }

    #[test]
    fn parts_are_counted_as_networks_count_them() {
        let parts = |text: &str| {
            let fitted = fit(text, 9);
            (fitted.parts, fitted.coding)
        };
        assert_eq!(parts(&"a".repeat(160)), (1, Coding::Gsm7));
        assert_eq!(parts(&"a".repeat(161)), (2, Coding::Gsm7));
        assert_eq!(parts(&"a".repeat(306)), (2, Coding::Gsm7));
        assert_eq!(parts(&"a".repeat(307)), (3, Coding::Gsm7));
        assert_eq!(parts(&"[".repeat(80)), (1, Coding::Gsm7));
        assert_eq!(parts(&"[".repeat(81)), (2, Coding::Gsm7));
        assert_eq!(
            parts(&"[".repeat(153)),
            (3, Coding::Gsm7),
            "a part of 153 holds 76 pairs, never half of one"
        );
        assert_eq!(parts(&"ж".repeat(70)), (1, Coding::Ucs2));
        assert_eq!(parts(&"ж".repeat(71)), (2, Coding::Ucs2));
        assert_eq!(parts(&format!("ж{}", "😀".repeat(34))), (1, Coding::Ucs2));
        assert_eq!(parts(&format!("ж{}", "😀".repeat(35))), (2, Coding::Ucs2));
        assert_eq!(parts(""), (1, Coding::Gsm7));
    }

    #[test]
    fn a_long_text_is_cut_to_its_parts_and_says_so() {
        let fitted = fit(&"word ".repeat(200), 2);
        assert!(fitted.text.ends_with("word...") && fitted.text.len() > 295, "{}", fitted.text);
        let page = fit(&format!("{} https://runbooks.example.net/{}", "a".repeat(120), "x".repeat(60)), 1);
        assert_eq!(page.text, format!("{}...", "a".repeat(120)), "half an address leads elsewhere");
        let smileys = fit(&format!("ж{}", "👩\u{200D}🚒".repeat(60)), 2);
        assert!(smileys.text.ends_with("…") && !smileys.text.ends_with("\u{200D}…"), "{}", smileys.text);
        assert_eq!(smileys.parts, 2);
    }

    #[test]
    fn hostile_text_is_one_visible_line() {
        for payload in injection::corpus() {
            checked(&payload, 2);
        }
    }

    /// Cuts the text into parts in the plainest way: units one by one, a pair moved whole into the next part.
    fn naive_parts(text: &str, coding: Coding) -> usize {
        let pairs: Vec<Vec<u16>> = match coding {
            Coding::Ucs2 => text.chars().map(|c| c.encode_utf16(&mut [0; 2]).to_vec()).collect(),
            Coding::Gsm7 => {
                text.chars().map(|c| if BASIC.contains(c) { vec![0] } else { vec![27, 0] }).collect()
            }
        };
        let (single, each) = if coding == Coding::Gsm7 { (160, 153) } else { (70, 67) };
        if pairs.concat().len() <= single {
            return 1;
        }
        let mut parts = vec![Vec::new()];
        for pair in pairs {
            if parts.last().unwrap().len() + pair.len() > each {
                parts.push(Vec::new());
            }
            parts.last_mut().unwrap().extend(pair);
        }
        parts.len()
    }

    fn checked(text: &str, max: usize) {
        let fitted = fit(text, max);
        assert_eq!(fitted.parts, naive_parts(&fitted.text, fitted.coding), "{text:?}");
        assert!(fitted.parts <= max, "{text:?}");
        assert!(fitted.text.chars().all(visible::is_visible), "{:?}", fitted.text);
        if fitted.coding == Coding::Gsm7 {
            assert!(
                fitted.text.chars().all(|c| BASIC.contains(c) || EXTENDED.contains(c)),
                "{:?}",
                fitted.text
            );
        }
    }

    proptest! {
        #[test]
        fn counting_and_cutting_agree_with_the_plainest_way(text in ".{0,400}", max in 1_usize..=3) {
            checked(&text, max);
        }

        #[test]
        fn the_same_for_text_of_the_alphabet(text in "[ -~äöü€\\[\\]{}|~^]{0,700}", max in 1_usize..=3) {
            checked(&text, max);
        }
    }
}
