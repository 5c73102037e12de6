//! From the tables of TOML to sections: everything that has no place is reported, everything else is checked key by key.

use super::diagnostic::{self, Place, Report, Source};
use super::key::{Form, Section};
use super::sections::{self, SECTIONS};
use super::table::{Document, Entry, FileInfo, Table, Team};
use super::value::{At, Node};
use super::{suggest, team, unbuilt};
use crate::event::{Matcher, Name};
use std::collections::BTreeMap;

/// Puts the tables of one file into the document.
pub(super) struct Walk<'d, 't> {
    pub(super) document: &'d mut Document<'t>,
    pub(super) sources: &'d [Source],
    pub(super) report: &'d Report,
}

impl<'t> Walk<'_, 't> {
    /// Reads one file; files come in reading order.
    pub(super) fn file(&mut self, root: bool, top: Node<'t>) {
        let entries = top.entries();
        let team = entries.iter().find(|(key, _)| key.value == "team");
        let team = team.and_then(|(key, node)| self.team(*key, *node));
        self.document.files.push(FileInfo { root, team });
        for (key, node) in entries {
            match sections::find(key.value) {
                Some(section) if section.form != Form::Root => self.section(section, key, node),
                _ => self.top(key, node),
            }
        }
    }

    /// A key that stands above every table.
    fn top(&mut self, key: At<&'t str>, node: Node<'t>) {
        if let Some(rule) = unbuilt::section(key.value) {
            let message = format!("`{}` is not in this version", key.value);
            return self.report.error(unbuilt::CODE, key.place, message, format!("leave it out; {rule}"));
        }
        if sections::ROOT.key(key.value).is_none() {
            let message = format!("there is no section or key `{}`", key.value);
            let known = SECTIONS.iter().map(|section| section.path).filter(|path| !path.contains('.'));
            let known =
                known.filter(|path| !path.is_empty()).chain(sections::ROOT.keys.iter().map(|k| k.name));
            let help = suggest::hint(key.value, "section", known);
            return self.report.error("key::unknown", key.place, message, help);
        }
        let info = &self.document.files[key.place.file];
        if info.team.is_some() {
            let help = "write it into the file that includes this one";
            return self.not_a_teams(key, help);
        }
        if !info.root && key.value == "include" {
            let message = "an included file includes no others";
            return self.report.error(
                "include::nested",
                key.place,
                message,
                "list every pattern in the root file",
            );
        }
        self.single(&sections::ROOT, key.place, vec![(key, node)]);
    }

    fn not_a_teams(&self, key: At<&str>, help: &str) {
        let message = format!("a team's file cannot have `{}`", key.value);
        self.report.error("team::not-allowed", key.place, message, help);
    }

    pub(super) fn section(&mut self, section: &'static Section, key: At<&'t str>, node: Node<'t>) {
        if self.document.team(key.place.file).is_some() && !section.in_team_file {
            return self.not_a_teams(key, "write it into the file that includes this one");
        }
        if section.path == team::SECTION.path {
            // Each file has its own: it was read first, because everything else in the file depends on it.
            return node.entries().into_iter().for_each(|(key, node)| section.check(key, node, self.report));
        }
        let table = node.value.get_ref().is_table();
        let array = node.value.get_ref().is_array();
        match section.form {
            Form::Root | Form::Single if table => self.single(section, key.place, node.entries()),
            Form::Named if table => {
                for (name, inner) in node.entries() {
                    self.named(section, name, inner);
                }
            }
            Form::Rows if array => {
                for row in node.items() {
                    self.row(section, row);
                }
            }
            _ => {
                let message = format!("`{}` is {} here", key.value, node.sort());
                self.report.error("key::shape", key.place, message, format!("write {}", section.header()));
            }
        }
    }

    fn single(&mut self, section: &'static Section, header: Place, entries: Vec<(At<&'t str>, Node<'t>)>) {
        let (inner, own): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .partition(|(key, _)| !section.path.is_empty() && sections::inner(section, key.value).is_some());
        let new = || Table { section, name: section.path.to_owned(), header, entries: BTreeMap::new() };
        let mut table = self.document.single.remove(section.path).unwrap_or_else(new);
        self.merge(&mut table, own);
        self.document.single.insert(section.path, table);
        for (key, node) in inner {
            if let Some(section) = sections::inner(section, key.value) {
                self.section(section, key, node);
            }
        }
    }

    fn named(&mut self, section: &'static Section, name: At<&'t str>, node: Node<'t>) {
        if !node.value.get_ref().is_table() {
            let message = format!("`{}` is {} here", name.value, node.sort());
            return self.report.error(
                "key::shape",
                name.place,
                message,
                format!("write {}", section.header()),
            );
        }
        // Components are named by those who send events, templates and all else by whoever writes the file (R13).
        if section.path != "component" && !Name::is_well_formed(name.value) {
            let message = format!("\"{}\" is no name", name.value);
            let help = "names are lower-case words joined by `-`, at most 64 characters";
            self.report.error("name::form", name.place, message, help);
        }
        let full = self.document.full_name(name.place.file, name.value).to_string();
        let tables = self.document.named.entry(section.path).or_default();
        let index = tables.iter().position(|table| table.name == full).unwrap_or_else(|| {
            tables.push(Table { section, name: full, header: name.place, entries: BTreeMap::new() });
            tables.len() - 1
        });
        let mut table = tables[index].clone();
        let root = self.document.files[name.place.file].root;
        if table.header != name.place && !root {
            let message = format!("`{}` is defined twice", name.value);
            return self.report.error("name::twice", name.place, message, self.elsewhere(table.header));
        }
        self.merge(&mut table, node.entries());
        if let Some(tables) = self.document.named.get_mut(section.path) {
            tables[index] = table;
        }
    }

    fn row(&mut self, section: &'static Section, node: Node<'t>) {
        if !node.value.get_ref().is_table() {
            let message = format!("this is {} and no table", node.sort());
            return self.report.error(
                "key::shape",
                node.place(),
                message,
                format!("write {}", section.header()),
            );
        }
        let mut table =
            Table { section, name: String::new(), header: node.place(), entries: BTreeMap::new() };
        self.merge(&mut table, node.entries());
        table.name = table.text("name").map(|name| name.value.to_owned()).unwrap_or_default();
        self.document.rows.entry(section.path).or_default().push(table);
    }

    /// Adds keys to a table: a file named by `--config` replaces those of files before it; another may not.
    fn merge(&self, table: &mut Table<'t>, entries: Vec<(At<&'t str>, Node<'t>)>) {
        for (key, node) in entries {
            table.section.check(key, node, self.report);
            let old = table.entries.insert(key.value, Entry { key: key.place, node });
            if let Some(old) = old.filter(|_| !self.document.files[key.place.file].root) {
                let message = format!("`{}` is set twice", key.value);
                self.report.error("key::twice", key.place, message, self.elsewhere(old.key));
            }
        }
    }

    fn elsewhere(&self, place: Place) -> String {
        let line = diagnostic::line(self.sources, place);
        format!("the other one stands in {line}; keep one of them")
    }

    /// `[team]`: everything else in the file depends on it.
    fn team(&self, key: At<&'t str>, node: Node<'t>) -> Option<Team<'t>> {
        let Some((name, value)) = node.get("name").and_then(|name| Some((name, name.text()?))) else {
            let help = "add `name`: lower-case words joined by `-`";
            self.report.error("team::name", key.place, "a team needs a name", help);
            return None;
        };
        if let Some(other) = self.document.teams().find(|team| team.name.value == value) {
            let message = format!("the team `{value}` has two files");
            self.report.error("team::twice", name.place(), message, self.elsewhere(other.name.place));
        }
        let texts = node.get("match").map(|node| node.texts()).unwrap_or_default();
        if texts.is_empty() {
            let help =
                format!("add `match`: [\"team=\\\"{value}\\\"\"]; it is added to every row of this file");
            self.report.error("team::no-match", key.place, "a team needs a match", help);
        }
        let matchers = matchers(&texts, self.report);
        Some(Team { name: At { value, place: name.place() }, matchers })
    }
}

/// Reads matchers, each mistake at its own place.
pub(super) fn matchers(texts: &[At<&str>], report: &Report) -> Vec<Matcher> {
    let read = |text: &At<&str>| match Matcher::parse(text.value) {
        Ok(matcher) => Some(matcher),
        Err(error) => {
            let help = "write name=\"value\" with =, !=, =~ or !~; in TOML: 'team=\"payments\"'";
            report.error("match::form", text.place, error.to_string(), help);
            None
        }
    };
    texts.iter().filter_map(read).collect()
}
