//! What Slack's answers say: the Web API answers 200 to almost everything and tells the truth in the body.

use crate::decide::{Accepted, Blame, Failure, Reason, Receipt, Retry, Sent};
use crate::deliver::egress::Answer;
use crate::deliver::verdict;
use crate::event::Time;
use serde::Deserialize;
use std::borrow::Cow;

/// The longest word of an error that is shown.
const WORD_LIMIT: usize = 64;

#[derive(Deserialize)]
struct Reply<'a> {
    ok: bool,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
    #[serde(borrow)]
    ts: Option<Cow<'a, str>>,
    #[serde(borrow)]
    channel: Option<Cow<'a, str>>,
}

/// Judges an answer of the Web API.
pub fn of_api(answer: &Answer, now: Time) -> Result<Accepted, Failure> {
    verdict::of_status(answer, now)?;
    let Ok(reply) = serde_json::from_slice::<Reply<'_>>(&answer.body) else {
        return Err(verdict::strange_answer(answer.status, "its body is not the JSON of Slack"));
    };
    if !reply.ok {
        return Err(of_word(reply.error.as_deref().unwrap_or_default(), answer, now));
    }
    let receipt =
        reply.ts.map(|ts| Receipt { id: ts.into(), place: reply.channel.map(|channel| channel.into()) });
    Ok(Accepted { receipt, body: None })
}

/// Judges an answer of an incoming webhook: its success is the text `ok`.
pub fn of_hook(answer: &Answer, now: Time) -> Result<Accepted, Failure> {
    verdict::of_status(answer, now)?;
    if answer.body.trim_ascii() == b"ok" {
        return Ok(Accepted::default());
    }
    Err(verdict::strange_answer(answer.status, "its body is not \"ok\""))
}

/// What one error word says.
fn of_word(word: &str, answer: &Answer, now: Time) -> Failure {
    let known = word.len() <= WORD_LIMIT && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let detail = if known && !word.is_empty() {
        format!("Slack says {word}")
    } else {
        "Slack says no, in a word that cannot be shown".to_owned()
    };
    let wish = || verdict::retry_after(&answer.headers, now);
    match word {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            verdict::channel(Reason::RateLimited, Sent::No, wish(), detail)
        }
        "invalid_auth"
        | "not_authed"
        | "token_revoked"
        | "token_expired"
        | "account_inactive"
        | "missing_scope"
        | "no_permission"
        | "org_login_required"
        | "access_denied"
        | "not_allowed_token_type"
        | "two_factor_setup_required"
        | "team_access_not_granted"
        | "ekm_access_denied" => verdict::channel(Reason::Authentication, Sent::No, wish(), detail),
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org" => verdict::channel(Reason::Server, Sent::Maybe, wish(), detail),
        "channel_not_found"
        | "not_in_channel"
        | "is_archived"
        | "user_not_found"
        | "user_disabled"
        | "cannot_dm_bot"
        | "messages_tab_disabled"
        | "restricted_action"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "restricted_action_non_threadable_channel" => verdict::delivery(Reason::Recipient, detail),
        "msg_too_long"
        | "msg_blocks_too_long"
        | "no_text"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "too_many_attachments"
        | "invalid_arguments" => verdict::delivery(Reason::Content, detail),
        "message_not_found" | "cant_update_message" | "edit_window_closed" | "thread_not_found" => {
            verdict::delivery(Reason::Rejected, detail)
        }
        // A word that Slack has invented since: about this delivery, and worth another try until it is too old.
        _ => Failure {
            about: Blame::Delivery,
            sent: Sent::No,
            retry: Retry::After(wish()),
            reason: Reason::Answer,
            detail: detail.into(),
        },
    }
}
