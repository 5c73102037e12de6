//! Timelines: what comes in, and all that must be decided. `UPDATE_EXPECT=1` rewrites what is expected.

mod act;
mod disclosed;
mod explain;
mod jolted;
mod keep;
mod policies;
mod promised;
mod properties;
mod reload;
mod script;
mod sev1;
mod story;
mod tell;
mod world;

use script::{Script, begin, parse, written};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tell::Teller;
use world::{World, config};

/// The rules that scenarios test.
const RULES: &[u32] = &[
    3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 30, 31, 32, 33,
    34, 35, 36, 37, 39, 40, 42, 44,
];

/// Rules that no timeline can show, and the test that shows them.
const ELSEWHERE: &[(u32, &str, &str)] =
    &[(8, "src/decide/step/tests.rs", "a_panic_sets_aside_what_panicked")];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    files
}

/// Everything that one scenario comes to, as its file should be; and what its `says` lines were wrong about.
fn run(script: &Script) -> (String, Vec<String>) {
    let mut text = script.policy.clone();
    let first = config(&text);
    let mut world = World::new(Arc::new(first.policy.clone()), begin());
    let mut teller = Teller::default();
    world.start(Vec::new());
    world.adopt(first.text, first.policy);
    let (mut out, mut wrong) = (script.head.clone(), Vec::new());
    for (number, step) in script.steps.iter().enumerate() {
        let until = script.steps.get(number + 1).map(|next| next.at);
        assert!(step.at >= world.now, "{} is before the step before it", step.text);
        world.now = step.at;
        let (word, facts) = act::act(&mut world, &step.words, &mut text);
        let mut lines: Vec<String> = word.into_iter().collect();
        lines.extend(teller.lines(&facts, &world.state));
        let mut lines: Vec<String> = lines.into_iter().map(|line| format!("-> {line}")).collect();
        // What happens by itself until the next step has its own times; answers at the time of a step come before it.
        while let Some(facts) = until.and_then(|until| world.go_on(until)) {
            let at = written(world.now);
            let told = teller.lines(&facts, &world.state);
            lines.extend(told.into_iter().map(|line| format!("{at} -> {line}")));
        }
        let _ = writeln!(out, "{}", step.text);
        let quiet = lines.is_empty() && is_input(&step.words);
        let lines = if quiet { vec!["-> (nothing)".to_owned()] } else { lines };
        lines.iter().for_each(|line| writeln!(out, "    {line}").unwrap());
        let said = std::mem::take(&mut teller.texts).join("\n");
        for (wanted, text) in &step.says {
            let _ = writeln!(out, "    {} \"{text}\"", if *wanted { "says" } else { "never" });
            if said.contains(text.as_str()) != *wanted {
                wrong.push(format!("{}: says {text:?} is not {wanted}; said was:\n{said}", step.text));
            }
        }
    }
    wrong.append(&mut world.wrong);
    world.check_whole();
    (out, wrong)
}

fn is_input(words: &[String]) -> bool {
    !matches!(words[0].as_str(), "channel" | "answers" | "refuse" | "accept" | "stop" | "wait" | "holds")
}

#[test]
fn scenarios_come_out_as_written() {
    let mut wrong = Vec::new();
    for file in files() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if std::env::var("SCENARIO").is_ok_and(|only| !name.contains(&only)) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let script = parse(&text, &folder().join("policies"));
        let ran = std::panic::catch_unwind(|| run(&script));
        let Ok((out, said)) = ran else {
            wrong.push(format!("{name} broke off"));
            continue;
        };
        wrong.extend(said.into_iter().map(|said| format!("{name}: {said}")));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&file, &out).unwrap();
        } else if let Some(difference) = difference(&text, &out) {
            wrong.push(format!("{name}:{difference}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn difference(text: &str, out: &str) -> Option<String> {
    let (wanted, came): (Vec<&str>, Vec<&str>) = (text.lines().collect(), out.lines().collect());
    let line = (0..wanted.len().max(came.len())).find(|line| wanted.get(*line) != came.get(*line))?;
    let show = |lines: &[&str]| lines.get(line).map_or("(the end)".to_owned(), ToString::to_string);
    Some(format!("{}\n  expected: {}\n  came:     {}", line + 1, show(&wanted), show(&came)))
}

#[test]
fn every_rule_has_a_scenario() {
    let named: Vec<u32> = files()
        .iter()
        .flat_map(|file| parse(&std::fs::read_to_string(file).unwrap(), &folder().join("policies")).rules)
        .collect();
    let missing: Vec<&u32> = RULES.iter().filter(|rule| !named.contains(rule)).collect();
    for (rule, file, test) in ELSEWHERE {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        assert!(text.contains(&format!("fn {test}")), "R{rule} is tested by {test} in {file}");
    }
    assert!(missing.is_empty(), "no scenario names these rules: {missing:?}");
}
