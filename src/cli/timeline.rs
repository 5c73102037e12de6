//! `tidings timeline CASE`: what happened, who was told what and when, and the figures; the draft of a review.

use super::{Exit, Server, answer, remote};
use crate::deliver::visible;
use clap::ValueEnum;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// The most characters of a refusal.
const TEXT_MAX: usize = 300;

#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// An incident's id, the reference that outsiders were given, a group's `row{labels}`, or a case's number.
    case: String,
    /// Who is to read it: nothing is in it that they may not.
    #[arg(long = "for", value_name = "LEVEL", value_enum, default_value_t = Level::Internal)]
    level: Level,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
    #[command(flatten)]
    server: Server,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    /// Everything, names of people included.
    Internal,
    /// What business and external audiences were told, and how fast; no people.
    Business,
    /// What external audiences were told.
    External,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people.
    Markdown,
    /// For programs.
    Json,
}

pub fn run(arguments: &Arguments) -> Exit {
    let answer = match remote::ask(&arguments.server, Method::GET, &path(arguments), String::new()) {
        Ok(answer) => answer,
        Err(exit) => return exit,
    };
    let text = String::from_utf8_lossy(&answer.body);
    if answer.status.is_success() {
        println!("{}", visible::lines(text.trim_end()));
        return Exit::Done;
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    answer::refused(&arguments.server, answer.status, &body, TEXT_MAX);
    Exit::No
}

fn path(arguments: &Arguments) -> String {
    let case = utf8_percent_encode(&arguments.case, NON_ALPHANUMERIC);
    let level = match arguments.level {
        Level::Internal => "internal",
        Level::Business => "business",
        Level::External => "external",
    };
    let format = match arguments.format {
        Format::Markdown => "markdown",
        Format::Json => "json",
    };
    format!("/v1/timeline?case={case}&for={level}&format={format}")
}
