//! The reference for people, made from the tables of keys: `config/default.toml` and `docs/configuration.md`.

use super::key::{Form, Key, Section, Takes};
use super::sections::SECTIONS;
use super::{schema, unbuilt};
use crate::deliver::ChannelKind;
use serde_json::Value;
use std::fmt::Write;

/// How wide comments are, in columns.
const WIDTH: usize = 110;

/// Sections whose presence alone says something: all their keys are commented out.
const OPTIONAL: [&str; 3] = ["ingest.nats", "ingest.http", "team"];

/// `config/default.toml`: every key, its default, why.
pub fn default_toml() -> String {
    let mut out = String::from(
        "# Every key of Tidings with its default and what it is for. Generated: do not edit.\n\
         # A key that is commented out has no default, or its section means something by being there.\n",
    );
    for section in SECTIONS {
        let shown = section.form == Form::Single && !OPTIONAL.contains(&section.path);
        out.push('\n');
        comment(&mut out, section.about);
        match section.form {
            Form::Root => {}
            _ if shown => _ = writeln!(out, "{}", section.header()),
            _ => _ = writeln!(out, "# {}", section.header()),
        }
        for key in section.keys {
            out.push('\n');
            comment(&mut out, &format!("{} Takes {}.", key.about, key.takes.words()));
            let mark =
                if (shown || section.form == Form::Root) && !key.default.is_empty() { "" } else { "# " };
            let value = if key.default.is_empty() { example(key.takes) } else { key.default };
            let _ = writeln!(out, "{mark}{} = {value}", key.name);
        }
    }
    out
}

/// A value of the right shape for a key without a default.
fn example(takes: Takes) -> &'static str {
    match takes {
        Takes::Text | Takes::Name | Takes::Word(_) => "\"…\"",
        Takes::Flag => "true",
        Takes::Count(..) => "1",
        Takes::Duration(..) | Takes::DurationOrNever(..) => "\"1h\"",
        Takes::Rhythm => "\"30m\"",
        Takes::Durations => "[\"4h\", \"24h\"]",
        Takes::Unapproved => "{ after = \"5m\", escalate_to = \"…\", at_due = \"agreed_text\" }",
        Takes::Fallback => "{ after = \"2m\", via = [\"…\"] }",
        Takes::Texts | Takes::Words(_) | Takes::TextOrTexts | Takes::Via => "[\"…\"]",
        Takes::Secret => "{ file = \"/run/secrets/…\" }",
        Takes::Limit => "{ max = 5, per = \"15m\" }",
        Takes::Rate => "\"1/s\"",
        Takes::Start => "{ since = \"1h\" }",
        Takes::Layers => "{ internal = \"…\", public = \"…\" }",
        Takes::Hours => "{ days = [\"mon-fri\"], from = \"09:00\", to = \"17:00\" }",
        Takes::Members => "[\"…\"]",
        Takes::Away => "{ from = \"2026-12-20\", until = \"2027-01-05\" }",
        Takes::Day => "\"2026-10-01\"",
        Takes::Steps => "[{ at = \"0s\", alert = { labels = { alertname = \"…\" } } }]",
        Takes::Aliases | Takes::Components => "{}",
        Takes::Parts => "{ title = \"…\", short = \"…\", body = \"…\" }",
    }
}

fn comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(out, "{line}");
}

/// `docs/configuration.md`: every section with its keys, and every kind of channel with its own.
pub fn configuration_md(kinds: &[ChannelKind]) -> String {
    let mut out = String::from(
        "<!-- Generated from src/config and the kinds of channel: do not edit. UPDATE_EXPECT=1 writes it anew. -->\n\
         # Configuration\n\n\
         TOML, in one file or several. `tidings check` reports every mistake of every file at once, with its line and what\n\
         would be right. Durations are strings such as `\"30s\"`, `\"1h 30m\"` or `\"7d\"`; secrets are only ever\n\
         `{ file = \"/path\" }` or `{ env = \"NAME\" }`, and never the secret itself. `--config` may be repeated: later files add\n\
         tables and rows and replace keys of tables, never rows.\n",
    );
    for section in SECTIONS {
        let title = if section.form == Form::Root {
            "The top of the file".to_owned()
        } else {
            format!("`{}`", section.header())
        };
        let _ = write!(out, "\n## {title}\n\n{}\n", section.about);
        table(&mut out, section);
        if section.open {
            kinds.iter().for_each(|kind| of_kind(&mut out, kind));
        }
    }
    out.push_str("\n## Not in this version\n\nThese are refused by name, never ignored.\n\n| what | rule |\n|---|---|\n");
    for (what, rule) in unbuilt::all() {
        let _ = writeln!(out, "| `{what}` | {rule} |");
    }
    out
}

fn table(out: &mut String, section: &Section) {
    out.push_str("\n| key | takes | default | what for |\n|---|---|---|---|\n");
    for Key { name, takes, default, about } in section.keys {
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        let _ = writeln!(out, "| `{name}` | {} | {default} | {about} |", takes.words().replace('|', "\\|"));
    }
}

/// A kind's own keys, from its schema.
fn of_kind(out: &mut String, kind: &ChannelKind) {
    let (schema, definitions) = schema::schema_of_kind(kind);
    let own = schema::follow(&schema, &definitions);
    let text = |value: &Value, key: &str| {
        let text = value.get(key).and_then(Value::as_str).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
    };
    let _ = write!(out, "\n### `type = \"{}\"`\n\n{}\n", kind.name, text(own, "description"));
    let required: Vec<&str> = own
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = own.get("properties").and_then(Value::as_object);
    if properties.is_none_or(serde_json::Map::is_empty) {
        return out.push_str("\nIt has no keys of its own.\n");
    }
    out.push_str("\n| key | default | what for |\n|---|---|---|\n");
    for (name, property) in properties.into_iter().flatten() {
        let default = match property.get("default") {
            _ if required.contains(&name.as_str()) => "required".to_owned(),
            None | Some(Value::Null) => String::new(),
            Some(value) => format!("`{value}`"),
        };
        let _ = writeln!(out, "| `{name}` | {default} | {} |", text(property, "description"));
    }
}
