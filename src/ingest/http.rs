//! The HTTP ways in: `POST /v1/events` and Alertmanager's `POST /api/v2/alerts`, answered once durable (R1, R2, R4).

mod alerts;
mod events;

use super::access::{Access, Denied, Right, token_of};
use super::body::{self, Room};
use super::server::Peer;
use super::{Arrival, Batch, Door, Fate, Refusal, Way};
use crate::event::{Name, Time};
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Request, StatusCode};
use std::sync::Arc;
use std::time::Duration;

/// The lane of incident events that come by HTTP.
pub const INCIDENTS: &str = "http-incidents";
/// The lane of alert events that come by HTTP.
pub const ALERTS: &str = "http-alerts";
/// The lanes of HTTP.
pub const LANES: [&str; 2] = [INCIDENTS, ALERTS];

/// After how many seconds a sender that was turned away should come again.
const RETRY_AFTER_SECONDS: u32 = 2;

/// Tells the time; the daemon's clock, passed in.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// What requests may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The longest body of `POST /v1/events`, in bytes.
    pub events_bytes: usize,
    /// The longest body of `POST /api/v2/alerts`, in bytes.
    pub alerts_bytes: usize,
    /// How much memory all bodies that are being read or decided may take, in bytes.
    pub memory_bytes: usize,
    /// Within which time a body must arrive.
    pub body_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            events_bytes: 256 << 10,
            // 256 alerts of 1 to 4 KiB, and much room.
            alerts_bytes: 4 << 20,
            memory_bytes: 64 << 20,
            body_timeout: Duration::from_secs(10),
        }
    }
}

/// What the handlers share.
pub(super) struct Shared {
    door: Arc<dyn Door>,
    access: Arc<dyn Access>,
    clock: Clock,
    room: Room,
    limits: Limits,
    incidents: Name,
    alerts: Name,
    since: Time,
}

/// Why a request is not answered with what became of its events.
enum Turned {
    Denied(Denied),
    Body(body::Error),
    Refused(Refusal),
}

/// The routes of the ways in; the daemon merges them with its others.
pub fn router(door: Arc<dyn Door>, access: Arc<dyn Access>, clock: Clock, limits: Limits) -> Router {
    let shared = Shared {
        door,
        access,
        room: Room::new(limits.memory_bytes, limits.body_timeout),
        since: clock(),
        clock,
        limits,
        incidents: Name::from(INCIDENTS),
        alerts: Name::from(ALERTS),
    };
    Router::new()
        .route("/v1/events", post(events::post))
        .route("/api/v2/alerts", post(alerts::post))
        .route("/api/v2/status", get(alerts::status))
        .with_state(Arc::new(shared))
}

impl Shared {
    /// The name of the token that lets the request in, decided from its head alone.
    fn admit(&self, request: &Request<Body>, right: Right) -> Result<Option<Name>, Turned> {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
        let token = token_of(request.headers());
        let name = self.access.allows(token.as_deref(), right, peer).map_err(Turned::Denied)?;
        // Where no token is needed, any page in a browser on this machine could send events: browsers say who sends.
        if name.is_none() && request.headers().contains_key(ORIGIN) {
            return Err(Turned::Denied(Denied::Unknown));
        }
        Ok(name)
    }

    fn way(&self, lane: &Name, source: &Name) -> Way {
        Way { lane: lane.clone(), source: source.clone(), received: (self.clock)() }
    }

    async fn submit(&self, lane: &Name, arrivals: Vec<Arrival>) -> Result<Vec<Fate>, Turned> {
        if arrivals.is_empty() {
            return Ok(Vec::new());
        }
        self.door.submit(Batch { lane: lane.clone(), arrivals }).await.map_err(Turned::Refused)
    }
}

impl From<body::Error> for Turned {
    fn from(error: body::Error) -> Turned {
        Turned::Body(error)
    }
}

impl IntoResponse for Turned {
    /// The reason as a JSON string, which senders of alerts expect and everybody can read.
    fn into_response(self) -> Response {
        let later = [(RETRY_AFTER, RETRY_AFTER_SECONDS.to_string())];
        match self {
            Turned::Denied(denied @ Denied::Unknown) => {
                let schemes = [(WWW_AUTHENTICATE, "Bearer")];
                (StatusCode::UNAUTHORIZED, schemes, axum::Json(denied.to_string())).into_response()
            }
            Turned::Denied(denied) => (StatusCode::FORBIDDEN, axum::Json(denied.to_string())).into_response(),
            Turned::Body(error @ body::Error::Busy) => {
                (error.status(), later, axum::Json(error.to_string())).into_response()
            }
            Turned::Body(error) => (error.status(), axum::Json(error.to_string())).into_response(),
            Turned::Refused(refusal) => {
                let why = match refusal {
                    Refusal::Busy => "too much is waiting: try again later",
                    Refusal::NotReady => "not ready: try again later",
                };
                (StatusCode::SERVICE_UNAVAILABLE, later, axum::Json(why)).into_response()
            }
        }
    }
}
