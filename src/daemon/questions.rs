//! Questions over HTTP: who was told what, which cases there are, what came in. Answers come from the history.

use super::server::{Face, admit};
use crate::event::Time;
use crate::history::{
    CaseFilter, CaseKind, CaseStanding, Error, EventFilter, Fate, Filter, Questions, Verdict,
};
use crate::ingest::access::Right;
use crate::ingest::server::Peer;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How many rows are told where the question does not say.
const LIMIT: usize = 100;

/// What may be asked for; what does not concern a question is refused by its own parser.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    case: Option<String>,
    audience: Option<String>,
    recipient: Option<String>,
    channel: Option<String>,
    route: Option<String>,
    end: Option<String>,
    kind: Option<String>,
    standing: Option<String>,
    open: Option<bool>,
    lane: Option<String>,
    source: Option<String>,
    verdict: Option<String>,
    amiss: Option<bool>,
    since: Option<String>,
    until: Option<String>,
    before: Option<u64>,
    limit: Option<usize>,
    admin: Option<bool>,
}

/// The routes of questions.
pub(super) fn routes(face: Face) -> Router {
    Router::new()
        .route("/v1/told", get(told))
        .route("/v1/cases", get(cases))
        .route("/v1/events", get(events))
        .with_state(face)
}

async fn told(State(face): State<Face>, query: Query<Asked>, request: Request) -> Response {
    ask(face, request, query.0, "told", |questions, asked| {
        questions.deliveries(&Filter {
            case: asked.case.as_deref(),
            audience: asked.audience.as_deref(),
            recipient: asked.recipient.as_deref(),
            channel: asked.channel.as_deref(),
            row: asked.route.as_deref(),
            end: asked.end.as_deref().and_then(Fate::find),
            since: time(asked.since.as_deref()),
            until: time(asked.until.as_deref()),
            before: asked.before,
            limit: asked.limit.unwrap_or(LIMIT),
        })
    })
    .await
}

async fn cases(State(face): State<Face>, query: Query<Asked>, request: Request) -> Response {
    ask(face, request, query.0, "cases", |questions, asked| {
        questions.cases(&CaseFilter {
            case: asked.case.as_deref(),
            kind: asked.kind.as_deref().and_then(CaseKind::find),
            audience: asked.audience.as_deref(),
            row: asked.route.as_deref(),
            open: asked.open,
            standing: asked.standing.as_deref().and_then(CaseStanding::find),
            since: time(asked.since.as_deref()),
            until: time(asked.until.as_deref()),
            before: asked.before,
            limit: asked.limit.unwrap_or(LIMIT),
        })
    })
    .await
}

async fn events(State(face): State<Face>, query: Query<Asked>, request: Request) -> Response {
    ask(face, request, query.0, "events", |questions, asked| {
        questions.events(&EventFilter {
            case: asked.case.as_deref(),
            lane: asked.lane.as_deref(),
            source: asked.source.as_deref(),
            kind: asked.kind.as_deref(),
            verdict: asked.verdict.as_deref().and_then(Verdict::find),
            amiss: asked.amiss.unwrap_or_default(),
            since: time(asked.since.as_deref()),
            until: time(asked.until.as_deref()),
            before: asked.before,
            limit: asked.limit.unwrap_or(LIMIT),
            admin: asked.admin.unwrap_or_default(),
        })
    })
    .await
}

fn time(text: Option<&str>) -> Option<Time> {
    Time::parse(text?).ok().flatten()
}

/// What of the question is no word that it could be asked with.
fn mistake(asked: &Asked) -> Option<String> {
    let times = [&asked.since, &asked.until].into_iter().flatten().find(|text| Time::parse(text).is_err());
    let end = asked.end.as_deref().filter(|word| Fate::find(word).is_none());
    let standing = asked.standing.as_deref().filter(|word| CaseStanding::find(word).is_none());
    let verdict = asked.verdict.as_deref().filter(|word| Verdict::find(word).is_none());
    let word = end.or(standing).or(verdict).or(times.map(String::as_str))?;
    Some(format!("{word:?} cannot be asked for"))
}

async fn ask<T, Q>(face: Face, request: Request, asked: Asked, name: &'static str, question: Q) -> Response
where
    T: Serialize + Send + 'static,
    Q: FnOnce(&Questions, &Asked) -> Result<Vec<T>, Error> + Send + 'static,
{
    let right = if asked.admin == Some(true) { Right::Admin } else { Right::Read };
    if let Err(response) = admit(&face, request.headers(), request.extensions().get::<Peer>(), right) {
        return *response;
    }
    if let Some(error) = mistake(&asked) {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    }
    let path = face.history.clone();
    let answer = tokio::task::spawn_blocking(move || question(&Questions::open(&path)?, &asked)).await;
    match answer {
        Ok(Ok(rows)) => Json(json!({ name: rows })).into_response(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a question could not be answered");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": error.to_string() }))).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
