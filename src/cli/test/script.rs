//! Plays one test: its steps at their times, and what its expectations found otherwise.

use super::expect;
use super::world::World;
use crate::config::{FileLine, Reload, Trial, TrialAct};
use crate::decide::state::{Case, State};
use crate::decide::{
    AckWay, CaseAbout, Command, Identity, Origin, Policy, PolicyText, What, command_refusal, incident_case,
};
use crate::event::id::CaseId;
use crate::event::{Event, Name, Time};
use serde::Serialize;

/// The configurations that the `reload` steps of a test lead to, in their order.
pub(super) type Reloads = Vec<(Policy, PolicyText)>;

/// What came of a test.
#[derive(Debug, Serialize)]
pub(super) struct Played {
    /// Its name.
    pub(super) name: String,
    /// In which file it stands.
    pub(super) file: String,
    /// In which line.
    pub(super) line: usize,
    /// What was otherwise than expected; none where it passed.
    pub(super) failures: Vec<Difference>,
}

/// What was otherwise than one step expected.
#[derive(Debug, Serialize)]
pub(super) struct Difference {
    /// Where the step stands: `file:line`.
    pub(super) place: String,
    /// At which time of the test: since its start, and by the clock.
    pub(super) at: String,
    /// Since when, by the clock: the expectation before, or the start.
    pub(super) since: String,
    /// What it missed.
    pub(super) missed: Vec<Missed>,
    /// Who was told since then.
    pub(super) told: Vec<String>,
}

/// One thing that was expected and did not come, or came and was not expected.
#[derive(Debug, Serialize)]
pub(super) struct Missed {
    /// What was expected.
    pub(super) expected: String,
    /// What was there instead and why, as far as the facts say.
    pub(super) why: Vec<String>,
}

/// Plays a test. `reloads` are the configurations of its `reload` steps.
pub(super) fn play(trial: &Trial, policy: &Policy, text: &PolicyText, reloads: Reloads) -> Played {
    let mut player = Player {
        trial,
        world: World::new(policy.clone(), text.clone(), trial.start),
        since: trial.start,
        from: (0, 0),
        failures: Vec::new(),
    };
    let mut reloads = reloads.into_iter();
    for step in &trial.steps {
        if let Err(why) = player.world.go_on(step.at) {
            player.fail(&step.place, "that the time passes", why);
            break;
        }
        match &step.act {
            TrialAct::Reload(Reload::File(_) | Reload::Texts(_)) => {
                if let Some((policy, text)) = reloads.next() {
                    player.world.adopt(policy, text);
                }
            }
            act => player.act(&step.place, act),
        }
    }
    let (file, line) = (trial.place.file.to_string(), trial.place.line);
    Played { name: trial.name.to_string(), file, line, failures: player.failures }
}

struct Player<'a> {
    trial: &'a Trial,
    world: World,
    /// When the expectation before this one was.
    since: Time,
    /// What had been told and noted by then.
    from: (usize, usize),
    failures: Vec<Difference>,
}

impl Player<'_> {
    fn act(&mut self, place: &FileLine, act: &TrialAct) {
        match act {
            TrialAct::Event { event, identity } => self.event(place, event, *identity),
            TrialAct::Acknowledge { case, by } => {
                let expected = format!("that {case} can be acknowledged");
                let (case, by) = (find(&self.world.state, case), by.clone());
                let command = Command::Acknowledge { case, by, way: AckWay::Command };
                self.command(place, &expected, command);
            }
            TrialAct::Answer { audience, case, by, refused } => {
                self.answer(place, audience, case.as_deref(), by, refused.as_deref());
            }
            TrialAct::Restart => self.world.start(),
            TrialAct::ChannelDown(channel) => self.world.set_down(channel, true),
            TrialAct::ChannelUp(channel) => self.world.set_down(channel, false),
            TrialAct::Expect(expected) => {
                let missed = expect::check(&self.world, expected, self.from);
                if !missed.is_empty() {
                    self.differ(place, missed);
                }
                self.from = (self.world.told.len(), self.world.noted.len());
                self.since = self.world.now;
                self.world.remarks.clear();
            }
            TrialAct::Reload(_) => {}
        }
    }

    fn event(&mut self, place: &FileLine, event: &Event, identity: Option<Identity>) {
        let origin = Origin { lane: Some("test".into()), identity, ..Origin::default() };
        let known = identity.is_some_and(|identity| self.world.state.identities.get(&identity.key).is_some());
        if !self.world.put_in(origin, What::Event(event.clone())) && !known {
            // Nothing came of it: that is a fact of no test, and a mistake more often than not.
            self.world.remarks.push(format!("the event of {place} changed nothing"));
        }
    }

    fn answer(
        &mut self,
        place: &FileLine,
        audience: &Name,
        case: Option<&str>,
        by: &str,
        refused: Option<&str>,
    ) {
        let verb = if refused.is_some() { "rejected" } else { "approved" };
        let expected = format!("that a message to {audience} can be {verb}");
        let Some((case, revision)) = draft(&self.world.state, audience, case) else {
            return self.fail(place, &expected, format!("nothing to {audience} waits for approval"));
        };
        let (audience, by) = (audience.clone(), by.into());
        let command = match refused {
            Some(reason) => Command::RejectDraft { case, audience, revision, reason: reason.into(), by },
            None => Command::ApproveDraft { case, audience, revision, by },
        };
        self.command(place, &expected, command);
    }

    fn command(&mut self, place: &FileLine, expected: &str, command: Command) {
        match command_refusal(&self.world.state, &self.world.policy, &command) {
            Some(why) => self.fail(place, expected, why.text),
            None => _ = self.world.inside(What::Command(command)),
        }
    }

    fn fail(&mut self, place: &FileLine, expected: &str, why: String) {
        self.differ(place, vec![Missed { expected: expected.to_owned(), why: vec![why] }]);
    }

    fn differ(&mut self, place: &FileLine, missed: Vec<Missed>) {
        let told = expect::came(&self.world, self.from.0, None);
        let (place, at, since) = (place.to_string(), self.at(), self.world.clock(self.since));
        self.failures.push(Difference { place, at, since, missed, told });
    }

    /// The time since the start, and by the clock.
    fn at(&self) -> String {
        let after = self.world.now.since(self.trial.start);
        format!("{after} after the start, {}", self.world.local(self.world.now, "%Y-%m-%d %H:%M:%S %Z"))
    }
}

/// The case of that name: an incident's id, else the row or a label's value of the newest such group.
fn find(state: &State, name: &str) -> CaseId {
    let incident = incident_case(name);
    let named = |case: &Case| match &case.about {
        CaseAbout::Group { row, labels, .. } => {
            row.as_str() == name || labels.iter().any(|(_, value)| value == name)
        }
        CaseAbout::Incident { .. } | CaseAbout::Desk { .. } => false,
    };
    let groups = state.cases.iter().filter(|(_, case)| named(case));
    let newest = groups.max_by_key(|(_, case)| case.opened).map(|(id, _)| *id);
    newest.filter(|_| !state.cases.contains_key(&incident)).unwrap_or(incident)
}

/// The draft to an audience that waits: of that case, else of the newest that has one.
fn draft(state: &State, audience: &Name, case: Option<&str>) -> Option<(CaseId, u32)> {
    let wanted = case.map(|name| find(state, name));
    let cases = state.cases.iter().filter(|(id, _)| wanted.is_none_or(|wanted| wanted == **id));
    let waiting = cases.filter_map(|(id, case)| {
        let draft = case.briefing(audience)?.draft()?;
        Some((case.opened, *id, draft.revision))
    });
    waiting.max_by_key(|(opened, ..)| *opened).map(|(_, id, revision)| (id, revision))
}
