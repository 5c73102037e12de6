//! The channel kind `sms`: one short text to one telephone, through Twilio or through a gateway described in TOML.
//!
//! No provider of telephone messages knows idempotency keys: an attempt whose answer is lost may arrive twice.

mod gateway;
mod gsm7;
mod keys;
mod template;
mod twilio;

use self::gateway::Gateway;
use self::gsm7::Fitted;
use self::twilio::Twilio;
use super::egress::{Egress, networks};
use super::{AddressKind, Attempt, ChannelKind, Common, OpenSecret};
use crate::decide::{Accepted, Failure, Limit};
use crate::event::id::Digest;
use crate::event::{Name, Problem, SecretRef, Span};
use crate::message::slot;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What a channel of `type = "sms"` is.
pub const KIND: ChannelKind = ChannelKind {
    name: "sms",
    address: Some(AddressKind::Phone),
    settings: |toml| Ok(Box::new(keys::read(toml)?)),
    preview: Some(preview),
    schema: Form::json_schema,
};

/// In how many parts a message may travel where the configuration does not say.
const SEGMENTS: u8 = 2;
/// The most parts that the configuration may allow: what is longer belongs into another channel.
const MAX_SEGMENTS: u8 = 3;
/// For one person, over all rows: a telephone that rings more often is switched off (R19).
const CEILING: Limit = Limit { max: 5, per: Span::from_mins(15) };

/// Short texts to telephones. A message is one line, spelled in the GSM alphabet where that is possible, and cut to
/// `segments` parts.
#[derive(Debug, JsonSchema)]
#[schemars(tag = "provider", rename_all = "lowercase", rename = "SmsSettings")]
enum Form {
    /// Twilio's Programmable Messaging.
    Twilio(Box<twilio::Settings>),
    /// Any gateway with an HTTP interface.
    Gateway(Box<gateway::Settings>),
}

/// The keys of one channel.
#[derive(Debug)]
struct Settings {
    form: Form,
    /// Keys that belong to the other provider.
    foreign: Vec<&'static str>,
}

impl Settings {
    fn segments(&self) -> u8 {
        let stated = match &self.form {
            Form::Twilio(settings) => settings.segments,
            Form::Gateway(settings) => settings.segments,
        };
        stated.unwrap_or(SEGMENTS)
    }
}

impl super::Settings for Settings {
    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for key in &self.foreign {
            let hint = "leave it out, or name the provider that it belongs to";
            problems.push(Problem::new(*key, "this key belongs to another provider", hint));
        }
        match &self.form {
            Form::Twilio(settings) => settings.check(&mut problems),
            Form::Gateway(settings) => settings.check(&mut problems),
        }
        if !(1..=MAX_SEGMENTS).contains(&self.segments()) {
            let message = format!("a message may have 1 to {MAX_SEGMENTS} parts");
            problems.push(Problem::new("segments", message, "longer texts belong into an e-mail"));
        }
        problems
    }

    fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        match &self.form {
            Form::Twilio(settings) => settings.secrets(),
            Form::Gateway(settings) => settings.secrets(),
        }
    }

    fn address(&self, text: &str) -> Result<String, Problem> {
        let hint = "write it with + and the country, such as \"+4670000001\"";
        number(text).ok_or_else(|| Problem::new("", "this is no telephone number", hint))
    }

    fn leads_to(&self) -> String {
        match &self.form {
            Form::Twilio(settings) => settings.leads_to(),
            Form::Gateway(settings) => settings.leads_to(),
        }
    }

    fn build(
        &self,
        name: &Name,
        common: &Common,
        open: &OpenSecret<'_>,
    ) -> Result<Arc<dyn super::Channel>, String> {
        let egress = Egress::new(&networks(&common.allow_networks)?, &format!("channel.{name}"));
        let provider = match &self.form {
            Form::Twilio(settings) => Provider::Twilio(Box::new(settings.build(egress, open)?)),
            Form::Gateway(settings) => Provider::Gateway(Box::new(settings.build(egress, open)?)),
        };
        Ok(Arc::new(Channel { provider, segments: self.segments().clamp(1, MAX_SEGMENTS).into() }))
    }

    fn ceiling(&self) -> Option<Limit> {
        Some(CEILING)
    }
}

enum Provider {
    Twilio(Box<Twilio>),
    Gateway(Box<Gateway>),
}

/// One provider, one sender.
struct Channel {
    provider: Provider,
    segments: usize,
}

impl super::Channel for Channel {
    fn send<'a>(
        &'a self,
        attempt: &'a Attempt,
    ) -> Pin<Box<dyn Future<Output = Result<Accepted, Failure>> + Send + 'a>> {
        Box::pin(async {
            let url = attempt.answer.as_ref().map_or("", |answer| &answer.url);
            let Fitted { text, .. } = gsm7::fit_before(&line(attempt), url, self.segments);
            let receipt = match &self.provider {
                Provider::Twilio(twilio) => twilio.send(attempt, &text).await?,
                Provider::Gateway(gateway) => gateway.send(attempt, &text).await?,
            };
            Ok(Accepted { receipt, body: Some(Digest::of(&[text.as_bytes()])) })
        })
    }
}

/// The text as a telephone shows it.
fn preview(attempt: &Attempt) -> String {
    gsm7::fit(&line(attempt), SEGMENTS.into()).text
}

/// What there is to say, before it is spelled and cut.
fn line(attempt: &Attempt) -> String {
    let short = slot::fill(&attempt.message.short, &attempt.filling);
    match &attempt.meant_for {
        Some(recipient) => format!("[for {recipient}] {short}"),
        None => short.into_owned(),
    }
}

/// A number in the form of E.164, from the ways in which people write one; `None` if it is none.
fn number(text: &str) -> Option<String> {
    let written = text.trim().strip_prefix('+')?;
    let is_separator = |c: char| matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{A0}');
    let digits: String = written.chars().filter(|c| !is_separator(*c)).collect();
    let good = (2..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    good.then(|| format!("+{digits}"))
}

/// Whether the text may stand as a sender: a number, a short code, or a name of up to 11 letters, digits and spaces.
fn is_sender(text: &str) -> bool {
    let is_short_code = (3..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let is_name = (1..=11).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'_' | b'.' | b'&'))
        && text.bytes().any(|b| b.is_ascii_alphabetic());
    is_short_code || is_name || number(text).is_some_and(|number| number == text)
}

/// Pairs as `application/x-www-form-urlencoded`.
fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::with_capacity(512);
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.extend(utf8_percent_encode(name, NON_ALPHANUMERIC));
        out.push('=');
        out.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    out
}

/// A login as the value of an `Authorization` header.
fn basic(user: &str, password: &SecretString) -> Result<HeaderValue, String> {
    secret_header(&format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose_secret()))))
}

/// A header's value that no log shows.
fn secret_header(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text).map_err(|_| "a secret cannot stand in a header")?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
