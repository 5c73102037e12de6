//! Alertmanager's face: alerts as Prometheus posts them, and the status that other tools ask for.

use super::super::access::Right;
use super::super::{Arrival, Fate, Flags, Reading, alertmanager};
use super::{Shared, Turned};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use serde_json::json;
use std::sync::Arc;

/// The most reasons that an answer lists.
const REASONS_MAX: usize = 10;

/// Takes what is valid; 200 with an empty body only when all of it is durable, 400 when something was not valid,
/// 503 under back-pressure. Never 429, which senders take for a failure of theirs.
pub(super) async fn post(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    match take(&shared, request).await {
        Ok(response) => response,
        Err(turned) => turned.into_response(),
    }
}

async fn take(shared: &Shared, request: Request<Body>) -> Result<Response, Turned> {
    let token = shared.admit(&request, Right::Ingest)?;
    let body = shared.room.read(request, shared.limits.alerts_bytes).await?;
    let lane = &shared.alerts;
    let way = shared.way(lane, token.as_ref().unwrap_or(lane));
    let readings = alertmanager::read(&body.bytes, &way).unwrap_or_else(|garbage| {
        vec![Reading { event: Err(garbage), identity: None, flags: Flags::default() }]
    });
    let arrivals: Vec<Arrival> = readings.into_iter().map(|one| one.arrive(lane, token.as_ref())).collect();
    let mut wrong: Vec<String> = arrivals
        .iter()
        .enumerate()
        .filter_map(|(index, arrival)| Some((index, arrival.event.as_ref().err()?)))
        .map(|(index, garbage)| format!("alert {index}: {}", garbage.reason))
        .collect();
    let fates = shared.submit(lane, arrivals).await?;
    let refused =
        fates.iter().enumerate().filter(|(_, fate)| !matches!(fate, Fate::Taken | Fate::Remarked(_))).count();
    if wrong.is_empty() && refused == 0 {
        return Ok(StatusCode::OK.into_response());
    }
    let rest = refused.max(wrong.len()).saturating_sub(REASONS_MAX.min(wrong.len()));
    wrong.truncate(REASONS_MAX);
    if rest > 0 {
        wrong.push(format!("{rest} more were not taken"));
    }
    Ok((StatusCode::BAD_REQUEST, axum::Json(wrong.join("; "))).into_response())
}

/// As much as amtool, Grafana and Karma need in order to speak on.
pub(super) async fn status(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    if let Err(turned) = shared.admit(&request, Right::Read) {
        return turned.into_response();
    }
    axum::Json(json!({
        "cluster": { "status": "disabled", "peers": [] },
        "versionInfo": {
            "version": env!("CARGO_PKG_VERSION"),
            "revision": "",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        },
        "config": { "original": "" },
        "uptime": shared.since,
    }))
    .into_response()
}
