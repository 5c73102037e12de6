//! Incidents over HTTP as State has them: what is known of each, and who was told when. Answered once that is durable.

use super::door::Control;
use super::questions::{LIMIT, refuse};
use super::server::{Face, admit, not_ready};
use crate::decide::state::{Briefing, Incident};
use crate::decide::{Policy, State as Known, goes_on_as, incident_case, public_reference};
use crate::event::Time;
use crate::ingest::access::Right;
use crate::ingest::server::Peer;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// The most incidents of one list.
const LIMIT_MAX: usize = 1000;

/// The routes of incidents; an id may hold slashes.
pub(super) fn routes(face: Face) -> Router {
    Router::new().route("/v1/incidents", get(list)).route("/v1/incidents/{*id}", get(show)).with_state(face)
}

/// What the loop may be asked about incidents.
pub enum Wanted {
    /// One, by its id.
    One(Box<str>),
    /// Those that changed last, the newest first: at most so many, all or only what is open, or is not.
    Many(Option<bool>, usize),
}

/// What a list may be asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    open: Option<bool>,
    limit: Option<usize>,
}

/// An incident in brief.
#[derive(Serialize)]
struct Brief<'a> {
    id: &'a str,
    reference: String,
    severity: &'a str,
    open: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_at: Option<Time>,
    changed_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goes_on_as: Option<&'a str>,
}

/// An audience that is kept informed, and how far it is.
#[derive(Serialize)]
struct Briefed<'a> {
    audience: &'a str,
    route: &'a str,
    disclosure: crate::message::Disclosure,
    /// How many words were decided for it.
    words: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_at: Option<Time>,
    /// How many of its recipients were told.
    told: usize,
    /// How many deliveries are on their way.
    pending: usize,
}

async fn list(
    State(face): State<Face>,
    query: Result<Query<Asked>, QueryRejection>,
    request: Request,
) -> Response {
    match query {
        Ok(Query(asked)) => {
            let limit = asked.limit.unwrap_or(LIMIT).min(LIMIT_MAX);
            ask(face, request, Wanted::Many(asked.open, limit)).await
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, &error.body_text()),
    }
}

async fn show(State(face): State<Face>, Path(id): Path<String>, request: Request) -> Response {
    ask(face, request, Wanted::One(id.into())).await
}

async fn ask(face: Face, request: Request, wanted: Wanted) -> Response {
    let peer = request.extensions().get::<Peer>();
    if let Err(response) = admit(&face, request.headers(), peer, Right::Read) {
        return *response;
    }
    let (reply, answer) = oneshot::channel();
    face.shared.mailbox.control(Control::Incidents(wanted, reply));
    match answer.await {
        Ok(Some(found)) => Json(found).into_response(),
        Ok(None) => refuse(StatusCode::NOT_FOUND, "there is no incident of this id"),
        Err(_) => not_ready(),
    }
}

/// What State knows; `None` where there is no such incident.
pub(super) fn answer(state: &Known, policy: &Policy, wanted: &Wanted) -> Option<Value> {
    match wanted {
        Wanted::One(id) => one(state, policy, id),
        Wanted::Many(open, limit) => {
            let fits = |incident: &&Incident| open.is_none_or(|open| incident.open == Some(open));
            let mut found: Vec<&Incident> = state.incidents.values().filter(fits).collect();
            found.sort_by_key(|incident| std::cmp::Reverse(incident.changed));
            let briefs: Vec<Brief<'_>> =
                found.into_iter().take(*limit).map(|incident| brief(state, policy, incident)).collect();
            Some(json!({ "incidents": briefs }))
        }
    }
}

fn one(state: &Known, policy: &Policy, id: &str) -> Option<Value> {
    let incident = state.incidents.get(id)?;
    let case = state.cases.get(&incident_case(id));
    let told: Vec<Briefed<'_>> = case.iter().flat_map(|case| &case.briefings).map(briefed).collect();
    let mut answer = serde_json::to_value(brief(state, policy, incident)).ok()?;
    answer["told"] = serde_json::to_value(told).ok()?;
    answer["record"] = serde_json::to_value(&incident.record).ok()?;
    if let Some(record) = answer["record"].as_object_mut() {
        // What is not known is not there; the public names belong to the configuration.
        record.remove("component_names");
        record.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    }
    Some(answer)
}

fn brief<'a>(state: &'a Known, policy: &'a Policy, incident: &'a Incident) -> Brief<'a> {
    let record = &incident.record;
    let goes_on_as = goes_on_as(state, &record.id);
    let title = record.title.as_ref();
    Brief {
        id: &record.id,
        reference: public_reference(policy, incident_case(&record.id)),
        severity: policy.ladder.name(policy.ladder.place(record.severity.as_deref()).0),
        open: incident.open,
        title: title
            .and_then(|title| [&title.internal, &title.business, &title.public].into_iter().flatten().next())
            .map(|text| &**text),
        opened_at: incident.opened,
        changed_at: incident.changed,
        acknowledged_by: record.acknowledged_by.as_deref(),
        goes_on_as: incident.is_merged().then_some(goes_on_as),
    }
}

fn briefed(briefing: &Briefing) -> Briefed<'_> {
    Briefed {
        audience: briefing.audience.as_str(),
        route: briefing.row.as_str(),
        disclosure: briefing.disclosure,
        words: briefing.ordinal,
        last_at: briefing.said.map(|(_, at)| at),
        told: briefing.lines.values().filter(|line| line.told.is_some()).count(),
        pending: briefing.lines.values().map(|line| line.pending.len()).sum(),
    }
}
