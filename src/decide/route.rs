//! R10, R13: which rows govern an alert or incident: for each audience the first row that matches.

use super::clock;
use super::policy::{Conditions, Policy, RowKind};
use super::row::Row;
use super::state::Case;
use crate::event::{Labels, Severity, Span, Time};
use crate::message::Disclosure;

/// What rows may ask about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// An alert or an incident.
    pub kind: RowKind,
    /// Its labels.
    pub labels: &'a Labels,
    /// Its place on the ladder.
    pub severity: Severity,
    /// Whether customers are affected, as far as known.
    pub customer_impact: Option<bool>,
    /// The instant for `hours`; `None` takes them as met.
    pub now: Option<Time>,
    /// For how long the conditions have held.
    pub held: Held<'a>,
}

/// For how long the conditions of rows have held (R12).
#[derive(Clone, Copy, Debug)]
pub enum Held<'a> {
    /// Nobody asks: `lasting` is taken as met.
    Unasked,
    /// Since then, for every row.
    Since(Time),
    /// As the case has it for each row.
    Case {
        /// The case.
        case: &'a Case,
        /// Whether it is about a component of which outsiders hear at once.
        critical: bool,
    },
}

impl Asked<'_> {
    /// Whether the row's other conditions have held for as long as it asks; else when they will have.
    fn lasted(&self, policy: &Policy, row: &Row) -> Result<(), Option<Time>> {
        let Some(now) = self.now else { return Ok(()) };
        let (since, critical) = match self.held {
            Held::Unasked => return Ok(()),
            Held::Since(since) => (Some(row.conditions.began(since, now)), false),
            Held::Case { case, critical } => (case.clock(row).map(|clock| clock.since), critical),
        };
        let lasting = clock::lasting(policy, row, critical);
        match since.map(|since| since + lasting) {
            _ if lasting == Span::ZERO => Ok(()),
            Some(at) if at <= now => Ok(()),
            at => Err(at),
        }
    }
}

/// What a row made of it, before anything is withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading<'p> {
    /// It governs its audience.
    Governs,
    /// It matches, and this earlier row has the audience.
    Governed(&'p Row),
    /// It does not match: the first thing that does not.
    DoesNotMatch(Mismatch<'p>),
    /// This earlier row of its file ended the reading.
    Stopped(&'p Row),
}

/// The first condition that was not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch<'p> {
    /// It is for the other kind of case.
    Kind,
    /// This matcher, by its place.
    Matcher(&'p Conditions, usize),
    /// The severity.
    Severity,
    /// The customer impact.
    CustomerImpact,
    /// It is not the time for it.
    Hours,
    /// Its conditions have not held for long enough: when they will have, if that is known.
    Lasting(Option<Time>),
    /// It is a watchdog, which no row tells of.
    Watchdog,
    /// Severity `none` goes to no business or external audience (R9).
    NoneOutside,
}

impl PartialEq for Row {
    fn eq(&self, other: &Row) -> bool {
        (&self.name, &self.audience) == (&other.name, &other.audience)
    }
}

impl Eq for Row {}

impl PartialEq for Conditions {
    fn eq(&self, other: &Conditions) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Conditions {}

impl Conditions {
    /// Since when what holds `since` then has met these conditions: not before their hours began.
    pub fn began(&self, since: Time, now: Time) -> Time {
        let hours = self.hours.as_ref().and_then(|hours| hours.began(now));
        hours.map_or(since, |began| began.max(since))
    }

    /// The first condition that is not met.
    pub fn mismatch<'p>(&'p self, asked: &Asked<'_>) -> Option<Mismatch<'p>> {
        if self.kind != asked.kind {
            return Some(Mismatch::Kind);
        }
        if self.severity.is_some_and(|set| !set.contains(asked.severity)) {
            return Some(Mismatch::Severity);
        }
        if self.customer_impact.is_some() && self.customer_impact != asked.customer_impact {
            return Some(Mismatch::CustomerImpact);
        }
        let hours = self.hours.as_ref().zip(asked.now);
        if hours.is_some_and(|(hours, now)| !hours.holds(now)) {
            return Some(Mismatch::Hours);
        }
        let miss = self.matchers.iter().position(|matcher| !matcher.matches(asked.labels));
        miss.map(|place| Mismatch::Matcher(self, place))
    }
}

/// Reads every row in order and says of each what it made of the case.
pub fn read<'p>(policy: &'p Policy, asked: &Asked<'_>, mut each: impl FnMut(&'p Row, Reading<'p>)) {
    let mut governing: Vec<&Row> = Vec::new();
    let mut stopped: Option<&Row> = None;
    let watchdog = is_watchdog(policy, asked);
    for row in &policy.rows {
        if let Some(by) = stopped.filter(|by| by.file == row.file) {
            each(row, Reading::Stopped(by));
            continue;
        }
        let outside =
            || policy.audiences.get(&row.audience).is_some_and(|a| a.disclosure != Disclosure::Internal);
        let watchdog = watchdog.then_some(Mismatch::Watchdog);
        let mismatch = watchdog
            .or_else(|| row.conditions.mismatch(asked))
            .or_else(|| (!asked.severity.is_some() && outside()).then_some(Mismatch::NoneOutside))
            .or_else(|| asked.lasted(policy, row).err().map(Mismatch::Lasting));
        if let Some(mismatch) = mismatch {
            each(row, Reading::DoesNotMatch(mismatch));
            continue;
        }
        if row.stop {
            stopped = Some(row);
        }
        match governing.iter().find(|earlier| earlier.audience == row.audience) {
            Some(earlier) => each(row, Reading::Governed(earlier)),
            None => {
                governing.push(row);
                each(row, Reading::Governs);
            }
        }
    }
}

/// The rows that govern, one for each audience that is to be told; the row of `unrouted` where R10 or R13 asks for it.
pub fn governing<'p>(policy: &'p Policy, asked: &Asked<'_>) -> Vec<&'p Row> {
    let mut rows = Vec::new();
    let mut matched = false;
    read(policy, asked, |row, reading| match reading {
        Reading::Governs => {
            matched = true;
            rows.push(row);
        }
        Reading::Governed(_) => matched = true,
        // An alert that has only to last for longer has its row: what is over before concerns nobody.
        Reading::DoesNotMatch(Mismatch::Lasting(_)) if asked.kind == RowKind::Alert => matched = true,
        Reading::DoesNotMatch(_) | Reading::Stopped(_) => {}
    });
    if let Some(unrouted) = policy.unrouted_row.as_deref()
        && !is_watchdog(policy, asked)
        && (!matched || is_orphan(policy, asked))
        && !rows.iter().any(|row| row.audience == unrouted.audience)
    {
        rows.push(unrouted);
    }
    rows
}

fn is_watchdog(policy: &Policy, asked: &Asked<'_>) -> bool {
    asked.kind == RowKind::Alert && policy.is_watchdog(asked.labels)
}

/// Whether it meets the other conditions of a `{team}` row and no team (R13).
pub fn is_orphan(policy: &Policy, asked: &Asked<'_>) -> bool {
    policy.orphans.iter().any(|orphans| {
        let copies = policy.rows.get(orphans.rows.clone()).unwrap_or_default();
        orphans.conditions.mismatch(asked).is_none()
            && copies.iter().all(|row| row.conditions.mismatch(asked).is_some())
    })
}
