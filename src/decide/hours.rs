//! Hours in which something holds: windows of local time on days of the week, across changes of the clock (R28).

use crate::event::Time;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// How many days around now are looked at. Windows come back each week, but a clock change may swallow one of them, or
/// the break between two: then the next is a week later.
const DAYS_LOOKED_AT: i32 = 16;

/// Windows of local time; it holds while one of them does. Windows that adjoin or overlap are one stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    windows: Vec<Window>,
}

/// One window: from one time of the day to another, on some days of the week. Past midnight it belongs to the day on
/// which it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// On which days it starts.
    pub days: Vec<Weekday>,
    /// Minutes after midnight at which it starts, 0 to 1439.
    pub from: u16,
    /// Minutes after midnight at which it ends, 1 to 1440; not after `from` is on the next day.
    pub to: u16,
    /// Whose midnight.
    pub zone: TimeZone,
}

/// From the first instant to the one that is no longer in it.
type Stretch = (Time, Time);

impl Hours {
    /// It holds while one of the windows does.
    pub fn new(windows: Vec<Window>) -> Hours {
        Hours { windows }
    }

    /// Whether it holds now.
    pub fn holds(&self, now: Time) -> bool {
        // A window ends at most a day after its own, and a zone is at most a day away from another.
        let near = |window| stretches(window, now, 2);
        self.windows.iter().flat_map(near).any(|stretch| is_in(stretch, now))
    }

    /// When it next ceases or begins to hold; `None` where it always holds, or never.
    pub fn next_change(&self, now: Time) -> Option<Time> {
        let all = self.merged(now);
        match all.iter().find(|stretch| is_in(**stretch, now)) {
            Some((_, end)) => (*end < now + limit()).then_some(*end),
            None => all.iter().map(|(begin, _)| *begin).find(|begin| *begin > now),
        }
    }

    /// Since when it has held without a break; `None` where it does not hold now. What always holds has since the
    /// epoch.
    pub fn began(&self, now: Time) -> Option<Time> {
        let (begin, _) = self.merged(now).into_iter().find(|stretch| is_in(*stretch, now))?;
        Some(if begin > now - limit() { begin } else { Time::EPOCH })
    }

    /// The stretches around now, the earliest first, with a break between any two.
    fn merged(&self, now: Time) -> Vec<Stretch> {
        let around = |window| stretches(window, now, DAYS_LOOKED_AT);
        let mut all: Vec<Stretch> = self.windows.iter().flat_map(around).collect();
        all.sort_unstable();
        all.into_iter().fold(Vec::new(), |mut merged: Vec<Stretch>, next| {
            match merged.last_mut() {
                Some(last) if next.0 <= last.1 => last.1 = last.1.max(next.1),
                _ => merged.push(next),
            }
            merged
        })
    }
}

impl std::fmt::Display for Hours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        for (place, window) in self.windows.iter().enumerate() {
            let days: Vec<String> =
                window.days.iter().map(|day| format!("{day:?}")[..3].to_lowercase()).collect();
            let comma = if place > 0 { "; " } else { "" };
            let zone = window.zone.iana_name().unwrap_or("UTC");
            write!(f, "{comma}{} {}-{} {zone}", days.join(" "), clock(window.from), clock(window.to))?;
        }
        Ok(())
    }
}

/// What reaches this far without a break has none.
fn limit() -> crate::event::Span {
    crate::event::Span::from_mins(u64::from((DAYS_LOOKED_AT - 1).unsigned_abs()) * 24 * 60)
}

fn is_in((begin, end): Stretch, now: Time) -> bool {
    begin <= now && now < end
}

/// A window's stretches that start within so many days of now. One that a clock change swallows is none.
fn stretches(window: &Window, now: Time, days: i32) -> impl Iterator<Item = Stretch> {
    let today = window.zone.to_datetime(now.to_jiff()).date();
    let dates = (-days..=days).filter_map(move |day| today.checked_add(day.days()).ok());
    let starting = dates.filter(|date| window.days.contains(&date.weekday()));
    starting.filter_map(move |date| {
        let ends_on = if window.to > window.from { date } else { date.tomorrow().ok()? };
        let (begin, end) =
            (instant(&window.zone, date, window.from)?, instant(&window.zone, ends_on, window.to)?);
        (begin < end).then_some((begin, end))
    })
}

/// The instant of a local time. One that a clock change skips is the first instant after it; of one that occurs twice
/// it is the first (R28).
fn instant(zone: &TimeZone, date: Date, minutes: u16) -> Option<Time> {
    let date = if minutes == 24 * 60 { date.tomorrow().ok()? } else { date };
    let (hour, minute) = (i8::try_from(minutes / 60 % 24).ok()?, i8::try_from(minutes % 60).ok()?);
    let local = date.at(hour, minute, 0, 0);
    let stamp = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok()?,
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok()?,
        AmbiguousOffset::Gap { before, .. } => {
            let behind = before.to_timestamp(local).ok()?.checked_add(1.millisecond()).ok()?;
            zone.preceding(behind).next()?.timestamp()
        }
    };
    Some(Time::from_millis(stamp.as_millisecond()))
}

#[cfg(test)]
mod tests;
