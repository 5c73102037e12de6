//! What must hold for every order of events, every policy and every failure.

use super::act::act;
use super::policies::{Choices, policy};
use super::promised::promises_hold;
use super::script::{begin, words, written};
use super::tell::Teller;
use super::world::{World, config};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use tidings::decide::state::Incident;
use tidings::decide::{Command, DraftText, End, Fact, What};
use tidings::event::id::{CaseId, DeliveryId};
use tidings::event::{Name, Recipient, Span, Time};
use tidings::message::CaseStatus;

/// What a person was last told of each case.
type Told = BTreeMap<(CaseId, String), (DeliveryId, CaseStatus)>;

/// What the journal says about who was told what.
#[derive(Default)]
struct Ledger {
    deliveries: BTreeMap<DeliveryId, Sent>,
    told: Told,
    /// Whose messages were given up, and not sent again: nobody can promise them anything but the notice to the owner.
    given_up: BTreeMap<DeliveryId, String>,
    /// When what arrived was decided.
    arrived: BTreeMap<Recipient, Vec<Time>>,
}

struct Sent {
    recipient: Recipient,
    decided: Time,
    says: Vec<(CaseId, CaseStatus)>,
}

/// Whose a recipient is: `jonas@mail` and `jonas@sms` are one person.
pub(super) fn person(recipient: &Recipient) -> String {
    let text = recipient.as_str();
    if text.contains('#') { text.to_owned() } else { text.split('@').next().unwrap().to_owned() }
}

impl Ledger {
    fn of(world: &World) -> Ledger {
        let mut ledger = Ledger::default();
        for (_, input, facts) in &world.journal {
            facts.iter().for_each(|fact| ledger.take(fact, input.at));
        }
        ledger
    }

    fn take(&mut self, fact: &Fact, at: Time) {
        match fact {
            Fact::Notified(notified) => {
                let spoken = notified.speaks_for.iter().map(|spoken| (spoken.case, spoken.said.status));
                let own = std::iter::once((notified.case, notified.said.status));
                let says: Vec<_> =
                    if notified.speaks_for.is_empty() { own.collect() } else { spoken.collect() };
                for decided in &notified.deliveries {
                    let recipient = decided.recipient.clone();
                    // What is sent again says what it said before, wherever it stands.
                    let original = decided.redrive_of.and_then(|original| {
                        self.given_up.remove(&original);
                        self.deliveries.get(&original)
                    });
                    let says = original.map_or_else(|| says.clone(), |original| original.says.clone());
                    self.deliveries.insert(decided.id, Sent { recipient, decided: at, says });
                }
            }
            Fact::Returned { delivery, maybe_sent: true, .. } => self.arrives(*delivery, false),
            Fact::Ended { delivery, end: End::Delivered(_) } => self.arrives(*delivery, true),
            Fact::Ended { delivery, end: End::DeadLettered { .. } } => {
                self.given_up.insert(*delivery, person(&self.deliveries[delivery].recipient));
            }
            _ => {}
        }
    }

    fn arrives(&mut self, delivery: DeliveryId, surely: bool) {
        let sent = &self.deliveries[&delivery];
        for (case, status) in &sent.says {
            let last = self.told.entry((*case, person(&sent.recipient))).or_insert((delivery, *status));
            // What was decided last counts: two ways of one person may be differently fast.
            *last = (*last).max((delivery, *status));
        }
        if surely {
            self.arrived.entry(sent.recipient.clone()).or_default().push(sent.decided);
        }
    }
}

/// Everything that was decided, for people.
pub(super) fn transcript(world: &World) -> String {
    let mut teller = Teller::default();
    let mut out = String::new();
    for (_, input, facts) in &world.journal {
        for line in teller.lines(facts, &world.state) {
            let _ = writeln!(out, "{} {line}", written(input.at));
        }
    }
    out
}

const ALERTS: [&str; 6] = [
    "A severity=warning cluster=eu-inside",
    "A severity=warning cluster=us-inside",
    "A severity=critical cluster=us-inside",
    "B severity=error cluster=eu-inside",
    "C severity=none",
    "D",
];

#[derive(Clone, Debug)]
pub(super) enum Act {
    Words(String),
    Wait(u64),
    Reload(Choices),
}

pub(super) fn acts() -> impl Strategy<Value = Vec<Act>> {
    let alert = prop::sample::select(ALERTS.to_vec());
    let fires = alert.clone().prop_map(|alert| Act::Words(format!("firing {alert}")));
    let ends = alert.prop_map(|alert| Act::Words(format!("resolved {alert}")));
    let what = prop::sample::select(vec![
        "open severity=sev1",
        "open severity=sev3 title.internal=inside-one title.public=hello",
        "update severity=sev2",
        "update note.public=news-for-all data_exposure=true",
        "update note.public=other-news stage=identified",
        "update title.internal=inside-two title.business=inside-word",
        "acknowledge by=jonas",
        "merge into=INC-0",
        "merge into=INC-1",
        "resolve",
        "reopen",
        "update write_up.public=written-up",
        "note write_up.business=inside-cause",
    ]);
    let incident = (0..2_u8, what).prop_map(|(id, what)| Act::Words(format!("incident INC-{id} {what}")));
    let channel = prop::sample::select(vec!["mail", "sms", "screen"]);
    let manner = prop::sample::select(vec!["takes", "takes", "down", "hangs", "fails", "limits 90s"]);
    let channels = (channel.clone(), manner)
        .prop_map(|(channel, manner)| Act::Words(format!("channel {channel} {manner}")));
    let by_hand = (channel, any::<bool>()).prop_map(|(channel, pause)| {
        Act::Words(format!("{} {channel}", if pause { "pause" } else { "resume" }))
    });
    let other = prop::sample::select(vec![
        "restart",
        "restart stream",
        "refuse mara@mail",
        "accept mara@mail",
        "redrive mara@mail",
        "redrive jonas@mail",
        "redrive jonas@sms",
        "refuse jonas@sms",
        "accept jonas@sms",
        "lost prometheus A",
        "silent prometheus",
        "stop",
        "start",
        "ack INC-0 jonas",
        "ack INC-1 mara",
        "ack pages olga",
        "answer all",
        "answer all",
        "refuse all",
    ]);
    let other = other.prop_map(|words| Act::Words(words.to_owned()));
    let wait = prop::sample::select(vec![1, 5, 29, 30, 31, 60, 299, 300, 1200]).prop_map(Act::Wait);
    let reload = any::<Choices>().prop_map(Act::Reload);
    let act = prop_oneof![
        4 => fires, 3 => ends, 4 => incident, 2 => channels, 1 => by_hand, 2 => other, 5 => wait, 1 => reload,
    ];
    prop::collection::vec(act, 1..40)
}

/// Lets time pass.
pub(super) fn pass(world: &mut World, span: Span) {
    let until = world.now + span;
    let mut steps = 0;
    while world.go_on(until).is_some() {
        steps += 1;
        assert!(steps < 20_000, "something happens for ever");
    }
    world.now = until;
}

pub(super) fn play(world: &mut World, text: &mut String, line: &str) {
    let stopped = world.stopped.is_some();
    match line {
        "answer all" | "refuse all" if stopped => return,
        "answer all" => return answer_all(world, true),
        "refuse all" => return answer_all(world, false),
        "start" if !stopped => return,
        "stop" if stopped => return,
        _ => {}
    }
    let event = line.starts_with("firing") || line.starts_with("resolved") || line.starts_with("incident");
    if stopped && !event && !matches!(line, "start") && !line.starts_with("channel") {
        return;
    }
    act(world, &words(line), text);
}

/// Every draft is approved, one that was refused before in other words; or every one is refused.
pub(super) fn answer_all(world: &mut World, approve: bool) {
    let drafts = world.state.cases.iter().flat_map(|(id, case)| {
        let waiting = case.briefings.iter().filter_map(|briefing| Some((briefing, briefing.draft()?)));
        waiting.map(|(briefing, draft)| (*id, briefing.audience.clone(), draft.revision, draft.rejected))
    });
    for (case, audience, mut revision, rejected) in drafts.collect::<Vec<_>>() {
        let by: Box<str> = "mara".into();
        if approve && rejected {
            let text = DraftText { body: Some("It works again.".into()), ..DraftText::default() };
            let (audience, by) = (audience.clone(), by.clone());
            world.inside(What::Command(Command::EditDraft { case, audience, revision, text, by }));
            revision += 1;
        }
        let command = if approve {
            Command::ApproveDraft { case, audience, revision, by }
        } else {
            Command::RejectDraft { case, audience, revision, by, reason: "no".into() }
        };
        world.inside(What::Command(command));
    }
}

pub(super) fn config_of() -> ProptestConfig {
    ProptestConfig {
        cases: ProptestConfig::default().cases / 4,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        max_shrink_iters: 2000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config_of())]

    #[test]
    fn whoever_was_told_it_broke_is_told_it_is_fixed(
        first in any::<Choices>(), acts in acts(), late in prop::sample::select(vec![0_u64, 7]),
    ) {
        let mut text = policy(first);
        let loaded = config(&text);
        let mut world = World::new(Arc::new(loaded.policy.clone()), begin());
        world.late = Span::from_millis(late);
        world.start(Vec::new());
        world.adopt(loaded.text, loaded.policy);
        for one in &acts {
            match one {
                Act::Words(line) => play(&mut world, &mut text, line),
                Act::Wait(seconds) => pass(&mut world, Span::from_secs(*seconds)),
                Act::Reload(choices) if world.stopped.is_none() => {
                    text = policy(*choices);
                    let loaded = config(&text);
                    world.adopt(loaded.text, loaded.policy);
                }
                Act::Reload(_) => {}
            }
        }
        // Everything works again, and everything is over.
        play(&mut world, &mut text, "start");
        for line in ["channel mail takes", "channel sms takes", "channel screen takes", "accept mara@mail", "accept jonas@sms",
            "resume mail", "resume sms", "resume screen"] {
            play(&mut world, &mut text, line);
        }
        pass(&mut world, Span::from_mins(1));
        for alert in ALERTS {
            play(&mut world, &mut text, &format!("resolved {alert}"));
        }
        for id in 0..2 {
            if world.state.incidents.contains_key(&*format!("INC-{id}")) {
                play(&mut world, &mut text, &format!("incident INC-{id} resolve"));
            }
        }
        pass(&mut world, Span::from_mins(8 * 60));
        // What was refused, or must not go out without an answer, gets one.
        answer_all(&mut world, true);
        pass(&mut world, Span::from_mins(60));
        world.check_whole();
        prop_assert!(world.state.deliveries.is_empty(), "still pending: {:?}", world.state.deliveries);
        prop_assert!(world.state.digests.is_empty(), "still withheld: {:?}", world.state.digests);
        prop_assert!(world.state.alerts.is_empty(), "still kept: {:?}", world.state.alerts);
        let promises = world.state.cases.values().flat_map(|case| &case.briefings).filter_map(|briefing| briefing.promise());
        prop_assert!(promises.count() == 0, "what is over is still promised a word\n{}", transcript(&world));
        let mut ledger = Ledger::of(&world);
        let given_up: BTreeSet<&String> = ledger.given_up.values().collect();
        let known: BTreeSet<String> = world.policy.endpoints.keys().map(person).collect();
        for ((case, person), (_, status)) in &ledger.told {
            let desk = world.state.cases.get(case).is_some_and(|case| matches!(case.about, tidings::decide::CaseAbout::Desk { .. }));
            if *status == CaseStatus::Resolved || desk || given_up.contains(person) || !known.contains(person) {
                continue;
            }
            prop_assert!(false, "{person} was told last that {case} is {status:?}\n{}", transcript(&world));
        }
        if let Err(broken) = promises_hold(&world) {
            prop_assert!(false, "{broken}\n{}", transcript(&world));
        }
        for (recipient, times) in &mut ledger.arrived {
            // What waited for its channel arrives in another order.
            times.sort_unstable();
            let sms = world.policy.endpoints.get(recipient).is_some_and(|endpoint| endpoint.channel == Name::from("sms"));
            for (index, at) in times.iter().enumerate().filter(|_| sms) {
                let within = times[..=index].iter().filter(|other| **other + Span::from_mins(15) > *at).count();
                prop_assert!(within <= 5, "{within} SMS to {recipient} within 15 minutes");
            }
        }
    }
}

/// Every order of `items`.
fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let each = items.iter().enumerate().flat_map(|(place, first)| {
        let mut rest = items.to_vec();
        rest.remove(place);
        permutations(&rest).into_iter().map(move |mut order| {
            order.insert(0, *first);
            order
        })
    });
    each.collect()
}

const EVENTS: [&str; 17] = [
    "open at=0:10 severity=sev3 title.internal=first",
    "open at=0:20 severity=sev1 source=other",
    "update at=0:20 severity=sev2",
    "update at=0:15 stage=resolved",
    "update at=0:30 title.internal=later note.public=words",
    "update at=0:30 title.internal=tied",
    "resolve at=0:30",
    "resolve at=0:12 severity=sev4",
    "reopen at=0:30",
    "acknowledge at=0:25 by=jonas severity=sev2",
    "acknowledge at=0:22 by=mara",
    "note at=0:05 note.internal=seen by=mara",
    "note at=0:32 write_up.public=found by=mara",
    "update at=0:32 write_up.public=learned write_up.business=mended",
    "update at=0:31 write_up.public=soon",
    "merge at=0:18 into=INC-2 by=mara",
    "merge at=0:28 into=INC-3 severity=sev4",
];

/// What must not depend on the order. Since when it counts as over or open is what was heard, in the order of hearing.
fn end_of(world: &World) -> Option<(Incident, Option<Time>)> {
    let incident = world.state.incidents.get("INC-1")?.clone();
    Some((Incident { changed: Time::EPOCH, open_since: None, ..incident.clone() }, incident.opened))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 10, ..config_of() })]

    #[test]
    fn every_order_of_an_incidents_events_gives_the_same_end(picked in prop::collection::vec(0..EVENTS.len(), 1..5)) {
        let policy = Arc::new(config(&policy((0, 0, 0, 0, 0, 0))).policy);
        // One of them comes twice.
        let mut all = picked.clone();
        all.push(picked[0]);
        let mut ends: Vec<(Vec<usize>, _)> = Vec::new();
        for order in permutations(&all) {
            let mut world = World::new(Arc::clone(&policy), begin());
            world.start(Vec::new());
            let mut text = String::new();
            pass(&mut world, Span::from_mins(5));
            for event in &order {
                act(&mut world, &words(&format!("incident INC-1 {}", EVENTS[*event])), &mut text);
            }
            let end = end_of(&world);
            if let Some((other, known)) = ends.first() {
                prop_assert_eq!(known, &end, "{:?} and {:?} end differently", other, order);
            } else {
                ends.push((order, end));
            }
        }
    }
}
