//! The HTTP server: connections counted, heads bounded in size and time, and an end that waits for what was begun.

use axum::Router;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// From where a request came; an extension of every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What connections may take.
#[derive(Clone, Debug)]
pub struct ServerLimits {
    /// How many connections there may be; more wait unaccepted.
    pub connections: usize,
    /// Within which time the head of a request must arrive, also on a connection that is being kept.
    pub header_timeout: Duration,
    /// How many header fields a request may have.
    pub header_count: usize,
    /// How long the head of a request may be, in bytes; at least 8 KiB.
    pub header_bytes: usize,
    /// How long requests that were begun may go on at the end.
    pub drain: Duration,
}

impl Default for ServerLimits {
    fn default() -> ServerLimits {
        ServerLimits {
            connections: 512,
            header_timeout: Duration::from_secs(10),
            header_count: 100,
            header_bytes: 16 * 1024,
            drain: Duration::from_secs(10),
        }
    }
}

/// Serves `router` on `listener` until `shutdown`; then nothing is accepted, and what was begun is brought to its end.
/// Connections live within this future: dropping it drops them.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    shutdown: impl Future<Output = ()>,
) {
    let mut shutdown = std::pin::pin!(shutdown);
    let places = Arc::new(Semaphore::new(limits.connections));
    let ending = CancellationToken::new();
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            // `Listener::accept` waits out a lack of file descriptors instead of failing.
            (place, Listener::accept(&mut listener).await)
        };
        // Cancel-safe: a connection not yet accepted stays in the backlog, a place not yet used is given back.
        let (place, (stream, peer)) = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = next => accepted,
        };
        let one = connection(stream, peer, router.clone(), limits.clone(), ending.clone());
        connections.spawn(async move {
            one.await;
            drop(place);
        });
    }
    drop(listener);
    ending.cancel();
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain, drained).await.is_err() {
        tracing::warn!("some HTTP requests did not end in time and were cut off");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: ServerLimits,
    ending: CancellationToken,
) {
    // Answers are small: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.header_count)
        .max_header_size(limits.header_bytes)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // Cancel-safe: the connection itself is polled by reference and goes on below.
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = ending.cancelled() => None,
    };
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        // How a connection ends is its client's business; requests were answered or will come again.
        let _ = connection.await;
    }
}
