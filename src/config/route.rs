//! `[[route]]` and `[defaults]`: the keys of rows, and where the value of each comes from.

use super::diagnostic::Place;
use super::keeping;
use super::key::{Form, Key, Section, Takes};
use super::table::{Table, default_count, default_span};
use super::value::Node;
use crate::event::Span;

const DAY: u64 = 24 * 60;

const NAME: Key = Key {
    name: "name",
    takes: Takes::Name,
    default: "",
    about: "Its identity: in metrics, explain and the journal. Required. A team's row is `team/NAME` elsewhere; the copies of a `{team}` row are `NAME/team`.",
};
const ABOUT: Key = Key { name: "about", takes: Takes::Text, default: "", about: "The sentence for people." };
const WAS: Key = Key {
    name: "was",
    takes: Takes::TextOrTexts,
    default: "",
    about: "Names that it had before: carries what is under way over a rename.",
};
const KIND: Key = Key {
    name: "kind",
    takes: Takes::Word(&["alert", "incident"]),
    default: "",
    about: "Whether it is about alerts or incidents. Required.",
};
const MATCH: Key = Key {
    name: "match",
    takes: Takes::Texts,
    default: "[]",
    about: "Matchers on labels, all of which must hold: `name=\"value\"` with `=`, `!=`, `=~` or `!~`; anchored, and a missing label is empty.",
};
const SEVERITY: Key = Key {
    name: "severity",
    takes: Takes::TextOrTexts,
    default: "",
    about: "Conditions on the ladder: \"sev2\", \"sev2 or worse\", \"sev3 or milder\", or a list of them. Without one, any severity and none.",
};
const CUSTOMER_IMPACT: Key = Key {
    name: "customer_impact",
    takes: Takes::Flag,
    default: "",
    about: "Whether customers must be, or must not be, affected. For incidents.",
};
const AUDIENCE: Key = Key {
    name: "audience",
    takes: Takes::Text,
    default: "",
    about: "Whom it tells. `{team}/NAME` stands for one row per team that has such an audience, with the team's match. Required.",
};
const VIA: Key = Key {
    name: "via",
    takes: Takes::Via,
    default: "",
    about: "By which channels contacts are told; destinations always are. A list means all of them. A map is asked for the kind of notification (`opening`, `update`, `escalation`, `reminder`, `digest`, `resolution`), then `urgent` in an urgent case, then `other`. Without it, by each address that they have.",
};
const GROUP_BY: Key = Key {
    name: "group_by",
    takes: Takes::Texts,
    default: "[]",
    about: "The labels by which alerts are gathered into one case; [\"...\"] leaves each alone, [] gathers all of the row.",
};
const GROUP_WAIT: Key = Key {
    name: "group_wait",
    takes: Takes::Duration(Span::ZERO, Span::from_mins(DAY)),
    default: "\"30s\"",
    about: "How long a new group waits for company. What is urgent does not wait.",
};
const GROUP_INTERVAL: Key = Key {
    name: "group_interval",
    takes: Takes::Duration(Span::from_secs(1), Span::from_mins(7 * DAY)),
    default: "\"5m\"",
    about: "How long a group that has spoken waits before it speaks of a change.",
};
const REPEAT_EVERY: Key = Key {
    name: "repeat_every",
    takes: Takes::DurationOrNever(Span::from_mins(1), Span::from_mins(366 * DAY)),
    default: "\"never\"",
    about: "How often it reminds while nothing changes.",
};
const MAX_ALERTS: Key = Key {
    name: "max_alerts",
    takes: Takes::Count(1, 1000),
    default: "100",
    about: "The most alerts in one message; the rest are counted.",
};
const DEDUPE_FOR: Key = Key {
    name: "dedupe_for",
    takes: Takes::Duration(Span::ZERO, Span::from_mins(7 * DAY)),
    default: "\"5m\"",
    about: "How long the same state is not said twice to one recipient.",
};
const THROTTLE: Key = Key {
    name: "throttle",
    takes: Takes::Limit,
    default: "",
    about: "The most messages for one recipient from this row; the overflow becomes one digest that names everything.",
};
const STOP: Key = Key {
    name: "stop",
    takes: Takes::Flag,
    default: "false",
    about: "Whether a match ends the reading of this file's rows.",
};
const TEMPLATE: Key = Key {
    name: "template",
    takes: Takes::Text,
    default: "",
    about: "A template of one's own, by its name in [template.NAME].",
};
const APPROVE: Key = Key {
    name: "approve",
    takes: Takes::Flag,
    default: "",
    about: "Required on a row to an external audience, and only there: `true` lets somebody look at its texts before they leave, `false` says that nobody does.",
};

/// `[[route]]`.
pub(super) static SECTION: Section = Section {
    path: "route",
    form: Form::Rows,
    in_team_file: true,
    open: false,
    about: "The routing table. Rows are read in order; for each audience the first row that matches governs. Rows of included files stand before those of the root file.",
    keys: &[
        NAME,
        ABOUT,
        WAS,
        KIND,
        MATCH,
        SEVERITY,
        CUSTOMER_IMPACT,
        AUDIENCE,
        VIA,
        GROUP_BY,
        GROUP_WAIT,
        GROUP_INTERVAL,
        REPEAT_EVERY,
        MAX_ALERTS,
        DEDUPE_FOR,
        THROTTLE,
        STOP,
        TEMPLATE,
        keeping::HOURS,
        keeping::LASTING,
        keeping::FIRST_WITHIN,
        keeping::AFTER,
        keeping::UPDATE_EVERY,
        keeping::DEADLINES,
        keeping::HOLDING_UPDATE,
        APPROVE,
        keeping::UNAPPROVED,
        keeping::HOLD_RESOLVED,
        keeping::ACK_WITHIN,
        keeping::ESCALATE_TO,
        keeping::FALLBACK,
    ],
};

/// `[defaults]`.
pub(super) static DEFAULTS: Section = Section {
    path: "defaults",
    form: Form::Single,
    in_team_file: false,
    open: false,
    about: "Values for rows that do not say; a row's own value wins. Its `via` also serves what belongs to no row.",
    keys: &[
        KIND,
        MATCH,
        SEVERITY,
        CUSTOMER_IMPACT,
        AUDIENCE,
        VIA,
        GROUP_BY,
        GROUP_WAIT,
        GROUP_INTERVAL,
        REPEAT_EVERY,
        MAX_ALERTS,
        DEDUPE_FOR,
        THROTTLE,
        STOP,
        TEMPLATE,
        keeping::LASTING,
        keeping::FIRST_WITHIN,
        keeping::AFTER,
        keeping::UPDATE_EVERY,
        keeping::DEADLINES,
        keeping::HOLDING_UPDATE,
        keeping::UNAPPROVED,
        keeping::HOLD_RESOLVED,
        keeping::ACK_WITHIN,
        keeping::ESCALATE_TO,
        keeping::FALLBACK,
    ],
};

/// Keys that mean nothing for rows about incidents.
pub(super) const ALERTS_ONLY: [&str; 4] = ["group_by", "group_wait", "group_interval", "max_alerts"];

/// Where a value of a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Row(Place),
    Defaults(Place),
    BuiltIn,
}

/// One row with the defaults behind it.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a, 't> {
    pub(super) own: &'a Table<'t>,
    pub(super) defaults: Option<&'a Table<'t>>,
}

impl<'t> Keys<'_, 't> {
    /// The row's own value, else the default of the file.
    pub(super) fn get(&self, key: &str) -> Option<Node<'t>> {
        self.own.get(key).or_else(|| self.defaults?.get(key))
    }

    pub(super) fn origin(&self, key: &str) -> Origin {
        match (self.own.get(key), self.defaults.and_then(|defaults| defaults.get(key))) {
            (Some(node), _) => Origin::Row(node.place()),
            (None, Some(node)) => Origin::Defaults(node.place()),
            (None, None) => Origin::BuiltIn,
        }
    }

    pub(super) fn span(&self, key: &str) -> Span {
        self.get(key).and_then(|node| node.span()).unwrap_or_else(|| default_span(&SECTION, key))
    }

    pub(super) fn count(&self, key: &str) -> usize {
        let count =
            self.get(key).and_then(|node| node.count()).unwrap_or_else(|| default_count(&SECTION, key));
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// Where a key stands, else the row.
    pub(super) fn place(&self, key: &str) -> Place {
        self.get(key).map_or(self.own.header, |node| node.place())
    }
}
