//! `[heartbeat]`: how the daemon shows to the outside that the whole way works, and whose silence it tells of.

use super::diagnostic::Report;
use super::environment::{internal_audience, networks};
use super::key::{Form, Key, Section, Takes};
use super::table::{Document, Table};
use super::walk;
use crate::event::{Matcher, Name, SecretRef, Span};

/// `[heartbeat]`.
pub(super) static SECTION: Section = Section {
    path: "heartbeat",
    form: Form::Single,
    in_team_file: false,
    open: false,
    about: "A beat goes the whole way: in by the door of events, through the journal and a decision, out by a real channel. Only then the dead man's switch is told.",
    keys: &[
        Key {
            name: "audience",
            takes: Takes::Text,
            default: "",
            about: "The internal audience that gets each beat: one of its own, with a destination where nobody is disturbed. Without it there are no beats.",
        },
        Key {
            name: "every",
            takes: Takes::Duration(Span::from_secs(1), Span::from_mins(24 * 60)),
            default: "\"1m\"",
            about: "How often the heart beats.",
        },
        Key {
            name: "ping",
            takes: Takes::Secret,
            default: "",
            about: "Where the URL of a dead man's switch lies, which is asked with GET after each beat that arrived. Whoever knows the URL can keep it quiet, so it is a secret.",
        },
        Key {
            name: "allow_networks",
            takes: Takes::Texts,
            default: "[]",
            about: "Loopback, private and link-local networks that the ping may reach, as CIDR, besides those of [egress].",
        },
        Key {
            name: "watchdog",
            takes: Takes::Texts,
            default: "[]",
            about: "Matchers of alerts that are meant to fire for ever, such as `alertname=\"Watchdog\"`: they reach no row, and the owner is told when one stops coming.",
        },
    ],
};

/// `[heartbeat]`, as far as beats are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartbeatSettings {
    /// Who gets each beat.
    pub audience: Name,
    /// How often.
    pub every: Span,
    /// Where the URL of the dead man's switch lies.
    pub ping: Option<SecretRef>,
    /// Networks that the ping may reach, as CIDR, those of `[egress]` included.
    pub allow_networks: Vec<String>,
}

/// `[heartbeat]`, where it names an audience; `egress` are the networks that everything may reach.
pub(super) fn read(document: &Document<'_>, egress: &[String], report: &Report) -> Option<HeartbeatSettings> {
    let table = document.one("heartbeat")?;
    let ping = table.get("ping");
    let Some(text) = table.text("audience") else {
        if let Some(ping) = ping {
            let message = "without an audience there are no beats, and nothing is ever pinged";
            let help = "add audience = \"heartbeat\", an internal audience of its own";
            report.error("heartbeat::no-audience", ping.place(), message, help);
        } else if watchdog(document, report).is_empty() {
            let help = "add `audience` for beats, or `watchdog`";
            report.warning("heartbeat::nothing", Some(table.header), "this does nothing", help);
        }
        return None;
    };
    let audience = internal_audience(document, text, "audience", report);
    if let Some(other) = used_elsewhere(document, text.value) {
        let message = format!("`{}` is told of other things too: {other}", text.value);
        let help = "give the heartbeat an audience of its own: whoever is in it hears of every beat";
        report.warning("heartbeat::shared", Some(text.place), message, help);
    }
    let mut allow_networks = networks(&table.texts("allow_networks"), report);
    allow_networks.extend(egress.iter().cloned());
    let (every, ping) = (table.span("every"), ping.and_then(|node| node.secret()));
    Some(HeartbeatSettings { audience: audience?, every, ping, allow_networks })
}

/// What else the audience is named by, if anything is.
fn used_elsewhere(document: &Document<'_>, audience: &str) -> Option<String> {
    let says = |table: Option<&Table<'_>>, key| {
        table.and_then(|table| table.text(key)).is_some_and(|text| text.value == audience)
    };
    if says(document.one(""), "unrouted") {
        return Some("it is `unrouted`".to_owned());
    }
    if says(document.one("incidents"), "owner") {
        return Some("it is the owner".to_owned());
    }
    let row = document.all("route").iter().find(|row| says(Some(row), "audience"))?;
    Some(format!("by the row `{}`", row.text("name").map_or("", |name| name.value)))
}

/// The matchers of alerts that are meant to fire for ever; empty where there are none.
pub(super) fn watchdog(document: &Document<'_>, report: &Report) -> Vec<Matcher> {
    let texts = document.one("heartbeat").map(|table| table.texts("watchdog")).unwrap_or_default();
    walk::matchers(&texts, report)
}
