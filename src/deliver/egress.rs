//! The one client for HTTP that leaves: guarded, bounded, without redirects, proxies, cookies or decompression (R40).
//!
//! The guard sits in the resolver that the connector asks and before each request to a literal address, so there is no
//! gap between check and use. Clear text needs an address inside `allow_networks`.

use super::guard::{Guard, GuardError, Lookup, Refusal, System, Wire};
use crate::event::Span;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use super::network::{Network, networks};
pub use reqwest::Url;

/// How much of an answer's body is read; the rest is left and its connection closed.
pub const BODY_LIMIT: usize = 64 * 1024;

/// How long a connection may take, name service and TLS included: what ends here surely sent nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is kept unused: shorter than servers keep it, or sends would meet closed ones.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How many unused connections are kept to one host: as many as a channel may use at once, or a flood would make some of
/// them anew for every message.
const IDLE_CONNECTIONS: usize = 1000;

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

/// A client for one channel, with its pool of connections.
pub struct Egress {
    guard: Arc<Guard>,
    /// Made at its first use: it reads the machine's certificates, which a channel inside may have no need of.
    encrypted: OnceLock<Result<reqwest::Client, String>>,
    /// Only where some network is allowed; its resolver gives nothing outside those.
    plain: Option<reqwest::Client>,
}

impl Egress {
    /// A client that may reach the open internet over TLS, and `allow` besides; `where_to_add` is the table that
    /// refusals name, such as `channel.partner`. The process must have installed its cryptography provider.
    ///
    /// # Errors
    /// That the client cannot be made. That the machine's certificates cannot be read is told by [`Egress::check`].
    pub fn new(allow: &[Network], where_to_add: &str) -> Result<Egress, String> {
        Egress::with_lookup(allow, where_to_add, Arc::new(System))
    }

    /// The same with another name service.
    ///
    /// # Errors
    /// As [`Egress::new`].
    pub fn with_lookup(
        allow: &[Network],
        where_to_add: &str,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Egress, String> {
        let guard = Arc::new(Guard::with_lookup(allow, where_to_add, lookup));
        let plain = guard.allows_some().then(|| client(&guard, Wire::Plain)).transpose()?;
        Ok(Egress { guard, encrypted: OnceLock::new(), plain })
    }

    /// Whether a URL could be sent to at all, to be asked when a channel is built: its scheme, no user in it, a literal
    /// address in it, and for `https://` whether the machine's certificates can be read.
    ///
    /// # Errors
    /// What is wrong with it, without the URL.
    pub fn check(&self, url: &Url) -> Result<(), String> {
        self.client(url).map(|_| ()).map_err(|error| error.to_string())
    }

    /// Sends one request and reads its answer, within the deadline.
    ///
    /// # Errors
    /// Why there is no complete answer; a status that tells of a failure is an answer.
    pub async fn send(&self, request: Request<'_>) -> Result<Answer, EgressError> {
        let client = self.client(request.url)?;
        let mut outgoing = reqwest::Request::new(request.method, request.url.clone());
        *outgoing.headers_mut() = request.headers;
        *outgoing.body_mut() = Some(request.body.into());
        let exchange = async {
            let mut response = client.execute(outgoing).await?;
            let body = match read(&mut response).await {
                Ok(body) => body,
                // A status that tells of a failure says it without its body.
                Err(_) if !response.status().is_success() => Bytes::new(),
                Err(error) => return Err(error),
            };
            let headers = std::mem::take(response.headers_mut());
            Ok(Answer { status: response.status(), headers, body })
        };
        match tokio::time::timeout(request.deadline.to_std(), exchange).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(explain(&error)),
            Err(_) => Err(EgressError::Deadline(request.deadline)),
        }
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client, EgressError> {
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
            self.guard.check(ip, wire).map_err(|refusal| EgressError::Forbidden(refusal.to_string()))?;
        }
        if wire == Wire::Encrypted {
            let made = self.encrypted.get_or_init(|| client(&self.guard, wire));
            return made.as_ref().map_err(|error| EgressError::Tls(error.clone()));
        }
        self.plain.as_ref().ok_or_else(|| {
            EgressError::Forbidden("http:// is spoken only inside allow_networks; use https://".to_owned())
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that makes HTTP clients, with the guard"
)]
fn client(guard: &Arc<Guard>, wire: Wire) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("tidings/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        .https_only(wire == Wire::Encrypted)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .dns_resolver(Arc::new(Guarded { guard: guard.clone(), wire }));
    if wire == Wire::Plain {
        // It never speaks TLS: reading the machine's certificates for it would be work for nothing.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        let reason = root_cause(&error);
        format!("the HTTP client cannot be made: {reason}")
    })
}

/// The resolver of the connector: whatever it gives has been checked, at every dial.
struct Guarded {
    guard: Arc<Guard>,
    wire: Wire,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, wire) = (self.guard.clone(), self.wire);
        Box::pin(async move {
            let addresses = guard.addresses(name.as_str(), 0, wire).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Reads the body to its end or to the limit. A small body, the rule, is passed on without a copy.
async fn read(response: &mut reqwest::Response) -> Result<Bytes, reqwest::Error> {
    let Some(first) = response.chunk().await? else {
        return Ok(Bytes::new());
    };
    if first.len() >= BODY_LIMIT {
        return Ok(first.slice(..BODY_LIMIT));
    }
    let Some(second) = response.chunk().await? else {
        return Ok(first);
    };
    let mut whole = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        let room = BODY_LIMIT - whole.len();
        whole.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if whole.len() == BODY_LIMIT {
            break;
        }
        next = response.chunk().await?;
    }
    Ok(whole.freeze())
}

/// Every error within `error`, outermost first; those that I/O errors wrap are no `source` of theirs.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = match error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref()) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
        Some(error)
    })
}

fn root_cause(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

/// Says what went wrong in our own words: the library's may hold the URL.
fn explain(error: &reqwest::Error) -> EgressError {
    for cause in causes(error) {
        if let Some(refusal) = cause.downcast_ref::<Refusal>() {
            return EgressError::Forbidden(refusal.to_string());
        }
        match cause.downcast_ref::<GuardError>() {
            Some(GuardError::Refused(refusal)) => return EgressError::Forbidden(refusal.to_string()),
            Some(lookup @ GuardError::Lookup(_)) => return EgressError::Connect(lookup.to_string()),
            None => {}
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return EgressError::Tls(tls.to_string());
        }
    }
    if error.is_connect() {
        let io = causes(error).find_map(|cause| cause.downcast_ref::<std::io::Error>());
        let timeout = if error.is_timeout() { "timed out" } else { "refused or lost" };
        return EgressError::Connect(io.map_or_else(|| timeout.to_owned(), |io| io.kind().to_string()));
    }
    // The library says so itself where it could not read what came; everything else is a connection that broke.
    let parse = |cause: &(dyn StdError + 'static)| cause.to_string().starts_with("invalid HTTP");
    if causes(error).any(parse) { EgressError::Garbage } else { EgressError::Lost }
}

#[cfg(test)]
mod tests;
