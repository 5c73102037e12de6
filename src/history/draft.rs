//! Cases as a feed changes them: read at most once, and written once when all that the feed says of them is known.

use super::cases::{CaseKind, CaseStanding};
use super::pens::Pens;
use super::place::stored;
use super::tables;
use crate::event::id::CaseId;
use crate::event::{Name, Severity};
use crate::message::Disclosure;
use rusqlite::{Row, params};
use std::collections::HashMap;

/// A row of `cases`, with its briefings.
pub(super) struct Draft {
    pub(super) number: i64,
    pub(super) case: CaseId,
    pub(super) kind: CaseKind,
    pub(super) name: Box<str>,
    pub(super) opened_at: Option<i64>,
    /// When what it is about began.
    pub(super) began_at: Option<i64>,
    pub(super) closed_at: Option<i64>,
    pub(super) standing: CaseStanding,
    pub(super) severity: Option<u8>,
    pub(super) severity_word: Option<Box<str>>,
    /// The first alert that joined.
    alert: Option<i64>,
    /// The first stands in the row of the case, the others in a table of their own.
    briefings: Vec<Briefing>,
    /// Whether it must be written.
    changed: bool,
}

/// One audience's part of a case.
struct Briefing {
    audience: Name,
    rule: Name,
    disclosure: i64,
    words: i64,
    first_at: Option<i64>,
    last_at: Option<i64>,
    said: Option<CaseStanding>,
    severity: Option<u8>,
    title: Option<Box<str>>,
    changed: bool,
}

impl Draft {
    /// A case that begins.
    pub(super) fn new(number: i64, case: CaseId, kind: CaseKind, name: Box<str>) -> Draft {
        Draft {
            number,
            case,
            kind,
            name,
            opened_at: None,
            began_at: None,
            closed_at: None,
            standing: CaseStanding::Open,
            severity: None,
            severity_word: None,
            alert: None,
            briefings: Vec::new(),
            changed: true,
        }
    }

    fn read(number: i64, pens: &mut Pens<'_>) -> rusqlite::Result<Draft> {
        let mut draft = pens.case.query_row([number], |row| {
            let case = CaseId(row.get::<_, i64>(0)?.cast_unsigned());
            let mut draft = Draft::new(number, case, CaseKind::of(row.get(1)?), row.get(2)?);
            (draft.opened_at, draft.closed_at) = (row.get(3)?, row.get(4)?);
            draft.standing = CaseStanding::of(row.get(5)?);
            (draft.severity, draft.severity_word, draft.alert) = (row.get(6)?, row.get(7)?, row.get(8)?);
            draft.began_at = row.get(18)?;
            if row.get::<_, Option<i64>>(11)?.is_some() {
                draft.briefings.push(Briefing::read(row, 9)?);
            }
            draft.changed = false;
            Ok(draft)
        })?;
        let mut rows = pens.briefings.query([number])?;
        while let Some(row) = rows.next()? {
            draft.briefings.push(Briefing::read(row, 0)?);
        }
        Ok(draft)
    }

    /// How it stands from here on.
    pub(super) fn stands(&mut self, standing: CaseStanding) {
        self.standing = standing;
        self.changed = true;
    }

    /// How bad it is from here on: a place on the ladder, a word, or both.
    pub(super) fn is_bad(&mut self, severity: Option<u8>, word: Option<&str>) {
        self.severity = severity;
        if self.severity_word.as_deref() != word {
            self.severity_word = word.map(Box::from);
        }
        self.changed = true;
    }

    /// What it is about began at this time, or earlier still.
    pub(super) fn began(&mut self, at: i64) {
        if self.began_at.is_none_or(|known| at < known) {
            (self.began_at, self.changed) = (Some(at), true);
        }
    }

    /// It is over. One that nobody was told the end of ended in a way that was not said.
    pub(super) fn close(&mut self, at: i64) {
        self.closed_at = Some(at);
        let unsaid = self.standing == CaseStanding::Open;
        self.stands(if unsaid { CaseStanding::Closed } else { self.standing });
    }

    /// An alert belongs to it. One that is not the first has a row of its own: this one, if it is not there yet.
    pub(super) fn join(&mut self, alert: i64) -> Option<[i64; 2]> {
        if self.alert.is_none() {
            (self.alert, self.changed) = (Some(alert), true);
        }
        (self.alert != Some(alert)).then_some([self.number, alert])
    }

    /// An audience is told of it by this row, with this disclosure.
    pub(super) fn brief(&mut self, audience: &Name, rule: &Name, disclosure: Disclosure) {
        let disclosure = disclosure as i64;
        self.changed = true;
        if let Some(briefing) = self.briefings.iter_mut().find(|briefing| briefing.audience == *audience) {
            (briefing.rule, briefing.disclosure, briefing.changed) = (rule.clone(), disclosure, true);
            return;
        }
        self.briefings.push(Briefing {
            audience: audience.clone(),
            rule: rule.clone(),
            disclosure,
            words: 0,
            first_at: None,
            last_at: None,
            said: None,
            severity: None,
            title: None,
            changed: true,
        });
    }

    /// The row that governs what an audience is told of it.
    pub(super) fn rule(&self, audience: &Name) -> Option<&Name> {
        let briefing = self.briefings.iter().find(|briefing| briefing.audience == *audience)?;
        Some(&briefing.rule)
    }

    /// An audience was told something of it; a digest has no title for it.
    pub(super) fn said(
        &mut self,
        audience: &Name,
        at: i64,
        said: CaseStanding,
        severity: Severity,
        title: Option<&str>,
    ) {
        let briefing = self.briefings.iter_mut().find(|briefing| briefing.audience == *audience);
        let Some(briefing) = briefing else { return };
        briefing.words += 1;
        briefing.first_at = briefing.first_at.or(Some(at));
        briefing.last_at = Some(at);
        (briefing.said, briefing.severity) = (Some(said), Some(severity.0));
        if title.is_some() && briefing.title.as_deref() != title {
            briefing.title = title.map(Box::from);
        }
        (briefing.changed, self.changed) = (true, true);
    }

    fn write(&self, pens: &mut Pens<'_>) -> rusqlite::Result<()> {
        let first = self.briefings.first();
        let audience = first.map(|first| first.audience.as_str());
        let rule = first.map(|first| first.rule.as_str());
        let disclosure = first.map(|first| first.disclosure);
        let words = first.map(|first| first.words);
        let first_at = first.and_then(|first| first.first_at);
        let last_at = first.and_then(|first| first.last_at);
        let said = first.and_then(|first| first.said).map(CaseStanding::number);
        let said_severity = first.and_then(|first| first.severity);
        let title = first.and_then(|first| first.title.as_deref());
        let (standing, word) = (self.standing.number(), self.severity_word.as_deref());
        pens.changed_case.execute(params![
            self.number,
            stored(self.case),
            tables::key(&self.name),
            self.kind.number(),
            &*self.name,
            self.opened_at,
            self.closed_at,
            standing,
            self.severity,
            word,
            self.alert,
            audience,
            rule,
            disclosure,
            words,
            first_at,
            last_at,
            said,
            said_severity,
            title,
            self.began_at,
        ])?;
        self.briefings.iter().skip(1).filter(|b| b.changed).try_for_each(|b| b.write(self.number, pens))
    }
}

impl Briefing {
    /// Reads one whose columns begin at `from`.
    fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Briefing> {
        let name = |at| Ok::<_, rusqlite::Error>(Name::from(row.get::<_, String>(at)?));
        Ok(Briefing {
            audience: name(from)?,
            rule: name(from + 1)?,
            disclosure: row.get(from + 2)?,
            words: row.get(from + 3)?,
            first_at: row.get(from + 4)?,
            last_at: row.get(from + 5)?,
            said: row.get::<_, Option<i64>>(from + 6)?.map(CaseStanding::of),
            severity: row.get(from + 7)?,
            title: row.get(from + 8)?,
            changed: false,
        })
    }

    fn write(&self, number: i64, pens: &mut Pens<'_>) -> rusqlite::Result<()> {
        let values = params![
            number,
            self.audience.as_str(),
            self.rule.as_str(),
            self.disclosure,
            self.words,
            self.first_at,
            self.last_at,
            self.said.map(CaseStanding::number),
            self.severity,
            self.title.as_deref(),
        ];
        pens.briefing.execute(values).map(drop)
    }
}

/// The cases that a feed touches, in the order in which it does.
#[derive(Default)]
pub(super) struct Drafts {
    all: Vec<Draft>,
    by_number: HashMap<i64, usize>,
}

impl Drafts {
    /// A case that begins.
    pub(super) fn begin(&mut self, draft: Draft) -> &mut Draft {
        let at = self.all.len();
        self.by_number.insert(draft.number, at);
        self.all.push(draft);
        &mut self.all[at]
    }

    /// The case of this row.
    pub(super) fn get(&mut self, number: i64, pens: &mut Pens<'_>) -> rusqlite::Result<&mut Draft> {
        // What is said of a case is mostly said in one go.
        let last = self.all.last().filter(|last| last.number == number).map(|_| self.all.len() - 1);
        match last.or_else(|| self.by_number.get(&number).copied()) {
            Some(at) => Ok(&mut self.all[at]),
            None => Ok(self.begin(Draft::read(number, pens)?)),
        }
    }

    /// Writes what changed.
    pub(super) fn write(self, pens: &mut Pens<'_>) -> rusqlite::Result<()> {
        self.all.iter().filter(|draft| draft.changed).try_for_each(|draft| draft.write(pens))
    }
}
