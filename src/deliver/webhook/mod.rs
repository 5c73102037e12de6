//! Webhooks: signed POSTs by Standard Webhooks 1.0, or in the form of Alertmanager's.
//!
//! The endpoint is the recipient, so what it refuses is about the delivery; sends happen at least once, and
//! `webhook-id` is the same on every one of them.

mod alertmanager;
mod native;
mod setting;
mod sign;
mod table;

use super::egress::{Egress, Request, Url};
use super::{Attempt, Channel, ChannelKind, verdict};
use crate::decide::{Accepted, Failure, Reason};
use crate::event::id::Digest;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use setting::Format;
use sign::Signer;
use std::future::Future;
use std::pin::Pin;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What a channel of `type = "webhook"` is.
pub const KIND: ChannelKind = ChannelKind {
    name: "webhook",
    address: None,
    settings: setting::read,
    preview: Some(native::preview),
    schema: setting::schema,
};

/// One endpoint.
struct Webhook {
    egress: Egress,
    url: Url,
    /// Those that are the same on every attempt.
    headers: HeaderMap,
    signer: Signer,
    format: Format,
    /// For `externalURL` of Alertmanager's form.
    external_url: String,
}

impl Webhook {
    async fn post(&self, attempt: &Attempt) -> Result<Accepted, Failure> {
        let body = match self.format {
            Format::Tidings => native::body(attempt),
            Format::Alertmanager => alertmanager::body(attempt, &self.external_url),
        };
        let body = body.map_err(|error| {
            let kind = error.classify();
            verdict::delivery(Reason::Content, format!("the message cannot be written as JSON: {kind:?}"))
        })?;
        let digest = Digest::of(&[&body]);
        let request = Request {
            method: Method::POST,
            url: &self.url,
            headers: self.headers(attempt, &body),
            body: Bytes::from(body),
            deadline: attempt.deadline,
            now: attempt.now,
        };
        let answer = self.egress.send(request).await?;
        verdict::of_status(&answer, attempt.now)?;
        Ok(Accepted { receipt: None, body: Some(digest) })
    }

    fn headers(&self, attempt: &Attempt, body: &[u8]) -> HeaderMap {
        let id = attempt.key.to_string();
        let timestamp = attempt.now.seconds().to_string();
        let mut headers = self.headers.clone();
        if !self.signer.is_empty() {
            headers.insert(SIGNATURE, plain(self.signer.sign(&id, &timestamp, body)));
        }
        headers.insert(ID, plain(id));
        headers.insert(TIMESTAMP, plain(timestamp));
        headers
    }
}

/// A header value from text of our own making.
fn plain(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("digits, letters and Base64 make a header value")
}

impl Channel for Webhook {
    fn send<'a>(
        &'a self,
        attempt: &'a Attempt,
    ) -> Pin<Box<dyn Future<Output = Result<Accepted, Failure>> + Send + 'a>> {
        Box::pin(self.post(attempt))
    }
}

#[cfg(test)]
mod tests;
