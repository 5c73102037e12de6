//! The one client for HTTP that leaves: guarded, bounded, without redirects, proxies, cookies or decompression (R40).
//!
//! What is connected to is the very address that the guard has passed, so there is no gap between check and use. Clear
//! text needs an address inside `allow_networks`.

use super::dial::{self, DialError, Duplex};
use super::guard::{Guard, GuardError, Lookup, Refusal, System, Wire};
use crate::event::{Span, Time};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, uri::PathAndQuery};
use http_body_util::Full;
use link::{Broken, Link, Outgoing};
use pool::{Place, Pool};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio_rustls::TlsConnector;
use url::Position;

mod link;
mod pool;

pub use super::network::{Network, networks};
pub use url::Url;

/// How much of an answer's body is read; the rest is left and its connection closed.
pub const BODY_LIMIT: usize = 64 * 1024;

/// How long agreeing on encryption may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Who we say that we are.
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("tidings/", env!("CARGO_PKG_VERSION")));

/// One request.
pub struct Request<'a> {
    /// GET, POST …
    pub method: Method,
    /// Where to; parsed once, when the channel is built.
    pub url: &'a Url,
    /// Headers; `host`, `content-length`, `accept` and `user-agent` are set besides.
    pub headers: HeaderMap,
    /// The exact bytes.
    pub body: Bytes,
    /// How long everything may take, the answer's body included: [`super::Attempt::deadline`].
    pub deadline: Span,
    /// Ledger time: how long a connection has been unused is measured by it.
    pub now: Time,
}

/// One answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, cut at [`BODY_LIMIT`].
    pub body: Bytes,
}

/// Why there is no answer. No text of it holds a URL, a header or a body.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The guard refuses the address or the URL; the text says how to allow it.
    #[error("{0}")]
    Forbidden(String),
    /// No connection: nothing was sent.
    #[error("no connection: {0}")]
    Connect(String),
    /// No trust: nothing was sent.
    #[error("no trust: {0}")]
    Tls(String),
    /// The time was over; something may have been sent.
    #[error("no complete answer within {0}")]
    Deadline(Span),
    /// The connection was lost before the answer was complete; something may have been sent.
    #[error("the connection was lost before the answer was complete")]
    Lost,
    /// What came back is not HTTP; something may have been sent.
    #[error("the answer is not HTTP")]
    Garbage,
}

/// A client for one channel, with its connections.
pub struct Egress {
    guard: Guard,
    /// Made at its first use: it reads the machine's certificates, which a channel inside may have no need of.
    trust: OnceLock<Result<Arc<ClientConfig>, String>>,
    pool: Pool,
}

impl Egress {
    /// A client that may reach the open internet over TLS, and `allow` besides; `where_to_add` is the table that
    /// refusals name, such as `channel.partner`.
    pub fn new(allow: &[Network], where_to_add: &str) -> Egress {
        Egress::with_lookup(allow, where_to_add, Arc::new(System))
    }

    /// The same with another name service.
    pub fn with_lookup(allow: &[Network], where_to_add: &str, lookup: Arc<dyn Lookup>) -> Egress {
        let guard = Guard::with_lookup(allow, where_to_add, lookup);
        Egress { guard, trust: OnceLock::new(), pool: Pool::default() }
    }

    /// Whether a URL could be sent to at all, to be asked when a channel is built: its scheme, no user in it, a literal
    /// address in it, and for `https://` whether the machine's certificates can be read.
    ///
    /// # Errors
    /// What is wrong with it, without the URL.
    pub fn check(&self, url: &Url) -> Result<(), String> {
        let place = self.place(url).map_err(|error| error.to_string())?;
        if place.wire == Wire::Encrypted { self.trusted().map(drop) } else { Ok(()) }
    }

    /// Sends one request and reads its answer, within the deadline.
    ///
    /// # Errors
    /// Why there is no complete answer; a status that tells of a failure is an answer.
    pub async fn send(&self, request: Request<'_>) -> Result<Answer, EgressError> {
        let place = self.place(request.url)?;
        let (deadline, now) = (request.deadline, request.now);
        let outgoing = outgoing(request)?;
        let mut connected = false;
        match tokio::time::timeout(deadline.to_std(), self.ask(place, outgoing, now, &mut connected)).await {
            Ok(result) => result,
            Err(_) if connected => Err(EgressError::Deadline(deadline)),
            Err(_) => Err(EgressError::Connect(std::io::ErrorKind::TimedOut.to_string())),
        }
    }

    /// Asks on a kept connection, or on a new one where those were closed before they carried anything.
    async fn ask(
        &self,
        place: Place,
        mut outgoing: Outgoing,
        now: Time,
        connected: &mut bool,
    ) -> Result<Answer, EgressError> {
        loop {
            let kept = self.pool.take(&place, now);
            let is_new = kept.is_none();
            let mut link = match kept {
                Some(link) => link,
                None => self.connect(&place).await?,
            };
            if !link.is_fresh().await && !is_new {
                continue;
            }
            *connected = true;
            match link.exchange(outgoing).await {
                Ok((answer, whole)) => {
                    if whole && link.is_fresh().await {
                        self.pool.put(link, place, now);
                    }
                    return Ok(answer);
                }
                Err(Broken::Unsent(request)) if !is_new => {
                    *connected = false;
                    outgoing = *request;
                }
                Err(Broken::Unsent(_)) => {
                    return Err(EgressError::Connect("it was closed at once".to_owned()));
                }
                Err(Broken::Sent(error)) => return Err(error),
            }
        }
    }

    async fn connect(&self, place: &Place) -> Result<Link, EgressError> {
        let (stream, _) = dial::dial(&self.guard, &place.host, place.port, place.wire).await?;
        let stream: Box<dyn Duplex> = match place.wire {
            Wire::Plain => Box::new(stream),
            Wire::Encrypted => {
                let connector = TlsConnector::from(self.trusted().map_err(EgressError::Tls)?);
                let name = ServerName::try_from(place.host.as_ref().to_owned()).map_err(|_| {
                    EgressError::Tls("the host is no name that a certificate could have".to_owned())
                })?;
                let handshake = connector.connect(name, stream);
                let encrypted = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await;
                Box::new(
                    encrypted
                        .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
                        .map_err(untrusted)?,
                )
            }
        };
        Link::over(stream).await
    }

    fn trusted(&self) -> Result<Arc<ClientConfig>, String> {
        let made = self.trust.get_or_init(|| {
            let roots = dial::roots(None)?;
            if roots.is_empty() {
                return Err("this machine has no certificates to trust: install ca-certificates".to_owned());
            }
            let mut config = dial::trusting(roots)?;
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(Arc::new(config))
        });
        made.clone()
    }

    /// Where a URL leads, if it may be sent to.
    fn place(&self, url: &Url) -> Result<Place, EgressError> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Forbidden("a user or password in the URL is refused".to_owned()));
        }
        let wire = match url.scheme() {
            "https" => Wire::Encrypted,
            "http" => Wire::Plain,
            _ => return Err(EgressError::Forbidden("only https:// is spoken".to_owned())),
        };
        // The URL's parser has brought every way of writing an address (decimal, octal, hexadecimal) into the one form.
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = host.parse::<IpAddr>() {
            self.guard.check(ip, wire)?;
        }
        if wire == Wire::Plain && !self.guard.allows_some() {
            return Err(EgressError::Forbidden(
                "http:// is spoken only inside allow_networks; use https://".to_owned(),
            ));
        }
        Ok(Place { wire, host: host.into(), port: url.port_or_known_default().unwrap_or_default() })
    }
}

/// The request as it is written to the connection.
fn outgoing(request: Request<'_>) -> Result<Outgoing, EgressError> {
    let url = request.url;
    let unspeakable = || EgressError::Forbidden("the URL cannot be written into a request".to_owned());
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let path = PathAndQuery::try_from(path).map_err(|_| unspeakable())?;
    let host =
        HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort]).map_err(|_| unspeakable())?;
    let mut outgoing = Outgoing::new(Full::new(request.body));
    *outgoing.method_mut() = request.method;
    *outgoing.uri_mut() = Uri::from(path);
    let headers = outgoing.headers_mut();
    *headers = request.headers;
    headers.insert(header::HOST, host);
    headers.insert(header::USER_AGENT, USER_AGENT);
    headers.entry(header::ACCEPT).or_insert(const { HeaderValue::from_static("*/*") });
    Ok(outgoing)
}

impl From<Refusal> for EgressError {
    fn from(refusal: Refusal) -> EgressError {
        EgressError::Forbidden(refusal.to_string())
    }
}

impl From<DialError> for EgressError {
    fn from(error: DialError) -> EgressError {
        match error {
            DialError::Guard(GuardError::Refused(refusal)) => refusal.into(),
            DialError::Guard(lookup @ GuardError::Lookup(_)) => EgressError::Connect(lookup.to_string()),
            DialError::Connect(kind) => EgressError::Connect(kind.to_string()),
        }
    }
}

/// Why a connection is not encrypted.
fn untrusted(error: std::io::Error) -> EgressError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => EgressError::Tls(tls.to_string()),
        None => EgressError::Connect(error.kind().to_string()),
    }
}

#[cfg(test)]
mod tests;
