//! What happened outside: alerts and incidents.

use crate::decide::fact::{AlertRecord, Fact, Stamp};
use crate::decide::state::{Alert, Due, Member, State};
use crate::event::id::Fingerprint;
use crate::event::{Action, IncidentEvent, Status, Time};
use crate::message::Note;

impl State {
    pub(super) fn apply_event(&mut self, fact: &Fact) {
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
            Fact::ReadingPlanned { fingerprint, at } => {
                let before = match *at {
                    Some(at) => self.rereads.insert(*fingerprint, at),
                    None => self.rereads.remove(fingerprint),
                };
                self.reschedule(Due::Read(*fingerprint), before, *at);
            }
            Fact::AlertsForgotten { alerts } => {
                alerts.iter().for_each(|alert| drop(self.alerts.remove(alert)));
            }
            Fact::MergeWaits { incident, waits } => {
                if let Some(incident) = self.incidents.get_mut(incident) {
                    incident.merge_waits = *waits;
                }
            }
            Fact::IncidentChanged { event, stamp, open, received } => {
                self.incident_changed(event, *stamp, *open, received.unwrap_or(self.time));
            }
            _ => {}
        }
    }

    fn alert_fired(&mut self, fingerprint: Fingerprint, record: &AlertRecord) {
        let now = self.time;
        let alert = self.alerts.entry(fingerprint).or_insert_with(|| Alert {
            record: record.clone(),
            changed: now,
            cases: Vec::new(),
        });
        alert.record = record.clone();
        alert.changed = now;
        for case in alert.cases.clone() {
            let member = self.cases.get_mut(&case).and_then(|case| case.members.get_mut(&fingerprint));
            // Its end was told: this firing is news again.
            if let Some(member) = member.filter(|member| member.said_ended) {
                *member = Member::default();
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

    fn incident_changed(&mut self, event: &IncidentEvent, stamp: Stamp, open: Option<bool>, received: Time) {
        let now = self.time;
        let incident = self.incidents.entry(event.incident.clone()).or_default();
        incident.changed = now;
        incident.heard = incident.heard.max(received);
        incident.take(event, stamp);
        match event.action {
            Action::Note => {
                let text = event.note.clone().or_else(|| event.write_up.clone()).unwrap_or_default();
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
            if incident.open != Some(open) {
                incident.open_since = Some(stamp.at);
            }
            incident.open = Some(open);
        }
        if event.action == Action::Open {
            incident.opened = Some(incident.opened.map_or(stamp.at, |opened| opened.min(stamp.at)));
        }
    }
}
