//! `[ingest.nats]`: servers, how to log in, and the lanes (R2, R3).

use super::diagnostic::{PLAIN_SECRET, Report};
use super::key::{Form, Key, Section, Takes};
use super::table::{Document, Table};
use super::value::Node;
use crate::event::{Name, SecretRef, Span};
use std::path::PathBuf;

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

impl NatsLogin {
    /// The secret that it needs, with the key of `[ingest.nats]` that names it.
    pub fn secret(&self) -> Option<(&'static str, &SecretRef)> {
        match self {
            NatsLogin::Nobody => None,
            NatsLogin::Credentials(secret) => Some(("credentials", secret)),
            NatsLogin::User(_, secret) => Some(("password", secret)),
            NatsLogin::Token(secret) => Some(("token", secret)),
        }
    }
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

/// The lanes of the document and how to reach them.
pub(super) fn read(document: &Document<'_>, table: &Table<'_>, report: &Report) -> Option<NatsSettings> {
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
