//! Questions over HTTP: who was told what, which cases there are, what came in. Answers come from the history.

use super::server::{Face, admit};
use crate::event::Time;
use crate::history::{
    CaseFilter, CaseKind, CaseStanding, Error, EventFilter, Fate, Filter, Questions, Told, Verdict,
};
use crate::ingest::access::Right;
use crate::ingest::server::Peer;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How many rows are told where the question does not say.
pub(super) const LIMIT: usize = 100;

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
    full: Option<bool>,
}

/// The routes of questions.
pub(super) fn routes(face: Face) -> Router {
    Router::new()
        .route("/v1/told", get(told))
        .route("/v1/cases", get(cases))
        .route("/v1/events", get(events))
        .with_state(face)
}

/// A word to a recipient, as most people ask for it.
#[derive(Debug, Serialize)]
struct Brief {
    at: Time,
    audience: String,
    recipient: String,
    route: Option<String>,
    kind: Option<String>,
    title: Option<String>,
    end: Fate,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl From<Told> for Brief {
    fn from(told: Told) -> Brief {
        let (kind, title) = told.said.map(|said| (said.kind, said.title)).unzip();
        Brief {
            at: told.at,
            audience: told.audience,
            recipient: told.recipient,
            route: told.row,
            kind,
            title,
            end: told.fate,
            why: told.why,
        }
    }
}

/// In brief, the oldest first, one row a line; with `full=true` everything that is known, the newest first.
async fn told(State(face): State<Face>, query: Asks, request: Request) -> Response {
    let asked = match read(query) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    if asked.full == Some(true) {
        return ask(face, request, asked, words).await.map_or_else(|r| *r, |rows| named("told", &rows));
    }
    let rows = match ask(face, request, asked, words).await {
        Ok(rows) => rows,
        Err(response) => return *response,
    };
    let lines = rows.into_iter().rev().filter_map(|told| serde_json::to_string(&Brief::from(told)).ok());
    let lines: Vec<String> = lines.collect();
    let body = format!("[{}]\n", lines.join(",\n "));
    ([(http::header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn words(questions: &Questions, asked: &Asked) -> Result<Vec<Told>, Error> {
    questions.deliveries(&Filter {
        case: asked.case.as_deref(),
        audience: asked.audience.as_deref(),
        recipient: asked.recipient.as_deref(),
        channel: asked.channel.as_deref(),
        row: asked.route.as_deref(),
        end: asked.end.as_deref().and_then(Fate::find),
        delivery: None,
        since: time(asked.since.as_deref()),
        until: time(asked.until.as_deref()),
        before: asked.before,
        limit: asked.limit.unwrap_or(LIMIT),
    })
}

async fn cases(State(face): State<Face>, query: Asks, request: Request) -> Response {
    let asked = match read(query) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let rows = ask(face, request, asked, |questions: &Questions, asked: &Asked| {
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
    .await;
    rows.map_or_else(|response| *response, |rows| named("cases", &rows))
}

async fn events(State(face): State<Face>, query: Asks, request: Request) -> Response {
    let asked = match read(query) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let rows = ask(face, request, asked, |questions: &Questions, asked: &Asked| {
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
    .await;
    rows.map_or_else(|response| *response, |rows| named("events", &rows))
}

fn time(text: Option<&str>) -> Option<Time> {
    Time::parse(text?).ok().flatten()
}

type Asks = Result<Query<Asked>, QueryRejection>;

/// The question, or what about it cannot be read.
fn read(query: Asks) -> Result<Asked, Box<Response>> {
    query.map(|query| query.0).map_err(|error| {
        Box::new((StatusCode::BAD_REQUEST, Json(json!({ "error": error.body_text() }))).into_response())
    })
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

async fn ask<T, Q>(face: Face, request: Request, asked: Asked, question: Q) -> Result<Vec<T>, Box<Response>>
where
    T: Send + 'static,
    Q: FnOnce(&Questions, &Asked) -> Result<Vec<T>, Error> + Send + 'static,
{
    let right = if asked.admin == Some(true) { Right::Admin } else { Right::Read };
    admit(&face, request.headers(), request.extensions().get::<Peer>(), right)?;
    if let Some(error) = mistake(&asked) {
        return Err(Box::new(refuse(StatusCode::BAD_REQUEST, &error)));
    }
    answer(&face, move |questions| question(questions, &asked)).await
}

/// Asks the history, where waiting is allowed.
pub(super) async fn answer<T, Q>(face: &Face, question: Q) -> Result<T, Box<Response>>
where
    T: Send + 'static,
    Q: FnOnce(&Questions) -> Result<T, Error> + Send + 'static,
{
    let path = face.history.clone();
    let answer = tokio::task::spawn_blocking(move || question(&Questions::open(&path)?)).await;
    let (status, why) = match answer {
        Ok(Ok(rows)) => return Ok(rows),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a question could not be answered");
            (StatusCode::SERVICE_UNAVAILABLE, "the history cannot be read at the moment")
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the question failed inside Tidings"),
    };
    Err(Box::new(refuse(status, why)))
}

/// An answer that says why there is no other.
pub(super) fn refuse(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

fn named<T: Serialize>(name: &str, rows: &[T]) -> Response {
    Json(json!({ name: rows })).into_response()
}
