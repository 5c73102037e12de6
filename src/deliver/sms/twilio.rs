//! Twilio: one form by POST; what it answers is judged by family, because its codes change.

use crate::decide::{Blame, Failure, Reason, Receipt, Retry, Sent};
use crate::deliver::egress::{Answer, Egress, Request, Url};
use crate::deliver::setting::{TextOrSecret, open_line};
use crate::deliver::{Attempt, OpenSecret, verdict};
use crate::event::{Problem, SecretRef};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use schemars::JsonSchema;
use serde::Deserialize;

/// Where Twilio's interface is.
const API: &str = "https://api.twilio.com";
/// For how many seconds Twilio may hold a message back: one that comes later tells nobody anything.
const VALIDITY_SECONDS: &str = "3600";

/// The keys of `provider = "twilio"`.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "TwilioSettings", deny_unknown_fields)]
pub(super) struct Settings {
    /// The account's SID: `AC` and 32 hexadecimal digits.
    pub(super) account: String,
    /// The account's token; or `key` and `secret`, which can be withdrawn on their own.
    pub(super) token: Option<SecretRef>,
    /// The SID of an API key, `SK…`.
    pub(super) key: Option<String>,
    /// The secret of the API key.
    pub(super) secret: Option<SecretRef>,
    /// The number (E.164) or name that sends. Either this or `messaging_service`.
    pub(super) from: Option<String>,
    /// The SID of a messaging service, `MG…`, that chooses the number.
    pub(super) messaging_service: Option<String>,
    /// Where Twilio's interface is, for regions and tests. Default: `https://api.twilio.com`.
    pub(super) api: Option<String>,
    /// In how many parts a message may travel, each paid for: 1 to 3, by default 2.
    pub(super) segments: Option<u8>,
}

impl Settings {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        let mut note = |key, message, hint| problems.push(Problem::new(key, message, hint));
        if !is_sid(&self.account, "AC") {
            note("account", "this is no account SID", "write AC and 32 hexadecimal digits");
        }
        let hint = "write token = { file = \"…\" }, or key = \"SK…\" and secret = { file = \"…\" }";
        match (&self.token, &self.key, &self.secret) {
            (Some(_), None, None) => {}
            (None, Some(key), Some(_)) if is_sid(key, "SK") => {}
            (None, Some(_), Some(_)) => {
                note("key", "this is no SID of a key", "write SK and 32 hexadecimal digits")
            }
            (None, None, None) => note("token", "there is nothing to log in with", hint),
            (None, ..) => note("key", "key and secret belong together", hint),
            (Some(_), ..) => note("token", "there are two ways to log in", hint),
        }
        match (&self.from, &self.messaging_service) {
            (Some(from), None) if super::is_sender(from) => {}
            (Some(_), None) => note(
                "from",
                "this is no sender",
                "a number like \"+4670000001\" or a name of up to 11 letters",
            ),
            (None, Some(service)) if is_sid(service, "MG") => {}
            (None, Some(_)) => {
                note("messaging_service", "this is no SID of a service", "write MG and 32 hexadecimal digits")
            }
            _ => note("from", "exactly one of from and messaging_service says who sends", "keep one of them"),
        }
        if self.url().is_err() {
            note("api", "this is no URL", "write https:// and the host, or leave it out");
        }
    }

    pub(super) fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        let named = [("token", &self.token), ("secret", &self.secret)];
        named.into_iter().filter_map(|(key, secret)| Some((key, secret.as_ref()?))).collect()
    }

    pub(super) fn leads_to(&self) -> String {
        self.url().map_or_else(|()| "(no valid URL)".to_owned(), |url| url.origin().ascii_serialization())
    }

    fn url(&self) -> Result<Url, ()> {
        let base = self.api.as_deref().unwrap_or(API).trim_end_matches('/');
        let url = Url::parse(&format!("{base}/2010-04-01/Accounts/{}/Messages.json", self.account));
        url.ok()
            .filter(|url| url.has_host() && url.username().is_empty() && url.password().is_none())
            .ok_or(())
    }

    pub(super) fn build(&self, egress: Egress, open: &OpenSecret<'_>) -> Result<Twilio, String> {
        let url = self.url().map_err(|()| "api is no URL")?;
        egress.check(&url)?;
        let user = self.key.as_ref().unwrap_or(&self.account);
        let secret = self.token.as_ref().or(self.secret.as_ref()).ok_or("there is nothing to log in with")?;
        let password = open_line(&TextOrSecret::Secret(secret.clone()), open)?;
        let sender = match (&self.messaging_service, &self.from) {
            (Some(service), _) => ("MessagingServiceSid", service.clone()),
            (None, Some(from)) => ("From", from.clone()),
            (None, None) => return Err("nobody is named who sends".to_owned()),
        };
        Ok(Twilio { egress, url, login: super::basic(user, &password)?, sender })
    }
}

fn is_sid(text: &str, prefix: &str) -> bool {
    let digits = text.strip_prefix(prefix).unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// One account.
pub(super) struct Twilio {
    egress: Egress,
    url: Url,
    login: HeaderValue,
    sender: (&'static str, String),
}

impl Twilio {
    pub(super) async fn send(&self, attempt: &Attempt, text: &str) -> Result<Option<Receipt>, Failure> {
        let body = super::form([
            ("To", &*attempt.address),
            (self.sender.0, &self.sender.1),
            ("Body", text),
            ("ValidityPeriod", VALIDITY_SECONDS),
        ]);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(AUTHORIZATION, self.login.clone());
        let request = Request {
            method: Method::POST,
            url: &self.url,
            headers,
            body: Bytes::from(body),
            deadline: attempt.deadline,
            now: attempt.now,
        };
        let answer = self.egress.send(request).await?;
        judge(&answer, attempt)
    }
}

/// What Twilio says of a message.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    sid: Option<String>,
    status: serde_json::Value,
    code: Option<u32>,
    error_code: Option<u32>,
    message: Option<String>,
}

fn judge(answer: &Answer, attempt: &Attempt) -> Result<Option<Receipt>, Failure> {
    let said = serde_json::from_slice::<Said>(&answer.body).ok();
    if answer.status.is_success() {
        let Some(Said { sid: Some(sid), status, error_code, .. }) = said else {
            return Err(verdict::strange_answer(answer.status, "names no message"));
        };
        let is_lost = matches!(status.as_str(), Some("failed" | "undelivered" | "canceled"));
        return match error_code {
            code if code.is_some() || is_lost => Err(refused(answer, code.unwrap_or_default(), "")),
            _ => Ok(Some(Receipt { id: sid.into(), place: None })),
        };
    }
    let by_status = verdict::of_status(answer, attempt.now);
    match said {
        Some(Said { code: Some(code), message, .. }) if answer.status.is_client_error() => {
            let mut failure = refused(answer, code, message.as_deref().unwrap_or_default());
            if let (Blame::Channel, Err(Failure { retry, .. })) = (failure.about, by_status)
                && retry != Retry::Never
            {
                failure.retry = retry;
            }
            Err(failure)
        }
        _ => by_status.map(|()| None),
    }
}

/// The failure behind a code. Twilio splits and renumbers its codes, so the family decides and the words of the
/// message help: 20xxx is about the account, what speaks of `'To'` about the recipient, of `'From'` about the sender.
fn refused(answer: &Answer, code: u32, message: &str) -> Failure {
    let status = answer.status.as_u16();
    let detail = format!("Twilio answered {status} with code {code}");
    let channel = |reason| verdict::channel(reason, Sent::No, None, detail.clone());
    if status == 429 || matches!(code, 20429 | 14107) {
        return channel(Reason::RateLimited);
    }
    if matches!(status, 401 | 403) && code < 21000 || matches!(code, 20003..=20008 | 30002) {
        return channel(Reason::Authentication);
    }
    let recipient =
        matches!(code, 21211 | 21214 | 21217 | 21408 | 21610 | 21612 | 21614 | 21635 | 30003..=30006);
    if recipient || message.contains("'To'") {
        return verdict::delivery(Reason::Recipient, detail);
    }
    let sender = matches!(code, 21212 | 21603 | 21606 | 21659..=21661 | 21703..=21705 | 30034);
    match code {
        _ if sender || message.contains("'From'") => channel(Reason::Rejected),
        20000..=20999 => channel(Reason::Rejected),
        30001 | 30008 | 30022 | 30023 => channel(Reason::Server),
        _ => verdict::delivery(Reason::Rejected, detail),
    }
}
