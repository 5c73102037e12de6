//! `tidings check`: every mistake of every file at once; `--effective` shows each row with the origin of each value,
//! `--contacts` what is missing among the people, `--against` what a running daemon would leave behind by reading them.

use super::{ConfigFiles, Exit, Server, against, complain, offline};
use crate::config::{Config, Diagnostic, Diagnostics, open_secret};
use crate::daemon::clock;
use crate::event::{Span, Time};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

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
    /// Ask the daemon at this address what it would leave behind if it read these files now: messages on their way,
    /// people who would not hear of the end, and what waits. 1 if there is anything.
    #[arg(long, value_name = "URL")]
    against: Option<String>,
    /// With --against, a file with a token that has the right `admin`.
    #[arg(long, value_name = "FILE", requires = "against")]
    token_file: Option<PathBuf>,
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
    let left = match left_behind(arguments, &config) {
        Ok(left) => left,
        Err(exit) => return exit,
    };
    if arguments.json {
        let warnings = warnings.to_json();
        println!("{}", left.as_ref().map_or(warnings.clone(), |left| left.with_warnings(warnings)));
    } else if !warnings.all.is_empty() {
        eprint!("{}", warnings.render(colour));
    }
    if arguments.effective {
        show(&config.effective());
    }
    let closed = if arguments.secrets { closed_secrets(&config) } else { Vec::new() };
    closed.iter().for_each(|why| complain(why));
    let nothing = left.as_ref().is_none_or(against::Left::is_nothing);
    if let Some(left) = left.filter(|_| !arguments.json) {
        show(&left.to_text());
    }
    if !closed.is_empty() || !complete || !nothing {
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

/// What the daemon that is to be asked would leave behind.
fn left_behind(arguments: &Arguments, config: &Config) -> Result<Option<against::Left>, Exit> {
    let Some(url) = &arguments.against else { return Ok(None) };
    let server = Server { server: url.clone(), token_file: arguments.token_file.clone() };
    against::ask(&server, &config.text).map(Some)
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
