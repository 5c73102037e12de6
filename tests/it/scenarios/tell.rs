//! What was decided, as scenarios write it: a line for each fact that people would ask about.

use super::script::written;
use std::collections::BTreeMap;
use tidings::decide::state::State;
use tidings::decide::{CaseAbout, DeadBy, Decided, End, Fact, Notified, SupersededBy, SuppressedBy};
use tidings::event::id::{CaseId, DeliveryId};
use tidings::event::{Name, Recipient};
use tidings::message::Kind;

/// Names for what facts name by number.
#[derive(Default)]
pub struct Teller {
    cases: BTreeMap<CaseId, String>,
    deliveries: BTreeMap<DeliveryId, (Kind, String, Recipient, Name)>,
    attempts: BTreeMap<DeliveryId, u32>,
    /// The texts of messages since the last step.
    pub texts: Vec<String>,
}

impl Teller {
    /// The lines for some facts.
    pub fn lines(&mut self, facts: &[Fact], state: &State) -> Vec<String> {
        facts.iter().filter_map(|fact| self.line(fact, state)).collect()
    }

    fn line(&mut self, fact: &Fact, state: &State) -> Option<String> {
        Some(match fact {
            Fact::CaseOpened { case, about } => {
                let name = match about {
                    CaseAbout::Group { row, labels, .. } => format!("{row}{labels}"),
                    CaseAbout::Incident { id } => id.to_string(),
                    CaseAbout::Desk { .. } => "desk".to_owned(),
                };
                self.cases.insert(*case, name);
                return None;
            }
            Fact::CaseClosed { case } => format!("closed {}", self.case(*case)),
            Fact::Notified(notified) => self.notified(notified, state),
            Fact::Withheld { case, audience, recipient, reason, digest_at } => {
                let digest = digest_at.map(|at| format!(", digest {}", written(at))).unwrap_or_default();
                format!("withheld {} {audience} {recipient}: {}{digest}", self.case(*case), reason.as_str())
            }
            Fact::BriefingMoved { case, audience, row, disclosure, .. } => {
                format!("moved {} {audience}: row {row}, {disclosure}", self.case(*case))
            }
            Fact::DigestPlanned { audience, recipient, at } => {
                format!("digest {audience} {recipient} waits until {}", written(*at))
            }
            Fact::DigestDropped { audience, recipient } => format!("digest {audience} {recipient} dropped"),
            Fact::Released { deliveries } => return self.released(deliveries),
            Fact::Returned { delivery, maybe_sent, not_before, .. } => {
                let maybe = if *maybe_sent { " maybe sent" } else { "" };
                let again = not_before.map(|at| format!(", not before {}", written(at))).unwrap_or_default();
                format!("returned {}{maybe}{again}", self.delivery(*delivery))
            }
            Fact::Ended { end: End::Delivered(_), .. } => return None,
            Fact::Ended { delivery, end } => {
                format!("ended {}: {}", self.delivery(*delivery), end_words(end))
            }
            Fact::ChannelPaused { channel, until, .. } => {
                format!("paused {channel} until {}", until.map_or("resumed".to_owned(), written))
            }
            Fact::ChannelProbed { channel, delivery } => {
                format!("probe {channel}: {}", self.delivery(*delivery))
            }
            Fact::ChannelOpened { channel, allowed: Some(allowed) } => format!("{channel} takes {allowed}"),
            Fact::ChannelOpened { channel, allowed: None } => format!("{channel} is open"),
            Fact::AlertsLost { alerts, whole_source, .. } => {
                format!("lost {}{}", alerts.len(), if *whole_source { ", the whole source" } else { "" })
            }
            Fact::AlertsForgotten { alerts } => format!("forgotten {}", alerts.len()),
            Fact::AddressDied { recipient, .. } => format!("dead {}", short(recipient)),
            Fact::AddressRevived { recipient } => format!("not dead {}", short(recipient)),
            Fact::Quarantined { what } => format!("quarantined {what}"),
            Fact::Started { behind, down_since, .. } if down_since.is_some() => {
                let lanes: Vec<&str> = behind.iter().map(Name::as_str).collect();
                format!("catching up {}", lanes.join(" ")).trim_end().to_owned()
            }
            Fact::CatchUpEnded {} => format!("caught up, {} pending", state.deliveries.len()),
            other => return super::keep::line(other, |case| self.case(case)),
        })
    }

    fn notified(&mut self, notified: &Notified, state: &State) -> String {
        let case = match notified.kind {
            Kind::Digest => format!("{} cases", notified.speaks_for.len()),
            Kind::Notice => format!("\"{}\"", notified.message.title),
            _ => self.case(notified.case),
        };
        let message = &notified.message;
        self.texts
            .push(format!("{}\n{}\n{}\n{:?}", message.title, message.short, message.body, message.facts));
        let mut told = Vec::new();
        for Decided { id, recipient, channel, kind, .. } in &notified.deliveries {
            let name = (*kind, self.case(notified.case), recipient.clone(), notified.audience.clone());
            self.deliveries.insert(*id, name);
            let own = if *kind == notified.kind { String::new() } else { format!(" ({})", kind.as_str()) };
            let way = if short(recipient).ends_with(channel.as_str())
                || short(recipient).contains('@') && recipient.as_str().contains(&format!("@{channel}"))
            {
                String::new()
            } else {
                format!(" by {channel}")
            };
            told.push(format!("{}{way}{own}", short(recipient)));
        }
        let briefing = state.cases.get(&notified.case).and_then(|case| case.briefing(&notified.audience));
        let own = briefing.is_none_or(|briefing| briefing.disclosure == notified.disclosure);
        let late = state.time.since(notified.due);
        let minutes = late.millis() / 60_000;
        let delay = if minutes == 0 { String::new() } else { format!(", delayed {minutes} min") };
        let level = if own { String::new() } else { format!(", at level {}", notified.disclosure) };
        let again = if notified.is_redrive() { " redriven" } else { "" };
        format!(
            "{}{again} {case} {}: {}{level}{delay}{}",
            notified.kind.as_str(),
            notified.audience,
            told.join(", "),
            kept(notified),
        )
    }

    /// First attempts go without saying.
    fn released(&mut self, deliveries: &[DeliveryId]) -> Option<String> {
        let mut again = Vec::new();
        for id in deliveries {
            let attempts = self.attempts.entry(*id).or_default();
            *attempts += 1;
            if *attempts > 1 {
                let attempt = *attempts;
                again.push(format!("{} (attempt {attempt})", self.delivery(*id)));
            }
        }
        (!again.is_empty()).then(|| format!("again {}", again.join(", ")))
    }

    fn case(&self, case: CaseId) -> String {
        self.cases.get(&case).cloned().unwrap_or_else(|| "an unknown case".to_owned())
    }

    fn delivery(&self, id: DeliveryId) -> String {
        let Some((kind, case, recipient, _)) = self.deliveries.get(&id) else {
            return format!("delivery {id}");
        };
        let case = if case == "desk" { String::new() } else { format!(" {case}") };
        format!("{}{case} to {}", kind.as_str(), short(recipient))
    }
}

/// What it promises, whose words it uses, and what it is escalated for.
fn kept(notified: &Notified) -> String {
    let mut words = String::new();
    if let Some(cause) = notified.cause {
        words.push_str(&format!(", for {}", cause.as_str()));
    }
    if let Some(revision) = notified.revision {
        words.push_str(&format!(", revision {revision}"));
    }
    if notified.agreed {
        words.push_str(", agreed");
    }
    if let Some(next) = notified.next_update {
        words.push_str(&format!(", next {}", written(next)));
    }
    words
}

/// A recipient without the hash of its address.
fn short(recipient: &Recipient) -> &str {
    recipient.as_str().split('#').next().unwrap_or_default()
}

fn end_words(end: &End) -> String {
    let why = match end {
        End::Delivered(_) => "",
        End::Superseded { why: SupersededBy::Newer } => "newer",
        End::Superseded { why: SupersededBy::ResolvedBeforeSent } => "resolved before sent",
        End::Superseded { why: SupersededBy::MaybeTold } => "maybe told",
        End::Superseded { why: SupersededBy::FellBack } => "fell back",
        End::Suppressed { why: SuppressedBy::Removed } => "removed",
        End::Suppressed { why: SuppressedBy::Shadow } => "shadow",
        End::DeadLettered { why: DeadBy::Refused, .. } => "refused",
        End::DeadLettered { why: DeadBy::TooOld, .. } => "too old",
        End::DeadLettered { why: DeadBy::ChannelRemoved, .. } => "channel removed",
        End::DeadLettered { why: DeadBy::Quarantined, .. } => "quarantined",
    };
    format!("{} {why}", end.as_str())
}
