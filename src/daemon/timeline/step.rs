//! A timeline: its head, its steps in order of time, its figures.

use super::figures::{self, Figures};
use super::words::{self, Word};
use super::{Reader, Source, event, moments};
use crate::event::{Stage, Time};
use crate::history::{CaseKind, CaseStanding, Fate};
use crate::message::slot::{self, Filling};
use crate::message::{Disclosure, may_read};
use serde::Serialize;

/// The timeline of one case, as a reader of one level may read it; the instants in its sentences are slots.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    /// The case's name for this reader.
    pub case: String,
    /// For whom it is written.
    #[serde(rename = "for")]
    pub level: Disclosure,
    /// What the case is called at this level, as its last message put it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How it stands: `open`, `resolved`, `lost` or `closed`.
    pub standing: &'static str,
    /// How bad it is, for those who may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// When it was opened.
    pub opened_at: Option<Time>,
    /// When it was over.
    pub ended_at: Option<Time>,
    /// What there is to know about the timeline itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// What happened, the oldest first.
    pub steps: Vec<Step>,
    /// How long things took, and how often.
    pub figures: Figures,
}

/// One thing that happened.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// When.
    pub at: Time,
    /// Its order among what happened at the same time.
    #[serde(skip)]
    pub place: u64,
    /// What sort of thing it is, in a word.
    pub what: &'static str,
    /// The stage that the incident came to, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// The audience that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The same as a sentence, with slots for instants; outsiders' words in it are as they came.
    pub text: String,
    /// What was said, if this is a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Word>,
}

impl Step {
    /// A step that is no message.
    pub(super) fn of(at: Time, place: u64, what: &'static str, text: String) -> Step {
        Step { at, place, what, stage: None, audience: None, text, message: None }
    }

    /// The same, about an audience.
    pub(super) fn about(self, audience: &str) -> Step {
        Step { audience: Some(audience.to_owned()), ..self }
    }
}

impl Reader {
    /// Whether the reader may read a field of this name.
    pub(super) fn reads(&self, path: &str) -> bool {
        may_read(path, self.level)
    }

    /// Whether the reader may read what is for business audiences.
    pub(super) fn is_inside(&self) -> bool {
        self.level != Disclosure::External
    }

    /// Whether the reader may read everything.
    pub(super) fn is_insider(&self) -> bool {
        self.level == Disclosure::Internal
    }

    /// What an audience is called for the reader: outsiders do not read how the house divides them.
    pub(super) fn named<'a>(&self, audience: &'a str) -> &'a str {
        if self.is_inside() { audience } else { "customers" }
    }

    /// A text of a message as the reader would read it.
    pub(super) fn filled(&self, text: &str, next_update: Option<Time>) -> String {
        slot::fill(text, &Filling { zone: self.zone.clone(), next_update, delay: None }).into_owned()
    }

    /// An instant in a sentence: whoever writes the timeline says how it is put.
    pub(super) fn time(&self, time: Time) -> String {
        slot::instant(time)
    }

    /// An instant in the reader's time, in full.
    pub(super) fn zoned(&self, time: Time) -> String {
        slot::zoned(time, &self.zone)
    }
}

impl Timeline {
    /// With every instant in full: for programs, which show one sentence without the others.
    pub(super) fn in_full(self, reader: &Reader) -> Timeline {
        let full = |step: Step| Step { text: reader.filled(&step.text, None), ..step };
        Timeline { steps: self.steps.into_iter().map(full).collect(), ..self }
    }
}

impl Source {
    /// How much an audience of the case may read; what is not known is for insiders alone.
    pub(super) fn level_of(&self, audience: &str) -> Disclosure {
        let briefing = self.trail.case.briefings.iter().find(|briefing| briefing.audience == audience);
        let level = briefing.and_then(|briefing| {
            Disclosure::ALL.into_iter().find(|level| level.as_str() == briefing.disclosure)
        });
        level.unwrap_or(Disclosure::Internal)
    }

    /// Whether the case is over, as far as the reader may know: that it is, outsiders hear from a message alone, which may
    /// have to wait (R23, R26).
    pub(super) fn is_over(&self, reader: &Reader) -> bool {
        let case = &self.trail.case;
        if reader.is_inside() {
            return case.standing != CaseStanding::Open;
        }
        let mut told =
            case.briefings.iter().filter(|briefing| self.shows(&briefing.audience, reader)).peekable();
        told.peek().is_some() && told.all(|briefing| briefing.status.as_deref() == Some("resolved"))
    }

    /// Whether a reader may know of an audience and of what becomes of its words.
    pub(super) fn shows(&self, audience: &str, reader: &Reader) -> bool {
        reader.level.may_read(self.level_of(audience))
    }
}

/// The timeline for a reader.
pub(super) fn timeline(source: &Source, reader: &Reader) -> Timeline {
    let case = &source.trail.case;
    let insider = reader.is_insider();
    let over = source.is_over(reader);
    let ended_at = figures::ended_at(source).filter(|_| over);
    let standing = if over { case.standing } else { CaseStanding::Open };
    let mut steps: Vec<Step> = opening(source, reader).into_iter().collect();
    steps.extend(event::steps(source, reader));
    steps.extend(event::alerts(source, reader));
    steps.extend(moments::steps(source, reader));
    steps.extend(words::steps(source, reader));
    steps.sort_by_key(|step| (step.at, step.place));
    let words: Vec<&Word> = steps.iter().filter_map(|step| step.message.as_ref()).collect();
    // The newest of those that say most: `min_by_key` takes the first of equals.
    let titled = words.iter().rev().filter(|word| word.title.is_some());
    let title = titled.min_by_key(|word| word.level).and_then(|word| word.title.clone());
    Timeline {
        case: if insider { case.name.clone() } else { source.reference.clone() },
        level: reader.level,
        title,
        standing: standing.as_str(),
        severity: case.severity_word.clone().filter(|_| reader.reads("severity")),
        opened_at: case.opened_at,
        ended_at,
        remarks: remarks(source, reader),
        figures: figures::of(source, reader, ended_at),
        steps,
    }
}

/// How the case began: what was seen first, and when that was known here.
fn opening(source: &Source, reader: &Reader) -> Option<Step> {
    let case = &source.trail.case;
    let opened = case.opened_at?;
    let what = if case.kind == CaseKind::Group { "The first alert of the case" } else { "The case" };
    let began = case.began_at.filter(|began| *began < opened && reader.is_inside());
    let text = match began {
        _ if !reader.is_inside() => "We learned of it.".to_owned(),
        Some(began) => format!("{what} was received. It had begun at {}.", reader.time(began)),
        None => format!("{what} was received."),
    };
    Some(Step::of(opened, case.place, "opened", text))
}

fn remarks(source: &Source, reader: &Reader) -> Vec<String> {
    let trail = &source.trail;
    let mut all = Vec::new();
    if trail.case.opened_at.is_none() {
        all.push("The case began before the history does; what was before is not known.".to_owned());
    }
    if trail.cut {
        all.push("There is more than fits: the oldest is left out.".to_owned());
    }
    if trail.earlier > 0 && reader.is_insider() {
        all.push(format!("The case came {} times before; this is the last time alone.", trail.earlier));
    }
    if !trail.told.iter().any(|told| told.fate == Fate::Delivered && source.shows(&told.audience, reader)) {
        all.push("Nobody at this level has been handed a message.".to_owned());
    }
    all
}
