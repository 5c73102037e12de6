//! R27: the write-up that the end of an incident promises: reminded of, kept or missed, and told to who was told the end.

use super::desk;
use super::fact::{Fact, Kept, NoticeKind, PromiseEnd};
use super::look::Look;
use super::matter::{Matter, Sort};
use super::notice;
use super::policy::Policy;
use super::promise;
use super::state::{Briefing, Case, Line, State};
use crate::event::{Recipient, Span, Time};
use crate::message::{CaseStatus, Disclosure, Kind};

/// Who leads is reminded so long before; of what is promised within a day, at half of that time.
const NUDGE_BEFORE: Span = Span::from_secs(12 * 3600);

/// By when a word of the end promises the write-up; nothing is promised that is there already.
pub(super) fn promised(
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
    over: bool,
) -> Option<Time> {
    // What goes on as another is written up with that.
    let promises = over && concerns(matter, briefing) && !is_written(matter) && somebody_may_know(briefing);
    let within = policy.write_up.filter(|_| promises)?;
    Some(matter.ended? + within).filter(|due| *due > now)
}

/// Whether anybody was told of it, or is about to be.
fn somebody_may_know(briefing: &Briefing) -> bool {
    briefing.lines.values().any(|line| line.told.is_some() || !line.pending.is_empty())
}

/// Whether there is anything to write up for this audience.
fn concerns(matter: &Matter<'_>, briefing: &Briefing) -> bool {
    let is_incident = matches!(matter.sort, Sort::Incident { .. });
    is_incident && !matter.is_merged() && briefing.disclosure != Disclosure::Internal
}

/// Whether it was written up since it ended.
fn is_written(matter: &Matter<'_>) -> bool {
    matches!(&matter.sort, Sort::Incident { record, .. } if record.write_up.is_some())
}

/// What becomes of the promise now; no facts where nothing does.
pub(super) fn decide(state: &State, policy: &Policy, now: Time, matter: &Matter<'_>) -> Vec<Fact> {
    let Some(due) = due_of(matter.case) else { return Vec::new() };
    let Sort::Incident { incident, .. } = &matter.sort else { return Vec::new() };
    let case = matter.id;
    if matter.status != CaseStatus::Resolved || matter.is_merged() {
        return vec![Fact::Kept(Kept::WriteUpDropped { case, due })];
    }
    if is_written(matter) {
        let how = if incident.heard.min(now) <= due { PromiseEnd::Kept } else { PromiseEnd::Late };
        return vec![Fact::Kept(Kept::WriteUpEnded { case, due, how })];
    }
    if due <= now {
        let text = format!("The write-up of {} was promised by {due} and is not there.", matter.reference());
        let missed = Fact::Kept(Kept::WriteUpEnded { case, due, how: PromiseEnd::Missed });
        return vec![missed, notice::raise(state, now, NoticeKind::Missed, &text, false, None)];
    }
    match desk::owner(policy).filter(|_| nudge_at(matter, due).is_some_and(|at| at <= now)) {
        Some(owner) => {
            let text = format!(
                "The write-up of {} is promised by {due}. Who was told the end is told it, once: tidings incident update --write-up-business, --write-up-public.",
                matter.reference()
            );
            let mut facts =
                promise::to_lead(state, policy, now, matter, owner, "A write-up is due soon", &text);
            facts.push(Fact::Kept(Kept::WriteUpNudged { case }));
            facts
        }
        None => Vec::new(),
    }
}

/// By when the write-up of a case is promised.
pub(super) fn due_of(case: &Case) -> Option<Time> {
    case.course.as_ref()?.write_up
}

fn nudge_at(matter: &Matter<'_>, due: Time) -> Option<Time> {
    let nudged = matter.case.course.as_ref().is_some_and(|course| course.write_up_nudged);
    let half = Span::from_millis(due.since(matter.ended?).millis() / 2);
    Some(due - half.min(NUDGE_BEFORE)).filter(|_| !nudged)
}

/// Whether an audience that was told the end is still to be told what was written up.
pub(super) fn is_owed(state: &State, policy: &Policy, matter: &Matter<'_>, briefing: &Briefing) -> bool {
    let told = briefing.said.is_some_and(|(said, _)| said.status == CaseStatus::Resolved);
    let before = briefing.awaited.as_ref().and_then(|awaited| awaited.written_up);
    told && matter.status == CaseStatus::Resolved
        && concerns(matter, briefing)
        && is_written(matter)
        && before != matter.ended
        && !readers(state, policy, briefing).is_empty()
}

/// Whether what was written up is for a reader who was told the end, by a row that asks nobody's approval for it.
pub(super) fn is_read_by(look: &Look<'_>, recipient: &Recipient) -> bool {
    let written = look.is_over() && concerns(look.matter, look.briefing) && is_written(look.matter);
    written && look.approval().is_none() && look.briefing.lines.get(recipient).is_some_and(knows)
}

/// Whom a write-up goes to: by the ways by which they were told the end, or are being told it.
pub(super) fn readers(state: &State, policy: &Policy, briefing: &Briefing) -> Vec<Recipient> {
    let end = |line: &Line| {
        let pending = line.pending.iter().filter_map(|id| state.deliveries.get(id));
        knows(line) || pending.into_iter().any(|delivery| delivery.said.status == CaseStatus::Resolved)
    };
    let lines = briefing.lines.iter().filter(|(_, line)| end(line));
    let there = lines.filter(|(recipient, _)| policy.endpoints.contains_key(*recipient));
    there.map(|(recipient, _)| recipient.clone()).collect()
}

fn knows(line: &Line) -> bool {
    line.told.is_some_and(|told| told.said.status == CaseStatus::Resolved)
}

/// That an audience was told the write-up by a word of the end.
pub(super) fn told(matter: &Matter<'_>, briefing: &Briefing) -> Option<Fact> {
    let ended = matter.ended.filter(|_| concerns(matter, briefing) && is_written(matter))?;
    Some(Fact::Kept(Kept::WriteUpTold { case: matter.id, audience: briefing.audience.clone(), ended }))
}

/// Whether a case must not be forgotten yet: its write-up is promised, or waits for its approval.
pub(super) fn is_awaited(case: &Case) -> bool {
    let open = |briefing: &Briefing| {
        let draft = briefing.draft().filter(|draft| draft.kind == Kind::Update);
        draft.is_some_and(|draft| !draft.rejected)
    };
    due_of(case).is_some() || case.briefings.iter().any(open)
}

/// When something about the write-up is next to be done.
pub(super) fn next_look(now: Time, matter: &Matter<'_>) -> Option<Time> {
    let due = due_of(matter.case).filter(|_| matter.status == CaseStatus::Resolved);
    let nudge = due.and_then(|due| nudge_at(matter, due));
    [due, nudge].into_iter().flatten().filter(|at| *at > now).min()
}
