//! The command line: one file for each subcommand, exit codes that a script can rely on.

mod against;
mod answer;
mod approve;
mod check;
mod dead_letters;
mod explain;
mod healthy;
mod incident;
mod journal;
mod offline;
mod preview;
mod remote;
mod run;
mod test;
mod timeline;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// How a command ended (DESIGN, section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The answer is no.
    No = 1,
    /// The command was called wrongly.
    Usage = 2,
    /// The configuration cannot be used.
    Configuration = 64,
    /// Something inside failed.
    Internal = 70,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Decides who must be told, tells them, keeps them told until it is over, and can prove all of it afterwards.
#[derive(Parser, Debug)]
#[command(name = "tidings", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Runs the daemon.
    Run(run::Arguments),
    /// Asks a running daemon whether it is alive: for container health checks.
    Healthy(Server),
    /// Reads the configuration and reports every mistake at once.
    Check(check::Arguments),
    /// Runs the tests of the configuration in simulated time: who would be told, by which channel, and who not.
    Test(test::Arguments),
    /// Shows row by row who would be told of an event, and who not, and why.
    Explain(explain::Arguments),
    /// Shows every phase of a case as an audience would read it on each sort of channel.
    Preview(preview::Arguments),
    /// Sends a test message to an audience, a channel's recipients or one recipient.
    SendTest(remote::SendTest),
    /// Holds a channel back until it is resumed; what goes by it waits.
    Pause(remote::Channel),
    /// Lets a channel go on.
    Resume(remote::Channel),
    /// What could not be delivered or decided, and sending it again.
    DeadLetters(dead_letters::Arguments),
    /// What outsiders are to be told and somebody must approve: lists, shows, approves, edits and rejects it.
    Approve(approve::Arguments),
    /// Declares an incident, says what changes, and shows who was told.
    Incident(Box<incident::Arguments>),
    /// What happened in a case, who was told what and when, and the figures: the draft of a review.
    Timeline(timeline::Arguments),
    /// Looks into the journal.
    Journal(journal::Arguments),
}

/// Where the configuration is.
#[derive(Args, Clone, Debug)]
pub struct ConfigFiles {
    /// A configuration file; later ones add tables and replace keys of named tables, never rows.
    #[arg(long, short, global = true, value_name = "FILE", default_value = "tidings.toml")]
    config: Vec<PathBuf>,
}

/// Which daemon to talk to.
#[derive(Args, Clone, Debug)]
pub struct Server {
    /// The daemon's address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8085")]
    server: String,
    /// A file with a token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Reads the arguments and does what they say.
pub fn main() -> ExitCode {
    let exit = match Cli::parse().command {
        Command::Run(arguments) => run::run(arguments),
        Command::Healthy(server) => healthy::run(&server),
        Command::Check(arguments) => check::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Preview(arguments) => preview::run(&arguments),
        Command::SendTest(arguments) => remote::send_test(&arguments),
        Command::Pause(arguments) => remote::pause(&arguments),
        Command::Resume(arguments) => remote::resume(&arguments),
        Command::Approve(arguments) => approve::run(&arguments),
        Command::DeadLetters(arguments) => dead_letters::run(&arguments),
        Command::Incident(arguments) => incident::run(*arguments),
        Command::Timeline(arguments) => timeline::run(&arguments),
        Command::Journal(arguments) => journal::run(arguments),
    };
    exit.into()
}

/// Says what went wrong, in one line.
fn complain(message: &str) {
    eprintln!("tidings: {message}");
}

/// A small runtime for commands that ask once.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        complain(&error.to_string());
        Exit::Internal
    })?;
    Ok(runtime.block_on(future))
}
