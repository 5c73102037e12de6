//! The words of the projection: how what was decided ended, why, and that as a sentence.

use crate::decide::{DeadBy, End, SupersededBy, SuppressedBy};
use crate::message::slot::{self, Filling};
use serde::Serialize;

/// What became of one word to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is under way, or waits.
    Pending,
    /// The provider took it.
    Delivered,
    /// Something newer took its place.
    Superseded,
    /// It may not be sent.
    Suppressed,
    /// It could not be delivered.
    DeadLettered,
    /// It was decided not to send it now (R18): no delivery.
    Withheld,
}

impl Fate {
    /// Every fate.
    pub const ALL: [Fate; 6] = [
        Fate::Pending,
        Fate::Delivered,
        Fate::Superseded,
        Fate::Suppressed,
        Fate::DeadLettered,
        Fate::Withheld,
    ];

    /// The word in answers and filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Fate::Pending => "pending",
            Fate::Delivered => "delivered",
            Fate::Superseded => "superseded",
            Fate::Suppressed => "suppressed",
            Fate::DeadLettered => "dead_lettered",
            Fate::Withheld => "withheld",
        }
    }

    /// The number in the tables.
    pub(super) fn number(self) -> i64 {
        self as i64
    }

    /// The fate of a number.
    pub(super) fn of(number: i64) -> Fate {
        Fate::ALL.into_iter().find(|fate| fate.number() == number).unwrap_or(Fate::Pending)
    }

    /// What an end makes of a delivery.
    pub(super) fn of_end(end: &End) -> Fate {
        match end {
            End::Delivered(_) => Fate::Delivered,
            End::Superseded { .. } => Fate::Superseded,
            End::Suppressed { .. } => Fate::Suppressed,
            End::DeadLettered { .. } => Fate::DeadLettered,
        }
    }

    /// The fate of a word.
    pub fn find(word: &str) -> Option<Fate> {
        Fate::ALL.into_iter().find(|fate| fate.as_str() == word)
    }
}

/// Why a delivery ended as it did, in a word; a delivered one needs none.
pub(super) fn why(end: &End) -> Option<&'static str> {
    Some(match end {
        End::Delivered(_) => return None,
        End::Superseded { why: SupersededBy::Newer } => "newer",
        End::Superseded { why: SupersededBy::ResolvedBeforeSent } => "resolved_before_sent",
        End::Superseded { why: SupersededBy::MaybeTold } => "maybe_told",
        End::Superseded { why: SupersededBy::FellBack } => "fell_back",
        End::Suppressed { why: SuppressedBy::Removed } => "removed",
        End::Suppressed { why: SuppressedBy::Shadow } => "shadow",
        End::DeadLettered { why: DeadBy::Refused, .. } => "refused",
        End::DeadLettered { why: DeadBy::TooOld, .. } => "too_old",
        End::DeadLettered { why: DeadBy::ChannelRemoved, .. } => "channel_removed",
        End::DeadLettered { why: DeadBy::Quarantined, .. } => "quarantined",
    })
}

/// The sentence for a fate and its reason; empty for a reason of another release.
pub fn because(fate: Fate, why: Option<&str>) -> &'static str {
    match (fate, why.unwrap_or_default()) {
        (Fate::Pending, _) => "It waits, or is under way.",
        (Fate::Delivered, _) => "The provider accepted it.",
        (Fate::Superseded, "newer") => "A newer word to the same recipient took its place.",
        (Fate::Superseded, "resolved_before_sent") => "The case ended before anything was said.",
        (Fate::Superseded, "maybe_told") => "It may have arrived, and there is a newer word.",
        (Fate::Superseded, "fell_back") => "It was not handed over in time and went another way.",
        (Fate::Suppressed, "removed") => "The recipient is no longer in the configuration.",
        (Fate::Suppressed, "shadow") => "This installation decides and sends nothing.",
        (Fate::DeadLettered, "refused") => "It was refused, and would be again.",
        (Fate::DeadLettered, "too_old") => "It could not be handed over before it was too old.",
        (Fate::DeadLettered, "channel_removed") => "Its channel is no longer in the configuration.",
        (Fate::DeadLettered, "quarantined") => "Deciding what came of it failed inside Tidings.",
        (Fate::Withheld, "duplicate") => "The recipient was told just this.",
        (Fate::Withheld, "throttled") => "The row has told this recipient enough for now; a digest names it.",
        (Fate::Withheld, "ceiling") => {
            "The recipient was told enough for now by all rows; a digest names it."
        }
        (Fate::Withheld, "first_start") => "It began before the first start; a list names it.",
        (Fate::Withheld, "while_down") => "It began and ended while nobody listened; a digest names it.",
        (Fate::Superseded | Fate::Suppressed | Fate::DeadLettered | Fate::Withheld, _) => "",
    }
}

/// A text of a message with its instants written out in UTC: the tables have it as the journal does.
pub(super) fn plain(text: &str) -> String {
    slot::fill(text, &Filling { zone: jiff::tz::TimeZone::UTC, next_update: None, delay: None }).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::WithheldReason;

    #[test]
    fn every_reason_has_a_sentence() {
        for reason in WithheldReason::ALL {
            assert_ne!(because(Fate::Withheld, Some(reason.as_str())), "", "{reason:?}");
        }
        let dead = [DeadBy::Refused, DeadBy::TooOld, DeadBy::ChannelRemoved, DeadBy::Quarantined];
        let dead = dead.map(|why| End::DeadLettered { why, failure: None });
        let superseded = [
            SupersededBy::Newer,
            SupersededBy::ResolvedBeforeSent,
            SupersededBy::MaybeTold,
            SupersededBy::FellBack,
        ];
        let superseded = superseded.map(|why| End::Superseded { why });
        let suppressed = [SuppressedBy::Removed, SuppressedBy::Shadow].map(|why| End::Suppressed { why });
        for end in dead.iter().chain(&superseded).chain(&suppressed) {
            let fate = Fate::find(end.as_str()).expect("every end is a fate");
            assert_eq!(fate, Fate::of_end(end));
            assert_eq!(fate, Fate::of(fate.number()));
            assert_ne!(because(fate, why(end)), "", "{end:?}");
        }
    }
}
