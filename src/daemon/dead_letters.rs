//! Dead letters over HTTP: which there are, everything that is known of one, and sending one again (R33).

use super::questions::{self, answer, refuse};
use super::server::{Face, admit, not_ready};
use crate::decide::Redrive;
use crate::event::Time;
use crate::event::id::DeliveryId;
use crate::history::{Amiss, Came, Dead, Fate, Told, Verdict};
use crate::ingest::access::{Right, token_of};
use crate::ingest::server::Peer;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The routes of dead letters.
pub(super) fn routes(face: Face) -> Router {
    Router::new()
        .route("/v1/dead-letters", get(list))
        .route("/v1/dead-letters/{name}", get(show))
        .route("/v1/dead-letters/{name}/redrive", post(redrive))
        .with_state(face)
}

/// What a list may be asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    before: Option<u64>,
    limit: Option<usize>,
}

/// One dead letter, as the list has it.
#[derive(Debug, Default, Serialize)]
struct Brief {
    id: String,
    place: u64,
    at: Time,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<String>,
    why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redriven_by: Option<String>,
}

impl From<Dead> for Brief {
    fn from(dead: Dead) -> Brief {
        let (id, place) = (dead.name().to_string(), dead.place());
        match dead {
            Dead::Delivery(told) => Brief { id, place, ..Brief::delivery(*told) },
            Dead::Event(came) => Brief { id, place, ..Brief::event(*came) },
        }
    }
}

impl Brief {
    fn delivery(told: Told) -> Brief {
        let mut brief = Brief {
            at: told.at,
            audience: Some(told.audience),
            recipient: Some(told.recipient),
            channel: told.channel,
            why: told.why.unwrap_or_default(),
            ..Brief::default()
        };
        let Some(said) = told.said else { return brief };
        let name = |id: Option<DeliveryId>| id.map(|id| Amiss::Delivery(id).to_string());
        (brief.redrive_of, brief.redriven_by) = (name(said.redrive_of), name(said.redriven_by));
        (brief.what, brief.title) = (said.kind, Some(said.title));
        // The last attempt says more than the word for the end.
        let last = said.failures.into_iter().next_back();
        let words = last.and_then(|last| Some(format!("{}: {}", last.reason?, last.detail?)));
        brief.reason = Some(words.unwrap_or_else(|| told.because.to_owned()));
        brief
    }

    fn event(came: Came) -> Brief {
        Brief {
            at: came.at,
            what: came.kind,
            title: came.subject,
            lane: came.lane,
            why: came.verdict.as_str().to_owned(),
            reason: came.reason,
            ..Brief::default()
        }
    }
}

async fn list(
    State(face): State<Face>,
    query: Result<Query<Asked>, QueryRejection>,
    request: Request,
) -> Response {
    let asked = match query {
        Ok(Query(asked)) => asked,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.body_text()),
    };
    let peer = request.extensions().get::<Peer>();
    if let Err(response) = admit(&face, request.headers(), peer, Right::Read) {
        return *response;
    }
    let limit = asked.limit.unwrap_or(questions::LIMIT);
    match answer(&face, move |questions| questions.dead_letters(asked.before, limit)).await {
        Ok(dead) => {
            let dead: Vec<Brief> = dead.into_iter().map(Brief::from).collect();
            Json(json!({ "dead_letters": dead })).into_response()
        }
        Err(response) => *response,
    }
}

/// The dead letter of a name, or any delivery; else why there is none.
async fn find(face: &Face, name: &str, admin: bool) -> Result<Dead, Box<Response>> {
    let name: Amiss = name.parse().map_err(|why: String| refuse(StatusCode::BAD_REQUEST, &why))?;
    let found = answer(face, move |questions| questions.dead_letter(name, admin)).await?;
    found.ok_or_else(|| Box::new(refuse(StatusCode::NOT_FOUND, &format!("the history knows no {name}"))))
}

async fn show(State(face): State<Face>, Path(name): Path<String>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>();
    if let Err(response) = admit(&face, request.headers(), peer, Right::Read) {
        return *response;
    }
    let (token, ip) = (token_of(request.headers()), peer.map(|peer| peer.0.ip()));
    let admin = face.access.allows(token.as_deref(), Right::Admin, ip).is_ok();
    match find(&face, &name, admin).await {
        Ok(dead) => {
            let id = dead.name().to_string();
            match dead {
                Dead::Delivery(told) => Json(json!({ "id": id, "delivery": told })).into_response(),
                Dead::Event(came) => Json(json!({ "id": id, "event": came })).into_response(),
            }
        }
        Err(response) => *response,
    }
}

async fn redrive(State(face): State<Face>, Path(name): Path<String>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>();
    let by = match admit(&face, request.headers(), peer, Right::Admin) {
        Ok(by) => by,
        Err(response) => return *response,
    };
    // R43: it touches its own team's cases only, and a message does not say whose its case is.
    if face.reloader.config().policy.confined.contains_key(&*by) {
        return refuse(StatusCode::FORBIDDEN, "this token is confined to a team, and a redrive is not");
    }
    let original = match original(&face, &name).await {
        Ok(original) => original,
        Err(response) => return *response,
    };
    let of = Amiss::Delivery(original.of).to_string();
    match face.shared.mailbox.redrive(original, by).await {
        Ok(Ok(by)) => {
            let by = Amiss::Delivery(by).to_string();
            (StatusCode::ACCEPTED, Json(json!({ "redriven": of, "by": by }))).into_response()
        }
        Ok(Err(why)) => refuse(StatusCode::CONFLICT, &why),
        Err(_) => not_ready(),
    }
}

/// What was not delivered, as the journal has it; State no longer holds it.
async fn original(face: &Face, name: &str) -> Result<Redrive, Box<Response>> {
    let refused = |why: &str| Err(Box::new(refuse(StatusCode::CONFLICT, why)));
    let told = match find(face, name, false).await? {
        Dead::Delivery(told) => told,
        Dead::Event(came) => return refused(&send_again(&came)),
    };
    let Some(said) = &told.said else { return refused("nothing was said") };
    let id = Amiss::Delivery(said.delivery);
    if told.fate != Fate::DeadLettered {
        let because = told.because;
        return refused(&format!("{id} is no dead letter. {because}"));
    }
    if let Some(by) = said.redriven_by {
        return refused(&format!("{id} has been redriven already, as {}", Amiss::Delivery(by)));
    }
    let original = match face.shared.kept.notified(told.entry, |id| id == said.notification).await {
        Ok(notified) => notified.iter().find_map(|notified| Redrive::of(notified, said.delivery)),
        Err(why) => {
            tracing::warn!(why, delivery = %said.delivery, "the message of a dead letter cannot be read");
            None
        }
    };
    original.map_or_else(
        || refused("its message is no longer in the journal, which keeps entries for `retain`"),
        Ok,
    )
}

/// What is to be done about something that came in and was not decided.
fn send_again(came: &Came) -> String {
    let id = Amiss::Event(came.place);
    let how = if came.verdict == Verdict::Conflict { "under an id of its own, " } else { "" };
    match &came.lane {
        Some(lane) => format!(
            "{id} is no delivery: mend it where it came from and send it again to its way in, {how}by {lane}"
        ),
        None => format!(
            "{id} is no delivery: the daemon put it in by itself, and nothing can be sent again for it"
        ),
    }
}
