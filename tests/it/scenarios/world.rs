//! A simulated world around the core: its clock, its channels, and what must hold after every step.

use super::script::written;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidings::config::{Config, from_texts};
use tidings::decide::{
    Accepted, Blame, Fact, Failure, Input, Origin, Outcome, Policy, PolicyText, Reason, Retry, Sent, State,
    Verdict, What, step,
};
use tidings::event::id::DeliveryId;
use tidings::event::{Name, Recipient, Span, Time};
use tidings::message::Disclosure;

/// How a channel answers.
#[derive(Clone, Debug)]
pub enum Manner {
    /// It takes everything.
    Takes,
    /// It cannot be reached: surely nothing was sent.
    Down,
    /// It says nothing until the deadline: perhaps something was sent.
    Hangs,
    /// It fails with a server error.
    Fails,
    /// It asks for patience.
    Limits(Option<Span>),
}

/// How long a channel takes to answer, where the scenario does not say.
const ANSWER: Span = Span::from_secs(1);
/// How long an attempt may take.
const DEADLINE: Span = Span::from_secs(15);

/// The world.
pub struct World {
    pub state: State,
    pub folded: State,
    pub policy: Arc<Policy>,
    pub now: Time,
    pub sequence: u64,
    pub epoch: u64,
    pub manners: BTreeMap<Name, Manner>,
    pub latency: BTreeMap<Name, Span>,
    pub refused: BTreeSet<Recipient>,
    /// How long after what is due the process gets to it: never at once, on a real machine.
    pub late: Span,
    /// Attempts under way, by the time of their answers.
    pub under_way: BTreeMap<(Time, DeliveryId, u32), Name>,
    /// Every input with the policy that decided it and the facts it made.
    pub journal: Vec<(Arc<Policy>, Input, Vec<Fact>)>,
    /// What insiders wrote: no message to outsiders may hold it.
    pub inside: Vec<String>,
    /// What is odd about the newest event, while a step asks for that.
    pub remarks: Option<Vec<tidings::decide::Remark>>,
    /// While the process is stopped, events wait in their stream.
    pub stopped: Option<Vec<Input>>,
    /// What each message promised when it was last let go.
    pub promised: BTreeMap<DeliveryId, Option<Time>>,
    /// What `holds` found otherwise.
    pub wrong: Vec<String>,
    ended: BTreeSet<DeliveryId>,
}

/// A configuration from its text; `=== NAME` begins another file, and those are read before the first.
pub fn config(text: &str) -> Config {
    let mut files: Vec<(String, String)> = vec![("tidings.toml".to_owned(), String::new())];
    for line in text.lines() {
        match line.strip_prefix("=== ") {
            Some(name) => files.push((name.to_owned(), String::new())),
            None => {
                let text = &mut files.last_mut().unwrap().1;
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    files.rotate_left(1);
    from_texts(&files, [7; 32], tidings::deliver::kinds())
        .unwrap_or_else(|error| panic!("{}", error.render(false)))
}

impl World {
    /// A world in which nothing has happened, at this time.
    pub fn new(policy: Arc<Policy>, now: Time) -> World {
        World {
            state: State::default(),
            folded: State::default(),
            policy,
            now,
            sequence: 0,
            epoch: 0,
            manners: BTreeMap::new(),
            latency: BTreeMap::new(),
            refused: BTreeSet::new(),
            late: Span::ZERO,
            under_way: BTreeMap::new(),
            journal: Vec::new(),
            inside: Vec::new(),
            remarks: None,
            stopped: None,
            promised: BTreeMap::new(),
            wrong: Vec::new(),
            ended: BTreeSet::new(),
        }
    }

    /// Puts in what the daemon itself puts in.
    pub fn inside(&mut self, what: What) -> (Verdict, Vec<Fact>) {
        self.input(Input { at: self.now, origin: Origin::default(), what })
    }

    /// One input; what it lets go is answered in time, and what must hold is checked.
    pub fn input(&mut self, input: Input) -> (Verdict, Vec<Fact>) {
        self.sequence += 1;
        let (verdict, facts) = step(&mut self.state, &self.policy, &input, self.sequence);
        if !facts.is_empty() {
            let json = serde_json::to_string(&facts).unwrap();
            let read: Vec<Fact> = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), json, "facts read back as they were written");
            self.folded.fold(input.at, self.sequence, &read);
        }
        self.must_hold(&facts);
        for fact in &facts {
            if let Fact::Released { deliveries } = fact {
                deliveries.iter().for_each(|id| self.attempt(*id));
            }
        }
        self.journal.push((Arc::clone(&self.policy), input, facts.clone()));
        (verdict, facts)
    }

    fn attempt(&mut self, id: DeliveryId) {
        let Some(delivery) = self.state.deliveries.get(&id) else { return };
        self.promised.insert(id, delivery.next_update);
        let manner = self.manners.get(&delivery.channel).unwrap_or(&Manner::Takes);
        let latency = self.latency.get(&delivery.channel).copied().unwrap_or(ANSWER);
        let takes = if matches!(manner, Manner::Hangs) { DEADLINE } else { latency };
        let key = (self.now + takes, id, delivery.attempts);
        self.under_way.insert(key, delivery.channel.clone());
    }

    /// What the channel says now.
    fn answer(&self, channel: &Name, delivery: DeliveryId) -> Result<Accepted, Failure> {
        let recipient = self.state.deliveries.get(&delivery).map(|delivery| &delivery.recipient);
        let failure = |about, sent, retry, reason, detail: &str| {
            Err(Failure { about, sent, retry, reason, detail: detail.into() })
        };
        // A destination is refused by its name without the hash.
        let name =
            |recipient: &Recipient| recipient.as_str().split('#').next().unwrap_or_default().to_owned();
        if recipient.is_some_and(|recipient| self.refused.contains(name(recipient).as_str())) {
            return failure(Blame::Delivery, Sent::No, Retry::Never, Reason::Recipient, "550 no such user");
        }
        let later = Retry::After(None);
        match self.manners.get(channel).unwrap_or(&Manner::Takes) {
            Manner::Takes => Ok(Accepted::default()),
            Manner::Down => failure(Blame::Channel, Sent::No, later, Reason::Connect, "connection refused"),
            Manner::Hangs => failure(Blame::Channel, Sent::Maybe, later, Reason::Deadline, "no answer"),
            Manner::Fails => failure(Blame::Channel, Sent::No, later, Reason::Server, "status 503"),
            Manner::Limits(after) => {
                failure(Blame::Channel, Sent::No, Retry::After(*after), Reason::RateLimited, "status 429")
            }
        }
    }

    /// The next instant at which something happens by itself.
    pub fn next(&self) -> Option<Time> {
        let answer = self.under_way.keys().next().map(|(at, ..)| *at);
        let due = match &self.state.catch_up {
            Some(catch_up) if !catch_up.ended => Some(catch_up.until),
            _ => self.state.next_due(),
        };
        answer.into_iter().chain(due).min()
    }

    /// Lets one thing happen by itself, if any does until `until`; what came of it, and when.
    pub fn go_on(&mut self, until: Time) -> Option<Vec<Fact>> {
        if self.stopped.is_some() {
            return None;
        }
        let at = self.next().filter(|at| *at <= until)?.max(self.now);
        self.now = at;
        let first = self.under_way.keys().next().copied().filter(|(answered, ..)| *answered <= at);
        let what = match first {
            Some(key) => {
                let channel = self.under_way.remove(&key).unwrap();
                let (_, delivery, attempt) = key;
                What::Outcome(Outcome { delivery, attempt, result: self.answer(&channel, delivery) })
            }
            None => {
                self.now = (at + self.late).min(until);
                What::Tick
            }
        };
        let (_, facts) = self.inside(what);
        Some(facts)
    }

    /// The process starts: what was under way is never answered.
    pub fn start(&mut self, behind: Vec<Name>) -> Vec<Fact> {
        self.under_way.clear();
        self.epoch += 1;
        self.inside(What::Started { epoch: self.epoch, behind }).1
    }

    /// Another policy holds from here on.
    pub fn adopt(&mut self, text: PolicyText, policy: Policy) -> Vec<Fact> {
        self.policy = Arc::new(policy);
        self.inside(What::PolicyChanged(text)).1
    }

    fn must_hold(&mut self, facts: &[Fact]) {
        let state = &self.state;
        assert!(state.sum_holds(), "decided is not what ended and what is pending: {:?}", state.sum);
        for fact in facts {
            if let Fact::Ended { delivery, .. } = fact {
                assert!(self.ended.insert(*delivery), "{delivery} ended twice");
            }
            if let Fact::Notified(notified) = fact {
                let level = state
                    .cases
                    .get(&notified.case)
                    .and_then(|case| case.briefing(&notified.audience))
                    .map_or(Disclosure::Internal, |briefing| briefing.disclosure);
                let text = serde_json::to_string(&*notified.message).unwrap();
                // Short words may be part of any other.
                let leak =
                    self.inside.iter().find(|inside| inside.len() > 5 && text.contains(inside.as_str()));
                let leak = leak.filter(|_| level == Disclosure::External);
                assert!(leak.is_none(), "{leak:?} is internal and stands in a message to outsiders: {text}");
            }
        }
        let catching_up = state.catch_up.as_ref().is_some_and(|catch_up| !catch_up.ended);
        let due = state.next_due().filter(|due| *due <= state.time && !catching_up);
        assert!(due.is_none() || facts.len() >= 1000, "due since {}: {:?}", due.unwrap(), state.dues.first());
        self.lines_and_windows_hold();
    }

    /// R31, R32: one released on each line, and no more than the window on each channel.
    fn lines_and_windows_hold(&self) {
        let mut lines = BTreeSet::new();
        let mut channels: BTreeMap<&Name, u32> = BTreeMap::new();
        let released = self.state.deliveries.iter().filter(|(_, delivery)| delivery.is_released());
        for (id, delivery) in released {
            let line = (delivery.case, &delivery.audience, &delivery.recipient);
            assert!(lines.insert(line), "{id} is the second on its line at {}", written(self.now));
            *channels.entry(&delivery.channel).or_default() += 1;
        }
        for (channel, count) in channels {
            let window = self.policy.channels.get(channel).map_or(u32::MAX, |channel| channel.window);
            assert!(count <= window, "{count} are released on {channel}, at most {window} may be");
        }
    }

    /// What must hold of the whole: facts alone make State, a snapshot keeps it, and a replay decides the same.
    pub fn check_whole(&self) {
        assert!(self.folded == self.state, "facts fold to another State than the live one");
        let snapshot = serde_json::to_string(&self.state).unwrap();
        let read: State = serde_json::from_str(&snapshot).unwrap();
        assert!(read.restored() == self.state, "a snapshot reads back as another State");
        let mut again = State::default();
        for (number, (policy, input, facts)) in self.journal.iter().enumerate() {
            let (_, repeated) = step(&mut again, policy, input, number as u64 + 1);
            let (was, is) =
                (serde_json::to_string(facts).unwrap(), serde_json::to_string(&repeated).unwrap());
            assert_eq!(was, is, "the replay of input {number} decides something else");
        }
    }
}
