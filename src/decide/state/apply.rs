//! Facts change State here and nowhere else; applying one computes nothing that a fact could carry.

use super::{
    Alert, Briefing, Case, CatchUp, Delivery, Digests, Due, Health, Line, Member, Notice, Standing, State,
    Told,
};
use crate::decide::fact::{AlertRecord, CaseAbout, End, Fact, Notified, Stamp};
use crate::decide::input::Accepted;
use crate::event::id::{CaseId, DeliveryId, Fingerprint};
use crate::event::{Action, IncidentEvent, Name, Status, Time};
use crate::message::{Kind, Note};
use std::collections::btree_map::Entry;

impl State {
    /// Begins the facts of one input: its ledger time and the journal entry that they will stand in.
    pub fn begin(&mut self, at: Time, sequence: u64) {
        self.before = self.time;
        self.time = self.time.max(at);
        self.sequence = sequence;
    }

    /// Folds one batch of a journal entry.
    pub fn fold(&mut self, at: Time, sequence: u64, facts: &[Fact]) {
        self.begin(at, sequence);
        facts.iter().for_each(|fact| self.apply(fact));
    }

    /// Applies one fact.
    pub fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::AlertFired { .. }
            | Fact::AlertChanged { .. }
            | Fact::AlertResolved { .. }
            | Fact::AlertsLost { .. }
            | Fact::AlertsForgotten { .. }
            | Fact::IncidentChanged { .. } => self.apply_event(fact),
            Fact::CaseOpened { .. }
            | Fact::AlertJoined { .. }
            | Fact::AlertsLeft { .. }
            | Fact::CaseDue { .. }
            | Fact::CaseClosed { .. }
            | Fact::BriefingOpened { .. }
            | Fact::BriefingMoved { .. } => self.apply_case(fact),
            Fact::Notified(notified) => self.notified(notified),
            Fact::DigestPlanned { audience, recipient, at } => {
                let key = (audience.clone(), recipient.clone());
                if let Some(digest) = self.digests.get_mut(&key) {
                    let before = std::mem::replace(&mut digest.due, *at);
                    let due = Due::Digest { audience: key.0, recipient: key.1 };
                    self.reschedule(due, Some(before), Some(*at));
                }
            }
            Fact::DigestDropped { audience, recipient } => {
                let key = (audience.clone(), recipient.clone());
                if let Some(digest) = self.digests.remove(&key) {
                    let due = Due::Digest { audience: key.0, recipient: key.1 };
                    self.reschedule(due, Some(digest.due), None);
                }
            }
            Fact::Withheld { .. } => self.apply_withheld(fact),
            Fact::Released { .. } | Fact::Returned { .. } | Fact::Rested { .. } | Fact::Ended { .. } => {
                self.apply_delivery(fact);
            }
            Fact::ChannelPaused { .. } | Fact::ChannelProbed { .. } | Fact::ChannelOpened { .. } => {
                self.apply_channel(fact);
            }
            _ => self.apply_ledger(fact),
        }
    }

    fn apply_ledger(&mut self, fact: &Fact) {
        match fact {
            Fact::Started { epoch, down_since, behind, until } => {
                self.epoch = *epoch;
                self.born.get_or_insert(self.time);
                if let Some(catch_up) = self.catch_up.take() {
                    self.reschedule(Due::CatchUp, Some(catch_up.until), None);
                }
                if let Some(down_since) = *down_since {
                    self.reschedule(Due::CatchUp, None, Some(*until));
                    self.catch_up =
                        Some(CatchUp { behind: behind.clone(), down_since, until: *until, ended: false });
                }
            }
            Fact::LaneCaughtUp { lane } => {
                if let Some(catch_up) = &mut self.catch_up {
                    catch_up.behind.retain(|behind| behind != lane);
                }
            }
            Fact::CatchUpSettled {} => self.catch_up = None,
            Fact::CatchUpEnded {} => {
                if let Some(catch_up) = &mut self.catch_up {
                    catch_up.ended = true;
                    let until = catch_up.until;
                    self.reschedule(Due::CatchUp, Some(until), None);
                }
            }
            Fact::PolicyAdopted { text } => {
                self.policy = Some(text.hash);
                self.policy_entry = self.sequence;
                self.policy_unread = Some(None);
            }
            Fact::PolicyRead { upto } => self.policy_unread = upto.map(Some),
            Fact::IdentityRemembered { key, body } => self.identities.add(self.time, *key, *body),
            Fact::IdentitiesForgotten { count } => self.identities.forget(*count as usize),
            Fact::NoticeRaised { notice, text, urgent, due, avoid } => {
                let entry = self.notices.entry(*notice).or_default();
                entry.count += 1;
                entry.text = text.clone();
                entry.urgent |= *urgent;
                entry.avoid = avoid.clone().or(entry.avoid.take());
                let before = entry.due;
                entry.due = before.or(*due);
                let after = entry.due;
                self.reschedule(Due::Notice(*notice), before, after);
            }
            Fact::NoticeTold { notice } => {
                let now = self.time;
                let entry = self.notices.entry(*notice).or_default();
                let before = entry.due;
                *entry = Notice { last: Some(now), ..Default::default() };
                self.reschedule(Due::Notice(*notice), before, None);
            }
            // These are for people and metrics; State does not depend on them.
            _ => {}
        }
    }

    fn apply_event(&mut self, fact: &Fact) {
        match fact {
            Fact::AlertFired { fingerprint, alert } => self.alert_fired(*fingerprint, alert),
            Fact::AlertChanged { fingerprint, annotations, url, starts_at } => {
                let now = self.time;
                if let Some(alert) = self.alerts.get_mut(fingerprint) {
                    alert.record.annotations = annotations.clone();
                    alert.record.url = url.clone();
                    alert.record.starts_at = *starts_at;
                    alert.changed = now;
                }
            }
            Fact::AlertResolved { fingerprint, ends_at } => {
                self.alert_ended(*fingerprint, Status::Resolved, *ends_at);
            }
            Fact::AlertsLost { alerts, .. } => {
                let now = self.time;
                alerts.iter().for_each(|alert| self.alert_ended(*alert, Status::Lost, now));
            }
            Fact::AlertsForgotten { alerts } => {
                alerts.iter().for_each(|alert| drop(self.alerts.remove(alert)));
            }
            Fact::IncidentChanged { event, stamp, open } => self.incident_changed(event, *stamp, *open),
            _ => {}
        }
    }

    fn alert_fired(&mut self, fingerprint: Fingerprint, record: &AlertRecord) {
        let now = self.time;
        let alert = match self.alerts.entry(fingerprint) {
            Entry::Vacant(place) => {
                let new = Alert { record: record.clone(), changed: now, cases: Vec::new() };
                place.insert(new);
                return;
            }
            Entry::Occupied(known) => known.into_mut(),
        };
        alert.record = record.clone();
        alert.changed = now;
        for case in &alert.cases {
            if let Some(member) = self.cases.get_mut(case).and_then(|case| case.members.get_mut(&fingerprint))
            {
                member.said_ended = false;
            }
        }
    }

    fn alert_ended(&mut self, fingerprint: Fingerprint, status: Status, at: Time) {
        if let Some(alert) = self.alerts.get_mut(&fingerprint) {
            alert.record.status = status;
            alert.record.ends_at = Some(at);
            alert.changed = self.time;
        }
    }

    fn incident_changed(&mut self, event: &IncidentEvent, stamp: Stamp, open: Option<bool>) {
        let now = self.time;
        let incident = self.incidents.entry(event.incident.clone()).or_default();
        incident.changed = now;
        incident.take(event, stamp);
        match event.action {
            Action::Note => {
                let text = event.note.clone().unwrap_or_default();
                let note = Note { at: stamp.at, kind: event.note_kind, text, by: event.by.clone() };
                incident.add_note(note);
            }
            Action::Acknowledge => {
                incident.record.acknowledged_by = event.by.clone();
                incident.stamps.insert("acknowledged".into(), stamp);
            }
            Action::Merge => {
                incident.merged_into = event.into.clone();
                incident.stamps.insert("merged".into(), stamp);
            }
            Action::Open | Action::Update | Action::Resolve | Action::Reopen => {}
        }
        if let Some(open) = open {
            incident.stamps.insert("open".into(), stamp);
            incident.open = Some(open);
            incident.open_since = Some(stamp.at);
        }
        if event.action == Action::Open {
            incident.opened = Some(incident.opened.map_or(stamp.at, |opened| opened.min(stamp.at)));
        }
    }

    fn apply_case(&mut self, fact: &Fact) {
        match fact {
            Fact::CaseOpened { case, about } => {
                let new = Case {
                    about: about.clone(),
                    opened: self.time,
                    due: None,
                    members: Default::default(),
                    briefings: Vec::new(),
                };
                self.cases.insert(*case, new);
            }
            Fact::AlertJoined { case, fingerprint } => {
                if let Some(case) = self.cases.get_mut(case) {
                    case.members.insert(*fingerprint, Member::default());
                }
                if let Some(alert) = self.alerts.get_mut(fingerprint) {
                    // Nearly always the only one, and there are very many alerts.
                    alert.cases.reserve_exact(1);
                    alert.cases.push(*case);
                }
            }
            Fact::AlertsLeft { case, alerts } => self.alerts_left(*case, alerts),
            Fact::CaseDue { case, at } => {
                if let Some(found) = self.cases.get_mut(case) {
                    let before = std::mem::replace(&mut found.due, *at);
                    self.reschedule(Due::Speak(*case), before, *at);
                }
            }
            Fact::CaseClosed { case } => self.case_closed(*case),
            Fact::BriefingOpened { case, audience, row, disclosure } => {
                if let Some(case) = self.cases.get_mut(case) {
                    case.briefings.reserve_exact(1);
                    case.briefings.push(Briefing {
                        audience: audience.clone(),
                        row: row.clone(),
                        disclosure: *disclosure,
                        ordinal: 0,
                        said: None,
                        lines: Default::default(),
                    });
                }
            }
            Fact::BriefingMoved { case, audience, row, disclosure } => {
                let case = self.cases.get_mut(case);
                if let Some(briefing) = case.and_then(|case| case.briefing_mut(audience)) {
                    briefing.row = row.clone();
                    briefing.disclosure = *disclosure;
                }
            }
            _ => {}
        }
    }

    fn alerts_left(&mut self, case: CaseId, alerts: &[Fingerprint]) {
        for fingerprint in alerts {
            if let Some(case) = self.cases.get_mut(&case) {
                case.members.remove(fingerprint);
            }
            if let Some(alert) = self.alerts.get_mut(fingerprint) {
                alert.cases.retain(|id| *id != case);
            }
        }
    }

    fn case_closed(&mut self, id: CaseId) {
        let Some(case) = self.cases.remove(&id) else { return };
        self.reschedule(Due::Speak(id), case.due, None);
        for fingerprint in case.members.keys() {
            if let Some(alert) = self.alerts.get_mut(fingerprint) {
                alert.cases.retain(|of| *of != id);
            }
        }
        if let CaseAbout::Incident { id } = &case.about {
            self.incidents.remove(id);
        }
    }

    fn notified(&mut self, notified: &Notified) {
        let now = self.time;
        self.last_notification = notified.id;
        self.sum.decided += notified.deliveries.len() as u64;
        self.notified_case(notified, now);
        for decided in &notified.deliveries {
            self.last_delivery = decided.id;
            let recipient = &decided.recipient;
            for row in [None, Some(&notified.row).filter(|row| !row.as_str().is_empty())] {
                self.windows.entry((recipient.clone(), row.cloned())).or_default().add(now);
            }
            let delivery = Delivery {
                notification: notified.id,
                entry: self.sequence,
                case: notified.case,
                audience: notified.audience.clone(),
                recipient: recipient.clone(),
                channel: decided.channel.clone(),
                kind: decided.kind,
                severity: notified.severity,
                ordinal: notified.ordinal,
                said: notified.said,
                key: decided.key,
                decided_at: now,
                due: notified.due,
                event_at: notified.event_at,
                standing: Standing::Waiting,
                released_at: Time::EPOCH,
                attempts: 0,
                failures: 0,
                maybe_sent: false,
            };
            self.deliveries.insert(decided.id, delivery);
            self.enqueue(decided.id);
        }
        self.notified_digest(notified, now);
    }

    fn notified_case(&mut self, notified: &Notified, now: Time) {
        let Some(case) = self.cases.get_mut(&notified.case) else { return };
        name_members(case, &notified.firing, &notified.ended);
        let Some(briefing) = case.briefing_mut(&notified.audience) else { return };
        briefing.ordinal = notified.ordinal;
        briefing.said = Some((notified.said, now));
        for decided in &notified.deliveries {
            let line = briefing.lines.begin(&decided.recipient);
            line.pending.push(decided.id);
            line.withheld = None;
        }
    }

    /// A digest was decided: what it names is no longer to come. Its recipients count as told once it is let go.
    fn notified_digest(&mut self, notified: &Notified, now: Time) {
        if notified.kind != Kind::Digest {
            return;
        }
        for decided in &notified.deliveries {
            let mut rows: Vec<Name> = Vec::new();
            let key = (notified.audience.clone(), decided.recipient.clone());
            if let Some(digest) = self.digests.remove(&key) {
                let due = Due::Digest { audience: key.0, recipient: key.1 };
                self.reschedule(due, Some(digest.due), None);
            }
            for spoken in &notified.speaks_for {
                let Some(case) = self.cases.get_mut(&spoken.case) else { continue };
                name_members(case, &spoken.firing, &spoken.ended);
                let Some(briefing) = case.briefing_mut(&spoken.audience) else { continue };
                briefing.said = Some((spoken.said, now));
                if !rows.contains(&briefing.row) {
                    rows.push(briefing.row.clone());
                }
                let line = briefing.lines.begin(&decided.recipient);
                line.withheld = None;
                line.told = Some(Told { ordinal: 0, said: spoken.said, at: now });
                line.opened = true;
            }
            for row in rows {
                self.windows.entry((decided.recipient.clone(), Some(row))).or_default().add(now);
            }
        }
    }

    fn apply_withheld(&mut self, fact: &Fact) {
        let Fact::Withheld { case, audience, recipient, reason, digest_at } = fact else { return };
        let briefing = self.cases.get_mut(case).and_then(|case| case.briefing_mut(audience));
        if let Some(briefing) = briefing {
            briefing.lines.begin(recipient).withheld = Some(*reason);
        }
        let Some(at) = *digest_at else { return };
        let key = (audience.clone(), recipient.clone());
        let mut fresh = false;
        let digest = self.digests.entry(key.clone()).or_insert_with(|| {
            fresh = true;
            Digests { due: at, cases: Default::default() }
        });
        digest.cases.insert(*case);
        if fresh {
            let due = Due::Digest { audience: key.0, recipient: key.1 };
            self.reschedule(due, None, Some(at));
        }
    }

    fn apply_delivery(&mut self, fact: &Fact) {
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
        let Some(delivery) = self.deliveries.get_mut(&id) else { return };
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
        let Some(line) = self.line_mut(&delivery) else { return };
        line.pending.retain(|pending| *pending != id);
        if line.pending.is_empty() {
            line.pending = Vec::new();
        }
        if let End::Delivered(Accepted { receipt: Some(receipt), .. }) = end {
            line.first.get_or_insert_with(|| receipt.clone());
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
        if line.told.is_none_or(|known| known.at <= told.at) {
            line.told = Some(told);
        }
    }

    fn apply_channel(&mut self, fact: &Fact) {
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

/// Notes which alerts of a group a message was the first to name as firing, or as ended.
fn name_members(case: &mut Case, firing: &[Fingerprint], ended: &[Fingerprint]) {
    for fingerprint in firing {
        if let Some(member) = case.members.get_mut(fingerprint) {
            *member = Member { said_firing: true, said_ended: false };
        }
    }
    for fingerprint in ended {
        if let Some(member) = case.members.get_mut(fingerprint) {
            member.said_ended = true;
        }
    }
}
