//! Facts and State → metrics: counted once durable, and never from what an event says.

use super::messages::Open;
use crate::config::Config;
use crate::decide::state::{Health, State};
use crate::decide::{
    AckWay, CaseAbout, Cause, Command, End, Fact, HeldReason, Kept, Policy, PromiseEnd, Verdict,
    WithheldReason,
};
use crate::event::id::CaseId;
use crate::event::{Name, Severity, Span, Status, Time};
use crate::ingest::{Arrival, http};
use crate::message::{CaseStatus, Kind};
use crate::observe::metrics::Metrics;
use crate::observe::{
    AlertState, Approval, CaseKind, DeadLetter, EventOutcome, Purpose, REMOVED, Vocabulary, Withheld,
};
use std::collections::BTreeMap;

/// What one entry is to be counted for, once it is durable (R1).
#[derive(Debug, Default)]
pub struct Measures {
    ended: Vec<(Name, crate::observe::End)>,
    delays: Vec<(Name, Severity, Span)>,
    decided: usize,
    withheld: Vec<Withheld>,
    dead_letters: Vec<DeadLetter>,
    kept: Vec<Counted>,
}

/// One thing about how audiences are kept told.
#[derive(Debug)]
enum Counted {
    FirstWord(Name, Severity, Span),
    FirstWordMissed(Name),
    Said(Name, Purpose, bool),
    PromiseEnded(Name, PromiseEnd),
    Escalated(Cause),
    Acknowledged(AckWay, Span),
    Answered(Approval, Span),
}

impl Counted {
    fn count(&self, metrics: &Metrics) {
        match self {
            Counted::FirstWord(audience, severity, after) => {
                metrics.first_word(audience.as_str(), *severity, *after);
            }
            Counted::FirstWordMissed(audience) => metrics.first_word_missed(audience.as_str()),
            Counted::Said(audience, purpose, promises) => {
                metrics.said(audience.as_str(), *purpose, *promises);
            }
            Counted::PromiseEnded(audience, how) => metrics.promise_ended(audience.as_str(), *how),
            Counted::Escalated(cause) => metrics.escalated(*cause),
            Counted::Acknowledged(way, after) => metrics.acknowledged(*way, *after),
            Counted::Answered(answer, waited) => metrics.approval_answered(*answer, *waited),
        }
    }
}

impl Measures {
    /// Counts.
    pub fn count(self, metrics: &Metrics) {
        self.ended.iter().for_each(|(channel, end)| metrics.delivery_ended(channel.as_str(), *end));
        for (channel, severity, delay) in &self.delays {
            metrics.notification_delay(channel.as_str(), *severity, *delay);
        }
        if self.decided > 0 {
            metrics.deliveries_decided(self.decided);
        }
        self.withheld.iter().for_each(|reason| metrics.withheld(*reason));
        self.dead_letters.iter().for_each(|kind| metrics.dead_letter(*kind));
        self.kept.iter().for_each(|kept| kept.count(metrics));
    }
}

/// Notes that somebody took a case on, by what State then says of it.
pub fn acknowledged(measures: &mut Measures, state: &State, now: Time, case: CaseId, way: AckWay) {
    let Some(case) = state.cases.get(&case) else { return };
    let since = case.course.as_ref().and_then(|course| course.unacked_since).unwrap_or(case.opened);
    measures.kept.push(Counted::Acknowledged(way, now.since(since)));
}

/// What a person's answer about a draft is to be counted for, by what State says before it is decided.
pub fn approval(state: &State, now: Time, command: &Command) -> Option<(Approval, Span)> {
    let (case, audience, answer) = match command {
        Command::ApproveDraft { case, audience, .. } => (case, audience, Approval::Approved),
        Command::RejectDraft { case, audience, .. } => (case, audience, Approval::Rejected),
        _ => return None,
    };
    let draft = state.cases.get(case)?.briefing(audience)?.draft()?;
    Some((answer, now.since(draft.begun)))
}

/// Notes that a person answered about a draft.
pub fn answered(measures: &mut Measures, (answer, waited): (Approval, Span)) {
    measures.kept.push(Counted::Answered(answer, waited));
}

/// Notes what a fact is to be counted for.
pub fn fact(metrics: &Metrics, policy: &Policy, fact: &Fact, measures: &mut Measures) {
    match fact {
        Fact::Notified(notified) => {
            measures.decided += notified.deliveries.len();
            let promises = notified.next_update.is_some();
            measures.kept.push(Counted::Said(notified.audience.clone(), purpose(notified.kind), promises));
        }
        Fact::Kept(Kept::FirstWordMissed { audience, .. }) => {
            measures.kept.push(Counted::FirstWordMissed(audience.clone()));
        }
        Fact::Kept(Kept::PromiseEnded { audience, how, .. }) => {
            measures.kept.push(Counted::PromiseEnded(audience.clone(), *how));
        }
        Fact::Kept(Kept::Escalated { cause, .. }) => measures.kept.push(Counted::Escalated(*cause)),
        Fact::Withheld { reason, .. } => measures.withheld.push(withheld(*reason)),
        Fact::DeadLettered { .. } => measures.dead_letters.push(DeadLetter::Event),
        Fact::Quarantined { .. } => measures.dead_letters.push(DeadLetter::Quarantine),
        Fact::AlertFired { alert, .. } if !policy.ladder.place(alert.labels.get("severity")).1 => {
            metrics.unknown_severity();
        }
        Fact::BriefingOpened { row, .. } if row.as_str() == "unrouted" => metrics.unrouted(),
        _ => {}
    }
}

/// Notes the end of a delivery.
pub fn ended(measures: &mut Measures, state: &State, open: &Open, now: Time, end: &End) {
    let word = match end {
        End::Delivered(_) => crate::observe::End::Delivered,
        End::Superseded { .. } => crate::observe::End::Superseded,
        End::Suppressed { .. } => crate::observe::End::Suppressed,
        End::DeadLettered { .. } => {
            measures.dead_letters.push(DeadLetter::Delivery);
            crate::observe::End::DeadLettered
        }
    };
    if matches!(end, End::Delivered(_)) {
        measures.delays.push((open.channel.clone(), open.severity, now.since(open.event_at)));
        measures.kept.extend(first_word(state, open, now));
    }
    measures.ended.push((open.channel.clone(), word));
}

/// The first word of a case to an audience, if that is what was handed over: nobody else there has been told yet.
fn first_word(state: &State, open: &Open, now: Time) -> Option<Counted> {
    let (case, audience) = open.first.as_ref()?;
    let case = state.cases.get(case).filter(|case| !matches!(case.about, CaseAbout::Desk { .. }))?;
    let told = case.briefing(audience)?.lines.iter().filter(|(_, line)| line.told.is_some()).take(2).count();
    (told == 1).then(|| Counted::FirstWord(audience.clone(), open.severity, now.since(case.opened)))
}

fn purpose(kind: Kind) -> Purpose {
    match kind {
        Kind::Opening => Purpose::Opening,
        Kind::Update => Purpose::Update,
        Kind::Reminder => Purpose::Reminder,
        Kind::Escalation => Purpose::Escalation,
        Kind::Holding => Purpose::Holding,
        Kind::Digest => Purpose::Digest,
        Kind::Resolution => Purpose::Resolution,
        Kind::Notice => Purpose::Notice,
    }
}

fn withheld(reason: WithheldReason) -> Withheld {
    match reason {
        WithheldReason::Duplicate => Withheld::Duplicate,
        WithheldReason::Throttled => Withheld::Throttled,
        WithheldReason::Ceiling => Withheld::Ceiling,
        WithheldReason::FirstStart => Withheld::FirstStart,
        WithheldReason::WhileDown => Withheld::WhileDown,
    }
}

/// What an event came to, in the word of the metric.
pub fn outcome(verdict: Verdict) -> EventOutcome {
    match verdict {
        Verdict::Decided => EventOutcome::Decided,
        Verdict::Unchanged => EventOutcome::Unchanged,
        Verdict::Duplicate => EventOutcome::Duplicate,
        Verdict::Conflict => EventOutcome::Conflict,
        Verdict::DeadLettered => EventOutcome::DeadLetter,
    }
}

/// What is to be counted about an arrival as such.
pub fn flags(metrics: &Metrics, lane: &Name, arrival: &Arrival) {
    if arrival.flags.other_type {
        metrics.lane_other_type(lane.as_str());
    }
}

/// The names that label metrics.
pub fn vocabulary(config: &Config) -> Vocabulary {
    let nats = config.ingest.nats.iter().flat_map(|nats| nats.reads.iter().map(|lane| lane.name.clone()));
    let http = config.ingest.http.iter().flat_map(|_| http::LANES.map(Name::from));
    Vocabulary {
        channels: config.policy.channels.keys().cloned().collect(),
        audiences: config.policy.audiences.keys().cloned().collect(),
        severities: config.policy.ladder.names().to_vec(),
        lanes: nats.chain(http).collect(),
    }
}

/// The HTTP face listens: its lanes, where they are configured, can be read.
pub fn http_listens(metrics: &Metrics) {
    http::LANES.iter().for_each(|lane| metrics.lane_connected(lane, true));
}

/// What State is, once a second.
pub fn gauges(metrics: &Metrics, state: &State, policy: &Policy) {
    let mut alerts: BTreeMap<Status, usize> = BTreeMap::new();
    for alert in state.alerts.values() {
        *alerts.entry(alert.record.status).or_default() += 1;
    }
    let of = |status| alerts.get(&status).copied().unwrap_or_default();
    metrics.alerts(AlertState::Firing, of(Status::Firing));
    metrics.alerts(AlertState::Resolved, of(Status::Resolved));
    metrics.alerts(AlertState::Lost, of(Status::Lost));
    let (mut groups, mut incidents) = (0, 0);
    for case in state.cases.values() {
        match &case.about {
            CaseAbout::Group { .. } => groups += 1,
            CaseAbout::Incident { id } => {
                incidents += usize::from(state.incidents.get(id).is_some_and(|i| i.open == Some(true)));
            }
            CaseAbout::Desk { .. } => {}
        }
    }
    metrics.cases_open(CaseKind::Alert, groups);
    metrics.cases_open(CaseKind::Incident, incidents);
    pending(metrics, state, policy);
    briefings(metrics, state, policy);
    metrics.sum_law_broken(!state.sum_holds());
    metrics.catching_up(state.catch_up.is_some());
}

/// Who is told of what goes on, and which words wait.
fn briefings(metrics: &Metrics, state: &State, policy: &Policy) {
    let names = policy.audiences.keys().map(Name::as_str).chain([REMOVED]);
    let mut open: BTreeMap<&str, usize> = names.map(|name| (name, 0)).collect();
    let mut held: BTreeMap<HeldReason, usize> = BTreeMap::new();
    for case in state.cases.values().filter(|case| !matches!(case.about, CaseAbout::Desk { .. })) {
        for briefing in &case.briefings {
            // Whoever was told the end is told of nothing that goes on.
            let over = briefing.said.is_some_and(|(said, _)| said.status == CaseStatus::Resolved);
            let known = policy.audiences.contains_key(&briefing.audience);
            let audience = if known { briefing.audience.as_str() } else { REMOVED };
            *open.entry(audience).or_default() += usize::from(!over);
            if let Some(waits) = briefing.held() {
                *held.entry(waits.why).or_default() += 1;
            }
        }
    }
    open.into_iter().for_each(|(audience, count)| metrics.open_briefings(audience, count));
    for why in HeldReason::ALL {
        metrics.words_held(why, held.get(&why).copied().unwrap_or_default());
    }
}

fn pending(metrics: &Metrics, state: &State, policy: &Policy) {
    let mut by_channel: BTreeMap<&Name, usize> = policy.channels.keys().map(|name| (name, 0)).collect();
    let mut oldest: BTreeMap<Severity, Time> = BTreeMap::new();
    for delivery in state.deliveries.values() {
        *by_channel.entry(&delivery.channel).or_default() += 1;
        let known = oldest.entry(delivery.severity).or_insert(delivery.decided_at);
        *known = (*known).min(delivery.decided_at);
    }
    for (channel, count) in by_channel {
        metrics.deliveries_pending(channel.as_str(), count);
    }
    for place in (0..policy.ladder.names().len() as u8).map(Severity).chain([Severity::NONE]) {
        metrics.deliveries_oldest_pending(place, oldest.get(&place).copied());
    }
    for name in policy.channels.keys() {
        let paused = state
            .channels
            .get(name)
            .is_some_and(|channel| matches!(channel.health, Health::Paused { .. } | Health::Probing { .. }));
        metrics.channel_paused(name.as_str(), paused);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, deliver};

    fn connected(ways_in: &str) -> Vec<String> {
        let text = format!(
            "version = 1\n{ways_in}\n[journal]\npath = \"/j\"\n[channel.c]\ntype = \"console\"\n[audience.a]\ndisclosure = \"internal\"\n\
             destinations = [\"c\"]\n[[route]]\nname = \"r\"\nkind = \"alert\"\naudience = \"a\"\n"
        );
        let config = config::from_texts(&[("tidings.toml", text)], [0; 32], deliver::kinds()).unwrap();
        let metrics = Metrics::new(Time::EPOCH);
        metrics.know(&vocabulary(&config));
        http_listens(&metrics);
        let text = metrics.render();
        let lines = text.lines().filter(|line| line.starts_with("tidings_lane_connected{"));
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn lanes_of_http_are_there_where_it_is_configured() {
        let http = "[ingest.http]\nlisten = \"127.0.0.1:0\"";
        let nats = "[ingest.nats]\nservers = [\"nats://localhost:4222\"]\n[[ingest.nats.read]]\nstream = \"S\"\nsubjects = [\"s.>\"]";
        let lanes = ["http-alerts", "http-incidents"];
        let ours = lanes.map(|lane| format!("tidings_lane_connected{{lane=\"{lane}\"}} 1"));
        let mut found = connected(http);
        found.sort();
        assert_eq!(found, ours);
        assert!(connected(nats).iter().all(|line| !line.contains("http")), "{:?}", connected(nats));
    }
}
