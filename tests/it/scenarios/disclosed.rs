//! Promise 6: two worlds that differ only in what insiders may read send the same bytes to outsiders.

use super::policies::{Choices, policy};
use super::properties::config_of;
use super::script::{begin, words};
use super::world::{World, config};
use proptest::prelude::*;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use std::sync::{Arc, LazyLock};
use tidings::decide::{Decided, Fact, Notified};
use tidings::deliver::{Attempt, kinds};
use tidings::event::id::Digest;
use tidings::event::{Span, Time};
use tidings::message::Disclosure;
use tidings::message::slot::Filling;

/// What stands for words that only insiders may read; no condition of a row reads any of it.
const INSIDE: &str = "CANARYOFINSIDERS";

/// Events whose inner fields are to be filled: `{i}` is what differs between the worlds.
const EVENTS: [&str; 10] = [
    "open severity=sev1 title.internal={i} title.public=Payments note.internal={i} labels.host={i} commander={i}",
    "open severity=sev2 title.business={i} title.public=Search components=['{i}'] customer_impact=true",
    "update note.internal={i} impact.revenue_per_hour={i} impact.accounts=['{i}']",
    "update note.public=Working workaround.business={i} needs.what={i} needs.who={i}",
    "update stage=identified note.public=Known data_safety.internal={i} comms_lead={i}",
    "note note.internal={i} note.public={i} note_kind=finding by={i}",
    "acknowledge by={i}",
    "resolve resolution.internal={i} resolution.business={i} resolution.public=Mended",
    "reopen title.business={i}",
    "update write_up.internal={i} write_up.business={i} write_up.public=Watched",
];

#[derive(Clone, Debug)]
enum Step {
    Event(u8, usize),
    Alert(bool),
    Wait(u64),
    Answer,
    Test,
    Way(&'static str),
}

/// What becomes of channels: messages go another way, are given up, and are sent again. Channels that fail by themselves
/// are left out: insiders and outsiders share them, and the moment of a retry is drawn from what is sent.
const WAYS: [&str; 5] =
    ["pause sms", "resume sms", "refuse mara@mail", "accept mara@mail", "redrive mara@mail"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let event = (0..2_u8, 0..EVENTS.len()).prop_map(|(id, event)| Step::Event(id, event));
    let alert = any::<bool>().prop_map(Step::Alert);
    let wait = prop::sample::select(vec![1, 30, 60, 300, 1200]).prop_map(Step::Wait);
    let way = prop::sample::select(WAYS.to_vec()).prop_map(Step::Way);
    let (answer, test) = (Just(Step::Answer), Just(Step::Test));
    let step = prop_oneof![6 => event, 2 => alert, 4 => wait, 1 => answer, 1 => test, 2 => way];
    prop::collection::vec(step, 1..14)
}

/// Everything that an external audience was told: every byte that its channels are given.
fn outside(world: &World) -> Vec<(Time, String)> {
    let mut all = Vec::new();
    for (_, input, facts) in &world.journal {
        for fact in facts {
            if let Fact::Notified(notified) = fact
                && notified.disclosure == Disclosure::External
            {
                all.push((input.at, written(notified, input.at)));
            }
        }
    }
    all
}

/// The message, the keys that Message-IDs and webhook ids are made from, and what each kind of channel makes of it.
fn written(notified: &Notified, at: Time) -> String {
    let message = serde_json::to_string(&*notified.message).unwrap();
    let mut text = format!("{:?} {message}", notified.next_update);
    for decided in &notified.deliveries {
        text.push_str(&format!("\n{} {} {:?}", decided.key, decided.recipient, decided.kind));
        let attempt = attempt(notified, decided, at);
        let shown = kinds().iter().filter_map(|kind| kind.preview).map(|preview| preview(&attempt));
        shown.for_each(|shown| text.push_str(&format!("\n{shown}")));
    }
    text
}

/// What a channel is given of a delivery.
fn attempt(notified: &Notified, decided: &Decided, at: Time) -> Attempt {
    let whose = [notified.audience.as_str().as_bytes(), decided.recipient.as_str().as_bytes()];
    Attempt {
        delivery: decided.id,
        attempt: 1,
        key: decided.key,
        recipient: decided.recipient.clone(),
        address: Arc::from("reader@example.net"),
        disclosure: notified.disclosure,
        message: Arc::clone(&notified.message),
        decided_at: at,
        now: at,
        filling: Filling { zone: TimeZone::UTC, next_update: notified.next_update, delay: None },
        thread: Digest::of(&whose),
        first: None,
        meant_for: None,
        answer: None,
        deadline: Span::from_secs(15),
    }
}

static DISGUISES: LazyLock<Vec<String>> = LazyLock::new(|| disguises(INSIDE));

#[test]
fn a_word_in_disguise_is_known() {
    for before in ["", "a", "ab"] {
        let hidden = STANDARD.encode(format!("{before}{INSIDE}, and more"));
        assert!(DISGUISES.iter().any(|disguise| hidden.contains(disguise)), "{hidden}");
    }
}

/// The ways in which a word may hide in a text: in another case, as base64 at each of its three places, as hexadecimal
/// digits, percent signs and references of characters, and backwards.
fn disguises(word: &str) -> Vec<String> {
    let lower = word.to_lowercase();
    let mut all = vec![lower.chars().rev().collect()];
    for word in [word, &lower] {
        for pad in 0..3 {
            let padded = format!("{}{word}", &"xx"[..pad]);
            let whole = padded.len() / 3 * 3;
            // The first group holds the padding, and what is left over another word's beginning.
            let inner = if pad == 0 { 0 } else { 3 };
            all.push(STANDARD.encode(&padded.as_bytes()[inner..whole]));
        }
        let each = |form: &dyn Fn(u8) -> String| word.bytes().map(form).collect::<String>();
        all.push(each(&|byte| format!("{byte:02x}")));
        all.push(each(&|byte| format!("%{byte:02x}")));
        all.push(each(&|byte| format!("&#{byte};")));
        all.push(each(&|byte| format!("\\u{byte:04x}")));
    }
    all
}

fn played(first: Choices, steps: &[Step], inner: &str) -> World {
    let (pace, ways, _, _, keep, outsiders) = first;
    // Executives are outsiders here, and customers hear of alerts.
    let text = policy((pace, ways, 2, 0, keep, outsiders));
    let other_way = "audience = \"executives\"\nfallback = { after = \"1m\", via = [\"mail\", \"sms\"] }";
    let mut text = text.replace("audience = \"executives\"", other_way);
    let loaded = config(&text);
    let mut world = World::new(Arc::new(loaded.policy.clone()), begin());
    world.start(Vec::new());
    world.adopt(loaded.text, loaded.policy);
    for step in steps {
        let line = match step {
            Step::Event(id, event) => format!("incident INC-{id} {}", EVENTS[*event].replace("{i}", inner)),
            Step::Alert(true) => format!("firing A severity=critical summary={inner} note={inner}"),
            Step::Alert(false) => "resolved A severity=critical".to_owned(),
            Step::Wait(seconds) => {
                super::properties::pass(&mut world, Span::from_secs(*seconds));
                continue;
            }
            Step::Answer => {
                super::properties::answer_all(&mut world, true);
                continue;
            }
            Step::Test => "send-test mara@mail executives".to_owned(),
            Step::Way(line) => {
                super::properties::play(&mut world, &mut text, line);
                continue;
            }
        };
        super::act::act(&mut world, &words(&line), &mut text);
    }
    super::properties::pass(&mut world, Span::from_mins(3 * 60));
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000.max(ProptestConfig::default().cases), ..config_of() })]

    #[test]
    fn what_differs_inside_makes_no_difference_outside(first in any::<Choices>(), steps in steps()) {
        let (one, other) = (played(first, &steps, INSIDE), played(first, &steps, "another-inner-word"));
        let (one, other) = (outside(&one), outside(&other));
        for (_, text) in &one {
            let folded = text.to_lowercase();
            prop_assert!(!folded.contains(&INSIDE.to_lowercase()), "{text}");
            for disguise in DISGUISES.iter() {
                prop_assert!(!text.contains(disguise), "{disguise}: {text}");
            }
        }
        prop_assert_eq!(one, other);
    }
}
