//! The connection to NATS: it connects for ever, tells when it is up, and shows nobody its secrets or addresses.

use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::time::Duration;

/// How long one attempt to connect, and one request, may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a quiet connection is tried out; two unanswered pings end it.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// Where and how to connect.
#[derive(Debug, Default)]
pub struct Settings {
    /// Addresses such as `nats://host:4222`; one after the other is tried. Others that a server tells of are not.
    pub servers: Vec<String>,
    /// As whom.
    pub auth: Auth,
    /// With what trust.
    pub tls: Tls,
    /// The prefix of reply subjects, where the account permits only one; `_INBOX` otherwise.
    pub inbox_prefix: Option<String>,
}

/// As whom to connect.
#[derive(Debug, Default)]
pub enum Auth {
    /// As nobody.
    #[default]
    None,
    /// With a name and a password.
    Password(String, SecretString),
    /// With a token.
    Token(SecretString),
    /// With the seed of an NKey.
    NKey(SecretString),
    /// With the text of a credentials file.
    Credentials(SecretString),
}

/// How to trust.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Whether to refuse a server that offers no TLS.
    pub required: bool,
    /// Whether the server speaks TLS from the first byte.
    pub first: bool,
    /// Certificates in PEM to trust instead of the machine's.
    pub ca: Option<PathBuf>,
    /// The own certificate and key, in PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// What happens to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It is up.
    Up,
    /// It is down and being made anew.
    Down,
    /// The server refuses something, such as a subject that is not permitted.
    Refused,
    /// An attempt to connect, or what the server said, failed.
    Failed,
}

/// Why there can be no connection; nothing here will get better by waiting.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No address.
    #[error("no NATS server is named")]
    NoServer,
    /// An address that is none. It is not shown: it may carry a password.
    #[error("NATS server number {0} is not an address like nats://host:4222")]
    Address(usize),
    /// A text that is no credentials file.
    #[error("the NATS credentials cannot be read")]
    Credentials,
    /// The client refuses to begin. What it says is not shown: it may name addresses.
    #[error("the connection to NATS cannot be begun")]
    Begin,
}

/// The addresses that these texts are.
///
/// # Errors
/// There is none, or one is no address.
pub fn addresses(servers: &[String]) -> Result<Vec<ServerAddr>, Error> {
    if servers.is_empty() {
        return Err(Error::NoServer);
    }
    let address = |(index, text): (usize, &String)| text.parse().map_err(|_| Error::Address(index + 1));
    servers.iter().enumerate().map(address).collect()
}

/// Begins to connect, and returns before that has succeeded: a server that is down is waited for.
/// TLS needs a process-wide crypto provider, installed before.
///
/// # Errors
/// The settings are wrong.
pub async fn connect(
    settings: &Settings,
    watch: impl Fn(Link) + Send + Sync + 'static,
) -> Result<Client, Error> {
    let servers = addresses(&settings.servers)?;
    let options = trusted(authenticated(ConnectOptions::new(), &settings.auth)?, &settings.tls)
        .name("tidings")
        .ignore_discovered_servers()
        .retry_on_initial_connect()
        .max_reconnects(None)
        .connection_timeout(REQUEST_TIMEOUT)
        .request_timeout(Some(REQUEST_TIMEOUT))
        .ping_interval(PING_INTERVAL)
        .event_callback(move |event| {
            if let Some(link) = link(&event) {
                watch(link);
            }
            std::future::ready(())
        });
    let options = match &settings.inbox_prefix {
        Some(prefix) => options.custom_inbox_prefix(prefix),
        None => options,
    };
    options.connect(servers).await.map_err(|_| Error::Begin)
}

fn link(event: &Event) -> Option<Link> {
    match event {
        Event::Connected => Some(Link::Up),
        Event::Disconnected | Event::Closed => Some(Link::Down),
        Event::ServerError(_) => Some(Link::Refused),
        Event::ClientError(_) => Some(Link::Failed),
        Event::LameDuckMode | Event::Draining | Event::SlowConsumer(_) => None,
    }
}

fn authenticated(options: ConnectOptions, auth: &Auth) -> Result<ConnectOptions, Error> {
    Ok(match auth {
        Auth::None => options,
        Auth::Password(user, password) => {
            options.user_and_password(user.clone(), password.expose_secret().to_owned())
        }
        Auth::Token(token) => options.token(token.expose_secret().to_owned()),
        Auth::NKey(seed) => options.nkey(seed.expose_secret().trim().to_owned()),
        Auth::Credentials(text) => {
            options.credentials(text.expose_secret()).map_err(|_| Error::Credentials)?
        }
    })
}

fn trusted(options: ConnectOptions, tls: &Tls) -> ConnectOptions {
    let mut options = options.require_tls(tls.required || tls.first);
    if tls.first {
        options = options.tls_first();
    }
    if let Some(ca) = &tls.ca {
        options = options.add_root_certificates(ca.clone());
    }
    if let Some((certificate, key)) = &tls.identity {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    options
}
