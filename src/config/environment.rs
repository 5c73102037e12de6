//! The small sections: `[environment]`, `[incidents]`, `[egress]`, `[component.ID]`, and time zones.

use super::diagnostic::Report;
use super::key::{Form, Key, Section, Takes};
use super::suggest;
use super::table::Document;
use super::value::At;
use crate::decide::Environment;
use crate::event::{Name, Span};
use std::collections::{BTreeMap, BTreeSet};

/// `[environment]`.
pub(super) static SECTION: Section = Section {
    path: "environment",
    form: Form::Single,
    in_team_file: false,
    open: false,
    about: "Which installation this is.",
    keys: &[
        Key {
            name: "name",
            takes: Takes::Text,
            default: "",
            about: "Its name, shown in redirected messages.",
        },
        Key {
            name: "redirect",
            takes: Takes::Text,
            default: "",
            about: "The channel that everything goes to, marked with the intended recipient; for staging.",
        },
        Key {
            name: "mode",
            takes: Takes::Word(&["live", "shadow"]),
            default: "\"live\"",
            about: "`shadow` decides everything and sends nothing.",
        },
        Key {
            name: "domain",
            takes: Takes::Text,
            default: "",
            about: "What stands behind the `@` of Message-IDs. Without it, each channel has its own, such as the sender's.",
        },
    ],
};

/// `[incidents]`.
pub(super) static INCIDENTS: Section = Section {
    path: "incidents",
    form: Form::Single,
    in_team_file: false,
    open: false,
    about: "What holds for all incidents.",
    keys: &[
        Key {
            name: "owner",
            takes: Takes::Text,
            default: "",
            about: "The internal audience that hears about the work of Tidings itself: dead letters, misses and quarantines; it is asked where nobody else is. Without it, `unrouted` serves.",
        },
        Key {
            name: "write_up",
            takes: Takes::DurationOrNever(Span::from_mins(60), Span::from_mins(90 * 24 * 60)),
            default: "\"48h\"",
            about: "Within how long of an incident's end its write-up is promised to business and external audiences, or \"never\".",
        },
        Key {
            name: "resolve_after",
            takes: Takes::DurationOrNever(Span::ZERO, Span::from_mins(7 * 24 * 60)),
            default: "\"10m\"",
            about: "After how long without an alert an incident that a rule opened is resolved by itself, where [[incident]] does not say.",
        },
    ],
};

/// `[egress]`.
pub(super) static EGRESS: Section = Section {
    path: "egress",
    form: Form::Single,
    in_team_file: false,
    open: false,
    about: "Where channels may connect to.",
    keys: &[Key {
        name: "allow_networks",
        takes: Takes::Texts,
        default: "[]",
        about: "Loopback, private and link-local networks that every channel may reach, as CIDR. A channel can name its own.",
    }],
};

/// `[component.ID]`.
pub(super) static COMPONENT: Section = Section {
    path: "component",
    form: Form::Named,
    in_team_file: false,
    open: false,
    about: "A component that incidents name by its id.",
    keys: &[
        Key {
            name: "public",
            takes: Takes::Text,
            default: "",
            about: "Its name for those outside; without one they do not hear of it.",
        },
        Key {
            name: "critical",
            takes: Takes::Flag,
            default: "false",
            about: "Whether outsiders hear of it at once: `lasting` of their rows counts as zero for incidents that name it.",
        },
    ],
};

/// `[environment]`; whether `redirect` names a channel is checked here.
pub(super) fn read(document: &Document<'_>, report: &Report) -> Environment {
    let Some(table) = document.one("environment") else {
        return Environment::default();
    };
    let redirect = table.text("redirect").and_then(|text| super::channel::known(document, text, report));
    Environment {
        name: table.text("name").map_or("", |text| text.value).into(),
        redirect,
        shadow: table.text("mode").is_some_and(|mode| mode.value == "shadow"),
    }
}

/// The public names of components.
pub(super) fn components(document: &Document<'_>) -> BTreeMap<Box<str>, Box<str>> {
    let one = |table: &super::table::Table<'_>| {
        let public = table.text("public")?.value;
        Some((table.name.as_str().into(), public.into()))
    };
    document.all("component").iter().filter_map(one).collect()
}

/// The components of which outsiders hear at once (R12).
pub(super) fn critical(document: &Document<'_>) -> BTreeSet<Box<str>> {
    let critical =
        |table: &&super::table::Table<'_>| table.get("critical").and_then(|node| node.flag()) == Some(true);
    document.all("component").iter().filter(critical).map(|table| table.name.as_str().into()).collect()
}

/// Within how long of an incident's end its write-up is promised.
pub(super) fn write_up(document: &Document<'_>) -> Option<Span> {
    let said = document.one("incidents").and_then(|table| table.get("write_up"));
    match said {
        Some(node) => node.span(),
        None => Some(super::table::default_span(&INCIDENTS, "write_up")),
    }
}

/// Networks as CIDR, each mistake at its own place.
pub(super) fn networks(texts: &[At<&str>], report: &Report) -> Vec<String> {
    let valid = |text: &&At<&str>| {
        let (address, length) = text.value.split_once('/').unwrap_or((text.value, "0"));
        let address: Option<std::net::IpAddr> = address.parse().ok();
        let max = address.map_or(0, |address| if address.is_ipv4() { 32 } else { 128 });
        let valid = address.is_some() && length.parse::<u8>().is_ok_and(|length| length <= max);
        if !valid {
            let message = format!("\"{}\" is no network", text.value);
            report.error(
                "network::form",
                text.place,
                message,
                "write CIDR, such as \"10.1.0.0/16\" or \"fd00::/8\"",
            );
        }
        valid
    };
    texts.iter().filter(valid).map(|text| text.value.to_owned()).collect()
}

/// A time zone that exists, else the fallback.
pub(super) fn time_zone(text: Option<At<&str>>, fallback: &str, report: &Report) -> Box<str> {
    let Some(text) = text else {
        return fallback.into();
    };
    if jiff::tz::TimeZone::get(text.value).is_ok() {
        return text.value.into();
    }
    let message = format!("there is no time zone `{}`", text.value);
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let near: Vec<&str> = known.iter().map(String::as_str).collect();
    let help = match suggest::nearest(text.value, &near) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write an IANA name such as \"Europe/Berlin\"".to_owned(),
    };
    report.error("time-zone::unknown-zone", text.place, message, help);
    fallback.into()
}

/// An audience that hears internal things: named by `key`, known, and internal.
pub(super) fn internal_audience(
    document: &Document<'_>,
    text: At<&str>,
    key: &str,
    report: &Report,
) -> Option<Name> {
    let name = super::audience::resolve(document, text, text.place.file, report)?;
    let table = document.find("audience", name.as_str())?;
    let level = table.text("disclosure")?;
    if level.value != "internal" {
        let message = format!("`{key}` is internal by its nature, and `{}` is {}", text.value, level.value);
        report.error(
            "audience::not-internal",
            text.place,
            message,
            "name an audience with disclosure = \"internal\"",
        );
    }
    Some(name)
}
