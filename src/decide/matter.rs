//! A case as it stands, incident or group of alerts: what its audiences are told of.

use super::fact::{CaseAbout, Said};
use super::names::Names;
use super::policy::Policy;
use super::route::Held;
use super::speak;
use super::standing::{self, Standing};
use super::state::{Briefing, Case, Incident, State};
use crate::event::id::{CaseId, Fingerprint};
use crate::event::{Labels, Severity, Time};
use crate::message::{self, CaseStatus, IncidentRecord, Kind, Subject};

/// A case as it stands.
pub(super) struct Matter<'a> {
    pub id: CaseId,
    pub case: &'a Case,
    pub status: CaseStatus,
    pub severity: Severity,
    /// When it ended, if it has.
    pub ended: Option<Time>,
    /// When what is new of it was received.
    pub event_at: Time,
    pub sort: Sort<'a>,
    names: Names,
    outside: Option<(String, Time)>,
}

/// What the case is about.
pub(super) enum Sort<'a> {
    Incident { incident: &'a Incident, record: Box<IncidentRecord> },
    Group { labels: &'a Labels, standing: Standing<'a>, max_alerts: usize },
}

/// What a word says besides the facts of the case.
#[derive(Clone, Copy, Default)]
pub(super) struct Shade {
    /// The end is not to be said yet (R26).
    pub hold: bool,
    /// By when a write-up is promised.
    pub write_up: Option<Time>,
}

impl<'a> Matter<'a> {
    pub fn incident(policy: &Policy, id: CaseId, case: &'a Case, incident: &'a Incident) -> Matter<'a> {
        let status = speak::status_of(incident);
        Matter {
            id,
            case,
            status,
            severity: speak::severity_of(policy, incident),
            ended: ended(incident).filter(|_| status == CaseStatus::Resolved),
            event_at: incident.changed,
            sort: Sort::Incident { incident, record: Box::new(speak::as_it_is_told(policy, incident)) },
            names: Names::of(policy, id, case),
            outside: outside(case),
        }
    }

    pub fn group(
        policy: &Policy,
        id: CaseId,
        case: &'a Case,
        labels: &'a Labels,
        standing: Standing<'a>,
        max_alerts: usize,
    ) -> Matter<'a> {
        let ends = standing.ended.iter().filter_map(|(_, alert)| alert.record.ends_at).max();
        Matter {
            id,
            case,
            status: standing.status,
            severity: standing.severity,
            ended: ends.filter(|_| standing.status == CaseStatus::Resolved),
            event_at: standing.changed,
            sort: Sort::Group { labels, standing, max_alerts },
            names: Names::of(policy, id, case),
            outside: outside(case),
        }
    }

    /// The case of that number, if it is one that audiences are told of.
    pub fn find(state: &'a State, policy: &Policy, id: CaseId) -> Option<Matter<'a>> {
        let case = state.cases.get(&id)?;
        match &case.about {
            CaseAbout::Incident { id: incident } => {
                Some(Matter::incident(policy, id, case, state.incidents.get(incident)?))
            }
            CaseAbout::Group { labels, .. } => {
                let briefing = case.briefings.first()?;
                let standing = Standing::of(state, case, briefing.said_severity());
                let row = policy.row(&briefing.row, &briefing.audience);
                let max_alerts = row.map_or(100, |row| row.max_alerts);
                Some(Matter::group(policy, id, case, labels, standing, max_alerts))
            }
            CaseAbout::Desk { .. } => None,
        }
    }

    /// What a message of this kind to this audience is about.
    pub fn subject<'s>(
        &'s self,
        policy: &'s Policy,
        briefing: &'s Briefing,
        kind: Kind,
        shade: Shade,
    ) -> Subject<'s> {
        let subject = match &self.sort {
            Sort::Incident { incident, record } => {
                let (case, names, severity) = (self.case, &self.names, self.severity);
                speak::subject(policy, case, incident, record, names, briefing, severity, kind)
            }
            Sort::Group { labels, standing, max_alerts } => {
                let (case, names, max) = (self.case, &self.names, *max_alerts);
                standing::subject(policy, case, labels, briefing, standing, names, kind, max)
            }
        };
        let customers_told = self.outside.as_ref().map(|(text, at)| (text.as_str(), *at));
        Subject { customers_told, hold: shade.hold, write_up: shade.write_up, ..subject }
    }

    /// What the case's state is for this audience.
    pub fn said(&self, policy: &Policy, briefing: &Briefing) -> Said {
        let subject = self.subject(policy, briefing, Kind::Update, Shade::default());
        match &self.sort {
            Sort::Incident { .. } => {
                let state = message::state_digest(&subject, briefing.disclosure);
                Said { status: self.status, state, severity: self.severity }
            }
            Sort::Group { standing, .. } => standing::said(&subject, standing, briefing.disclosure),
        }
    }

    /// The same of a text that was agreed beforehand (R23).
    pub fn agreed_said(&self, policy: &Policy, briefing: &Briefing) -> Said {
        let subject = self.subject(policy, briefing, Kind::Update, Shade::default());
        let state = message::agreed_state(&subject, briefing.disclosure);
        Said { status: self.status, state, severity: self.severity }
    }

    /// The alerts that a word is the first to name, as firing and as ended.
    pub fn unsaid(&self) -> (Vec<Fingerprint>, Vec<Fingerprint>) {
        let Sort::Group { standing, .. } = &self.sort else { return Default::default() };
        super::group::unsaid(self.case, standing)
    }

    /// Whether it goes on as another incident.
    pub fn is_merged(&self) -> bool {
        matches!(&self.sort, Sort::Incident { incident, .. } if incident.is_merged())
    }

    /// What outsiders were told last of it, as they read it.
    pub fn told_outside(&self) -> Option<&str> {
        self.outside.as_ref().map(|(text, _)| text.as_str())
    }

    /// What it is called among insiders.
    pub fn reference(&self) -> &str {
        &self.names.reference
    }

    /// What it is called among everybody else.
    pub fn public_reference(&self) -> &str {
        &self.names.public_reference
    }

    /// How long its rows' conditions have held.
    pub fn held(&self, policy: &Policy) -> Held<'a> {
        let critical = match &self.sort {
            Sort::Incident { record, .. } => {
                record.components.iter().any(|component| policy.critical.contains(component))
            }
            Sort::Group { .. } => false,
        };
        Held::Case { case: self.case, critical }
    }
}

/// When an incident ended, or was merged into the one as which it goes on.
fn ended(incident: &Incident) -> Option<Time> {
    let merged = || incident.stamps.get("merged").map(|stamp| stamp.at);
    if incident.open == Some(false) { incident.open_since } else { merged() }
}

/// What outsiders were told last.
fn outside(case: &Case) -> Option<(String, Time)> {
    let outside = case.course.as_ref()?.outside.as_ref()?;
    Some((outside.text.to_string(), outside.at))
}
