//! Labels and annotations as senders write them, made into sets that are within their limits.

use super::{Flags, text};
use crate::event::{Labels, LabelsBuilder};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// The most labels of an event, and the most annotations.
pub const PAIRS_MAX: usize = 64;
/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 256;
/// The longest value of a label, in bytes. A longer one is refused: cut, it would be another alert.
pub const LABEL_BYTES_MAX: usize = 4 * 1024;
/// The longest annotation, in bytes. A longer one is cut: the alert matters more than its text.
pub const ANNOTATION_BYTES_MAX: usize = 16 * 1024;

/// Names and values in the order in which they were sent; a name occurs once.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Whether there were more than [`PAIRS_MAX`].
    over: bool,
}

impl Pairs<'_> {
    /// The set of labels: none empty, at least one.
    ///
    /// # Errors
    /// What is over its limit or missing, as a sentence.
    pub(super) fn into_labels(self, flags: &mut Flags) -> Result<Labels, &'static str> {
        if self.over {
            return Err("more than 64 labels");
        }
        let mut builder = LabelsBuilder::default();
        for (name, value) in self.pairs {
            if value.is_empty() {
                continue;
            }
            check_name(&name)?;
            if value.len() > LABEL_BYTES_MAX {
                return Err("a label is longer than 4 KiB");
            }
            builder.push(name, text::line(value, LABEL_BYTES_MAX, flags));
        }
        let labels = builder.build();
        if labels.is_empty() { Err("no label that is not empty") } else { Ok(labels) }
    }

    /// The set of annotations; what is over a limit is cut or left out, and flagged.
    pub(super) fn into_annotations(self, flags: &mut Flags) -> Labels {
        flags.cut |= self.over;
        let mut builder = LabelsBuilder::default();
        for (name, value) in self.pairs {
            if check_name(&name).is_ok() {
                builder.push(name, text::block(value, ANNOTATION_BYTES_MAX, flags));
            } else {
                flags.cut = true;
            }
        }
        builder.build()
    }
}

fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("a label without a name");
    }
    if name.len() > NAME_BYTES_MAX {
        return Err("a label's name is longer than 256 bytes");
    }
    if text::line(Cow::Borrowed(name), NAME_BYTES_MAX, &mut Flags::default()) != name {
        return Err("a label's name has control characters");
    }
    Ok(())
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs<'a>, D::Error> {
        struct Maps;
        impl<'de> Visitor<'de> for Maps {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of names to strings")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Pairs<'de>, E> {
                Ok(Pairs::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs: Vec<(Cow<'de, str>, Cow<'de, str>)> = Vec::with_capacity(16);
                while let Some(super::json::Text(name)) = map.next_key()? {
                    // Senders sort their labels, so looking at the last one nearly always suffices.
                    let sorted = pairs.last().is_none_or(|(last, _)| *last < name);
                    if !sorted && pairs.iter().any(|(other, _)| *other == name) {
                        return Err(de::Error::custom("a name stands twice in one set"));
                    }
                    let super::json::Text(value) = map.next_value()?;
                    if pairs.len() == PAIRS_MAX {
                        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                        return Ok(Pairs { pairs, over: true });
                    }
                    pairs.push((name, value));
                }
                Ok(Pairs { pairs, over: false })
            }
        }
        deserializer.deserialize_any(Maps)
    }
}

impl JsonSchema for Pairs<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Labels".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "description": "Names and texts; one that is empty counts as absent.",
            "type": "object",
            "additionalProperties": { "type": ["string", "null"] },
            "maxProperties": PAIRS_MAX
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(json: &str) -> Result<String, String> {
        let pairs: Pairs<'_> =
            serde_json::from_str(json).map_err(|error| super::super::json::reason(&error))?;
        let set = pairs.into_labels(&mut Flags::default());
        set.map(|labels| labels.to_string()).map_err(str::to_owned)
    }

    #[test]
    fn labels_are_taken_as_alertmanager_takes_them() {
        assert_eq!(labels(r#"{"b":"1","a":"x\ny","c":"","d":null}"#).unwrap(), r#"{a="x y", b="1"}"#);
        for wrong in [r#"{"a":"1","a":"1"}"#, r#"{"b":"1","c":"","b":"2"}"#, r#"{"a":1}"#, "{}", "null", "[]"]
        {
            assert!(labels(wrong).is_err(), "{wrong}");
        }
        for wrong in [r#"{"":"x"}"#.to_owned(), r#"{"a\u202e":"x"}"#.to_owned(), over(65)] {
            assert!(labels(&wrong).is_err(), "{wrong}");
        }
        assert!(labels(&over(64)).is_ok());
        assert!(labels(&format!(r#"{{"a":"{}"}}"#, "x".repeat(4097))).is_err());
    }

    #[test]
    fn annotations_are_cut_rather_than_refused() {
        let json = format!(r#"{{"a":"{}","b":"two\nlines"}}"#, "x".repeat(20_000));
        let mut flags = Flags::default();
        let set = serde_json::from_str::<Pairs<'_>>(&json).unwrap().into_annotations(&mut flags);
        assert_eq!(set.get("a").unwrap().len(), ANNOTATION_BYTES_MAX);
        assert_eq!(set.get("b"), Some("two\nlines"));
        assert!(flags.cut);
        let mut flags = Flags::default();
        let set = serde_json::from_str::<Pairs<'_>>(&over(99)).unwrap().into_annotations(&mut flags);
        assert_eq!((set.len(), flags.cut), (64, true));
    }

    fn over(count: usize) -> String {
        let pairs: Vec<String> = (0..count).map(|n| format!("\"l{n}\":\"v\"")).collect();
        format!("{{{}}}", pairs.join(","))
    }
}
