//! What a reload would leave behind, in words: which sort of thing, whose, and a sentence about it.

use crate::event::{Name, Recipient};
use serde::{Deserialize, Serialize};

/// Which sort of thing a reload would leave behind; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanKind {
    /// Somebody was told of a case and would not hear of its end (R27).
    UntoldOfEnd,
    /// A message is on its way by a channel that would be gone: `dead_lettered: channel_removed`.
    ChannelRemoved,
    /// A message is on its way to somebody who would be gone: `suppressed: removed`.
    RecipientRemoved,
    /// What waits for approval would be said without it (R23).
    ApprovalDropped,
    /// What waits for approval was asked of somebody who would be gone (R23).
    ApproversRemoved,
    /// The audience of an open briefing would be gone.
    AudienceRemoved,
    /// The audience of an open briefing would be nobody.
    NobodyLeft,
    /// An escalation that may still come would go to nobody, or to somebody else (R25).
    EscalationMoved,
    /// A rule would be gone by which an open incident ends by itself.
    RuleRemoved,
    /// What an open briefing is told would be rendered more strictly.
    Stricter,
    /// The row of an open briefing would be gone, or match its case no more: the briefing stays to its end.
    RowGone,
    /// Another rhythm would hold than the one that was promised (R22).
    RhythmChanged,
}

impl OrphanKind {
    /// What these have in common, as the heading of a list.
    pub fn heading(self) -> &'static str {
        match self {
            OrphanKind::UntoldOfEnd => "Told of a case, and would not hear of its end",
            OrphanKind::ChannelRemoved => "On the way by a channel that would be gone (dead_lettered)",
            OrphanKind::RecipientRemoved => "On the way to somebody who would be gone (suppressed)",
            OrphanKind::ApprovalDropped => "Waits for approval, and would be said without it",
            OrphanKind::ApproversRemoved => "Waits for approval by somebody who would be gone",
            OrphanKind::AudienceRemoved => "Kept informed, and its audience would be gone",
            OrphanKind::NobodyLeft => "Kept informed, and its audience would be nobody",
            OrphanKind::EscalationMoved => "Would be escalated to somebody else, or to nobody",
            OrphanKind::RuleRemoved => "Opened by a rule that would be gone",
            OrphanKind::Stricter => "Would be told less, and what waits rendered anew",
            OrphanKind::RowGone => "Kept informed to its end by a row that would be gone or match no more",
            OrphanKind::RhythmChanged => "Promised one rhythm, and another would hold",
        }
    }
}

/// One thing that a reload would leave behind. It names recipients, never an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Orphan {
    /// Which sort.
    pub kind: OrphanKind,
    /// What the case is called among insiders; `None` for what belongs to no single case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<Box<str>>,
    /// The audience.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<Name>,
    /// Whose it is, for what concerns one recipient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Recipient>,
    /// The sentence.
    pub text: Box<str>,
}
