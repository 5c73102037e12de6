//! An incident for everybody else: what is affected, what is being done, whether data is safe, when more is known.

use super::Texts;
use super::parts::{Body, Facts, OVER, inline, is_merged, listed, news, short, spelled};
use crate::message::view::{IncidentView, ScopeView, View};
use crate::message::{CaseStatus, Kind, Wording, slot};

/// The most names of one sort in a line.
const NAMES_MAX: usize = 10;

pub(super) fn incident(view: &View<'_>, incident: &IncidentView<'_>) -> Texts {
    let over = view.status == CaseStatus::Resolved;
    let news = news(incident, over);
    let mut body = Body::default();
    body.para(lead(view));
    if news != OVER {
        body.quoted(news);
    }
    if over {
        ending(&mut body, view, incident)
    } else {
        going_on(&mut body, view, incident, news)
    };
    Texts { short: short(view, news), body: body.finish(), facts: facts(view, incident), ..Texts::default() }
}

fn lead(view: &View<'_>) -> &'static str {
    match (view.status, view.kind) {
        (CaseStatus::Resolved, _) => OVER,
        (_, Kind::Opening) if view.reopened => "The problem has come back. We know about it.",
        (_, Kind::Opening) => "We know about this problem.",
        (_, Kind::Reminder | Kind::Holding) => {
            "There is nothing new to report since our last message. We are still at work."
        }
        _ => "Here is the latest on this problem.",
    }
}

fn going_on(body: &mut Body, view: &View<'_>, incident: &IncidentView<'_>, news: &str) {
    let names: Vec<_> = incident.components.iter().map(|component| component.name.clone()).collect();
    if !names.is_empty() {
        body.para(format!("**Affected:** {}", inline(&listed(&names, NAMES_MAX))));
    }
    if let Some(scope) = &incident.scope {
        body.para(scope_words(scope));
    }
    if let Some(stage) = incident.stage_in_words.filter(|words| *words != news) {
        body.para(stage);
    }
    if let Some(text) = &incident.workaround {
        body.named("What you can do", text);
    }
    // Agreed words leave out what somebody may have confirmed or released: that there is nothing would be untrue.
    let agreed = view.wording == Wording::Agreed;
    match &incident.data_safety {
        Some(text) => body.named("Your data", text),
        None if agreed => body,
        None => body.para("**Your data:** we have nothing confirmed to report yet."),
    };
    match &incident.expected_end {
        Some(end) => body.para(format!("We expect it to be over by {}.", slot::instant(end.at))),
        None if agreed => body,
        None => body.para("There is no estimate yet of when it will be over."),
    };
}

fn ending(body: &mut Body, view: &View<'_>, incident: &IncidentView<'_>) {
    if let Some(end) = view.resolved_at {
        let (from, to) = (slot::instant(view.opened_at), slot::instant(end));
        body.para(format!("It began at {from} and ended at {to}."));
    }
    if let Some(text) = &incident.data_safety {
        body.named("Your data", text);
    }
    if !incident.resolution.as_deref().is_some_and(apologises) {
        body.para(apology(view, incident));
    }
    match (&incident.write_up_text, view.write_up) {
        (Some(text), _) => body.named("What we found and what we change", text),
        (None, Some(by)) => body.para(format!(
            "We are going over what happened. What we find and what we change, you will read by {}.",
            slot::instant(by)
        )),
        (None, None) => body.para("We are going over what happened to see what we can do better."),
    };
}

/// Names what failed and for how long; said once.
fn apology(view: &View<'_>, incident: &IncidentView<'_>) -> String {
    let lasted = view.resolved_at.map(|end| format!(" for {}", spelled(view.opened_at, end)));
    let lasted = lasted.unwrap_or_default();
    let names: Vec<_> = incident.components.iter().map(|component| component.name.clone()).collect();
    match names.len() {
        0 => format!("We are sorry that our service did not work as it should{lasted}."),
        1 => format!("We are sorry that {} did not work as it should{lasted}.", inline(&names[0])),
        _ => {
            let names = inline(&listed(&names, NAMES_MAX)).into_owned();
            format!("We are sorry that these did not work as they should{lasted}: {names}.")
        }
    }
}

/// Whether the text says already that somebody is sorry.
fn apologises(text: &str) -> bool {
    let text = text.to_lowercase();
    ["sorry", "apolog", "regret"].iter().any(|word| text.contains(word))
}

/// `Some customers are affected, in: eu.`
fn scope_words(scope: &ScopeView<'_>) -> String {
    let mut out = match scope.share.as_deref() {
        Some("some") => "Some customers are affected".to_owned(),
        Some("many") => "Many customers are affected".to_owned(),
        Some("all") => "All customers are affected".to_owned(),
        Some(words) => format!("**Who is affected:** {}", inline(words)),
        None => "Customers are affected".to_owned(),
    };
    if !scope.regions.is_empty() {
        out.push_str(&format!(", in: {}", inline(&listed(&scope.regions, NAMES_MAX))));
    }
    out.push('.');
    out
}

pub(super) fn facts(view: &View<'_>, incident: &IncidentView<'_>) -> Vec<(Box<str>, Box<str>)> {
    let mut facts = Facts::default();
    facts.add(
        "Status",
        match view.status {
            CaseStatus::Resolved if is_merged(view) => "goes on under another name",
            CaseStatus::Resolved => "resolved",
            _ => "open",
        },
    );
    facts.times(view);
    for component in incident.components.iter().take(NAMES_MAX) {
        facts.said(&crate::message::line::one_line(&component.name), Some(component.state));
    }
    facts.0
}
