//! A group of alerts: everything for insiders, neutral sentences for everybody else.

use super::Texts;
use super::parts::{Body, Facts, Links, ends, inline, short};
use crate::event::{Labels, Status};
use crate::message::line::{TEXT_MAX, cut, one_line};
use crate::message::view::{AlertView, GroupView, View};
use crate::message::{CaseStatus, Kind, markdown, slot};
use std::borrow::Cow;
use std::fmt::Write;

/// From this length of the body on, in bytes, further alerts are only counted.
const BODY_MAX: usize = 24 * 1024;
/// The most labels of one alert that the body names; `data` has them all.
const LABELS_MAX: usize = 12;
/// The most annotations of an alert that is alone which become facts.
const ANNOTATIONS_MAX: usize = 12;
/// Annotations with a place of their own.
const PLACED: [&str; 7] =
    ["summary", "description", "message", "title", "runbook_url", "dashboard_url", "generator_url"];

/// For insiders: counts, each alert with its labels and what is said about it, graph and runbook.
pub(super) fn insiders(view: &View<'_>, group: &GroupView<'_>) -> Texts {
    let alerts = group.alerts.as_deref().unwrap_or_default();
    let (firing, ended) = (group.firing.unwrap_or(0), group.ended.unwrap_or(0));
    let counts = counts(view, firing, ended);
    let mut body = Body::default();
    body.para(lead(view, &counts));
    let mut shown = 0;
    for alert in alerts {
        if body.len() > BODY_MAX {
            break;
        }
        item(body.item(shown == 0), alert, group);
        shown += 1;
    }
    let more = group.truncated.unwrap_or(0) + alerts.len() - shown;
    if more > 0 {
        body.para(format!("and {more} more"));
    }
    let summary = alerts.first().and_then(|alert| said(alert.annotations.0)).map(one_line);
    // Of what is over or unknown the last measured value says nothing.
    let summary = summary.filter(|_| view.status == CaseStatus::Open);
    let news = match &summary {
        Some(summary) if alerts.len() > 1 => Cow::Owned(format!("{counts}: {summary}")),
        Some(summary) => Cow::Borrowed(summary.as_ref()),
        None if view.status == CaseStatus::Lost => Cow::Borrowed("nobody has said that it is over"),
        None => Cow::Borrowed(counts.as_ref()),
    };
    Texts {
        short: short(view, &news),
        body: body.finish(),
        facts: facts(view, group, alerts, &counts),
        links: links(alerts),
        ..Texts::default()
    }
}

/// For everybody else: labels and annotations name machines and services, so only that there is something, since when
/// and, for business, how bad. Counts say how the alerts are cut, which is an insider's affair too.
pub(super) fn others(view: &View<'_>) -> Texts {
    let news = match (view.status, view.kind) {
        (CaseStatus::Resolved, _) => "The problem that our monitoring saw is over.",
        (_, Kind::Reminder | Kind::Holding) => {
            "There is nothing new to report. We are still looking into it."
        }
        (_, Kind::Opening) if view.reopened => {
            "Our monitoring sees the problem again. We are looking into it."
        }
        _ => "Our monitoring sees a problem. We are looking into it.",
    };
    let mut body = Body::default();
    body.para(news);
    let mut facts = Facts::default();
    facts.add("Severity", view.severity.unwrap_or_default());
    facts.times(view);
    Texts { short: short(view, news), body: body.finish(), facts: facts.0, ..Texts::default() }
}

fn counts(view: &View<'_>, firing: usize, ended: usize) -> String {
    match (firing, ended) {
        (0, 0) if view.status == CaseStatus::Lost => "no longer reported".to_owned(),
        (0, 0) => "nothing firing".to_owned(),
        (firing, 0) => format!("{firing} firing"),
        (0, ended) => format!("{ended} ended"),
        (firing, ended) => format!("{firing} firing, {ended} ended"),
    }
}

fn lead(view: &View<'_>, counts: &str) -> String {
    match (view.status, view.kind) {
        (CaseStatus::Resolved, _) => format!("Everything has ended: {counts}."),
        (CaseStatus::Lost, _) => {
            "No longer reported: the source has fallen silent about this. Nobody has said that it is over."
                .to_owned()
        }
        (_, Kind::Reminder) => format!("Nothing has changed since the last message: {counts}."),
        (_, Kind::Holding) => format!("Nothing new since the last message: {counts}."),
        (_, Kind::Escalation) => format!("Nobody has taken this on yet: {counts}."),
        (_, Kind::Opening) if view.reopened => format!("It is back: {counts}."),
        (_, Kind::Opening) => format!("New: {counts}."),
        _ => format!("Now: {counts}."),
    }
}

/// What is said about an alert, in the words of its author.
fn said(annotations: &Labels) -> Option<&str> {
    ["summary", "message", "title", "description"].into_iter().find_map(|name| annotations.get(name))
}

/// `**FIRING** Down (pod a-1): 5xx at 12 %. Since 14:02 UTC.`
fn item(out: &mut String, alert: &AlertView<'_>, group: &GroupView<'_>) {
    let labels = alert.labels.0;
    let word = match alert.status {
        Status::Firing => "FIRING",
        Status::Resolved => "ENDED",
        Status::Lost => "NO LONGER REPORTED",
    };
    let _ = write!(out, "**{word}** ");
    if !alert.severity.is_empty() {
        let _ = write!(out, "{} ", markdown::escape(alert.severity));
    }
    out.push_str(&inline(labels.get("alertname").unwrap_or("alert")));
    // What the whole group shares stands in the title.
    let in_group = |name: &str| group.group_labels.is_some_and(|group| group.0.get(name).is_some());
    let own = labels.iter().filter(|(name, _)| !matches!(*name, "alertname" | "severity") && !in_group(name));
    let mut open = false;
    for (name, value) in own.take(LABELS_MAX) {
        out.push_str(if open { ", " } else { " (" });
        let _ = write!(out, "{} {}", inline(name), inline(value));
        open = true;
    }
    if open {
        out.push(')');
    }
    let summary = said(alert.annotations.0);
    for (index, text) in
        [summary, alert.annotations.0.get("description").filter(|text| Some(*text) != summary)]
            .into_iter()
            .flatten()
            .enumerate()
    {
        out.push_str(if index == 0 { ": " } else { " " });
        let text = cut(one_line(text), TEXT_MAX);
        out.push_str(&markdown::escape(&text));
        if !ends(out) {
            out.push('.');
        }
    }
    if summary.is_none() {
        out.push('.');
    }
    match (alert.status, alert.ends_at) {
        (Status::Firing, _) | (_, None) => {
            let _ = write!(out, " Since {}.", slot::instant(alert.starts_at));
        }
        (_, Some(end)) => {
            let _ = write!(out, " From {} to {}.", slot::instant(alert.starts_at), slot::instant(end));
        }
    }
}

fn facts(
    view: &View<'_>,
    group: &GroupView<'_>,
    alerts: &[AlertView<'_>],
    counts: &str,
) -> Vec<(Box<str>, Box<str>)> {
    let mut facts = Facts::default();
    facts.add("Severity", view.severity.unwrap_or_default());
    facts.add("Alerts", counts);
    facts.times(view);
    if let Some(labels) = group.group_labels {
        labels.0.iter().for_each(|(name, value)| facts.said(&one_line(name), Some(value)));
    }
    if let [alone] = alerts {
        let others =
            alone.annotations.0.iter().filter(|(name, _)| !PLACED.contains(name) && !name.starts_with("__"));
        others.take(ANNOTATIONS_MAX).for_each(|(name, value)| facts.said(&one_line(name), Some(value)));
        facts.said("Source", Some(&alone.source));
    }
    facts.0
}

fn links(alerts: &[AlertView<'_>]) -> Vec<(Box<str>, Box<str>)> {
    let mut links = Links::default();
    for alert in alerts {
        for (label, name) in [("Runbook", "runbook_url"), ("Dashboard", "dashboard_url")] {
            alert.annotations.0.get(name).into_iter().for_each(|url| links.add(label, url));
        }
        alert.url.iter().for_each(|url| links.add("Graph", url));
    }
    links.0
}
