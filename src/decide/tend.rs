//! R17 to R26: whether an audience is told now what there is to tell: what is changed, promised, held back, approved.

use super::approve;
use super::fact::{Cause, Fact, HeldReason, Kept, MissReason, Said};
use super::group::kind_to_say;
use super::look::Look;
use super::matter::Shade;
use super::promise;
use super::say::{self, Word};
use super::state::{Briefing, Draft, Held};
use super::target;
use super::via;
use super::write_up;
use crate::event::{Recipient, Span, Time};
use crate::message::{Kind, Wording};

/// A row waits at most this long for those who are told before it (R24).
const AFTER_MAX: Span = Span::from_mins(2);

/// What one audience is told now; no facts where it is told nothing.
pub(super) fn word(look: &Look<'_>) -> Vec<Fact> {
    let Look { state, policy, now, matter, briefing, row } = *look;
    if let Some(until) = look.held_end().filter(|until| now < *until) {
        return while_held(look, until);
    }
    let said = look.said();
    let kind = kind_to_say(briefing, said, now, row.and_then(|row| row.repeat_every));
    let kind = kind.or_else(|| is_owed_after_all(look).then_some(Kind::Resolution));
    let kind = kind.or_else(|| write_up::is_owed(state, policy, matter, briefing).then_some(Kind::Update));
    let Some(kind) = kind.filter(|kind| *kind != Kind::Reminder) else {
        return no_news(look, said, kind);
    };
    if kind == Kind::Resolution && target::nobody_is_owed(state, policy, briefing) {
        let (case, audience) = (matter.id, briefing.audience.clone());
        return vec![Fact::Kept(Kept::NobodyLeft { case, audience, said })];
    }
    if let Some(until) = waits_for(look) {
        let held = hold(look, HeldReason::After, Some(until));
        return if held.is_empty() { due(look) } else { held };
    }
    if look.approval().is_some() {
        return approve::word(look, kind, said);
    }
    let saying = Saying { wording: look.wording(), ..Saying::new(kind, said) };
    let mut facts = speak(look, &saying);
    if look.due_promise().is_some() && !say::tells(&facts) {
        facts.extend(promise::miss(look, MissReason::Withheld));
    }
    facts
}

/// Whether the end counts as said to nobody, and somebody is back who was told of the case: in the configuration that had
/// lost them.
fn is_owed_after_all(look: &Look<'_>) -> bool {
    let nobody_left = look.briefing.awaited.as_ref().is_some_and(|awaited| awaited.nobody_left);
    nobody_left && look.is_over() && !target::nobody_is_owed(look.state, look.policy, look.briefing)
}

/// One message as it is to be said.
pub(super) struct Saying<'a> {
    pub kind: Kind,
    pub said: Said,
    pub wording: Wording,
    pub shade: Shade,
    /// The one reader from whom a limit had kept it (R19).
    pub late_reader: Option<&'a Recipient>,
    /// The approver's words and the revision that was approved (R23).
    pub draft: Option<&'a Draft>,
    /// What it is escalated for (R25).
    pub cause: Option<Cause>,
}

impl Saying<'_> {
    pub fn new(kind: Kind, said: Said) -> Saying<'static> {
        let shade = Shade::default();
        Saying { kind, said, wording: Wording::Free, shade, late_reader: None, draft: None, cause: None }
    }
}

/// Says it.
pub(super) fn speak(look: &Look<'_>, saying: &Saying<'_>) -> Vec<Fact> {
    let Look { state, policy, now, matter, briefing, row } = *look;
    let over = saying.said.is_over() && !saying.shade.hold;
    let (firing, ended) = matter.unsaid();
    let first = saying.kind == Kind::Opening && row.is_some_and(|row| row.keeping.first_within.is_some());
    // After the end only its write-up is an update: to who was told the end.
    let is_write_up = over && saying.kind == Kind::Update;
    let only = is_write_up.then(|| write_up::readers(state, policy, briefing));
    let write_up = write_up::promised(policy, now, matter, briefing, over);
    // Who hears later what others have heard is promised what they were.
    let repeated = saying.late_reader.is_some() && briefing.said.is_some_and(|(said, _)| said == saying.said);
    let next_update = match briefing.promise().filter(|_| repeated) {
        Some(promise) => Some(promise.due),
        None => promise::next(policy, now, row, matter, over),
    };
    let must_go = look.due_promise().is_some() || first || is_write_up;
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
        late_reader: saying.late_reader,
        paced: true,
        unthrottled: must_go || saying.kind == Kind::Escalation,
        wording: saying.wording,
        next_update,
        draft: saying.draft,
        cause: saying.cause,
        asks: None,
    };
    let subject = look.subject(saying.kind, Shade { write_up, ..saying.shade });
    let mut facts = say::say(state, policy, now, &word, briefing, &subject, saying.said);
    let new = write_up.filter(|_| matter.case.course.as_ref().and_then(|course| course.write_up) != write_up);
    let told = say::tells(&facts);
    facts.extend(new.filter(|_| told).map(|due| Fact::Kept(Kept::WriteUpPromised { case: matter.id, due })));
    // Agreed words of the end leave the write-up to a word of its own.
    let whole = told && over && (is_write_up || saying.wording == Wording::Free);
    facts.extend(write_up::told(matter, briefing).filter(|_| whole));
    facts
}

/// While the end is held: its text is written for those who must approve it, and promises are kept.
fn while_held(look: &Look<'_>, until: Time) -> Vec<Fact> {
    let held = hold(look, HeldReason::HoldResolved, Some(until));
    if !held.is_empty() {
        return held;
    }
    if look.approval().is_some() {
        let asked = approve::prepare(look, Kind::Resolution, look.said());
        if !asked.is_empty() {
            return asked;
        }
    }
    due(look)
}

/// Notes what the word waits for, if that is new.
pub(super) fn hold(look: &Look<'_>, why: HeldReason, until: Option<Time>) -> Vec<Fact> {
    if look.briefing.held().is_some_and(|held| held.why == why) {
        return Vec::new();
    }
    vec![held(look, Some(why), until)]
}

/// That the word waits, or does so no more.
pub(super) fn held(look: &Look<'_>, why: Option<HeldReason>, until: Option<Time>) -> Fact {
    let (case, audience) = (look.matter.id, look.briefing.audience.clone());
    Fact::Kept(Kept::WordHeld { case, audience, why, until })
}

/// Nothing has changed for this audience: a draft is no longer needed, a promised or repeated word may be due.
fn no_news(look: &Look<'_>, said: Said, reminder: Option<Kind>) -> Vec<Fact> {
    let dropped = approve::drop(look);
    if !dropped.is_empty() {
        return dropped;
    }
    if look.briefing.held().is_some() {
        return vec![held(look, None, None)];
    }
    let facts = due(look);
    if !facts.is_empty() {
        return facts;
    }
    match reminder {
        Some(kind) => speak(look, &Saying::new(kind, said)),
        None => write_again(look, said),
    }
}

/// A promised word that is due, or the word that says another rhythm: said without news, or missed (R22).
pub(super) fn due(look: &Look<'_>) -> Vec<Fact> {
    let Look { matter, briefing, row, .. } = *look;
    let Some((said, _)) = briefing.said.filter(|_| promise::goes_on(matter, briefing)) else {
        return Vec::new();
    };
    let promised = look.due_promise();
    let moved = briefing.awaited.as_ref().is_some_and(|awaited| awaited.moved);
    if promised.is_none() && !moved {
        return Vec::new();
    }
    if row.is_some_and(|row| row.keeping.no_holding_update) && promised.is_some() {
        return promise::miss(look, MissReason::NoNews);
    }
    // What nobody has approved is not said by the way either (R23).
    let wording = look.wording();
    let shade = Shade { hold: look.is_over(), write_up: None };
    let saying = Saying { wording, shade, ..Saying::new(Kind::Holding, said) };
    let mut facts = speak(look, &saying);
    if !say::tells(&facts) {
        facts.extend(promise::miss(look, MissReason::Withheld));
        if promised.is_none() {
            facts.clear();
        }
    }
    facts
}

fn write_again(look: &Look<'_>, said: Said) -> Vec<Fact> {
    let Look { state, policy, now, matter, briefing, row } = *look;
    let probe = look.subject(Kind::Update, Shade::default());
    let desk = Word::at_desk(&briefing.audience, matter.severity, matter.case.due.unwrap_or(now), now);
    let word = Word {
        case: matter.id,
        row,
        event_at: matter.event_at,
        wording: look.wording(),
        next_update: briefing.promise().map(|promise| promise.due),
        ..desk
    };
    say::write_again(state, policy, now, word, briefing, &probe, said)
}

/// Until when the word waits for other audiences, if one of them has not been handed theirs (R24).
fn waits_for(look: &Look<'_>) -> Option<Time> {
    let Look { state, now, matter, briefing, .. } = *look;
    let row = look.row.filter(|row| !row.keeping.after.is_empty())?;
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
pub(super) fn next_look(look: &Look<'_>) -> Option<Time> {
    let held = look.briefing.held().and_then(|held| match held.why {
        HeldReason::After => Some(held.since + AFTER_MAX),
        HeldReason::Approval | HeldReason::HoldResolved => None,
    });
    let all = [held, look.held_end(), approve::next_look(look), somebody_comes(look)];
    all.into_iter().flatten().filter(|at| *at > look.now).min()
}

/// When somebody is there again whom a word may reach that limits have kept from everybody.
fn somebody_comes(look: &Look<'_>) -> Option<Time> {
    look.briefing.lines.values().find(|line| line.withheld.is_some())?;
    let audience = look.policy.audiences.get(&look.briefing.audience)?;
    let at = via::next_change(look.policy, look.now, audience)?;
    let unsaid = kind_to_say(look.briefing, look.said(), look.now, None).is_some();
    unsaid.then_some(at)
}
