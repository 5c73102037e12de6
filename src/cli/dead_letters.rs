//! `tidings dead-letters list | show | redrive`: what could not be delivered or decided, and sending it again.

use super::{Exit, Server, answer, complain, remote};
use crate::history::Amiss;
use clap::Subcommand;
use http::Method;
use serde_json::Value;
use std::fmt::Write;

/// The most characters of one text of a line.
const TEXT_MAX: usize = 300;

#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Lists what was given up or could not be decided, the newest first.
    List(List),
    /// Shows everything that is known of one; bytes that were no event only with the right `admin`.
    Show(Show),
    /// Sends a delivery that was given up again, as a new delivery with a key of its own.
    Redrive(One),
}

#[derive(clap::Args, Debug)]
struct List {
    /// As JSON: `{"dead_letters": [{"id", "at", "what", "audience", "recipient", "channel", "why", "reason"}]}`.
    #[arg(long)]
    json: bool,
    /// At most so many.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args, Debug)]
struct Show {
    #[command(flatten)]
    one: One,
    /// As JSON: `{"id", "delivery"}` or `{"id", "event"}`.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct One {
    /// Which one, as the list names it: `delivery-17`, `event-42-1`.
    id: String,
    #[command(flatten)]
    server: Server,
}

pub fn run(arguments: &Arguments) -> Exit {
    let done = match &arguments.command {
        Command::List(list) => {
            let path = format!("/v1/dead-letters?limit={}", list.limit);
            ask(&list.server, Method::GET, &path).map(|answer| answer::print(list.json, &answer, listed))
        }
        Command::Show(show) => {
            asked_of(&show.one, Method::GET, "").map(|answer| answer::print(show.json, &answer, shown))
        }
        Command::Redrive(one) => {
            asked_of(one, Method::POST, "/redrive").map(|answer| answer::print(false, &answer, redriven))
        }
    };
    done.map_or_else(|exit| exit, |()| Exit::Done)
}

fn asked_of(one: &One, method: Method, what: &str) -> Result<Value, Exit> {
    let id: Amiss = one.id.parse().map_err(|why: String| {
        complain(&why);
        Exit::Usage
    })?;
    ask(&one.server, method, &format!("/v1/dead-letters/{id}{what}"))
}

/// The daemon's answer; what it refuses is said, and is a no.
fn ask(server: &Server, method: Method, path: &str) -> Result<Value, Exit> {
    let got = remote::ask(server, method, path, String::new())?;
    let body: Value = serde_json::from_slice(&got.body).unwrap_or_default();
    if got.status.is_success() && body.is_object() {
        return Ok(body);
    }
    answer::refused(server, got.status, &body, TEXT_MAX);
    Err(Exit::No)
}

/// A text of the answer.
fn text(value: &Value) -> String {
    answer::cell(value, TEXT_MAX)
}

fn listed(answer: &Value) -> String {
    let dead = answer["dead_letters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if dead.is_empty() {
        return "there are no dead letters\n".to_owned();
    }
    answer::table(["ID", "WHEN", "WHAT", "AUDIENCE", "RECIPIENT", "CHANNEL", "WHY"], dead.iter().map(row))
}

fn row(dead: &Value) -> [String; 7] {
    let reason = if dead["reason"].is_null() { &dead["why"] } else { &dead["reason"] };
    let mut why = text(reason);
    if let Some(by) = dead["redriven_by"].as_str() {
        why = format!("redriven as {by}; was: {why}");
    }
    let way = if dead["channel"].is_null() { &dead["lane"] } else { &dead["channel"] };
    let [id, at, what] = ["id", "at", "what"].map(|key| text(&dead[key]));
    let [audience, recipient] = ["audience", "recipient"].map(|key| text(&dead[key]));
    [id, at, what, audience, recipient, text(way), why]
}

fn redriven(answer: &Value) -> String {
    let (of, by) = (text(&answer["redriven"]), text(&answer["by"]));
    format!("{of} is sent again as {by}: tidings dead-letters show {by} says what becomes of it\n")
}

/// Names and values, one a line; what is not known is left out.
fn shown(answer: &Value) -> String {
    let mut out = format!("{}\n", text(&answer["id"]));
    let mut line = |name: &str, value: &Value| {
        if !value.is_null() {
            let _ = writeln!(out, "  {name:12} {}", text(value));
        }
    };
    let (told, came) = (&answer["delivery"], &answer["event"]);
    let said = &told["said"];
    line("what", &said["kind"]);
    for (name, key) in [("case", "case_name"), ("row", "row"), ("audience", "audience")] {
        line(name, &told[key]);
    }
    for key in ["recipient", "channel"] {
        line(key, &told[key]);
    }
    for (name, key) in [("severity", "severity"), ("title", "title"), ("text", "short"), ("key", "key")] {
        line(name, &said[key]);
    }
    line("decided", &told["at"]);
    for (name, key) in [("due", "due"), ("first tried", "released_at"), ("ended", "ended_at")] {
        line(name, &said[key]);
    }
    line("end", &told["fate"]);
    line("because", &told["because"]);
    line("attempts", &said["attempts"]);
    for failed in said["failures"].as_array().into_iter().flatten() {
        let (at, number) = (text(&failed["at"]), text(&failed["attempt"]));
        let why = format!("{}: {}", text(&failed["reason"]), text(&failed["detail"]));
        let maybe = if failed["maybe_sent"] == true { ", and may have arrived" } else { "" };
        line("failed", &Value::String(format!("attempt {number}, {at}, {why}{maybe}")));
    }
    let delivery = |key: &str| said[key].as_u64().map_or(Value::Null, |id| format!("delivery-{id}").into());
    line("redrive of", &delivery("redrive_of"));
    line("redriven as", &delivery("redriven_by"));
    line("what", &came["kind"]);
    for key in ["action", "subject", "source", "lane", "position", "token", "at", "received"] {
        line(key, &came[key]);
    }
    for key in ["verdict", "reason", "length", "bytes"] {
        line(key, &came[key]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_is_a_table_and_untrusted_text_is_one_line() {
        let answer = json!({ "dead_letters": [
            { "id": "delivery-1", "place": 9, "at": "2026-11-21T14:02:07.113Z", "what": "opening", "audience": "duty",
              "recipient": "duty@hook#c0ffee", "channel": "hook", "why": "refused",
              "reason": "rejected: bad\n\u{1b}[31mred", "redriven_by": "delivery-9" },
            { "id": "event-2-0", "place": 2, "at": "2026-11-21T14:00:00Z", "what": "no_event", "lane": "http-alerts",
              "why": "dead_lettered", "reason": "it is no JSON" },
        ] });
        let lines: Vec<String> = listed(&answer).lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "ID          WHEN                      WHAT      AUDIENCE  RECIPIENT         CHANNEL      WHY",
                "delivery-1  2026-11-21T14:02:07.113Z  opening   duty      duty@hook#c0ffee  hook         \
                 redriven as delivery-9; was: rejected: bad [31mred",
                "event-2-0   2026-11-21T14:00:00Z      no_event  -         -                 http-alerts  it is no JSON",
            ]
        );
        assert_eq!(listed(&json!({ "dead_letters": [] })), "there are no dead letters\n");
    }
}
