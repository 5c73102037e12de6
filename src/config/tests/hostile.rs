//! Whatever stands in the files, reading them ends with a configuration or with mistakes, never with a panic.

use super::{KEY, kinds};
use crate::config::from_texts;
use proptest::prelude::*;

const ROOT: &str = include_str!("../../../tests/fixtures/config/example.toml");
const TEAM: &str = include_str!("../../../tests/fixtures/config/teams/payments.toml");

/// The text with the characters of a range replaced by others.
fn spoil(text: &str, at: usize, length: usize, with: &str) -> String {
    let from = at % text.chars().count();
    let chars = || text.chars();
    chars().take(from).chain(with.chars()).chain(chars().skip(from + length)).collect()
}

fn read_and_show(root: &str, team: &str) {
    match from_texts(&[("teams/payments.toml", team), ("tidings.toml", root)], KEY, &kinds::all()) {
        Ok(config) => assert!(config.effective().len() > config.policy.rows.len()),
        Err(diagnostics) => {
            assert!(diagnostics.has_errors());
            assert!(diagnostics.render(false).contains(&diagnostics.all[0].code.to_owned()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn spoiled_examples_are_read_to_the_end(
        at in any::<usize>(), length in 0_usize..60, with in "[\\[\\]{}=\"'a-z0-9.\n\u{e4}\u{202e} ]{0,12}", in_team in any::<bool>(),
    ) {
        if in_team {
            read_and_show(ROOT, &spoil(TEAM, at, length, &with));
        } else {
            read_and_show(&spoil(ROOT, at, length, &with), TEAM);
        }
    }

    #[test]
    fn any_text_is_read_to_the_end(text in "(?s).{0,200}") {
        read_and_show(&text, TEAM);
    }
}

#[test]
fn every_value_may_be_of_any_sort() {
    for (at, line) in ROOT.lines().enumerate().filter(|(_, line)| line.contains(" = ")) {
        for value in [
            "1",
            "-1",
            "0x_",
            "1.5",
            "true",
            "\"\"",
            "\"x\"",
            "[]",
            "[1]",
            "{}",
            "{ a = 1 }",
            "1979-05-27",
            "[[{ x = [] }]]",
        ] {
            let key = line.split('=').next().unwrap_or_default();
            let changed: Vec<String> = ROOT
                .lines()
                .enumerate()
                .map(|(index, line)| if index == at { format!("{key}= {value}") } else { line.to_owned() })
                .collect();
            read_and_show(&changed.join("\n"), TEAM);
        }
    }
}
