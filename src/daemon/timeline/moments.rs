//! What keeping audiences told brought about: promises, approvals, escalations, acknowledgements, in sentences.

use super::figures::long;
use super::step::Step;
use super::{Reader, Source};
use crate::decide::{
    AckWay, Asked, Cause, Drafted, DropReason, Fact, HeldReason, Kept, MissReason, PromiseEnd,
};
use crate::event::{Name, Recipient, Time};
use crate::history::Moment;
use std::collections::BTreeMap;

/// The steps of everything that is neither an event nor a message.
pub(super) fn steps(source: &Source, reader: &Reader) -> Vec<Step> {
    let mut walk = Walk { source, reader, drafts: BTreeMap::new() };
    let mut steps: Vec<Step> = source.trail.moments.iter().filter_map(|moment| walk.step(moment)).collect();
    steps.extend(promises(source, reader));
    steps
}

/// What is known of drafts on the way through the moments.
struct Walk<'a> {
    source: &'a Source,
    reader: &'a Reader,
    /// By audience: since when an answer is waited for, and the newest revision.
    drafts: BTreeMap<&'a str, (Time, &'a Drafted)>,
}

impl<'a> Walk<'a> {
    fn step(&mut self, moment: &'a Moment) -> Option<Step> {
        let (text, what, audience) = match &moment.fact {
            Fact::Kept(Kept::Drafted(drafted)) => {
                (self.drafted(moment.at, drafted)?, "drafted", Some(&drafted.audience))
            }
            Fact::Kept(Kept::DraftAsked { audience, revision, asked, .. }) => {
                (self.asked(audience, *revision, *asked)?, "approval_asked", Some(audience))
            }
            Fact::Kept(Kept::DraftApproved { audience, revision, by, .. }) => {
                let waited = self.answered(audience, moment.at);
                (self.answer(audience, *revision, "approved", by, &waited, None), "approved", Some(audience))
            }
            Fact::Kept(Kept::DraftRejected { audience, revision, by, reason, .. }) => {
                let waited = self.answered(audience, moment.at);
                let text = self.answer(audience, *revision, "rejected", by, &waited, Some(reason));
                (text, "rejected", Some(audience))
            }
            Fact::Kept(Kept::DraftDropped { audience, why, .. }) => {
                (self.dropped(audience, *why)?, "draft_dropped", Some(audience))
            }
            other => return self.other(moment, other),
        };
        self.made(moment, what, text, audience)
    }

    /// A step for whoever answers for the case; nothing of how words come about is for outsiders.
    fn made(
        &self,
        moment: &Moment,
        what: &'static str,
        text: String,
        audience: Option<&Name>,
    ) -> Option<Step> {
        if !self.reader.is_inside() {
            return None;
        }
        let step = Step::of(moment.at, moment.place, what, text);
        match audience {
            Some(audience) if self.source.shows(audience.as_str(), self.reader) => {
                Some(step.about(audience.as_str()))
            }
            Some(_) => None,
            None => Some(step),
        }
    }

    fn drafted(&mut self, at: Time, drafted: &'a Drafted) -> Option<String> {
        let audience = drafted.audience.as_str();
        let since = self.drafts.get(audience).map_or(at, |(since, _)| *since);
        self.drafts.insert(audience, (since, drafted));
        if !self.reader.is_insider() {
            return None;
        }
        let (revision, kind) = (drafted.revision, drafted.kind.as_str());
        let due = drafted.due.map(|due| format!(" It is due by {}.", self.reader.time(due)));
        let due = due.unwrap_or_default();
        Some(match &drafted.by {
            Some(by) => format!("{by} edited the {kind} to {audience}: revision {revision}.{due}"),
            None => format!("Revision {revision} of the {kind} to {audience} was written.{due}"),
        })
    }

    fn asked(&self, audience: &Name, revision: u32, asked: Asked) -> Option<String> {
        let whom = match asked {
            Asked::Nobody => return None,
            Asked::Lead => "who leads the communication",
            Asked::Approvers => "the approvers",
            Asked::Others => "those to whom unanswered requests are escalated",
        };
        let insider = self.reader.is_insider();
        insider.then(|| format!("Approval of revision {revision} to {audience} was asked of {whom}."))
    }

    /// How long the answer was waited for; the next draft waits anew.
    fn answered(&mut self, audience: &Name, at: Time) -> String {
        let begun = self.drafts.remove(audience.as_str()).map(|(since, _)| since);
        begun.map(|since| format!(" after {}", long(at.since(since)))).unwrap_or_default()
    }

    fn answer(
        &self,
        audience: &Name,
        revision: u32,
        how: &str,
        by: &str,
        waited: &str,
        reason: Option<&str>,
    ) -> String {
        if !self.reader.is_insider() {
            return format!("The word to {audience} was {how}{waited}.");
        }
        let reason = reason.filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{by} {how} revision {revision} to {audience}{waited}{reason}.")
    }

    fn dropped(&mut self, audience: &Name, why: DropReason) -> Option<String> {
        let draft = self.drafts.remove(audience.as_str()).map(|(_, draft)| draft);
        let insider = self.reader.is_insider();
        match why {
            DropReason::ResolvedBeforeFirst => {
                let written = draft.filter(|_| insider).map(|draft| {
                    let title = self.reader.filled(&draft.message.title, None);
                    format!(" The draft was “{title}”.")
                });
                let written = written.unwrap_or_default();
                Some(format!(
                    "The case was over before the first word to {audience} was approved: {audience} were told nothing.{written}"
                ))
            }
            DropReason::NeverApproved => insider
                .then(|| format!("Nobody had approved the draft to {audience} when the case was forgotten.")),
            DropReason::Overtaken => insider.then(|| {
                format!("The draft to {audience} was given up: there was something else to say, or nothing.")
            }),
        }
    }

    /// What is no part of an approval.
    fn other(&self, moment: &'a Moment, fact: &'a Fact) -> Option<Step> {
        let (time, insider) = (|at| self.reader.time(at), self.reader.is_insider());
        let (what, audience, text) = match fact {
            Fact::Kept(Kept::FirstWordMissed { audience, due, .. }) => (
                "first_word_missed",
                Some(audience),
                format!("{audience} should have been told by {} and were not.", time(*due)),
            ),
            Fact::Kept(Kept::WordHeld { audience, why: Some(why), until, .. }) => {
                ("held", Some(audience), self.held(audience, *why, *until))
            }
            Fact::Kept(Kept::Nudged { audience, .. }) if insider => {
                ("nudged", None, nudged(audience.as_ref()))
            }
            Fact::Kept(Kept::Acknowledged { by, way, .. }) => {
                let text = if insider {
                    format!("{by} acknowledged the case{}.", by_way(*way))
                } else {
                    "The case was acknowledged.".to_owned()
                };
                ("acknowledged", None, text)
            }
            Fact::Kept(Kept::AckVoided { .. }) => (
                "acknowledgement_voided",
                None,
                "The case became worse or came back: an acknowledgement of before counts no more.".to_owned(),
            ),
            Fact::Kept(Kept::Escalated { cause, to, .. }) => {
                ("escalated", None, self.escalated(*cause, to.as_ref()))
            }
            Fact::Kept(Kept::NeedsAnswered { by, text, .. }) => {
                let text = if insider {
                    format!("{by} answered what was needed: {text}.")
                } else {
                    "What was needed was answered.".to_owned()
                };
                ("needs_answered", None, text)
            }
            Fact::Kept(Kept::PromiseMissed { audience, due, why, next, .. }) => {
                return self.missed(moment, audience, *due, *why, *next);
            }
            Fact::Kept(Kept::NobodyLeft { audience, .. }) if insider => (
                "nobody_left",
                Some(audience),
                format!(
                    "Nobody is left in {audience} who was told of the case: its end is said to nobody there."
                ),
            ),
            _ => return self.write_up(moment, fact),
        };
        self.made(moment, what, text, audience)
    }

    /// What became of the write-up that the end promises.
    fn write_up(&self, moment: &'a Moment, fact: &'a Fact) -> Option<Step> {
        let (time, insider) = (|at| self.reader.time(at), self.reader.is_insider());
        let (what, text) = match fact {
            Fact::Kept(Kept::WriteUpNudged { .. }) if insider => {
                return self.made(
                    moment,
                    "nudged",
                    "Who leads was reminded that a write-up is promised.".to_owned(),
                    None,
                );
            }
            Fact::Kept(Kept::WriteUpDropped { due, .. }) if insider => {
                let text =
                    format!("No write-up is due by {} any more: it is not over after all.", time(*due));
                ("write_up_dropped", text)
            }
            Fact::Kept(Kept::WriteUpPromised { due, .. }) if self.source.is_over(self.reader) => {
                ("write_up_promised", format!("A write-up was promised by {}.", time(*due)))
            }
            Fact::Kept(Kept::WriteUpEnded { due, how, .. }) if self.source.is_over(self.reader) => {
                ("write_up_ended", format!("The write-up promised by {} {}.", time(*due), ended(*how)))
            }
            _ => return None,
        };
        Some(Step::of(moment.at, moment.place, what, text))
    }

    fn held(&self, audience: &Name, why: HeldReason, until: Option<Time>) -> String {
        let why = match why {
            HeldReason::Approval => "nobody has approved it yet",
            HeldReason::After => "others are to be handed theirs first",
            HeldReason::HoldResolved => "that it is over is said once it has held",
        };
        let until = until.map(|until| format!("; until {} at the latest", self.reader.time(until)));
        format!("The word to {audience} waits: {why}{}.", until.unwrap_or_default())
    }

    fn escalated(&self, cause: Cause, to: Option<&Name>) -> String {
        let cause = match cause {
            Cause::Unacknowledged => "nobody acknowledged the case in time",
            Cause::Urgent => "it became urgent",
            Cause::DataExposure => "data was exposed",
            Cause::Regulatory => "a regulator must be told",
            Cause::Visibility => "the public or the press has noticed",
            Cause::ExpectedEnd => "the expected end moved away by more than half",
            Cause::Needs => "something is needed",
            Cause::NeedsUnanswered => "what was needed did not come in time",
        };
        match to {
            Some(to) if self.source.shows(to.as_str(), self.reader) => {
                format!("The case was escalated to {to}: {cause}.")
            }
            Some(_) => format!("The case was escalated: {cause}."),
            None => format!("The case should have been escalated, and there is nobody: {cause}."),
        }
    }

    /// Its readers were promised it, so they may know; why it was not kept is the house's own.
    fn missed(
        &self,
        moment: &Moment,
        audience: &Name,
        due: Time,
        why: MissReason,
        next: Option<Time>,
    ) -> Option<Step> {
        let why = match why {
            _ if !self.reader.is_inside() => "",
            MissReason::NoNews => ": there was no news, and holding updates are not wanted",
            MissReason::Unapproved => ": nobody had approved it",
            MissReason::Withheld => ": everybody had been told enough for now",
        };
        let next = next.map(|next| format!(" The next is due by {}.", self.reader.time(next)));
        let (due, next) = (self.reader.time(due), next.unwrap_or_default());
        let called = self.reader.named(audience.as_str());
        let text = format!("The word promised to {called} by {due} was not said{why}.{next}");
        let shown = self.source.shows(audience.as_str(), self.reader);
        shown.then(|| Step::of(moment.at, moment.place, "promise_missed", text).about(called))
    }
}

fn nudged(audience: Option<&Name>) -> String {
    match audience {
        Some(audience) => format!("Who leads was reminded that a word is promised to {audience}."),
        None => "The commander was asked where the work stands.".to_owned(),
    }
}

fn by_way(way: AckWay) -> &'static str {
    match way {
        AckWay::Event => "",
        AckWay::Link => " by the link of a message",
        AckWay::Command => " by command",
    }
}

fn ended(how: PromiseEnd) -> &'static str {
    match how {
        PromiseEnd::Kept => "was kept",
        PromiseEnd::Late => "came late",
        PromiseEnd::Missed => "was missed",
    }
}

/// One step for all persons of an audience to whom the same was promised and for whom it ended alike.
fn promises(source: &Source, reader: &Reader) -> Vec<Step> {
    let mut all: BTreeMap<(&Name, Time, PromiseEnd), (&Moment, Vec<&Recipient>)> = BTreeMap::new();
    for moment in &source.trail.moments {
        if let Fact::Kept(Kept::PromiseEnded { audience, recipient, due, how, .. }) = &moment.fact {
            all.entry((audience, *due, *how)).or_insert((moment, Vec::new())).1.push(recipient);
        }
    }
    let step =
        |((audience, due, how), (first, to)): ((&Name, Time, PromiseEnd), (&Moment, Vec<&Recipient>))| {
            let what = match how {
                PromiseEnd::Kept => "promise_kept",
                PromiseEnd::Late => "promise_late",
                PromiseEnd::Missed => "promise_missed",
            };
            let whom = if reader.is_insider() {
                let names: Vec<&str> = to.iter().map(|recipient| recipient.as_str()).collect();
                format!(" ({})", names.join(", "))
            } else {
                String::new()
            };
            let (due, called) = (reader.time(due), reader.named(audience.as_str()));
            let text = format!("The word promised to {called} by {due} {}{whom}.", ended(how));
            Step::of(first.at, first.place, what, text).about(called)
        };
    all.into_iter().filter(|((audience, ..), _)| source.shows(audience.as_str(), reader)).map(step).collect()
}
