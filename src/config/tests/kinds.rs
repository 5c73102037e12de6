//! Kinds of channel for tests: the shapes that real ones have, without anything that sends.

use crate::decide::Limit;
use crate::deliver::{AddressKind, Channel, ChannelKind, Common, OpenSecret, Settings};
use crate::event::{Name, Problem, SecretRef, Span};
use crate::message::Disclosure;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn all() -> Vec<ChannelKind> {
    vec![
        kind::<Email>("email", Some(AddressKind::Email)),
        kind::<Sms>("sms", Some(AddressKind::Phone)),
        kind::<Slack>("slack", Some(AddressKind::Slack)),
        kind::<Webhook>("webhook", None),
        kind::<Console>("console", None),
    ]
}

fn kind<T: Settings + JsonSchema + serde::de::DeserializeOwned + 'static>(
    name: &'static str,
    address: Option<AddressKind>,
) -> ChannelKind {
    ChannelKind {
        name,
        address,
        settings: |toml| Ok(Box::new(T::deserialize(toml)?)),
        preview: None,
        schema: |generator| generator.subschema_for::<T>(),
    }
}

/// Mail for tests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Email {
    relay: String,
    password: Option<SecretRef>,
    #[serde(default)]
    from: String,
}

/// Text messages for tests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Sms {
    #[serde(default)]
    provider: String,
    #[serde(default)]
    account: String,
    token: Option<SecretRef>,
    from: String,
}

/// Chat for tests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Slack {
    token: SecretRef,
}

/// Webhooks for tests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Webhook {
    url: String,
    secret: Option<SecretRef>,
    #[serde(default)]
    format: String,
}

/// A screen for tests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Console {}

fn needs(text: &str, sign: &str) -> Result<String, Problem> {
    let wrong = || Problem::new("", "this is no such address", format!("write one with {sign}"));
    text.contains(sign).then(|| text.to_lowercase()).ok_or_else(wrong)
}

impl Settings for Email {
    fn check(&self) -> Vec<Problem> {
        let wrong = !self.relay.contains("://");
        let problem = || Problem::new("relay", "the relay has no scheme", "write smtps://HOST");
        wrong.then(problem).into_iter().collect()
    }
    fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        self.password.iter().map(|secret| ("password", secret)).collect()
    }
    fn address(&self, text: &str) -> Result<String, Problem> {
        needs(text, "@")
    }
    fn leads_to(&self) -> String {
        format!("{} as {}", self.relay, self.from)
    }
    fn build(&self, _: &Name, _: &Common, _: &OpenSecret<'_>) -> Result<Arc<dyn Channel>, String> {
        Err("tests send nothing".to_owned())
    }
}

impl Settings for Sms {
    fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        self.token.iter().map(|secret| ("token", secret)).collect()
    }
    fn address(&self, text: &str) -> Result<String, Problem> {
        needs(text, "+")
    }
    fn leads_to(&self) -> String {
        format!("{} {} as {}", self.provider, self.account, self.from)
    }
    fn build(&self, _: &Name, _: &Common, _: &OpenSecret<'_>) -> Result<Arc<dyn Channel>, String> {
        Err("tests send nothing".to_owned())
    }
    fn concurrency(&self) -> u32 {
        2
    }
    fn ceiling(&self) -> Option<Limit> {
        Some(Limit { max: 5, per: Span::from_mins(15) })
    }
}

impl Settings for Slack {
    fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        vec![("token", &self.token)]
    }
    fn address(&self, text: &str) -> Result<String, Problem> {
        needs(text, "#")
    }
    fn leads_to(&self) -> String {
        "slack".to_owned()
    }
    fn build(&self, _: &Name, _: &Common, _: &OpenSecret<'_>) -> Result<Arc<dyn Channel>, String> {
        Err("tests send nothing".to_owned())
    }
}

impl Settings for Webhook {
    fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        self.secret.iter().map(|secret| ("secret", secret)).collect()
    }
    fn address(&self, text: &str) -> Result<String, Problem> {
        if text.is_empty() {
            Ok(String::new())
        } else {
            Err(Problem::new("", "a webhook has one place", "leave it out"))
        }
    }
    fn leads_to(&self) -> String {
        self.url.clone()
    }
    fn build(&self, _: &Name, _: &Common, _: &OpenSecret<'_>) -> Result<Arc<dyn Channel>, String> {
        Err("tests send nothing".to_owned())
    }
    fn allows(&self, disclosure: Disclosure) -> Result<(), Problem> {
        if self.format != "alertmanager" || disclosure == Disclosure::Internal {
            return Ok(());
        }
        Err(Problem::new("format", "this format shows everything", "name an internal audience"))
    }
}

impl Settings for Console {
    fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        Vec::new()
    }
    fn address(&self, _: &str) -> Result<String, Problem> {
        Ok(String::new())
    }
    fn leads_to(&self) -> String {
        "the screen".to_owned()
    }
    fn build(&self, _: &Name, _: &Common, _: &OpenSecret<'_>) -> Result<Arc<dyn Channel>, String> {
        Err("tests send nothing".to_owned())
    }
}
