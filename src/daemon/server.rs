//! The daemon's HTTP face: the ways in, probes, metrics, reload, and commands of people.

use super::answers;
use super::links::{self, Links};
use super::measure;
use super::questions::refuse;
use super::reload::{Reload, Reloader};
use super::run::Shared;
use super::task::TaskKind;
use crate::config::{self, Config, open_secret};
use crate::decide::{Command, Policy, by_every_address};
use crate::event::{Name, Recipient, Time};
use crate::ingest::access::{Access, Denied, Grant, Right, Tokens};
use crate::ingest::server::{Peer, ServerLimits, serve};
use crate::ingest::{Refusal, http as ingest_http};
use crate::observe::Handler;
use crate::observe::metrics::CONTENT_TYPE;
use arc_swap::ArcSwap;
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Face {
    pub(super) shared: Arc<Shared>,
    pub(super) access: Arc<dyn Access>,
    pub(super) reloader: Arc<Reloader>,
    /// Links by which readers answer.
    pub(super) links: Arc<Links>,
    /// Where the history lies.
    pub(super) history: Arc<std::path::Path>,
}

/// Listens, if the configuration says where.
///
/// # Errors
/// The address cannot be listened on, or a token's secret cannot be opened, as a sentence.
pub async fn start(shared: &Arc<Shared>, config: &Config, reloader: &Arc<Reloader>) -> Result<(), String> {
    let Some(settings) = &config.ingest.http else { return Ok(()) };
    let tokens = Arc::new(LiveTokens::new(config)?);
    reloader.keep_tokens(tokens.clone());
    let access: Arc<dyn Access> = tokens;
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let clock = shared.clock.clone();
    let door = Arc::new(super::door::FrontDoor(shared.mailbox.clone()));
    let ways_in = ingest_http::router(
        door,
        access.clone(),
        Arc::new(move || clock.now()),
        ingest_http::Limits::default(),
    );
    let history = super::history::path_in(&config.journal.path).into();
    let links = Arc::new(Links::new(settings.external_url.as_deref(), &config.policy.reference_key));
    let face = Face { shared: shared.clone(), access, reloader: reloader.clone(), links, history };
    let router = ways_in
        .merge(own_routes(face.clone()))
        .merge(super::questions::routes(face.clone()))
        .merge(super::dead_letters::routes(face.clone()))
        .merge(super::against::routes(face.clone()))
        .merge(super::timeline::routes(face.clone()))
        .merge(super::incidents::routes(face.clone()))
        .merge(super::answers::routes(face.clone()))
        .merge(super::approvals::routes(face.clone()))
        .merge(super::answer_page::routes(face.clone()))
        .layer(middleware::from_fn_with_state(face.clone(), named_locally))
        .layer(middleware::from_fn_with_state(face, measured));
    let tasks = shared.tasks.clone();
    tracing::info!(listen = %settings.listen, "listening");
    measure::http_listens(&shared.metrics);
    shared.tasks.spawn(TaskKind::Vital, "http", async move {
        let stop = tasks.clone();
        serve(listener, router, ServerLimits::default(), async move { stop.stopping().await }).await;
    });
    Ok(())
}

/// The tokens of the configuration in force.
pub struct LiveTokens {
    tokens: ArcSwap<Tokens>,
    /// Whether the address that is listened on, since the start, is for this machine alone.
    local: bool,
}

impl LiveTokens {
    fn new(config: &Config) -> Result<LiveTokens, String> {
        let local = is_local(config);
        Ok(LiveTokens { tokens: ArcSwap::from_pointee(tokens(config, local)?), local })
    }

    /// The tokens of another configuration, or with other secrets, hold from here on; secrets that cannot be opened change
    /// nothing.
    pub fn renew(&self, config: &Config) {
        match tokens(config, self.local && is_local(config)) {
            Ok(tokens) => self.tokens.store(Arc::new(tokens)),
            Err(why) => tracing::error!(why, "the tokens of the configuration before hold on"),
        }
    }
}

impl Access for LiveTokens {
    fn allows(
        &self,
        token: Option<&str>,
        right: Right,
        peer: Option<IpAddr>,
    ) -> Result<Option<Name>, Denied> {
        self.tokens.load().allows(token, right, peer)
    }
}

fn is_local(config: &Config) -> bool {
    let http = config.ingest.http.as_ref();
    http.is_some_and(|http| http.listen.ip().is_loopback() && http.external_url.is_none())
}

fn tokens(config: &Config, local: bool) -> Result<Tokens, String> {
    Tokens::new(grants(config)?, local).map_err(|error| error.to_string())
}

fn grants(config: &Config) -> Result<Vec<Grant>, String> {
    let grant = |token: &config::Token| {
        let may = token.may.iter().map(|right| match right {
            config::Right::Ingest => Right::Ingest,
            config::Right::Read => Right::Read,
            config::Right::Acknowledge => Right::Acknowledge,
            config::Right::Silence => Right::Silence,
            config::Right::Approve => Right::Approve,
            config::Right::Admin => Right::Admin,
        });
        let secret = open_secret(&token.secret).map_err(|why| format!("token {}: {why}", token.name))?;
        Ok(Grant { name: token.name.clone(), secret, may: may.collect() })
    };
    config.tokens.iter().map(grant).collect()
}

fn own_routes(face: Face) -> Router {
    Router::new()
        .route("/-/healthy", get(healthy))
        .route("/-/ready", get(ready))
        .route("/-/reload", post(reload))
        .route("/metrics", get(metrics))
        .route("/v1/channels/{channel}/pause", post(pause))
        .route("/v1/channels/{channel}/resume", post(resume))
        .route("/v1/send-test", post(send_test))
        .with_state(face)
}

fn handler_of(method: &Method, path: &str) -> Handler {
    match path {
        "/api/v2/alerts" => Handler::Alerts,
        "/v1/events" if *method == Method::POST => Handler::Events,
        "/v1/told" | "/v1/cases" | "/v1/events" | "/v1/timeline" => Handler::Questions,
        path if path.starts_with("/v1/incidents") => Handler::Questions,
        path if ["/v1/dead-letters", "/v1/approvals"].iter().any(|start| path.starts_with(start))
            && *method == Method::GET =>
        {
            Handler::Questions
        }
        "/-/healthy" | "/-/ready" => Handler::Probes,
        "/-/reload" => Handler::Reload,
        "/metrics" => Handler::Metrics,
        path if path.starts_with("/v1/") || path.starts_with(links::PATH) => Handler::Commands,
        _ => Handler::Other,
    }
}

/// Counts and times every request by the word of its handler, never by what it asked for.
async fn measured(State(face): State<Face>, request: Request, next: Next) -> Response {
    let handler = handler_of(request.method(), request.uri().path());
    let method = request.method().clone();
    let started = face.shared.clock.elapsed();
    let response = next.run(request).await;
    let took = face.shared.clock.elapsed().saturating_sub(started);
    face.shared.metrics.http_request(handler, method.as_str(), response.status().as_u16(), took);
    response
}

async fn healthy(State(face): State<Face>) -> Response {
    match face.shared.health.hangs(face.shared.clock.elapsed()) {
        None => (StatusCode::OK, "healthy\n").into_response(),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "the loop hangs\n").into_response(),
    }
}

async fn ready(State(face): State<Face>) -> Response {
    let obstacles = face.shared.health.why_not_ready();
    if obstacles.is_empty() {
        return (StatusCode::OK, "ready\n").into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, obstacles.join("\n") + "\n").into_response()
}

async fn metrics(State(face): State<Face>) -> Response {
    let metrics = face.shared.metrics.clone();
    match tokio::task::spawn_blocking(move || metrics.render()).await {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Whether the request may do this; the name of its token for the facts that it causes.
pub(super) fn admit(
    face: &Face,
    headers: &HeaderMap,
    peer: Option<&Peer>,
    right: Right,
) -> Result<Box<str>, Box<Response>> {
    let name = answers::admitted(face, headers, peer, &[right])?;
    Ok(name.map_or_else(|| "somebody on this machine".into(), |name| name.as_str().into()))
}

/// Where no token is needed, a page of the web could have its own name lead to this machine, and the browser would take
/// the answers for the page's own: only who asks by a name of this machine is answered. Probes, metrics and links are
/// for everybody.
async fn named_locally(State(face): State<Face>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let for_all = ["/-/healthy", "/-/ready", "/metrics"].contains(&path) || path.starts_with(links::PATH);
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let needs_none = || matches!(face.access.allows(None, Right::Read, peer), Ok(None));
    if !for_all && !asks_locally(&request) && needs_none() {
        let why = "without tokens, only requests to localhost, 127.0.0.1 or [::1] are answered: use one of these \
                   in the address, or configure a [token.NAME]";
        return refuse(StatusCode::FORBIDDEN, why);
    }
    next.run(request).await
}

/// Whether the request names this machine, at any port; every browser names whom it asks.
fn asks_locally(request: &Request) -> bool {
    let stated = request.headers().get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    let mut hosts = stated.chain(request.uri().authority().map(Authority::as_str));
    hosts.all(|host| {
        let host = host.parse::<Authority>();
        host.is_ok_and(|host| matches!(&*host.host().to_lowercase(), "localhost" | "127.0.0.1" | "[::1]"))
    })
}

async fn reload(State(face): State<Face>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>();
    if let Err(response) = admit(&face, request.headers(), peer, Right::Admin) {
        return *response;
    }
    match face.reloader.reload().await {
        Reload::Adopted(hash) => Json(json!({ "reloaded": true, "policy": hash })).into_response(),
        Reload::Renewed => Json(json!({ "reloaded": true, "secrets": true })).into_response(),
        Reload::Unchanged => {
            Json(json!({ "reloaded": false, "reason": "nothing has changed" })).into_response()
        }
        Reload::Refused(mistakes) => {
            (StatusCode::BAD_REQUEST, Json(json!({ "reloaded": false, "mistakes": mistakes.to_json() })))
                .into_response()
        }
        Reload::Stopping => not_ready(),
    }
}

async fn pause(State(face): State<Face>, Path(channel): Path<String>, request: Request) -> Response {
    hold(face, channel, request, |channel, by| Command::Pause { channel, by }).await
}

async fn resume(State(face): State<Face>, Path(channel): Path<String>, request: Request) -> Response {
    hold(face, channel, request, |channel, by| Command::Resume { channel, by }).await
}

async fn hold(
    face: Face,
    channel: String,
    request: Request,
    command: impl Fn(Name, Box<str>) -> Command,
) -> Response {
    let peer = request.extensions().get::<Peer>();
    let by = match admit(&face, request.headers(), peer, Right::Admin) {
        Ok(by) => by,
        Err(response) => return *response,
    };
    if !face.reloader.config().policy.channels.contains_key(channel.as_str()) {
        let error = format!("there is no channel {channel}");
        return (StatusCode::NOT_FOUND, Json(json!({ "error": error }))).into_response();
    }
    answer(face.shared.mailbox.command(command(Name::from(channel), by)).await)
}

/// What `POST /v1/send-test` takes.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TestOf {
    /// An audience, a contact's or destination's recipient name, or a channel.
    to: String,
}

async fn send_test(State(face): State<Face>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>();
    let by = match admit(&face, request.headers(), peer, Right::Admin) {
        Ok(by) => by,
        Err(response) => return *response,
    };
    let form = "{\"to\": \"AUDIENCE\"}, or a channel or a recipient instead";
    let wanted: TestOf = match answers::read(request, form).await {
        Ok(wanted) => wanted,
        Err(response) => return *response,
    };
    let found = recipients_of(&face.reloader.config().policy, face.shared.clock.now(), &wanted.to);
    if found.is_empty() {
        let error = format!("there is no audience, channel or recipient {}", wanted.to);
        return (StatusCode::NOT_FOUND, Json(json!({ "error": error }))).into_response();
    }
    let names: Vec<String> = found.iter().map(|(recipient, _)| recipient.to_string()).collect();
    for (recipient, audience) in found {
        let command = Command::SendTest { recipient, audience, by: by.clone() };
        if let Err(refusal) = face.shared.mailbox.command(command).await {
            return answer(Err(refusal));
        }
    }
    (StatusCode::ACCEPTED, Json(json!({ "sent_to": names }))).into_response()
}

/// Every recipient that the word names, each with an audience that it belongs to. An audience is whoever would be told
/// now: the backups of those who are away (R14).
fn recipients_of(policy: &Policy, now: Time, word: &str) -> Vec<(Recipient, Name)> {
    if let Some(audience) = policy.audiences.get(word) {
        let all = by_every_address(policy, now, audience).into_iter();
        return all.map(|recipient| (recipient, audience.name.clone())).collect();
    }
    let mut found: Vec<(Recipient, Name)> = Vec::new();
    for (name, audience) in &policy.audiences {
        let contacts = audience.contacts.iter().filter_map(|contact| policy.contacts.get(contact));
        let people = contacts.flat_map(|contact| policy.with_backups(contact));
        let all = people.flat_map(|contact| contact.by_channel.values()).chain(&audience.destinations);
        for recipient in all {
            let channel = policy.endpoints.get(recipient).map(|endpoint| endpoint.channel.as_str());
            let named = recipient.as_str() == word || channel == Some(word);
            if named && !found.iter().any(|(known, _)| known == recipient) {
                found.push((recipient.clone(), name.clone()));
            }
        }
    }
    found
}

fn answer(result: Result<(), Refusal>) -> Response {
    match result {
        Ok(()) => Json(json!({ "done": true })).into_response(),
        Err(_) => not_ready(),
    }
}

pub(super) fn not_ready() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": "the daemon is stopping" }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_by_another_name_than_one_of_this_machine_is_known() {
        let asks = |host: Option<&str>, uri: &str| {
            let head = host.map(|host| (header::HOST, host.parse().unwrap()));
            let mut request = Request::new(axum::body::Body::empty());
            *request.headers_mut() = HeaderMap::from_iter(head);
            *request.uri_mut() = uri.parse().unwrap();
            asks_locally(&request)
        };
        for host in ["localhost", "LOCALHOST:8085", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8085"] {
            assert!(asks(Some(host), "/v1/told"), "{host}");
        }
        let others =
            ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:8085", "evil@", "10.0.0.1", ""];
        for host in others {
            assert!(!asks(Some(host), "/v1/told"), "{host}");
        }
        assert!(asks(None, "/v1/told") && !asks(None, "http://evil.example/v1/told"));
        assert!(!asks(Some("localhost"), "http://evil.example/v1/told"), "both are looked at");
    }
}
