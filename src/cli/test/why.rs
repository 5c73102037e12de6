//! Why an audience was not told, as far as State and facts say: what it waits for, what was withheld, which rows do not
//! match and why not.

use super::world::{World, short};
use crate::config::Telling;
use crate::decide::explain::{RowVerdict, explain};
use crate::decide::state::{Briefing, Case, Health};
use crate::decide::{CaseAbout, Row};
use crate::event::{Action, AlertEvent, Event, IncidentEvent, Name, Status};

/// The reasons why an audience was not told by a channel.
pub(super) fn not_told(world: &World, wanted: &Telling, from: (usize, usize)) -> Vec<String> {
    let mut reasons = Vec::new();
    reasons.extend(no_address(world, wanted));
    let cases = || world.state.cases.values().filter(|case| !matches!(case.about, CaseAbout::Desk { .. }));
    for case in cases() {
        let own = about(world, case, &wanted.audience);
        let named =
            own.into_iter().map(|reason| format!("{} about {}: {reason}", wanted.audience, name(case)));
        reasons.extend(named);
    }
    if cases().next().is_none() {
        reasons
            .push("no case is open: nothing came in of which a row tells, or all of it is over".to_owned());
    }
    let waits = |reason: &'static str| waits_now(world, &wanted.audience).any(|waits| waits == reason);
    let noted = world.noted[from.1..].iter().filter(|noted| noted.audience == wanted.audience);
    // What it still waits for was said above.
    let noted = noted.filter(|noted| !noted.reason.is_some_and(waits));
    reasons.extend(noted.map(|noted| format!("at {}: {}", world.clock(noted.at), noted.text)));
    reasons.extend(world.remarks.iter().cloned());
    if let Some(channel) = wanted.channel.as_ref().filter(|channel| is_held(world, channel)) {
        reasons.push(format!("{channel} is held back: it cannot be reached"));
    }
    reasons.dedup();
    reasons
}

/// The words of what an audience waits for now.
pub(super) fn waits_now<'w>(world: &'w World, audience: &'w Name) -> impl Iterator<Item = &'static str> + 'w {
    let briefings = world.state.cases.values().filter_map(move |case| case.briefing(audience));
    briefings.flat_map(|briefing| {
        let held = briefing.held().map(|held| held.why.as_str());
        let withheld = briefing.lines.values().filter_map(|line| Some(line.withheld?.as_str()));
        held.into_iter().chain(withheld)
    })
}

/// Whether nobody in the audience has an address that the channel serves.
fn no_address(world: &World, wanted: &Telling) -> Option<String> {
    let channel = wanted.channel.as_ref()?;
    let audience = world.policy.audiences.get(&wanted.audience)?;
    let of_contacts = audience.contacts.iter().filter_map(|name| world.policy.contacts.get(name));
    let reached = of_contacts.flat_map(|contact| contact.by_channel.keys());
    let placed = audience.destinations.iter().filter_map(|to| Some(&world.policy.endpoints.get(to)?.channel));
    let any = reached.chain(placed).any(|served| served == channel);
    (!any).then(|| format!("nobody in {} has an address that {channel} serves", wanted.audience))
}

fn is_held(world: &World, channel: &Name) -> bool {
    let health = world.state.channels.get(channel).map(|state| state.health);
    world.is_down(channel) || matches!(health, Some(Health::Paused { .. } | Health::Probing { .. }))
}

/// A case as people call it.
fn name(case: &Case) -> String {
    match &case.about {
        CaseAbout::Incident { id } => id.to_string(),
        CaseAbout::Group { row, labels, .. } => format!("{row} {labels}"),
        CaseAbout::Desk { .. } => "its desk".to_owned(),
    }
}

/// Why the audience was not told of this case.
fn about(world: &World, case: &Case, audience: &Name) -> Vec<String> {
    match case.briefing(audience) {
        Some(briefing) => {
            let standing = standing(world, briefing);
            if standing.is_empty() { rows(world, case, audience) } else { standing }
        }
        None => rows(world, case, audience),
    }
}

/// How the conversation stands.
fn standing(world: &World, briefing: &Briefing) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(held) = briefing.held() {
        let until = held.until.map(|until| format!(", until {} at the latest", world.clock(until)));
        let (why, since) = (held.why.as_str(), world.clock(held.since));
        lines.push(format!("waits for {why} since {since}{}", until.unwrap_or_default()));
    }
    for (recipient, line) in briefing.lines.iter() {
        lines
            .extend(line.withheld.map(|why| format!("withheld from {}: {}", short(recipient), why.as_str())));
        for id in &line.pending {
            let Some(delivery) = world.state.deliveries.get(id) else { continue };
            let (kind, channel) = (delivery.kind.as_str(), &delivery.channel);
            lines.push(format!("the {kind} to {} waits until {channel} takes it", short(recipient)));
        }
    }
    let last = briefing.said.filter(|_| lines.is_empty());
    lines.extend(last.map(|(_, at)| {
        let promised = briefing.promise().map(|promise| world.clock(promise.due));
        let next = promised.map_or("no next word is promised".to_owned(), |due| {
            format!("the next word is promised for {due}")
        });
        format!("the last word, by the row {}, was at {}; {next}", briefing.row, world.clock(at))
    }));
    lines
}

/// What the rows of the audience make of the case as it is now.
fn rows(world: &World, case: &Case, audience: &Name) -> Vec<String> {
    let Some(event) = as_event(world, case) else { return Vec::new() };
    let answers = explain(&world.policy, &event, world.now);
    let own = answers.into_iter().filter(|answer| answer.audience == audience.as_str());
    let lines: Vec<String> = own
        .map(|answer| match answer.verdict {
            RowVerdict::DoesNotMatch => format!("the row {} does not match: {}", answer.route, answer.reason),
            RowVerdict::Governed | RowVerdict::Stopped => {
                format!("the row {}: {}", answer.route, answer.reason)
            }
            RowVerdict::Tells | RowVerdict::Waits | RowVerdict::Withheld => {
                let row = world.policy.row(&Name::from(answer.route.as_str()), audience);
                let lasting = row.and_then(|row| lasting(world, case, row));
                lasting.unwrap_or_else(|| format!("the row {} matches: {}", answer.route, answer.reason))
            }
        })
        .collect();
    if lines.is_empty() { vec!["no row has this audience".to_owned()] } else { lines }
}

/// That the row's conditions have not held for long enough (R12).
fn lasting(world: &World, case: &Case, row: &Row) -> Option<String> {
    let lasting = row.conditions.lasting?;
    let name = &row.name;
    let Some(clock) = case.clock(row) else {
        return Some(format!(
            "the row {name} matches once its conditions have held for {lasting}; they do not hold"
        ));
    };
    let at = clock.since + lasting;
    let since = world.clock(clock.since);
    (at > world.now).then(|| {
        format!("the row {name} matches once its conditions, which hold since {since}, have done so for {lasting}: at {}", world.clock(at))
    })
}

/// The case as one event that says all of it.
fn as_event(world: &World, case: &Case) -> Option<Event> {
    match &case.about {
        CaseAbout::Incident { id } => {
            let record = &world.state.incidents.get(id)?.record;
            let source = record.source.clone().unwrap_or_else(|| "test".into());
            Some(Event::Incident(Box::new(IncidentEvent {
                severity: record.severity.clone(),
                customer_impact: record.customer_impact,
                labels: Some(record.labels.clone()),
                components: Some(record.components.clone()),
                ..IncidentEvent::bare(source, id, Action::Open)
            })))
        }
        CaseAbout::Group { .. } => {
            let fingerprints = case.members.iter().map(|(fingerprint, _)| fingerprint);
            let mut alerts = fingerprints.filter_map(|fingerprint| world.state.alerts.get(fingerprint));
            let record = &alerts.next()?.record;
            Some(Event::Alert(Box::new(AlertEvent {
                source: record.source.clone(),
                status: Status::Firing,
                labels: record.labels.clone(),
                annotations: record.annotations.clone(),
                starts_at: Some(record.starts_at),
                ends_at: None,
                url: None,
                valid_until: None,
            })))
        }
        CaseAbout::Desk { .. } => None,
    }
}
