//! Released deliveries → attempts: one task each, within the channel's rate and the deadline; outcomes go back in.

use super::clock::Clock;
use super::door::Mailbox;
use super::kept::KeptMessages;
use super::links::{Links, Purpose};
use super::task::Tasks;
use crate::config::Rate;
use crate::decide::{Accepted, Blame, Failure, Outcome, Reason, Receipt, Retry, Sent};
use crate::deliver::{AnswerLink, Attempt, Channel};
use crate::event::id::{CaseId, DeliveryId, Digest, NotificationId};
use crate::event::{Name, Recipient, Span, Time};
use crate::journal::crash_mark;
use crate::message::{Disclosure, Message, slot};
use crate::observe::metrics::Metrics;
use arc_swap::ArcSwap;
use futures_util::FutureExt;
use governor::{DefaultDirectRateLimiter, Quota};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One attempt to be made.
#[derive(Debug)]
pub struct Job {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Which attempt, counted from 1.
    pub attempt: u32,
    /// Its key.
    pub key: Digest,
    /// Whom, by name.
    pub recipient: Recipient,
    /// The audience of the briefing.
    pub audience: Name,
    /// The case that its reader may take on (R25).
    pub acknowledges: Option<CaseId>,
    /// By which channel.
    pub channel: Name,
    /// Where; `None` where the channel alone is the destination.
    pub address: Option<Arc<str>>,
    /// The reader's zone.
    pub time_zone: Box<str>,
    /// The level of the audience.
    pub disclosure: Disclosure,
    /// What to say.
    pub body: Body,
    /// When it was decided.
    pub decided_at: Time,
    /// Ledger time.
    pub now: Time,
    /// The next word that it promises (R22).
    pub next_update: Option<Time>,
    /// How late it is, if that is worth saying.
    pub delay: Option<Span>,
    /// The thread of this recipient in this briefing.
    pub thread: Digest,
    /// The first message of the thread.
    pub first: Option<Receipt>,
    /// Whom it was meant for, where everything is redirected.
    pub meant_for: Option<Recipient>,
}

/// Where a message is.
#[derive(Clone, Debug)]
pub enum Body {
    /// In memory.
    Here(Arc<Message>),
    /// In the journal.
    Kept {
        /// In which entry.
        entry: u64,
        /// Under which number.
        notification: NotificationId,
    },
}

/// One channel, ready to send.
pub struct Runner {
    channel: Result<Arc<dyn Channel>, String>,
    timeout: Span,
    limiter: Option<DefaultDirectRateLimiter>,
}

impl Runner {
    /// A channel as it was built, or why it is down (R38).
    pub fn new(channel: Result<Arc<dyn Channel>, String>, timeout: Span, rate: Option<Rate>) -> Runner {
        let limiter = rate.and_then(|rate| {
            let each = rate.per.to_std() / rate.max.max(1);
            let quota = Quota::with_period(each)?.allow_burst(NonZeroU32::MIN);
            Some(DefaultDirectRateLimiter::direct(quota))
        });
        Runner { channel, timeout, limiter }
    }

    /// Why it is down, if it is.
    pub fn down(&self) -> Option<&str> {
        self.channel.as_ref().err().map(String::as_str)
    }
}

/// The channels of a policy.
pub type Channels = BTreeMap<Name, Arc<Runner>>;

/// Starts attempts; cheap to clone.
#[derive(Clone)]
pub struct Dispatcher {
    channels: Arc<ArcSwap<Channels>>,
    mailbox: Arc<Mailbox>,
    metrics: Arc<Metrics>,
    kept: Arc<KeptMessages>,
    clock: Clock,
    tasks: Tasks,
    under_way: Arc<AtomicUsize>,
    links: Option<Arc<Links>>,
}

impl Dispatcher {
    /// A dispatcher without channels.
    pub fn new(
        mailbox: Arc<Mailbox>,
        metrics: Arc<Metrics>,
        kept: Arc<KeptMessages>,
        clock: Clock,
        tasks: Tasks,
    ) -> Dispatcher {
        Dispatcher {
            channels: Arc::new(ArcSwap::from_pointee(Channels::new())),
            mailbox,
            metrics,
            kept,
            clock,
            tasks,
            under_way: Arc::default(),
            links: None,
        }
    }

    /// People are given these links to answer by.
    pub fn with_links(self, links: Links) -> Dispatcher {
        Dispatcher { links: Some(Arc::new(links)), ..self }
    }

    /// From here on these channels are used; attempts under way end on the old ones.
    pub fn install(&self, channels: Channels) {
        for (name, runner) in &channels {
            self.metrics.channel_down(name.as_str(), runner.down().is_some());
        }
        self.channels.store(Arc::new(channels));
    }

    /// How many attempts are under way.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Acquire)
    }

    /// Starts an attempt.
    pub fn start(&self, job: Job) {
        let this = self.clone();
        self.under_way.fetch_add(1, Ordering::AcqRel);
        // What does not end before the process is unknown, and made again under its key at the next start (R32).
        self.tasks.attempt(async move {
            let (delivery, attempt) = (job.delivery, job.attempt);
            let made = AssertUnwindSafe(this.make(job)).catch_unwind().await;
            let result = made.unwrap_or_else(|_| Err(panicked()));
            crash_mark::mark(crash_mark::ATTEMPT_ANSWERED);
            this.mailbox.outcome(Outcome { delivery, attempt, result });
            this.under_way.fetch_sub(1, Ordering::AcqRel);
        });
    }

    async fn make(&self, job: Job) -> Result<Accepted, Failure> {
        let channels = self.channels.load_full();
        let Some(runner) = channels.get(&job.channel) else {
            return Err(down("the channel is no longer configured"));
        };
        let channel = runner.channel.as_ref().map_err(|why| down(why))?;
        if let Some(limiter) = &runner.limiter {
            limiter.until_ready().await;
        }
        let message = match &job.body {
            Body::Here(message) => message.clone(),
            Body::Kept { entry, notification } => {
                self.kept.load(*entry, *notification).await.map_err(unread)?
            }
        };
        let name = job.channel.clone();
        let answer = self.links.as_ref().and_then(|links| job.answer(links, &message));
        let attempt = Attempt { answer, ..job.attempt(message, runner.timeout) };
        let started = self.clock.elapsed();
        let sent = tokio::time::timeout(runner.timeout.to_std(), channel.send(&attempt)).await;
        let result = sent.unwrap_or_else(|_| Err(too_slow()));
        let took = self.clock.elapsed().saturating_sub(started);
        self.metrics.delivery_attempted(name.as_str(), &result, took);
        match &result {
            Ok(_) => {
                tracing::debug!(channel = %name, recipient = %attempt.recipient, key = %attempt.key, "delivered")
            }
            Err(failure) => tracing::warn!(
                channel = %name,
                recipient = %attempt.recipient,
                key = %attempt.key,
                attempt = attempt.attempt,
                reason = failure.reason.as_str(),
                detail = %failure.detail,
                "an attempt failed"
            ),
        }
        if let (Ok(_), Some(first)) = (&result, &attempt.first) {
            // Outside the sum (R31): a first message that cannot be brought up to date is still true history.
            let amended = tokio::time::timeout(runner.timeout.to_std(), channel.amend(first, &attempt)).await;
            if let Ok(Err(failure)) = amended {
                tracing::info!(channel = %name, reason = failure.reason.as_str(), "a first message was not amended");
            }
        }
        result
    }
}

impl Job {
    /// The page on which the reader can answer, if there is anything that they can (R25).
    fn answer(&self, links: &Links, message: &Message) -> Option<AnswerLink> {
        let case =
            || Some(Purpose::Acknowledge { case: self.acknowledges?, audience: self.audience.clone() });
        let asks = message.asks.clone().filter(|_| self.disclosure != Disclosure::External);
        let purpose = asks.map(Purpose::Approve).or_else(case)?;
        links.link(purpose, &self.recipient, self.decided_at, self.now)
    }

    fn attempt(self, message: Arc<Message>, timeout: Span) -> Attempt {
        let zone = jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        Attempt {
            delivery: self.delivery,
            attempt: self.attempt,
            key: self.key,
            recipient: self.recipient,
            address: self.address.unwrap_or_else(|| Arc::from("")),
            disclosure: self.disclosure,
            message,
            decided_at: self.decided_at,
            now: self.now,
            filling: slot::Filling { zone, next_update: self.next_update, delay: self.delay },
            thread: self.thread,
            first: self.first,
            meant_for: self.meant_for,
            answer: None,
            deadline: timeout,
        }
    }
}

fn failure(about: Blame, sent: Sent, reason: Reason, detail: &str) -> Failure {
    Failure { about, sent, retry: Retry::After(None), reason, detail: detail.into() }
}

fn down(why: &str) -> Failure {
    failure(Blame::Channel, Sent::No, Reason::Authentication, &format!("the channel is down: {why}"))
}

fn too_slow() -> Failure {
    failure(Blame::Channel, Sent::Maybe, Reason::Deadline, "no answer within the time for one attempt")
}

fn unread(why: String) -> Failure {
    failure(
        Blame::Delivery,
        Sent::No,
        Reason::Content,
        &format!("its message could not be read from the journal: {why}"),
    )
}

fn panicked() -> Failure {
    failure(Blame::Delivery, Sent::Maybe, Reason::Content, "sending it failed inside Tidings")
}
