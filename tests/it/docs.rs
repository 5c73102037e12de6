//! The documentation is true: what it shows loads, parses and exists, and what it says is refused is refused.

use clap::Parser;
use regex::Regex;
use std::path::{Path, PathBuf};
use tidings::config::{self, Config, Diagnostics, Level};
use tidings::event::{Name, Time};
use tidings::ingest::{Way, native};
use tidings::{cli, deliver};

const KEY: [u8; 32] = [0; 32];
const NOT_YET: &str = "# not in this version: ";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Files below `folder` that end so, as paths from the root of the repository.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let path = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
        if root().join(&path).is_dir() {
            found.extend(files(&path, ending));
        } else if path.ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn pages() -> Vec<(String, String)> {
    let top = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(str::to_owned);
    top.into_iter().chain(files("docs", ".md")).map(|path| (path.clone(), text(&path))).collect()
}

/// The blocks of a page that are marked with this word.
fn blocks<'a>(page: &'a str, word: &str) -> Vec<&'a str> {
    let open = format!("```{word}\n");
    page.split(&open).skip(1).map(|rest| rest.split_once("\n```").expect("a block ends").0).collect()
}

/// Every command that the pages show behind a `$`, with its page.
fn commands() -> Vec<(String, String)> {
    let all = pages().into_iter().flat_map(|(path, page)| {
        let shown = blocks(&page, "console").join("\n");
        let lines = shown.lines().filter_map(|line| line.strip_prefix("$ ").map(str::to_owned));
        lines.map(|line| (path.clone(), line)).collect::<Vec<_>>()
    });
    all.collect()
}

fn load(files: &[(&str, String)]) -> Result<Config, Diagnostics> {
    config::from_texts(files, KEY, deliver::kinds())
}

fn is_clean(what: &str, config: Result<Config, Diagnostics>) {
    let config = config.unwrap_or_else(|mistakes| panic!("{what}:\n{}", mistakes.render(false)));
    let warnings = Diagnostics { all: config.warnings };
    assert!(warnings.all.is_empty(), "{what}:\n{}", warnings.render(false));
}

#[test]
fn the_configurations_that_are_shipped_load_without_a_remark() {
    for path in ["config/quickstart.toml", "config/example.toml"] {
        is_clean(path, config::load(&[root().join(path)], KEY, deliver::kinds()));
    }
}

#[test]
fn configurations_on_pages_load() {
    let quickstart = text("config/quickstart.toml");
    let mut seen = 0;
    for (path, page) in pages() {
        for block in blocks(&page, "toml") {
            seen += 1;
            // A fragment is read behind the quick start, as a second `--config` would be.
            let config = match block.strip_prefix("# fragment\n") {
                Some(rest) => {
                    load(&[("quickstart.toml", quickstart.clone()), ("page.toml", rest.to_owned())])
                }
                None => load(&[("page.toml", block.to_owned())]),
            };
            is_clean(&format!("{path}:\n{block}"), config);
        }
    }
    assert!(seen >= 2, "the pages show configurations");
}

/// The text with one group of `not in this version` lines written out, in place of what says the same key.
fn written_out(text: &str, group: &[usize]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for at in group {
        let line = lines[*at].trim_start_matches(NOT_YET).to_owned();
        let key = line.split('=').next().unwrap().trim().to_owned();
        let above = (0..*at).rev().take_while(|above| !lines[*above].starts_with('['));
        let same = above.into_iter().find(|above| lines[*above].split('=').next().unwrap().trim() == key);
        if let Some(same) = same.filter(|_| line.contains('=')) {
            lines[same].clear();
        }
        lines[*at] = line;
    }
    lines.join("\n")
}

#[test]
fn what_is_said_to_be_not_in_this_version_is_refused_by_name() {
    let mut paths = files("config/teams", ".toml");
    paths.extend(files("config/templates", ".toml"));
    paths.push("config/example.toml".to_owned());
    let all: Vec<(&str, String)> = paths.iter().map(|path| (path.as_str(), text(path))).collect();
    let mut seen = 0;
    for place in 0..all.len() {
        let marked: Vec<usize> = all[place]
            .1
            .lines()
            .enumerate()
            .filter(|(_, line)| line.starts_with(NOT_YET))
            .map(|(at, _)| at)
            .collect();
        // Lines belong together where a table is among them; others stand for themselves.
        let is_table = |at: &usize| all[place].1.lines().nth(*at).unwrap().contains(": [");
        for run in marked.chunk_by(|a, b| a + 1 == *b) {
            let groups: Vec<&[usize]> =
                if run.iter().any(is_table) { vec![run] } else { run.chunks(1).collect() };
            for group in groups {
                seen += 1;
                let mut files = all.clone();
                files[place].1 = written_out(&files[place].1, group);
                let mistakes = load(&files).expect_err("it is refused");
                let errors: Vec<_> = mistakes.all.iter().filter(|one| one.level == Level::Error).collect();
                let refused = errors.iter().filter(|one| one.code == "key::not-in-this-version").count();
                assert!(refused >= 1 && refused == errors.len(), "{group:?}:\n{}", mistakes.render(false));
            }
        }
    }
    assert!(seen >= 5, "the example shows what is to come");
}

#[test]
fn commands_on_pages_are_understood() {
    let comment = Regex::new(r"\s+# .*$").unwrap();
    let mut seen = 0;
    for (path, line) in commands() {
        let line = comment.replace(&line, "");
        let words: Vec<&str> = line.split_whitespace().collect();
        if words[0] == "make" {
            let target = format!("\n{}:", words[1]);
            assert!(text("Makefile").contains(&target), "{path}: there is no `{line}`");
        }
        if words[0].ends_with("tidings") {
            seen += 1;
            let understood = cli::Cli::try_parse_from(&words);
            assert!(understood.is_ok(), "{path}: {line}\n{}", understood.unwrap_err());
            let configs = words.windows(2).filter(|pair| pair[0] == "--config");
            configs.for_each(|pair| assert!(root().join(pair[1]).is_file(), "{path}: {line}"));
        }
    }
    assert!(seen >= 10, "the pages show commands");
}

#[test]
fn events_on_pages_are_events() {
    let body = Regex::new(r"/v1/events -d '(\{.*\})'").unwrap();
    let lane = Name::from("page");
    let way = Way { lane: lane.clone(), source: lane, received: Time::EPOCH };
    let mut seen = 0;
    for (path, line) in commands() {
        for found in body.captures_iter(&line) {
            seen += 1;
            let reading = native::read(found[1].as_bytes(), &way);
            assert!(reading.event.is_ok(), "{path}: {line}: {:?}", reading.event);
        }
    }
    assert!(seen >= 2, "the pages show events");
}

#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]+)(?:#[^)]*)?\)").unwrap();
    for (path, page) in pages() {
        let folder = root().join(&path).parent().map(Path::to_path_buf).unwrap_or_default();
        for found in link.captures_iter(&page).filter(|found| !found[1].contains("://")) {
            let target: PathBuf = folder.join(&found[1]);
            assert!(target.exists(), "{path}: {} leads nowhere", &found[1]);
        }
    }
}

#[test]
fn metrics_that_pages_name_exist() {
    let name = Regex::new(r"\btidings_[a-z_]*[a-z]\b").unwrap();
    let table = text("docs/metrics.md");
    for (path, page) in pages() {
        for found in name.find_iter(&page) {
            assert!(table.contains(&format!("`{}`", found.as_str())), "{path}: no metric {}", found.as_str());
        }
    }
}

#[test]
fn the_architecture_names_every_room_and_every_rule_of_tidy() {
    let page = text("ARCHITECTURE.md");
    for entry in std::fs::read_dir(root().join("src")).unwrap() {
        let entry = entry.unwrap();
        let room = format!("| `{}/` |", entry.file_name().to_str().unwrap());
        assert!(!entry.path().is_dir() || page.contains(&room), "{room} is not in the code map");
    }
    let tidy = text("tests/it/tidy.rs");
    let rule = Regex::new(r"#\[test\]\s+fn (\w+)").unwrap();
    for found in rule.captures_iter(&tidy) {
        assert!(page.contains(&format!("`{}`", &found[1])), "tidy's {} is not named", &found[1]);
    }
}

#[test]
fn files_that_the_architecture_names_exist() {
    let page = text("ARCHITECTURE.md");
    let file = Regex::new(r"`([a-z_]+/[a-z_/]+\.rs)`").unwrap();
    let mut seen = 0;
    for found in file.captures_iter(&page) {
        seen += 1;
        // `pager.rs` is the one to be written.
        let exists =
            ["", "src", "tests/it"].iter().any(|folder| root().join(folder).join(&found[1]).is_file());
        assert!(exists || found[1].ends_with("pager.rs"), "there is no {}", &found[1]);
    }
    assert!(seen >= 10, "it names files");
}

#[test]
fn every_rule_stands_once_and_in_order() {
    let page = text("docs/rules.md");
    let rule = Regex::new(r"(?m)^\*\*R(\d+) ").unwrap();
    let numbers: Vec<usize> = rule.captures_iter(&page).map(|found| found[1].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=44).collect::<Vec<_>>());
}
