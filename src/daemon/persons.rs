//! How many messages each person was handed in the last 24 hours: over-notification is seen by nothing else.
//!
//! It is counted in memory since the start, by hours, for the contacts of the configuration alone.

use crate::decide::Policy;
use crate::event::{Name, Recipient, Time};
use std::collections::BTreeMap;

const HOURS: usize = 24;
const HOUR_MS: i64 = 3_600_000;

/// The counts of all persons.
#[derive(Debug, Default)]
pub struct Persons {
    of: BTreeMap<Name, [u32; HOURS]>,
    /// The newest hour that is counted.
    hour: i64,
}

impl Persons {
    /// A recipient was handed a message; a mailing list, a channel of a chat or a program is no person.
    pub fn handed(&mut self, policy: &Policy, recipient: &Recipient, now: Time) {
        let contact = policy.endpoints.get(recipient).and_then(|endpoint| endpoint.contact.as_ref());
        let Some(contact) = contact else { return };
        let slot = self.turn(now);
        let hours = self.of.entry(contact.clone()).or_insert([0; HOURS]);
        hours[slot] = hours[slot].saturating_add(1);
    }

    /// How many each was handed within the day; who was handed none is not among them.
    pub fn counts(&mut self, now: Time) -> Vec<u32> {
        self.turn(now);
        self.of.retain(|_, hours| hours.iter().any(|count| *count > 0));
        self.of.values().map(|hours| hours.iter().sum()).collect()
    }

    /// Empties the hours that are a day old; the place of the present hour.
    fn turn(&mut self, now: Time) -> usize {
        let hour = now.millis().div_euclid(HOUR_MS).max(self.hour);
        let passed = (hour - self.hour).min(HOURS as i64);
        for empty in (hour - passed + 1)..=hour {
            let slot = place(empty);
            self.of.values_mut().for_each(|hours| hours[slot] = 0);
        }
        self.hour = hour;
        place(hour)
    }
}

fn place(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(HOURS as i64)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, deliver};

    #[test]
    fn messages_of_a_day_are_counted_by_person() {
        let text = "version = 1\n[ingest.http]\nlisten = \"127.0.0.1:0\"\n[journal]\npath = \"/j\"\n\
             [channel.mail]\ntype = \"email\"\nrelay = \"smtps://relay.example.net\"\nfrom = \"a@example.net\"\n\
             [contact.mara]\nemail = \"mara@example.net\"\n\
             [audience.a]\ndisclosure = \"internal\"\nmembers = [\"contact:mara\"]\ndestinations = [\"mail:all@example.net\"]\n\
             [[route]]\nname = \"r\"\nkind = \"alert\"\naudience = \"a\"\n";
        let config = config::from_texts(&[("tidings.toml", text)], [0; 32], deliver::kinds()).unwrap();
        let policy = config.policy;
        let mut persons = Persons::default();
        let at = |hours: i64| Time::from_millis(1_795_000_000_000 + hours * HOUR_MS);
        let list = policy.audiences["a"].destinations[0].clone();
        for hours in [0, 0, 5, 23] {
            persons.handed(&policy, &"mara@mail".into(), at(hours));
            persons.handed(&policy, &list, at(hours));
        }
        assert_eq!(persons.counts(at(23)), [4], "a mailing list is no person");
        assert_eq!(persons.counts(at(24)), [2]);
        assert_eq!(persons.counts(at(46)), [1]);
        assert_eq!(persons.counts(at(200)), [] as [u32; 0]);
    }
}
