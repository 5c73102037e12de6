//! The results of tests as JUnit XML, which every CI reads.

use super::report::differences;
use super::script::Played;
use std::fmt::Write;

/// All results as one suite.
pub(super) fn xml(played: &[Played]) -> String {
    let failed = played.iter().filter(|one| !one.failures.is_empty()).count();
    let counts = format!("tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\"", played.len());
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tidings test\" {counts}>\n  \
         <testsuite name=\"tidings test\" {counts}>\n"
    );
    for one in played {
        let (name, file) = (escaped(&one.name), escaped(&one.file));
        let line = one.line;
        let _ = write!(
            out,
            "    <testcase name=\"{name}\" classname=\"{file}\" file=\"{file}\" line=\"{line}\" time=\"0\""
        );
        if one.failures.is_empty() {
            out.push_str("/>\n");
            continue;
        }
        out.push_str(">\n");
        let (message, text) = (escaped(&first(one)), escaped(&differences(one)));
        let _ = writeln!(out, "      <failure type=\"expectation\" message=\"{message}\">{text}</failure>");
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// The first thing that was missed, with its place; CI shows it beside the name.
fn first(played: &Played) -> String {
    let all =
        || played.failures.iter().flat_map(|failure| failure.missed.iter().map(move |one| (failure, one)));
    let more = match all().count() {
        0 | 1 => String::new(),
        count => format!("; and {} more", count - 1),
    };
    let first = all().next();
    first
        .map(|(failure, one)| format!("{}: expected {}{more}", failure.place, one.expected))
        .unwrap_or_default()
}

/// A text that may stand in an attribute or between tags: what XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{FFFE}' | '\u{FFFF}' => {}
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::script::{Difference, Missed};
    use super::*;

    fn played(name: &str, expected: &[&str]) -> Played {
        let missed =
            |expected: &&str| Missed { expected: (*expected).to_owned(), why: vec!["a < b".to_owned()] };
        let difference = |missed: Vec<Missed>| Difference {
            place: "t.toml:7".to_owned(),
            at: "6m after the start".to_owned(),
            since: "03:00".to_owned(),
            missed,
            told: Vec::new(),
        };
        let missed: Vec<Missed> = expected.iter().map(missed).collect();
        let failures = if missed.is_empty() { Vec::new() } else { vec![difference(missed)] };
        Played { name: name.to_owned(), file: "t.toml".to_owned(), line: 3, failures }
    }

    #[test]
    fn whatever_a_name_holds_it_stays_xml() {
        let name = "<a href=\"x\">&'\n\u{1b}[31m\u{0}\u{FFFE}]]>é";
        let xml = xml(&[played(name, &[]), played("b", &["told: \"c\"", "told: d & e"])]);
        assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
        assert!(xml.contains("name=\"&lt;a href=&quot;x&quot;&gt;&amp;&apos;&#10;[31m]]&gt;é\""), "{xml}");
        assert!(xml.contains("message=\"t.toml:7: expected told: &quot;c&quot;; and 1 more\""), "{xml}");
        assert!(xml.contains("expected told: d &amp; e&#10;    a &lt; b"), "{xml}");
        assert_eq!((xml.matches("<failure ").count(), xml.matches("<testcase ").count()), (1, 2));
        assert!(!xml.contains(['\u{1b}', '\u{0}', '\u{FFFE}']));
    }
}
