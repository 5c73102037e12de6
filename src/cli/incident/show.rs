//! `tidings incident show`: what the daemon knows of one incident, or which incidents there are.

use super::super::{Exit, Server, complain, remote};
use super::TEXT_MAX;
use crate::deliver::visible;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::fmt::Write;

#[derive(clap::Args, Debug)]
pub(super) struct Arguments {
    /// Which incident; without it, the list of those that are open.
    incident: Option<String>,
    /// As JSON: `{"id", "reference", "severity", "open", "told", "record"}`, or `{"incidents"}`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let path = match &arguments.incident {
        Some(incident) => format!("/v1/incidents/{}", utf8_percent_encode(incident, NON_ALPHANUMERIC)),
        None => "/v1/incidents?open=true".to_owned(),
    };
    let answer = match remote::ask(&arguments.server, Method::GET, &path, String::new()) {
        Ok(answer) => answer,
        Err(exit) => return exit,
    };
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if !answer.status.is_success() || !body.is_object() {
        let why = body["error"].as_str().map(|why| visible::one_line(why, TEXT_MAX));
        complain(&why.unwrap_or_else(|| format!("the daemon answered {}", answer.status)));
        return Exit::No;
    }
    if arguments.json {
        println!("{body}");
    } else if body["incidents"].is_array() {
        print!("{}", listed(&body));
    } else {
        print!("{}", shown(&body));
    }
    Exit::Done
}

/// A value of the answer, fit for one line of a terminal.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => visible::one_line(text, TEXT_MAX),
        Value::Null => String::new(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(table) => {
            let pairs = table.iter().filter(|(_, value)| !text(value).is_empty());
            pairs.map(|(name, value)| format!("{name}: {}", text(value))).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

fn standing(incident: &Value) -> String {
    match (&incident["goes_on_as"], &incident["open"]) {
        (Value::String(other), _) => format!("goes on as {}", visible::one_line(other, TEXT_MAX)),
        (_, Value::Bool(true)) => "open".to_owned(),
        (_, Value::Bool(false)) => "resolved".to_owned(),
        _ => "not opened".to_owned(),
    }
}

fn listed(answer: &Value) -> String {
    let incidents = answer["incidents"].as_array().map(Vec::as_slice).unwrap_or_default();
    if incidents.is_empty() {
        return "no incident is open\n".to_owned();
    }
    let mut out = String::new();
    for incident in incidents {
        let [id, severity, title] = ["id", "severity", "title"].map(|key| text(&incident[key]));
        let since = text(&incident["opened_at"]);
        let _ = writeln!(out, "{id}  {severity}  {}  since {since}  {title}", standing(incident));
    }
    out
}

fn shown(incident: &Value) -> String {
    let (id, record) = (text(&incident["id"]), &incident["record"]);
    let mut out = format!("{id}  {}  {}\n", text(&incident["severity"]), standing(incident));
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(out, "  {name:16} {value}");
        }
    };
    line("reference", text(&incident["reference"]));
    line("opened", text(&incident["opened_at"]));
    line("changed", text(&incident["changed_at"]));
    let shown_above = ["id", "severity", "notes"];
    for (name, value) in
        record.as_object().into_iter().flatten().filter(|(name, _)| !shown_above.contains(&name.as_str()))
    {
        match value
            .as_object()
            .filter(|table| ["internal", "business", "public"].iter().any(|layer| table.contains_key(*layer)))
        {
            Some(layers) => {
                layers.iter().for_each(|(layer, said)| line(&format!("{name}.{layer}"), text(said)))
            }
            None => line(name, text(value)),
        }
    }
    for note in record["notes"].as_array().into_iter().flatten() {
        let kind = if note["kind"].is_null() { "note".to_owned() } else { text(&note["kind"]) };
        line(&kind, format!("{} {} {}", text(&note["at"]), text(&note["by"]), text(&note["text"])));
    }
    for told in incident["told"].as_array().into_iter().flatten() {
        let (number, at) = (text(&told["told"]), text(&told["last_at"]));
        let last = if at.is_empty() {
            "nothing yet".to_owned()
        } else {
            format!("{number} told, the last word {at}")
        };
        line(&format!("to {}", text(&told["audience"])), format!("{last}, by {}", text(&told["route"])));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_incident_is_shown_line_by_line_without_what_is_not_known() {
        let answer = json!({
            "id": "INC-1", "reference": "R-C0FFEE00", "severity": "sev1", "open": true,
            "opened_at": "2026-11-21T14:03:10Z", "changed_at": "2026-11-21T14:05:00Z",
            "record": {
                "id": "INC-1", "severity": "p1", "title": { "internal": "pool\u{1b}[31m exhausted", "public": "Payments fail" },
                "commander": "jonas", "scope": { "share": "some", "regions": ["eu", "us"] },
                "notes": [{ "at": "2026-11-21T14:04:00Z", "kind": "finding", "text": { "internal": "pool at 100 %" }, "by": "mara" }],
            },
            "told": [
                { "audience": "executives", "route": "worst", "words": 1, "last_at": "2026-11-21T14:03:11Z", "told": 2 },
                { "audience": "support", "route": "all", "words": 0, "told": 0 },
            ],
        });
        let lines = [
            "INC-1  sev1  open",
            "  reference        R-C0FFEE00",
            "  opened           2026-11-21T14:03:10Z",
            "  changed          2026-11-21T14:05:00Z",
            "  commander        jonas",
            "  scope            share: some; regions: eu, us",
            "  title.internal   pool[31m exhausted",
            "  title.public     Payments fail",
            "  finding          2026-11-21T14:04:00Z mara internal: pool at 100 %",
            "  to executives    2 told, the last word 2026-11-21T14:03:11Z, by worst",
            "  to support       nothing yet, by all",
        ];
        let shown = shown(&answer);
        assert_eq!(shown.lines().count(), lines.len(), "{shown}");
        lines
            .iter()
            .for_each(|line| assert!(shown.lines().any(|shown| shown == *line), "{line} is not in\n{shown}"));
    }

    #[test]
    fn a_merged_one_says_as_what_it_goes_on() {
        let list = json!({ "incidents": [{ "id": "INC-2", "severity": "sev2", "open": true, "goes_on_as": "INC-1" }] });
        assert_eq!(listed(&list), "INC-2  sev2  goes on as INC-1  since   \n");
        assert_eq!(listed(&json!({ "incidents": [] })), "no incident is open\n");
    }
}
