//! R17 to R26: whether an audience is told now what there is to tell: what is changed, promised, held back, approved.

use super::approve;
use super::fact::{Fact, HeldReason, Kept, MissReason, Said};
use super::group::kind_to_say;
use super::matter::{Matter, Shade};
use super::policy::Policy;
use super::promise;
use super::row::Row;
use super::say::{self, Word};
use super::state::{Briefing, Held, State};
use super::target;
use super::via;
use super::write_up;
use crate::event::{Span, Time};
use crate::message::{CaseStatus, Disclosure, Kind, Wording};

/// A row waits at most this long for those who are told before it (R24).
const AFTER_MAX: Span = Span::from_mins(2);

/// What one audience is told now; no facts where it is told nothing.
pub(super) fn word(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
) -> Vec<Fact> {
    let row = policy.row(&briefing.row, &briefing.audience);
    if let Some(until) = held_end(matter, briefing, row).filter(|until| now < *until) {
        return while_held(state, policy, now, matter, briefing, row, until);
    }
    let said = matter.said(policy, briefing);
    let repeat = row.and_then(|row| row.repeat_every);
    let kind = kind_to_say(briefing, said, now, repeat);
    let kind = kind.or_else(|| write_up::is_owed(state, policy, matter, briefing).then_some(Kind::Update));
    let Some(kind) = kind.filter(|kind| *kind != Kind::Reminder) else {
        return no_news(state, policy, now, matter, briefing, row, said, kind);
    };
    if kind == Kind::Resolution && target::nobody_is_owed(state, policy, briefing) {
        return vec![Fact::Kept(Kept::NobodyLeft {
            case: matter.id,
            audience: briefing.audience.clone(),
            said,
        })];
    }
    if let Some(until) = waits_for(state, matter, briefing, row, now) {
        let held = hold(matter, briefing, HeldReason::After, Some(until));
        return if held.is_empty() { due(state, policy, now, matter, briefing, row) } else { held };
    }
    match row.filter(|row| row.keeping.approval.is_some()) {
        Some(row) => approve::word(state, policy, now, matter, briefing, row, kind, said),
        None => {
            let saying = Saying { wording: wording(briefing, row), ..Saying::new(kind, said) };
            let mut facts = speak(state, policy, now, matter, briefing, &saying);
            let due = briefing.promise().is_some_and(|promise| promise.due <= now);
            if due && !say::tells(&facts) {
                facts.extend(promise::miss(state, policy, now, matter, briefing, MissReason::Withheld));
            }
            facts
        }
    }
}

/// Whose words may leave without anybody's approval. Outsiders whose row is gone read agreed words alone: nobody says any
/// more whether their texts need approval (R37).
pub(super) fn wording(briefing: &Briefing, row: Option<&Row>) -> Wording {
    let guarded = match row {
        Some(row) => row.keeping.approval.is_some(),
        None => briefing.disclosure == Disclosure::External,
    };
    if guarded { Wording::Agreed } else { Wording::Free }
}

/// One message as it is to be said.
pub(super) struct Saying<'a> {
    pub kind: Kind,
    pub said: Said,
    pub wording: Wording,
    pub shade: Shade,
    /// The approver's words and the revision that was approved (R23).
    pub draft: Option<&'a super::state::Draft>,
    /// What it is escalated for (R25).
    pub cause: Option<super::fact::Cause>,
}

impl Saying<'_> {
    pub fn new(kind: Kind, said: Said) -> Saying<'static> {
        let shade = Shade::default();
        Saying { kind, said, wording: Wording::Free, shade, draft: None, cause: None }
    }
}

/// Says it.
pub(super) fn speak(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
    saying: &Saying<'_>,
) -> Vec<Fact> {
    let row = policy.row(&briefing.row, &briefing.audience);
    let over = saying.said.status == CaseStatus::Resolved && !saying.shade.hold;
    let (firing, ended) = matter.unsaid();
    let promised = briefing.promise().is_some_and(|promise| promise.due <= now);
    let first = saying.kind == Kind::Opening && row.is_some_and(|row| row.keeping.first_within.is_some());
    // After the end only its write-up is an update: to who was told the end.
    let is_write_up = over && saying.kind == Kind::Update;
    let only = is_write_up.then(|| write_up::readers(state, policy, briefing));
    let write_up = write_up::promised(policy, now, matter, briefing, over);
    let word = Word {
        case: matter.id,
        audience: &briefing.audience,
        row,
        severity: matter.severity,
        due: matter.case.due.unwrap_or(now),
        event_at: matter.event_at,
        firing,
        ended,
        speaks_for: Vec::new(),
        avoid: None,
        only: only.as_deref(),
        paced: true,
        unthrottled: promised || first || is_write_up || saying.kind == Kind::Escalation,
        wording: saying.wording,
        next_update: promise::next(policy, now, row, matter, over),
        draft: saying.draft,
        cause: saying.cause,
        asks: None,
    };
    let shade = Shade { write_up, ..saying.shade };
    let subject = matter.subject(policy, briefing, saying.kind, shade);
    let mut facts = say::say(state, policy, now, &word, briefing, &subject, saying.said);
    let new = write_up.filter(|_| matter.case.course.as_ref().and_then(|course| course.write_up) != write_up);
    let told = say::tells(&facts);
    facts.extend(new.filter(|_| told).map(|due| Fact::Kept(Kept::WriteUpPromised { case: matter.id, due })));
    // Agreed words of the end leave the write-up to a word of its own.
    let whole = told && over && (is_write_up || saying.wording == Wording::Free);
    facts.extend(write_up::told(matter, briefing).filter(|_| whole));
    facts
}

/// Until when the end of the case is not said to this audience (R26).
pub(super) fn held_end(matter: &Matter<'_>, briefing: &Briefing, row: Option<&Row>) -> Option<Time> {
    let (said, _) = briefing.said?;
    let hold = row?.keeping.hold_resolved?;
    let over = matter.status == CaseStatus::Resolved && said.status != CaseStatus::Resolved;
    Some(matter.ended.filter(|_| over)? + hold)
}

/// While the end is held: its text is written for those who must approve it, and promises are kept.
fn while_held(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
    row: Option<&Row>,
    until: Time,
) -> Vec<Fact> {
    let held = hold(matter, briefing, HeldReason::HoldResolved, Some(until));
    if !held.is_empty() {
        return held;
    }
    if let Some(row) = row.filter(|row| row.keeping.approval.is_some()) {
        let said = matter.said(policy, briefing);
        let asked = approve::prepare(state, policy, now, matter, briefing, row, Kind::Resolution, said);
        if !asked.is_empty() {
            return asked;
        }
    }
    due(state, policy, now, matter, briefing, row)
}

/// Notes what the word waits for, if that is new.
pub(super) fn hold(
    matter: &Matter<'_>,
    briefing: &Briefing,
    why: HeldReason,
    until: Option<Time>,
) -> Vec<Fact> {
    if briefing.held().is_some_and(|held| held.why == why) {
        return Vec::new();
    }
    let (case, audience) = (matter.id, briefing.audience.clone());
    vec![Fact::Kept(Kept::WordHeld { case, audience, why: Some(why), until })]
}

/// Nothing has changed for this audience: a draft is no longer needed, a promised or repeated word may be due.
#[expect(clippy::too_many_arguments, reason = "the parts were looked up by the one caller")]
fn no_news(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
    row: Option<&Row>,
    said: Said,
    reminder: Option<Kind>,
) -> Vec<Fact> {
    let dropped = approve::drop(matter, briefing);
    if !dropped.is_empty() {
        return dropped;
    }
    if briefing.held().is_some() {
        let (case, audience) = (matter.id, briefing.audience.clone());
        return vec![Fact::Kept(Kept::WordHeld { case, audience, why: None, until: None })];
    }
    let facts = due(state, policy, now, matter, briefing, row);
    if !facts.is_empty() {
        return facts;
    }
    if let Some(kind) = reminder {
        return speak(state, policy, now, matter, briefing, &Saying::new(kind, said));
    }
    write_again(state, policy, now, matter, briefing, row, said)
}

/// A promised word that is due, or the word that says another rhythm: said without news, or missed (R22).
pub(super) fn due(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
    row: Option<&Row>,
) -> Vec<Fact> {
    let Some((said, _)) = briefing.said.filter(|_| promise::goes_on(matter, briefing)) else {
        return Vec::new();
    };
    let promised = briefing.promise().filter(|promise| promise.due <= now);
    let moved = briefing.awaited.as_ref().is_some_and(|awaited| awaited.moved);
    if promised.is_none() && !moved {
        return Vec::new();
    }
    if row.is_some_and(|row| row.keeping.no_holding_update) && promised.is_some() {
        return promise::miss(state, policy, now, matter, briefing, MissReason::NoNews);
    }
    // What nobody has approved is not said by the way either (R23).
    let wording = wording(briefing, row);
    let shade = Shade { hold: matter.status == CaseStatus::Resolved, write_up: None };
    let saying = Saying { wording, shade, ..Saying::new(Kind::Holding, said) };
    let mut facts = speak(state, policy, now, matter, briefing, &saying);
    if !say::tells(&facts) {
        facts.extend(promise::miss(state, policy, now, matter, briefing, MissReason::Withheld));
        if promised.is_none() {
            facts.clear();
        }
    }
    facts
}

fn write_again(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
    row: Option<&Row>,
    said: Said,
) -> Vec<Fact> {
    let probe = matter.subject(policy, briefing, Kind::Update, Shade::default());
    let desk = Word::at_desk(&briefing.audience, matter.severity, matter.case.due.unwrap_or(now), now);
    let word = Word {
        case: matter.id,
        row,
        event_at: matter.event_at,
        wording: wording(briefing, row),
        next_update: briefing.promise().map(|promise| promise.due),
        ..desk
    };
    say::write_again(state, policy, now, word, briefing, &probe, said)
}

/// Until when the word waits for other audiences, if one of them has not been handed theirs (R24).
fn waits_for(
    state: &State,
    matter: &Matter<'_>,
    briefing: &Briefing,
    row: Option<&Row>,
    now: Time,
) -> Option<Time> {
    let row = row.filter(|row| !row.keeping.after.is_empty())?;
    let since = match briefing.held() {
        Some(Held { why: HeldReason::After, since, .. }) => since,
        // It has waited for them already: what is due is not to wait again for whom nobody reaches.
        Some(Held { why: HeldReason::Approval, .. }) => return None,
        _ => now,
    };
    let until = since + AFTER_MAX;
    let under_way = |other: &Briefing| {
        let pending = other.lines.values().flat_map(|line| &line.pending);
        pending.filter_map(|id| state.deliveries.get(id)).next().is_some()
    };
    let earlier = matter.case.briefings.iter().filter(|other| row.keeping.after.contains(&other.audience));
    let waits = earlier.filter(|other| other.audience != briefing.audience).any(under_way);
    (waits && now < until).then_some(until)
}

/// When something about this briefing is next to be looked at, besides its promises.
pub(super) fn next_look(
    state: &State,
    policy: &Policy,
    now: Time,
    matter: &Matter<'_>,
    briefing: &Briefing,
) -> Option<Time> {
    let row = policy.row(&briefing.row, &briefing.audience);
    let held = briefing.held().and_then(|held| match held.why {
        HeldReason::After => Some(held.since + AFTER_MAX),
        HeldReason::Approval | HeldReason::HoldResolved => None,
    });
    let end = held_end(matter, briefing, row);
    let draft = approve::next_look(state, policy, now, matter, briefing, row);
    let comes = somebody_comes(policy, now, matter, briefing);
    [held, end, draft, comes].into_iter().flatten().filter(|at| *at > now).min()
}

/// When somebody is there again whom a word may reach that has reached nobody yet.
fn somebody_comes(policy: &Policy, now: Time, matter: &Matter<'_>, briefing: &Briefing) -> Option<Time> {
    let at = via::next_change(policy, now, policy.audiences.get(&briefing.audience)?)?;
    let unsaid = kind_to_say(briefing, matter.said(policy, briefing), now, None).is_some();
    unsaid.then_some(at)
}
