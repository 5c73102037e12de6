//! `tidings run`: the daemon.

use super::{ConfigFiles, Exit, complain};
use crate::daemon::{self, Options, Stopped};
use crate::observe::logs::{self, Form};
use std::io::IsTerminal;

#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    files: ConfigFiles,
    /// Refuse a configuration with mistakes instead of running on the last accepted one.
    #[arg(long)]
    strict: bool,
    /// What is logged: `info`, or `info,tidings::deliver=debug`.
    #[arg(long, env = "RUST_LOG", default_value = logs::DEFAULT_FILTER)]
    log: String,
    /// The form of the log: for people, or for programs; by default for whoever reads standard error.
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

pub fn run(arguments: Arguments) -> Exit {
    let terminal = std::io::stderr().is_terminal();
    let form = match arguments.log_format {
        Some(LogFormat::Json) => Form::Json,
        Some(LogFormat::Text) => Form::Text,
        None if terminal => Form::Text,
        None => Form::Json,
    };
    if let Err(error) = logs::init(&arguments.log, form) {
        complain(&error.to_string());
        return Exit::Usage;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&error.to_string());
            return Exit::Internal;
        }
    };
    let options = Options { config: arguments.files.config, strict: arguments.strict };
    match runtime.block_on(daemon::run(options)) {
        Ok(()) => Exit::Done,
        Err(Stopped::Configuration(mistakes)) => {
            eprint!("{}", mistakes.render(terminal));
            Exit::Configuration
        }
        Err(Stopped::Unusable(why)) => {
            complain(&why);
            Exit::Configuration
        }
        Err(Stopped::Failed(why)) => {
            complain(&why);
            Exit::Internal
        }
    }
}
