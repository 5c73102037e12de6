//! A value of the configuration that may be secret: written out, or the place of a secret.

use super::OpenSecret;
use crate::event::SecretRef;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// A text, or `{ file = … }` or `{ env = … }` where it lies.
#[derive(Clone, JsonSchema)]
#[schemars(untagged)]
pub enum TextOrSecret {
    /// The text itself.
    Text(String),
    /// Where it lies.
    Secret(SecretRef),
}

impl TextOrSecret {
    /// The text, if it stands in the configuration.
    pub fn text(&self) -> Option<&str> {
        match self {
            TextOrSecret::Text(text) => Some(text),
            TextOrSecret::Secret(_) => None,
        }
    }

    /// Where it lies, if it is a secret.
    pub fn secret(&self) -> Option<&SecretRef> {
        match self {
            TextOrSecret::Text(_) => None,
            TextOrSecret::Secret(secret) => Some(secret),
        }
    }

    /// The text, wherever it lies.
    ///
    /// # Errors
    /// Those of opening the secret.
    pub fn open(&self, open: &OpenSecret<'_>) -> Result<SecretString, String> {
        match self {
            TextOrSecret::Text(text) => Ok(SecretString::from(text.as_str())),
            TextOrSecret::Secret(secret) => open(secret),
        }
    }
}

/// Opens a secret that holds one line, as tokens and URLs do, without the white space around it.
///
/// # Errors
/// Those of opening it; that it is empty.
pub fn open_line(value: &TextOrSecret, open: &OpenSecret<'_>) -> Result<SecretString, String> {
    let line = value.open(open)?;
    match line.expose_secret().trim() {
        "" => Err("a secret is empty".to_owned()),
        trimmed => Ok(SecretString::from(trimmed)),
    }
}

impl fmt::Debug for TextOrSecret {
    /// Never the text: what may be a secret elsewhere may have been written out here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextOrSecret::Text(_) => f.write_str("(a text)"),
            TextOrSecret::Secret(secret) => write!(f, "{secret}"),
        }
    }
}

impl<'de> Deserialize<'de> for TextOrSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TextOrSecret, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = TextOrSecret;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, { file = \"…\" } or { env = \"…\" }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<TextOrSecret, E> {
                Ok(TextOrSecret::Text(text.to_owned()))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<TextOrSecret, A::Error> {
                SecretRef::deserialize(MapAccessDeserializer::new(map)).map(TextOrSecret::Secret)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
