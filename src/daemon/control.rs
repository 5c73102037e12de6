//! What the loop is told besides events: commands, another policy, and what happens to lanes.

use super::append::{Batch as Building, Promise};
use super::door::{Answered, Control, Redriven};
use super::engine::{Engine, NewPolicy};
use super::incidents;
use super::measure;
use crate::decide::{
    Command, Input, Origin, Redrive, What, command_confined, command_refusal, redrive_refusal,
};
use crate::event::{Name, Time};

/// After so many entries a start writes the policy down again.
const POLICY_AGAIN: u64 = 100_000;

impl Engine {
    pub(super) fn control(&mut self, now: Time, control: Control, building: &mut Building) {
        match control {
            Control::Command(command, reply) => {
                self.inside(now, What::Command(command), building);
                building.promise(Promise::Command(reply));
            }
            Control::Answer(command, token, reply) => {
                let answered = self.answer(now, command, token, building);
                building.promise(Promise::Answered(reply, answered));
            }
            Control::Look(look) => building.promise(Promise::Seen(look(&self.state, &self.policy))),
            Control::Redrive(original, by, reply) => {
                let redriven = self.redrive(now, original, by, building);
                building.promise(Promise::Redriven(reply, redriven));
            }
            Control::Incidents(wanted, reply) => {
                let found = incidents::answer(&self.state, &self.policy, &wanted);
                building.promise(Promise::Incidents(reply, found));
            }
            Control::Policy(new) => self.adopt(now, *new, building),
            Control::CaughtUp(lane) => {
                self.leases.way_is_open(&lane, now);
                self.inside(now, What::CaughtUp { lane }, building);
            }
            Control::Gap(lane, from, to) => {
                self.metrics.lane_gap(lane.as_str());
                if let Some(cursor) = self.cursors.get_mut(&lane) {
                    cursor.sequence = cursor.sequence.max(to);
                    self.moved.insert(lane.clone(), cursor.clone());
                }
                self.inside(now, What::Gap { lane, from, to }, building);
            }
            Control::Stopped(lane, reason) => {
                self.metrics.lane_stopped(lane.as_str(), true);
                self.leases.way_is_shut(&lane);
                self.inside(now, What::LaneStopped { lane, reason }, building);
            }
            Control::Bound(lane, cursor) => {
                self.cursors.insert(lane.clone(), cursor.clone());
                self.moved.insert(lane, cursor);
            }
            Control::Connected(lane, up) => {
                if !up {
                    self.leases.way_is_shut(&lane);
                }
            }
        }
    }

    /// What is not taken leaves no trace; whoever answers is told why (R23, R25, R43).
    fn answer(
        &mut self,
        now: Time,
        command: Command,
        token: Option<Name>,
        building: &mut Building,
    ) -> Answered {
        let confined =
            token.as_ref().and_then(|token| command_confined(&self.state, &self.policy, token, &command));
        if let Some(refused) = confined.or_else(|| command_refusal(&self.state, &self.policy, &command)) {
            return Err(refused);
        }
        let waited = measure::approval(&self.state, now, &command);
        let origin = Origin { token, ..Origin::default() };
        self.decide(Input { at: now, origin, what: What::Command(command) }, building);
        waited.into_iter().for_each(|waited| measure::answered(building.measures(), waited));
        Ok(())
    }

    /// What may not be sent again leaves no trace; whoever asks is told why.
    fn redrive(
        &mut self,
        now: Time,
        original: Box<Redrive>,
        by: Box<str>,
        building: &mut Building,
    ) -> Redriven {
        if let Some(why) = redrive_refusal(&self.state, &self.policy, now, &original) {
            return Err(why);
        }
        let of = original.of;
        self.inside(now, What::Command(Command::Redrive { original, by }), building);
        self.state.redriven.by(of).ok_or_else(|| "deciding it failed inside Tidings".to_owned())
    }

    /// Another policy holds from this input on (R36).
    pub(super) fn adopt(&mut self, now: Time, new: NewPolicy, building: &mut Building) {
        self.alarm.know(&new.policy);
        self.policy = new.policy;
        self.metrics.know(&measure::vocabulary(&new.config));
        // A policy whose texts stand far back is adopted again, so that old entries may go (R44).
        let far_back = building.sequence().saturating_sub(self.state.policy_entry) > POLICY_AGAIN;
        if self.state.policy != Some(new.text.hash) || far_back {
            self.inside(now, What::PolicyChanged(new.text), building);
        }
        building.promise(Promise::Policy(new.channels, new.done));
    }
}
