//! `[template.NAME]`: texts of one's own instead of the shipped ones.

use super::key::{Form, Key, Section, Takes};

/// `[template.NAME]`.
pub(super) static SECTION: Section = Section {
    path: "template",
    form: Form::Named,
    in_team_file: false,
    open: false,
    about: "Texts of one's own. They may name only what the audience of every row that uses them may read.",
    keys: &[
        Key {
            name: "title",
            takes: Takes::Text,
            default: "",
            about: "One line that stays the same while the case lasts.",
        },
        Key {
            name: "short",
            takes: Takes::Text,
            default: "",
            about: "One line that says everything a telephone can show.",
        },
        Key { name: "body", takes: Takes::Text, default: "", about: "The text, in Markdown." },
    ],
};
