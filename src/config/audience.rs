//! `[audience.NAME]`: who is told, how much they may read, and who may tell them (R13, R14).

use super::channel::{self, Draft};
use super::diagnostic::{Report, Source};
use super::key::{Form, Key, Section, Takes};
use super::members;
use super::suggest;
use super::table::{Document, Table};
use super::value::{At, Node};
use crate::decide::{Audience, Contact, Endpoint};
use crate::event::id::Digest;
use crate::event::{Name, Recipient};
use crate::message::Disclosure;
use std::collections::BTreeMap;

/// How many hexadecimal digits of the keyed hash name a destination.
const HASH_DIGITS: usize = 8;

/// `[audience.NAME]`.
pub(super) static SECTION: Section = Section {
    path: "audience",
    form: Form::Named,
    in_team_file: true,
    open: false,
    about: "A named set of contacts and destinations with one level of disclosure. A team's is `team/NAME` elsewhere.",
    keys: &[
        Key {
            name: "disclosure",
            takes: Takes::Word(&["internal", "business", "external"]),
            default: "",
            about: "How much it may read. Required.",
        },
        Key {
            name: "members",
            takes: Takes::Members,
            default: "[]",
            about: "Contacts: `role:ROLE` for all with that role, `contact:NAME` for one. `{ file = \"PATH\" }`, alone or in the list, names a file beside this one that has one of these or the bare name of a contact in each line, and `#` before remarks; it is read again when it changes.",
        },
        Key {
            name: "destinations",
            takes: Takes::Texts,
            default: "[]",
            about: "Places that are always told: `CHANNEL:ADDRESS`, or `CHANNEL` where it leads to one place.",
        },
        Key {
            name: "approvers",
            takes: Takes::Text,
            default: "",
            about: "The internal audience that approves what it is told, on rows with `approve = true`. Without it, the owner.",
        },
        Key {
            name: "open_to",
            takes: Takes::Texts,
            default: "[]",
            about: "The teams whose files may have rows to it.",
        },
    ],
};

/// What audiences are made from.
pub(super) struct Parts<'a> {
    pub(super) channels: &'a [Draft<'a>],
    pub(super) contacts: &'a BTreeMap<Name, Contact>,
    pub(super) time_zone: &'a str,
    pub(super) sources: &'a [Source],
    pub(super) key: &'a [u8; 32],
}

/// Every audience; its destinations go to `endpoints`.
pub(super) fn read(
    document: &Document<'_>,
    parts: &Parts<'_>,
    endpoints: &mut BTreeMap<Recipient, Endpoint>,
    report: &Report,
) -> BTreeMap<Name, Audience> {
    let mut audiences = BTreeMap::new();
    for table in document.all("audience") {
        let name: Name = table.name.as_str().into();
        let disclosure = table.required("disclosure", report).and_then(|node| level(node.text()?));
        check_open_to(document, table, report);
        let contacts = members::read(document, table, parts, report);
        let destinations = destinations(document, table, disclosure, parts, endpoints, report);
        let empty = |node: Node<'_>| node.value.get_ref().is_array() && node.items().is_empty();
        if ["members", "destinations"].iter().all(|key| table.get(key).is_none_or(empty)) {
            let help = "add members = [\"role:…\"] or destinations = [\"CHANNEL:ADDRESS\"]";
            report.error("audience::nobody", table.header, format!("`{name}` is nobody"), help);
        }
        let approvers = table
            .text("approvers")
            .and_then(|text| super::environment::internal_audience(document, text, "approvers", report));
        if let Some(disclosure) = disclosure {
            let audience = Audience { name: name.clone(), disclosure, contacts, destinations, approvers };
            audiences.insert(name, audience);
        }
    }
    audiences
}

fn level(word: &str) -> Option<Disclosure> {
    Disclosure::ALL.into_iter().find(|level| level.as_str() == word)
}

fn check_open_to(document: &Document<'_>, table: &Table<'_>, report: &Report) {
    for team in table.texts("open_to") {
        if !document.teams().any(|known| known.name.value == team.value) {
            let help = suggest::hint(team.value, "team", document.teams().map(|team| team.name.value));
            report.error(
                "audience::unknown-team",
                team.place,
                format!("there is no team `{}`", team.value),
                help,
            );
        }
    }
}

fn destinations(
    document: &Document<'_>,
    table: &Table<'_>,
    disclosure: Option<Disclosure>,
    parts: &Parts<'_>,
    endpoints: &mut BTreeMap<Recipient, Endpoint>,
    report: &Report,
) -> Vec<Recipient> {
    let mut recipients = Vec::new();
    for text in table.texts("destinations") {
        let (channel, address) = text.value.split_once(':').unwrap_or((text.value, ""));
        let Some(channel) = channel::known(document, At { value: channel, place: text.place }, report) else {
            continue;
        };
        let Some(draft) = parts.channels.iter().find(|draft| draft.name == channel) else { continue };
        let Some(settings) = &draft.settings else { continue };
        if let Some(Err(problem)) = disclosure.map(|level| settings.allows(level)) {
            report.error("audience::channel-not-allowed", text.place, problem.message, problem.hint);
        }
        let address = match settings.address(address) {
            Ok(address) => address,
            Err(problem) => {
                report.error("audience::address", text.place, problem.message, problem.hint);
                continue;
            }
        };
        let hash =
            Digest::keyed(parts.key, &[b"destination", channel.as_str().as_bytes(), address.as_bytes()]);
        let hash = hash.to_string();
        let recipient = Recipient::from(format!("{}@{channel}#{}", table.name, &hash[..HASH_DIGITS]));
        if recipients.contains(&recipient) {
            report.error(
                "audience::twice",
                text.place,
                "this destination stands here twice",
                "leave one out",
            );
            continue;
        }
        let time_zone = parts.time_zone.into();
        endpoints.insert(
            recipient.clone(),
            Endpoint { channel, address: address.into(), contact: None, time_zone },
        );
        recipients.push(recipient);
    }
    recipients
}

/// The audience that a word in that file means: its own team's, else one of all, if it is open to the team (R13).
pub(super) fn resolve(document: &Document<'_>, text: At<&str>, file: usize, report: &Report) -> Option<Name> {
    let own = document.full_name(file, text.value);
    if document.find("audience", own.as_str()).is_some() {
        return Some(own);
    }
    let Some(table) = document.find("audience", text.value) else {
        let message = format!("there is no audience `{}`", text.value);
        let prefix = document.team(file).map(|team| format!("{}/", team.name.value)).unwrap_or_default();
        let names = document.all("audience").iter().map(|table| {
            let name = table.name.as_str();
            name.strip_prefix(prefix.as_str()).unwrap_or(name)
        });
        let help = suggest::hint(text.value, "audience", names);
        report.error("route::unknown-audience", text.place, message, help);
        return None;
    };
    let team = document.team(file).map(|team| team.name.value);
    let owner = document.team(table.header.file).map(|team| team.name.value);
    let open = |team: &str| table.texts("open_to").iter().any(|open| open.value == team);
    if let Some(team) = team.filter(|team| Some(*team) != owner && !open(team)) {
        let message = format!("`{}` is not open to the team `{team}`", text.value);
        let help = format!("add open_to = [\"{team}\"] to [audience.{}]", text.value);
        report.error("route::audience-not-open", text.place, message, help);
    }
    Some(text.value.into())
}
