//! Rows that can never govern, because an earlier one always does: a remark for each (R10).

use super::diagnostic::Report;
use super::row::Routing;
use super::table::Document;
use crate::decide::{Conditions, Row};
use std::collections::BTreeSet;

/// Remarks on every row of which all copies are unreachable.
pub(super) fn check(document: &Document<'_>, routing: &Routing, report: &Report) {
    let mut reachable = BTreeSet::new();
    let mut hidden = Vec::new();
    for (index, row) in routing.rows.iter().enumerate() {
        let table = routing.tables[index];
        match routing.rows[..index].iter().find(|earlier| hides(earlier, row)) {
            Some(earlier) => hidden.push((table, earlier)),
            None => {
                reachable.insert(table);
            }
        }
    }
    for (table, earlier) in hidden.into_iter().filter(|(table, _)| !reachable.contains(table)) {
        let table = &document.all("route")[table];
        let reason =
            if earlier.stop { "stops the reading there" } else { "always governs its audience first" };
        let message = format!("this row is never used: `{}` {reason}", earlier.name);
        let help = "put the narrower row before the wider one";
        report.warning("route::unreachable", Some(table.place_of("name")), message, help);
    }
}

/// Whether whatever meets the later row has already met the earlier one, which then governs or stops the reading.
fn hides(earlier: &Row, later: &Row) -> bool {
    let governs = earlier.audience == later.audience || (earlier.stop && earlier.file == later.file);
    governs && covers(&earlier.conditions, &later.conditions)
}

/// Whether every condition of `wide` is one of `narrow` too.
fn covers(wide: &Conditions, narrow: &Conditions) -> bool {
    let has = |wanted: &crate::event::Matcher| {
        let text = wanted.to_string();
        narrow.matchers.iter().any(|matcher| matcher.to_string() == text)
    };
    let severity = match (wide.severity, narrow.severity) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.iter().all(|place| wide.contains(place)),
    };
    let impact = wide.customer_impact.is_none() || wide.customer_impact == narrow.customer_impact;
    wide.kind == narrow.kind && severity && impact && wide.matchers.iter().all(has)
}
