//! People's answers over HTTP: who gives one, about which case, and what becomes of it (R23, R25, R43).

use super::door::Answered;
use super::questions::{answer, refuse};
use super::server::{Face, not_ready};
use crate::decide::{AckWay, Command, Refused, Refusing, incident_case};
use crate::event::id::CaseId;
use crate::event::{Name, Time};
use crate::history::CaseFilter;
use crate::ingest::access::{Denied, Right, token_of};
use crate::ingest::server::Peer;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::header::ORIGIN;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::time::Duration;

/// The longest body of an answer, in bytes: an edited text and what is around it.
const BODY_BYTES_MAX: usize = 128 << 10;

/// Within how long it must have arrived.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// The most bytes of a person's name.
const BY_BYTES_MAX: usize = 200;

/// The most bytes of an answer to what is needed, and of a reason.
pub(super) const WORDS_BYTES_MAX: usize = 4096;

/// The routes of answers about cases.
pub(super) fn routes(face: Face) -> Router {
    Router::new()
        .route("/v1/cases/{case}/acknowledge", post(acknowledge))
        .route("/v1/cases/{case}/answer", post(answer_needs))
        .with_state(face)
}

/// The name of the token that lets the request in; `None` where no token is needed.
pub(super) fn admitted(
    face: &Face,
    headers: &HeaderMap,
    peer: Option<&Peer>,
    rights: &[Right],
) -> Result<Option<Name>, Box<Response>> {
    let (token, ip) = (token_of(headers), peer.map(|peer| peer.0.ip()));
    let mut denied = Denied::Unknown;
    for right in rights {
        match face.access.allows(token.as_deref(), *right, ip) {
            // Where no token is needed, any page in a browser on this machine could answer: browsers say who asks.
            Ok(None) if headers.contains_key(ORIGIN) => {}
            Ok(name) => return Ok(name),
            Err(why) => denied = why,
        }
    }
    let status = match denied {
        Denied::Unknown => StatusCode::UNAUTHORIZED,
        Denied::Forbidden => StatusCode::FORBIDDEN,
    };
    Err(Box::new(refuse(status, &denied.to_string())))
}

/// Who answers, for the facts: the stated person and the token's name (R43).
pub(super) fn person(by: Option<&str>, token: Option<&Name>) -> Result<Box<str>, Box<Response>> {
    let by = by.map(str::trim).filter(|by| !by.is_empty());
    let wrong = |by: &str| by.len() > BY_BYTES_MAX || by.chars().any(char::is_control);
    if by.is_some_and(wrong) {
        let why = format!("`by` is one line of at most {BY_BYTES_MAX} bytes");
        return Err(Box::new(refuse(StatusCode::BAD_REQUEST, &why)));
    }
    Ok(match (by, token) {
        (Some(by), Some(token)) => format!("{by} ({token})").into(),
        (Some(by), None) => by.into(),
        (None, Some(token)) => token.as_str().into(),
        (None, None) => "somebody on this machine".into(),
    })
}

/// The body of a request, as JSON of this form.
pub(super) async fn read<T: DeserializeOwned>(request: Request, form: &str) -> Result<T, Box<Response>> {
    let body = tokio::time::timeout(BODY_WITHIN, axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX));
    let late = |_| Box::new(refuse(StatusCode::REQUEST_TIMEOUT, "the body did not arrive within 10 s"));
    let body = body.await.map_err(late)?;
    let body = body.map_err(|_| Box::new(refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long")))?;
    let body = if body.is_empty() { "{}".into() } else { body };
    serde_json::from_slice(&body)
        .map_err(|error| Box::new(refuse(StatusCode::BAD_REQUEST, &format!("write {form}: {error}"))))
}

/// The cases that a name may stand for: those that go on, if there are such.
pub(super) async fn cases(face: &Face, name: &str) -> Result<Vec<CaseId>, Box<Response>> {
    let asked = name.to_owned();
    let found = answer(face, move |questions| {
        questions.cases(&CaseFilter { case: Some(&asked), ..CaseFilter::default() })
    })
    .await?;
    let mut going_on = found.iter().filter(|case| case.closed_at.is_none()).peekable();
    let mut ids: Vec<CaseId> = match going_on.peek() {
        Some(_) => going_on.map(|case| case.case).collect(),
        None => found.iter().map(|case| case.case).collect(),
    };
    // An incident may be newer than what history knows.
    if ids.is_empty() {
        ids.push(incident_case(name));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The one case that a name stands for.
async fn one_case(face: &Face, name: &str) -> Result<CaseId, Box<Response>> {
    let ids = cases(face, name).await?;
    match ids[..] {
        [id] => Ok(id),
        _ => {
            let numbers: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let numbers = numbers.join(", ");
            let why = format!("{name} stands for several cases; name one of them by its number: {numbers}");
            Err(Box::new(refuse(StatusCode::CONFLICT, &why)))
        }
    }
}

/// What a case is called in the words of an audience that was told of it.
pub(super) async fn called(face: &Face, case: CaseId, audience: &Name) -> Result<String, Box<Response>> {
    let (number, audience) = (case.to_string(), audience.to_string());
    let found = answer(face, move |questions| {
        questions.cases(&CaseFilter { case: Some(&number), limit: 1, ..CaseFilter::default() })
    })
    .await?;
    let Some(case) = found.into_iter().next() else { return Ok(case.to_string()) };
    let title = case.briefings.into_iter().find(|briefing| briefing.audience == audience);
    let title = title.and_then(|briefing| briefing.title);
    Ok(title.map_or_else(|| case.name.clone(), |title| format!("{title}\n{}", case.name)))
}

/// Hands the answer over; what is refused, with the status for it.
pub(super) async fn give(face: &Face, command: Command, token: Option<Name>) -> Result<(), Box<Response>> {
    match decided(face, command, token).await? {
        Ok(()) => Ok(()),
        Err(refused) => Err(Box::new(refusal(&refused))),
    }
}

/// Hands the answer over.
pub(super) async fn decided(
    face: &Face,
    command: Command,
    token: Option<Name>,
) -> Result<Answered, Box<Response>> {
    face.shared.mailbox.answer(command, token).await.map_err(|_| Box::new(not_ready()))
}

/// The answer to an answer that was not taken.
pub(super) fn refusal(refused: &Refused) -> Response {
    let status = match refused.why {
        Refusing::Unknown => StatusCode::NOT_FOUND,
        Refusing::Confined => StatusCode::FORBIDDEN,
        Refusing::Revision { .. } | Refusing::Settled => StatusCode::CONFLICT,
        Refusing::Words => StatusCode::UNPROCESSABLE_ENTITY,
    };
    refuse(status, &refused.text)
}

/// Who has taken a case on, and when, while that counts.
pub(super) async fn acknowledged(
    face: &Face,
    case: CaseId,
) -> Result<Option<(Box<str>, Time)>, Box<Response>> {
    let look = face.shared.mailbox.look(move |state, _| {
        let acked = state.cases.get(&case)?.course.as_ref()?.acked.as_ref()?;
        Some((acked.by.clone(), acked.at))
    });
    look.await.map_err(|_| Box::new(not_ready()))
}

/// What `POST …/acknowledge` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Acknowledging {
    #[serde(default)]
    by: Option<String>,
}

async fn acknowledge(State(face): State<Face>, Path(case): Path<String>, request: Request) -> Response {
    acknowledging(&face, &case, request).await.unwrap_or_else(|response| *response)
}

async fn acknowledging(face: &Face, name: &str, request: Request) -> Result<Response, Box<Response>> {
    let peer = request.extensions().get::<Peer>();
    let token = admitted(face, request.headers(), peer, &[Right::Acknowledge])?;
    let asked: Acknowledging = read(request, "{\"by\": \"PERSON\"}").await?;
    let by = person(asked.by.as_deref(), token.as_ref())?;
    let case = one_case(face, name).await?;
    give(face, Command::Acknowledge { case, by, way: AckWay::Command }, token).await?;
    // Whoever was first has it; to everybody else that is the answer.
    let acked = acknowledged(face, case).await?;
    let (by, at) = acked.unzip();
    Ok(Json(json!({ "case": case, "acknowledged": true, "by": by, "at": at })).into_response())
}

/// What `POST …/answer` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answering {
    text: String,
    #[serde(default)]
    by: Option<String>,
}

async fn answer_needs(State(face): State<Face>, Path(case): Path<String>, request: Request) -> Response {
    answering(&face, &case, request).await.unwrap_or_else(|response| *response)
}

async fn answering(face: &Face, name: &str, request: Request) -> Result<Response, Box<Response>> {
    let peer = request.extensions().get::<Peer>();
    let token = admitted(face, request.headers(), peer, &[Right::Acknowledge])?;
    let asked: Answering = read(request, "{\"text\": \"…\", \"by\": \"PERSON\"}").await?;
    let by = person(asked.by.as_deref(), token.as_ref())?;
    let text = words(&asked.text, "text")?;
    let case = one_case(face, name).await?;
    give(face, Command::AnswerNeeds { case, text, by }, token).await?;
    Ok(Json(json!({ "case": case, "answered": true })).into_response())
}

/// Words of a person that are neither empty nor too long, without what nobody outside may write.
pub(super) fn words(text: &str, what: &str) -> Result<Box<str>, Box<Response>> {
    let text = crate::message::slot::clean(text.trim());
    if text.is_empty() || text.len() > WORDS_BYTES_MAX {
        let why = format!("`{what}` has between 1 and {WORDS_BYTES_MAX} bytes");
        return Err(Box::new(refuse(StatusCode::BAD_REQUEST, &why)));
    }
    Ok(text.into())
}
