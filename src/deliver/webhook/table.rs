//! Labels and annotations on their way from one JSON text into another, without a copy.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// A text that is borrowed where its JSON holds no escapes.
#[derive(Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// The pairs of one JSON object of texts, in its order.
#[derive(Default)]
pub struct Table<'a>(Vec<(Text<'a>, Text<'a>)>);

impl<'a> Deref for Table<'a> {
    type Target = [(Text<'a>, Text<'a>)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Table<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Table<'a>, D::Error> {
        struct Visitor<'a>(std::marker::PhantomData<&'a str>);
        impl<'de: 'a, 'a> de::Visitor<'de> for Visitor<'a> {
            type Value = Table<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Table<'a>, A::Error> {
                let mut pairs = Vec::with_capacity(8);
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Table(pairs))
            }
        }
        deserializer.deserialize_map(Visitor(std::marker::PhantomData))
    }
}

/// Pairs to be written as one JSON object.
#[derive(Default)]
pub struct Map<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Map<'a> {
    /// All the pairs of a table.
    pub fn of(table: &'a [(Text<'a>, Text<'a>)]) -> Map<'a> {
        Map(table.iter().map(|(key, value)| (&**key, &**value)).collect())
    }

    /// These pairs.
    pub fn from_pairs<const N: usize>(pairs: [(&'a str, &'a str); N]) -> Map<'a> {
        Map(pairs.to_vec())
    }

    /// The pairs that every table has.
    pub fn common(mut tables: impl Iterator<Item = &'a Table<'a>>) -> Map<'a> {
        let mut common = tables.next().map_or_else(Map::default, |table| Map::of(table));
        for table in tables {
            if common.0.is_empty() {
                break;
            }
            common.0.retain(|(key, value)| table.iter().any(|(k, v)| &**k == *key && &**v == *value));
        }
        common
    }

    /// One pair more.
    pub fn push(&mut self, key: &'a str, value: &'a str) {
        self.0.push((key, value));
    }
}

impl Serialize for Map<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
