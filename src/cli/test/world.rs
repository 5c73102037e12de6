//! The simulated world of a test: the core with chosen times, a journal in memory, channels that take everything at once
//! or cannot be reached. Nothing is opened and nothing is sent.

use crate::decide::{
    Accepted, Blame, End, Environment, Fact, Failure, Input, Kept, Notified, Origin, Outcome, Policy,
    PolicyText, Reason, Retry, Sent, State, What, step,
};
use crate::event::id::DeliveryId;
use crate::event::{Name, Recipient, Span, Time};
use crate::message::Kind;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The daemon of a test has run for so long: what began before it is no first start (R3).
const RUNS_SINCE: Span = Span::from_mins(365 * 24 * 60);

/// The most ticks between two steps; more of them is a core that never comes to rest.
const TICKS_MAX: usize = 100_000;

/// The world.
pub(super) struct World {
    pub(super) policy: Policy,
    pub(super) state: State,
    pub(super) now: Time,
    /// What was handed over, in order.
    pub(super) told: Vec<Told>,
    /// What was held back or ended otherwise, in order.
    pub(super) noted: Vec<Noted>,
    /// What whoever reads the result should know of the steps.
    pub(super) remarks: Vec<String>,
    down: BTreeSet<Name>,
    sequence: u64,
    epoch: u64,
    journal: Vec<(Time, u64, Vec<Fact>)>,
    decided: BTreeMap<DeliveryId, (Arc<Notified>, usize)>,
    let_go: VecDeque<DeliveryId>,
}

/// One message that was handed over.
pub(super) struct Told {
    pub(super) at: Time,
    pub(super) recipient: Recipient,
    pub(super) channel: Name,
    /// What it was for this recipient.
    pub(super) kind: Kind,
    pub(super) notified: Arc<Notified>,
}

/// Something that was held back, or that ended without being handed over.
pub(super) struct Noted {
    pub(super) at: Time,
    pub(super) audience: Name,
    /// For what it waits, in the word of the fact; `None` where it ended.
    pub(super) reason: Option<&'static str>,
    /// What happened, as people read it.
    pub(super) text: String,
}

impl World {
    /// A world in which the daemon has been running for a while and nothing has come in.
    pub(super) fn new(policy: Policy, text: PolicyText, start: Time) -> World {
        let mut world = World {
            policy: as_if_live(policy),
            state: State::default(),
            now: start - RUNS_SINCE,
            told: Vec::new(),
            noted: Vec::new(),
            remarks: Vec::new(),
            down: BTreeSet::new(),
            sequence: 0,
            epoch: 0,
            journal: Vec::new(),
            decided: BTreeMap::new(),
            let_go: VecDeque::new(),
        };
        world.start();
        world.inside(What::PolicyChanged(text));
        world
    }

    /// What the daemon itself puts in.
    pub(super) fn inside(&mut self, what: What) -> bool {
        self.put_in(Origin::default(), what)
    }

    /// One input, and the answers of channels to what it lets go; says whether it came to anything.
    pub(super) fn put_in(&mut self, origin: Origin, what: What) -> bool {
        let came = self.input(Input { at: self.now, origin, what });
        while let Some(delivery) = self.let_go.pop_front() {
            let Some(known) = self.state.deliveries.get(&delivery) else { continue };
            let result = self.answer(&known.channel);
            let outcome = Outcome { delivery, attempt: known.attempts, result };
            self.input(Input { at: self.now, origin: Origin::default(), what: What::Outcome(outcome) });
        }
        came
    }

    fn input(&mut self, input: Input) -> bool {
        self.sequence += 1;
        let (_, facts) = step(&mut self.state, &self.policy, &input, self.sequence);
        facts.iter().for_each(|fact| self.note(fact));
        let came = !facts.is_empty();
        if came {
            self.journal.push((input.at, self.sequence, facts));
        }
        came
    }

    fn answer(&self, channel: &Name) -> Result<Accepted, Failure> {
        if !self.down.contains(channel) {
            return Ok(Accepted::default());
        }
        let (retry, detail) = (Retry::After(None), "the test says that it is down".into());
        Err(Failure { about: Blame::Channel, sent: Sent::No, retry, reason: Reason::Connect, detail })
    }

    /// Lets time pass until then.
    ///
    /// # Errors
    /// The core does not come to rest.
    pub(super) fn go_on(&mut self, until: Time) -> Result<(), String> {
        for _ in 0..TICKS_MAX {
            let due = match &self.state.catch_up {
                Some(catch_up) if !catch_up.ended => Some(catch_up.until),
                _ => self.state.next_due(),
            };
            let Some(due) = due.filter(|due| *due <= until) else {
                self.now = until;
                return Ok(());
            };
            self.now = self.now.max(due);
            if !self.inside(What::Tick) && self.state.next_due() == Some(due) {
                return Err(format!("what is due at {due} is never done"));
            }
        }
        Err("there is no end to what is due".to_owned())
    }

    /// The process starts, knowing what the journal says.
    pub(super) fn start(&mut self) {
        let mut state = State::default();
        self.journal.iter().for_each(|(at, sequence, facts)| state.fold(*at, *sequence, facts));
        self.state = state;
        self.epoch += 1;
        self.inside(What::Started { epoch: self.epoch, behind: Vec::new() });
    }

    /// Another configuration holds from here on.
    pub(super) fn adopt(&mut self, policy: Policy, text: PolicyText) {
        self.policy = as_if_live(policy);
        self.inside(What::PolicyChanged(text));
    }

    /// A channel can be reached from here on, or not.
    pub(super) fn set_down(&mut self, channel: &Name, down: bool) {
        if down {
            self.down.insert(channel.clone());
        } else {
            self.down.remove(channel);
        }
    }

    /// Whether the test says that the channel cannot be reached.
    pub(super) fn is_down(&self, channel: &Name) -> bool {
        self.down.contains(channel)
    }

    /// Remembers what people ask about.
    fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::Notified(notified) => {
                let notified = Arc::new((**notified).clone());
                for (place, decided) in notified.deliveries.iter().enumerate() {
                    self.decided.insert(decided.id, (Arc::clone(&notified), place));
                }
            }
            Fact::Released { deliveries } => self.let_go.extend(deliveries),
            Fact::Ended { delivery, end } => self.note_end(*delivery, end),
            Fact::Kept(Kept::WordHeld { audience, why: Some(why), .. }) => {
                let text = format!("waits for {}", why.as_str());
                self.keep(audience, Some(why.as_str()), text);
            }
            Fact::Withheld { audience, recipient, reason, .. } => {
                let text = format!("withheld from {}: {}", short(recipient), reason.as_str());
                self.keep(audience, Some(reason.as_str()), text);
            }
            Fact::Kept(Kept::DraftRejected { audience, by, reason, .. }) => {
                self.keep(audience, None, format!("{by} rejected the draft: {reason}"));
            }
            Fact::Kept(Kept::DraftDropped { audience, .. }) => {
                self.keep(
                    audience,
                    None,
                    "the draft was given up: nothing of it is to be said any more".to_owned(),
                );
            }
            Fact::Kept(Kept::PromiseMissed { audience, due, .. }) => {
                let text = format!("the word that was promised for {} was missed", self.clock(*due));
                self.keep(audience, None, text);
            }
            Fact::Kept(Kept::FirstWordMissed { audience, due, .. }) => {
                let text = format!("the first word, due at {}, was missed", self.clock(*due));
                self.keep(audience, None, text);
            }
            _ => {}
        }
    }

    fn note_end(&mut self, delivery: DeliveryId, end: &End) {
        let Some((notified, place)) = self.decided.remove(&delivery) else { return };
        let Some(decided) = notified.deliveries.get(place).cloned() else { return };
        let (recipient, channel, kind) = (decided.recipient, decided.channel, decided.kind);
        if let End::Delivered(_) = end {
            self.told.push(Told { at: self.now, recipient, channel, kind, notified });
            return;
        }
        let text = format!("the {} to {} ended {}", kind.as_str(), short(&recipient), end.as_str());
        self.keep(&notified.audience, None, text);
    }

    fn keep(&mut self, audience: &Name, reason: Option<&'static str>, text: String) {
        self.noted.push(Noted { at: self.now, audience: audience.clone(), reason, text });
    }

    /// The time of day where the configuration is at home.
    pub(super) fn clock(&self, time: Time) -> String {
        self.local(time, if time.millis() % 60_000 == 0 { "%H:%M" } else { "%H:%M:%S" })
    }

    /// An instant where the configuration is at home.
    pub(super) fn local(&self, time: Time, format: &str) -> String {
        let zone = jiff::tz::TimeZone::get(&self.policy.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        time.to_jiff().to_zoned(zone).strftime(format).to_string()
    }
}

/// A recipient without the hash of its address.
pub(super) fn short(recipient: &Recipient) -> &str {
    recipient.as_str().split('#').next().unwrap_or_default()
}

/// A test shows who would be told by which channel: nothing is redirected, and nothing only looked at (R40).
fn as_if_live(policy: Policy) -> Policy {
    let environment = Environment { redirect: None, shadow: false, ..policy.environment.clone() };
    Policy { environment, ..policy }
}
