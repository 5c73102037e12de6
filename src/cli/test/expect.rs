//! What one `expect` finds otherwise: who was told, who was not, who waits for what, what messages said.

use super::script::Missed;
use super::why;
use super::world::{Told, World, short};
use crate::config::{Saying, Telling, TrialExpect, Waiting};
use crate::event::Name;
use crate::message::slot::{self, Filling};
use jiff::tz::TimeZone;

/// The most entries that a difference lists.
const LISTED_MAX: usize = 60;

/// The most messages that a difference shows.
const MESSAGES_MAX: usize = 15;

/// How much of a message a difference shows, in characters.
const SHOWN_CHARS: usize = 300;

/// What is expected now and is not so, judged by what came since the expectation before. `from` says how much had been
/// told and noted by then.
pub(super) fn check(world: &World, expected: &TrialExpect, from: (usize, usize)) -> Vec<Missed> {
    let told = &world.told[from.0..];
    let missed = |expected: String, why: Vec<String>| Missed { expected, why };
    let not_told = expected.told.iter().filter(|wanted| !told.iter().any(|told| is(told, wanted)));
    let not_told =
        not_told.map(|wanted| missed(format!("told: {wanted}"), why::not_told(world, wanted, from)));
    let all_the_same = expected.not_told.iter().filter_map(|wanted| {
        let came = came(world, from.0, Some(wanted));
        (!came.is_empty()).then(|| missed(format!("not told: {wanted}"), came))
    });
    let not_waiting = expected.waiting.iter().filter(|wanted| !waits(world, wanted, from.1));
    let not_waiting = not_waiting.map(|wanted| {
        let any = Telling { audience: wanted.audience.clone(), channel: None };
        let came = came(world, from.0, Some(&any));
        let why = if came.is_empty() { why::not_told(world, &any, from) } else { came };
        missed(format!("waiting: {wanted}"), why)
    });
    let unsaid = expected.says.iter().filter(|wanted| !says(world, wanted, from.0));
    let unsaid = unsaid.map(|wanted| missed(format!("says: {wanted}"), said(world, wanted, from.0)));
    not_told.chain(all_the_same).chain(not_waiting).chain(unsaid).collect()
}

/// What was said instead, each message in one line.
fn said(world: &World, wanted: &Saying, from: usize) -> Vec<String> {
    let to = |told: &&Told| wanted.audience.as_ref().is_none_or(|of| told.notified.audience == *of);
    let mut told: Vec<&Told> = world.told[from..].iter().filter(to).collect();
    // One message goes to many; its text is shown once.
    told.sort_by_key(|told| told.notified.id);
    told.dedup_by_key(|told| told.notified.id);
    let line = |told: &&Told| {
        let (at, audience) = (world.clock(told.at), &told.notified.audience);
        format!("{at} {audience}: {}", one_line(world, told))
    };
    let lines = shortened(told.iter().map(line).collect(), MESSAGES_MAX);
    if lines.is_empty() { vec!["nothing was said".to_owned()] } else { lines }
}

fn is(told: &Told, wanted: &Telling) -> bool {
    told.notified.audience == wanted.audience
        && wanted.channel.as_ref().is_none_or(|channel| told.channel == *channel)
}

/// What was told from that place on: of all, or of this alone.
pub(super) fn came(world: &World, from: usize, only: Option<&Telling>) -> Vec<String> {
    let told = world.told[from..].iter().filter(|told| only.is_none_or(|only| is(told, only)));
    shortened(told.map(|told| entry(world, told)).collect(), LISTED_MAX)
}

fn shortened(mut lines: Vec<String>, max: usize) -> Vec<String> {
    lines.dedup();
    let more = lines.len().saturating_sub(max);
    lines.truncate(max);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines
}

fn entry(world: &World, told: &Told) -> String {
    let (audience, row) = (&told.notified.audience, &told.notified.row);
    let row = if row.as_str().is_empty() { String::new() } else { format!(", row {row}") };
    let (at, kind) = (world.clock(told.at), told.kind.as_str());
    format!("{at} {audience} by {}: {kind} to {}{row}", told.channel, short(&told.recipient))
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
    let line = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ");
    let short: String = line.chars().take(SHOWN_CHARS).collect();
    if short.len() < line.len() { short + "…" } else { short }
}
