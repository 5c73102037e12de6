//! R17 to R19: one word to one audience: who is to hear it, what is withheld from whom, and the messages that say it.

use super::approve;
use super::deliveries;
use super::fact::{Cause, Fact, NoticeKind, Said, SpokenFor, SupersededBy, WithheldReason};
use super::notice;
use super::pace;
use super::policy::Policy;
use super::row::Row;
use super::state::{Briefing, Draft, Line, State, Told};
use super::target::{self, Target};
use crate::event::id::{CaseId, Fingerprint};
use crate::event::{Name, Recipient, Severity, Time};
use crate::message::{self, Asks, CaseStatus, Disclosure, Kind, Message, Subject, Wording};
use std::collections::BTreeMap;

/// What is to be said, beside the subject that it is said about.
pub(super) struct Word<'a> {
    pub case: CaseId,
    pub audience: &'a Name,
    /// `None` for what belongs to no row.
    pub row: Option<&'a Row>,
    pub severity: Severity,
    /// When it should have been said.
    pub due: Time,
    /// When the event that caused it was received.
    pub event_at: Time,
    pub firing: Vec<Fingerprint>,
    pub ended: Vec<Fingerprint>,
    pub speaks_for: Vec<SpokenFor>,
    /// A channel to be avoided where the contact has another.
    pub avoid: Option<&'a Name>,
    /// The only recipients, where it is not for everyone.
    pub only: Option<&'a [Recipient]>,
    /// The one reader that it is for, of those whom it would tell: a limit had kept it from them (R19).
    pub late_reader: Option<&'a Recipient>,
    /// Whether ceilings hold for it even where its recipients are named.
    pub paced: bool,
    /// Whether it skips the throttle (R18).
    pub unthrottled: bool,
    /// Whose words it uses (R23).
    pub wording: Wording,
    /// The next word that it promises (R22).
    pub next_update: Option<Time>,
    /// What was approved, where approval is needed (R23).
    pub draft: Option<&'a Draft>,
    /// What it is escalated for (R25).
    pub cause: Option<Cause>,
    /// What its readers are asked to approve (R23).
    pub asks: Option<&'a Asks>,
}

impl<'a> Word<'a> {
    /// A word of an audience's desk.
    pub fn at_desk(audience: &'a Name, severity: Severity, due: Time, now: Time) -> Word<'a> {
        Word {
            case: notice::desk_id(audience),
            audience,
            row: None,
            severity,
            due,
            event_at: now,
            firing: Vec::new(),
            ended: Vec::new(),
            speaks_for: Vec::new(),
            avoid: None,
            only: None,
            late_reader: None,
            paced: false,
            unthrottled: false,
            wording: Wording::Free,
            next_update: None,
            draft: None,
            cause: None,
            asks: None,
        }
    }

    /// Whether it stands at a desk, for no single case (R31).
    pub fn is_desk(&self, kind: Kind) -> bool {
        self.row.is_none() && matches!(kind, Kind::Notice | Kind::Digest)
    }
}

/// Whether somebody is told something by these facts.
pub(super) fn tells(facts: &[Fact]) -> bool {
    facts.iter().any(|fact| matches!(fact, Fact::Notified(_)))
}

/// Decides a word about a case: the facts of what is said to whom, and of what is withheld.
pub(super) fn say(
    state: &State,
    policy: &Policy,
    now: Time,
    word: &Word<'_>,
    briefing: &Briefing,
    subject: &Subject<'_>,
    said: Said,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    // Who knows of the case hears what is new, who does not hears an opening; each at the level that is theirs.
    let mut targets: BTreeMap<(Kind, Disclosure), Vec<Recipient>> = BTreeMap::new();
    let all = target::of(state, policy, word, briefing, subject).into_iter();
    let whom = all.filter(|target| word.late_reader.is_none_or(|reader| target.recipient == *reader));
    for Target { recipient, kind, level } in whom {
        let line = briefing.lines.get(&recipient);
        let Some((reason, digest_at)) = withheld(state, policy, now, word, briefing, &recipient, kind, said)
        else {
            targets.entry((kind, level)).or_default().push(recipient);
            continue;
        };
        // No digest names what stands at a desk: it is said later.
        if line.and_then(|line| line.withheld) != Some(reason) && !word.is_desk(subject.kind) {
            let (case, audience) = (word.case, word.audience.clone());
            facts.push(Fact::Withheld { case, audience, recipient, reason, digest_at });
        }
    }
    let silent = targets.is_empty() && facts.is_empty() && subject.kind != Kind::Resolution;
    if silent && word.late_reader.is_none() && nobody(policy, word.audience) {
        let text = format!("The audience {} resolves to nobody.", word.audience);
        facts.push(notice::raise(state, now, NoticeKind::Nobody, &text, false, None));
    }
    let template = word.row.and_then(|row| row.template.as_ref());
    for (number, ((kind, level), recipients)) in targets.into_iter().enumerate() {
        let subject =
            Subject { kind, reopened: subject.reopened && kind == Kind::Opening, ..subject.clone() };
        let message = message::compose(&subject, level, &policy.templates, template, word.wording);
        let message = approve::in_words(message, word.draft.and_then(|draft| draft.text.as_ref()));
        let message = Message { asks: word.asks.cloned(), ..message };
        let number = number as u32;
        let many = deliveries::Many { number, kind, level, recipients, redrive_of: None };
        deliveries::decide(state, policy, word, briefing, message, said, many, &mut facts);
    }
    let for_all = word.only.is_none() && word.late_reader.is_none();
    if subject.status == CaseStatus::Resolved && !word.is_desk(subject.kind) && for_all {
        deliveries::supersede_rest(state, briefing, &mut facts);
    }
    facts
}

/// Decides a word of an audience's desk; the desk's case and briefing are opened with the first.
pub(super) fn at_desk(
    state: &State,
    policy: &Policy,
    now: Time,
    word: &Word<'_>,
    subject: &Subject<'_>,
) -> Vec<Fact> {
    let disclosure = policy.disclosure(word.audience);
    let mut facts = Vec::new();
    let state_hash = message::state_digest(subject, disclosure);
    let said = Said { status: subject.status, state: state_hash, severity: word.severity };
    let known = state.cases.get(&word.case).and_then(|case| case.briefing(word.audience));
    let fresh;
    let briefing = match known {
        Some(briefing) => briefing,
        None => {
            fresh = open_desk(policy, word, &mut facts);
            &fresh
        }
    };
    facts.extend(say(state, policy, now, word, briefing, subject, said));
    facts
}

/// Opens the desk of a word's audience.
pub(super) fn open_desk(policy: &Policy, word: &Word<'_>, facts: &mut Vec<Fact>) -> Briefing {
    let disclosure = policy.disclosure(word.audience);
    let about = super::fact::CaseAbout::Desk { audience: word.audience.clone() };
    facts.push(Fact::CaseOpened { case: word.case, about });
    let (audience, row) = (word.audience.clone(), Name::from(""));
    facts.push(Fact::BriefingOpened { case: word.case, audience, row, disclosure });
    new_briefing(word.audience, disclosure)
}

/// R37: what waits and was written for a level that the briefing no longer has is written again.
pub(super) fn write_again(
    state: &State,
    policy: &Policy,
    now: Time,
    word: Word<'_>,
    briefing: &Briefing,
    subject: &Subject<'_>,
    said: Said,
) -> Vec<Fact> {
    let stale = |line: &Line| {
        let waiting = line.pending.iter().filter_map(|id| state.deliveries.get(id));
        waiting.into_iter().any(|d| !d.is_released() && deliveries::is_stale(briefing, d))
    };
    let only: Vec<Recipient> = briefing
        .lines
        .iter()
        .filter(|(_, line)| stale(line))
        .map(|(recipient, _)| recipient.clone())
        .collect();
    if only.is_empty() {
        return Vec::new();
    }
    let kind = if subject.status == CaseStatus::Resolved { Kind::Resolution } else { Kind::Update };
    let subject = Subject { kind, ..subject.clone() };
    say(state, policy, now, &Word { only: Some(&only), ..word }, briefing, &subject, said)
}

/// A briefing that nothing has been said in.
pub(super) fn new_briefing(audience: &Name, disclosure: Disclosure) -> Briefing {
    Briefing {
        audience: audience.clone(),
        row: Name::from(""),
        disclosure,
        opened: Time::EPOCH,
        ordinal: 0,
        said: None,
        lines: Default::default(),
        awaited: None,
    }
}

fn nobody(policy: &Policy, audience: &Name) -> bool {
    policy.audiences.get(audience).is_none_or(|a| a.contacts.is_empty() && a.destinations.is_empty())
}

/// R18: why a recipient is not told now, if it is not, and when the digest that will name the case is due.
#[expect(clippy::too_many_arguments, reason = "one decision with all that it rests on")]
fn withheld(
    state: &State,
    policy: &Policy,
    now: Time,
    word: &Word<'_>,
    briefing: &Briefing,
    recipient: &Recipient,
    kind: Kind,
    said: Said,
) -> Option<(WithheldReason, Option<Time>)> {
    let line = briefing.lines.get(recipient);
    if word.only.is_some() && !word.paced {
        return None;
    }
    let dedupe_for = word.row.map(|row| row.dedupe_for).unwrap_or_default();
    let told = line.filter(|line| line.pending.is_empty()).and_then(|line| line.told);
    let same = told.is_some_and(|told| {
        let lately = told.said == said && now < told.at + dedupe_for;
        lately && still_holds(state, policy, briefing, recipient, told)
    });
    // After the end the only update is its write-up, which says something new of it (R27).
    let written_up = kind == Kind::Update && said.status == CaseStatus::Resolved;
    if same && !written_up && matches!(kind, Kind::Opening | Kind::Update) {
        return Some((WithheldReason::Duplicate, None));
    }
    let planned = word.late_reader.is_some() || matches!(kind, Kind::Holding | Kind::Escalation);
    let in_digest = line.filter(|_| !planned);
    let named = in_digest.and_then(|line| pace::is_to_come(state, policy, word, line, recipient));
    let row = word.row.filter(|_| !word.unthrottled);
    named
        .or_else(|| pace::too_many(state, policy, now, row, recipient))
        .map(|(reason, at)| (reason, Some(at)))
}

/// Whether whose recipient this is was not told since, nor is about to be, by another way that it is over, or goes on.
fn still_holds(
    state: &State,
    policy: &Policy,
    briefing: &Briefing,
    recipient: &Recipient,
    told: Told,
) -> bool {
    let person = target::person(policy, recipient);
    let own = briefing.lines.iter().filter(|(other, _)| target::person(policy, other) == person);
    let other = |said: Said| said.status != told.said.status;
    let newer = |line: Told| (line.at, line.ordinal) > (told.at, told.ordinal) && other(line.said);
    own.map(|(_, line)| line).all(|line| {
        let mut pending = line.pending.iter().filter_map(|id| state.deliveries.get(id));
        !line.told.is_some_and(newer) && !pending.any(|delivery| other(delivery.said))
    })
}

/// Supersedes what waits on one line.
pub(super) fn supersede_line(state: &State, line: &Line, why: SupersededBy, facts: &mut Vec<Fact>) {
    line.pending.iter().for_each(|id| deliveries::supersede(state, *id, why, facts));
}
