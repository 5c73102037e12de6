//! `[contact.NAME]`: people and desks, and by which channels each can be reached (R14).

use super::channel::Draft;
use super::diagnostic::Report;
use super::environment;
use super::key::{Form, Key, Section, Takes};
use super::table::{Document, Table};
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
        let contact = contact(table, channels, &zone, endpoints, report);
        (contact.name.clone(), contact)
    };
    document.all("contact").iter().map(one).collect()
}

fn contact(
    table: &Table<'_>,
    channels: &[Draft<'_>],
    zone: &str,
    endpoints: &mut BTreeMap<Recipient, Endpoint>,
    report: &Report,
) -> Contact {
    let name: Name = table.name.as_str().into();
    let mut contact = Contact { name: name.clone(), by_channel: BTreeMap::new(), all: Vec::new() };
    for (kind, key) in ADDRESSES {
        let Some(text) = table.text(key) else { continue };
        let serving = channels.iter().filter(|channel| channel.kind.address == Some(kind));
        for (index, channel) in serving.enumerate() {
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
            contact.by_channel.insert(channel.name.clone(), recipient.clone());
            if index == 0 {
                contact.all.push(recipient);
            }
        }
    }
    contact
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
