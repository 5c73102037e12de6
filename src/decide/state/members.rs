//! The alerts of a group: mostly one or a few, which lie in one small list; a group that grows becomes a tree.

use super::case::Member;
use crate::event::id::Fingerprint;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// Up to so many stand in a list: a tree's first node alone has room for eleven, and very many groups have one.
const FEW_MAX: usize = 16;

/// The alerts of a group, by fingerprint.
#[derive(Clone, Debug)]
pub struct Members(Alerts);

#[derive(Clone, Debug)]
enum Alerts {
    Few(Vec<(Fingerprint, Member)>),
    Many(BTreeMap<Fingerprint, Member>),
}

impl Default for Members {
    fn default() -> Members {
        Members(Alerts::Few(Vec::new()))
    }
}

impl Members {
    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Alerts::Few(few) => few.len(),
            Alerts::Many(many) => many.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    pub fn get(&self, alert: &Fingerprint) -> Option<&Member> {
        match &self.0 {
            Alerts::Few(few) => place(few, alert).ok().map(|place| &few[place].1),
            Alerts::Many(many) => many.get(alert),
        }
    }

    /// One of them.
    pub fn get_mut(&mut self, alert: &Fingerprint) -> Option<&mut Member> {
        match &mut self.0 {
            Alerts::Few(few) => place(few, alert).ok().map(|place| &mut few[place].1),
            Alerts::Many(many) => many.get_mut(alert),
        }
    }

    /// An alert joins; one that is in already begins anew.
    pub fn insert(&mut self, alert: Fingerprint, member: Member) {
        match &mut self.0 {
            Alerts::Few(few) => match place(few, &alert) {
                Ok(place) => few[place].1 = member,
                Err(place) if few.len() < FEW_MAX => {
                    if few.is_empty() {
                        few.reserve_exact(1);
                    }
                    few.insert(place, (alert, member));
                }
                Err(_) => {
                    let mut many: BTreeMap<Fingerprint, Member> = few.drain(..).collect();
                    many.insert(alert, member);
                    self.0 = Alerts::Many(many);
                }
            },
            Alerts::Many(many) => drop(many.insert(alert, member)),
        }
    }

    /// An alert leaves.
    pub fn remove(&mut self, alert: &Fingerprint) {
        match &mut self.0 {
            Alerts::Few(few) => {
                if let Ok(place) = place(few, alert) {
                    few.remove(place);
                }
            }
            Alerts::Many(many) => drop(many.remove(alert)),
        }
    }

    /// All, by fingerprint.
    pub fn iter(&self) -> impl Iterator<Item = (&Fingerprint, &Member)> {
        let (few, many) = match &self.0 {
            Alerts::Few(few) => (few.as_slice(), None),
            Alerts::Many(many) => (&[][..], Some(many)),
        };
        few.iter().map(|(alert, member)| (alert, member)).chain(many.into_iter().flatten())
    }

    /// Their fingerprints, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Fingerprint> {
        self.iter().map(|(alert, _)| alert)
    }
}

fn place(few: &[(Fingerprint, Member)], alert: &Fingerprint) -> Result<usize, usize> {
    few.binary_search_by(|(known, _)| known.cmp(alert))
}

impl PartialEq for Members {
    fn eq(&self, other: &Members) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
        let many = BTreeMap::<Fingerprint, Member>::deserialize(deserializer)?;
        let few = many.len() <= FEW_MAX;
        Ok(Members(if few { Alerts::Few(many.into_iter().collect()) } else { Alerts::Many(many) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn members_are_what_a_tree_would_hold(
            changes in proptest::collection::vec((0..40_u64, proptest::bool::ANY, proptest::bool::weighted(0.7)), 0..120),
        ) {
            let (mut members, mut tree) = (Members::default(), BTreeMap::new());
            for (alert, said_firing, joins) in changes {
                let (alert, member) = (Fingerprint(alert), Member { said_firing, said_ended: false });
                if joins {
                    members.insert(alert, member);
                    tree.insert(alert, member);
                } else {
                    members.remove(&alert);
                    tree.remove(&alert);
                }
                proptest::prop_assert!(members.iter().eq(tree.iter()));
                proptest::prop_assert_eq!(members.get(&alert), tree.get(&alert));
                proptest::prop_assert_eq!(members.len(), tree.len());
            }
            let json = serde_json::to_string(&members).unwrap();
            proptest::prop_assert_eq!(&json, &serde_json::to_string(&tree).unwrap());
            proptest::prop_assert_eq!(serde_json::from_str::<Members>(&json).unwrap(), members);
        }
    }
}
