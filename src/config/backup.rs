//! `backup` and `away` of a contact: who is told instead of it, and when (R14).

use super::contact;
use super::diagnostic::Report;
use super::suggest;
use super::table::{Document, Table};
use crate::decide::{Away, Contact};
use crate::event::Name;
use std::collections::BTreeMap;

/// When the contact is not there: days begin where it lives.
pub(super) fn away(table: &Table<'_>, zone: &str, report: &Report) -> Option<Away> {
    let node = table.get("away")?;
    if let Some(flag) = node.flag() {
        return flag.then_some(Away { from: None, until: None });
    }
    let begins = |key| node.get(key).and_then(|node| node.day()).and_then(|day| day.begins(zone));
    let away = Away { from: begins("from"), until: begins("until") };
    if let (Some(from), Some(until)) = (away.from, away.until)
        && until <= from
    {
        let place = node.get("until").unwrap_or(node).place();
        let help = "`until` is the first day back: name one after `from`";
        report.error("contact::away", place, "`until` is not after `from`", help);
    }
    Some(away)
}

/// Every `backup`; one that leads back to where it began is a mistake.
pub(super) fn read(document: &Document<'_>, contacts: &mut BTreeMap<Name, Contact>, report: &Report) {
    for table in document.all("contact") {
        let backup = backup(document, table, contacts, report);
        if let Some(contact) = contacts.get_mut(table.name.as_str()) {
            contact.backup = backup;
        }
    }
    let mut seen: Vec<Name> = Vec::new();
    for table in document.all("contact") {
        let Some(circle) = circle(contacts, &table.name).filter(|circle| !seen.contains(&circle[0])) else {
            continue;
        };
        let names: Vec<&str> = circle.iter().map(Name::as_str).collect();
        let message = format!("these are told instead of each other: {}, {}", names.join(", "), table.name);
        let help = "leave one `backup` out, so that somebody is the last";
        report.error("contact::backup-circle", table.place_of("backup"), message, help);
        seen.extend(circle);
    }
}

/// The backup of one contact: another one, that its file may see and that can be told.
fn backup(
    document: &Document<'_>,
    table: &Table<'_>,
    contacts: &BTreeMap<Name, Contact>,
    report: &Report,
) -> Option<Name> {
    let text = table.text("backup")?;
    let Some(found) = contact::named(document, text.place.file, text.value) else {
        let help =
            suggest::hint(text.value, "contact", document.all("contact").iter().map(|t| t.name.as_str()));
        let message = format!("there is no contact `{}`", text.value);
        report.error("contact::unknown-backup", text.place, message, help);
        return None;
    };
    if found.name == table.name {
        let message = format!("`{}` cannot be told instead of itself", text.value);
        report.error("contact::backup-itself", text.place, message, "name another contact, or leave it out");
        return None;
    }
    let name: Name = found.name.as_str().into();
    if contacts.get(&name).is_some_and(|contact| contact.all.is_empty()) {
        let message = format!("`{name}` has no address that a channel serves");
        let help = format!("give [contact.{name}] an `email`, `phone` or `slack` that a channel serves");
        report.error("contact::no-address", text.place, message, help);
    }
    Some(name)
}

/// The contacts that are told instead of this one, where they lead back to it.
fn circle(contacts: &BTreeMap<Name, Contact>, name: &str) -> Option<Vec<Name>> {
    let first = contacts.get(name)?;
    let mut circle = vec![first.name.clone()];
    let mut next = first.backup.as_ref()?;
    while *next != first.name {
        if circle.contains(next) {
            return None;
        }
        circle.push(next.clone());
        next = contacts.get(next)?.backup.as_ref()?;
    }
    Some(circle)
}
