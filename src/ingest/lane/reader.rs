//! The loop of a lane: bind, read a batch, hand it in, wait for its answer, read the next.

use super::order::{Next, Order};
use super::stream::{self, End, Found};
use super::{Cursor, LaneEvents, Settings, Start, Stopped};
use crate::ingest::nats::{self, Place};
use crate::ingest::{Arrival, Batch, Door};
use async_nats::jetstream::consumer::{Consumer, pull};
use async_nats::jetstream::context::{Context, ContextBuilder};
use async_nats::jetstream::{self, Message};
use async_nats::{Client, connection::State};
use futures_util::StreamExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The most messages of one batch.
const BATCH_MESSAGES_MAX: usize = 256;
/// About the most bytes of one batch; one message may be longer.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// How long a request for the next message stands at the server.
const WAIT: Duration = Duration::from_secs(3);
/// How long after that the server's word that there was none may take.
const GRACE: Duration = Duration::from_secs(2);
/// How many requests in a row may give nothing although the stream has grown, before the consumer is made anew:
/// a stall is found within 30 s (R2).
const EMPTY_MAX: u32 = 2;
/// How long to wait before binding again, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(4));
/// How long a connection may take before it is said that there is none.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often to look whether the connection is lost, or back.
const LOOK: Duration = Duration::from_millis(100);

pub(super) struct Reader {
    client: Client,
    context: Context,
    settings: Settings,
    door: Arc<dyn Door>,
    events: Arc<dyn LaneEvents>,
    /// Up to where everything is answered for; `None` before the stream was first found.
    cursor: Option<Cursor>,
    order: Order,
    /// Whether the lane reads, or why not, as far as was said.
    said: Option<Result<(), &'static str>>,
    /// Whether it has since caught up, as far as was said.
    caught_up: bool,
    /// What is waited before binding again; doubled by each failure, reset by success.
    backoff: Duration,
}

/// One consumer and what is known about its progress.
struct Session {
    stream: jetstream::stream::Stream,
    consumer: Consumer<pull::Config>,
    /// How often the client had connected when this began.
    connects: u64,
    /// What must be answered before the lane has caught up; `None` once it has.
    target: Option<u64>,
    empty: u32,
}

impl Reader {
    pub(super) fn new(
        client: Client,
        settings: Settings,
        door: Arc<dyn Door>,
        events: Arc<dyn LaneEvents>,
    ) -> Reader {
        let context = ContextBuilder::new().timeout(Duration::from_secs(5)).build(client.clone());
        let cursor = settings.cursor.clone();
        Reader {
            client,
            context,
            settings,
            door,
            events,
            cursor,
            order: Order::default(),
            said: None,
            caught_up: false,
            backoff: BACKOFF.0,
        }
    }

    pub(super) async fn run(mut self) -> Stopped {
        loop {
            self.connection().await;
            let Err(end) = self.session().await;
            match end {
                End::Stopped(stopped) => return stopped,
                End::Anew => tokio::time::sleep(BACKOFF.0).await,
                End::Again(reason) => {
                    self.caught_up = false;
                    self.say(Err(reason));
                    tokio::time::sleep(self.backoff).await;
                    self.backoff = (self.backoff * 2).min(BACKOFF.1);
                }
            }
        }
    }

    /// Waits until there is a connection.
    async fn connection(&mut self) {
        if tokio::time::timeout(PATIENCE, self.connected()).await.is_ok() {
            return;
        }
        if !matches!(self.said, Some(Err(_))) {
            self.say(Err("there is no connection to NATS"));
        }
        self.connected().await;
    }

    async fn connected(&self) {
        while self.client.connection_state() != State::Connected {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Says whether the lane reads, or why not, where that is not what was said last.
    fn say(&mut self, up: Result<(), &'static str>) {
        if self.said.replace(up) != Some(up) {
            self.events.connected(&self.settings.lane, up);
        }
    }

    /// Reads with one consumer for as long as it works.
    async fn session(&mut self) -> Result<std::convert::Infallible, End> {
        let mut session = self.bind().await?;
        let ended = loop {
            if let Err(end) = self.turn(&mut session).await {
                break end;
            }
        };
        // Best effort: the server forgets a consumer that nobody reads by itself.
        let name = &session.consumer.cached_info().name;
        if matches!(ended, End::Anew) {
            let _ = session.stream.delete_consumer(name).await;
        }
        Err(ended)
    }

    fn connects(&self) -> u64 {
        self.client.statistics().connects.load(Ordering::Relaxed)
    }

    /// Ends when the connection of a session does, even if there is another by then: a request is never sent twice.
    async fn lost(&self, connects: u64) {
        while self.client.connection_state() == State::Connected && self.connects() == connects {
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn bind(&mut self) -> Result<Session, End> {
        let connects = self.connects();
        let mut found = stream::find(&self.context, &self.settings, self.cursor.as_ref()).await?;
        let (first, last) = {
            let state = &found.stream.cached_info().state;
            (state.first_sequence, state.last_sequence)
        };
        if !found.first_start && first > found.cursor.sequence + 1 {
            self.events.gap(&self.settings.lane, found.cursor.sequence + 1, first - 1);
            found.cursor.sequence = first - 1;
        }
        let consumer = stream::consume(&found, &self.settings).await?;
        let info = consumer.cached_info();
        if found.first_start && matches!(self.settings.start, Start::Since(_)) {
            found.cursor.sequence = info.delivered.stream_sequence;
        }
        let Found { stream, mut cursor, .. } = found;
        let pending = info.num_pending;
        if pending == 0 {
            // Whatever there is up to `last` is not ours.
            cursor.sequence = cursor.sequence.max(last);
        }
        self.order.begin(cursor.sequence);
        self.events.bound(&self.settings.lane, &cursor);
        self.events.lag(&self.settings.lane, pending);
        self.cursor = Some(cursor);
        self.backoff = BACKOFF.0;
        self.say(Ok(()));
        if pending == 0 {
            self.say_caught_up();
        }
        let target = (pending > 0).then_some(last);
        Ok(Session { stream, consumer, connects, target, empty: 0 })
    }

    /// Once for each connection, however often the consumer is made anew.
    fn say_caught_up(&mut self) {
        if !std::mem::replace(&mut self.caught_up, true) {
            self.events.caught_up(&self.settings.lane);
        }
    }

    /// Reads one batch and has it answered; nothing is asked for before that.
    async fn turn(&mut self, session: &mut Session) -> Result<(), End> {
        // Cancel-safe: what a reading that is broken off had received is read again from the cursor.
        let messages = tokio::select! {
            messages = fetch(&session.consumer) => messages?,
            () = self.lost(session.connects) => return Err(End::Again("the connection was lost")),
        };
        let Some(messages) = messages else {
            return self.idle(session).await;
        };
        session.empty = 0;
        self.take(session, messages).await
    }

    /// Nothing came: is that right?
    async fn idle(&mut self, session: &mut Session) -> Result<(), End> {
        session.empty += 1;
        let info = session.stream.get_info().await.map_err(|_| End::Again("the stream does not answer"))?;
        if let Some(cursor) = &self.cursor {
            stream::verify(cursor, &info)?;
            if session.empty >= EMPTY_MAX && info.state.last_sequence > cursor.sequence {
                return Err(End::Anew);
            }
        }
        Ok(())
    }

    async fn take(&mut self, session: &mut Session, messages: Vec<Message>) -> Result<(), End> {
        let lane = self.settings.lane.clone();
        let mut arrivals: Vec<Arrival> = Vec::with_capacity(messages.len());
        let (mut pending, mut again, mut looked) = (0, false, false);
        for message in &messages {
            let info =
                message.info().map_err(|_| End::Again("the server sent what is no message of a stream"))?;
            let (sequence, from) = (info.stream_sequence, self.order.last + 1);
            match self.order.next(sequence, info.consumer_sequence) {
                Next::Again => {
                    again = true;
                    break;
                }
                Next::TakeAfterGap => self.events.gap(&lane, from, sequence - 1),
                // One look for a batch: what came in it was there a moment ago.
                Next::TakeAfterLook if !looked => {
                    looked = true;
                    self.look_for_gap(session, from, sequence).await?;
                }
                Next::Take | Next::TakeAfterLook => {}
            }
            let place = Place { sequence, taken: stream::instant(info.published) };
            let (headers, payload) = (message.headers.as_ref(), &message.payload);
            arrivals.push(nats::arrive(&lane, self.settings.carries, place, headers, payload));
            pending = info.pending;
        }
        drop(messages);
        let last = self.order.last;
        if !arrivals.is_empty() {
            let answer = self.door.submit(Batch { lane: lane.clone(), arrivals }).await;
            answer.map_err(|_| End::Again("the daemon takes nothing at the moment"))?;
            if let Some(cursor) = &mut self.cursor {
                cursor.sequence = last;
            }
            self.events.lag(&lane, pending);
            if session.target.is_some_and(|target| last >= target || pending == 0) {
                session.target = None;
                self.say_caught_up();
            }
        }
        if again { Err(End::Anew) } else { Ok(()) }
    }

    /// What lies between two messages belongs to others, unless the stream has already let go of it.
    async fn look_for_gap(&self, session: &Session, from: u64, next: u64) -> Result<(), End> {
        let info = session.stream.get_info().await.map_err(|_| End::Again("the stream does not answer"))?;
        let first = info.state.first_sequence;
        if first > from {
            self.events.gap(&self.settings.lane, from, first.min(next) - 1);
        }
        Ok(())
    }
}

/// The next message and what waits behind it, up to the bounds of a batch; `None` when nothing came in time.
async fn fetch(consumer: &Consumer<pull::Config>) -> Result<Option<Vec<Message>>, End> {
    let lost = |_| End::Again("the consumer does not answer");
    let mut first = consumer.batch().max_messages(1).expires(WAIT).messages().await.map_err(lost)?;
    let message = match tokio::time::timeout(WAIT + GRACE, first.next()).await {
        Err(_) | Ok(None) => return Ok(None),
        Ok(Some(message)) => message.map_err(|_| End::Again("the consumer is gone"))?,
    };
    let mut messages = vec![message];
    // Without a bound of bytes on the first one, a message longer than a batch is still read: alone.
    let rest =
        consumer.fetch().max_messages(BATCH_MESSAGES_MAX - 1).max_bytes(BATCH_BYTES_MAX).messages().await;
    if let Ok(mut rest) = rest {
        let gather = async {
            while let Some(Ok(message)) = rest.next().await {
                messages.push(message);
            }
        };
        // Too slow, or refused because the next one is longer than the bound: what there is goes in now, and if a
        // message comes to nobody meanwhile, the hole in the consumer's counting shows it.
        let _ = tokio::time::timeout(GRACE, gather).await;
    }
    Ok(Some(messages))
}
