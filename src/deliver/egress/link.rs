//! One HTTP/1.1 connection: it is driven by whoever asks something of it, so that a request needs no task besides its own.

use super::{Answer, BODY_LIMIT, EgressError};
use crate::deliver::dial::Duplex;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};

/// A request as it is sent.
pub(super) type Outgoing = http::Request<Full<Bytes>>;

/// What drives a connection.
type Driver = Connection<TokioIo<Box<dyn Duplex>>, Full<Bytes>>;

/// A connection; between requests nothing drives it.
pub(super) struct Link {
    sender: SendRequest<Full<Bytes>>,
    /// `None` once it is closed.
    connection: Option<Pin<Box<Driver>>>,
}

/// Why a link gave no complete answer.
pub(super) enum Broken {
    /// It was closed before anything was sent; here is the request.
    Unsent(Box<Outgoing>),
    /// Something may have been sent.
    Sent(EgressError),
}

impl Link {
    /// Makes a connection out of a stream. Nothing is sent yet.
    #[expect(clippy::disallowed_methods, reason = "HTTP that leaves begins here, behind the guard")]
    pub(super) async fn over(stream: Box<dyn Duplex>) -> Result<Link, EgressError> {
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| told(&error))?;
        Ok(Link { sender, connection: Some(Box::pin(connection)) })
    }

    /// Whether it can take a request now: the last one is over and the other end has not closed it.
    pub(super) async fn is_fresh(&mut self) -> bool {
        let Link { sender, connection } = self;
        // One look, no waiting: what is ready for it is known by now.
        let ready = driving(connection, poll_fn(|cx| sender.poll_ready(cx))).now_or_never();
        matches!(ready, Some(Ok(()))) && connection.is_some()
    }

    /// Sends a request and reads its answer up to the limit; says whether the answer was read to its end.
    pub(super) async fn exchange(&mut self, request: Outgoing) -> Result<(Answer, bool), Broken> {
        let Link { sender, connection } = self;
        let answer = sender.try_send_request(request);
        let response = driving(connection, answer).await.map_err(|mut error| match error.take_message() {
            Some(request) => Broken::Unsent(Box::new(request)),
            None => Broken::Sent(told(&error.into_error())),
        })?;
        let (head, body) = response.into_parts();
        let (body, whole) = match driving(connection, read(body)).await {
            Ok(read) => read,
            // A status that tells of a failure says it without its body.
            Err(_) if !head.status.is_success() => (Bytes::new(), false),
            Err(error) => return Err(Broken::Sent(told(&error))),
        };
        Ok((Answer { status: head.status, headers: head.headers, body }, whole))
    }
}

/// Waits for something that a connection is to bring, and drives the connection meanwhile.
async fn driving<T, C>(connection: &mut Option<Pin<Box<C>>>, awaited: impl Future<Output = T>) -> T
where
    C: Future,
{
    let mut awaited = pin!(awaited);
    poll_fn(|cx| {
        if let Some(open) = connection
            && open.as_mut().poll(cx).is_ready()
        {
            // Why it ended is told to whoever waits for an answer on it.
            *connection = None;
        }
        awaited.as_mut().poll(cx)
    })
    .await
}

/// Reads the body to its end or to the limit; says whether that was its end. A small one, the rule, is not copied.
async fn read(mut body: Incoming) -> hyper::Result<(Bytes, bool)> {
    let Some(first) = next(&mut body).await? else { return Ok((Bytes::new(), true)) };
    if first.len() >= BODY_LIMIT {
        return Ok((first.slice(..BODY_LIMIT), false));
    }
    let Some(second) = next(&mut body).await? else { return Ok((first, true)) };
    let mut whole = BytesMut::from(first);
    let mut more = Some(second);
    while let Some(chunk) = more {
        let room = BODY_LIMIT - whole.len();
        whole.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if whole.len() == BODY_LIMIT {
            return Ok((whole.freeze(), false));
        }
        more = next(&mut body).await?;
    }
    Ok((whole.freeze(), true))
}

/// The next piece of a body.
async fn next(body: &mut Incoming) -> hyper::Result<Option<Bytes>> {
    while let Some(frame) = body.frame().await {
        // Trailers say nothing that is asked for.
        if let Ok(data) = frame?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// What went wrong, in our own words: the library's may hold what was sent.
fn told(error: &hyper::Error) -> EgressError {
    if error.is_parse() { EgressError::Garbage } else { EgressError::Lost }
}
