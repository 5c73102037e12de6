//! The keys of `provider = "gateway"`.

use super::{Gateway, Reading, Shape};
use crate::deliver::OpenSecret;
use crate::deliver::egress::{Egress, Url};
use crate::deliver::setting::{TextOrSecret, open_line};
use crate::deliver::sms::template::{Node, PLACES, Template};
use crate::deliver::sms::{basic, is_sender, secret_header};
use crate::event::{Problem, SecretRef};
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The hint where a secret is written out.
const WRITE_SECRET: &str = "write { file = \"…\" } or { env = \"…\" }";
/// How many headers a gateway may be given.
const MAX_HEADERS: usize = 32;

/// The keys of `provider = "gateway"`.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "GatewaySettings", deny_unknown_fields)]
pub(in crate::deliver::sms) struct Settings {
    /// Where it is: `https://…`, or the place of a secret that holds it. `http://` only inside `allow_networks`.
    pub(in crate::deliver::sms) url: TextOrSecret,
    /// `"POST"`, `"PUT"` or `"GET"`; with `"GET"` the form becomes the query.
    #[schemars(default)]
    pub(in crate::deliver::sms) method: Verb,
    /// Headers that every request bears; values are texts or secrets.
    #[schemars(default)]
    pub(in crate::deliver::sms) headers: BTreeMap<String, TextOrSecret>,
    /// `{ user = "…", password = { file = "…" } }` or `{ bearer = { file = "…" } }`.
    pub(in crate::deliver::sms) auth: Option<Auth>,
    /// What is sent: `{ form = { … } }` or `{ json = … }`. Texts in it may hold `{to}`, `{to_digits}` (without `+`),
    /// `{from}`, `{text}` and `{key}`; `{{` and `}}` stand for braces.
    pub(in crate::deliver::sms) body: Body,
    /// Who sends: what stands for `{from}`.
    pub(in crate::deliver::sms) from: Option<String>,
    /// What a success looks like.
    #[schemars(default)]
    pub(in crate::deliver::sms) success: Success,
    /// Where the answer holds the message's id: a JSON Pointer such as `/id`.
    pub(in crate::deliver::sms) id_pointer: Option<String>,
    /// Statuses that mean that this message will never be taken.
    #[schemars(default)]
    pub(in crate::deliver::sms) permanent_status: Vec<u16>,
    /// In how many parts a message may travel, each paid for: 1 to 3, by default 2.
    pub(in crate::deliver::sms) segments: Option<u8>,
}

/// How the gateway is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::deliver::sms) enum Verb {
    #[default]
    Post,
    Put,
    Get,
}

/// How to log in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::deliver::sms) struct Auth {
    /// The user of HTTP's basic authentication.
    user: Option<String>,
    /// Its password.
    password: Option<SecretRef>,
    /// A bearer token instead.
    bearer: Option<SecretRef>,
}

/// What is sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::deliver::sms) enum Body {
    /// Pairs; a value may be a secret.
    Form(BTreeMap<String, TextOrSecret>),
    /// Any JSON.
    Json(Value),
}

/// What a success looks like.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::deliver::sms) struct Success {
    /// Its statuses. Default: 200 to 299.
    status: Vec<u16>,
    /// Where the answer says how it went: a JSON Pointer such as `/messages/0/status`.
    pointer: Option<String>,
    /// What stands there in a success.
    equals: Option<String>,
    /// What stands there where this recipient will never be reached.
    permanent: Vec<String>,
}

impl Settings {
    pub(in crate::deliver::sms) fn check(&self, problems: &mut Vec<Problem>) {
        let mut note = |key: &str, message: &str, hint: &str| problems.push(Problem::new(key, message, hint));
        if let Some(Err(wrong)) = self.url.text().map(parse_url) {
            note(
                "url",
                wrong,
                "write it like https://sms.example.net/send, with credentials in auth, headers or form",
            );
        }
        for (key, pointer) in [("success.pointer", &self.success.pointer), ("id_pointer", &self.id_pointer)] {
            if pointer.as_ref().is_some_and(|pointer| !pointer.starts_with('/')) {
                note(key, "a JSON Pointer begins with /", "write one like \"/messages/0/status\"");
            }
        }
        if self.success.pointer.is_some() != self.success.equals.is_some() {
            note("success", "pointer and equals belong together", "write both, or neither");
        }
        if let Some(auth) = &self.auth
            && !matches!(
                (&auth.user, &auth.password, &auth.bearer),
                (Some(_), Some(_), None) | (None, None, Some(_))
            )
        {
            note("auth", "this is no way to log in", "write user and password, or bearer");
        }
        if let Some(from) = &self.from
            && !is_sender(from)
        {
            note("from", "this is no sender", "a number like \"+4670000001\" or a name of up to 11 letters");
        }
        self.check_headers(problems);
        self.check_body(problems);
    }

    fn check_headers(&self, problems: &mut Vec<Problem>) {
        if self.headers.len() > MAX_HEADERS {
            problems.push(Problem::new("headers", "these are too many", format!("at most {MAX_HEADERS}")));
        }
        for (name, value) in &self.headers {
            let key = format!("headers.{name}");
            if let Err(error) = header_name(name) {
                problems.push(Problem::new(key, error, "choose another header, such as X-Tenant"));
            } else if value.text().is_some() && bears_secret(name) {
                problems.push(Problem::new(key, "this header bears a secret, written out", WRITE_SECRET));
            }
        }
        let Body::Form(pairs) = &self.body else { return };
        for (name, value) in pairs {
            if bears_secret(name) && value.text().is_some_and(|text| !text.contains('{')) {
                let key = format!("body.form.{name}");
                problems.push(Problem::new(key, "this bears a secret, written out", WRITE_SECRET));
            }
        }
    }

    fn check_body(&self, problems: &mut Vec<Problem>) {
        let key = if matches!(self.body, Body::Json(_)) { "body.json" } else { "body.form" };
        let mut note = |message: &str, hint: &str| problems.push(Problem::new(key, message, hint));
        let is_get = self.method == Verb::Get;
        if is_get && matches!(self.body, Body::Json(_)) {
            note("GET has no body", "write body = { form = { … } }, which becomes the query");
        }
        let (mut named, mut said, mut sender) = (false, false, false);
        let mut wrong = None;
        match self.templates() {
            Ok(templates) => {
                named = templates.iter().any(Template::names_recipient);
                said = templates.iter().any(Template::says_text);
                sender = templates.iter().any(Template::names_sender);
            }
            Err(error) => wrong = Some(error),
        }
        match wrong {
            Some(error) => note(&error, &format!("the places are {PLACES}; {{{{ and }}}} stand for braces")),
            None if !named => note("nobody is named whom to reach", "write {to} where the number belongs"),
            None if !said => note("nothing is said", "write {text} where the message belongs"),
            None if sender && self.from.is_none() => {
                note("{from} has nothing to stand for it", "add from = \"…\"")
            }
            None => {}
        }
    }

    fn templates(&self) -> Result<Vec<Template>, String> {
        match &self.body {
            Body::Form(pairs) => pairs.values().filter_map(TextOrSecret::text).map(Template::parse).collect(),
            Body::Json(value) => Ok(Node::parse(value)?.templates().into_iter().cloned().collect()),
        }
    }

    pub(in crate::deliver::sms) fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        let mut found: Vec<_> = self.url.secret().map(|secret| ("url", secret)).into_iter().collect();
        found.extend(self.headers.values().filter_map(|value| Some(("headers", value.secret()?))));
        if let Body::Form(pairs) = &self.body {
            found.extend(pairs.values().filter_map(|value| Some(("body.form", value.secret()?))));
        }
        if let Some(auth) = &self.auth {
            let both = [("auth.password", &auth.password), ("auth.bearer", &auth.bearer)];
            found.extend(both.into_iter().filter_map(|(key, secret)| Some((key, secret.as_ref()?))));
        }
        found
    }

    pub(in crate::deliver::sms) fn leads_to(&self) -> String {
        match (&self.url, self.url.text().and_then(|text| parse_url(text).ok())) {
            (_, Some(url)) => url.origin().ascii_serialization(),
            (TextOrSecret::Secret(secret), None) => format!("the URL in {secret}"),
            (TextOrSecret::Text(_), None) => "a URL that cannot be read".to_owned(),
        }
    }

    pub(in crate::deliver::sms) fn build(
        &self,
        egress: Egress,
        open: &OpenSecret<'_>,
    ) -> Result<Gateway, String> {
        let url = parse_url(open_line(&self.url, open)?.expose_secret())?;
        egress.check(&url)?;
        let body = match &self.body {
            Body::Form(pairs) => {
                let pair = |(name, value): (&String, &TextOrSecret)| {
                    let template = match value.text() {
                        Some(text) => Template::parse(text)?,
                        None => Template::fixed(open_line(value, open)?.expose_secret()),
                    };
                    Ok::<_, String>((name.clone(), template))
                };
                Shape::Form(pairs.iter().map(pair).collect::<Result<_, _>>()?)
            }
            Body::Json(value) => Shape::Json(Node::parse(value)?),
        };
        let method = match self.method {
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Get => Method::GET,
        };
        let reading = Reading {
            status: self.success.status.clone(),
            success: self.success.pointer.clone().zip(self.success.equals.clone()),
            permanent: self.success.permanent.clone(),
            permanent_status: self.permanent_status.clone(),
            id_pointer: self.id_pointer.clone(),
        };
        let from = self.from.clone().unwrap_or_default();
        Ok(Gateway { egress, url, method, headers: self.open_headers(open)?, body, from, reading })
    }

    fn open_headers(&self, open: &OpenSecret<'_>) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 2);
        match &self.body {
            Body::Json(_) => headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json")),
            Body::Form(_) if self.method == Verb::Get => None,
            Body::Form(_) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            }
        };
        for (name, value) in &self.headers {
            headers.insert(header_name(name)?, secret_header(open_line(value, open)?.expose_secret())?);
        }
        let line = |secret: &SecretRef| open_line(&TextOrSecret::Secret(secret.clone()), open);
        match &self.auth {
            Some(Auth { user: Some(user), password: Some(password), .. }) => {
                headers.insert(AUTHORIZATION, basic(user, &line(password)?)?);
            }
            Some(Auth { bearer: Some(bearer), .. }) => {
                let text = format!("Bearer {}", line(bearer)?.expose_secret());
                headers.insert(AUTHORIZATION, secret_header(&text)?);
            }
            _ => {}
        }
        Ok(headers)
    }
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

/// Whether what has this name is a secret, as far as a name tells.
fn bears_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["authorization", "cookie", "passw", "secret", "token", "api_key", "api-key", "apikey"]
        .iter()
        .any(|word| name.contains(word))
}

/// The name, if it is one that people may set.
fn header_name(name: &str) -> Result<HeaderName, String> {
    let wrong = || format!("the header {name} cannot be set");
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let ours = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, TE];
    if ours.contains(&parsed) { Err(wrong()) } else { Ok(parsed) }
}
