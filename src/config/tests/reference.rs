//! What is generated is what is kept, what is kept as defaults changes nothing, and the schema takes what loads.

use super::{BASE, KEY, kinds, load};
use crate::config::{DEFAULTS, configuration_md, default_toml, from_texts, schema, templates_md};
use crate::deliver;
use std::path::Path;

const EXAMPLE: &str = include_str!("../../../tests/fixtures/config/example.toml");
const QUICKSTART: &str = include_str!("../../../config/quickstart.toml");

/// Compares a generated text with the file that is kept; `UPDATE_EXPECT=1` writes the file anew.
fn check(path: &str, wanted: &str) {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(&full, wanted).unwrap();
    }
    let kept = std::fs::read_to_string(&full).unwrap_or_default();
    assert!(kept == wanted, "{path} is stale: run this test with UPDATE_EXPECT=1");
}

fn schema_text() -> String {
    format!("{:#}\n", schema(deliver::kinds()))
}

#[test]
fn the_generated_files_are_up_to_date() {
    check("config/default.toml", &default_toml());
    check("docs/configuration.md", &configuration_md(deliver::kinds()));
    check("docs/templates.md", &templates_md());
    check("docs/schema/tidings.schema.json", &schema_text());
}

#[test]
fn reading_the_defaults_first_changes_nothing() {
    let root = format!("{BASE}[[route]]\nname = \"all\"\nkind = \"alert\"\naudience = \"duty\"\n");
    let alone = load(&[("tidings.toml", &root)]).unwrap();
    let defaults = default_toml();
    let both = load(&[("default.toml", &defaults), ("tidings.toml", &root)]);
    let both = both.unwrap_or_else(|error| panic!("{}", error.render(false)));
    let seen = |config: &crate::config::Config| {
        let hash = format!("{:?}", config.policy.hash);
        let policy = format!("{:?}", config.policy).replace(&hash, "").replace("file: 1", "file: 0");
        format!("{policy}{:?}{:?}{:?}{:?}", config.channels, config.ingest, config.journal, config.egress)
    };
    assert_eq!(seen(&both), seen(&alone));
    // The compiled-in text is the one that was kept when this was built.
    assert!(DEFAULTS == defaults || std::env::var_os("UPDATE_EXPECT").is_some());
}

/// A TOML text as JSON, for the schema.
fn json(text: &str) -> serde_json::Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

#[test]
fn the_schema_takes_what_loads_and_refuses_what_does_not() {
    let validator = jsonschema::validator_for(&schema(&kinds::all())).unwrap();
    let mistakes =
        |text: &str| -> Vec<String> { validator.iter_errors(&json(text)).map(|e| e.to_string()).collect() };
    let built_in = jsonschema::validator_for(&schema(deliver::kinds())).unwrap();
    assert_eq!(
        built_in.iter_errors(&json(QUICKSTART)).map(|e| e.to_string()).collect::<Vec<_>>(),
        Vec::<String>::new()
    );
    assert_eq!(mistakes(BASE), Vec::<String>::new());
    assert!(!mistakes(EXAMPLE).is_empty(), "what is not built is not in the schema");
    for (from, to) in [
        ("email = ", "emial = "),
        ("\"internal\"", "\"secret\""),
        ("version = 1", "version = 2"),
        ("relay", "relais"),
    ] {
        assert!(!mistakes(&BASE.replace(from, to)).is_empty(), "{to}");
    }
}

#[test]
fn the_quick_start_loads_without_a_remark() {
    let config = from_texts(&[("quickstart.toml", QUICKSTART)], KEY, deliver::kinds());
    let config = config.unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let lanes = &config.ingest.nats.as_ref().unwrap().reads;
    assert!(lanes.iter().all(|lane| lane.create));
    assert_eq!(lanes.iter().map(|lane| lane.stream.as_str()).collect::<Vec<_>>(), ["INCIDENTS", "ALERTS"]);
    let told: Vec<_> =
        config.policy.rows.iter().map(|row| (row.name.as_str(), row.audience.as_str())).collect();
    assert_eq!(told.iter().filter(|(_, audience)| *audience == "customers").count(), 1, "{told:?}");
}
