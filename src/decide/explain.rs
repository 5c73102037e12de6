//! R10: what each row would make of an event, and why: the answer to "who is told, and who is not".

use super::incident;
use super::policy::{Policy, RowKind};
use super::route::{self, Asked, Held, Mismatch, Reading};
use super::row::Row;
use super::state::State;
use crate::event::{Event, Labels, Severity, Status, Time};
use crate::message::Kind;
use serde::Serialize;

/// What a row makes of an event: the words are the same in every version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowVerdict {
    /// Its audience is told at once.
    Tells,
    /// Its audience is told later.
    Waits,
    /// It was decided and is held back.
    Withheld,
    /// An earlier row has this audience.
    Governed,
    /// A condition is not met.
    DoesNotMatch,
    /// An earlier row of its file ended the reading.
    Stopped,
}

/// One row's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowAnswer {
    /// The row.
    pub route: String,
    /// Its audience.
    pub audience: String,
    /// What it makes of the event.
    pub verdict: RowVerdict,
    /// Why, as a sentence.
    pub reason: String,
}

/// Every row's answer at an instant, in reading order; last, the row of `unrouted` where it is asked for. What providers
/// said of addresses is not asked.
pub fn explain(policy: &Policy, event: &Event, at: Time) -> Vec<RowAnswer> {
    let none = Labels::default();
    let state = State { time: at, ..State::default() };
    let (asked, known, speaks) = asked(policy, event, &none);
    let mut answers = Vec::new();
    route::read(policy, &asked, |row, reading| {
        let (verdict, reason) = match reading {
            Reading::Governs => governs(&state, policy, row, &asked, known, speaks),
            Reading::Governed(by) => (RowVerdict::Governed, format!("{} has this audience already", by.name)),
            Reading::Stopped(by) => {
                (RowVerdict::Stopped, format!("{} ends the reading of its file", by.name))
            }
            Reading::DoesNotMatch(why) => (RowVerdict::DoesNotMatch, mismatch(policy, row, &asked, why)),
        };
        answers.push(answer(row, verdict, reason));
    });
    if let Some(row) = route::governing(policy, &asked).pop().filter(|row| is_unrouted(policy, row)) {
        let (verdict, why) = governs(&state, policy, row, &asked, known, speaks);
        let reason =
            if route::is_orphan(policy, &asked) { "it belongs to no team" } else { "no row matches" };
        answers.push(answer(row, verdict, format!("{reason}; {why}")));
    }
    answers
}

/// What rows ask of an event, whether its severity is known, and whether it lets rows speak.
pub(super) fn asked<'a>(policy: &Policy, event: &'a Event, none: &'a Labels) -> (Asked<'a>, bool, bool) {
    match event {
        Event::Alert(alert) => {
            let (severity, known) = policy.ladder.place(alert.labels.get("severity"));
            let asked = Asked {
                kind: RowKind::Alert,
                labels: &alert.labels,
                severity,
                customer_impact: None,
                now: None,
                held: Held::Unasked,
            };
            (asked, known, alert.status == Status::Firing)
        }
        Event::Incident(event) => {
            let (severity, known) = policy.ladder.place(event.severity.as_deref());
            let labels = event.labels.as_ref().unwrap_or(none);
            let customer_impact = event.customer_impact;
            let kind = RowKind::Incident;
            let asked = Asked { kind, labels, severity, customer_impact, now: None, held: Held::Unasked };
            (asked, known, incident::opens(event.action))
        }
    }
}

fn is_unrouted(policy: &Policy, row: &Row) -> bool {
    policy.unrouted_row.as_deref().is_some_and(|unrouted| std::ptr::eq(unrouted, row))
}

fn answer(row: &Row, verdict: RowVerdict, reason: String) -> RowAnswer {
    RowAnswer { route: row.name.to_string(), audience: row.audience.to_string(), verdict, reason }
}

fn governs(
    state: &State,
    policy: &Policy,
    row: &Row,
    asked: &Asked<'_>,
    known: bool,
    speaks: bool,
) -> (RowVerdict, String) {
    let name = policy.ladder.name(asked.severity);
    let counted = if known { "" } else { " (a missing or unknown severity counts as this)" };
    let urgent = policy.ladder.is_urgent(asked.severity);
    if !speaks {
        return (
            RowVerdict::Waits,
            format!("it is told only those who were told before; severity {name}{counted}"),
        );
    }
    let by = policy.audiences.get(&row.audience).map(|audience| {
        super::via::recipients(state, policy, audience, &row.via, Kind::Opening, urgent)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    });
    let by = by.filter(|by| !by.is_empty()).unwrap_or_else(|| "nobody".to_owned());
    if policy.environment.shadow {
        let reason =
            format!("severity {name}{counted}; it would tell {by}, and mode = \"shadow\" sends nothing");
        return (RowVerdict::Withheld, reason);
    }
    let waits = asked.kind == RowKind::Alert && !urgent && row.group_wait > crate::event::Span::ZERO;
    if waits {
        return (
            RowVerdict::Waits,
            format!("severity {name}{counted}; after group_wait {} it tells {by}", row.group_wait),
        );
    }
    (RowVerdict::Tells, format!("severity {name}{counted}; it tells {by}"))
}

fn mismatch(policy: &Policy, row: &Row, asked: &Asked<'_>, why: Mismatch<'_>) -> String {
    match why {
        Mismatch::Kind => match row.conditions.kind {
            RowKind::Alert => "it is for alerts".to_owned(),
            RowKind::Incident => "it is for incidents".to_owned(),
        },
        Mismatch::Matcher(conditions, place) => {
            let matcher = &conditions.matchers[place];
            match asked.labels.get(matcher.name()) {
                Some(value) => format!("{matcher} does not hold: the label is {value:?}"),
                None => format!("{matcher} does not hold: there is no such label"),
            }
        }
        Mismatch::Severity => {
            let wanted = row.conditions.severity.unwrap_or_default();
            let wanted: Vec<&str> = wanted.iter().map(|place: Severity| policy.ladder.name(place)).collect();
            format!("severity is {}, wanted is {}", policy.ladder.name(asked.severity), wanted.join(" or "))
        }
        Mismatch::CustomerImpact => match (row.conditions.customer_impact, asked.customer_impact) {
            (Some(wanted), Some(is)) => format!("customer_impact is {is}, wanted is {wanted}"),
            (Some(wanted), None) => format!("customer_impact is not known, wanted is {wanted}"),
            (None, _) => "customer_impact does not matter".to_owned(),
        },
        Mismatch::Hours => "it is not the time for it".to_owned(),
        Mismatch::Lasting(at) => match at {
            Some(at) => format!("its conditions have not held for long enough; they will have at {at}"),
            None => "its conditions have not held for long enough".to_owned(),
        },
        Mismatch::Watchdog => "it is a watchdog: only its silence is told, to the owner".to_owned(),
        Mismatch::NoneOutside => "severity none goes to no business or external audience".to_owned(),
    }
}
