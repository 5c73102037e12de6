//! Promise 8: a restart or a reload of the same policy, whenever nothing is under way, changes no word and no time.

use super::policies::{Choices, policy};
use super::properties::{Act, acts, config_of, pass, play};
use super::script::begin;
use super::world::{World, config};
use proptest::prelude::*;
use std::sync::Arc;
use tidings::decide::Fact;
use tidings::event::{Span, Time};

/// Every message: when it was decided, what for, and to whom.
fn told(world: &World) -> Vec<(Time, String)> {
    let mut all = Vec::new();
    for (_, input, facts) in &world.journal {
        for fact in facts {
            if let Fact::Notified(notified) = fact {
                let to: Vec<&str> = notified.deliveries.iter().map(|d| d.recipient.as_str()).collect();
                let (kind, audience, next) = (notified.kind, &notified.audience, notified.next_update);
                all.push((
                    input.at,
                    format!("{kind:?} {audience} {to:?} {next:?} {}", notified.message.title),
                ));
            }
        }
    }
    all
}

/// Plays the acts; after each, and between what happens by itself, the process starts anew or reads its files again.
fn played(first: Choices, acts: &[Act], jolt: Option<u8>) -> World {
    let mut text = policy(first);
    let loaded = config(&text);
    let mut world = World::new(Arc::new(loaded.policy.clone()), begin());
    world.start(Vec::new());
    world.adopt(loaded.text, loaded.policy);
    // What began before the first start is listed: that is not this test's.
    pass(&mut world, Span::from_mins(3));
    let shake = |world: &mut World, text: &str| match jolt {
        Some(_) if !world.under_way.is_empty() => {}
        Some(0) => drop(world.start(Vec::new())),
        Some(_) => {
            let loaded = config(&format!("{text}\n# read again\n"));
            world.adopt(loaded.text, loaded.policy);
        }
        None => {}
    };
    for act in acts {
        match act {
            Act::Words(line) => play(&mut world, &mut text, line),
            Act::Wait(seconds) => {
                let until = world.now + Span::from_secs(*seconds);
                while world.go_on(until).is_some() {
                    shake(&mut world, &text);
                }
                world.now = until;
            }
            Act::Reload(_) => {}
        }
        shake(&mut world, &text);
    }
    pass(&mut world, Span::from_mins(90));
    world
}

/// Acts after which nothing is unknown: channels answer, and nothing stops by itself.
fn is_calm(act: &Act) -> bool {
    match act {
        Act::Words(line) => {
            let away = ["stop", "start", "restart", "redrive", "lost", "silent"];
            let channel = line.starts_with("channel") && !line.ends_with("takes");
            let by_hand = line.starts_with("pause") || line.starts_with("refuse ");
            !channel && !by_hand && !away.iter().any(|word| line.starts_with(word))
        }
        Act::Wait(_) => true,
        Act::Reload(_) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 8, ..config_of() })]

    #[test]
    fn a_restart_or_a_reload_changes_no_word_and_no_time(
        first in any::<Choices>(), acts in acts(), jolt in 0..2_u8,
    ) {
        let acts: Vec<Act> = acts.into_iter().filter(is_calm).collect();
        let (calm, jolted) = (told(&played(first, &acts, None)), told(&played(first, &acts, Some(jolt))));
        prop_assert_eq!(calm, jolted);
    }
}
