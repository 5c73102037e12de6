//! The results of tests as JUnit XML, which every CI reads.

use super::report::difference;
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
        for failure in &one.failures {
            let message = escaped(&format!("{}: expected {}", failure.place, failure.expected));
            let text = escaped(&difference(failure));
            let _ =
                writeln!(out, "      <failure type=\"expectation\" message=\"{message}\">{text}</failure>");
        }
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
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
    use super::super::script::Difference;
    use super::*;

    fn played(name: &str, expected: &[&str]) -> Played {
        let difference = |expected: &&str| Difference {
            place: "t.toml:7".to_owned(),
            at: "6m after the start".to_owned(),
            expected: (*expected).to_owned(),
            instead: Vec::new(),
            why: vec!["a < b".to_owned()],
        };
        let failures = expected.iter().map(difference).collect();
        Played { name: name.to_owned(), file: "t.toml".to_owned(), line: 3, failures }
    }

    #[test]
    fn whatever_a_name_holds_it_stays_xml() {
        let name = "<a href=\"x\">&'\n\u{1b}[31m\u{0}\u{FFFE}]]>é";
        let xml = xml(&[played(name, &[]), played("b", &["\"c\" told", "d & e"])]);
        assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
        assert!(xml.contains("name=\"&lt;a href=&quot;x&quot;&gt;&amp;&apos;&#10;[31m]]&gt;é\""), "{xml}");
        assert!(xml.contains("message=\"t.toml:7: expected &quot;c&quot; told\""), "{xml}");
        assert!(xml.contains("why: a &lt; b"), "{xml}");
        assert_eq!(xml.matches("<failure ").count(), 2);
        assert_eq!(xml.matches("<testcase ").count(), 2);
        assert!(!xml.contains(['\u{1b}', '\u{0}', '\u{FFFE}']));
    }
}
