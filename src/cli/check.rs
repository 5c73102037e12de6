//! `tidings check`: every mistake of every file at once; `--effective` shows each row with the origin of each value,
//! `--contacts` what is missing among the people.

use super::{ConfigFiles, Exit, complain, offline};
use crate::config::{Config, Diagnostic, Diagnostics, open_secret};
use crate::daemon::clock;
use crate::event::{Span, Time};
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
    /// Show gaps among the people as well: contacts without an address, roles that no audience names, teams without a
    /// deputy, members who are alone and have no backup. 1 if there is any.
    #[arg(long)]
    contacts: bool,
    /// With --contacts, also whose addresses were not verified for so long.
    #[arg(long, value_name = "DURATION", requires = "contacts", value_parser = Span::parse)]
    unverified: Option<Span>,
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
    let mut warnings = Diagnostics { all: config.warnings.clone() };
    let gaps = if arguments.contacts { gaps(&config, arguments.unverified) } else { Vec::new() };
    let complete = gaps.is_empty();
    warnings.all.extend(gaps);
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
    if !closed.is_empty() || !complete {
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

/// What is missing among the people today.
fn gaps(config: &Config, unverified: Option<Span>) -> Vec<Diagnostic> {
    config.people.check(Time::from_millis(clock::wall_ms()), unverified).all
}

/// Every secret that cannot be opened, with the key that it stands at.
fn closed_secrets(config: &Config) -> Vec<String> {
    let opened = config.secrets().into_iter().map(|(key, secret)| (key, open_secret(secret)));
    opened.filter_map(|(key, opened)| Some(format!("{key}: {}", opened.err()?))).collect()
}
