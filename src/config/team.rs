//! `[team]`: whose file this is, and what every row of it asks besides its own conditions (R13).

use super::key::{Form, Key, Section, Takes};

/// `[team]`.
pub(super) static SECTION: Section = Section {
    path: "team",
    form: Form::Single,
    in_team_file: true,
    open: false,
    about: "Makes the file a team's: its names are its own, and it can touch only its own cases. It may have [team], [contact.NAME], [audience.NAME], [[incident]], [[route]] and [[test]].",
    keys: &[
        Key { name: "name", takes: Takes::Name, default: "", about: "The team's name. Required." },
        Key {
            name: "match",
            takes: Takes::Texts,
            default: "",
            about: "Matchers that are added to every row and every rule of this file, and to the team's copies of `{team}` rows. Required.",
        },
    ],
};
