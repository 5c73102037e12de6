//! The keys of a channel of `type = "webhook"`, and the channel that they make.

use super::Webhook;
use super::sign::Signer;
use crate::deliver::egress::{Egress, Url, networks};
use crate::deliver::setting::{TextOrSecret, open_line};
use crate::deliver::{Channel, Common, OpenSecret, Settings};
use crate::event::{Name, Problem, SecretRef};
use crate::message::Disclosure;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, TE, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many headers an endpoint may be given.
const HEADER_LIMIT: usize = 32;

/// How many keys may sign at once.
const SECRET_LIMIT: usize = 4;

/// The form of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Tidings' own: Standard Webhooks, signed.
    #[default]
    Tidings,
    /// That of Alertmanager's webhooks, version 4: internal audiences only; signed when a secret is set.
    Alertmanager,
}

/// A signed POST to one endpoint.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WebhookSettings {
    /// Where to POST: `https://…`, or the place of a secret that holds it. `http://` only inside `allow_networks`.
    url: TextOrSecret,
    /// The signing key: a secret that holds `whsec_` and 24 to 64 random bytes in Base64.
    secret: Option<SecretRef>,
    /// Several signing keys, while the receiver changes from one to the next: every message is signed with each.
    #[serde(default)]
    secrets: Vec<SecretRef>,
    /// The form of the body: `"tidings"` or `"alertmanager"`.
    #[serde(default)]
    format: Format,
    /// Headers that every request bears; values are texts or secrets.
    #[serde(default)]
    headers: BTreeMap<String, TextOrSecret>,
    /// With `format = "alertmanager"`: what stands as `externalURL`.
    #[serde(default)]
    external_url: String,
}

/// Reads the kind's own keys.
pub fn read(keys: toml::de::Deserializer<'_>) -> Result<Box<dyn Settings>, toml::de::Error> {
    WebhookSettings::deserialize(keys).map(|settings| Box::new(settings) as Box<dyn Settings>)
}

/// The schema of the kind's own keys.
pub fn schema(generator: &mut SchemaGenerator) -> Schema {
    WebhookSettings::json_schema(generator)
}

impl WebhookSettings {
    fn signing(&self) -> impl Iterator<Item = &SecretRef> {
        self.secret.iter().chain(&self.secrets)
    }

    fn check_signing(&self, problems: &mut Vec<Problem>) {
        if self.secret.is_some() && !self.secrets.is_empty() {
            let hint = "keep the one that you use: secret for one key, secrets for several";
            problems.push(Problem::new("secrets", "secret and secrets are both set", hint));
        }
        if self.secrets.len() > SECRET_LIMIT {
            let hint = format!("a rotation needs two, and there may be {SECRET_LIMIT}");
            problems.push(Problem::new("secrets", "these are too many signing keys", hint));
        }
        if self.format == Format::Tidings && self.signing().next().is_none() {
            let hint = "add secret = { file = \"…\" } with a key made by: echo whsec_$(head -c 32 /dev/urandom | base64)";
            problems.push(Problem::new("secret", "the webhook has no signing key", hint));
        }
        if self.format == Format::Tidings && !self.external_url.is_empty() {
            let hint = "leave it out, or set format = \"alertmanager\"";
            problems.push(Problem::new("external_url", "this format does not show it", hint));
        }
    }

    fn check_headers(&self, problems: &mut Vec<Problem>) {
        if self.headers.len() > HEADER_LIMIT {
            problems.push(Problem::new("headers", "these are too many", format!("at most {HEADER_LIMIT}")));
        }
        for (name, value) in &self.headers {
            let key = format!("headers.{name}");
            if let Err(problem) = header_name(name) {
                problems.push(Problem::new(key, problem, "choose another header, such as X-Tenant"));
            } else if let Some(text) = value.text() {
                if HeaderValue::from_str(text).is_err() {
                    let hint = "visible ASCII characters only";
                    problems.push(Problem::new(key, "the value cannot stand in a header", hint));
                } else if bears_secret(name) {
                    let hint = "write { file = \"…\" } or { env = \"…\" }";
                    problems.push(Problem::new(key, "this header bears a secret, written out", hint));
                }
            }
        }
    }
}

/// The name, if it is one that people may set.
fn header_name(name: &str) -> Result<HeaderName, &'static str> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "this is no header name")?;
    let ours = [HOST, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING, CONNECTION, TE];
    if ours.contains(&name) || name.as_str().starts_with("webhook-") {
        return Err("this header is set by Tidings");
    }
    Ok(name)
}

fn bears_secret(name: &str) -> bool {
    [AUTHORIZATION, COOKIE].iter().any(|header| header.as_str().eq_ignore_ascii_case(name))
}

/// Reads a URL; what is wrong is said without showing it.
fn parse_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "this is no URL")?;
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return Err("the URL must begin with https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL must not hold a user or a password");
    }
    Ok(url)
}

impl Settings for WebhookSettings {
    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(Err(problem)) = self.url.text().map(parse_url) {
            let hint = "write it like https://hooks.example.net/tidings, with credentials as headers";
            problems.push(Problem::new("url", problem, hint));
        }
        self.check_signing(&mut problems);
        self.check_headers(&mut problems);
        problems
    }

    fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        let url = self.url.secret().map(|secret| ("url", secret));
        let one = self.secret.as_ref().map(|secret| ("secret", secret));
        let several = self.secrets.iter().map(|secret| ("secrets", secret));
        let headers = self.headers.values().filter_map(|value| Some(("headers", value.secret()?)));
        url.into_iter().chain(one).chain(several).chain(headers).collect()
    }

    fn address(&self, text: &str) -> Result<String, Problem> {
        if text.is_empty() {
            return Ok(String::new());
        }
        let hint = "name the channel alone; another endpoint is another channel";
        Err(Problem::new("", "a webhook has no addresses behind its name", hint))
    }

    fn leads_to(&self) -> String {
        match (&self.url, self.url.text().and_then(|text| parse_url(text).ok())) {
            // The path of a webhook is often its password.
            (_, Some(url)) => url.origin().ascii_serialization(),
            (TextOrSecret::Secret(secret), None) => format!("the URL in {secret}"),
            (TextOrSecret::Text(_), None) => "a URL that cannot be read".to_owned(),
        }
    }

    fn build(&self, name: &Name, common: &Common, open: &OpenSecret<'_>) -> Result<Arc<dyn Channel>, String> {
        let egress = Egress::new(&networks(&common.allow_networks)?, &format!("channel.{name}"));
        let url = open_line(&self.url, open)?;
        let url = parse_url(url.expose_secret())?;
        let opened = self.signing().map(open).collect::<Result<Vec<_>, _>>()?;
        let signer = Signer::new(opened.iter().map(ExposeSecret::expose_secret))?;
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 4);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            let line = open_line(value, open)?;
            let mut value = HeaderValue::from_str(line.expose_secret())
                .map_err(|_| format!("the value of the header {name} cannot stand in a header"))?;
            value.set_sensitive(true);
            headers.insert(header_name(name)?, value);
        }
        let external_url = self.external_url.clone();
        egress.check(&url)?;
        Ok(Arc::new(Webhook { egress, url, headers, signer, format: self.format, external_url }))
    }

    fn concurrency(&self) -> u32 {
        64
    }

    fn allows(&self, disclosure: Disclosure) -> Result<(), Problem> {
        if self.format == Format::Tidings || disclosure == Disclosure::Internal {
            return Ok(());
        }
        let message = format!(
            "format = \"alertmanager\" shows labels and annotations, which {disclosure} readers may not read"
        );
        Err(Problem::new("format", message, "use format = \"tidings\" for this audience"))
    }
}
