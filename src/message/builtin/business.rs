//! An incident for those who answer for it: what it costs, when it ends, what is needed, what customers read.

use super::Texts;
use super::insiders::{customers_told, needs, other_layer, shared, stage_word, write_up};
use super::parts::{Body, Facts, inline, listed, news, sentence, short};
use crate::message::line::{cut, one_line};
use crate::message::view::{ImpactView, IncidentView, View};
use crate::message::{CaseStatus, Kind, Wording, slot};
use std::borrow::Cow;

/// The most accounts named in a line.
const ACCOUNTS_MAX: usize = 10;
/// The longest need in a short text, in bytes.
const NEEDS_MAX: usize = 100;

pub(super) fn incident(view: &View<'_>, incident: &IncidentView<'_>) -> Texts {
    let over = view.status == CaseStatus::Resolved;
    let news = news(incident, over);
    let mut body = Body::default();
    body.para(lead(view)).quoted(news);
    if let Some(stage) = incident.stage_in_words.filter(|words| !over && *words != news) {
        body.para(stage);
    }
    if let Some(impact) = incident.impact.as_ref().map(impact).filter(|text| !text.is_empty()) {
        body.para(format!("**Impact:** {impact}"));
    }
    if let Some(needs) = needs(incident).filter(|_| !over) {
        body.para(needs);
    }
    // Agreed words leave out what somebody may have found or released: that there is nothing would be untrue.
    let silent = over || view.wording == Wording::Agreed;
    if !silent {
        body.para(expected_end(incident));
        match &incident.workaround {
            Some(text) => body.named("Workaround", text),
            None => body.para("**Workaround:** none to pass on yet."),
        };
    }
    match &incident.data_safety {
        Some(text) => body.named("Data", text),
        None if !silent => body.para("**Data:** nothing has been confirmed yet."),
        None => &mut body,
    };
    match &incident.customer_texts {
        Some(texts) => other_layer(&mut body, "What may be said to customers", Some(texts), over),
        None if !silent => {
            body.para("**What may be said to customers:** no text for them has been released yet.");
        }
        None => {}
    }
    customers_told(&mut body, view);
    write_up(&mut body, view, incident);
    let line = short(view, &in_a_line(view, incident, news));
    Texts { short: line, body: body.finish(), facts: facts(view, incident), ..Texts::default() }
}

/// What is needed stands first: a telephone may show no more.
fn in_a_line<'a>(view: &View<'_>, incident: &IncidentView<'_>, news: &'a str) -> Cow<'a, str> {
    let Some(needs) = incident.needs.as_ref().filter(|_| view.status == CaseStatus::Open) else {
        return news.into();
    };
    let from = needs.who.as_deref().map(|who| format!(" from {}", one_line(who))).unwrap_or_default();
    let what = cut(one_line(&needs.what), NEEDS_MAX);
    format!("Needed{from}: {} {news}", sentence(&what)).into()
}

fn lead(view: &View<'_>) -> &'static str {
    match (view.status, view.kind) {
        (CaseStatus::Resolved, _) => "The incident is resolved.",
        (_, Kind::Opening) if view.reopened => "The incident has been reopened.",
        (_, Kind::Opening) => "An incident is being dealt with.",
        (_, Kind::Reminder) => "The incident is still open. Nothing has changed since the last message.",
        (_, Kind::Escalation) => "This incident has been escalated to you and needs attention.",
        (_, Kind::Holding) => "There is nothing new since the last message. The work goes on.",
        _ => "There is news of the incident.",
    }
}

/// `1200 customers, some of all customers, 5000 EUR per hour; accounts: acme`
fn impact(impact: &ImpactView<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(number) = impact.customers {
        parts.push(format!("{number} customer{}", if number == 1 { "" } else { "s" }));
    }
    if let Some(share) = &impact.share {
        parts.push(format!("{} of all customers", inline(share)));
    }
    if let Some(revenue) = &impact.revenue_per_hour {
        parts.push(format!("{} of revenue per hour", inline(revenue)));
    }
    if !impact.accounts.is_empty() {
        parts.push(format!("accounts: {}", inline(&listed(&impact.accounts, ACCOUNTS_MAX))));
    }
    parts.join("; ")
}

fn expected_end(incident: &IncidentView<'_>) -> String {
    let Some(end) = &incident.expected_end else {
        return "**Expected end:** no estimate yet.".to_owned();
    };
    let mut out = format!("**Expected end:** {}", slot::instant(end.at));
    if let Some(confidence) = &end.confidence {
        out.push_str(&format!(", confidence {}", inline(confidence)));
    }
    sentence(&out).into_owned()
}

pub(super) fn facts(view: &View<'_>, incident: &IncidentView<'_>) -> Vec<(Box<str>, Box<str>)> {
    let mut facts = Facts::default();
    facts.said("Severity", view.severity);
    facts.add("Stage", incident.stage.map(stage_word).unwrap_or_default());
    facts.times(view);
    let names: Vec<_> = incident.components.iter().map(|component| component.name.clone()).collect();
    facts.add("Affected", &listed(&names, ACCOUNTS_MAX));
    shared(&mut facts, incident);
    facts.0
}
