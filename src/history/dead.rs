//! Dead letters: deliveries that were given up, and what came in and was not decided, under the names that people use.

use super::ask::Questions;
use super::{Came, Error, EventFilter, Fate, Filter, Told, place};
use crate::event::id::DeliveryId;
use std::fmt;
use std::str::FromStr;

/// A dead letter's name: `delivery-17`; `event-42-1`, the second row of entry 42.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amiss {
    /// A delivery.
    Delivery(DeliveryId),
    /// What came in, by its place.
    Event(u64),
}

impl fmt::Display for Amiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amiss::Delivery(id) => write!(f, "delivery-{id}"),
            Amiss::Event(place) => {
                let place = place.cast_signed();
                write!(f, "event-{}-{}", place::entry(place), place::turn(place))
            }
        }
    }
}

impl FromStr for Amiss {
    type Err = String;

    /// A number alone is a delivery's.
    fn from_str(text: &str) -> Result<Amiss, String> {
        let number = |text: &str| text.parse::<u64>().ok().filter(|_| !text.starts_with('+'));
        let event = |text: &str| {
            let (entry, turn) = text.strip_prefix("event-")?.split_once('-')?;
            place::of(number(entry)?, number(turn)?)
        };
        let delivery = number(text.strip_prefix("delivery-").unwrap_or(text));
        let found = delivery.map(|id| Amiss::Delivery(DeliveryId(id)));
        found.or_else(|| event(text).map(Amiss::Event)).ok_or_else(|| {
            format!("{text:?} names no dead letter: write it as the list does, delivery-17 or event-42-1")
        })
    }
}

/// One dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dead {
    /// A delivery that was given up.
    Delivery(Box<Told>),
    /// What came in and was not decided.
    Event(Box<Came>),
}

impl Dead {
    /// Its place, for asking what is before it.
    pub fn place(&self) -> u64 {
        match self {
            Dead::Delivery(told) => told.place,
            Dead::Event(came) => came.place,
        }
    }

    /// Its name.
    pub fn name(&self) -> Amiss {
        match self {
            Dead::Delivery(told) => {
                let delivery = told.said.as_ref().map(|said| said.delivery);
                Amiss::Delivery(delivery.unwrap_or_default())
            }
            Dead::Event(came) => Amiss::Event(came.place),
        }
    }
}

impl Questions {
    /// The dead letters, newest first, by when they were decided or came in.
    ///
    /// # Errors
    /// The database failed.
    pub fn dead_letters(&self, before: Option<u64>, limit: usize) -> Result<Vec<Dead>, Error> {
        let given_up = Filter { end: Some(Fate::DeadLettered), before, limit, ..Filter::default() };
        let amiss = EventFilter { amiss: true, before, limit, ..EventFilter::default() };
        let deliveries = self.deliveries(&given_up)?.into_iter().map(|told| Dead::Delivery(Box::new(told)));
        let events = self.events(&amiss)?.into_iter().map(|came| Dead::Event(Box::new(came)));
        let mut all: Vec<Dead> = deliveries.chain(events).collect();
        all.sort_by_key(|dead| std::cmp::Reverse(dead.place()));
        all.truncate(if limit == 0 { super::LIMIT_MAX } else { limit });
        Ok(all)
    }

    /// One dead letter, or any delivery; the bytes of what was no event only for who has the right `admin`.
    ///
    /// # Errors
    /// The database failed.
    pub fn dead_letter(&self, name: Amiss, admin: bool) -> Result<Option<Dead>, Error> {
        match name {
            Amiss::Delivery(id) => {
                let only = Filter { delivery: Some(id), limit: 1, ..Filter::default() };
                Ok(self.deliveries(&only)?.pop().map(|told| Dead::Delivery(Box::new(told))))
            }
            Amiss::Event(place) => {
                let before = Some(place.saturating_add(1));
                let only = EventFilter { amiss: true, before, limit: 1, admin, ..EventFilter::default() };
                let found = self.events(&only)?.pop().filter(|came| came.place == place);
                Ok(found.map(|came| Dead::Event(Box::new(came))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_nothing_else_is_one() {
        for name in [Amiss::Delivery(DeliveryId(17)), Amiss::Event(place::place(42, 1).cast_unsigned())] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        assert_eq!(Amiss::Event(place::place(42, 1).cast_unsigned()).to_string(), "event-42-1");
        assert_eq!("17".parse(), Ok(Amiss::Delivery(DeliveryId(17))));
        for wrong in [
            "",
            "delivery-",
            "delivery--1",
            "delivery-+1",
            "event-1",
            "event-1-",
            "event-1-99999999",
            "event-1-1-1",
            "x",
        ] {
            assert!(wrong.parse::<Amiss>().is_err(), "{wrong}");
        }
        assert!(format!("event-{}-0", u64::MAX).parse::<Amiss>().is_err());
    }
}
