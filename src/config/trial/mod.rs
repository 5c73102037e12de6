//! `[[test]]`: what comes in at which time, and what must come of it; `tidings test` plays it in simulated time (R13).

mod change;
mod event;
mod expect;
mod step;

use super::diagnostic::{self, Place, Report, Source};
use super::key::{Form, Key, Section, Takes};
use super::suggest;
use super::table::{Document, Table};
use super::value::At;
use crate::decide::Identity;
use crate::event::{Event, Name, Time};
use std::fmt;
use std::path::PathBuf;

pub(super) use step::{EXPECT_KEYS, STEP_KEYS};

/// `[[test]]`.
pub(super) static SECTION: Section = Section {
    path: "test",
    form: Form::Rows,
    in_team_file: true,
    open: false,
    about: "A test of the policy, in simulated time: `tidings test` runs it and sends nothing. A team's test may send only events that meet the team's match. How to write one: docs/testing-policies.md.",
    keys: &[
        Key {
            name: "name",
            takes: Takes::Text,
            default: "",
            about: "What it shows, as a sentence. Required.",
        },
        Key {
            name: "start",
            takes: Takes::Day,
            default: "",
            about: "When it begins; a day begins at its midnight in the file's `time_zone`. Required.",
        },
        Key {
            name: "steps",
            takes: Takes::Steps,
            default: "",
            about: "What happens, in order: `at` is the time since the start, and one of `alert`, `incident`, `ack`, `approve`, `reject`, `reload`, `restart`, `channel_down`, `channel_up` and `expect` says what. Required.",
        },
    ],
};

/// One `[[test]]`: what comes in and what must come of it.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What it shows.
    pub name: Box<str>,
    /// Where it stands.
    pub place: FileLine,
    /// When it begins.
    pub start: Time,
    /// What happens, in order.
    pub steps: Vec<TrialStep>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLine {
    /// The file, as it was named.
    pub file: Box<str>,
    /// Which line of it, from 1.
    pub line: usize,
}

/// One step of a test.
#[derive(Clone, Debug)]
pub struct TrialStep {
    /// Where it stands.
    pub place: FileLine,
    /// When it happens.
    pub at: Time,
    /// What happens.
    pub act: TrialAct,
}

/// What happens in a step.
#[derive(Clone, Debug)]
pub enum TrialAct {
    /// An event comes in, read as it is from HTTP.
    Event {
        /// The event.
        event: Box<Event>,
        /// Its identity, if it has an id (R4).
        identity: Option<Identity>,
    },
    /// Somebody takes a case on (R25).
    Acknowledge {
        /// Which: an incident's id, else the row or a label's value of a group of alerts, the newest of them.
        case: Box<str>,
        /// Who.
        by: Box<str>,
    },
    /// Somebody answers for a draft (R23).
    Answer {
        /// To which audience it is.
        audience: Name,
        /// About which case; the newest that has such a draft where it is not said.
        case: Option<Box<str>>,
        /// Who.
        by: Box<str>,
        /// Why it must not leave; `None` where it may.
        refused: Option<Box<str>>,
    },
    /// Another configuration holds from here on (R36).
    Reload(Reload),
    /// The process ends and starts again: State is what the journal says (R32).
    Restart,
    /// A channel cannot be reached.
    ChannelDown(Name),
    /// It can be reached again.
    ChannelUp(Name),
    /// What must have come of it all since the expectation before this one.
    Expect(TrialExpect),
}

/// The configuration of a `reload`.
#[derive(Clone, Debug)]
pub enum Reload {
    /// A file, read as `--config` reads it.
    File(PathBuf),
    /// The names and texts of the files with the changes made, in reading order.
    Texts(Vec<(Box<str>, Box<str>)>),
}

/// What must have come of a test since the expectation before.
#[derive(Clone, Debug, Default)]
pub struct TrialExpect {
    /// Who was told, at least.
    pub told: Vec<Telling>,
    /// Who was not.
    pub not_told: Vec<Telling>,
    /// Who waits or has waited, and for what.
    pub waiting: Vec<Waiting>,
    /// What messages said.
    pub says: Vec<Saying>,
}

/// An audience, by one channel or by any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The audience.
    pub audience: Name,
    /// The channel; `None` for any.
    pub channel: Option<Name>,
}

/// An audience that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The audience.
    pub audience: Name,
    /// For what: the word of a held or withheld reason.
    pub reason: &'static str,
}

/// A text that stood in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// To whom; `None` for anybody.
    pub audience: Option<Name>,
    /// The text.
    pub text: Box<str>,
}

impl fmt::Display for FileLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl fmt::Display for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.channel {
            Some(channel) => write!(f, "{} by {channel}", self.audience),
            None => write!(f, "{}", self.audience),
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.audience, self.reason)
    }
}

impl fmt::Display for Saying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.audience {
            Some(audience) => write!(f, "{:?} to {audience}", self.text),
            None => write!(f, "{:?}", self.text),
        }
    }
}

/// What tests are read with.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a, 't> {
    pub(super) document: &'a Document<'t>,
    pub(super) sources: &'a [Source],
    pub(super) time_zone: &'a str,
    pub(super) report: &'a Report,
}

/// Every test, in reading order; each mistake is reported at its own place.
pub(super) fn read(reader: Reader<'_, '_>) -> Vec<Trial> {
    let tables = reader.document.all(SECTION.path);
    for (at, table) in tables.iter().enumerate() {
        let twice = tables[..at].iter().find(|other| !table.name.is_empty() && other.name == table.name);
        if let Some(other) = twice {
            let line = diagnostic::line(reader.sources, other.header);
            let message = format!("\"{}\" is the name of two tests", table.name);
            let help = format!("the other one stands in {line}; give each its own");
            reader.report.error("test::name-twice", table.place_of("name"), message, help);
        }
    }
    tables.iter().filter_map(|table| reader.one(table)).collect()
}

impl<'a, 't> Reader<'a, 't> {
    fn one(self, table: &Table<'t>) -> Option<Trial> {
        let (name, start) = (table.required("name", self.report), table.required("start", self.report));
        let steps = table.required("steps", self.report)?;
        let start = start?.day()?.begins(self.time_zone)?;
        let steps = step::read(self, steps, start);
        if !steps.iter().any(|step| matches!(step.act, TrialAct::Expect(_))) {
            let help = "add a step such as { at = \"1m\", expect = { told = [\"AUDIENCE by CHANNEL\"] } }";
            self.report.warning(
                "test::expects-nothing",
                Some(table.header),
                "this test expects nothing",
                help,
            );
        }
        Some(Trial { name: name?.text()?.into(), place: self.line(table.header), start, steps })
    }

    /// The line of a place.
    fn line(self, place: Place) -> FileLine {
        let source = self.sources.get(place.file);
        let before = source.and_then(|source| source.text.get(..place.start)).unwrap_or_default();
        let file = source.map(|source| source.name.clone()).unwrap_or_default();
        FileLine { file, line: before.matches('\n').count() + 1 }
    }

    /// The audience that a word in a test means: the team's own, else one of all. A test may look at every audience.
    fn audience(self, word: At<&str>) -> Option<Name> {
        let own = self.document.full_name(word.place.file, word.value);
        let known = |name: &str| self.document.find("audience", name).is_some();
        if known(own.as_str()) {
            return Some(own);
        }
        if known(word.value) {
            return Some(word.value.into());
        }
        let message = format!("there is no audience `{}`", word.value);
        let names = self.document.all("audience").iter().map(|table| table.name.as_str());
        let help = suggest::hint(word.value, "audience", names);
        self.report.error("test::unknown-audience", word.place, message, help);
        None
    }
}
