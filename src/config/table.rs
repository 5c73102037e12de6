//! One section as it was found, possibly in several files, and every section of all files together.

use super::diagnostic::{Place, Report};
use super::key::Section;
use super::value::{At, Node};
use crate::event::{Name, Span};
use std::collections::BTreeMap;

/// One key with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'t> {
    pub(super) key: Place,
    pub(super) node: Node<'t>,
}

/// One section: its name (for `[section.NAME]`, with the team's where it is a team's), its header, its keys.
#[derive(Clone, Debug)]
pub(super) struct Table<'t> {
    pub(super) section: &'static Section,
    pub(super) name: String,
    pub(super) header: Place,
    pub(super) entries: BTreeMap<&'t str, Entry<'t>>,
}

/// A team's file (R13).
#[derive(Clone, Debug)]
pub(super) struct Team<'t> {
    pub(super) name: At<&'t str>,
    pub(super) matchers: Vec<crate::event::Matcher>,
}

/// What is known of a file besides its tables.
#[derive(Clone, Debug, Default)]
pub(super) struct FileInfo<'t> {
    /// Whether it was named by `--config` and not found by `include`.
    pub(super) root: bool,
    pub(super) team: Option<Team<'t>>,
}

/// Every section of all files.
#[derive(Debug, Default)]
pub(super) struct Document<'t> {
    pub(super) files: Vec<FileInfo<'t>>,
    /// The top of the file as `""`, `[section]` by its path.
    pub(super) single: BTreeMap<&'static str, Table<'t>>,
    /// `[section.NAME]` by its path, in reading order.
    pub(super) named: BTreeMap<&'static str, Vec<Table<'t>>>,
    /// `[[section]]` by its path, in reading order.
    pub(super) rows: BTreeMap<&'static str, Vec<Table<'t>>>,
}

impl<'t> Table<'t> {
    pub(super) fn get(&self, key: &str) -> Option<Node<'t>> {
        self.entries.get(key).map(|entry| entry.node)
    }

    pub(super) fn text(&self, key: &str) -> Option<At<&'t str>> {
        let node = self.get(key)?;
        Some(At { value: node.text()?, place: node.place() })
    }

    pub(super) fn texts(&self, key: &str) -> Vec<At<&'t str>> {
        self.get(key).map(|node| node.texts()).unwrap_or_default()
    }

    /// The value of a required key; its absence is reported at the header.
    pub(super) fn required(&self, key: &'static str, report: &Report) -> Option<Node<'t>> {
        let found = self.get(key);
        if found.is_none() {
            let takes = self.section.key(key).map(|key| key.takes.words()).unwrap_or_default();
            let message = format!("`{key}` is missing");
            report.error("key::missing", self.header, message, format!("add `{key}`: {takes}"));
        }
        found
    }

    /// The duration of a key, else its default.
    pub(super) fn span(&self, key: &str) -> Span {
        self.get(key).and_then(|node| node.span()).unwrap_or_else(|| default_span(self.section, key))
    }

    /// Where a key stands, else the header.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.get(key).map_or(self.header, |node| node.place())
    }
}

/// The default of a key that takes a duration.
pub(super) fn default_span(section: &Section, key: &str) -> Span {
    let default = section.key(key).map_or("", |key| key.default);
    Span::parse(default.trim_matches('"')).unwrap_or(Span::ZERO)
}

/// The default of a key that takes a number.
pub(super) fn default_count(section: &Section, key: &str) -> u64 {
    section.key(key).and_then(|key| key.default.parse().ok()).unwrap_or_default()
}

impl<'t> Document<'t> {
    pub(super) fn one(&self, path: &str) -> Option<&Table<'t>> {
        self.single.get(path)
    }

    pub(super) fn all(&self, path: &str) -> &[Table<'t>] {
        self.named.get(path).or_else(|| self.rows.get(path)).map_or(&[], Vec::as_slice)
    }

    /// The table `[path.full]`.
    pub(super) fn find(&self, path: &str, full: &str) -> Option<&Table<'t>> {
        self.all(path).iter().find(|table| table.name == full)
    }

    /// The team whose file this is.
    pub(super) fn team(&self, file: usize) -> Option<&Team<'t>> {
        self.files.get(file)?.team.as_ref()
    }

    /// Every team, in reading order.
    pub(super) fn teams(&self) -> impl Iterator<Item = &Team<'t>> {
        self.files.iter().filter_map(|file| file.team.as_ref())
    }

    /// The full name of what is called `name` in that file: `team/name` in a team's.
    pub(super) fn full_name(&self, file: usize, name: &str) -> Name {
        match self.team(file) {
            Some(team) => format!("{}/{name}", team.name.value).into(),
            None => name.into(),
        }
    }
}
