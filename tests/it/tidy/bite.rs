//! Proof that the checks bite: each finds what is bad in a small bad source, and nothing in a good one.

use super::check;
use super::source::{Source, mark_test_files};

fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    let mut sources: Vec<_> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    mark_test_files(&mut sources);
    sources
}

/// The places, without words, that `check` finds in one file.
fn places(check: fn(&[Source]) -> check::Offences, path: &str, text: &str) -> Vec<usize> {
    let offences = check(&sources(&[(path, text)]));
    let mut lines: Vec<_> =
        offences.iter().map(|offence| offence.split(':').nth(1).unwrap().parse().unwrap()).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

#[test]
fn sentences() {
    let check = check::opens_with_a_sentence;
    assert_eq!(places(check, "src/event/x.rs", "//! What it is for,\n//! and why.\n\nuse a;"), [0; 0]);
    for bad in ["", "use a;\n//! Late.\n", "//! no end\n\n", "//!\n//! Late.\n", "/// Of an item.\n"] {
        assert_eq!(places(check, "src/event/x.rs", bad), [1], "{bad:?}");
    }
}

#[test]
fn import_direction() {
    let check = check::imports;
    let bad = "use crate::event::Time;\nuse crate::journal::Head;\nfn f() {\n crate::config::read();\n}\n\
               use crate::{event, decide::{Fact, ingest},\n history::Timeline};\n// crate::cli\nlet x = \"crate::cli\";";
    assert_eq!(places(check, "src/deliver/email.rs", bad), [2, 4, 6]);
    let names: Vec<_> = check(&sources(&[("src/deliver/email.rs", bad)]));
    assert!(names[2].ends_with("deliver may not import history"), "{names:?}");
    assert_eq!(
        places(check, "src/decide/x.rs", "use tidings::deliver::Channel;\nuse crate::message::Kind;"),
        [1]
    );
    assert_eq!(places(check, "src/observe/x.rs", "use crate::message::Kind;"), [1]);
    assert_eq!(places(check, "src/daemon/x.rs", "use crate::{config, deliver, journal, cli};"), [1]);
    assert_eq!(
        places(check, "src/event/a/b.rs", "use super::super::x;\nuse super::super::super::journal;"),
        [2]
    );
    assert_eq!(places(check, "src/event/mod.rs", "#[cfg(test)]\nmod tests {\n use super::*;\n}"), [0; 0]);
    assert_eq!(places(check, "src/extra/mod.rs", "//! A room.\n"), [1]);
    assert_eq!(places(check, "src/main.rs", "use tidings::cli;"), [0; 0]);
}

#[test]
fn pure_rooms() {
    let check = check::purity;
    let bad = "use std::collections::HashMap;\nasync fn f() {}\nuse std::{fmt, env};\nlet x = 1.5;\nlet y: f64;\n\
               tracing::info!();\nprintln!();\nlet z = std::time::SystemTime::UNIX_EPOCH;\njiff::Timestamp::now();\nlet e = 1e3;";
    assert_eq!(places(check, "src/decide/x.rs", bad), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(places(check, "src/ingest/x.rs", bad), [0; 0], "only three rooms are pure");
    let good = "// f64\nlet a = \"async 1.5\";\nlet b = pair.0.1;\nfor i in 0..5 {}\nlet c = 0x1e3;\nlet d = 1.max(2);\n\
                let e = metrics.len(); std::time::Duration::ZERO;\nuse crate::event::time;\n#[cfg(test)]\nmod tests {\n use std::fs;\n}";
    assert_eq!(places(check, "src/decide/x.rs", good), [0; 0]);
}

#[test]
fn sizes() {
    let lines = |count: usize| "x;\n".repeat(count);
    assert_eq!(places(check::file_size, "tests/x.rs", &lines(check::FILE_LINES_MAX)), [0; 0]);
    assert_eq!(places(check::file_size, "tests/x.rs", &lines(check::FILE_LINES_MAX + 1)), [1]);
    let function =
        |count: usize| format!("fn a() -> [u8; 2];\nfn b(x: [u8; 2]) {{\n// c\n\n{}}}\n", lines(count));
    assert_eq!(places(check::function_size, "src/x.rs", &function(check::FUNCTION_LINES_MAX)), [0; 0]);
    assert_eq!(places(check::function_size, "src/x.rs", &function(check::FUNCTION_LINES_MAX + 1)), [2]);
}

#[test]
fn drawers() {
    assert_eq!(places(check::module_names, "src/deliver/util.rs", ""), [1]);
    assert_eq!(places(check::module_names, "tests/it/common/mod.rs", ""), [1]);
    assert_eq!(places(check::module_names, "src/deliver/mod.rs", "\nmod helpers;\nmod miscible;"), [2]);
}

#[test]
fn loose_ends() {
    let text = format!("a\n# {}{}: later\nhackney todos", "FIX", "ME");
    assert_eq!(places(check::unfinished, "deploy/x.yaml", &text), [2]);
}

#[test]
fn forbidden_attributes() {
    let bad = "#[allow(dead_code)]\n#![allow(x)]\n#[ignore]\n#[cfg_attr(test, allow(x))]\n#[should_panic]\n#[expect(x)]";
    assert_eq!(places(check::attributes, "tests/x.rs", bad), [1, 2, 3, 4, 5]);
    assert_eq!(places(check::attributes, "tests/x.rs", "let a = \"#[ignore]\"; // #[allow(x)]"), [0; 0]);
}

#[test]
fn deliberate_panics() {
    let text = "a.unwrap();\nb.expect(\"\");\npanic!();\nc.unwrap_or(1);\n'\"'; \".unwrap()\";\n#[cfg(test)]\nmod tests {\n d.unwrap();\n}\ne.unwrap();";
    assert_eq!(places(check::panics, "src/cli/x.rs", text), [1, 3, 10]);
    assert_eq!(places(check::panics, "tests/it/x.rs", text), [0; 0]);
    let declared = ("src/cli/mod.rs", "#[cfg(test)]\nmod drill;\n");
    let offences = |path| check::panics(&sources(&[declared, (path, "a.unwrap();")])).len();
    assert_eq!(
        (offences("src/cli/drill.rs"), offences("src/cli/drill/deep.rs"), offences("src/cli/other.rs")),
        (0, 0, 1)
    );
}

#[test]
fn strings_and_comments_are_told_apart_from_code() {
    let text = r##"let a = r#"x.unwrap() " y"#; let b = b"\"a"; let c = '\''; let d: &'static str = "é\\"; /* " /* */ " */ e.unwrap()"##;
    let source = Source::new("src/x.rs", text);
    assert_eq!(source.code.matches("unwrap").count(), 1, "{}", source.code);
    assert!(source.code.ends_with("e.unwrap()") && source.code.contains("&'static str"), "{}", source.code);
    assert!(
        source.uncommented.contains("x.unwrap()") && !source.uncommented.contains("/*"),
        "{}",
        source.uncommented
    );
}

#[test]
fn words_paths_and_addresses() {
    let text = [
        "fine: a TLS session, an SMTP session, rootless, /workspace, a networking agent",
        &["our last sess", "ion"].concat(),
        &["see /wo", "rk/x"].concat(),
        &["\"/ro", "ot\""].concat(),
        &["https://py", "pi.org/simple"].concat(),
        &["written with Co", "pilot"].concat(),
        &["an AI to", "ol"].concat(),
    ]
    .join("\n");
    assert_eq!(places(check::banned_words, "docs/x.md", &text), [2, 3, 4, 5, 6, 7]);
    let in_code = ["struct Sess", "ion;\n// from our sess", "ion"].concat();
    assert_eq!(places(check::banned_words, "src/ingest/x.rs", &in_code), [2]);
}

#[test]
fn kinds_of_channel() {
    let own = (
        "src/deliver/pager/mod.rs",
        "pub const KIND: ChannelKind = ChannelKind {\n name: \"pager\" };\nuse pager::x;",
    );
    let entry =
        ("src/deliver/mod.rs", "mod pager;\nconst KINDS: &[ChannelKind] = &[pager::KIND];\n// pager\n");
    let offences = |files: &[(&str, &str)]| check::channel_kinds(&sources(files)).len();
    assert_eq!(offences(&[own, entry]), 0);
    assert_eq!(offences(&[own, entry, ("src/config/x.rs", "use crate::deliver::pager;\nlet pager = 1;")]), 1);
    assert_eq!(offences(&[own, ("src/deliver/mod.rs", "pager;\npager;\npager;\npager;\n")]), 1);
    assert_eq!(offences(&[entry]), 1, "a kind that is listed must be seen");
    let misplaced = ("src/deliver/beeper.rs", own.1);
    assert_eq!(offences(&[misplaced]), 1);
}
