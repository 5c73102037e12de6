//! `[contact.NAME]`: people and desks, and by which channels each can be reached (R14).

use super::backup;
use super::channel::Draft;
use super::diagnostic::Report;
use super::environment;
use super::key::{Form, Key, Section, Takes};
use super::table::{Document, Table};
use super::value::At;
use super::via;
use crate::decide::{Contact, Endpoint};
use crate::deliver::AddressKind;
use crate::event::{Name, Recipient};
use std::collections::BTreeMap;

/// `[contact.NAME]`.
pub(super) static SECTION: Section = Section {
    path: "contact",
    form: Form::Named,
    in_team_file: true,
    open: false,
    about: "A person or desk. In a team's file it is the team's own: its roles count in that file only.",
    keys: &[
        Key { name: "name", takes: Takes::Text, default: "", about: "The name for people." },
        Key {
            name: "roles",
            takes: Takes::Texts,
            default: "[]",
            about: "What audiences may call it by, as `role:ROLE`.",
        },
        Key { name: "email", takes: Takes::Text, default: "", about: "Where email channels reach it." },
        Key {
            name: "phone",
            takes: Takes::Text,
            default: "",
            about: "Where SMS channels reach it: `+` and digits.",
        },
        Key {
            name: "slack",
            takes: Takes::Text,
            default: "",
            about: "Where Slack channels reach it: a member id.",
        },
        Key {
            name: "time_zone",
            takes: Takes::Text,
            default: "",
            about: "The zone in which it reads times. Without it, that of the file.",
        },
        Key {
            name: "prefers",
            takes: Takes::Texts,
            default: "[]",
            about: "Channels in the order in which its addresses are tried, and which of them serves a kind of address that several serve. It decides order and choice alone: `via` of a row still says by which channels it is told.",
        },
        Key {
            name: "backup",
            takes: Takes::Text,
            default: "",
            about: "The contact that is told instead while this one is away, or where all of its addresses are dead; what it is told it may read as a member of the audience.",
        },
        Key {
            name: "away",
            takes: Takes::Away,
            default: "",
            about: "When it is not there: from the beginning of one day in its own zone up to the beginning of another, which is the first day back. Either may be left out, and either may be an instant.",
        },
        Key {
            name: "verified",
            takes: Takes::Day,
            default: "",
            about: "When somebody last saw that its addresses are right; `check --contacts --unverified 90d` lists whose was longer ago, or never.",
        },
    ],
};

/// The kinds of address and their keys, in the order of preference.
const ADDRESSES: [(AddressKind, &str); 3] =
    [(AddressKind::Email, "email"), (AddressKind::Phone, "phone"), (AddressKind::Slack, "slack")];

/// Every contact; where each is reached goes to `endpoints`.
pub(super) fn read(
    document: &Document<'_>,
    channels: &[Draft<'_>],
    time_zone: &str,
    endpoints: &mut BTreeMap<Recipient, Endpoint>,
    report: &Report,
) -> BTreeMap<Name, Contact> {
    let one = |table: &Table<'_>| {
        let zone = environment::time_zone(table.text("time_zone"), time_zone, report);
        let prefers = preferred(document, table, channels, report);
        let contact = contact(table, channels, &prefers, &zone, endpoints, report);
        let away = backup::away(table, &zone, report);
        (contact.name.clone(), Contact { away, ..contact })
    };
    let mut contacts: BTreeMap<Name, Contact> = document.all("contact").iter().map(one).collect();
    backup::read(document, &mut contacts, report);
    contacts
}

/// The channels of `prefers`, each of which serves an address that the contact has.
fn preferred(
    document: &Document<'_>,
    table: &Table<'_>,
    channels: &[Draft<'_>],
    report: &Report,
) -> Vec<Name> {
    let has = |kind| ADDRESSES.iter().any(|(of, key)| Some(*of) == kind && table.text(key).is_some());
    let one = |text: At<&str>| {
        let name = via::serving(document, channels, text, report)?;
        let kind = channels.iter().find(|draft| draft.name == name)?.kind.address;
        if kind.is_some() && !has(kind) {
            let message = format!("`{}` has no address that `{name}` serves", table.name);
            let help = format!("give [contact.{}] such an address, or leave the channel out", table.name);
            report.error("contact::prefers", text.place, message, help);
        }
        Some(name)
    };
    table.texts("prefers").into_iter().filter_map(one).collect()
}

fn contact(
    table: &Table<'_>,
    channels: &[Draft<'_>],
    prefers: &[Name],
    zone: &str,
    endpoints: &mut BTreeMap<Recipient, Endpoint>,
    report: &Report,
) -> Contact {
    let name: Name = table.name.as_str().into();
    let mut by_channel = BTreeMap::new();
    let rank = |channel: &Name| prefers.iter().position(|name| name == channel).unwrap_or(prefers.len());
    let mut chosen: Vec<(usize, Recipient)> = Vec::new();
    for (kind, key) in ADDRESSES {
        let Some(text) = table.text(key) else { continue };
        let serving = channels.iter().filter(|channel| channel.kind.address == Some(kind));
        let mut of_kind: Vec<(usize, Recipient)> = Vec::new();
        for channel in serving {
            let address = channel.settings.as_ref().map(|settings| settings.address(text.value));
            let address = match address {
                Some(Ok(address)) => address,
                Some(Err(problem)) => {
                    report.error("contact::address", text.place, problem.message, problem.hint);
                    String::new()
                }
                None => String::new(),
            };
            let recipient = Recipient::from(format!("{name}@{}", channel.name));
            let endpoint = Endpoint {
                channel: channel.name.clone(),
                address: address.into(),
                contact: Some(name.clone()),
                time_zone: zone.into(),
            };
            endpoints.insert(recipient.clone(), endpoint);
            by_channel.insert(channel.name.clone(), recipient.clone());
            of_kind.push((rank(&channel.name), recipient));
        }
        // The first of several that are ranked alike.
        chosen.extend(of_kind.into_iter().min_by_key(|(rank, _)| *rank));
    }
    chosen.sort_by_key(|(rank, _)| *rank);
    let all = chosen.into_iter().map(|(_, recipient)| recipient).collect();
    Contact { name, by_channel, all, backup: None, away: None }
}

/// The contact that a word in that file means: its own team's, else one of all.
pub(super) fn named<'d, 't>(document: &'d Document<'t>, file: usize, name: &str) -> Option<&'d Table<'t>> {
    let own = document.full_name(file, name);
    let root = document.team(file).is_none() || !name.contains('/');
    document.find("contact", own.as_str()).or_else(|| document.find("contact", name).filter(|_| root))
}

/// What people call them.
pub(super) fn names(document: &Document<'_>) -> BTreeMap<Name, Box<str>> {
    let one = |table: &Table<'_>| Some((table.name.as_str().into(), table.text("name")?.value.into()));
    document.all("contact").iter().filter_map(one).collect()
}

/// The contacts with that role which a file may see: those outside team files, and its own team's.
pub(super) fn with_role<'d, 't>(
    document: &'d Document<'t>,
    file: usize,
    role: &str,
) -> impl Iterator<Item = &'d Table<'t>> {
    let team = document.team(file).map(|team| team.name.value);
    document.all("contact").iter().filter(move |table| {
        let owner = document.team(table.header.file).map(|team| team.name.value);
        (owner.is_none() || owner == team) && table.texts("roles").iter().any(|has| has.value == role)
    })
}
