//! R23: what an external audience is told is looked at by a person first: drafts, requests, answers, and what happens
//! while nobody answers.

use super::answer;
use super::ask;
use super::fact::{DraftText, Drafted, DropReason, Fact, HeldReason, Kept, MissReason, NoticeKind, Said};
use super::input::Command;
use super::look::Look;
use super::matter::{Matter, Shade};
use super::notice;
use super::policy::Policy;
use super::promise;
use super::row::AtDue;
use super::say;
use super::state::{Briefing, Draft, State};
use super::tend::{self, Saying};
use super::wording;
use super::write_up;
use crate::event::id::CaseId;
use crate::event::{Name, Recipient, Span, Time};
use crate::message::{self, CaseStatus, Disclosure, Kind, Message, Wording};
use std::sync::Arc;

/// An unapproved end of which no next word was promised is due so long after it.
const END_DUE: Span = Span::from_mins(60);

/// A word that needs approval: drafted, asked for, said once it is approved, or in agreed words when it is due.
pub(super) fn word(look: &Look<'_>, kind: Kind, said: Said) -> Vec<Fact> {
    let asked = prepare(look, kind, said);
    if !asked.is_empty() {
        return asked;
    }
    let Some(draft) = look.briefing.draft() else { return Vec::new() };
    if draft.approved.is_some() {
        return approved(look, draft, kind, said);
    }
    let due = due_of(look);
    let held = tend::hold(look, HeldReason::Approval, due);
    if !held.is_empty() && !draft.rejected {
        return held;
    }
    if due.is_none_or(|due| look.now < due) {
        return Vec::new();
    }
    at_due(look, kind, said)
}

/// What was approved leaves; what a ceiling holds back stays approved, and is said when there is room.
fn approved(look: &Look<'_>, draft: &Draft, kind: Kind, said: Said) -> Vec<Fact> {
    let saying = Saying { draft: Some(draft), ..Saying::new(as_drafted(draft, kind), said) };
    let facts = tend::speak(look, &saying);
    let withheld = look.briefing.lines.iter().any(|(_, line)| line.withheld.is_some());
    if say::tells(&facts) || withheld || facts.iter().any(|fact| matches!(fact, Fact::Withheld { .. })) {
        return facts;
    }
    [facts, dropped(look, draft, DropReason::Overtaken)].concat()
}

/// What was approved, to one reader from whom a limit had kept it; no facts where the case has moved on, or nothing is said.
pub(super) fn to_reader(look: &Look<'_>, draft: &Draft, recipient: &Recipient) -> Vec<Fact> {
    let said = look.said();
    if !is_current(look, draft, draft.kind, said) {
        return Vec::new();
    }
    tend::speak(
        look,
        &Saying { draft: Some(draft), late_reader: Some(recipient), ..Saying::new(draft.kind, said) },
    )
}

/// Whether a draft says what is to be said, in the words that it would be said in now.
fn is_current(look: &Look<'_>, draft: &Draft, kind: Kind, said: Said) -> bool {
    // What was rejected stays so when nothing but time has changed its words.
    let look = if draft.rejected { Look { now: draft.written, ..*look } } else { *look };
    let as_it_is = || composed(&look, as_drafted(draft, kind), draft.text.as_ref());
    says(draft, look.briefing, said) && draft.words == as_it_is().words()
}

/// Writes the draft that there is not yet, and asks those who have not been asked yet.
pub(super) fn prepare(look: &Look<'_>, kind: Kind, said: Said) -> Vec<Fact> {
    match look.briefing.draft().filter(|draft| is_current(look, draft, kind, said)) {
        None => vec![Fact::Kept(Kept::Drafted(Box::new(drafted(look, kind, said, None, None))))],
        Some(draft) => ask::ask(look, draft),
    }
}

/// An opening that is approved after its agreed words went out is said as it was approved.
fn as_drafted(draft: &Draft, kind: Kind) -> Kind {
    if (draft.kind, kind) == (Kind::Opening, Kind::Update) { draft.kind } else { kind }
}

/// Whether a draft says what is to be said: what its audience may see is the same.
fn says(draft: &Draft, briefing: &Briefing, said: Said) -> bool {
    let visible = |said: Said| {
        let severity = Some(said.severity).filter(|_| briefing.disclosure != Disclosure::External);
        (said.status, said.state, severity)
    };
    visible(draft.said) == visible(said)
}

/// When a word is due even if nobody approves it: the first within its row's time, every other when it was promised. An
/// end that nobody was promised a word before is owed all the same (R27).
pub(super) fn due_of(look: &Look<'_>) -> Option<Time> {
    due_from(look, look.briefing.draft().map(|draft| draft.begun))
}

/// The same of a draft that began to wait then.
fn due_from(look: &Look<'_>, begun: Option<Time>) -> Option<Time> {
    let nobody_left = look.briefing.awaited.as_ref().is_some_and(|awaited| awaited.nobody_left);
    match (look.briefing.said, look.briefing.promise()) {
        (None, _) => {
            let row = look.row?;
            Some(promise::since(look.matter, row) + row.keeping.first_within?)
        }
        (Some(_), Some(promise)) => Some(promise.due),
        // The end was said; what is written up after it waits for its approval.
        (Some((said, _)), None) if said.is_over() && !nobody_left => None,
        // Other words for an end that was rejected wait as long as the first ones did.
        (Some(_), None) => Some(begun.max(Some(look.matter.ended?))? + END_DUE),
    }
}

/// What would be said now, in an approver's own words where there are any.
fn composed(look: &Look<'_>, kind: Kind, text: Option<&DraftText>) -> Message {
    let Look { policy, now, matter, briefing, row, .. } = *look;
    // What is approved is what leaves: with the promise of a write-up that the end makes.
    let over = kind == Kind::Resolution;
    let shade = Shade { hold: false, write_up: write_up::promised(policy, now, matter, briefing, over) };
    let subject = look.subject(kind, shade);
    let template = row.and_then(|row| row.template.as_ref());
    let message = message::compose(&subject, briefing.disclosure, &policy.templates, template, Wording::Free);
    in_words(message, text)
}

pub(super) fn drafted(
    look: &Look<'_>,
    kind: Kind,
    said: Said,
    text: Option<DraftText>,
    by: Option<Box<str>>,
) -> Drafted {
    let Look { policy, now, matter, briefing, row, .. } = *look;
    let message = composed(look, kind, text.as_ref());
    let waiting = briefing.draft().filter(|draft| !draft.rejected && draft.kind == kind);
    let begun = waiting.map_or(now, |draft| draft.begun);
    let remarks = wording::remarks(policy, matter, briefing, &message);
    Drafted {
        case: matter.id,
        audience: briefing.audience.clone(),
        row: row.map_or(&briefing.row, |row| &row.name).clone(),
        revision: briefing.awaited.as_ref().map_or(0, |awaited| awaited.revision) + 1,
        kind,
        severity: matter.severity,
        said,
        due: due_from(look, Some(begun)),
        message: Arc::new(message),
        remarks,
        text,
        by,
    }
}

/// The message in an approver's own words.
pub(super) fn in_words(message: Message, text: Option<&DraftText>) -> Message {
    text.map_or_else(|| message.clone(), |text| text.apply(&message))
}

/// The word is due and nobody has approved it.
fn at_due(look: &Look<'_>, kind: Kind, said: Said) -> Vec<Fact> {
    let Look { policy, matter, briefing, .. } = *look;
    let agreed = look.approval().is_some_and(|approval| approval.at_due == AtDue::AgreedText);
    let rejected = briefing.draft().is_some_and(|draft| draft.rejected);
    let Some((last, _)) = briefing.said else {
        // What was refused is not said in other words; that the audience hears nothing is the row's own miss (R12).
        if !agreed || rejected {
            return Vec::new();
        }
        let said = matter.agreed_said(policy, briefing);
        let saying = Saying { wording: Wording::Agreed, ..Saying::new(Kind::Opening, said) };
        return tend::speak(look, &saying);
    };
    if briefing.promise().is_none() && kind != Kind::Resolution {
        return Vec::new();
    }
    if briefing.promise().is_none() && (rejected || !agreed) {
        return unsaid_end(look, rejected);
    }
    if !agreed {
        return promise::miss(look, MissReason::Unapproved);
    }
    let (kind, said) = match kind {
        Kind::Resolution if !rejected => (Kind::Resolution, said),
        _ => (Kind::Holding, last),
    };
    let shade = Shade { hold: kind == Kind::Holding && look.is_over(), write_up: None };
    let saying = Saying { wording: Wording::Agreed, shade, ..Saying::new(kind, said) };
    let mut facts = tend::speak(look, &saying);
    if !say::tells(&facts) {
        facts.extend(promise::miss(look, MissReason::Withheld));
    }
    facts
}

/// The end is owed (R27), nobody has approved it, and it is not to be said in other words: the owner hears of it once.
/// It is said all the same if somebody approves it later.
fn unsaid_end(look: &Look<'_>, rejected: bool) -> Vec<Fact> {
    let why = HeldReason::Approval;
    if look.briefing.held().is_some_and(|held| held.why == why && held.until.is_none()) {
        return Vec::new();
    }
    let because = if rejected { "what it would be told was rejected" } else { "nobody has approved it" };
    let (audience, reference) = (&look.briefing.audience, look.matter.reference());
    let text = format!("{audience} has not been told that {reference} is over: {because}.");
    let raised = notice::raise(look.state, look.now, NoticeKind::Missed, &text, look.is_urgent(), None);
    vec![tend::held(look, Some(why), None), raised]
}

/// A draft of which nothing is to be said any more is given up.
pub(super) fn drop(look: &Look<'_>) -> Vec<Fact> {
    let Some(draft) = look.briefing.draft() else { return Vec::new() };
    let left =
        draft.approved.is_some() && look.briefing.is_limited() && says(draft, look.briefing, look.said());
    if left {
        // Some have it, and others will when there is room.
        return Vec::new();
    }
    let never = look.briefing.said.is_none() && look.matter.status != CaseStatus::Open;
    let why = if never { DropReason::ResolvedBeforeFirst } else { DropReason::Overtaken };
    dropped(look, draft, why)
}

fn dropped(look: &Look<'_>, draft: &Draft, why: DropReason) -> Vec<Fact> {
    let (case, audience, revision) = (look.matter.id, look.briefing.audience.clone(), draft.revision);
    vec![Fact::Kept(Kept::DraftDropped { case, audience, revision, why })]
}

/// When something about the draft is next to be done.
pub(super) fn next_look(look: &Look<'_>) -> Option<Time> {
    let draft = look.briefing.draft()?;
    look.approval()?;
    let open = draft.approved.is_none() && !draft.rejected;
    let asked = open.then(|| ask::next_look(look, draft)).flatten();
    [asked, due_of(look)].into_iter().flatten().filter(|at| *at > look.now).min()
}

/// Until when an end that nobody has approved may still be said, in other words if it was rejected, after which its case is forgotten (R44).
pub(super) fn waits_until(policy: &Policy, matter: &Matter<'_>) -> Option<Time> {
    let waits = matter.case.briefings.iter().any(|briefing| briefing.draft().is_some());
    Some(matter.ended.filter(|_| waits)? + policy.forget_after)
}

/// What a person's answer comes to.
pub(super) fn answered(state: &State, policy: &Policy, now: Time, command: &Command) -> Vec<Fact> {
    if answer::refusal(state, policy, command).is_some() {
        return Vec::new();
    }
    match command {
        Command::ApproveDraft { case, audience, revision, by } => {
            let (case, audience, by) = (*case, audience.clone(), by.clone());
            let approved = Fact::Kept(Kept::DraftApproved { case, audience, revision: *revision, by });
            vec![approved, answer::due_now(state, now, case)]
        }
        Command::RejectDraft { case, audience, revision, reason, by } => {
            let (case, audience) = (*case, audience.clone());
            let (reason, by, whose) = (reason.clone(), by.clone(), audience.clone());
            let rejected =
                Fact::Kept(Kept::DraftRejected { case, audience, revision: *revision, by, reason });
            // It waits for nobody any more.
            let free = Fact::Kept(Kept::WordHeld { case, audience: whose, why: None, until: None });
            vec![rejected, free, answer::due_now(state, now, case)]
        }
        Command::EditDraft { case, audience, text, by, .. } => {
            edited(state, policy, now, *case, audience, text, by)
        }
        Command::Acknowledge { case, by, way } => answer::acknowledged(state, policy, now, *case, by, *way),
        Command::AnswerNeeds { case, text, by } => {
            let answered =
                Fact::Kept(Kept::NeedsAnswered { case: *case, by: by.clone(), text: text.clone() });
            vec![answered, answer::due_now(state, now, *case)]
        }
        _ => Vec::new(),
    }
}

fn edited(
    state: &State,
    policy: &Policy,
    now: Time,
    case: CaseId,
    audience: &Name,
    text: &DraftText,
    by: &str,
) -> Vec<Fact> {
    let Some(matter) = Matter::find(state, policy, case) else { return Vec::new() };
    let Some(briefing) = matter.case.briefing(audience) else { return Vec::new() };
    let look = Look::at(state, policy, now, &matter, briefing);
    let (Some(draft), Some(_)) = (briefing.draft(), look.row) else { return Vec::new() };
    let (kind, said) = (draft.kind, draft.said);
    let new = drafted(&look, kind, said, Some(text.clone()), Some(by.into()));
    vec![Fact::Kept(Kept::Drafted(Box::new(new))), answer::due_now(state, now, case)]
}
