//! What one `expect` finds otherwise: who was told, who was not, who waits for what, what messages said.

use super::script::Difference;
use super::why;
use super::world::{Told, World, short};
use crate::config::{Saying, Telling, TrialExpect, Waiting};
use crate::event::{Name, Time};
use crate::message::slot::{self, Filling};
use jiff::tz::TimeZone;

/// The most entries that a difference lists.
const LISTED_MAX: usize = 20;

/// The differences between what is expected now and what came since the expectation before. `from` says how much had
/// been told and noted by then.
pub(super) fn check(
    world: &World,
    expected: &TrialExpect,
    from: (usize, usize),
    since: Time,
) -> Vec<Difference> {
    let told = &world.told[from.0..];
    let since = world.clock(since);
    let mut found = Vec::new();
    for wanted in expected.told.iter().filter(|wanted| !told.iter().any(|told| is(told, wanted))) {
        let reasons = why::not_told(world, wanted, from);
        found.push(difference(format!("{wanted} told since {since}"), came(world, from.0, None), reasons));
    }
    for wanted in &expected.not_told {
        let came = came(world, from.0, Some(wanted));
        if !came.is_empty() {
            found.push(difference(format!("{wanted} not told since {since}"), came, Vec::new()));
        }
    }
    for wanted in expected.waiting.iter().filter(|wanted| !waits(world, wanted, from.1)) {
        let any = Telling { audience: wanted.audience.clone(), channel: None };
        let came = came(world, from.0, Some(&any));
        found.push(difference(format!("{wanted} waiting"), came, why::not_told(world, &any, from)));
    }
    for wanted in expected.says.iter().filter(|wanted| !says(world, wanted, from.0)) {
        let to = |told: &&Told| wanted.audience.as_ref().is_none_or(|of| told.notified.audience == *of);
        let texts =
            told.iter().filter(to).map(|told| format!("{}: {}", entry(world, told), one_line(world, told)));
        let texts: Vec<String> = texts.collect();
        found.push(difference(format!("{wanted} said since {since}"), shortened(texts), Vec::new()));
    }
    found
}

fn difference(expected: String, instead: Vec<String>, why: Vec<String>) -> Difference {
    Difference { place: String::new(), at: String::new(), expected, instead, why }
}

fn is(told: &Told, wanted: &Telling) -> bool {
    told.notified.audience == wanted.audience
        && wanted.channel.as_ref().is_none_or(|channel| told.channel == *channel)
}

/// What was told from that place on: of all, or of this alone.
pub(super) fn came(world: &World, from: usize, only: Option<&Telling>) -> Vec<String> {
    let told = world.told[from..].iter().filter(|told| only.is_none_or(|only| is(told, only)));
    shortened(told.map(|told| entry(world, told)).collect())
}

fn shortened(mut lines: Vec<String>) -> Vec<String> {
    lines.dedup();
    let more = lines.len().saturating_sub(LISTED_MAX);
    lines.truncate(LISTED_MAX);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines
}

fn entry(world: &World, told: &Told) -> String {
    let (audience, row) = (&told.notified.audience, &told.notified.row);
    let row = if row.as_str().is_empty() { String::new() } else { format!(", row {row}") };
    let (at, kind) = (world.clock(told.at), told.kind.as_str());
    format!("{audience} by {} at {at} ({kind} to {}{row})", told.channel, short(&told.recipient))
}

/// Whether the audience waits for it now, or did at some time since the expectation before.
fn waits(world: &World, wanted: &Waiting, from: usize) -> bool {
    let mut noted = world.noted[from..].iter();
    noted.any(|noted| noted.audience == wanted.audience && noted.reason == Some(wanted.reason))
        || why::waits_now(world, &wanted.audience).any(|reason| reason == wanted.reason)
}

fn says(world: &World, wanted: &Saying, from: usize) -> bool {
    let to = |audience: &Name| wanted.audience.as_ref().is_none_or(|wanted| audience == wanted);
    let told = world.told[from..].iter().filter(|told| to(&told.notified.audience));
    told.into_iter().any(|told| text(world, told).contains(&*wanted.text))
}

/// A message as its reader sees it: title, one line, text, facts.
fn text(world: &World, told: &Told) -> String {
    let message = &told.notified.message;
    let zone = world.policy.endpoints.get(&told.recipient).map_or("UTC", |endpoint| &endpoint.time_zone);
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let filling = Filling { zone, next_update: told.notified.next_update, delay: None };
    let mut text = format!("{}\n{}\n{}", message.title, message.short, message.body);
    for (name, value) in &message.facts {
        text.push_str(&format!("\n{name}: {value}"));
    }
    slot::fill(&text, &filling).into_owned()
}

fn one_line(world: &World, told: &Told) -> String {
    let lines = text(world, told);
    lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ")
}
