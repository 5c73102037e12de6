//! The body of a request: read within its limits of length, time and memory, and only then looked at.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, Request, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit in which memory for bodies is counted.
const PAGE: usize = 1024;

/// How long a request waits for memory before it is told to come again.
const MEMORY_WAIT: Duration = Duration::from_secs(1);

/// What bodies may take.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pages: Arc<Semaphore>,
    patience: Duration,
}

/// A body that was read; its memory is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error("the body is too long")]
    TooLong,
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the body ended early")]
    Broken,
    #[error("the body is compressed, which is not taken")]
    Encoded,
    #[error("too much is being read already")]
    Busy,
}

impl Error {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Error::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Error::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Error::Broken => StatusCode::BAD_REQUEST,
            Error::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Room {
    /// Room for `bytes` of bodies at once, each of which must arrive within `patience`.
    pub(super) fn new(bytes: usize, patience: Duration) -> Room {
        Room { pages: Arc::new(Semaphore::new(bytes.div_ceil(PAGE))), patience }
    }

    /// Reads the body of `request`, of at most `max` bytes.
    pub(super) async fn read(&self, request: Request<Body>, max: usize) -> Result<Read, Error> {
        let length = checked_length(request.headers(), max)?;
        let pages = u32::try_from(length.unwrap_or(max).div_ceil(PAGE)).map_err(|_| Error::TooLong)?;
        let waiting = Arc::clone(&self.pages).acquire_many_owned(pages);
        let room = tokio::time::timeout(MEMORY_WAIT, waiting).await;
        let room = room.map_err(|_| Error::Busy)?.map_err(|_| Error::Busy)?;
        let gathering = gather(request.into_body(), length, max);
        let bytes = tokio::time::timeout(self.patience, gathering).await.map_err(|_| Error::TooSlow)??;
        Ok(Read { bytes, _room: room })
    }
}

fn checked_length(headers: &HeaderMap, max: usize) -> Result<Option<usize>, Error> {
    let plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(plain) {
        return Err(Error::Encoded);
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > max) { Err(Error::TooLong) } else { Ok(length) }
}

async fn gather(body: Body, length: Option<usize>, max: usize) -> Result<Bytes, Error> {
    let mut stream = body.into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Error::Broken)?;
        if whole.is_empty() && length == Some(chunk.len()) {
            return Ok(chunk);
        }
        if whole.len() + chunk.len() > max {
            return Err(Error::TooLong);
        }
        whole.reserve(length.unwrap_or(0).saturating_sub(whole.len()).max(chunk.len()));
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}
