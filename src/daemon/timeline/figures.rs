//! The figures at the end of a timeline: how fast, how often, how long silent.

use super::{Reader, Source, words};
use crate::decide::{Fact, Kept, PromiseEnd};
use crate::event::{Span, Time};
use crate::history::{CaseKind, CaseStanding, Told};
use serde::Serialize;
use std::collections::BTreeMap;

/// How long things took, in whole seconds; what is not known, or not for the reader, is absent.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    /// From when it began until it was received here, where that was later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_detect_seconds: Option<u64>,
    /// From there until somebody took it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_acknowledge_seconds: Option<u64>,
    /// From there until it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u64>,
    /// How each audience was kept told; for outsiders, those that were handed a word.
    pub audiences: Vec<Promised>,
}

/// How an audience was kept told.
#[derive(Debug, Serialize)]
pub(super) struct Promised {
    /// Which.
    pub audience: String,
    /// From the receipt of what opened the case until the first word to it was handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_word_seconds: Option<u64>,
    /// How many words were handed over to at least one of it.
    pub words: usize,
    /// How many of them were updates, holding updates included.
    pub updates: usize,
    /// The longest time between two of them; to the end of the history while the case goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_silence_seconds: Option<u64>,
    /// Promises to it that were kept: one for all persons to whom the same was promised.
    pub promises_kept: usize,
    /// That were kept late, by at least one of them.
    pub promises_late: usize,
    /// That were missed, for at least one of them.
    pub promises_missed: usize,
}

/// When the case was over, if it is.
pub(super) fn ended_at(source: &Source) -> Option<Time> {
    let trail = &source.trail;
    if trail.case.standing == CaseStanding::Open {
        return None;
    }
    if trail.case.kind == CaseKind::Incident {
        let last = trail.moments.iter().filter_map(|moment| match &moment.fact {
            Fact::IncidentChanged { stamp, open: Some(open), .. } => Some((stamp.at, *open)),
            _ => None,
        });
        return last.max_by_key(|(at, _)| *at).filter(|(_, open)| !open).map(|(at, _)| at);
    }
    let ended = trail.came.iter().filter(|came| came.action.as_deref() == Some("resolved"));
    ended.map(|came| came.received).max().or(trail.case.closed_at)
}

/// The figures for a reader.
pub(super) fn of(source: &Source, reader: &Reader, ended_at: Option<Time>) -> Figures {
    let case = &source.trail.case;
    let opened = case.opened_at;
    let acknowledged = source.trail.moments.iter().find_map(|moment| match &moment.fact {
        Fact::Kept(Kept::Acknowledged { .. }) => Some(moment.at),
        _ => None,
    });
    let since = |later: Option<Time>, earlier: Option<Time>| Some(whole(later?.since(earlier?)));
    let detected = since(opened, case.began_at).filter(|seconds| *seconds > 0);
    let inside = |seconds: Option<u64>| seconds.filter(|_| reader.is_inside());
    let briefings = case.briefings.iter().filter(|briefing| source.shows(&briefing.audience, reader));
    let all = briefings.map(|briefing| kept(source, reader, &briefing.audience, ended_at));
    Figures {
        time_to_detect_seconds: inside(detected),
        time_to_acknowledge_seconds: inside(since(acknowledged, opened)),
        duration_seconds: since(ended_at, opened),
        audiences: all.filter(|promised| reader.is_inside() || promised.words > 0).collect(),
    }
}

fn kept(source: &Source, reader: &Reader, audience: &str, ended_at: Option<Time>) -> Promised {
    let all = words::by_notification(source);
    let own = all.values().filter(|told| told.iter().all(|told| told.audience == audience));
    let handed = |told: &Vec<&Told>| {
        let first = told.iter().filter_map(|told| words::handed_over(told)).min()?;
        let kind = told.first()?.said.as_ref()?.kind.clone();
        Some((first, kind))
    };
    let mut words: Vec<(Time, String)> = own.filter_map(handed).collect();
    words.sort();
    let opened = source.trail.case.opened_at;
    let first = words.first().map(|(at, _)| *at);
    // While it goes on, the silence since the last word counts as well.
    let now = Some(source.until).filter(|_| ended_at.is_none() && first.is_some());
    let times: Vec<Time> = words.iter().map(|(at, _)| *at).chain(now).collect();
    let silences = times.windows(2).map(|pair| whole(pair[1].since(pair[0])));
    let updates = words.iter().filter(|(_, kind)| matches!(&**kind, "update" | "holding")).count();
    let promises = promises(source, audience);
    let of = |how: PromiseEnd| promises.get(&how).copied().unwrap_or_default();
    Promised {
        audience: reader.named(audience).to_owned(),
        first_word_seconds: first.zip(opened).map(|(first, opened)| whole(first.since(opened))),
        words: words.len(),
        updates,
        longest_silence_seconds: silences.max(),
        promises_kept: of(PromiseEnd::Kept),
        promises_late: of(PromiseEnd::Late),
        promises_missed: of(PromiseEnd::Missed),
    }
}

/// How many promises ended how, by the worst that became of each.
fn promises(source: &Source, audience: &str) -> BTreeMap<PromiseEnd, usize> {
    let mut worst: BTreeMap<Time, PromiseEnd> = BTreeMap::new();
    for moment in &source.trail.moments {
        if let Fact::Kept(Kept::PromiseEnded { audience: of, due, how, .. }) = &moment.fact
            && of.as_str() == audience
        {
            let known = worst.entry(*due).or_insert(*how);
            *known = (*known).max(*how);
        }
    }
    let mut all = BTreeMap::new();
    for how in worst.into_values() {
        *all.entry(how).or_default() += 1;
    }
    all
}

fn whole(span: Span) -> u64 {
    span.millis() / 1000
}

/// A length of time in words: `1 h 37 min`, `12 min`, `40 s`.
pub(super) fn long(span: Span) -> String {
    let seconds = whole(span);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, 1..10) if !seconds.is_multiple_of(60) => format!("{minutes} min {} s", seconds % 60),
        (0, _) => format!("{minutes} min"),
        (_, 0) => format!("{hours} h"),
        (_, _) => format!("{hours} h {minutes} min"),
    }
}
