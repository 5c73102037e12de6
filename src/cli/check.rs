//! `tidings check`: every mistake of every file at once; `--effective` shows each row with the origin of each value.

use super::{ConfigFiles, Exit, complain, offline};
use crate::config::{Config, open_secret};
use std::io::{IsTerminal, Write};

#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    files: ConfigFiles,
    /// Show the routing table as it was understood, each value with where it comes from.
    #[arg(long)]
    effective: bool,
    /// Open every secret that the configuration refers to; none is shown.
    #[arg(long)]
    secrets: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Exit {
    let colour = std::io::stderr().is_terminal();
    let config = match offline::read(&arguments.files) {
        Ok(config) => config,
        Err(mistakes) if arguments.json => {
            println!("{}", mistakes.to_json());
            return Exit::Configuration;
        }
        Err(mistakes) => {
            eprint!("{}", mistakes.render(colour));
            return Exit::Configuration;
        }
    };
    let warnings = crate::config::Diagnostics { all: config.warnings.clone() };
    if arguments.json {
        println!("{}", warnings.to_json());
    } else if !warnings.all.is_empty() {
        eprint!("{}", warnings.render(colour));
    }
    if arguments.effective {
        show(&config.effective());
    }
    let closed = if arguments.secrets { closed_secrets(&config) } else { Vec::new() };
    closed.iter().for_each(|why| complain(why));
    if !closed.is_empty() {
        return Exit::No;
    }
    if !arguments.json && !arguments.effective {
        let policy = &config.policy;
        show(&format!(
            "ok: {} rows, {} audiences, {} contacts, {} channels",
            policy.rows.len(),
            policy.audiences.len(),
            policy.contacts.len(),
            policy.channels.len()
        ));
    }
    Exit::Done
}

/// Prints; whoever closes the pipe has seen enough.
fn show(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Every secret that cannot be opened, with the key that it stands at.
fn closed_secrets(config: &Config) -> Vec<String> {
    let opened = config.secrets().into_iter().map(|(key, secret)| (key, open_secret(secret)));
    opened.filter_map(|(key, opened)| Some(format!("{key}: {}", opened.err()?))).collect()
}
