//! The trail of one case: everything that history knows of it, in one answer, for its timeline.

use super::ask::Questions;
use super::{Came, Case, CaseFilter, CaseKind, Error, EventFilter, Filter, LIMIT_MAX, Moment, Told};
use super::{cases, events, moment, place, told};
use rusqlite::Connection;

/// The most words of one case that are told, in pages: the newest.
pub const WORDS_MAX: usize = 5 * LIMIT_MAX;

/// Everything that is known of a case, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Trail {
    /// The case, as it came last.
    pub case: Case,
    /// How often it came before; that is told in trails of their own no more.
    pub earlier: usize,
    /// What happened to it.
    pub moments: Vec<Moment>,
    /// Who was told what of it, and who was not, digests that named it included.
    pub told: Vec<Told>,
    /// For a group: what came in about its alerts.
    pub came: Vec<Came>,
    /// Whether older rows were left out because there are too many.
    pub cut: bool,
}

impl Questions {
    /// The trail of a case, by any of its names ([`Questions::find_case`]); `None` if history knows none.
    ///
    /// # Errors
    /// The database failed.
    pub fn trail(&self, name: &str) -> Result<Option<Trail>, Error> {
        self.ask(|tables| {
            let all = cases::rows(tables, &CaseFilter { case: Some(name), ..CaseFilter::default() })?;
            let earlier = all.len().saturating_sub(1);
            let Some(case) = all.into_iter().next() else { return Ok(None) };
            let moments = moment::of_case(tables, case.place)?;
            let told = words(tables, &case)?;
            let came = if case.kind == CaseKind::Group { came(tables, &case)? } else { Vec::new() };
            let cut =
                moments.len() == moment::MOMENTS_MAX || told.len() >= WORDS_MAX || came.len() == LIMIT_MAX;
            Ok(Some(Trail { case, earlier, moments, told, came, cut }))
        })
    }
}

/// What was said of the case since it came last.
fn words(tables: &Connection, case: &Case) -> Result<Vec<Told>, Error> {
    let id = case.case.to_string();
    let mut all: Vec<Told> = Vec::new();
    let mut goes_on = true;
    while goes_on && all.len() < WORDS_MAX {
        let before = all.last().map(|told| told.place);
        let page = told::rows(tables, &Filter { case: Some(&id), before, ..Filter::default() })?;
        goes_on = page.len() == LIMIT_MAX && page.iter().all(|told| told.place > case.place);
        all.extend(page.into_iter().filter(|told| told.place > case.place));
    }
    all.reverse();
    Ok(all)
}

/// What came in about its alerts since; the alert that opened the case stands in the same entry.
fn came(tables: &Connection, case: &Case) -> Result<Vec<Came>, Error> {
    let id = case.case.to_string();
    let mut all = events::rows(tables, &EventFilter { case: Some(&id), ..EventFilter::default() })?;
    let first = place::of(case.entry, 0).unwrap_or_default();
    all.retain(|came| came.place >= first);
    all.reverse();
    Ok(all)
}
