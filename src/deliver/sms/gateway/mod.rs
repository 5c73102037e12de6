//! A gateway described in TOML: how it is asked, and how its answers are read.

mod settings;

pub(super) use settings::{Auth, Body, Settings, Success, Verb};

use super::template::{Node, Template, Values};
use crate::decide::{Failure, Reason, Receipt, Sent};
use crate::deliver::egress::{Answer, Egress, Request, Url};
use crate::deliver::{Attempt, verdict, visible};
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

/// The longest id that is kept of a gateway's answer, in characters.
const MAX_ID: usize = 200;

/// One gateway.
pub(super) struct Gateway {
    egress: Egress,
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: Shape,
    from: String,
    reading: Reading,
}

/// What is sent, ready to be filled.
enum Shape {
    Form(Vec<(String, Template)>),
    Json(Node),
}

/// How answers are read.
struct Reading {
    status: Vec<u16>,
    success: Option<(String, String)>,
    permanent: Vec<String>,
    permanent_status: Vec<u16>,
    id_pointer: Option<String>,
}

impl Gateway {
    pub(super) async fn send(&self, attempt: &Attempt, text: &str) -> Result<Option<Receipt>, Failure> {
        let key = attempt.key.to_string();
        let values = Values { to: &attempt.address, from: &self.from, text, key: &key };
        let mut url = self.url.clone();
        let body = match &self.body {
            Shape::Json(node) => serde_json::to_vec(&node.fill(&values))
                .map_err(|_| verdict::delivery(Reason::Content, "the message cannot be written as JSON"))?,
            Shape::Form(pairs) => {
                let filled: Vec<_> =
                    pairs.iter().map(|(name, value)| (&**name, value.fill(&values))).collect();
                if self.method == Method::GET {
                    url.query_pairs_mut().extend_pairs(&filled);
                    Vec::new()
                } else {
                    super::form(filled.iter().map(|(name, value)| (*name, &**value))).into_bytes()
                }
            }
        };
        let request = Request {
            method: self.method.clone(),
            url: &url,
            headers: self.headers.clone(),
            body: Bytes::from(body),
            deadline: attempt.deadline,
            now: attempt.now,
        };
        let answer = self.egress.send(request).await?;
        self.reading.judge(&answer, attempt)
    }
}

impl Reading {
    fn judge(&self, answer: &Answer, attempt: &Attempt) -> Result<Option<Receipt>, Failure> {
        let status = answer.status.as_u16();
        if self.permanent_status.contains(&status) {
            return Err(verdict::delivery(Reason::Rejected, format!("the answer was {status}")));
        }
        if !self.status.contains(&status) {
            verdict::of_status(answer, attempt.now)?;
            if !self.status.is_empty() {
                return Err(verdict::strange_answer(answer.status, "that is not among its successes"));
            }
        }
        if self.success.is_none() && self.id_pointer.is_none() {
            return Ok(None);
        }
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if let Some((pointer, equals)) = &self.success {
            match text_at(&said, pointer) {
                None => return Err(verdict::strange_answer(answer.status, "does not say how it went")),
                Some(word) if word == *equals => {}
                Some(word) if self.permanent.contains(&word) => {
                    let detail = format!("the answer was {status} and says that it never will be");
                    return Err(verdict::delivery(Reason::Recipient, detail));
                }
                Some(_) => {
                    let detail = format!("the answer was {status} and says that it failed");
                    return Err(verdict::channel(Reason::Answer, Sent::No, None, detail));
                }
            }
        }
        let id = self.id_pointer.as_ref().and_then(|pointer| text_at(&said, pointer));
        Ok(id.map(|id| Receipt { id: visible::one_line(&id, MAX_ID).into(), place: None }))
    }
}

/// A text, number or truth value of the answer, as a text.
fn text_at(said: &Value, pointer: &str) -> Option<String> {
    match said.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
        _ => None,
    }
}
