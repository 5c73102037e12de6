//! `tidings test`: the tests that stand in the configuration, in simulated time; opens no secret and sends nothing.

mod expect;
mod junit;
mod report;
mod script;
mod why;
mod world;

use super::{ConfigFiles, Exit, complain, offline};
use crate::config::{self, Config, Diagnostics, Reload, Trial, TrialAct};
use script::{Played, Reloads, play};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Only tests whose names hold one of these texts.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    files: ConfigFiles,
    /// Write the results into a file, as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// As JSON: `{"passed", "failed", "tests": [{"name", "file", "line", "failures"}]}`.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Exit {
    let config = match offline::read(&arguments.files) {
        Ok(config) => config,
        Err(mistakes) => return show_mistakes(&mistakes, arguments.json),
    };
    let chosen = |trial: &&Trial| {
        arguments.names.is_empty() || arguments.names.iter().any(|name| trial.name.contains(name.as_str()))
    };
    let trials: Vec<&Trial> = config.trials.iter().filter(chosen).collect();
    if trials.is_empty() && !config.trials.is_empty() {
        complain(&format!("no test has a name that holds {}", arguments.names.join(" or ")));
        return Exit::Usage;
    }
    if trials.is_empty() {
        complain("there is no [[test]] in the configuration: nothing was tested");
        return Exit::No;
    }
    let mut played = Vec::new();
    for trial in trials {
        match reloads(trial) {
            Ok(reloads) => played.push(play(trial, &config.policy, &config.text, reloads)),
            Err(mistakes) => {
                let (name, place) = (&trial.name, &trial.place);
                complain(&format!("\"{name}\" ({place}) reloads a configuration that has mistakes"));
                return show_mistakes(&mistakes, arguments.json);
            }
        }
    }
    answer(arguments, &config, &played)
}

fn show_mistakes(mistakes: &Diagnostics, json: bool) -> Exit {
    if json {
        println!("{}", mistakes.to_json());
    } else {
        eprint!("{}", mistakes.render(std::io::stderr().is_terminal()));
    }
    Exit::Configuration
}

/// The configurations that the test changes to, in order.
fn reloads(trial: &Trial) -> Result<Reloads, Diagnostics> {
    let changes = trial.steps.iter().filter_map(|step| match &step.act {
        TrialAct::Reload(reload) => Some(reload),
        _ => None,
    });
    let read = changes.map(|reload| match reload {
        Reload::File(path) => offline::read_file(path),
        Reload::Texts(files) => offline::from_texts(files),
    });
    read.map(|config| config.map(|config| (config.policy, config.text))).collect()
}

fn answer(arguments: &Arguments, config: &Config, played: &[Played]) -> Exit {
    let failed = played.iter().filter(|one| !one.failures.is_empty()).count();
    if let Some(path) = &arguments.junit
        && let Err(error) = std::fs::write(path, junit::xml(played))
    {
        complain(&format!("{}: {error}", path.display()));
        return Exit::Usage;
    }
    if arguments.json {
        let passed = played.len() - failed;
        println!("{}", serde_json::json!({ "passed": passed, "failed": failed, "tests": played }));
    } else {
        let warnings = config::Diagnostics { all: config.warnings.clone() };
        if !warnings.all.is_empty() {
            eprint!("{}", warnings.render(std::io::stderr().is_terminal()));
        }
        // Whoever closes the pipe has seen enough.
        let _ = write!(std::io::stdout(), "{}", report::text(played));
    }
    if failed == 0 { Exit::Done } else { Exit::No }
}
