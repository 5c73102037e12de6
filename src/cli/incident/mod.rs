//! `tidings incident …`: the whole life of an incident from a terminal; what was said is sent as a native event.

mod fields;
mod show;

use super::{Exit, Server, complain, remote};
use crate::daemon::clock;
use crate::deliver::egress::Answer;
use crate::deliver::visible;
use crate::event::Time;
use crate::event::id::Digest;
use clap::{Subcommand, ValueEnum};
use fields::{Fields, When};
use http::Method;
use serde_json::{Map, Value, json};
use std::io::Read;

/// Who says it, where the event does not name its source.
const SOURCE: &str = "cli";

/// How often an event is sent until somebody answers: its id makes that safe.
const TRIES: u32 = 3;

/// How long it is waited between two tries.
const BETWEEN: std::time::Duration = std::time::Duration::from_secs(2);

/// The longest event that is read from standard input, in bytes.
const EVENT_BYTES_MAX: u64 = 256 << 10;

/// The most characters of one text that is printed.
const TEXT_MAX: usize = 1000;

#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Declares an incident: `tidings incident open INC-1 "Checkout is failing" -s sev1`.
    Open(Said),
    /// Says what has changed: `tidings incident update INC-1 "The pool is being enlarged" --stage identified`.
    Update(Said),
    /// Takes it on: whoever waits for somebody to do so need not wait any longer.
    Ack(Bare),
    /// Writes into its notebook, which is told to nobody: `tidings incident note INC-1 "Pool at 100 %"`.
    Note(Written),
    /// Says that it is over, and what happened: `tidings incident resolve INC-1 "The pool was too small"`.
    Resolve(Said),
    /// Says that it is not over after all.
    Reopen(Said),
    /// Says that it is the same as another one, which goes on: `tidings incident merge INC-2 INC-1`.
    Merge(Merged),
    /// Shows what is known of it, and who was told when.
    Show(show::Arguments),
}

#[derive(clap::Args, Debug)]
struct Said {
    /// Which incident; `-` reads a JSON event from standard input.
    incident: String,
    /// What is to be said to those who mend it: the title of what is opened, the resolution of what is over, else the note.
    text: Option<String>,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
struct Bare {
    /// Which incident; `-` reads a JSON event from standard input.
    incident: String,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
struct Written {
    /// Which incident; `-` reads a JSON event from standard input.
    incident: String,
    /// What is to be remembered.
    text: Option<String>,
    /// What sort of note it is.
    #[arg(long, value_enum)]
    kind: Option<NoteKind>,
    #[command(flatten)]
    common: Common,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum NoteKind {
    Finding,
    Hypothesis,
    Attempt,
    Outcome,
}

#[derive(clap::Args, Debug)]
struct Merged {
    /// Which incident; `-` reads a JSON event from standard input.
    incident: String,
    /// The one that goes on.
    into: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
struct Common {
    /// The person who says it.
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true)]
    by: Option<String>,
    /// When it happened, if not now: an instant.
    #[arg(long, value_name = "TIME", value_parser = When::read)]
    at: Option<When>,
    /// The event's own id: the same id again is the same event. Without it, one is made.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Prints the daemon's answer: `{"result", "reason", "warnings", "remarks"}`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

pub fn run(arguments: Arguments) -> Exit {
    let now = Time::from_millis(clock::wall_ms());
    let said = |said: Said, action: &str, place: &str| {
        let mut fields = said.fields;
        fields.put(place, said.text);
        send(&said.common, &said.incident, action, fields.event(now), now)
    };
    let sent = match arguments.command {
        Command::Open(open) => said(open, "open", "title"),
        Command::Update(update) => said(update, "update", "note"),
        Command::Resolve(resolve) => said(resolve, "resolve", "resolution"),
        Command::Reopen(reopen) => said(reopen, "reopen", "note"),
        Command::Ack(ack) => send(&ack.common, &ack.incident, "acknowledge", Map::new(), now),
        Command::Note(note) if note.text.is_none() && note.incident != "-" => {
            complain("there is nothing to note: write it behind the incident");
            Err(Exit::Usage)
        }
        Command::Note(note) => {
            let kind =
                note.kind.and_then(|kind| kind.to_possible_value()).map(|kind| kind.get_name().to_owned());
            let fields = [("note", json!(note.text)), ("note_kind", json!(kind))];
            send(&note.common, &note.incident, "note", given(fields), now)
        }
        Command::Merge(merge) => {
            send(&merge.common, &merge.incident, "merge", given([("into", json!(merge.into))]), now)
        }
        Command::Show(show) => return show::run(&show),
    };
    sent.unwrap_or_else(|exit| exit)
}

fn given<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    let known = fields.into_iter().filter(|(_, value)| !value.is_null());
    known.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn send(
    common: &Common,
    incident: &str,
    action: &str,
    said: Map<String, Value>,
    now: Time,
) -> Result<Exit, Exit> {
    let mut event = if incident == "-" { read()? } else { given([("incident", json!(incident))]) };
    // What is typed wins over what was read.
    event.extend(said);
    let at = common.at.map(|at| {
        json!(match at {
            When::At(time) => time,
            When::FromNow(span) => now - span,
        })
    });
    event.extend(at.map(|at| ("at".to_owned(), at)));
    for (name, value) in [("type", "incident"), ("action", action), ("source", SOURCE)] {
        event.entry(name).or_insert_with(|| json!(value));
    }
    if let Some(by) = &common.by {
        event.entry("by").or_insert_with(|| json!(by));
    }
    let id = common.id.clone().or_else(|| event.get("id")?.as_str().map(str::to_owned));
    let id = id.unwrap_or_else(|| made(&event, now));
    event.insert("id".to_owned(), json!(id));
    let answer = post(&common.server, &Value::Object(event.clone()).to_string(), &id)?;
    told(common.json, &event, &answer)
}

/// An id that no other call makes: of what is said, when, and by which process.
fn made(event: &Map<String, Value>, now: Time) -> String {
    let text = Value::Object(event.clone()).to_string();
    let parts = [text.as_bytes(), &now.millis().to_le_bytes(), &std::process::id().to_le_bytes()];
    format!("cli-{}", Digest::of(&parts))
}

fn read() -> Result<Map<String, Value>, Exit> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(EVENT_BYTES_MAX).read_to_end(&mut bytes);
    match read.map(|_| serde_json::from_slice(&bytes)) {
        Ok(Ok(Value::Object(event))) => Ok(event),
        Ok(Ok(_) | Err(_)) => {
            complain("standard input holds no JSON event");
            Err(Exit::Usage)
        }
        Err(error) => {
            complain(&format!("standard input: {error}"));
            Err(Exit::Usage)
        }
    }
}

/// Sends the event until somebody answers; its id makes one event of all tries.
fn post(server: &Server, body: &str, id: &str) -> Result<Answer, Exit> {
    for last in (0..TRIES).map(|number| number + 1 == TRIES) {
        match remote::ask(server, Method::POST, "/v1/events", body.to_owned()) {
            Ok(answer) if answer.status != http::StatusCode::SERVICE_UNAVAILABLE || last => {
                return Ok(answer);
            }
            Ok(_) => complain("the daemon takes nothing at the moment; trying again"),
            Err(Exit::Internal) if !last => {}
            Err(exit) => {
                complain(&format!(
                    "whether it was taken is not known; the same again with --id {id} is safe"
                ));
                return Err(exit);
            }
        }
        std::thread::sleep(BETWEEN);
    }
    Err(Exit::Internal)
}

/// Prints what came of it.
fn told(as_json: bool, event: &Map<String, Value>, answer: &Answer) -> Result<Exit, Exit> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let result = &body["results"][0];
    if !result.is_object() {
        let why = body.as_str().map(|why| visible::one_line(why, TEXT_MAX));
        complain(&why.unwrap_or_else(|| format!("the daemon answered {}", answer.status)));
        return Err(Exit::No);
    }
    let taken = result["result"] == "taken";
    if as_json {
        println!("{result}");
    } else {
        let line = |value: &Value| visible::one_line(value.as_str().unwrap_or_default(), TEXT_MAX);
        let incident = event.get("incident").map(line).unwrap_or_default();
        println!("{incident}: {}", line(&result["result"]));
        let all = |name: &str| result[name].as_array().cloned().unwrap_or_default();
        let reason = Some(&result["reason"]).filter(|reason| reason.is_string());
        reason.iter().for_each(|reason| println!("  because {}", line(reason)));
        all("warnings").iter().for_each(|warning| println!("  note: {}", line(warning)));
        for remark in all("remarks") {
            println!("  {}: {}", line(&remark["code"]), line(&remark["text"]));
        }
    }
    Ok(if taken { Exit::Done } else { Exit::No })
}
