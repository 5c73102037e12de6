//! Slack: one thread for each case by a bot, its first message kept current; or one incoming webhook.
//!
//! Slack knows no idempotency key: a message whose answer was lost may arrive twice.

mod answer;
mod preview;
mod render;
mod setting;

use super::egress::{Egress, Request, Url};
use super::{AddressKind, Attempt, Channel, ChannelKind, verdict};
use crate::decide::{Accepted, Failure, Reason, Receipt};
use crate::event::id::Digest;
use crate::message::Kind;
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::Serialize;
use std::future::Future;
use std::pin::Pin;

/// What a channel of `type = "slack"` is.
pub const KIND: ChannelKind = ChannelKind {
    name: "slack",
    address: Some(AddressKind::Slack),
    settings: setting::read,
    preview: Some(preview::preview),
    schema: setting::schema,
};

/// One workspace by a bot.
struct Bot {
    egress: Egress,
    post: Url,
    update: Url,
    headers: HeaderMap,
}

/// One incoming webhook: it leads to one place, and its messages can be neither threaded nor amended.
struct Hook {
    egress: Egress,
    url: Url,
    headers: HeaderMap,
}

/// The body of every request.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    /// Which message to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_broadcast: Option<bool>,
    text: String,
    blocks: Vec<render::Shape>,
    /// No names, links or mark-up are looked for in `text`.
    parse: &'static str,
    link_names: bool,
    mrkdwn: bool,
    unfurl_links: bool,
    unfurl_media: bool,
}

impl<'a> Payload<'a> {
    fn new(attempt: &Attempt, channel: Option<&'a str>) -> Payload<'a> {
        Payload {
            channel,
            ts: None,
            thread_ts: None,
            reply_broadcast: None,
            text: render::fallback(attempt),
            blocks: render::blocks(attempt),
            parse: "none",
            link_names: false,
            mrkdwn: false,
            unfurl_links: false,
            unfurl_media: false,
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        serde_json::to_vec(self)
            .map_err(|_| verdict::delivery(Reason::Content, "the message cannot be written as JSON"))
    }
}

impl Bot {
    async fn call(&self, url: &Url, payload: &Payload<'_>, attempt: &Attempt) -> Result<Accepted, Failure> {
        let body = payload.bytes()?;
        let digest = Digest::of(&[&body]);
        let request = Request {
            method: Method::POST,
            url,
            headers: self.headers.clone(),
            body: Bytes::from(body),
            deadline: attempt.deadline,
            now: attempt.now,
        };
        let accepted = answer::of_api(&self.egress.send(request).await?, attempt.now)?;
        Ok(Accepted { body: Some(digest), ..accepted })
    }

    async fn send(&self, attempt: &Attempt) -> Result<Accepted, Failure> {
        // A thread stands where its first message stands; the configuration may name another place by now.
        let first = attempt.first.as_ref();
        let place = first.and_then(|first| first.place.as_deref()).unwrap_or(&attempt.address);
        let mut payload = Payload::new(attempt, Some(place));
        payload.thread_ts = first.map(|first| &*first.id);
        // Whoever reads the channel and not the thread is to hear that it is over.
        payload.reply_broadcast =
            (first.is_some() && attempt.message.kind == Kind::Resolution).then_some(true);
        self.call(&self.post, &payload, attempt).await
    }

    async fn amend(&self, first: &Receipt, attempt: &Attempt) -> Result<(), Failure> {
        let place = first.place.as_deref().unwrap_or(&attempt.address);
        let mut payload = Payload::new(attempt, Some(place));
        payload.ts = Some(&first.id);
        self.call(&self.update, &payload, attempt).await.map(|_| ())
    }
}

impl Hook {
    async fn send(&self, attempt: &Attempt) -> Result<Accepted, Failure> {
        let body = Payload::new(attempt, None).bytes()?;
        let digest = Digest::of(&[&body]);
        let request = Request {
            method: Method::POST,
            url: &self.url,
            headers: self.headers.clone(),
            body: Bytes::from(body),
            deadline: attempt.deadline,
            now: attempt.now,
        };
        let accepted = answer::of_hook(&self.egress.send(request).await?, attempt.now)?;
        Ok(Accepted { body: Some(digest), ..accepted })
    }
}

impl Channel for Bot {
    fn send<'a>(
        &'a self,
        attempt: &'a Attempt,
    ) -> Pin<Box<dyn Future<Output = Result<Accepted, Failure>> + Send + 'a>> {
        Box::pin(self.send(attempt))
    }

    fn amend<'a>(
        &'a self,
        first: &'a Receipt,
        attempt: &'a Attempt,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>> {
        Box::pin(self.amend(first, attempt))
    }
}

impl Channel for Hook {
    fn send<'a>(
        &'a self,
        attempt: &'a Attempt,
    ) -> Pin<Box<dyn Future<Output = Result<Accepted, Failure>> + Send + 'a>> {
        Box::pin(self.send(attempt))
    }
}

#[cfg(test)]
mod tests;
