//! Every section that there is, in the order of the reference.

use super::key::{Form, Key, Section, Takes};
use super::{
    audience, cadence, channel, contact, environment, heartbeat, incident, ingest, journal, nats, route,
    severity, team, template, token, trial,
};

/// The keys that stand above every table.
pub(super) static ROOT: Section = Section {
    path: "",
    form: Form::Root,
    in_team_file: false,
    open: false,
    about: "The top of the file that `--config` names.",
    keys: &[
        Key {
            name: "version",
            takes: Takes::Count(1, 1),
            default: "",
            about: "The version of this format. Required.",
        },
        Key {
            name: "time_zone",
            takes: Takes::Text,
            default: "\"UTC\"",
            about: "The zone of readers who name none, as an IANA name. Messages show UTC beside it.",
        },
        Key {
            name: "include",
            takes: Takes::TextOrTexts,
            default: "",
            about: "Patterns of further files, relative to this one; they are read before it, in the order of their paths. A pattern without a match is an error.",
        },
        Key {
            name: "unrouted",
            takes: Takes::Text,
            default: "",
            about: "The internal audience that hears what no row matches, and what would reach nobody.",
        },
    ],
};

/// All of them.
pub(super) static SECTIONS: &[&Section] = &[
    &ROOT,
    &environment::SECTION,
    &ingest::SECTION,
    &nats::NATS,
    &nats::READ,
    &ingest::HTTP,
    &token::SECTION,
    &journal::SECTION,
    &severity::SECTION,
    &cadence::SECTION,
    &environment::INCIDENTS,
    &environment::EGRESS,
    &heartbeat::SECTION,
    &channel::SECTION,
    &contact::SECTION,
    &audience::SECTION,
    &environment::COMPONENT,
    &template::SECTION,
    &route::DEFAULTS,
    &route::SECTION,
    &incident::SECTION,
    &team::SECTION,
    &trial::SECTION,
];

/// The section of that path.
pub(super) fn find(path: &str) -> Option<&'static Section> {
    SECTIONS.iter().copied().find(|section| section.path == path)
}

/// The section within a section.
pub(super) fn inner(section: &Section, key: &str) -> Option<&'static Section> {
    find(&format!("{}.{key}", section.path))
}
