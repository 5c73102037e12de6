//! R19: throttles per recipient and row, ceilings per recipient over all rows, and when their digest is due.

use super::fact::WithheldReason;
use super::notice::desk_id;
use super::policy::{Limit, Policy};
use super::row::Row;
use super::say::Word;
use super::state::{Line, State};
use crate::event::{Name, Recipient, Span, Time};

/// A recipient gets at most one digest in this time.
pub(super) const DIGEST_EVERY: Span = Span::from_mins(1);

/// Whether one more message to this recipient is too many, and when a digest may go instead.
pub(super) fn too_many(
    state: &State,
    policy: &Policy,
    now: Time,
    row: Option<&Row>,
    recipient: &Recipient,
) -> Option<(WithheldReason, Time)> {
    let throttle = row.and_then(|row| row.throttle.map(|limit| (Some(row.name.clone()), limit)));
    if let Some((row, limit)) = throttle
        && let Some(at) = full_until(state, now, recipient, row, limit)
    {
        return Some((WithheldReason::Throttled, at));
    }
    ceiling_reached(state, policy, now, recipient).map(|at| (WithheldReason::Ceiling, at))
}

/// What a limit has withheld is left to its digest, which is due when there is room again (R19): a look at the case
/// before that, for whatever reason, tells it no sooner.
pub(super) fn is_to_come(
    state: &State,
    policy: &Policy,
    word: &Word<'_>,
    line: &Line,
    recipient: &Recipient,
) -> Option<(WithheldReason, Time)> {
    let limited = match line.withheld? {
        WithheldReason::Throttled => !word.unthrottled && word.row.is_some_and(|row| row.throttle.is_some()),
        WithheldReason::Ceiling => ceiling(policy, recipient).is_some(),
        WithheldReason::Duplicate | WithheldReason::FirstStart | WithheldReason::WhileDown => false,
    };
    let digest = || state.digests.get(&(word.audience.clone(), recipient.clone()));
    let digest = limited.then(digest)?.filter(|digest| digest.cases.contains(&word.case))?;
    Some((line.withheld?, digest.due))
}

/// When the ceiling next lets a message through, if it does not now.
pub(super) fn ceiling_reached(
    state: &State,
    policy: &Policy,
    now: Time,
    recipient: &Recipient,
) -> Option<Time> {
    full_until(state, now, recipient, None, ceiling(policy, recipient)?)
}

fn ceiling(policy: &Policy, recipient: &Recipient) -> Option<Limit> {
    policy.channels.get(&policy.endpoints.get(recipient)?.channel)?.ceiling
}

/// When the first of these whom a ceiling holds back may be told again.
pub(super) fn first_room(
    state: &State,
    policy: &Policy,
    now: Time,
    recipients: &[Recipient],
) -> Option<Time> {
    let room = |recipient: &Recipient| {
        let limit = ceiling(policy, recipient)?;
        state.windows.get(&(recipient.clone(), None))?.frees_at(now, limit.per)
    };
    recipients.iter().filter_map(room).min()
}

/// When the next digest of an audience may go to a recipient: not within a minute of its desk's last word to it.
pub(super) fn next_digest(state: &State, audience: &Name, recipient: &Recipient) -> Option<Time> {
    let line = state.cases.get(&desk_id(audience))?.briefing(audience)?.lines.get(recipient)?;
    let pending = line.pending.iter().filter_map(|id| state.deliveries.get(id)).map(|d| d.decided_at);
    let last = pending.chain(line.told.map(|told| told.at)).max()?;
    Some(last + DIGEST_EVERY)
}

fn full_until(
    state: &State,
    now: Time,
    recipient: &Recipient,
    row: Option<Name>,
    limit: Limit,
) -> Option<Time> {
    let window = state.windows.get(&(recipient.clone(), row))?;
    if window.count(now, limit.per) < limit.max as usize {
        return None;
    }
    let frees = window.frees_at(now, limit.per)?;
    let not_before = window.newest().map_or(now, |newest| newest + DIGEST_EVERY);
    Some(frees.max(not_before))
}
