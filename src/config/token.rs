//! `[token.NAME]`: who may do what over HTTP (R43).

use super::diagnostic::Report;
use super::key::{Form, Key, Section, Takes};
use super::suggest;
use super::table::{Document, Table};
use crate::event::{Name, SecretRef};

/// `[token.NAME]`.
pub(super) static SECTION: Section = Section {
    path: "token",
    form: Form::Named,
    in_team_file: false,
    open: false,
    about: "Who may do what over HTTP. The token's name stands in every fact that it causes.",
    keys: &[
        Key { name: "secret", takes: Takes::Secret, default: "", about: "Where the token lies. Required." },
        Key {
            name: "may",
            takes: Takes::Words(&["ingest", "read", "acknowledge", "silence", "approve", "admin"]),
            default: "",
            about: "What it may do. Required.",
        },
        Key {
            name: "team",
            takes: Takes::Text,
            default: "",
            about: "The only team whose cases it may touch: it confines the events that the token sends, and what it \
                    acknowledges, answers and approves; not what it may `read`. Not with `admin`.",
        },
    ],
};

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Send events.
    Ingest,
    /// Ask questions.
    Read,
    /// Acknowledge cases.
    Acknowledge,
    /// Silence alerts. Nothing asks for it before there are silences (R28).
    Silence,
    /// Approve what outsiders are told.
    Approve,
    /// Everything else, addresses and bodies included.
    Admin,
}

/// One token, its secret unopened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name, which stands in facts.
    pub name: Name,
    /// Where it lies.
    pub secret: SecretRef,
    /// What it may do.
    pub may: Vec<Right>,
    /// The only team that it may touch.
    pub team: Option<Name>,
}

/// Every token, in reading order.
pub(super) fn read(document: &Document<'_>, report: &Report) -> Vec<Token> {
    document.all("token").iter().filter_map(|table| one(document, table, report)).collect()
}

fn one(document: &Document<'_>, table: &Table<'_>, report: &Report) -> Option<Token> {
    let (secret, may) = (table.required("secret", report), table.required("may", report));
    if let Some(node) = may.filter(|node| node.items().is_empty() && node.value.get_ref().is_array()) {
        report.error("token::no-right", node.place(), "this token may do nothing", "name at least one right");
    }
    let team = table.text("team");
    if let Some(text) = team.filter(|text| !document.teams().any(|team| team.name.value == text.value)) {
        let help = suggest::hint(text.value, "team", document.teams().map(|team| team.name.value));
        report.error("token::unknown-team", text.place, format!("there is no team `{}`", text.value), help);
    }
    let admin = may.and_then(|node| node.texts().into_iter().find(|word| word.value == "admin"));
    if let Some(word) = admin.filter(|_| team.is_some()) {
        let message = "`admin` is for the whole of Tidings, and `team` confines this token to one team";
        let help = "leave out `team`, or name the rights that the team needs instead of \"admin\"";
        report.error("token::confined-admin", word.place, message, help);
    }
    let right = |word: &str| match word {
        "ingest" => Some(Right::Ingest),
        "read" => Some(Right::Read),
        "acknowledge" => Some(Right::Acknowledge),
        "silence" => Some(Right::Silence),
        "approve" => Some(Right::Approve),
        "admin" => Some(Right::Admin),
        _ => None,
    };
    Some(Token {
        name: table.name.as_str().into(),
        secret: secret?.secret()?,
        may: may?.texts().iter().filter_map(|word| right(word.value)).collect(),
        team: team.map(|team| team.value.into()),
    })
}
