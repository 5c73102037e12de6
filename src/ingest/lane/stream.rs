//! The stream behind a lane: found, verified, never made behind a cursor; and a consumer that begins at a position.

use super::{Cursor, Settings, Start, Stopped};
use crate::event::Time;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
use async_nats::jetstream::context::{Context, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, Info, RetentionPolicy, StorageType, Stream};
use std::time::Duration;

/// After how long the server forgets a consumer that nobody reads.
const INACTIVE_AFTER: Duration = Duration::from_secs(60);

/// Why reading was broken off.
#[derive(Debug)]
pub(super) enum End {
    /// It begins again where it was, after a while.
    Again(&'static str),
    /// It begins again at once with a new consumer; nothing is wrong with the connection.
    Anew,
    /// A person must say how to go on.
    Stopped(Stopped),
}

/// A stream as it was found.
pub(super) struct Found {
    pub(super) stream: Stream,
    pub(super) cursor: Cursor,
    /// Whether the position comes from a cursor; if not, nothing can be missing before it.
    pub(super) first_start: bool,
}

pub(super) fn instant(time: async_nats::datetime::DateTime) -> Time {
    Time::from_millis(i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).unwrap_or(i64::MAX))
}

/// Finds the stream and verifies that it is the one that the cursor is of.
pub(super) async fn find(
    context: &Context,
    settings: &Settings,
    cursor: Option<&Cursor>,
) -> Result<Found, End> {
    let stream = match context.get_stream(&settings.stream).await {
        Ok(stream) => stream,
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(error) if is_missing(&error) => {
                if cursor.is_some() || !settings.create {
                    return Err(End::Again("there is no such stream"));
                }
                create(context, settings).await?
            }
            _ => return Err(End::Again("the stream does not answer")),
        },
    };
    let info = stream.cached_info();
    if info.config.retention != RetentionPolicy::Limits {
        return Err(stopped("the stream does not keep what was read: it needs the retention \"limits\""));
    }
    let found =
        Cursor { stream: settings.stream.as_str().into(), created: instant(info.created), sequence: 0 };
    let state = &info.state;
    let (cursor, first_start) = match cursor {
        Some(cursor) => {
            verify(cursor, info)?;
            (cursor.clone(), false)
        }
        None => {
            let sequence = match settings.start {
                Start::New => state.last_sequence,
                Start::All | Start::Since(_) => state.first_sequence.saturating_sub(1),
            };
            (Cursor { sequence, ..found }, true)
        }
    };
    Ok(Found { stream, cursor, first_start })
}

/// Whether this is the stream, and has everything, that the cursor counts in.
pub(super) fn verify(cursor: &Cursor, info: &Info) -> Result<(), End> {
    if *cursor.stream != *info.config.name || cursor.created != instant(info.created) {
        return Err(stopped(
            "the stream is another one than before: its sequences say nothing about what has been read",
        ));
    }
    if info.state.last_sequence < cursor.sequence {
        return Err(stopped("the stream ends before what has been read: it lost its end or was restored"));
    }
    Ok(())
}

fn stopped(reason: &str) -> End {
    End::Stopped(Stopped(reason.into()))
}

fn is_missing(error: &async_nats::jetstream::Error) -> bool {
    error.error_code() == async_nats::jetstream::ErrorCode::STREAM_NOT_FOUND
}

async fn create(context: &Context, settings: &Settings) -> Result<Stream, End> {
    let config = Config {
        name: settings.stream.clone(),
        subjects: settings.subjects.clone(),
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        ..Config::default()
    };
    context.create_stream(config).await.map_err(|_| End::Again("the stream cannot be made"))
}

/// A consumer that begins behind the cursor, or at the start's instant. It lives in memory and keeps no account.
pub(super) async fn consume(found: &Found, settings: &Settings) -> Result<Consumer<pull::Config>, End> {
    let deliver_policy = match settings.start {
        Start::Since(time) if found.first_start => DeliverPolicy::ByStartTime {
            start_time: async_nats::datetime::from_nanos(i128::from(time.millis()) * 1_000_000)
                .map_err(|_| stopped("the time to begin at is none that NATS knows"))?,
        },
        _ => DeliverPolicy::ByStartSequence { start_sequence: found.cursor.sequence + 1 },
    };
    let config = pull::Config {
        deliver_policy,
        ack_policy: AckPolicy::None,
        filter_subjects: settings.subjects.clone(),
        inactive_threshold: INACTIVE_AFTER,
        num_replicas: 1,
        memory_storage: true,
        ..pull::Config::default()
    };
    let made = found.stream.create_consumer(config).await;
    made.map_err(|_| End::Again("the stream cannot be read: no consumer could be made"))
}
