//! The keys of a channel of `type = "slack"`, and the channel that they make.

use super::{Bot, Hook};
use crate::deliver::egress::{Egress, Url, networks};
use crate::deliver::setting::{TextOrSecret, open_line};
use crate::deliver::{Channel, Common, OpenSecret, Settings};
use crate::event::{Name, Problem, SecretRef};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::sync::Arc;

/// Where Slack's Web API is.
const API: &str = "https://slack.com/api/";

/// The longest name of a Slack channel.
const NAME_LIMIT: usize = 80;

/// Slack, by a bot or by an incoming webhook.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SlackSettings {
    /// The bot's token, a secret (`xoxb-…`); it needs the scope `chat:write`.
    token: Option<SecretRef>,
    /// An incoming webhook in place of a bot, a secret: no threads, no amended messages, one place.
    url: Option<SecretRef>,
    /// Another base than `https://slack.com/api/`, such as that of GovSlack.
    api: Option<String>,
}

/// Reads the kind's own keys.
pub fn read(keys: toml::de::Deserializer<'_>) -> Result<Box<dyn Settings>, toml::de::Error> {
    SlackSettings::deserialize(keys).map(|settings| Box::new(settings) as Box<dyn Settings>)
}

/// The schema of the kind's own keys.
pub fn schema(generator: &mut SchemaGenerator) -> Schema {
    SlackSettings::json_schema(generator)
}

/// The base of the Web API, ended by a slash so that methods can be joined to it.
fn base(text: &str) -> Result<Url, &'static str> {
    let slash = if text.ends_with('/') { "" } else { "/" };
    let url = Url::parse(&format!("{text}{slash}")).map_err(|_| "this is no URL")?;
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() || !url.username().is_empty() {
        return Err("the URL must begin with https:// and hold no user");
    }
    Ok(url)
}

/// Whether this is `#name`, or the id of a channel, a private channel, a conversation or a user.
fn is_place(text: &str) -> bool {
    if let Some(name) = text.strip_prefix('#') {
        let good = |c: char| c.is_alphanumeric() && !c.is_uppercase() || matches!(c, '-' | '_');
        return !name.is_empty() && name.chars().count() <= NAME_LIMIT && name.chars().all(good);
    }
    let id = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    (9..=24).contains(&text.len()) && text.starts_with(['C', 'G', 'D', 'U', 'W']) && text.bytes().all(id)
}

impl SlackSettings {
    fn bot(&self, token: &SecretRef, egress: Egress, open: &OpenSecret<'_>) -> Result<Bot, String> {
        let token = open_line(&TextOrSecret::Secret(token.clone()), open)?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| "the token cannot stand in a header")?;
        bearer.set_sensitive(true);
        let base = base(self.api.as_deref().unwrap_or(API))?;
        egress.check(&base)?;
        let method = |name| base.join(name).map_err(|_| "the base URL takes no method".to_owned());
        let (post, update) = (method("chat.postMessage")?, method("chat.update")?);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json()), (AUTHORIZATION, bearer)]);
        Ok(Bot { egress, post, update, headers })
    }
}

fn json() -> HeaderValue {
    HeaderValue::from_static("application/json; charset=utf-8")
}

impl Settings for SlackSettings {
    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match (&self.token, &self.url) {
            (None, None) => {
                let hint = "add token = { file = \"…\" } with a bot's token";
                problems.push(Problem::new("token", "the channel has neither a token nor a URL", hint));
            }
            (Some(_), Some(_)) => {
                let hint = "keep token for a bot, which has threads, or url for an incoming webhook";
                problems.push(Problem::new("url", "token and url are both set", hint));
            }
            _ => {}
        }
        if let Some(Err(problem)) = self.api.as_deref().map(base) {
            problems.push(Problem::new("api", problem, format!("write it like {API}")));
        }
        if self.api.is_some() && self.token.is_none() {
            let hint = "leave it out: the URL of an incoming webhook is whole";
            problems.push(Problem::new("api", "api is for bots", hint));
        }
        problems
    }

    fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        let token = self.token.as_ref().map(|secret| ("token", secret));
        token.into_iter().chain(self.url.as_ref().map(|secret| ("url", secret))).collect()
    }

    fn address(&self, text: &str) -> Result<String, Problem> {
        match (&self.token, text) {
            (None, "") => Ok(String::new()),
            (None, _) => {
                let hint = "name the channel alone, or use a bot's token";
                Err(Problem::new("", "an incoming webhook leads to one place only", hint))
            }
            (Some(_), place) if is_place(place) => Ok(place.to_owned()),
            (Some(_), _) => {
                let hint = "write \"#name\" in lower case, or an id such as \"C012ABCDEF\" or \"U012ABCDEF\"";
                Err(Problem::new("", "this is no channel or user of Slack", hint))
            }
        }
    }

    fn leads_to(&self) -> String {
        match &self.url {
            Some(secret) => format!("the incoming webhook in {secret}"),
            None => base(self.api.as_deref().unwrap_or(API))
                .map_or_else(str::to_owned, |url| url.origin().ascii_serialization()),
        }
    }

    fn build(&self, name: &Name, common: &Common, open: &OpenSecret<'_>) -> Result<Arc<dyn Channel>, String> {
        let egress = Egress::new(&networks(&common.allow_networks)?, &format!("channel.{name}"));
        match (&self.token, &self.url) {
            (Some(token), _) => Ok(Arc::new(self.bot(token, egress, open)?)),
            (None, Some(url)) => {
                let url = open_line(&TextOrSecret::Secret(url.clone()), open)?;
                let url = Url::parse(url.expose_secret()).map_err(|_| "the secret holds no URL")?;
                egress.check(&url)?;
                Ok(Arc::new(Hook { egress, url, headers: HeaderMap::from_iter([(CONTENT_TYPE, json())]) }))
            }
            (None, None) => Err("the channel has neither a token nor a URL".to_owned()),
        }
    }

    fn concurrency(&self) -> u32 {
        4
    }
}
