//! What was said, word for word, to whom, by which channel, and when it was handed over; and what was withheld.

use super::step::Step;
use super::{Reader, Source};
use crate::decide::Notified;
use crate::event::Time;
use crate::event::id::NotificationId;
use crate::history::{Fate, Told};
use crate::message::{Disclosure, Kind};
use serde::Serialize;
use std::collections::BTreeMap;

/// One notification.
#[derive(Debug, Serialize)]
pub(super) struct Word {
    /// What it was for.
    pub kind: String,
    /// What it called the case; `None` where the text is no longer in the journal, or names other cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it said, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What stood beside it, by name: facts and links.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<(String, String)>,
    /// The next word that it promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_update: Option<Time>,
    /// Whether it was a text that had been agreed beforehand; how words come about is not for outsiders.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub agreed: bool,
    /// The revision that was approved, where approval was needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// To how many it went.
    pub recipients: usize,
    /// To how many it was handed over.
    pub handed_over: usize,
    /// When it was handed over first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Time>,
    /// The level at which it was written.
    #[serde(skip)]
    pub level: Disclosure,
    /// Who got it and who did not: for insiders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<To>,
}

/// One recipient of a notification.
#[derive(Debug, Serialize)]
pub(super) struct To {
    /// Who.
    pub recipient: String,
    /// By which channel.
    pub channel: String,
    /// What became of it.
    pub end: Fate,
    /// When it was handed over, or ended otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// Why it ended so, as a sentence.
    pub because: &'static str,
}

/// The deliveries of one notification, in the order in which they were decided.
pub(super) fn by_notification(source: &Source) -> BTreeMap<NotificationId, Vec<&Told>> {
    let mut all: BTreeMap<NotificationId, Vec<&Told>> = BTreeMap::new();
    for told in &source.trail.told {
        if let Some(said) = &told.said {
            all.entry(said.notification).or_default().push(told);
        }
    }
    all
}

/// When a delivery was handed over, if it was.
pub(super) fn handed_over(told: &Told) -> Option<Time> {
    let said = told.said.as_ref().filter(|_| told.fate == Fate::Delivered)?;
    said.ended_at
}

/// The steps of everything that was said or withheld.
pub(super) fn steps(source: &Source, reader: &Reader) -> Vec<Step> {
    let all = by_notification(source);
    let said = all.iter().filter_map(|(id, told)| said(source, reader, *id, told));
    said.chain(withheld(source, reader)).collect()
}

fn said(source: &Source, reader: &Reader, id: NotificationId, told: &[&Told]) -> Option<Step> {
    let first = told.first()?;
    let kind = first.said.as_ref()?.kind.clone();
    let notified = source.said.get(&id);
    if !may_hear_of(source, reader, notified, &first.audience) {
        return None;
    }
    // A digest, and whatever else stands on a desk, names other cases as well.
    let own = first.case == source.trail.case.case && first.case_name.is_some();
    let readable = notified.filter(|notified| own && may_read(source, reader, notified));
    let handed: Vec<Time> = told.iter().filter_map(|told| handed_over(told)).collect();
    // What reached nobody was not said, for outsiders.
    if handed.is_empty() && !reader.is_inside() {
        return None;
    }
    let word = Word {
        title: readable.map(|notified| reader.filled(&notified.message.title, None)),
        body: readable.map(|notified| reader.filled(&notified.message.body, notified.next_update)),
        beside: readable.map(|notified| beside(notified, reader)).unwrap_or_default(),
        next_update: notified.and_then(|notified| notified.next_update),
        agreed: reader.is_inside() && notified.is_some_and(|notified| notified.agreed),
        revision: notified.and_then(|notified| notified.revision).filter(|_| reader.is_inside()),
        recipients: told.len(),
        handed_over: handed.len(),
        first_at: handed.iter().min().copied(),
        level: notified.map_or(Disclosure::External, |notified| notified.disclosure),
        to: if reader.is_insider() { told.iter().copied().map(to).collect() } else { Vec::new() },
        kind,
    };
    let audience = reader.named(&first.audience);
    let text = sentence(&word, audience, own, reader);
    let step = Step::of(first.at, first.place, "message", text).about(audience);
    Some(Step { message: Some(word), ..step })
}

/// Whether the reader may know that something was said: by the level of the message, and else of the audience.
fn may_hear_of(source: &Source, reader: &Reader, notified: Option<&Notified>, audience: &str) -> bool {
    let shown = source.shows(audience, reader);
    shown && notified.is_none_or(|notified| reader.level.may_read(notified.disclosure))
}

/// Whether the reader may read what it says. One that calls the case by its inside name is for insiders, whatever else
/// stands with it: messages of before the level was kept with them are taken for the strictest.
fn may_read(source: &Source, reader: &Reader, notified: &Notified) -> bool {
    let outward = *notified.message.reference != *source.trail.case.name;
    reader.is_insider()
        || (reader.level.may_read(notified.disclosure)
            && (outward || notified.disclosure == Disclosure::Business && reader.is_inside()))
}

fn beside(notified: &Notified, reader: &Reader) -> Vec<(String, String)> {
    let all = notified.message.facts.iter().chain(&notified.message.links);
    all.map(|(name, value)| (name.to_string(), reader.filled(value, None))).collect()
}

fn to(told: &Told) -> To {
    To {
        recipient: told.recipient.clone(),
        channel: told.channel.clone().unwrap_or_default(),
        end: told.fate,
        at: told.said.as_ref().and_then(|said| said.ended_at),
        because: told.because,
    }
}

fn sentence(word: &Word, audience: &str, own: bool, reader: &Reader) -> String {
    let what = match &*word.kind {
        _ if !own => "A message about several cases",
        kind if kind == Kind::Opening.as_str() => "The first word",
        kind if kind == Kind::Update.as_str() => "An update",
        kind if kind == Kind::Reminder.as_str() => "A reminder",
        kind if kind == Kind::Escalation.as_str() => "An escalation",
        kind if kind == Kind::Holding.as_str() => "A holding update",
        kind if kind == Kind::Resolution.as_str() => "The word that it is over",
        _ => "A message",
    };
    let agreed = if word.agreed { ", in words agreed beforehand," } else { "" };
    let ended = match word.first_at {
        Some(first) if word.handed_over == word.recipients => {
            format!("was handed over at {}", reader.time(first))
        }
        Some(first) => format!(
            "was handed over to {} of {} from {} on",
            word.handed_over,
            word.recipients,
            reader.time(first)
        ),
        None => "was not handed over to anybody".to_owned(),
    };
    let next = word.next_update.map(|next| format!(", and promised the next by {}", reader.time(next)));
    format!("{what} to {audience}{agreed} {ended}{}.", next.unwrap_or_default())
}

/// What was decided and not said, all recipients of an audience together.
fn withheld(source: &Source, reader: &Reader) -> Vec<Step> {
    if !reader.is_inside() {
        return Vec::new();
    }
    let mut all: BTreeMap<(Time, &str, &str), Vec<&Told>> = BTreeMap::new();
    let withheld = source.trail.told.iter().filter(|told| told.fate == Fate::Withheld);
    for told in withheld.filter(|told| source.shows(&told.audience, reader)) {
        all.entry((told.at, &told.audience, told.because)).or_default().push(told);
    }
    let step = |((at, audience, because), told): ((Time, &str, &str), Vec<&Told>)| {
        let whom = if reader.is_insider() {
            let names: Vec<&str> = told.iter().map(|told| told.recipient.as_str()).collect();
            names.join(", ")
        } else {
            format!("{} recipients", told.len())
        };
        let place = told.first().map_or(0, |told| told.place);
        let text = format!("Withheld from {whom} of {audience}. {because}");
        Step::of(at, place, "withheld", text).about(audience)
    };
    all.into_iter().map(step).collect()
}
