//! What an event says that nothing reads: told to whoever tries one out, ignored where events come in.

use super::schema::of_event;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Other names under which a field at the top is read.
const ALIASES: [&str; 1] = ["kind"];

/// A field that nothing reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Where it stands, such as `scope.regoins`.
    pub path: String,
    /// The fields that may stand there.
    pub known: Vec<String>,
}

/// The fields of a native event, as JSON, that nothing reads, in order; a CloudEvent around it is looked into.
pub fn fields(event: &Value) -> Vec<Unknown> {
    let inner = event.get("data").filter(|_| event.get("specversion").is_some()).unwrap_or(event);
    let incident = inner.get("incident").is_some() || inner.get("action").is_some();
    let schema = of_event(incident);
    let definitions = schema.get("definitions").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut found = Vec::new();
    look(inner, &[&schema], &definitions, "", &mut found);
    found
}

/// Compares one value with what may stand in its place; a place where anything may stand has no list of names.
fn look(
    value: &Value,
    places: &[&Value],
    definitions: &Map<String, Value>,
    prefix: &str,
    found: &mut Vec<Unknown>,
) {
    let places: Vec<&Value> = places.iter().flat_map(|place| forms(place, definitions)).collect();
    let lists: Vec<_> = places.iter().filter_map(|place| place.get("properties")?.as_object()).collect();
    let Some(object) = value.as_object().filter(|_| !lists.is_empty()) else {
        return;
    };
    for (name, inner) in object {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let here: Vec<&Value> = lists.iter().filter_map(|list| list.get(name)).collect();
        let alias = prefix.is_empty() && ALIASES.contains(&name.as_str());
        if here.is_empty() && !alias {
            let known: BTreeSet<String> = lists.iter().flat_map(|list| list.keys().cloned()).collect();
            found.push(Unknown { path, known: known.into_iter().collect() });
        } else {
            look(inner, &here, definitions, &path, found);
        }
    }
}

/// A schema with its references and alternatives followed.
fn forms<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> Vec<&'a Value> {
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    if let Some(target) = reference.and_then(|name| definitions.get(name)) {
        return forms(target, definitions);
    }
    let either = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|word| schema.get(word)?.as_array());
    let inner: Vec<&Value> = either.flatten().flat_map(|form| forms(form, definitions)).collect();
    if inner.is_empty() { vec![schema] } else { inner }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_that_nothing_reads_are_found_where_they_stand() {
        let paths = |event: &Value| fields(event).into_iter().map(|one| one.path).collect::<Vec<_>>();
        let incident = json!({
            "type": "incident", "source": "desk", "id": "1", "incident": "INC-1", "action": "open",
            "titel": "x", "title": { "public": "x", "extern": "y" }, "note": "bare", "kind": "finding",
            "scope": { "share": "some", "regoins": ["eu"] }, "labels": { "anything": "goes" },
            "expected_end": { "at": "2026-11-21T16:00:00Z" }, "needs": null,
        });
        assert_eq!(paths(&incident), ["titel", "title.extern", "scope.regoins"]);
        assert!(fields(&incident)[2].known.contains(&"regions".to_owned()));
        let alert = json!({ "type": "alert", "labels": { "a": "b" }, "annotations": {}, "startsAt": "x" });
        assert_eq!(paths(&alert), ["startsAt"]);
        assert_eq!(paths(&json!({ "specversion": "1.0", "data": alert })), ["startsAt"]);
    }
}
