//! The checks: each lists what offends, with its place. Every one is shown to bite in `bite.rs`.

use super::source::{Source, item_end};
use regex::Regex;
use std::path::Path;

/// The most lines of a file.
pub const FILE_LINES_MAX: usize = 400;
/// The most lines of a function's body, comments and empty lines apart, as clippy counts.
pub const FUNCTION_LINES_MAX: usize = 70;

/// Which rooms of `src/` a room may name; its own goes without saying.
const IMPORTS: &[(&str, &[&str])] = &[
    ("event", &[]),
    ("message", &["event"]),
    ("decide", &["event", "message"]),
    ("ingest", &["event", "message", "decide"]),
    ("journal", &["event", "message", "decide"]),
    ("deliver", &["event", "message", "decide"]),
    ("history", &["event", "message", "decide"]),
    ("observe", &["event", "decide"]),
    ("config", &["event", "message", "decide", "ingest", "journal", "deliver"]),
    (
        "daemon",
        &["event", "message", "decide", "ingest", "journal", "deliver", "history", "observe", "config"],
    ),
    (
        "cli",
        &[
            "event", "message", "decide", "ingest", "journal", "deliver", "history", "observe", "config",
            "daemon",
        ],
    ),
];

const PURE: &[&str] = &["event", "message", "decide"];

pub type Offences = Vec<String>;

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

fn place(source: &Source, at: usize, what: &str) -> String {
    format!("{}:{}: {what}", source.path, line_of(&source.text, at))
}

/// Every match of `pattern` in what `part` shows of the sources that are `wanted`.
fn matches(
    sources: &[Source],
    pattern: &str,
    wanted: impl Fn(&Source) -> bool,
    part: impl Fn(&Source) -> &str,
) -> Offences {
    let pattern = Regex::new(pattern).expect("the pattern is one");
    let found = sources.iter().filter(|source| wanted(source)).flat_map(|source| {
        let found = pattern.find_iter(part(source));
        found.map(|found| place(source, found.start(), found.as_str().trim())).collect::<Vec<_>>()
    });
    found.collect()
}

pub fn opens_with_a_sentence(sources: &[Source]) -> Offences {
    let opens = |source: &Source| {
        let lines = source.text.lines().map_while(|line| line.strip_prefix("//! "));
        let sentence = lines.collect::<Vec<_>>().join(" ");
        !sentence.is_empty() && sentence.trim_end().ends_with(['.', '!', '?'])
    };
    let offending = sources.iter().filter(|source| source.is_rust() && !opens(source));
    offending.map(|source| place(source, 0, "opens without a `//!` sentence")).collect()
}

pub fn imports(sources: &[Source]) -> Offences {
    let path = Regex::new(r"\b(?:crate|tidings)::(?:\{([^;]*?)\}\s*;|(\w+))").unwrap();
    let upwards = Regex::new(r"\b(?:super::)+").unwrap();
    let mut offences = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let Some(room) = source.room().filter(|room| !["lib", "main"].contains(room)) else { continue };
        let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == room) else {
            offences.push(place(source, 0, "a room that DESIGN does not know"));
            continue;
        };
        let rooms = |name: &str| IMPORTS.iter().any(|(room, _)| *room == name);
        for found in path.captures_iter(&source.code) {
            let named = found.get(1).or(found.get(2)).expect("one of the two");
            for name in top_names(named.as_str()) {
                if rooms(name) && name != room && !allowed.contains(&name) {
                    offences.push(place(source, named.start(), &format!("{room} may not import {name}")));
                }
            }
        }
        for found in upwards.find_iter(&source.production) {
            if found.as_str().matches("super").count() >= source.depth() {
                offences.push(place(source, found.start(), "leaves its room upwards: write crate::"));
            }
        }
    }
    offences
}

/// The first names of what stands between the braces of a `use`: `a::b, c::{d, e}` → `a`, `c`.
fn top_names(group: &str) -> Vec<&str> {
    let (mut depth, mut from, mut names) = (0, 0, Vec::new());
    for (at, character) in group.char_indices().chain([(group.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(group[from..at].split("::").next().unwrap_or_default().trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    names
}

pub fn purity(sources: &[Source]) -> Offences {
    let pure = |source: &Source| source.is_rust() && source.room().is_some_and(|room| PURE.contains(&room));
    let words = r"\b(?:async|await|tokio|HashMap|HashSet|f32|f64|thread_local|tracing::\w+|metrics::\w+|e?println|e?print|rand::\w+|getrandom)\b";
    let std = r"\bstd::(?:time(?:::\w+)?|env|fs|io::std\w+|net|thread|process|sync::(?:Mutex|RwLock|mpsc))\b";
    let grouped = r"\bstd::\{[^;]*\b(?:time|env|fs|net|thread|process)\b[^;]*\}";
    let now = r"\b(?:Timestamp|Zoned|SystemTime|Instant)::now\b";
    let float = r"(?:^|[^\w.])\d[\d_]*(?:\.\d[\d_]*|[eE][+-]?\d+)(?:f32|f64)?";
    let found = [words, std, grouped, now, float]
        .into_iter()
        .flat_map(|pattern| matches(sources, pattern, pure, |source| &source.production));
    // A length of time is a value; what tells the time is not.
    found.filter(|offence| !offence.ends_with("std::time::Duration")).collect()
}

pub fn file_size(sources: &[Source]) -> Offences {
    let long =
        sources.iter().filter(|source| source.is_rust() && source.text.lines().count() > FILE_LINES_MAX);
    let what = |source: &Source| format!("{} lines, at most {FILE_LINES_MAX}", source.text.lines().count());
    long.map(|source| place(source, 0, &what(source))).collect()
}

pub fn function_size(sources: &[Source]) -> Offences {
    let function = Regex::new(r"\bfn\s+(\w+)").unwrap();
    let mut offences = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        for found in function.captures_iter(&source.code) {
            let name = found.get(1).expect("a name");
            let item = &source.uncommented[name.end()..item_end(&source.code, name.end())];
            let lines = item.lines().filter(|line| !line.trim().is_empty()).count();
            // The line of the signature and that of the closing brace are not the body.
            if lines > FUNCTION_LINES_MAX + 2 {
                let what =
                    format!("`{}` has {} lines, at most {FUNCTION_LINES_MAX}", name.as_str(), lines - 2);
                offences.push(place(source, name.start(), &what));
            }
        }
    }
    offences
}

pub fn module_names(sources: &[Source]) -> Offences {
    const DRAWERS: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc"];
    let drawer = |source: &&Source| {
        let mut names = source.path.trim_end_matches(".rs").split('/');
        names.any(|name| DRAWERS.contains(&name))
    };
    let offending = sources.iter().filter(|source| source.is_rust()).filter(drawer);
    let inline = matches(sources, r"\bmod\s+(?:utils?|common|helpers?|misc)\b", Source::is_rust, |source| {
        &source.code
    });
    offending
        .map(|source| place(source, 0, "a drawer for everything: name what is in it"))
        .chain(inline)
        .collect()
}

pub fn unfinished(sources: &[Source]) -> Offences {
    // In pieces, or this line would be one of them.
    let pattern = [r"\b(?:TO", "DO|FIX", "ME|XX", "X|HA", r"CK)\b"].concat();
    let wanted = |source: &Source| !source.path.ends_with(".lock");
    matches(sources, &pattern, wanted, |source| &source.text)
}

pub fn attributes(sources: &[Source]) -> Offences {
    let pattern = r"#!?\[\s*(?:allow\b|ignore\b|should_panic\b|cfg_attr\([^\]]*\ballow\s*\()";
    matches(sources, pattern, Source::is_rust, |source| &source.code)
}

pub fn panics(sources: &[Source]) -> Offences {
    let pattern = r"\.unwrap(?:_err)?\(\)|\b(?:panic|todo|unimplemented|dbg)!";
    matches(sources, pattern, Source::is_rust, |source| &source.production)
}

pub fn banned_words(sources: &[Source]) -> Offences {
    let wanted = |source: &Source| source.path != "Cargo.lock";
    let makers =
        ["clau", "de|anthro", "pic|open", "ai|chat", "gpt|co", "pilot|lang", "uage models?|l", "lms?"]
            .concat();
    let helpers = ["ass", "istants?|ai ag", "ents?|ai to", "ols?"].concat();
    let folders = ["/ro", "ot|/wo", "rk"].concat();
    let registries = [
        "crates",
        r"\.io|py",
        r"pi\.org|pythonhost",
        r"ed\.org|npm",
        r"js\.(?:org|com)|deb\.deb",
        r"ian\.org",
    ]
    .concat();
    let mut offences =
        matches(sources, &format!(r"(?i)\b(?:{makers}|{helpers})\b"), wanted, |source| &source.text);
    offences.extend(matches(
        sources,
        &format!(r#"(?:^|[\s"'`(=:])(?:{folders})(?:/|\b)"#),
        wanted,
        |source| &source.text,
    ));
    offences.extend(matches(sources, &format!(r"(?i)\b(?:{registries})\b"), wanted, |source| &source.text));
    // Programs have such things, and prose may name those of a protocol; nothing else here has them.
    let program = |source: &Source| source.path.ends_with(".rs") || source.path.ends_with(".py");
    let meeting = ["sess", "ions?\\b"].concat();
    let of_protocol = format!(r"(?i)(?:\b(tls|smtp|nats|http|slack) )?\b{meeting}");
    let meetings = matches(sources, &of_protocol, |source| !program(source), |source| &source.text);
    offences.extend(
        meetings.into_iter().filter(|offence| !offence.rsplit(": ").next().unwrap_or("").contains(' ')),
    );
    let of_people = format!(r"(?i)\b(?:our|my|your|work|coding|chat) {meeting}");
    offences.extend(matches(sources, &of_people, program, |source| &source.text));
    offences
}

/// A kind of channel is one file or folder of `deliver/`, and at most three lines of `deliver/mod.rs`.
pub fn channel_kinds(sources: &[Source]) -> Offences {
    const LINES_MAX: usize = 3;
    let kind = Regex::new(r#"(?s)const KIND\s*:\s*(?:\w+::)*ChannelKind\b.*?\bname:\s*"(\w+)""#).unwrap();
    let rust: Vec<_> =
        sources.iter().filter(|source| source.is_rust() && source.path.starts_with("src/")).collect();
    let (mut offences, mut seen) = (Vec::new(), Vec::new());
    for source in rust.iter().filter(|source| source.path.starts_with("src/deliver/")) {
        let Some(found) = kind.captures(&source.uncommented) else { continue };
        let name = &found[1];
        seen.push(name.to_owned());
        let place_in = Path::new(&source.path).strip_prefix("src/deliver").expect("it is in deliver");
        let own = place_in.components().next().expect("a file").as_os_str().to_string_lossy().into_owned();
        if own.trim_end_matches(".rs") != name {
            offences.push(place(source, 0, &format!("the kind `{name}` lives in src/deliver/{name}")));
        }
        let own = format!("src/deliver/{own}");
        let word = Regex::new(&format!(r"\b{name}\b")).unwrap();
        let path = Regex::new(&format!(r"\b(?:deliver::{name}|{name}::KIND)\b")).unwrap();
        for other in rust.iter().filter(|other| !other.path.starts_with(&own)) {
            let lines: Vec<_> = other
                .production
                .lines()
                .enumerate()
                .filter(|(_, line)| {
                    if other.path == "src/deliver/mod.rs" { word.is_match(line) } else { path.is_match(line) }
                })
                .map(|(number, _)| number + 1)
                .collect();
            let most = if other.path == "src/deliver/mod.rs" { LINES_MAX } else { 0 };
            if lines.len() > most {
                offences.push(format!(
                    "{}:{lines:?}: knows the kind `{name}`, at most in {most} lines",
                    other.path
                ));
            }
        }
    }
    // Without this a kind written in another way would go unseen.
    let listed = Regex::new(r"\b(\w+)::KIND\b").unwrap();
    for source in rust.iter().filter(|source| source.path == "src/deliver/mod.rs") {
        for found in
            listed.captures_iter(&source.production).filter(|found| !seen.contains(&found[1].to_owned()))
        {
            let at = found.get(0).expect("the match").start();
            offences.push(place(source, at, "this check does not see where that kind is made"));
        }
    }
    offences
}
