//! The lines of a briefing: few, so they lie in one sorted list, which is a tenth of a tree's size for one or two.

use super::case::Line;
use crate::event::Recipient;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// Up to so many are kept without room to spare: most briefings have one or two, and there are very many briefings.
const EXACT_MAX: usize = 4;

/// Each recipient that was spoken to, or that something was withheld from, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines(Vec<(Recipient, Line)>);

impl Lines {
    /// The line of a recipient.
    pub fn get(&self, recipient: &Recipient) -> Option<&Line> {
        self.place(recipient).ok().map(|place| &self.0[place].1)
    }

    /// The line of a recipient.
    pub fn get_mut(&mut self, recipient: &Recipient) -> Option<&mut Line> {
        self.place(recipient).ok().map(|place| &mut self.0[place].1)
    }

    /// The line of a recipient, which is begun if there is none.
    pub fn begin(&mut self, recipient: &Recipient) -> &mut Line {
        let place = self.place(recipient).unwrap_or_else(|place| {
            if self.0.len() < EXACT_MAX {
                self.0.reserve_exact(1);
            }
            self.0.insert(place, (recipient.clone(), Line::default()));
            place
        });
        &mut self.0[place].1
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Recipient, &Line)> {
        self.0.iter().map(|(recipient, line)| (recipient, line))
    }

    /// All, by name.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Recipient, &mut Line)> {
        self.0.iter_mut().map(|(recipient, line)| (&*recipient, line))
    }

    /// All lines.
    pub fn values(&self) -> impl Iterator<Item = &Line> {
        self.0.iter().map(|(_, line)| line)
    }

    fn place(&self, recipient: &Recipient) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(recipient))
    }
}

impl Serialize for Lines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Lines, D::Error> {
        let lines = BTreeMap::<Recipient, Line>::deserialize(deserializer)?;
        Ok(Lines(lines.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_by_name_and_read_back() {
        let mut lines = Lines::default();
        for name in ["b@mail", "a@mail", "c@mail", "a@mail"] {
            lines.begin(&Recipient::from(name)).opened |= name != "c@mail";
        }
        let names: Vec<&str> = lines.iter().map(|(recipient, _)| recipient.as_str()).collect();
        assert_eq!(names, ["a@mail", "b@mail", "c@mail"]);
        assert!(lines.get(&Recipient::from("a@mail")).unwrap().opened);
        assert!(lines.get_mut(&Recipient::from("d@mail")).is_none());
        let json = serde_json::to_string(&lines).unwrap();
        assert_eq!(json, r#"{"a@mail":{"opened":true},"b@mail":{"opened":true},"c@mail":{}}"#);
        assert_eq!(serde_json::from_str::<Lines>(&json).unwrap(), lines);
    }
}
