//! The one way to connect: to an address that the guard has passed, the very address that it has seen (R40).

use super::guard::{Guard, GuardError, Wire};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long one address may take to answer.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A stream of bytes in both directions, encrypted or not.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// Why there is no connection; nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The guard gave no address.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// No address answered; what the last of them came to.
    #[error("{0}")]
    Connect(io::ErrorKind),
}

/// A connection to the first address of `host` (a name or a literal address) that answers, and which one that is.
///
/// # Errors
/// That the guard passes none, or none answers.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that connects, to what the guard has passed"
)]
pub async fn dial(
    guard: &Guard,
    host: &str,
    port: u16,
    wire: Wire,
) -> Result<(TcpStream, SocketAddr), DialError> {
    let mut last = io::ErrorKind::NotFound;
    for address in guard.addresses(host, port, wire).await? {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // What is said is short and waits for its answer.
                let _ = stream.set_nodelay(true);
                return Ok((stream, address));
            }
            Ok(Err(error)) => last = error.kind(),
            Err(_) => last = io::ErrorKind::TimedOut,
        }
    }
    Err(DialError::Connect(last))
}

/// The machine's roots and those of `ca`.
///
/// # Errors
/// `ca` cannot be read.
pub fn roots(ca: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca {
        add(&mut roots, path)
            .map_err(|error| format!("the roots of {} cannot be read: {error}", path.display()))?;
    }
    Ok(roots)
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let before = roots.len();
    for root in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        roots.add(root.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    }
    if roots.len() == before { Err("there is no certificate in it".to_owned()) } else { Ok(()) }
}

/// TLS 1.2 or newer with these roots. There is no way to switch the verification off.
///
/// # Errors
/// TLS cannot be set up.
pub fn trusting(roots: RootCertStore) -> Result<ClientConfig, String> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
