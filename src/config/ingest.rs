//! `[ingest]`: the ways in: lanes of NATS and the HTTP door, and how long identities are remembered (R2–R5).

use super::diagnostic::Report;
use super::key::{Form, Key, Section, Takes};
use super::nats::{self, NatsSettings};
use super::table::{Document, Table, default_count, default_span};
use crate::event::Span;
use std::net::SocketAddr;

const DAY: u64 = 24 * 60;

/// `[ingest]`.
pub(super) static SECTION: Section = Section {
    path: "ingest",
    form: Form::Single,
    in_team_file: false,
    open: false,
    about: "What holds for all ways in.",
    keys: &[
        Key {
            name: "stale_after",
            takes: Takes::Duration(Span::from_mins(10), Span::from_mins(366 * DAY)),
            default: "\"24h\"",
            about: "After how long without a word the owner is reminded of an alert that states no validity.",
        },
        Key {
            name: "remember_events_for",
            takes: Takes::Duration(Span::from_mins(1), Span::from_mins(90 * DAY)),
            default: "\"7d\"",
            about: "How long identities of events are remembered.",
        },
        Key {
            name: "remember_events_max",
            takes: Takes::Count(1_000, 100_000_000),
            default: "1000000",
            about: "How many identities of events are remembered, about 100 bytes each.",
        },
    ],
};

/// `[ingest.http]`.
pub(super) static HTTP: Section = Section {
    path: "ingest.http",
    form: Form::Single,
    in_team_file: false,
    open: false,
    about: "Events, questions, health and metrics over HTTP.",
    keys: &[
        Key {
            name: "listen",
            takes: Takes::Text,
            default: "\"127.0.0.1:8085\"",
            about: "Address and port. Off loopback at least one [token.NAME] is needed.",
        },
        Key {
            name: "external_url",
            takes: Takes::Text,
            default: "",
            about: "How readers reach it, for links in messages. With it, every request needs a token.",
        },
    ],
};

/// The ways in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngestSettings {
    /// NATS.
    pub nats: Option<NatsSettings>,
    /// HTTP.
    pub http: Option<HttpSettings>,
}

/// `[ingest.http]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How readers reach it, without a slash at its end.
    pub external_url: Option<String>,
}

/// `[ingest]`: (`remember_events_for`, `remember_events_max`, `stale_after`).
pub(super) fn memory(document: &Document<'_>) -> (Span, usize, Span) {
    let table = document.one("ingest");
    let span = |key| table.map_or_else(|| default_span(&SECTION, key), |table| table.span(key));
    let max = table.and_then(|table| table.get("remember_events_max")?.count());
    let max = max.unwrap_or_else(|| default_count(&SECTION, "remember_events_max"));
    (span("remember_events_for"), usize::try_from(max).unwrap_or(usize::MAX), span("stale_after"))
}

/// The ways in.
pub(super) fn read(document: &Document<'_>, report: &Report) -> IngestSettings {
    let nats = document.one("ingest.nats").and_then(|table| nats::read(document, table, report));
    let http = document.one("ingest.http").and_then(|table| http(document, table, report));
    if document.one("ingest.nats").is_none() && document.one("ingest.http").is_none() {
        let help = "add [ingest.http] with listen = \"127.0.0.1:8085\", or [ingest.nats]";
        report.general("ingest::no-way-in", "nothing can come in", help);
    }
    IngestSettings { nats, http }
}

fn http(document: &Document<'_>, table: &Table<'_>, report: &Report) -> Option<HttpSettings> {
    let default = HTTP.key("listen").map_or("", |key| key.default.trim_matches('"'));
    let text = table.text("listen").map_or(default, |text| text.value);
    let no_tokens = document.all("token").is_empty();
    let listen = text.parse::<SocketAddr>();
    if listen.is_err() {
        let message = format!("\"{text}\" is no address to listen on");
        let help = "write \"127.0.0.1:8085\", \"[::1]:8085\" or \"0.0.0.0:8085\"";
        report.error("ingest::listen", table.place_of("listen"), message, help);
    }
    if listen.as_ref().is_ok_and(|listen| !listen.ip().is_loopback()) && no_tokens {
        let help = "add [token.NAME] with `secret` and `may`, or listen on 127.0.0.1";
        let message = "whoever reaches this address could send events";
        report.error("ingest::open-door", table.place_of("listen"), message, help);
    }
    let url = table.text("external_url");
    if let Some(url) = url {
        let rest = ["http://", "https://"].iter().find_map(|scheme| url.value.strip_prefix(scheme));
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(['?', '#', '@'])) {
            let help = "write one like \"https://tidings.example.net\"";
            report.error("ingest::external-url", url.place, "this is no URL of a site", help);
        } else if no_tokens {
            let help = "add [token.NAME] with `secret` and `may`";
            let message = "with an external_url every request needs a token, and there is none";
            report.warning("ingest::nobody-may", Some(url.place), message, help);
        }
    }
    let external_url = url.map(|url| url.value.trim_end_matches('/').to_owned());
    Some(HttpSettings { listen: listen.ok()?, external_url })
}
