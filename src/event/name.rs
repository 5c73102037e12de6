//! Names are identities: of rows, audiences, channels, contacts and recipients.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! shared_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                $name(Arc::from(text))
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

shared_text!(
    /// The name of a row, audience (`team/audience` outside its file), channel, contact, lane or source.
    Name
);
shared_text!(
    /// One address on one channel, named without the address: `CONTACT@CHANNEL` or
    /// `AUDIENCE@CHANNEL#keyed-hash` (DESIGN, section 5).
    Recipient
);

impl Name {
    /// Whether this is lower-case words joined by `-`, as R13 asks of what people name.
    pub fn is_well_formed(text: &str) -> bool {
        let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        text.len() <= 64 && text.split('-').all(word)
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_are_lower_case_words() {
        assert!(Name::is_well_formed("alerts-to-their-team"));
        for wrong in ["", "Alerts", "a--b", "-a", "a_b", "a b", "ä"] {
            assert!(!Name::is_well_formed(wrong), "{wrong}");
        }
    }
}
