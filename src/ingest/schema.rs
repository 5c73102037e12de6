//! The JSON Schemas of the native events, made from the types that read them.

use super::incident::RawIncident;
use super::native::RawAlert;
use schemars::generate::SchemaSettings;

/// File names under `docs/schema/` and their texts.
pub fn files() -> [(&'static str, String); 2] {
    [("alert.json", text::<RawAlert<'static>>()), ("incident.json", text::<RawIncident<'static>>())]
}

/// The schema of one incident event, or of one alert event.
pub(super) fn of_event(incident: bool) -> serde_json::Value {
    let [(_, alert), (_, of_incident)] = files();
    serde_json::from_str(if incident { &of_incident } else { &alert }).expect("it was written as JSON")
}

/// The names of the fields that an `alert` or `incident` event has.
pub fn fields(sort: &str) -> Vec<String> {
    let schema = match sort {
        "alert" => schema::<RawAlert<'static>>(),
        _ => schema::<RawIncident<'static>>(),
    };
    let properties = schema.get("properties").and_then(serde_json::Value::as_object);
    let own = properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default();
    // A note's kind is read by its short name as well.
    if sort == "alert" { own } else { [own, vec!["kind".to_owned()]].concat() }
}

fn schema<T: schemars::JsonSchema>() -> schemars::Schema {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<T>()
}

fn text<T: schemars::JsonSchema>() -> String {
    let text = serde_json::to_string_pretty(&schema::<T>()).expect("a schema is JSON");
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Rewrites the shipped schemas with `UPDATE_EXPECT=1`.
    #[test]
    fn the_shipped_schemas_are_fresh() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
        for (name, fresh) in files() {
            let path = folder.join(name);
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &fresh).unwrap();
            }
            let shipped = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(shipped == fresh, "docs/schema/{name} is stale: run this test with UPDATE_EXPECT=1");
        }
    }

    #[test]
    fn the_schemas_take_what_the_formats_take() {
        let [(_, alert), (_, incident)] = files();
        let valid = |schema: &str, event: &str| {
            let schema = serde_json::from_str(schema).unwrap();
            jsonschema::is_valid(&schema, &serde_json::from_str(event).unwrap())
        };
        assert!(valid(&alert, r#"{"type":"alert","labels":{"a":"b","c":null},"ends_at":null,"other":1}"#));
        assert!(!valid(&alert, r#"{"type":"incident","labels":{"a":"b"}}"#));
        assert!(!valid(&alert, r#"{"type":"alert"}"#));
        assert!(valid(&incident, r#"{"type":"incident","incident":"I","action":"open","title":"bare"}"#));
        assert!(valid(
            &incident,
            r#"{"type":"incident","incident":"I","action":"note","note":{"public":"x"}}"#
        ));
        assert!(!valid(&incident, r#"{"type":"incident","incident":"I","action":"explode"}"#));
    }
}
