//! `[journal]`: where entries are kept and for how long; also readable when everything else is broken (R38).

use super::diagnostic::{Diagnostics, Report, Source};
use super::key::{Form, Key, Section, Takes};
use super::table::Document;
use super::value::Node;
use super::walk::Walk;
use crate::event::Span;
use std::path::PathBuf;

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

/// `[journal]`.
pub(super) static SECTION: Section = Section {
    path: "journal",
    form: Form::Single,
    in_team_file: false,
    open: false,
    about: "Where the journal is kept. Required.",
    keys: &[
        Key {
            name: "store",
            takes: Takes::Word(&["file"]),
            default: "\"file\"",
            about: "`file` is a folder of one machine.",
        },
        Key {
            name: "path",
            takes: Takes::Text,
            default: "",
            about: "The folder of the file store; it is made if it is not there. Required.",
        },
        Key {
            name: "retain",
            takes: Takes::Duration(Span::from_mins(DAY), Span::from_mins(36_500 * DAY)),
            default: "\"400d\"",
            about: "How long entries are kept behind the second-newest verified snapshot.",
        },
        Key {
            name: "forget_after",
            takes: Takes::Duration(Span::from_mins(HOUR), Span::from_mins(366 * DAY)),
            default: "\"7d\"",
            about: "How long closed cases stay in memory, and how long a lost alert keeps its case open.",
        },
    ],
};

/// Where entries are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalStore {
    /// A folder of this machine.
    File,
}

/// `[journal]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalSettings {
    /// Where entries are kept.
    pub store: JournalStore,
    /// The folder of the file store, as it was written: relative to the working directory.
    pub path: PathBuf,
    /// How long entries are kept (R44).
    pub retain: Span,
}

/// `[journal]` of the document.
pub(super) fn read(document: &Document<'_>, report: &Report) -> Option<JournalSettings> {
    let Some(table) = document.one("journal") else {
        let help = "add [journal] with path = \"/var/lib/tidings\"";
        report.general("journal::missing", "there is no [journal]: nothing could be kept", help);
        return None;
    };
    let path = table.required("path", report)?.text()?;
    Some(JournalSettings { store: JournalStore::File, path: path.into(), retain: table.span("retain") })
}

/// `forget_after`, or its default.
pub(super) fn forget_after(document: &Document<'_>) -> Span {
    let default = || super::table::default_span(&SECTION, "forget_after");
    document.one("journal").map_or_else(default, |table| table.span("forget_after"))
}

/// `[journal]` of files that may be wrong in every other respect.
pub(super) fn alone(sources: &[Source]) -> Result<JournalSettings, Diagnostics> {
    let report = Report::default();
    let parsed: Vec<_> = sources.iter().map(|s| toml::de::DeTable::parse_recoverable(&s.text).0).collect();
    let tables: Vec<_> = parsed.into_iter().map(super::load::as_value).collect();
    let mut document = Document::default();
    for (file, value) in tables.iter().enumerate() {
        let top = Node { file, value };
        document.files.push(super::table::FileInfo { root: true, team: None });
        let found = top.entries().into_iter().find(|(key, _)| key.value == "journal");
        if let Some((key, node)) = found {
            let mut walk = Walk { document: &mut document, sources, report: &report };
            walk.section(&SECTION, key, node);
        }
    }
    let settings = read(&document, &report);
    let wrong = report.errors() > 0;
    match settings {
        Some(settings) if !wrong => Ok(settings),
        _ => Err(report.finish(sources, &|_| false)),
    }
}
