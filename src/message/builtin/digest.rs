//! Several cases in one message (R19): how many, the ones shown by name, and that there are more.

use super::Texts;
use super::parts::{Body, Facts, count, inline};
use crate::message::line::{TITLE_MAX, cut, one_line};
use crate::message::view::{CaseView, DigestView, View};
use crate::message::{CaseStatus, markdown, slot};
use std::fmt::Write;

/// From this length of the body on, in bytes, further cases are only counted.
const BODY_MAX: usize = 24 * 1024;
/// How many cases a short text names.
const SHORT_CASES: usize = 3;

pub(super) fn digest(view: &View<'_>, digest: &DigestView<'_>) -> Texts {
    let cases = count(digest.total, "case", "cases");
    let mut body = Body::default();
    body.para(format!("{cases} in one message.{}", reason(digest.reason.as_deref())));
    let mut shown = 0;
    for case in &digest.cases {
        if body.len() > BODY_MAX {
            break;
        }
        let item = body.item(shown == 0);
        item.push_str(&markdown::escape(&head(case)));
        if let Some(at) = case.at {
            let _ = write!(item, ", {}", slot::instant(at));
        }
        if !case.reference.is_empty() {
            let _ = write!(item, " ({})", inline(&case.reference));
        }
        shown += 1;
    }
    if digest.total > shown {
        body.para(format!("and {} more", digest.total - shown));
    }
    let mut facts = Facts::default();
    facts.add("Cases", &digest.total.to_string());
    Texts {
        short: short(digest, &cases),
        body: body.finish(),
        facts: with_severity(facts, view),
        ..Texts::default()
    }
}

fn with_severity(mut facts: Facts, view: &View<'_>) -> Vec<(Box<str>, Box<str>)> {
    facts.add("Worst", view.severity.unwrap_or_default());
    facts.0
}

/// `3 cases: SEV1 OPEN Down; SEV2 OPEN Slow; and 1 more`
fn short(digest: &DigestView<'_>, cases: &str) -> Box<str> {
    let mut parts: Vec<_> = digest.cases.iter().take(SHORT_CASES).map(head).collect();
    let more = digest.total.saturating_sub(parts.len());
    if more > 0 && !parts.is_empty() {
        parts.push(format!("and {more} more"));
    }
    let colon = if parts.is_empty() { "" } else { ": " };
    format!("{cases}{colon}{} {}", parts.join("; "), slot::DELAY).into()
}

/// `SEV1 OPEN Down (cluster eu-1)`
fn head(case: &CaseView<'_>) -> String {
    let word = match case.status {
        CaseStatus::Open => "OPEN",
        CaseStatus::Resolved => "RESOLVED",
        CaseStatus::Lost => "NO LONGER REPORTED",
    };
    let severity = case.severity.as_deref().filter(|severity| !severity.is_empty() && *severity != "none");
    let severity =
        severity.map(|severity| format!("{} ", one_line(severity).to_uppercase())).unwrap_or_default();
    format!("{severity}{word} {}", cut(one_line(&case.title), TITLE_MAX))
}

fn reason(reason: Option<&str>) -> String {
    match reason {
        None | Some("") => String::new(),
        Some("throttled") => " There were too many to tell one by one.".to_owned(),
        Some("while down") => " They began or ended while no messages could be sent.".to_owned(),
        Some("first start") => " They began before Tidings first started here.".to_owned(),
        Some(other) => format!(" Why together: {}.", inline(other)),
    }
}
