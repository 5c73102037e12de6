//! The severity ladder: places from the worst down, aliases, and conditions on them (R9).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The most levels a ladder may have.
pub const LEVELS_MAX: usize = 32;

/// A place on the ladder: 0 is the worst. Smaller is worse, so `a < b` reads "a is worse than b".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Severity(pub u8);

/// A set of places: what a severity condition expands to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SeveritySet(u32);

/// The configured ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    names: Vec<String>,
    aliases: BTreeMap<String, Severity>,
    /// From this place up a case is urgent.
    pub urgent: Severity,
    /// What a missing or unheard-of value counts as.
    pub unknown: Severity,
}

/// Why a severity condition could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a severity condition: \"{word}\" is not on the ladder ({ladder})")]
pub struct SeverityError {
    text: String,
    word: String,
    ladder: String,
}

impl Severity {
    /// The value `none`: met by no severity condition, told to no business or external audience.
    pub const NONE: Severity = Severity(u8::MAX);

    /// Whether this is a place on the ladder at all.
    pub fn is_some(self) -> bool {
        self != Severity::NONE
    }
}

impl SeveritySet {
    /// Whether the place is in the set; `none` never is.
    pub fn contains(self, severity: Severity) -> bool {
        usize::from(severity.0) < LEVELS_MAX && self.0 & (1 << severity.0) != 0
    }

    fn insert(&mut self, severity: Severity) {
        if usize::from(severity.0) < LEVELS_MAX {
            self.0 |= 1 << severity.0;
        }
    }

    /// The places in it, worst first.
    pub fn iter(self) -> impl Iterator<Item = Severity> {
        (0..LEVELS_MAX as u8).map(Severity).filter(move |place| self.contains(*place))
    }
}

impl Default for Ladder {
    /// `sev1` to `sev4` with the aliases that senders use.
    fn default() -> Ladder {
        let names = ["sev1", "sev2", "sev3", "sev4"].map(str::to_owned).to_vec();
        let aliases = [
            ("critical", 0),
            ("page", 0),
            ("p1", 0),
            ("error", 1),
            ("high", 1),
            ("p2", 1),
            ("warning", 2),
            ("medium", 2),
            ("p3", 2),
            ("info", 3),
            ("low", 3),
            ("p4", 3),
        ];
        let aliases = aliases.map(|(alias, place)| (alias.to_owned(), Severity(place)));
        Ladder { names, aliases: aliases.into(), urgent: Severity(0), unknown: Severity(1) }
    }
}

impl Ladder {
    /// A ladder of `names`, worst first, with aliases (compared without regard to case).
    /// `urgent` is the worst and `unknown` the second worst until they are set.
    pub fn new(names: Vec<String>, aliases: BTreeMap<String, Severity>) -> Ladder {
        let unknown = Severity(u8::from(names.len() > 1));
        let aliases = aliases.into_iter().map(|(alias, place)| (alias.to_lowercase(), place)).collect();
        Ladder { names, aliases, urgent: Severity(0), unknown }
    }

    /// The names, worst first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The place of a name or alias; `none` has its own value; anything else is `None`.
    pub fn find(&self, word: &str) -> Option<Severity> {
        let word = word.trim();
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(word));
        named
            .map(|place| Severity(place as u8))
            .or_else(|| self.aliases.get(word).copied())
            .or_else(|| self.aliases.get(&word.to_lowercase()).copied())
            .or_else(|| word.eq_ignore_ascii_case("none").then_some(Severity::NONE))
    }

    /// The place that an event's value counts as, and whether the value was known.
    pub fn place(&self, word: Option<&str>) -> (Severity, bool) {
        match word.and_then(|word| self.find(word)) {
            Some(severity) => (severity, true),
            None => (self.unknown, false),
        }
    }

    /// The configured name of a place.
    pub fn name(&self, severity: Severity) -> &str {
        self.names.get(usize::from(severity.0)).map_or("none", String::as_str)
    }

    /// Whether a case of this severity is urgent (R15).
    pub fn is_urgent(&self, severity: Severity) -> bool {
        severity <= self.urgent
    }

    /// Reads a condition: `"sev2"`, `"sev2 or worse"`, `">= sev2"`, `"sev3 or milder"`, `"<= sev3"`.
    ///
    /// # Errors
    /// A word that is not on the ladder.
    pub fn condition(&self, text: &str) -> Result<SeveritySet, SeverityError> {
        let trimmed = text.trim();
        let (word, worse, milder) = if let Some(word) = trimmed.strip_suffix(" or worse") {
            (word, true, false)
        } else if let Some(word) = trimmed.strip_prefix(">=") {
            (word, true, false)
        } else if let Some(word) = trimmed.strip_suffix(" or milder") {
            (word, false, true)
        } else if let Some(word) = trimmed.strip_prefix("<=") {
            (word, false, true)
        } else {
            (trimmed, false, false)
        };
        let place = self.find(word).filter(|place| place.is_some()).ok_or_else(|| SeverityError {
            text: text.to_owned(),
            word: word.trim().to_owned(),
            ladder: self.names.join(", "),
        })?;
        let mut set = SeveritySet::default();
        for candidate in (0..self.names.len() as u8).map(Severity) {
            if candidate == place || (worse && candidate < place) || (milder && candidate > place) {
                set.insert(candidate);
            }
        }
        Ok(set)
    }

    /// Reads a list of conditions as their union.
    ///
    /// # Errors
    /// A word that is not on the ladder.
    pub fn conditions<S: AsRef<str>>(&self, texts: &[S]) -> Result<SeveritySet, SeverityError> {
        texts.iter().try_fold(SeveritySet::default(), |sum, text| {
            self.condition(text.as_ref()).map(|set| SeveritySet(sum.0 | set.0))
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_some() { write!(f, "{}", self.0) } else { f.write_str("none") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Vec<u8> {
        Ladder::default().condition(text).unwrap().iter().map(|place| place.0).collect()
    }

    #[test]
    fn conditions_expand_as_they_read() {
        assert_eq!(expand("sev2"), [1]);
        assert_eq!(expand("sev2 or worse"), [0, 1]);
        assert_eq!(expand(">= sev2"), [0, 1]);
        assert_eq!(expand("warning or milder"), [2, 3]);
        let both = Ladder::default().conditions(&["sev1", "sev4"]).unwrap();
        assert_eq!(both.iter().map(|place| place.0).collect::<Vec<_>>(), [0, 3]);
        assert!(Ladder::default().condition("sev9 or worse").is_err());
        assert!(Ladder::default().condition("none").is_err());
    }

    #[test]
    fn unknown_counts_as_the_second_worst_and_none_as_nothing() {
        let ladder = Ladder::default();
        assert_eq!(ladder.place(Some("CRITICAL")), (Severity(0), true));
        assert_eq!(ladder.place(Some("weird")), (Severity(1), false));
        assert_eq!(ladder.place(None), (Severity(1), false));
        assert_eq!(ladder.place(Some("none")), (Severity::NONE, true));
        assert!(!ladder.condition("sev4 or worse").unwrap().contains(Severity::NONE));
    }
}
