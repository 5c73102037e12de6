//! R37: what a reload would leave behind: what is on its way, who is kept informed, and what waits, under another policy.

mod orphan;

pub use orphan::{Orphan, OrphanKind};

use super::desk;
use super::fact::{Asked, End, Fact};
use super::matter::Matter;
use super::outcome;
use super::policy::Policy;
use super::promise;
use super::row::Row;
use super::speak;
use super::state::{Briefing, Delivery, Line, State};
use super::{target, via};
use crate::event::id::{CaseId, DeliveryId};
use crate::event::{Name, Recipient, Span};
use crate::message::{CaseStatus, Kind};
use std::collections::BTreeMap;

/// What a reload of `next` would leave behind of what there is under the policy that holds; the worst first.
pub fn against(state: &State, holds: &Policy, next: &Policy) -> Vec<Orphan> {
    let reload = Reload { state, holds, next };
    let mut found: Vec<Orphan> =
        state.deliveries.iter().filter_map(|(id, delivery)| reload.delivery(*id, delivery)).collect();
    state.cases.keys().for_each(|id| reload.case(*id, &mut found));
    found.extend(reload.rules());
    found.sort();
    // What several messages on one line would come to is said once.
    found.dedup();
    found
}

/// State under the policy that holds, and under the one that would.
struct Reload<'a> {
    state: &'a State,
    holds: &'a Policy,
    next: &'a Policy,
}

/// One open briefing under both.
struct Open<'a> {
    briefing: &'a Briefing,
    /// The case as it is, and as it would be.
    was: &'a Matter<'a>,
    is: &'a Matter<'a>,
    /// The row that governs, and the one that would.
    row: Option<&'a Row>,
    next_row: Option<&'a Row>,
}

impl Open<'_> {
    fn orphan(&self, kind: OrphanKind, text: String) -> Orphan {
        Orphan {
            kind,
            case: Some(self.was.reference().into()),
            audience: Some(self.briefing.audience.clone()),
            recipient: None,
            text: text.into(),
        }
    }
}

impl<'a> Reload<'a> {
    /// What is on its way; what is let go ends by its outcome.
    fn delivery(&self, id: DeliveryId, delivery: &Delivery) -> Option<Orphan> {
        if outcome::orphaned(self.holds, id, delivery).is_some() {
            return None;
        }
        let Fact::Ended { end, .. } = outcome::orphaned(self.next, id, delivery)? else { return None };
        let what = what_is_sent(delivery.kind);
        let (kind, text) = match end {
            End::DeadLettered { .. } => (
                OrphanKind::ChannelRemoved,
                format!("{what} would be a dead letter: there is no channel {}.", delivery.channel),
            ),
            _ => (OrphanKind::RecipientRemoved, format!("{what} would not be sent: whom it is for is gone.")),
        };
        Some(Orphan {
            kind,
            case: self.reference(delivery.case),
            audience: Some(delivery.audience.clone()),
            recipient: Some(delivery.recipient.clone()),
            text: text.into(),
        })
    }

    fn reference(&self, id: CaseId) -> Option<Box<str>> {
        Matter::find(self.state, self.holds, id).map(|matter| matter.reference().into())
    }

    fn case(&self, id: CaseId, found: &mut Vec<Orphan>) {
        let both = Matter::find(self.state, self.holds, id).zip(Matter::find(self.state, self.next, id));
        let Some((was, is)) = both else { return };
        let rows = |policy: &'a Policy, matter: &Matter<'_>| match matter.status {
            CaseStatus::Open => speak::governing(policy, self.state.time, matter),
            CaseStatus::Resolved | CaseStatus::Lost => Vec::new(),
        };
        let (rows, next_rows) = (rows(self.holds, &was), rows(self.next, &is));
        for briefing in was.case.briefings.iter().filter(|briefing| promise::goes_on(&was, briefing)) {
            let (matched, row) = governs(self.holds, &rows, briefing);
            let (matches, next_row) = governs(self.next, &next_rows, briefing);
            let open = Open { briefing, was: &was, is: &is, row, next_row };
            found.extend(self.audience(&open));
            found.extend(self.row(&open, matched && !matches));
            found.extend(self.draft(&open));
            found.extend(self.escalation(&open));
            found.extend(self.unheard(&open));
        }
    }

    /// Who would be kept informed.
    fn audience(&self, open: &Open<'_>) -> Option<Orphan> {
        let name = &open.briefing.audience;
        if self.is_nobody(self.holds, name) {
            return None;
        }
        if !self.next.audiences.contains_key(name) {
            let text = "Nobody would hear of a change; who was told would hear of the end, at the stricter level of then and now.";
            return Some(open.orphan(OrphanKind::AudienceRemoved, text.to_owned()));
        }
        if self.is_nobody(self.next, name) {
            let text = "There would be nobody in it to tell of a change.";
            return Some(open.orphan(OrphanKind::NobodyLeft, text.to_owned()));
        }
        let (before, after) = (open.briefing.disclosure, self.next.disclosure(name));
        let stricter = before.stricter(after);
        (stricter != before).then(|| {
            let text = format!("It is told what is {before}, and would be told what is {stricter}.");
            open.orphan(OrphanKind::Stricter, text)
        })
    }

    fn is_nobody(&self, policy: &Policy, audience: &Name) -> bool {
        let audience = policy.audiences.get(audience);
        audience.is_none_or(|audience| via::by_every_address(policy, self.state.time, audience).is_empty())
    }

    /// By which row, and how often.
    fn row(&self, open: &Open<'_>, narrowed: bool) -> Option<Orphan> {
        let (row, promise) = (open.row?, open.briefing.promise());
        let holds = promise.map(|promise| format!(" The word promised by {} stays promised.", promise.due));
        let holds = holds.unwrap_or_default();
        let Some(next_row) = open.next_row else {
            let text = format!("There would be no row {} to it, nor another.{holds}", row.name);
            return Some(open.orphan(OrphanKind::RowGone, text));
        };
        if narrowed {
            let text = format!("The row {} would match this case no more.{holds}", row.name);
            return Some(open.orphan(OrphanKind::RowGone, text));
        }
        let before = promise::every(self.holds, row, open.was);
        let after = promise::every(self.next, next_row, open.is);
        let text = format!("It is told {}, and would be told {}.{holds}", rhythm(before), rhythm(after));
        (promise.is_some() && before != after).then(|| open.orphan(OrphanKind::RhythmChanged, text))
    }

    /// The word that somebody is to approve.
    fn draft(&self, open: &Open<'_>) -> Option<Orphan> {
        let audience = &open.briefing.audience;
        let draft = open.briefing.draft().filter(|draft| draft.approved.is_none() && !draft.rejected)?;
        let (row, revision) = (open.row?, draft.revision);
        row.keeping.approval.as_ref()?;
        let what = format!("Revision {revision} of the {}", draft.kind.as_str());
        let approval = open.next_row.and_then(|row| row.keeping.approval.as_ref());
        if approval.is_none() && self.next.audiences.contains_key(audience) {
            let text = match open.next_row {
                Some(_) => format!("{what} waits, and no row would want it approved."),
                None => format!("{what} waits, and without a row agreed words would leave instead."),
            };
            return Some(open.orphan(OrphanKind::ApprovalDropped, text));
        }
        let asked = match draft.asked {
            Asked::Nobody => return None,
            Asked::Lead => desk::comms_lead(self.holds, open.was),
            Asked::Approvers | Asked::Others => approvers(self.holds, audience).map(Name::as_str),
        }?;
        let gone = match draft.asked {
            Asked::Lead => desk::comms_lead(self.next, open.is).is_none(),
            _ => self.is_nobody(self.next, &Name::from(asked)),
        };
        let others = approvers(self.next, audience).filter(|name| name.as_str() != asked);
        let others = others.map_or("nobody else".to_owned(), ToString::to_string);
        let text = format!("{what} was asked of {asked}; of the next one {others} would be asked.");
        gone.then(|| open.orphan(OrphanKind::ApproversRemoved, text))
    }

    /// To whom it would be escalated that nobody has taken the case on.
    fn escalation(&self, open: &Open<'_>) -> Option<Orphan> {
        let course = open.was.case.course.as_deref();
        let over = course.is_some_and(|course| {
            course.acked.is_some() || course.escalated.contains(&open.briefing.audience)
        });
        if over || open.was.status != CaseStatus::Open {
            return None;
        }
        let before = escalates_to(self.holds, open.row)?;
        let after = escalates_to(self.next, open.next_row);
        let gone = after.is_none_or(|after| after != before && self.is_nobody(self.next, before));
        let after = after.map_or("nobody", Name::as_str);
        let text = format!("Unacknowledged, it is escalated to {before}, and would be to {after}.");
        gone.then(|| open.orphan(OrphanKind::EscalationMoved, text))
    }

    /// Who was told and is owed the end, and could be told it by none of the ways by which they were told (R27).
    fn unheard(&self, open: &Open<'_>) -> Vec<Orphan> {
        let owed = |line: &Line| match line.told {
            Some(told) => told.said.status != CaseStatus::Resolved,
            None => target::may_know(self.state, line),
        };
        let mut ways: BTreeMap<&str, Vec<&Recipient>> = BTreeMap::new();
        for (recipient, _) in open.briefing.lines.iter().filter(|(_, line)| owed(line)) {
            if self.holds.endpoints.contains_key(recipient) {
                ways.entry(target::person(self.holds, recipient)).or_default().push(recipient);
            }
        }
        let gone = |ways: &Vec<&Recipient>| ways.iter().all(|way| !self.next.endpoints.contains_key(*way));
        let lost = ways.into_iter().filter(|(_, ways)| gone(ways));
        let orphan = |(person, ways): (&str, Vec<&Recipient>)| {
            let is_there = self.next.contacts.get(person).is_some_and(|contact| !contact.all.is_empty());
            let text = if is_there {
                format!("{person} was told by ways that would be gone, and has others only for what is new.")
            } else {
                format!("{} was told, and would be gone.", person.split('#').next().unwrap_or(person))
            };
            let recipient = ways.first().map(|way| (*way).clone());
            Orphan { recipient, ..open.orphan(OrphanKind::UntoldOfEnd, text) }
        };
        lost.map(orphan).collect()
    }

    /// Open incidents whose rules would be gone.
    fn rules(&self) -> impl Iterator<Item = Orphan> + '_ {
        let has =
            |policy: &Policy, rule: &Name| policy.incident_rules.iter().any(|known| known.name == *rule);
        let open = |id: &str| {
            self.state
                .incidents
                .get(id)
                .is_some_and(|incident| speak::status_of(incident) == CaseStatus::Open)
        };
        let watched =
            self.state.watched.iter().filter(move |(id, watch)| watch.opened && !watch.taken && open(id));
        let gone =
            watched.filter(move |(_, watch)| has(self.holds, &watch.rule) && !has(self.next, &watch.rule));
        gone.map(|(id, watch)| {
            let end = match self.next.resolve_incidents_after {
                Some(after) => format!("it would be resolved {after} after its last alert"),
                None => "only a person would resolve it".to_owned(),
            };
            Orphan {
                kind: OrphanKind::RuleRemoved,
                case: Some(id.clone()),
                audience: None,
                recipient: None,
                text: format!("There would be no rule {}: {end}.", watch.rule).into(),
            }
        })
    }
}

/// Whether one of these rows governs a briefing, and which does, or did to its end.
fn governs<'p>(policy: &'p Policy, rows: &[&'p Row], briefing: &Briefing) -> (bool, Option<&'p Row>) {
    let row = rows.iter().find(|row| row.audience == briefing.audience).copied();
    (row.is_some(), row.or_else(|| policy.row(&briefing.row, &briefing.audience)))
}

/// Who is asked to approve what an audience is told, once the comms lead has been.
fn approvers<'p>(policy: &'p Policy, audience: &Name) -> Option<&'p Name> {
    let own = policy.audiences.get(audience).and_then(|audience| audience.approvers.as_ref());
    own.or(desk::owner(policy))
}

/// To whom a row escalates that nobody has taken a case on.
fn escalates_to<'p>(policy: &'p Policy, row: Option<&'p Row>) -> Option<&'p Name> {
    let row = row.filter(|row| row.keeping.ack_within.is_some())?;
    row.keeping.escalate_to.as_ref().or(desk::owner(policy))
}

fn rhythm(every: Option<Span>) -> String {
    every.map_or("on change".to_owned(), |every| format!("every {every}"))
}

fn what_is_sent(kind: Kind) -> String {
    let word = kind.as_str();
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
    format!("{article} {word}")
}
