//! `tidings explain EVENT.json`: row by row, who would be told of an event and why; without a daemon, sending nothing.

use super::{ConfigFiles, Exit, complain, offline};
use crate::daemon::clock;
use crate::decide::explain::{RowVerdict, explain};
use crate::decide::{remarks_alone, rules_met};
use crate::event::{Event, Name, Status, Time};
use crate::ingest::{Way, native};
use std::io::Read;
use std::path::PathBuf;

#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// A file with one event, as it would be sent; `-` for standard input.
    event: PathBuf,
    #[command(flatten)]
    files: ConfigFiles,
    /// As JSON: `{"rows": [{"route", "audience", "verdict", "reason"}], "remarks": [{"code", "text"}], "incidents": ["RULE"]}`.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Exit {
    let config = match offline::read_or_show(&arguments.files) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let bytes = match read(&arguments.event) {
        Ok(bytes) => bytes,
        Err(error) => {
            complain(&format!("{}: {error}", arguments.event.display()));
            return Exit::Usage;
        }
    };
    let source = Name::from("explain");
    let received = Time::from_millis(clock::wall_ms());
    let event = match native::read(&bytes, &Way { lane: source.clone(), source, received }).event {
        Ok(event) => event,
        Err(garbage) => {
            complain(&format!("{} is no event: {}", arguments.event.display(), garbage.reason));
            return Exit::No;
        }
    };
    let rows = explain(&config.policy, &event, received);
    let rules = match &event {
        Event::Alert(alert) if alert.status == Status::Firing => rules_met(&config.policy, &alert.labels),
        _ => Vec::new(),
    };
    let remarks = remarks_alone(&config.policy, received, &event);
    if arguments.json {
        println!(
            "{}",
            serde_json::json!({ "rows": rows, "remarks": remarks, "incidents": rules.iter().map(|rule| &rule.name).collect::<Vec<_>>() })
        );
    } else {
        remarks.iter().for_each(|remark| println!("{remark}"));
        for rule in rules {
            println!("the rule {} opens an incident once that has lasted for {}", rule.name, rule.lasting);
        }
        let widest =
            |of: fn(&crate::decide::explain::RowAnswer) -> usize| rows.iter().map(of).max().unwrap_or(0);
        let (route, audience) = (widest(|row| row.route.len()), widest(|row| row.audience.len()));
        for row in &rows {
            let (name, to, verdict) = (&row.route, &row.audience, word(row.verdict));
            println!("{name:route$}  {to:audience$}  {verdict:14}  {}", row.reason);
        }
    }
    let told = rows.iter().any(|row| matches!(row.verdict, RowVerdict::Tells | RowVerdict::Waits));
    if told { Exit::Done } else { Exit::No }
}

fn word(verdict: RowVerdict) -> &'static str {
    match verdict {
        RowVerdict::Tells => "tells",
        RowVerdict::Waits => "waits",
        RowVerdict::Withheld => "withheld",
        RowVerdict::Governed => "governed",
        RowVerdict::DoesNotMatch => "does not match",
        RowVerdict::Stopped => "stopped",
    }
}

/// The longest event that is read.
const EVENT_BYTES_MAX: u64 = 4 << 20;

pub(super) fn read(path: &PathBuf) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().take(EVENT_BYTES_MAX).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(EVENT_BYTES_MAX).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
