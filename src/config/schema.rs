//! The JSON Schema of a configuration file, made from the tables of keys and from the kinds of channel.

use super::key::VIA_KEYS;
use super::key::{Form, Key, Section, Takes};
use super::sections::SECTIONS;
use super::template::PARTS;
use super::trial;
use crate::deliver::ChannelKind;
use crate::message::PHASES;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The names of a kind's own keys; empty where its schema is no list of keys.
pub(super) fn keys_of_kind(kind: &ChannelKind) -> BTreeSet<String> {
    let (schema, definitions) = schema_of_kind(kind);
    let mut keys = BTreeSet::new();
    gather(&schema, &definitions, &mut keys);
    keys
}

/// A kind's schema with everything that it refers to.
pub(super) fn schema_of_kind(kind: &ChannelKind) -> (Value, Map<String, Value>) {
    let mut generator = SchemaGenerator::new(SchemaSettings::draft07());
    let schema = (kind.schema)(&mut generator).to_value();
    (schema, generator.take_definitions(true))
}

/// What a reference of a kind's schema leads to.
pub(super) fn follow<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    name.and_then(|name| definitions.get(name)).unwrap_or(schema)
}

fn gather(schema: &Value, definitions: &Map<String, Value>, keys: &mut BTreeSet<String>) {
    let schema = follow(schema, definitions);
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        keys.extend(properties.keys().cloned());
    }
    for word in ["oneOf", "anyOf", "allOf"] {
        for inner in schema.get(word).and_then(Value::as_array).into_iter().flatten() {
            gather(inner, definitions, keys);
        }
    }
}

/// The schema of a whole file, draft 07: editors read it from `#:schema`.
pub fn schema(kinds: &[ChannelKind]) -> Value {
    let mut properties = Map::new();
    let mut definitions = Map::new();
    for section in SECTIONS.iter().filter(|section| !section.path.contains('.')) {
        match section.form {
            Form::Root => properties.extend(keys(section.keys)),
            _ => {
                properties.insert(section.path.to_owned(), section_schema(section, kinds, &mut definitions));
            }
        }
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Tidings",
        "description": "A configuration file of Tidings: the root file, or one that it includes.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "definitions": definitions,
    })
}

fn section_schema(section: &Section, kinds: &[ChannelKind], definitions: &mut Map<String, Value>) -> Value {
    let table = if section.open {
        let of_kinds: Vec<Value> = kinds.iter().map(|kind| channel(section, kind, definitions)).collect();
        json!({ "description": section.about, "oneOf": of_kinds })
    } else {
        let mut properties = keys(section.keys);
        let prefix = format!("{}.", section.path);
        for inner in SECTIONS.iter().filter(|inner| inner.path.starts_with(&prefix)) {
            if let Some(name) = inner.path.strip_prefix(&prefix).filter(|name| !name.contains('.')) {
                properties.insert(name.to_owned(), section_schema(inner, kinds, definitions));
            }
        }
        json!({
            "description": section.about, "type": "object", "properties": properties,
            "required": required(section), "additionalProperties": false,
        })
    };
    match section.form {
        Form::Root | Form::Single => table,
        Form::Named => json!({ "type": "object", "additionalProperties": table }),
        Form::Rows => json!({ "type": "array", "items": table }),
    }
}

/// What an editor may ask for in every file: keys that a later file of `--config` may leave out are not required.
fn required(section: &Section) -> Vec<&'static str> {
    let needed = |key: &&Key| key.about.contains("Required.") && section.form == Form::Rows;
    let own = |key: &&Key| section.path != "route" || !matches!(key.name, "kind" | "audience");
    section.keys.iter().filter(needed).filter(own).map(|key| key.name).collect()
}

fn channel(section: &Section, kind: &ChannelKind, definitions: &mut Map<String, Value>) -> Value {
    let (schema, of_kind) = schema_of_kind(kind);
    let own = follow(&schema, &of_kind).clone();
    let mut properties = keys(section.keys);
    properties.insert("type".to_owned(), json!({ "const": kind.name }));
    for (name, value) in own.get("properties").and_then(Value::as_object).into_iter().flatten() {
        properties.insert(name.clone(), value.clone());
    }
    definitions.extend(of_kind);
    let description = own.get("description").cloned().unwrap_or_else(|| json!(""));
    json!({
        "title": kind.name, "description": description, "type": "object", "properties": properties,
        "required": ["type"], "additionalProperties": false,
    })
}

fn keys(keys: &[Key]) -> Map<String, Value> {
    let one = |key: &Key| {
        let mut schema = takes(key.takes);
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), json!(key.about));
        }
        (key.name.to_owned(), schema)
    };
    keys.iter().map(one).collect()
}

/// The steps of a test; whether they make sense is checked when they are read.
fn steps() -> Value {
    let any = json!({});
    let known = |names: &[&str]| -> Map<String, Value> {
        names.iter().map(|name| ((*name).to_owned(), any.clone())).collect()
    };
    let expect = json!({
        "type": "object", "properties": known(&trial::EXPECT_KEYS), "minProperties": 1,
        "additionalProperties": false,
    });
    let mut properties = known(&trial::STEP_KEYS);
    properties.insert("at".to_owned(), json!({ "type": "string", "minLength": 2 }));
    properties.insert("expect".to_owned(), expect);
    let step = json!({
        "type": "object", "properties": properties, "required": ["at"], "minProperties": 2, "maxProperties": 2,
        "additionalProperties": false,
    });
    json!({ "type": "array", "items": step })
}

/// The parts of a template's text, and with `phases` those of each phase too.
fn text_of_template(phases: bool) -> Value {
    let part = |name: &str| (name.to_owned(), json!({ "type": "string", "minLength": 1 }));
    let mut properties: Map<String, Value> = PARTS.into_iter().map(part).collect();
    if phases {
        properties.extend(PHASES.map(|phase| (phase.as_str().to_owned(), text_of_template(false))));
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn secret() -> Value {
    let place = |key: &str| {
        json!({
            "type": "object", "properties": { key: { "type": "string", "minLength": 1 } },
            "required": [key], "additionalProperties": false,
        })
    };
    json!({ "oneOf": [place("file"), place("env")] })
}

fn hours() -> Value {
    let day = super::hours::DAYS.map(|(name, _)| name).join("|");
    let time = json!({ "type": "string", "pattern": "^[0-9]{1,2}:[0-5][0-9]$" });
    let days = json!({ "type": "string", "pattern": format!("^({day})(-({day}))?$") });
    let window = json!({
        "type": "object",
        "properties": {
            "days": { "anyOf": [days, { "type": "array", "items": days, "minItems": 1 }] },
            "from": time, "to": time, "time_zone": { "type": "string" },
        },
        "required": ["from", "to"], "additionalProperties": false,
    });
    json!({ "anyOf": [window, { "type": "array", "items": window, "minItems": 1 }] })
}

fn members() -> Value {
    let file = json!({
        "type": "object", "properties": { "file": { "type": "string", "minLength": 1 } },
        "required": ["file"], "additionalProperties": false,
    });
    let one = json!({ "anyOf": [{ "type": "string", "minLength": 1 }, file] });
    json!({ "anyOf": [{ "type": "array", "items": one }, file] })
}

fn takes(takes: Takes) -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string", "minLength": 1 } });
    match takes {
        Takes::Text => json!({ "type": "string", "minLength": 1 }),
        Takes::Name => json!({ "type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64 }),
        Takes::Word(words) => json!({ "type": "string", "enum": words }),
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Count(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Takes::Duration(..) | Takes::DurationOrNever(..) => json!({ "type": "string", "minLength": 2 }),
        Takes::Rhythm => json!({ "type": "string", "minLength": 2 }),
        Takes::Durations => texts,
        Takes::Unapproved => json!({
            "type": "object",
            "properties": {
                "after": { "type": "string" }, "escalate_to": { "type": "string" },
                "at_due": { "type": "string", "enum": ["agreed_text", "nothing"] },
            },
            "additionalProperties": false,
        }),
        Takes::Fallback => json!({
            "type": "object", "properties": { "after": { "type": "string" }, "via": texts },
            "required": ["after", "via"], "additionalProperties": false,
        }),
        Takes::Texts => texts,
        Takes::Words(words) => json!({ "type": "array", "items": { "type": "string", "enum": words } }),
        Takes::TextOrTexts => json!({ "anyOf": [{ "type": "string", "minLength": 1 }, texts] }),
        Takes::Secret => secret(),
        Takes::Limit => json!({
            "type": "object",
            "properties": { "max": { "type": "integer", "minimum": 1 }, "per": { "type": "string" } },
            "required": ["max", "per"], "additionalProperties": false,
        }),
        Takes::Rate => json!({ "type": "string", "pattern": "^[1-9][0-9]*/[smh]$" }),
        Takes::Start => json!({ "anyOf": [
            { "type": "string", "enum": ["new", "all"] },
            {
                "type": "object", "properties": { "since": { "type": "string" } },
                "required": ["since"], "additionalProperties": false,
            },
        ] }),
        Takes::Via => {
            let asked: Map<String, Value> =
                VIA_KEYS.map(|key| (key.to_owned(), texts.clone())).into_iter().collect();
            json!({ "anyOf": [texts, { "type": "object", "properties": asked, "additionalProperties": false }] })
        }
        Takes::Hours => hours(),
        Takes::Members => members(),
        Takes::Away => json!({ "anyOf": [
            { "type": "boolean" },
            {
                "type": "object", "properties": { "from": { "type": "string" }, "until": { "type": "string" } },
                "minProperties": 1, "additionalProperties": false,
            },
        ] }),
        Takes::Steps => steps(),
        Takes::Day => json!({ "type": "string", "minLength": 10 }),
        Takes::Parts => text_of_template(false),
        Takes::Components => json!({ "type": "object", "additionalProperties": text_of_template(true) }),
        Takes::Layers => {
            let text = json!({ "type": "string", "minLength": 1 });
            json!({ "anyOf": [text, {
                "type": "object", "properties": { "internal": text, "business": text, "public": text },
                "minProperties": 1, "additionalProperties": false,
            }] })
        }
        Takes::Aliases => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
    }
}
