//! Native events by HTTP: one, a list or lines of them, or CloudEvents; one result for each.

use super::super::access::{Denied, Right};
use super::super::cloudevents::{self, Mode};
use super::super::reading::{EVENTS_MAX, identity_of_key};
use super::super::{Arrival, Fate, Reading, Way, json, native};
use super::{Shared, Turned};
use crate::decide::{Garbage, Remark};
use crate::event::{Action, Event, Name};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Request, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// The longest `Idempotency-Key`, in bytes.
const KEY_BYTES_MAX: usize = 256;

/// What became of one event, in the order of the request.
#[derive(Serialize)]
struct Told {
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Box<str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<Remark>,
}

/// 202 when every event is durable; 400 when some were none, 409 when some came before with another body: the good ones
/// are taken all the same.
pub(super) async fn post(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    match take(&shared, request).await {
        Ok(response) => response,
        Err(turned) => turned.into_response(),
    }
}

async fn take(shared: &Shared, request: Request<Body>) -> Result<Response, Turned> {
    let (token, only_acknowledge) = admit(shared, &request)?;
    let headers = request.headers().clone();
    let body = shared.room.read(request, shared.limits.events_bytes).await?;
    let key = match headers.get("idempotency-key").map(|value| value.to_str()) {
        None => None,
        Some(Ok(key)) if !key.is_empty() && key.len() <= KEY_BYTES_MAX => Some(key),
        Some(_) => {
            let why = "the Idempotency-Key is not 1 to 256 printable characters";
            return Ok((StatusCode::BAD_REQUEST, axum::Json(why)).into_response());
        }
    };
    let source = token.as_ref().unwrap_or(&shared.alerts).clone();
    let mut ways = [shared.way(&shared.incidents, &source), shared.way(&shared.alerts, &source)];
    if token.is_none() {
        ways[0].source = shared.incidents.clone();
    }
    let pieces = match pieces(&body.bytes, &headers) {
        Ok(pieces) if pieces.len() <= EVENTS_MAX => pieces,
        Ok(_) => {
            let why = format!("more than {EVENTS_MAX} events in one request");
            return Ok((StatusCode::PAYLOAD_TOO_LARGE, axum::Json(why)).into_response());
        }
        Err(reason) => vec![Piece::Bad(reason, &body.bytes)],
    };
    let readings = pieces.into_iter().enumerate().map(|(index, piece)| {
        let mut reading = piece.read(&headers, &ways);
        if only_acknowledge && !acknowledges(&reading.event) {
            reading = Reading::garbage("this token may only acknowledge incidents", piece.bytes());
        }
        let incident = native::is_incident(&reading.event);
        if let (Some(key), None, Ok(_)) = (key, &reading.identity, &reading.event) {
            let lane = &ways[usize::from(!incident)].lane;
            reading.identity = Some(identity_of_key(lane, token.as_ref(), key, index, piece.bytes()));
        }
        (incident, reading)
    });
    let readings: Vec<(bool, Reading)> = readings.collect();
    decide(shared, readings, token.as_ref()).await
}

/// The token's name, and whether it has the right to acknowledge and no more (R43).
fn admit(shared: &Shared, request: &Request<Body>) -> Result<(Option<Name>, bool), Turned> {
    match shared.admit(request, Right::Ingest) {
        Ok(token) => Ok((token, false)),
        Err(Turned::Denied(Denied::Forbidden)) => Ok((shared.admit(request, Right::Acknowledge)?, true)),
        Err(other) => Err(other),
    }
}

fn acknowledges(event: &Result<Event, Garbage>) -> bool {
    matches!(event, Ok(Event::Incident(event)) if event.action == Action::Acknowledge)
}

/// Hands incidents in before alerts, each to its lane (R2), and tells the results in the order of the request.
async fn decide(
    shared: &Shared,
    readings: Vec<(bool, Reading)>,
    token: Option<&Name>,
) -> Result<Response, Turned> {
    let mut told: Vec<Told> = readings.iter().map(|(_, reading)| tell(reading)).collect();
    let mut worst = StatusCode::ACCEPTED;
    let mut sides: [(Vec<usize>, Vec<Arrival>); 2] = Default::default();
    for (place, (incident, reading)) in readings.into_iter().enumerate() {
        let lane = if incident { &shared.incidents } else { &shared.alerts };
        let side = &mut sides[usize::from(!incident)];
        side.0.push(place);
        side.1.push(reading.arrive(lane, token));
    }
    for (lane, (places, arrivals)) in [&shared.incidents, &shared.alerts].into_iter().zip(sides) {
        for (place, fate) in places.into_iter().zip(shared.submit(lane, arrivals).await?) {
            match fate {
                Fate::Conflict => {
                    told[place].result = "conflict";
                    told[place].reason = Some("this identity came before with another body".into());
                    worst = worst.max(StatusCode::CONFLICT);
                }
                Fate::Remarked(remarks) => told[place].remarks = remarks.into_vec(),
                Fate::Taken | Fate::DeadLettered => {}
            }
        }
    }
    // 400 says more than 409: something can never be taken.
    if told.iter().any(|told| told.result == "refused") {
        worst = StatusCode::BAD_REQUEST;
    }
    Ok((worst, axum::Json(serde_json::json!({ "results": told }))).into_response())
}

fn tell(reading: &Reading) -> Told {
    Told {
        result: if reading.event.is_ok() { "taken" } else { "refused" },
        reason: reading.event.as_ref().err().map(|garbage| garbage.reason.clone()),
        warnings: reading.flags.sentences().collect(),
        remarks: Vec::new(),
    }
}

/// The bytes of one event within a request.
#[derive(Clone, Copy)]
enum Piece<'a> {
    Native(&'a [u8]),
    Structured(&'a [u8]),
    Binary(&'a [u8]),
    Bad(&'static str, &'a [u8]),
}

impl<'a> Piece<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Piece::Native(bytes) | Piece::Structured(bytes) | Piece::Binary(bytes) | Piece::Bad(_, bytes) => {
                bytes
            }
        }
    }

    /// Reads it by the way of its type: the lane is part of its identity.
    fn read(self, headers: &HeaderMap, ways: &[Way; 2]) -> Reading {
        let by = |way: &Way| match self {
            Piece::Native(bytes) => native::read(bytes, way),
            Piece::Structured(bytes) => cloudevents::structured(bytes, way),
            Piece::Binary(bytes) => cloudevents::binary(pairs(headers), bytes, way),
            Piece::Bad(reason, bytes) => Reading::garbage(reason, bytes),
        };
        let reading = by(&ways[1]);
        if native::is_incident(&reading.event) { by(&ways[0]) } else { reading }
    }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?)))
}

/// Cuts a body into events.
fn pieces<'a>(bytes: &'a [u8], headers: &HeaderMap) -> Result<Vec<Piece<'a>>, &'static str> {
    match cloudevents::mode(pairs(headers)) {
        Some(Mode::Structured) => return Ok(vec![Piece::Structured(bytes)]),
        Some(Mode::Binary) => return Ok(vec![Piece::Binary(bytes)]),
        Some(Mode::Batch) => return Ok(list(bytes)?.into_iter().map(Piece::Structured).collect()),
        None => {}
    }
    let trimmed = bytes.trim_ascii();
    if trimmed.starts_with(b"[") {
        return Ok(list(trimmed)?.into_iter().map(Piece::Native).collect());
    }
    let media = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let said = ["application/x-ndjson", "application/ndjson", "application/jsonl"];
    let lines = || bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    // Lines without the media type are told by a first line that is a whole value, and something behind it.
    let whole = |line: &[u8]| serde_json::from_slice::<&RawValue>(line).is_ok();
    let seen = || lines().nth(1).is_some() && lines().next().is_some_and(whole);
    if said.iter().any(|said| media.starts_with(said)) || seen() {
        return Ok(lines().take(EVENTS_MAX + 1).map(Piece::Native).collect());
    }
    Ok(vec![Piece::Native(trimmed)])
}

fn list(bytes: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    let text = json::checked(bytes)?;
    let raw: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| "not a JSON array")?;
    Ok(raw.into_iter().map(|raw| raw.get().as_bytes()).collect())
}
