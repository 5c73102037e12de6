//! The two-hour incident as its timeline: projected and written as the daemon would, one page for each sort of reader.

use super::sev1::told;
use super::world::World;
use crate::expect;
use serde_json::Value;
use std::collections::BTreeMap;
use tidings::daemon::timeline::{Format, Source, written};
use tidings::decide::{Fact, Notified, incident_case, public_reference};
use tidings::event::id::NotificationId;
use tidings::history::{Projected, Projection, Questions, Trail};
use tidings::message::Disclosure;

/// What the history keeps of a case, when it is given the journal of the world.
fn trail(world: &World, case: &str) -> Trail {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut projection = Projection::open(&path, [7; 16]).unwrap();
    for ((_, input, facts), sequence) in world.journal.iter().zip(1..) {
        let decided = [(Some(input), facts.as_slice())];
        projection.apply(&[Projected { sequence, at: input.at, decided: &decided }]).unwrap();
    }
    Questions::open(&path).unwrap().trail(case).unwrap().expect("the history knows the case")
}

/// Every message that the journal of the world holds.
fn said(world: &World) -> BTreeMap<NotificationId, Notified> {
    let facts = world.journal.iter().flat_map(|(_, _, facts)| facts);
    let messages = facts.filter_map(|fact| match fact {
        Fact::Notified(notified) => Some((notified.id, Notified::clone(notified))),
        _ => None,
    });
    messages.collect()
}

#[test]
fn the_generated_timelines_of_the_two_hours_are_current() {
    let (_, world) = told(None);
    let reference = public_reference(&world.policy, incident_case("INC-7"));
    let source = Source { trail: trail(&world, "INC-7"), said: said(&world), reference, until: world.now };
    for level in Disclosure::ALL {
        let page = written(&source, &world.policy, level, Format::Markdown);
        expect::file(&format!("docs/sev1/{}.md", level.as_str()), &page);
    }
    let json = written(&source, &world.policy, Disclosure::Internal, Format::Json);
    let json: Value = serde_json::from_str(&json).unwrap();
    expect::file("docs/sev1/story.json", &format!("{json:#}\n"));
}
