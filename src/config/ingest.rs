//! `[ingest]`: the ways in: lanes of NATS and the HTTP door, and how long identities are remembered (R2–R5).

use super::diagnostic::{PLAIN_SECRET, Report};
use super::key::{Form, Key, Section, Takes};
use super::table::{Document, Table, default_count, default_span};
use super::value::Node;
use crate::event::{Name, SecretRef, Span};
use std::net::SocketAddr;
use std::path::PathBuf;

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

/// `[ingest.nats]`.
pub(super) static NATS: Section = Section {
    path: "ingest.nats",
    form: Form::Single,
    in_team_file: false,
    open: false,
    about: "Events from NATS streams.",
    keys: &[
        Key {
            name: "servers",
            takes: Takes::TextOrTexts,
            default: "",
            about: "Where NATS listens, as `nats://host:4222` or `tls://host:4222`. Required.",
        },
        Key { name: "credentials", takes: Takes::Secret, default: "", about: "A credentials file of NATS." },
        Key { name: "user", takes: Takes::Text, default: "", about: "A user, with `password`." },
        Key { name: "password", takes: Takes::Secret, default: "", about: "The password of `user`." },
        Key { name: "token", takes: Takes::Secret, default: "", about: "A token." },
        Key {
            name: "ca",
            takes: Takes::Text,
            default: "",
            about: "A PEM file of roots to trust besides those of the machine.",
        },
        Key {
            name: "start",
            takes: Takes::Start,
            default: "\"new\"",
            about: "Where a lane begins while it has no cursor.",
        },
    ],
};

/// `[[ingest.nats.read]]`.
pub(super) static READ: Section = Section {
    path: "ingest.nats.read",
    form: Form::Rows,
    in_team_file: false,
    open: false,
    about: "A lane: one stream with its own cursor. Incidents in a lane of their own never queue behind alerts.",
    keys: &[
        Key {
            name: "name",
            takes: Takes::Name,
            default: "",
            about: "The lane's name, which its cursor is kept under. Without it, the stream's in lower case.",
        },
        Key { name: "stream", takes: Takes::Text, default: "", about: "The stream. Required." },
        Key { name: "subjects", takes: Takes::Texts, default: "", about: "The subjects to read. Required." },
        Key {
            name: "carries",
            takes: Takes::Word(&["alerts", "incidents"]),
            default: "\"alerts\"",
            about: "What it is for: lanes of incidents go first. The other type is taken and warned about.",
        },
        Key {
            name: "create",
            takes: Takes::Flag,
            default: "false",
            about: "Whether a stream that is missing is made; one that exists is verified and never changed.",
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

/// `[ingest.nats]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsSettings {
    /// Where it listens: URLs.
    pub servers: Vec<String>,
    /// How to prove who we are.
    pub login: NatsLogin,
    /// A PEM file of further roots to trust.
    pub ca: Option<PathBuf>,
    /// The lanes, in reading order.
    pub reads: Vec<Lane>,
    /// Where a lane begins while it has no cursor.
    pub start: Start,
}

/// How NATS is told who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NatsLogin {
    /// Not at all.
    Nobody,
    /// By a credentials file.
    Credentials(SecretRef),
    /// By name and password.
    User(String, SecretRef),
    /// By a token.
    Token(SecretRef),
}

/// One lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Its name.
    pub name: Name,
    /// The stream.
    pub stream: String,
    /// The subjects.
    pub subjects: Vec<String>,
    /// What it is for.
    pub carries: Carries,
    /// Whether a missing stream is made.
    pub create: bool,
}

/// What a lane is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// Alerts.
    Alerts,
    /// Incidents.
    Incidents,
}

/// Where a lane begins while it has no cursor (R3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what comes from now on.
    New,
    /// With the first message of the stream.
    All,
    /// With what came in this long before.
    Since(Span),
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
    let nats = document.one("ingest.nats").and_then(|table| nats(document, table, report));
    let http = document.one("ingest.http").and_then(|table| http(document, table, report));
    if document.one("ingest.nats").is_none() {
        for row in document.all("ingest.nats.read") {
            report.error(
                "ingest::no-servers",
                row.header,
                "a lane without [ingest.nats]",
                "add [ingest.nats] with `servers`",
            );
        }
    }
    if document.one("ingest.nats").is_none() && document.one("ingest.http").is_none() {
        let help = "add [ingest.http] with listen = \"127.0.0.1:8085\", or [ingest.nats]";
        report.general("ingest::no-way-in", "nothing can come in", help);
    }
    IngestSettings { nats, http }
}

fn nats(document: &Document<'_>, table: &Table<'_>, report: &Report) -> Option<NatsSettings> {
    let servers = table.required("servers", report)?.texts();
    for server in &servers {
        let rest = ["nats://", "tls://", "ws://", "wss://"].iter().find_map(|s| server.value.strip_prefix(s));
        let (code, message) = match rest {
            Some("") | None => ("ingest::server", "this is no address of a NATS server"),
            Some(rest) if rest.contains('@') => {
                (PLAIN_SECRET, "user and password do not stand in the address")
            }
            Some(_) => continue,
        };
        let help = "write \"nats://HOST:4222\"; secrets go to `credentials`, `password` or `token`";
        report.error(code, server.place, message, help);
    }
    let start = table.get("start").map_or(Start::New, |node| match (node.text(), node.get("since")) {
        (Some("all"), _) => Start::All,
        (None, Some(since)) => since.span().map_or(Start::New, Start::Since),
        _ => Start::New,
    });
    let reads = lanes(document, report);
    if reads.is_empty() && document.all("ingest.nats.read").is_empty() {
        let help = "add [[ingest.nats.read]] with `stream` and `subjects`";
        report.error("ingest::no-lane", table.header, "[ingest.nats] reads no stream", help);
    }
    Some(NatsSettings {
        servers: servers.iter().map(|server| server.value.to_owned()).collect(),
        login: login(table, report),
        ca: table.text("ca").map(|ca| ca.value.into()),
        reads,
        start,
    })
}

fn login(table: &Table<'_>, report: &Report) -> NatsLogin {
    let ways: Vec<_> =
        ["credentials", "user", "token"].iter().filter_map(|key| table.entries.get(*key)).collect();
    let Some(second) = ways.get(1) else {
        return one_login(table, report);
    };
    let help = "keep one of `credentials`, `user` with `password`, or `token`";
    report.error("ingest::two-logins", second.key, "NATS can be told only once who we are", help);
    NatsLogin::Nobody
}

fn one_login(table: &Table<'_>, report: &Report) -> NatsLogin {
    let secret = |key| table.get(key).and_then(|node: Node<'_>| node.secret());
    match (table.text("user"), secret("password")) {
        (Some(user), Some(password)) => return NatsLogin::User(user.value.to_owned(), password),
        (Some(user), None) if table.get("password").is_none() => {
            report.error(
                "ingest::password",
                user.place,
                "a user without a password",
                "add password = { file = \"…\" }",
            );
        }
        (None, Some(_)) => {
            let place = table.place_of("password");
            report.error("ingest::password", place, "a password without a user", "add `user`");
        }
        _ => {}
    }
    let credentials = secret("credentials").map(NatsLogin::Credentials);
    credentials.or_else(|| secret("token").map(NatsLogin::Token)).unwrap_or(NatsLogin::Nobody)
}

fn lanes(document: &Document<'_>, report: &Report) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for table in document.all("ingest.nats.read") {
        let (stream, subjects) = (table.required("stream", report), table.required("subjects", report));
        let (Some(stream), Some(subjects)) = (stream.and_then(|node| node.text()), subjects) else {
            continue;
        };
        check_subjects(subjects, report);
        let name = table.text("name").map_or_else(|| lane_name(stream), |name| name.value.to_owned());
        if !Name::is_well_formed(&name) {
            let help = "add `name`: lower-case words joined by `-`";
            report.error(
                "ingest::lane-name",
                table.place_of("stream"),
                "this stream's name is none for a lane",
                help,
            );
        }
        if lanes.iter().any(|lane| lane.name.as_str() == name) {
            let message = format!("there are two lanes `{name}`");
            report.error("ingest::twice", table.place_of("name"), message, "add another `name`");
        }
        let carries = match table.text("carries") {
            Some(word) if word.value == "incidents" => Carries::Incidents,
            _ => Carries::Alerts,
        };
        lanes.push(Lane {
            name: name.into(),
            stream: stream.to_owned(),
            subjects: subjects.texts().iter().map(|subject| subject.value.to_owned()).collect(),
            carries,
            create: table.get("create").and_then(|node| node.flag()).unwrap_or(false),
        });
    }
    lanes
}

fn lane_name(stream: &str) -> String {
    stream.to_lowercase().replace(['_', '.'], "-")
}

fn check_subjects(subjects: Node<'_>, report: &Report) {
    if subjects.items().is_empty() && subjects.value.get_ref().is_array() {
        report.error("ingest::subjects", subjects.place(), "a lane without subjects", "write [\"alerts.>\"]");
    }
    for subject in subjects.texts() {
        let token = |(index, token): (usize, &str)| {
            let last = index + 1 == subject.value.split('.').count();
            !token.is_empty() && !token.contains(char::is_whitespace) && (token != ">" || last)
        };
        if !subject.value.split('.').enumerate().all(token) {
            let message = format!("\"{}\" is no subject", subject.value);
            let help =
                "write words joined by `.`, with `*` for one word and `>` for the rest, such as \"alerts.>\"";
            report.error("ingest::subjects", subject.place, message, help);
        }
    }
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
