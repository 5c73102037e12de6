//! `via`: by which channels the contacts of an audience are told (R14).

use super::channel::{self, Draft};
use super::diagnostic::Report;
use super::table::Document;
use super::value::{At, Node};
use crate::decide::{Audience, Contact, Via, ViaKey};
use crate::event::Name;
use crate::message::Kind;
use std::collections::BTreeMap;

/// Reads a list of channels, or a map from kinds of notification to lists.
pub(super) fn read(document: &Document<'_>, channels: &[Draft<'_>], node: Node<'_>, report: &Report) -> Via {
    let list = |node: Node<'_>| -> Vec<Name> {
        let texts = node.texts();
        if texts.is_empty() {
            report.error(
                "via::nobody",
                node.place(),
                "an empty list tells nobody",
                "name at least one channel",
            );
        }
        texts.into_iter().filter_map(|text| serving(document, channels, text, report)).collect()
    };
    if !node.value.get_ref().is_table() {
        return Via::List(list(node));
    }
    let entries = node.entries().into_iter();
    Via::Map(entries.filter_map(|(asked, node)| Some((key(asked.value)?, list(node)))).collect())
}

fn key(word: &str) -> Option<ViaKey> {
    Some(match word {
        "opening" => ViaKey::Kind(Kind::Opening),
        "update" => ViaKey::Kind(Kind::Update),
        "escalation" => ViaKey::Kind(Kind::Escalation),
        "reminder" => ViaKey::Kind(Kind::Reminder),
        "digest" => ViaKey::Kind(Kind::Digest),
        "resolution" => ViaKey::Kind(Kind::Resolution),
        "urgent" => ViaKey::Urgent,
        "other" => ViaKey::Other,
        _ => return None,
    })
}

/// A channel that is configured and serves contacts.
pub(super) fn serving(
    document: &Document<'_>,
    channels: &[Draft<'_>],
    text: At<&str>,
    report: &Report,
) -> Option<Name> {
    let name = channel::known(document, text, report)?;
    let draft = channels.iter().find(|draft| draft.name == name)?;
    if draft.kind.address.is_none() {
        let message = format!(
            "`{name}` serves no contacts: a channel of type \"{}\" has destinations only",
            draft.kind.name
        );
        let help = format!("list it in `destinations` of the audience: destinations = [\"{name}\"]");
        report.error("via::serves-no-contacts", text.place, message, help);
    }
    Some(name)
}

/// Whom a row's `via` concerns.
pub(super) struct Reach<'a> {
    pub(super) channels: &'a [Draft<'a>],
    pub(super) contacts: &'a BTreeMap<Name, Contact>,
}

impl Reach<'_> {
    /// Remarks on contacts that have none of the addresses which a list asks for, and reports channels that may not
    /// carry what this audience reads.
    pub(super) fn check(&self, via: &Via, node: Node<'_>, audience: &Audience, report: &Report) {
        let lists: Vec<(&[Name], Node<'_>)> = match via {
            Via::Unsaid => Vec::new(),
            Via::List(list) => vec![(list, node)],
            Via::Map(map) => {
                let entries = node.entries().into_iter();
                let list =
                    |(asked, node): (At<&str>, _)| Some((map.get(&key(asked.value)?)?.as_slice(), node));
                entries.filter_map(list).collect()
            }
        };
        for (list, node) in lists.into_iter().filter(|_| !audience.contacts.is_empty()) {
            self.check_channels(list, node, audience, report);
            for name in &audience.contacts {
                let contact = self.contacts.get(name).filter(|contact| !contact.all.is_empty());
                if contact.is_some_and(|c| !list.iter().any(|channel| c.by_channel.contains_key(channel))) {
                    let message =
                        format!("`{name}` has no address for any of these and is told on any it has");
                    let help = format!("give [contact.{name}] an address that one of these channels serves");
                    report.warning("via::other-address", Some(node.place()), message, help);
                }
            }
        }
    }

    fn check_channels(&self, list: &[Name], node: Node<'_>, audience: &Audience, report: &Report) {
        for text in node.texts() {
            let draft = self
                .channels
                .iter()
                .find(|draft| list.contains(&draft.name) && *draft.name.as_str() == *text.value);
            let settings = draft.and_then(|draft| draft.settings.as_ref());
            if let Some(Err(problem)) = settings.map(|settings| settings.allows(audience.disclosure)) {
                let message = format!("`{}` is {}: {}", audience.name, audience.disclosure, problem.message);
                report.error("via::channel-not-allowed", text.place, message, problem.hint);
            }
        }
    }
}
