//! Events of a test: read as they would be from HTTP, and in a team's file only such as meet the team's match (R13).

use super::step::{misfit, unknown_key};
use super::{Reader, TrialAct};
use crate::config::diagnostic::Place;
use crate::config::value::{At, Node};
use crate::event::{Event, Labels, Time};
use crate::ingest::{Way, native, schema};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use toml::de::DeValue;

/// The lane and the source of events that name none.
const LANE: &str = "test";

/// Reads the events of one test in their order: what an incident's event does not say, an earlier one may have said.
pub(super) struct Events<'a, 't> {
    reader: Reader<'a, 't>,
    labels: BTreeMap<Box<str>, Labels>,
}

impl<'a, 't> Events<'a, 't> {
    pub(super) fn new(reader: Reader<'a, 't>) -> Events<'a, 't> {
        Events { reader, labels: BTreeMap::new() }
    }

    /// One event, received at that time.
    pub(super) fn read(&mut self, key: At<&'t str>, node: Node<'t>, received: Time) -> Option<TrialAct> {
        let reader = self.reader;
        let Value::Object(mut object) = json(node.value.get_ref()) else {
            return misfit(reader, key.value, node, "the fields of an event, as in its JSON");
        };
        let fields = schema::fields(key.value);
        let names: Vec<&str> = fields.iter().map(String::as_str).collect();
        let unknown: Vec<_> =
            node.entries().into_iter().filter(|(key, _)| !names.contains(&key.value)).collect();
        unknown.iter().for_each(|(field, _)| unknown_key(reader, *field, key.value, &names));
        object.insert("type".to_owned(), key.value.into());
        let bytes = Value::Object(object).to_string();
        let way = Way { lane: LANE.into(), source: LANE.into(), received };
        let reading = native::read(bytes.as_bytes(), &way);
        let event = match reading.event {
            Ok(event) => event,
            Err(garbage) => {
                let message = format!("this is no {}: {}", key.value, garbage.reason);
                reader.report.error("test::event", node.place(), message, "write it as its JSON would be");
                return None;
            }
        };
        for sentence in reading.flags.sentences() {
            reader.report.error("test::event", node.place(), sentence, "write it within its limits");
        }
        self.check_team(&event, node);
        Some(TrialAct::Event { event: Box::new(event), identity: reading.identity })
    }

    /// A team's tests send what is the team's.
    fn check_team(&mut self, event: &Event, node: Node<'_>) {
        let none = Labels::default();
        let labels = match event {
            Event::Alert(alert) => &alert.labels,
            Event::Incident(incident) => {
                if let Some(labels) = &incident.labels {
                    self.labels.insert(incident.incident.clone(), labels.clone());
                }
                self.labels.get(&incident.incident).unwrap_or(&none)
            }
        };
        let Some(team) = self.reader.document.team(node.file) else { return };
        let Some(matcher) = team.matchers.iter().find(|matcher| !matcher.matches(labels)) else { return };
        let place: Place = node.get("labels").unwrap_or(node).place();
        let message = format!("this is none of the team `{}`: {matcher} does not hold", team.name.value);
        let help =
            "a team's tests send what the team's match takes; others stand in the file that includes it";
        self.reader.report.error("test::not-the-teams", place, message, help);
    }
}

/// A value of TOML as JSON has it; dates are strings.
fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(&digits, number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => {
            number.as_str().replace('_', "").parse::<f64>().map_or(Value::Null, Value::from)
        }
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(date) => Value::from(date.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let entries = table.iter();
            let object: Map<String, Value> = entries
                .map(|(key, value)| (key.get_ref().as_ref().to_owned(), json(value.get_ref())))
                .collect();
            Value::Object(object)
        }
    }
}
