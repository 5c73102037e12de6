//! A two-hour incident of the worst severity, told as the list that was written by hand before it first ran; a restart
//! or a reload at any of its messages changes nothing of it.

use super::act::act;
use super::script::{begin, offset, words, written};
use super::world::{World, config};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidings::decide::{Fact, Notified};
use tidings::event::{Recipient, Span, Time};

/// What happens.
const STORY: [(&str, &str); 11] = [
    (
        "0:00",
        "incident INC-7 open severity=sev1 stage=investigating customer_impact=true components=['checkout'] \
         labels.team=payments commander=jonas comms_lead=mara title.internal=\"pay-db-2 pool exhausted\" \
         title.business=\"Checkout is failing\" title.public=\"Payments are failing for some customers\" \
         note.internal=\"about one in six checkouts fails\" note.business=\"About 15 % of checkouts fail\" \
         note.public=\"We are working on it\" impact.customers=1200 impact.revenue_per_hour=\"5000 EUR\"",
    ),
    ("4:00", "ack INC-7 jonas"),
    (
        "6:00",
        "incident INC-7 note note_kind=finding note.internal=\"the pool is full of idle transactions\" by=jonas",
    ),
    ("8:00", "approve INC-7 customers 1 mara"),
    (
        "20:00",
        "incident INC-7 update stage=identified note.internal=\"a report holds its transactions open\" \
         note.business=\"A report holds the payment database\" note.public=\"We know the cause and are mending it\"",
    ),
    ("21:00", "approve INC-7 customers 2 mara"),
    ("30:00", "incident INC-7 note note_kind=attempt note.internal=\"the report is stopped\" by=jonas"),
    (
        "1:05:00",
        "incident INC-7 update stage=monitoring note.internal=\"the pool is at 40 %\" \
         note.business=\"Checkout works again and is watched\" note.public=\"Payments work again; we are watching\"",
    ),
    ("1:06:00", "approve INC-7 customers 3 mara"),
    (
        "1:45:00",
        "incident INC-7 resolve resolution.internal=\"reports read from the replica\" \
         resolution.business=\"A report blocked the payment database\" \
         resolution.public=\"A report of ours slowed the payments down\"",
    ),
    ("1:46:30", "approve INC-7 customers 4 mara"),
];

/// What happens at one of the messages.
#[derive(Clone, Copy)]
pub enum Jolt {
    Restart,
    Reload,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The configuration of the shop, its team's file included, as scenarios write several files.
fn policy() -> String {
    let (root, team) = crate::trials::designed();
    format!("{root}\n=== teams/payments.toml\n{team}")
}

fn short(recipient: &Recipient) -> &str {
    recipient.as_str().split('#').next().unwrap_or_default()
}

fn line(at: Time, notified: &Notified) -> String {
    let mut to: Vec<&str> = notified.deliveries.iter().map(|decided| short(&decided.recipient)).collect();
    to.sort_unstable();
    let next = notified.next_update.map(|next| format!(", next {}", written(next))).unwrap_or_default();
    let (kind, audience) = (notified.kind.as_str(), &notified.audience);
    format!("{} {kind} {audience}: {}{next}", written(at), to.join(", "))
}

/// Every message of the story, with a jolt at one of them.
pub fn told(jolt: Option<(usize, Jolt)>) -> (Vec<String>, World) {
    let mut text = policy();
    let first = config(&text);
    let mut world = World::new(Arc::new(first.policy.clone()), begin());
    world.start(Vec::new());
    world.adopt(first.text, first.policy);
    let mut lines = Vec::new();
    let mut jolted = false;
    let mut take = |world: &mut World, facts: &[Fact]| {
        for fact in facts {
            if let Fact::Notified(notified) = fact {
                lines.push(line(world.now, notified));
            }
        }
        match jolt {
            Some((at, Jolt::Reload)) if lines.len() > at && !jolted => {
                jolted = true;
                let changed = config(&policy().replace("unrouted  =", "unrouted ="));
                assert!(
                    world.adopt(changed.text, changed.policy).iter().all(silent),
                    "a reload says nothing"
                );
            }
            // A message that is under way is made unknown by a restart, and sent again: this is about timers.
            Some((at, Jolt::Restart)) if lines.len() > at && !jolted && world.under_way.is_empty() => {
                jolted = true;
                assert!(world.start(Vec::new()).iter().all(silent), "a restart says nothing");
            }
            _ => {}
        }
    };
    for (at, step) in STORY {
        let at = begin() + offset(at).unwrap();
        while let Some(facts) = world.go_on(at) {
            take(&mut world, &facts);
        }
        world.now = at;
        let (word, facts) = act(&mut world, &words(step), &mut text);
        assert!(word.is_none(), "{step}: {word:?}");
        take(&mut world, &facts);
    }
    let end = begin() + Span::from_mins(150);
    while let Some(facts) = world.go_on(end) {
        take(&mut world, &facts);
    }
    world.check_whole();
    (lines, world)
}

fn silent(fact: &Fact) -> bool {
    !matches!(fact, Fact::Notified(_))
}

fn expected() -> Vec<String> {
    let text = std::fs::read_to_string(folder("sev1").join("expected.txt")).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn a_two_hour_incident_is_told_as_it_was_written_by_hand() {
    let (lines, world) = told(None);
    assert_eq!(lines, expected(), "\n{}", lines.join("\n"));
    assert!(world.state.deliveries.is_empty());
}

#[test]
fn a_restart_or_a_reload_at_any_of_its_messages_changes_nothing() {
    let wanted = expected();
    for at in 0..wanted.len() {
        for jolt in [Jolt::Restart, Jolt::Reload] {
            let word = if matches!(jolt, Jolt::Restart) { "restart" } else { "reload" };
            assert_eq!(told(Some((at, jolt))).0, wanted, "a {word} at message {at}");
        }
    }
}
