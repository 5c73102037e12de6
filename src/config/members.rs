//! `members` of an audience: contacts by name or by role, in the list or in a file of their own (R14).

use super::audience::Parts;
use super::contact;
use super::diagnostic::{Place, Report, Source};
use super::include;
use super::load::as_value;
use super::suggest;
use super::table::{Document, Table};
use super::value::{At, Node};
use crate::event::Name;
use toml::de::DeTable;

/// What the files are called from which the audiences of one file have their members.
pub(super) fn files(source: &Source) -> Vec<String> {
    let value = as_value(DeTable::parse_recoverable(&source.text).0);
    let top = Node { file: 0, value: &value };
    let audiences = top.get("audience").map(|node| node.entries()).unwrap_or_default();
    let members = audiences.into_iter().filter_map(|(_, audience)| audience.get("members"));
    let files = members.flat_map(|members| entries(members)).filter_map(|node| node.member_file());
    files.map(|path| include::beside(&source.name, path.value)).collect()
}

/// What stands in the list, or what stands there instead of one.
fn entries(members: Node<'_>) -> Vec<Node<'_>> {
    if members.value.get_ref().is_array() { members.items() } else { vec![members] }
}

/// The roles that an audience names, in its list and in its files.
pub(super) fn roles<'t>(document: &Document<'t>, table: &Table<'t>, sources: &'t [Source]) -> Vec<&'t str> {
    let unsaid = Report::default();
    let entries = table.get("members").map(entries).unwrap_or_default();
    let texts = entries.into_iter().flat_map(|entry| match entry.member_file() {
        Some(path) => lines(document, path, entry.file, sources, &unsaid),
        None => entry.text().map(|value| At { value, place: entry.place() }).into_iter().collect(),
    });
    texts.filter_map(|text| text.value.strip_prefix("role:")).map(str::trim).collect()
}

/// The contacts of an audience, each once, in the order of the file.
pub(super) fn read(
    document: &Document<'_>,
    table: &Table<'_>,
    parts: &Parts<'_>,
    report: &Report,
) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    for entry in table.get("members").map(entries).unwrap_or_default() {
        let file = entry.file;
        let members = match entry.member_file() {
            Some(path) => lines(document, path, file, parts.sources, report),
            None => entry.text().map(|value| At { value, place: entry.place() }).into_iter().collect(),
        };
        let bare = entry.member_file().is_some();
        for member in members {
            for contact in found(document, member, file, bare, report) {
                let name: Name = contact.name.as_str().into();
                if parts.contacts.get(&name).is_some_and(|contact| contact.all.is_empty()) {
                    let message = format!("`{name}` has no address that a channel serves");
                    let help =
                        format!("give [contact.{name}] an `email`, `phone` or `slack` that a channel serves");
                    report.error("contact::no-address", member.place, message, help);
                }
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    names
}

/// The lines of a file of members that name somebody; the file must be there and name at least one.
fn lines<'s>(
    document: &Document<'_>,
    path: At<&str>,
    file: usize,
    sources: &'s [Source],
    report: &Report,
) -> Vec<At<&'s str>> {
    let outside = path.value.starts_with('/') || path.value.split('/').any(|part| part == "..");
    if outside && document.team(file).is_some() {
        let message = "a team's file has its members from files beside or below it";
        report.error(
            "team::not-allowed",
            path.place,
            message,
            "write a path without `..` and without `/` before it",
        );
        return Vec::new();
    }
    let name = sources.get(file).map(|source| include::beside(&source.name, path.value)).unwrap_or_default();
    let found = sources.iter().enumerate().find(|(_, source)| *source.name == *name);
    let Some((index, source)) = found else {
        let message = format!("{name} cannot be read");
        let help = "put the file there: paths are relative to this file; it has at most 4 MiB of UTF-8";
        report.error("audience::no-file", path.place, message, help);
        return Vec::new();
    };
    let mut lines = Vec::new();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let said = without_remark(line);
        let value = said.trim();
        let begin = start + said.len() - said.trim_start().len();
        if !value.is_empty() {
            lines.push(At { value, place: Place::new(index, begin..begin + value.len()) });
        }
        start += line.len();
    }
    if lines.is_empty() {
        let help = "write one `contact:NAME` or `role:ROLE` in each line";
        report.error("audience::nobody", path.place, format!("{name} names nobody"), help);
    }
    lines
}

/// A line up to the `#` that begins it or follows a space.
fn without_remark(line: &str) -> &str {
    let remark = |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').find(remark).map_or(line, |(at, _)| &line[..at])
}

/// Those whom one entry names; in a file of members the bare name of a contact is enough.
fn found<'d, 't>(
    document: &'d Document<'t>,
    member: At<&str>,
    file: usize,
    bare: bool,
    report: &Report,
) -> Vec<&'d Table<'t>> {
    match member.value.split_once(':') {
        Some(("role", role)) => role_members(document, member, file, role.trim(), report),
        Some(("contact", name)) => one_contact(document, member, file, name.trim(), report),
        None if bare => one_contact(document, member, file, member.value, report),
        _ => {
            let message = format!("\"{}\" is no member", member.value);
            let help = "write \"role:ROLE\" or \"contact:NAME\"; addresses go to `destinations`";
            report.error("audience::member", member.place, message, help);
            Vec::new()
        }
    }
}

fn role_members<'d, 't>(
    document: &'d Document<'t>,
    member: At<&str>,
    file: usize,
    role: &str,
    report: &Report,
) -> Vec<&'d Table<'t>> {
    let found: Vec<_> = contact::with_role(document, file, role).collect();
    if found.is_empty() {
        let contacts = document.all("contact").iter();
        let roles: Vec<&str> = contacts.flat_map(|t| t.texts("roles")).map(|role| role.value).collect();
        let help = suggest::hint(role, "role", roles);
        report.error("audience::unknown-role", member.place, format!("nobody has the role `{role}`"), help);
    }
    found
}

fn one_contact<'d, 't>(
    document: &'d Document<'t>,
    member: At<&str>,
    file: usize,
    name: &str,
    report: &Report,
) -> Vec<&'d Table<'t>> {
    let found = contact::named(document, file, name);
    if found.is_none() {
        let help = suggest::hint(name, "contact", document.all("contact").iter().map(|t| t.name.as_str()));
        let message = format!("there is no contact `{name}`");
        report.error("audience::unknown-contact", member.place, message, help);
    }
    found.into_iter().collect()
}
