//! The keys of rows that say how an audience is kept informed: clocks, rhythm, approval, escalation, fallback.

use super::diagnostic::Report;
use super::key::{Key, Takes};
use super::route::Keys;
use super::table::Document;
use super::value::{At, Node};
use super::{audience, channel, suggest};
use crate::decide::{Approval, AtDue, Audience, Cadence, Fallback, Keeping, Rhythm, Row, RowKind};
use crate::event::{Name, Severity, Span};
use crate::message::Disclosure;
use std::collections::BTreeMap;

const DAY: u64 = 24 * 60;
const MINUTE: Span = Span::from_mins(1);
const MONTH: Span = Span::from_mins(31 * DAY);
/// A rhythm for outsiders that is slower than this is remarked on at the two worst severities (R22).
const SLOW: Span = Span::from_mins(60);

pub(super) const LASTING: Key = Key {
    name: "lasting",
    takes: Takes::Duration(Span::from_secs(1), MONTH),
    default: "",
    about: "For how long the row's other conditions must have held without a break. A component with `critical = true` sets it to zero for external audiences.",
};
pub(super) const HOURS: Key = Key {
    name: "hours",
    takes: Takes::Hours,
    default: "",
    about: "When the row counts: `{ days = [\"mon\", \"fri\"], from = \"09:00\", to = \"17:00\", time_zone = \"…\" }`, or a list of such. Without it, always.",
};
pub(super) const FIRST_WITHIN: Key = Key {
    name: "first_within",
    takes: Takes::Duration(Span::from_secs(1), MONTH),
    default: "",
    about: "Within how long of the row's other conditions its first word must be released; longer than `lasting`. A later one is a miss: a fact, a metric and a word to the owner.",
};
pub(super) const AFTER: Key = Key {
    name: "after",
    takes: Takes::Texts,
    default: "",
    about: "The audiences that are handed theirs before this one, waited for at most 2 minutes.",
};
pub(super) const UPDATE_EVERY: Key = Key {
    name: "update_every",
    takes: Takes::Rhythm,
    default: "",
    about: "How often the audience is told at least while it lasts, or \"on change\". Every message promises the next. Without it [cadence] says, for business and external rows about incidents; other rows promise nothing.",
};
pub(super) const DEADLINES: Key = Key {
    name: "deadlines",
    takes: Takes::Durations,
    default: "",
    about: "Fixed clocks from when the row's conditions began to hold: a word is due at each, such as [\"4h\", \"24h\", \"72h\"].",
};
pub(super) const HOLDING_UPDATE: Key = Key {
    name: "holding_update",
    takes: Takes::Flag,
    default: "true",
    about: "Whether a promised word of which there is no news is said all the same. `false` records, counts and escalates the miss.",
};
pub(super) const UNAPPROVED: Key = Key {
    name: "unapproved",
    takes: Takes::Unapproved,
    default: "",
    about: "What happens while nobody approves: `after` which time others (`escalate_to`) are asked, and whether `at_due` an agreed text goes out (\"agreed_text\", the default) or \"nothing\".",
};
pub(super) const HOLD_RESOLVED: Key = Key {
    name: "hold_resolved",
    takes: Takes::Duration(Span::from_secs(1), Span::from_mins(7 * DAY)),
    default: "",
    about: "For how long an end must have held before this audience is told of it.",
};
pub(super) const ACK_WITHIN: Key = Key {
    name: "ack_within",
    takes: Takes::Duration(MINUTE, Span::from_mins(7 * DAY)),
    default: "",
    about: "Within how long somebody must have acknowledged the case; one acknowledgement by anyone stops every row.",
};
pub(super) const ESCALATE_TO: Key = Key {
    name: "escalate_to",
    takes: Takes::Text,
    default: "",
    about: "The audience that is told when nobody has acknowledged, or what is escalated at once; never a less trusted one, nor an external one. Without it, the owner.",
};
pub(super) const FALLBACK: Key = Key {
    name: "fallback",
    takes: Takes::Fallback,
    default: "",
    about: "Where a message goes that is not handed over in time: by the contact's other channels in this order, then to the backup.",
};

/// What the keys are read with.
pub(super) struct Reader<'a, 't> {
    pub(super) document: &'a Document<'t>,
    pub(super) report: &'a Report,
    pub(super) audiences: &'a BTreeMap<Name, Audience>,
}

/// What the value of `unapproved` may hold.
pub(super) const UNAPPROVED_KEYS: [&str; 3] = ["after", "escalate_to", "at_due"];

impl Reader<'_, '_> {
    pub(super) fn read(&self, keys: Keys<'_, '_>, kind: RowKind) -> Keeping {
        let span = |key: &str| keys.get(key).and_then(|node| node.span());
        let approve = keys.own.get("approve").and_then(|node| node.flag()) == Some(true);
        let deadlines = keys.get("deadlines").map(|node| node.items()).unwrap_or_default();
        let mut deadlines: Vec<Span> = deadlines.iter().filter_map(Node::span).collect();
        deadlines.sort_unstable();
        self.check(keys, approve);
        // A rhythm for all rows is meant for those that can keep one.
        let rhythm = keys
            .own
            .get("update_every")
            .or_else(|| keys.get("update_every").filter(|_| kind == RowKind::Incident));
        Keeping {
            first_within: span("first_within"),
            after: self.after(keys),
            update_every: rhythm.and_then(|node| node.rhythm()),
            deadlines,
            no_holding_update: keys.get("holding_update").and_then(|node| node.flag()) == Some(false),
            approval: approve.then(|| self.approval(keys)),
            hold_resolved: span("hold_resolved"),
            ack_within: span("ack_within"),
            escalate_to: keys.get("escalate_to").and_then(|node| self.audience(node, "escalate_to")),
            fallback: keys.get("fallback").and_then(|node| self.fallback(node)),
        }
    }

    fn audience(&self, node: Node<'_>, _key: &str) -> Option<Name> {
        let text = At { value: node.text()?, place: node.place() };
        audience::resolve(self.document, text, text.place.file, self.report)
    }

    fn after(&self, keys: Keys<'_, '_>) -> Vec<Name> {
        let texts = keys.get("after").map(|node| node.texts()).unwrap_or_default();
        let found = |text: &At<&str>| audience::resolve(self.document, *text, text.place.file, self.report);
        texts.iter().filter_map(found).collect()
    }

    fn approval(&self, keys: Keys<'_, '_>) -> Approval {
        let Some(node) = keys.get("unapproved") else { return Approval::default() };
        let at_due = match node.get("at_due").and_then(|word| word.text()) {
            Some("nothing") => AtDue::Nothing,
            _ => AtDue::AgreedText,
        };
        Approval {
            after: node.get("after").and_then(|after| after.span()),
            escalate_to: node.get("escalate_to").and_then(|to| {
                let text = At { value: to.text()?, place: to.place() };
                super::environment::internal_audience(self.document, text, "unapproved", self.report)
            }),
            at_due,
        }
    }

    fn fallback(&self, node: Node<'_>) -> Option<Fallback> {
        let after = node.get("after")?.span()?;
        let texts = node.get("via").map(|via| via.texts()).unwrap_or_default();
        let via = texts.into_iter().filter_map(|text| channel::known(self.document, text, self.report));
        Some(Fallback { after, via: via.collect() })
    }

    /// Keys that mean nothing beside others, or contradict them.
    fn check(&self, keys: Keys<'_, '_>, approve: bool) {
        if let Some(entry) = keys.own.entries.get("unapproved").filter(|_| !approve) {
            let message = "`unapproved` means nothing on a row whose texts need no approval";
            self.report.error(
                "route::meaningless",
                entry.key,
                message,
                "add approve = true, or leave it out",
            );
        }
        let (lasting, first) = (keys.get("lasting"), keys.get("first_within"));
        if let (Some(lasting), Some(first)) = (lasting, first)
            && let (Some(at_least), Some(within)) = (lasting.span(), first.span())
            && within <= at_least
        {
            let message = format!("`first_within` must be longer than `lasting`, which is {at_least}");
            self.report.error(
                "route::first-within",
                first.place(),
                message,
                "the first word cannot be due before the row matches",
            );
        }
    }

    /// What can be said only once it is known whom the row tells.
    pub(super) fn check_audience(&self, keys: Keys<'_, '_>, keeping: &Keeping, told: &Audience) {
        if let (Some(to), Some(node)) = (&keeping.escalate_to, keys.get("escalate_to")) {
            let level = self.audiences.get(to).map_or(Disclosure::Internal, |to| to.disclosure);
            if level == Disclosure::External {
                let message =
                    format!("`{to}` is external: nobody would have approved what an escalation tells it");
                let help = "name an audience of your own; a row with approve = true tells outsiders";
                self.report.error("route::escalate-to", node.place(), message, help);
            } else if !level.may_read(told.disclosure) {
                let message = format!(
                    "`{to}` is {level} and `{}` is {}: an escalation never goes to a less trusted audience",
                    told.name, told.disclosure
                );
                self.report.error(
                    "route::escalate-to",
                    node.place(),
                    message,
                    "name an audience that may read at least as much",
                );
            }
        }
        if let Some(place) = keeping.after.iter().position(|name| *name == told.name) {
            let texts = keys.get("after").map(|node| node.texts()).unwrap_or_default();
            let message = format!("`{}` cannot wait for itself", told.name);
            let at = texts.get(place).map_or(keys.own.header, |text| text.place);
            self.report.error("route::after", at, message, "name the audiences that are told before it");
        }
    }

    /// A rhythm for outsiders that is slow where it is worst: a remark (R22).
    pub(super) fn check_rhythm(&self, keys: Keys<'_, '_>, row: &Row, cadence: &Cadence, told: &Audience) {
        if told.disclosure != Disclosure::External || row.conditions.kind != RowKind::Incident {
            return;
        }
        let worst = |severity: &Severity| row.conditions.severity.is_none_or(|set| set.contains(*severity));
        let rhythm = |severity: Severity| row.keeping.update_every.unwrap_or(cadence.of(severity)).every();
        let slow = |severity: &Severity| rhythm(*severity).is_none_or(|every| every > SLOW);
        if [Severity(0), Severity(1)].iter().filter(|severity| worst(severity)).any(slow) {
            let place = keys.get("update_every").map_or(keys.own.header, |node| node.place());
            let message = format!("`{}` may wait for more than 1h for a word about the worst", told.name);
            let help = "write update_every = \"1h\" or less: silence reads as if nobody were at work";
            self.report.warning("route::slow-rhythm", Some(place), message, help);
        }
    }

    /// What cannot be kept without somebody who hears of its misses (R42).
    pub(super) fn needs_owner(keys: Keys<'_, '_>) -> Option<&'static str> {
        let own = |key: &str| keys.own.get(key).is_some();
        let said = ["update_every", "deadlines", "ack_within"].into_iter().find(|key| own(key));
        let approve = || keys.own.get("approve").and_then(|node| node.flag()) == Some(true);
        said.or_else(|| approve().then_some("approve"))
    }
}

/// Reports what is no value of `unapproved`.
pub(super) fn check_unapproved(node: Node<'_>, report: &Report) {
    for (key, value) in node.entries() {
        let right = match key.value {
            "after" => value.span().is_some(),
            "escalate_to" => value.text().is_some_and(|text| !text.is_empty()),
            "at_due" => matches!(value.text(), Some("agreed_text" | "nothing")),
            other => {
                let help = suggest::hint(other, "key", UNAPPROVED_KEYS);
                report.error("key::unknown", key.place, format!("`{other}` is no key of `unapproved`"), help);
                continue;
            }
        };
        if !right {
            let message = format!("`{}` cannot be this: it is {}", key.value, value.sort());
            let help = "write { after = \"5m\", escalate_to = \"duty\", at_due = \"agreed_text\" }";
            report.error("key::value", value.place(), message, help);
        }
    }
}

/// `"30m"` or `"on change"`.
pub(super) fn rhythm(node: Node<'_>) -> Option<Rhythm> {
    match node.text()? {
        "on change" => Some(Rhythm::OnChange),
        _ => node.span().filter(|span| *span >= MINUTE && *span <= MONTH).map(Rhythm::Every),
    }
}
