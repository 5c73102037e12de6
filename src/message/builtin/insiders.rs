//! An incident for those who mend it: everything that is known, the texts for others included.

use super::Texts;
use super::parts::{Body, Facts, inline, listed, short};
use crate::event::{Stage, Visibility};
use crate::message::line::one_line;
use crate::message::view::{IncidentView, TextsView, View};
use crate::message::{CaseStatus, Kind, slot};

/// The most names of one sort in a line.
const NAMES_MAX: usize = 20;

pub(super) fn incident(view: &View<'_>, incident: &IncidentView<'_>) -> Texts {
    let news = incident.resolution.as_deref().or(incident.note.as_deref()).unwrap_or_default();
    let mut body = Body::default();
    body.para(lead(view)).quoted(news);
    for (name, text) in [("Workaround", &incident.workaround), ("Data", &incident.data_safety)] {
        if let Some(text) = text {
            body.named(name, text);
        }
    }
    if let Some(needs) = needs(incident) {
        body.para(needs);
    }
    let over = view.status == CaseStatus::Resolved;
    other_layer(&mut body, "Text for business", incident.business_texts.as_ref(), over);
    other_layer(&mut body, "Text for customers", incident.customer_texts.as_ref(), over);
    customers_told(&mut body, view);
    write_up(&mut body, view, incident);
    Texts { short: short(view, news), body: body.finish(), facts: facts(view, incident), ..Texts::default() }
}

fn lead(view: &View<'_>) -> &'static str {
    match (view.status, view.kind) {
        (CaseStatus::Resolved, _) => "The incident is resolved.",
        (CaseStatus::Lost, _) => {
            "The source no longer reports this incident. Nobody has said that it is over."
        }
        (_, Kind::Opening) if view.reopened => "The incident has been reopened.",
        (_, Kind::Opening) => "An incident has been declared.",
        (_, Kind::Reminder) => "The incident is still open. Nothing has changed since the last message.",
        (_, Kind::Escalation) => "This incident has been escalated to you and needs attention.",
        (_, Kind::Holding) => "Nothing new since the last message. The work goes on.",
        _ => "The incident has changed.",
    }
}

/// `**Needed:** approve vendor support, from executives, by 15:00 UTC`
pub(super) fn needs(incident: &IncidentView<'_>) -> Option<String> {
    let needs = incident.needs.as_ref()?;
    let mut out = format!("**Needed:** {}", inline(&needs.what));
    if let Some(who) = &needs.who {
        out.push_str(&format!(", from {}", inline(who)));
    }
    if let Some(by) = needs.by {
        out.push_str(&format!(", by {}", slot::instant(by)));
    }
    Some(out)
}

/// What customers have been told, word for word (R21).
pub(super) fn customers_told(body: &mut Body, view: &View<'_>) {
    if let Some(told) = &view.customers_told {
        body.para(format!("**Customers were told** at {}:", slot::instant(told.at))).verbatim(&told.text);
    }
}

/// What was written up after the end, or by when that is promised.
pub(super) fn write_up(body: &mut Body, view: &View<'_>, incident: &IncidentView<'_>) {
    match (&incident.write_up_text, view.write_up) {
        (Some(text), _) => {
            body.named("Write-up", text);
        }
        (None, Some(by)) => {
            body.para(format!("**Write-up:** promised by {}.", slot::instant(by)));
        }
        (None, None) => {}
    }
}

/// Another audience's words, all under one name; once it is over, only those that are still true.
pub(super) fn other_layer(body: &mut Body, name: &str, texts: Option<&TextsView<'_>>, over: bool) {
    let Some(texts) = texts else {
        return;
    };
    let meanwhile = [&texts.title, &texts.note, &texts.workaround].into_iter().filter(|_| !over);
    let all: Vec<_> = meanwhile.chain([&texts.data_safety, &texts.resolution]).flatten().collect();
    if all.is_empty() {
        return;
    }
    body.para(format!("**{name}:**"));
    for (index, text) in all.into_iter().enumerate() {
        body.item(index == 0).push_str(&inline(text));
    }
}

/// The stage in a word.
pub(super) fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Investigating => "investigating",
        Stage::Identified => "identified",
        Stage::Monitoring => "monitoring",
        Stage::Resolved => "resolved",
    }
}

/// Who outside has noticed, in words.
pub(super) fn visibility_words(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::None => "nobody outside has noticed",
        Visibility::Customers => "customers have noticed",
        Visibility::Public => "the public has noticed",
        Visibility::Press => "the press has noticed",
    }
}

pub(super) fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

pub(super) fn facts(view: &View<'_>, incident: &IncidentView<'_>) -> Vec<(Box<str>, Box<str>)> {
    let mut facts = Facts::default();
    facts.said("Incident", incident.incident.as_deref());
    facts.add("Severity", view.severity.unwrap_or_default());
    facts.add("Stage", incident.stage.map(stage_word).unwrap_or_default());
    facts.times(view);
    facts.said("Commander", incident.commander.as_deref());
    facts.said("Communication", incident.comms_lead.as_deref());
    if view.status == CaseStatus::Open {
        facts.said("Acknowledged by", Some(incident.acknowledged_by.as_deref().unwrap_or("nobody yet")));
    }
    facts.add("Components", &listed(&incident.component_ids, NAMES_MAX));
    shared(&mut facts, incident);
    if let Some(labels) = incident.labels {
        labels.0.iter().take(NAMES_MAX).for_each(|(name, value)| facts.said(&one_line(name), Some(value)));
    }
    facts.said("Source", incident.source.as_deref());
    facts.0
}

/// The facts that insiders and those who answer for it both read.
pub(super) fn shared(facts: &mut Facts, incident: &IncidentView<'_>) {
    facts.add("Customers affected", incident.customer_impact.map_or("not known yet", yes));
    if let Some(scope) = &incident.scope {
        facts.said("Share", scope.share.as_deref());
        facts.add("Regions", &listed(&scope.regions, NAMES_MAX));
    }
    if let Some(impact) = &incident.impact {
        facts.add("Customers", &impact.customers.map(|number| number.to_string()).unwrap_or_default());
        facts.said("Share of customers", impact.share.as_deref());
        facts.said("Revenue lost per hour", impact.revenue_per_hour.as_deref());
        facts.add("Accounts", &listed(&impact.accounts, NAMES_MAX));
    }
    if let Some(end) = &incident.expected_end {
        facts.time("Expected end", Some(end.at));
        facts.said("Confidence", end.confidence.as_deref());
    }
    facts.add("Visibility", incident.visibility.map(visibility_words).unwrap_or_default());
    facts.add("Data exposed", incident.data_exposure.map(yes).unwrap_or_default());
    facts.add("Regulator to be told", incident.regulatory.map(yes).unwrap_or_default());
}
