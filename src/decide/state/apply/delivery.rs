//! Deliveries on their way to their ends, and the channels that they go by.

use crate::decide::fact::{End, Fact, SupersededBy};
use crate::decide::input::Accepted;
use crate::decide::state::{Briefing, Delivery, Due, Health, Line, Standing, State, Told};
use crate::event::id::DeliveryId;
use crate::message::Kind;

impl State {
    pub(super) fn apply_delivery(&mut self, fact: &Fact) {
        match fact {
            Fact::Released { deliveries } => deliveries.iter().for_each(|id| self.released(*id)),
            Fact::Returned { delivery, maybe_sent, counted, not_before, .. } => {
                self.leave_standing(*delivery);
                let Some(found) = self.deliveries.get_mut(delivery) else { return };
                found.maybe_sent |= *maybe_sent;
                let maybe_told = found.maybe_sent.then(|| found.clone());
                found.failures += u32::from(*counted);
                found.standing = match not_before {
                    Some(until) => Standing::Resting { until: *until },
                    None => Standing::Waiting,
                };
                self.reschedule(Due::Retry(*delivery), None, *not_before);
                self.enqueue(*delivery);
                if let Some(delivery) = maybe_told {
                    self.told(&delivery);
                }
            }
            Fact::Rested { delivery } => {
                self.leave_standing(*delivery);
                if let Some(found) = self.deliveries.get_mut(delivery) {
                    found.standing = Standing::Waiting;
                }
                self.enqueue(*delivery);
            }
            Fact::Ended { delivery, end } => self.ended(*delivery, end),
            _ => {}
        }
    }

    /// Takes a delivery out of the queue, the rest or the released ones that it stands among.
    fn leave_standing(&mut self, id: DeliveryId) {
        let Some(delivery) = self.deliveries.get(&id) else { return };
        let (standing, name) = (delivery.standing, delivery.channel.clone());
        let (severity, decided) = (delivery.severity, delivery.decided_at);
        let channel = self.channels.entry(name.clone()).or_default();
        match standing {
            Standing::Waiting => channel.dequeue(severity, decided, id),
            Standing::Released => channel.released = channel.released.saturating_sub(1),
            Standing::Resting { until } => self.reschedule(Due::Retry(id), Some(until), None),
        }
        if self.channels.get(&name).is_some_and(|channel| channel.waiting() == 0) {
            self.ready.remove(&name);
        }
    }

    fn released(&mut self, id: DeliveryId) {
        let oldest = self.deliveries.get(&id).and_then(|delivery| {
            let channel = self.channels.get(&delivery.channel)?;
            channel.oldest_first().next().map(|(_, oldest)| oldest)
        });
        self.leave_standing(id);
        let now = self.time;
        let Some(delivery) = self.deliveries.get_mut(&id) else { return };
        // What waited for long promises what its audience is promised by now, and nothing that is past.
        if delivery.next_update.is_some() {
            let briefing = self.cases.get(&delivery.case).and_then(|case| case.briefing(&delivery.audience));
            let promise = briefing.and_then(Briefing::promise).map(|promise| promise.due);
            delivery.next_update = promise.filter(|due| *due > now);
        }
        delivery.standing = Standing::Released;
        delivery.released_at = self.time;
        delivery.attempts += 1;
        if let Some(channel) = self.channels.get_mut(&delivery.channel) {
            channel.released += 1;
            channel.since_oldest =
                if oldest == Some(id) { 0 } else { channel.since_oldest.saturating_add(1) };
        }
    }

    fn ended(&mut self, id: DeliveryId, end: &End) {
        self.leave_standing(id);
        let Some(delivery) = self.deliveries.remove(&id) else { return };
        self.reschedule(Due::Fallback(id), delivery.fallback_at, None);
        match end {
            End::Delivered(_) => {
                self.sum.delivered += 1;
                self.channels.entry(delivery.channel.clone()).or_default().last_success = Some(self.time);
            }
            End::Superseded { .. } => self.sum.superseded += 1,
            End::Suppressed { .. } => self.sum.suppressed += 1,
            End::DeadLettered { .. } => self.sum.dead_lettered += 1,
        }
        if matches!(end, End::Delivered(_)) || delivery.maybe_sent {
            self.told(&delivery);
        }
        if matches!(end, End::Delivered(_)) && !matches!(delivery.kind, Kind::Digest | Kind::Notice) {
            self.handed(&delivery);
        }
        let Some(line) = self.line_mut(&delivery) else { return };
        line.pending.retain(|pending| *pending != id);
        let heirs = line.pending.clone();
        if heirs.is_empty() {
            line.pending = Vec::new();
        }
        if let End::Delivered(Accepted { receipt: Some(receipt), .. }) = end {
            line.first.get_or_insert_with(|| Box::new(receipt.clone()));
        }
        if let End::Superseded { why: SupersededBy::Newer } = end
            && delivery.kind == Kind::Opening
        {
            // What supersedes an unsent opening is the opening (R31).
            for heir in heirs {
                if let Some(heir) = self.deliveries.get_mut(&heir).filter(|heir| heir.kind == Kind::Update) {
                    heir.kind = Kind::Opening;
                }
            }
        }
    }

    fn line_mut(&mut self, delivery: &Delivery) -> Option<&mut Line> {
        let briefing = self.cases.get_mut(&delivery.case)?.briefing_mut(&delivery.audience)?;
        briefing.lines.get_mut(&delivery.recipient)
    }

    /// The recipient counts as told what the delivery said, unless it was told something newer.
    fn told(&mut self, delivery: &Delivery) {
        let told = Told { ordinal: delivery.ordinal, said: delivery.said, at: delivery.decided_at };
        let Some(line) = self.line_mut(delivery) else { return };
        line.opened |= delivery.kind == Kind::Opening;
        if line.told.is_some_and(|known| known.at > told.at) {
            return;
        }
        line.told = Some(told);
        // What may have arrived may have promised something; it keeps no promise.
        line.promised = line.promised.or(delivery.next_update);
    }

    /// The recipient was handed a message: what it was promised is kept, and what the message promises holds.
    fn handed(&mut self, delivery: &Delivery) {
        let told = self.line_mut(delivery).and_then(|line| line.told);
        // A digest that was decided meanwhile promises nothing; this message does.
        if told.is_some_and(|told| told.at <= delivery.decided_at || told.ordinal == 0) {
            self.no_longer_promised(&delivery.case, &delivery.audience, &delivery.recipient);
            if let Some(line) = self.line_mut(delivery) {
                line.promised = delivery.next_update;
            }
        }
    }

    pub(super) fn apply_channel(&mut self, fact: &Fact) {
        let (name, health, failures) = match fact {
            Fact::ChannelPaused { channel, until, failures, .. } => {
                (channel, Health::Paused { until: *until, since: self.time }, Some(*failures))
            }
            Fact::ChannelProbed { channel, delivery } => {
                (channel, Health::Probing { delivery: *delivery }, None)
            }
            Fact::ChannelOpened { channel, allowed: Some(allowed) } => {
                (channel, Health::Ramping { allowed: *allowed }, Some(0))
            }
            Fact::ChannelOpened { channel, allowed: None } => (channel, Health::Open, Some(0)),
            _ => return,
        };
        let state = self.channels.entry(name.clone()).or_default();
        let until = |health: Health| match health {
            Health::Paused { until, .. } => until,
            Health::Open | Health::Ramping { .. } | Health::Probing { .. } => None,
        };
        let before = until(state.health);
        state.health = health;
        state.failures = failures.unwrap_or(state.failures);
        if let Health::Probing { delivery } = health {
            state.last_probe = Some(delivery);
        }
        self.reschedule(Due::Probe(name.clone()), before, until(health));
    }
}
