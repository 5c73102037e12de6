//! Events on their way into a decision: what the cursor has passed and what only renews a lease is not decided (R4, R5).

use super::append::{Batch as Building, Promise};
use super::door::Waiting;
use super::engine::Engine;
use super::measure;
use crate::decide::{Input, Origin, Remark, Verdict, What, is_unchanged, remarks};
use crate::event::{AlertEvent, Event, Name, Status, Time};
use crate::ingest::{Arrival, Fate, http};

impl Engine {
    pub(super) fn events(&mut self, now: Time, waiting: Waiting, building: &mut Building) {
        let lane = waiting.batch.lane;
        let mut fates = Vec::with_capacity(waiting.batch.arrivals.len());
        for arrival in waiting.batch.arrivals {
            let sequence = arrival.origin.sequence;
            let (verdict, fate) = self.arrival(now, &lane, arrival, building);
            self.metrics.event(lane.as_str(), measure::outcome(verdict));
            fates.push(fate);
            if let (Some(sequence), Some(cursor)) = (sequence, self.cursors.get_mut(&lane)) {
                cursor.sequence = cursor.sequence.max(sequence);
                self.moved.insert(lane.clone(), cursor.clone());
            }
        }
        building.promise(Promise::Events(waiting.reply, fates, waiting.permit));
    }

    fn arrival(
        &mut self,
        now: Time,
        lane: &Name,
        arrival: Arrival,
        building: &mut Building,
    ) -> (Verdict, Fate) {
        if self.is_read_already(lane, arrival.origin.sequence) {
            return (Verdict::Unchanged, Fate::Taken);
        }
        measure::flags(&self.metrics, lane, &arrival);
        let mut origin = arrival.origin;
        origin.received = arrival.received;
        let what = match arrival.event {
            Ok(event) => {
                if let Event::Alert(alert) = &event
                    && self.is_heartbeat(now, lane, alert)
                {
                    return (Verdict::Unchanged, Fate::Taken);
                }
                What::Event(event)
            }
            Err(garbage) => What::Garbage(garbage),
        };
        let remarks = self.remarks(now, &origin, &what);
        let verdict = self.decide(Input { at: now, origin, what }, building);
        let fate = match verdict {
            Verdict::Decided | Verdict::Unchanged if !remarks.is_empty() => {
                self.remarked(lane, &remarks);
                Fate::Remarked(remarks.into())
            }
            Verdict::Decided | Verdict::Unchanged | Verdict::Duplicate => Fate::Taken,
            Verdict::Conflict => Fate::Conflict,
            Verdict::DeadLettered => Fate::DeadLettered,
        };
        (verdict, fate)
    }

    /// What is odd about what came in, as things stand before it is decided.
    fn remarks(&self, now: Time, origin: &Origin, what: &What) -> Vec<Remark> {
        let What::Event(event) = what else { return Vec::new() };
        remarks(&self.state, &self.policy, origin.received.unwrap_or(now).min(now), event)
    }

    /// Who sent it by HTTP is answered; for who did not, the log says it.
    fn remarked(&self, lane: &Name, remarks: &[Remark]) {
        let answered = http::LANES.contains(&lane.as_str());
        for remark in remarks {
            self.metrics.remark(remark.code);
            if !answered {
                tracing::warn!(lane = %lane, code = remark.code.as_str(), "an event is odd: {}", remark.text);
            }
        }
    }

    /// A message that the cursor has passed was decided before (R4).
    fn is_read_already(&self, lane: &Name, sequence: Option<u64>) -> bool {
        let cursor = self.cursors.get(lane);
        sequence.is_some_and(|sequence| cursor.is_some_and(|cursor| sequence <= cursor.sequence))
    }

    /// R5: an unchanged firing alert costs a look-up: it renews its lease and makes no fact.
    fn is_heartbeat(&mut self, now: Time, lane: &Name, event: &AlertEvent) -> bool {
        let fingerprint = event.labels.fingerprint();
        match event.status {
            Status::Firing => {
                self.leases.renew(fingerprint, lane, &event.source, event.valid_until, now);
            }
            Status::Resolved | Status::Lost => self.leases.remove(fingerprint),
        }
        is_unchanged(&self.state, now, fingerprint, event)
    }
}
