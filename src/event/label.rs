//! Label sets: sorted, packed into one shared allocation of text, with Prometheus' fingerprint.

use super::id::Fingerprint;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A set of labels or annotations: unique names, sorted by name, none empty.
///
/// All of it lies in one string, each name and each value behind a character that stands for its length, because a
/// router holds a million of these. It is shared: the event, the fact and State hold the same one, so that a flood is
/// not in memory three times.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Labels {
    packed: Arc<str>,
}

/// The longest name or value, in bytes; what comes in is held far shorter. A longer one is cut.
const PIECE_MAX: usize = 1 << 20;

/// Characters from here on stand for no number of their own.
const SURROGATES: u32 = 0xD800;
const SURROGATES_COUNT: u32 = 0x800;

/// Puts a piece behind the others.
fn put(packed: &mut String, piece: &str) {
    let length = (0..=piece.len().min(PIECE_MAX)).rev().find(|end| piece.is_char_boundary(*end)).unwrap_or(0);
    let number = length as u32;
    let mark = char::from_u32(if number < SURROGATES { number } else { number + SURROGATES_COUNT });
    packed.push(mark.unwrap_or(char::MAX));
    packed.push_str(&piece[..length]);
}

/// Takes the first piece off.
fn take<'a>(packed: &mut &'a str) -> Option<&'a str> {
    let mark = packed.chars().next()?;
    let number = u32::from(mark);
    let length = if number < SURROGATES { number } else { number - SURROGATES_COUNT } as usize;
    let (piece, rest) = packed[mark.len_utf8()..].split_at(length);
    *packed = rest;
    Some(piece)
}

/// Gathers labels in any order; the last value of a name wins, an empty value removes it.
#[derive(Debug, Default)]
pub struct LabelsBuilder<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> LabelsBuilder<'a> {
    /// A builder with room for `pairs` pairs.
    pub fn with_capacity(pairs: usize) -> LabelsBuilder<'a> {
        LabelsBuilder { pairs: Vec::with_capacity(pairs) }
    }

    /// Adds one pair.
    pub fn push(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.pairs.push((name.into(), value.into()));
    }

    /// How many pairs were added.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The finished set.
    pub fn build(mut self) -> Labels {
        self.pairs.sort_by(|a, b| a.0.cmp(&b.0));
        // Nearly all lengths are below 128, which is one byte.
        let mut packed = String::with_capacity(self.pairs.iter().map(|(n, v)| n.len() + v.len() + 2).sum());
        for (index, (name, value)) in self.pairs.iter().enumerate() {
            let last_of_name = self.pairs.get(index + 1).is_none_or(|next| next.0 != *name);
            if last_of_name && !value.is_empty() {
                put(&mut packed, name);
                put(&mut packed, value);
            }
        }
        Labels { packed: packed.into() }
    }
}

impl Labels {
    /// The set of the given pairs.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Labels {
        let mut builder = LabelsBuilder::default();
        pairs.into_iter().for_each(|(name, value)| builder.push(name, value));
        builder.build()
    }

    /// The value of `name`, if the set has it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// All pairs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest = &*self.packed;
        std::iter::from_fn(move || Some((take(&mut rest)?, take(&mut rest)?)))
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// Only the named labels that the set has.
    pub fn only<S: AsRef<str>>(&self, names: &[S]) -> Labels {
        Labels::from_pairs(self.iter().filter(|(name, _)| names.iter().any(|n| n.as_ref() == *name)))
    }

    /// The identity of an alert with these labels: 64-bit FNV-1a over `name 0xFF value 0xFF` of each pair by name.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = 14_695_981_039_346_656_037_u64;
        let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211);
        for (name, value) in self.iter() {
            name.bytes().for_each(&mut add);
            add(0xFF);
            value.bytes().for_each(&mut add);
            add(0xFF);
        }
        Fingerprint(hash)
    }
}

impl fmt::Display for Labels {
    /// As people know it: `{alertname="X", cluster="eu"}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            f.write_str(if index > 0 { ", " } else { "" })?;
            f.write_str(name)?;
            // Nearly every value stands for itself.
            if value.bytes().all(|byte| (b' '..=b'~').contains(&byte) && !matches!(byte, b'"' | b'\\')) {
                f.write_str("=\"")?;
                f.write_str(value)?;
                f.write_str("\"")?;
            } else {
                write!(f, "={value:?}")?;
            }
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Labels, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Labels;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of names to strings")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
                let mut builder = LabelsBuilder::default();
                while let Some((name, value)) = map.next_entry::<Cow<str>, Cow<str>>()? {
                    builder.push(name, value);
                }
                Ok(builder.build())
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_prometheus() {
        let vectors: [(&[(&str, &str)], u64); 4] = [
            (&[], 14_695_981_039_346_656_037),
            (&[("name", "garland, briggs"), ("fear", "love is not enough")], 5_799_056_148_416_392_346),
            (&[("first-label", "first-label-value")], 5_146_282_821_936_882_169),
            (&[("severity", "critical"), ("alertname", "Test")], 0xefca_a50e_e41c_2d76),
        ];
        for (pairs, wanted) in vectors {
            assert_eq!(Labels::from_pairs(pairs.iter().copied()).fingerprint().0, wanted, "{pairs:?}");
        }
    }

    #[test]
    fn pieces_of_any_length_are_read_back() {
        for length in [1, 127, 128, 2047, 2048, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFF, 0x1_0000, PIECE_MAX] {
            let (long, labels) =
                ("x".repeat(length), |value: &str| Labels::from_pairs([("a", value), ("b", "ü")]));
            let found = labels(&long);
            assert_eq!(found.get("a"), Some(&*long), "{length}");
            assert_eq!((found.get("b"), found.len()), (Some("ü"), 2), "{length}");
        }
        let cut = Labels::from_pairs(
            [("a", "x".repeat(PIECE_MAX - 1) + "ü")].iter().map(|(n, v)| (*n, v.as_str())),
        );
        assert_eq!(cut.get("a").map(str::len), Some(PIECE_MAX - 1), "never in the middle of a character");
    }

    proptest::proptest! {
        #[test]
        fn labels_are_what_a_map_would_hold(pairs in proptest::collection::vec((".{1,9}", ".{0,200}"), 0..20)) {
            let map: std::collections::BTreeMap<_, _> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let labels = Labels::from_pairs(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())));
            let held: Vec<_> = map.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            proptest::prop_assert_eq!(labels.iter().collect::<Vec<_>>(), held);
        }
    }

    #[test]
    fn sorts_drops_empty_values_and_lets_the_last_win() {
        let labels = Labels::from_pairs([("b", "1"), ("a", "x"), ("b", "2"), ("c", "")]);
        assert_eq!(labels.to_string(), r#"{a="x", b="2"}"#);
        assert_eq!(labels.get("b"), Some("2"));
        assert_eq!(labels.get("c"), None);
        let json = serde_json::to_string(&labels).unwrap();
        assert_eq!(serde_json::from_str::<Labels>(&json).unwrap(), labels);
    }
}
