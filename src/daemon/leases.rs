//! R5: leases of firing alerts, kept outside of State: a heartbeat costs a look-up here and no fact.

use crate::event::id::Fingerprint;
use crate::event::{Name, Span, Time};
use std::collections::HashMap;

/// A lease that starts anew lasts at least this long.
const ANEW: Span = Span::from_mins(5);

/// Leases are looked through at most this often.
const LOOK_EVERY: Span = Span::from_secs(5);

#[derive(Clone, Copy, Debug)]
struct Lease {
    /// When it ends; `None` for an alert without a lease, which can only go stale.
    until: Option<Time>,
    mentioned: Time,
    source: u32,
    lane: u32,
}

/// Leases that have ended, by source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whose they are.
    pub source: Name,
    /// Of which alerts.
    pub alerts: Vec<Fingerprint>,
    /// Whether nothing of this source is left.
    pub whole_source: bool,
    /// Whether they were leases; else the alerts went stale.
    pub leased: bool,
}

/// The leases.
#[derive(Debug, Default)]
pub struct Leases {
    of: HashMap<Fingerprint, Lease>,
    names: Vec<Name>,
    numbers: HashMap<Name, u32>,
    /// Ways in that are shut: a lease counts no time in which its way in was.
    shut: Vec<u32>,
    looked: Time,
}

impl Leases {
    /// How many alerts have a lease.
    pub fn len(&self) -> usize {
        self.of.values().filter(|lease| lease.until.is_some()).count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn number(&mut self, name: &Name) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.clone());
        self.numbers.insert(name.clone(), number);
        number
    }

    /// An alert was reported firing.
    pub fn renew(&mut self, alert: Fingerprint, lane: &Name, source: &Name, until: Option<Time>, now: Time) {
        if let Some(lease) = self.of.get_mut(&alert)
            && self.names.get(lease.lane as usize) == Some(lane)
            && self.names.get(lease.source as usize) == Some(source)
        {
            lease.until = until;
            lease.mentioned = now;
            return;
        }
        let (source, lane) = (self.number(source), self.number(lane));
        self.of.insert(alert, Lease { until, mentioned: now, source, lane });
    }

    /// An alert without a lease began to fire.
    pub fn unleased(&mut self, alert: Fingerprint, source: Name, now: Time) {
        let source = self.number(&source);
        self.of.entry(alert).or_insert(Lease { until: None, mentioned: now, source, lane: u32::MAX });
    }

    /// At start every lease that State knows of starts anew; its way in counts as open from now on.
    pub fn anew(&mut self, alert: Fingerprint, source: &Name, leased: bool, now: Time) {
        let source = self.number(source);
        let until = leased.then(|| now + ANEW);
        self.of.insert(alert, Lease { until, mentioned: now, source, lane: u32::MAX });
    }

    /// An alert fires no more.
    pub fn remove(&mut self, alert: Fingerprint) {
        self.of.remove(&alert);
    }

    /// A way in is shut: its leases count no time.
    pub fn way_is_shut(&mut self, lane: &Name) {
        let number = self.number(lane);
        if !self.shut.contains(&number) {
            self.shut.push(number);
        }
    }

    /// A way in is open and caught up again: its leases start anew.
    pub fn way_is_open(&mut self, lane: &Name, now: Time) {
        let number = self.number(lane);
        self.shut.retain(|shut| *shut != number);
        for lease in self.of.values_mut().filter(|lease| lease.lane == number) {
            lease.until = lease.until.map(|until| until.max(now + ANEW));
        }
    }

    /// The leases that have ended; each is told once. Looks through them every few seconds.
    pub fn ended(&mut self, now: Time, stale_after: Span) -> Vec<Ended> {
        if self.looked + LOOK_EVERY > now {
            return Vec::new();
        }
        self.looked = now;
        let over = |lease: &Lease| match lease.until {
            Some(until) => until <= now && !self.shut.contains(&lease.lane),
            None => lease.mentioned + stale_after <= now,
        };
        let mut ended: HashMap<(u32, bool), Vec<Fingerprint>> = HashMap::new();
        for (alert, lease) in self.of.iter().filter(|(_, lease)| over(lease)) {
            ended.entry((lease.source, lease.until.is_some())).or_default().push(*alert);
        }
        let mut all: Vec<Ended> = Vec::with_capacity(ended.len());
        for ((source, leased), mut alerts) in ended {
            alerts.sort_unstable();
            for alert in &alerts {
                if leased {
                    self.of.remove(alert);
                } else if let Some(lease) = self.of.get_mut(alert) {
                    lease.mentioned = now;
                }
            }
            let whole_source = !self.of.values().any(|lease| lease.source == source);
            let source = self.names.get(source as usize).cloned().unwrap_or_else(|| Name::from("unknown"));
            all.push(Ended { source, alerts, whole_source, leased });
        }
        all.sort_by(|a, b| a.source.cmp(&b.source));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    fn name(text: &str) -> Name {
        Name::from(text)
    }

    #[test]
    fn r5_a_lease_ends_once_unless_it_is_renewed() {
        let (lane, source) = (name("http-alerts"), name("prometheus"));
        let mut leases = Leases::default();
        for alert in [1, 2] {
            leases.renew(Fingerprint(alert), &lane, &source, Some(at(240)), at(0));
        }
        leases.renew(Fingerprint(1), &lane, &source, Some(at(300)), at(60));
        assert_eq!(leases.ended(at(230), Span::from_secs(9999)), []);
        let ended = leases.ended(at(250), Span::from_secs(9999));
        assert_eq!((ended.len(), &ended[0].alerts[..], ended[0].whole_source), (1, &[Fingerprint(2)][..], false));
        let ended = leases.ended(at(310), Span::from_secs(9999));
        assert_eq!((&ended[0].alerts[..], ended[0].whole_source), (&[Fingerprint(1)][..], true));
        assert_eq!(leases.ended(at(900), Span::from_secs(9999)), []);
    }

    #[test]
    fn r5_a_lease_counts_no_time_in_which_its_way_in_was_shut() {
        let (lane, source) = (name("alerts"), name("prometheus"));
        let mut leases = Leases::default();
        leases.renew(Fingerprint(1), &lane, &source, Some(at(240)), at(0));
        leases.way_is_shut(&lane);
        assert_eq!(leases.ended(at(1000), Span::from_secs(9999)), []);
        leases.way_is_open(&lane, at(1000));
        assert_eq!(leases.ended(at(1290), Span::from_secs(9999)), []);
        assert_eq!(leases.ended(at(1301), Span::from_secs(9999)).len(), 1);
    }

    #[test]
    fn r5_an_alert_without_a_lease_only_goes_stale_again_and_again() {
        let mut leases = Leases::default();
        leases.unleased(Fingerprint(1), name("script"), at(0));
        assert_eq!(leases.ended(at(90), Span::from_secs(100)), []);
        assert!(!leases.ended(at(100), Span::from_secs(100))[0].leased);
        assert_eq!(leases.ended(at(150), Span::from_secs(100)), []);
        assert_eq!(leases.ended(at(200), Span::from_secs(100)).len(), 1);
    }
}
