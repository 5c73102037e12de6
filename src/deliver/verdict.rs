//! What an HTTP answer, or its absence, says: the one table of statuses for every channel kind that speaks HTTP.

use super::egress::{Answer, EgressError};
use crate::decide::{Blame, Failure, Reason, Retry, Sent};
use crate::event::{Span, Time};
use http::{HeaderMap, StatusCode, header};

/// The longest detail of a failure, in bytes (see [`Failure::detail`]).
pub const DETAIL_LIMIT: usize = 1024;

/// Says whether the status of `answer` is a success (2xx); what its body says is for the channel kind to judge.
///
/// # Errors
/// What the status says: about the channel, to be tried again, or about this delivery, never again (R35).
pub fn of_status(answer: &Answer, now: Time) -> Result<(), Failure> {
    let status = answer.status;
    if status.is_success() {
        return Ok(());
    }
    let wish = || retry_after(&answer.headers, now);
    let detail = format!("the answer was {}", status.as_u16());
    Err(match status.as_u16() {
        401 | 403 => channel(Reason::Authentication, Sent::No, wish(), detail),
        429 => channel(Reason::RateLimited, Sent::No, wish(), detail),
        425 => channel(Reason::Server, Sent::No, wish(), detail),
        408 => channel(Reason::Server, Sent::Maybe, wish(), detail),
        code if code >= 500 => channel(Reason::Server, Sent::Maybe, wish(), detail),
        300..=399 => delivery(Reason::Rejected, format!("{detail}; redirects are not followed")),
        _ => delivery(Reason::Rejected, detail),
    })
}

/// A failure of the channel, which says nothing about this recipient and is tried again.
pub fn channel(reason: Reason, sent: Sent, wish: Option<Span>, detail: impl Into<String>) -> Failure {
    Failure { about: Blame::Channel, sent, retry: Retry::After(wish), reason, detail: cut(detail.into()) }
}

/// A failure of this delivery that would repeat itself; nothing was sent.
pub fn delivery(reason: Reason, detail: impl Into<String>) -> Failure {
    Failure {
        about: Blame::Delivery,
        sent: Sent::No,
        retry: Retry::Never,
        reason,
        detail: cut(detail.into()),
    }
}

impl From<EgressError> for Failure {
    fn from(error: EgressError) -> Failure {
        let detail = error.to_string();
        let (reason, sent) = match error {
            EgressError::Forbidden(_) => (Reason::Forbidden, Sent::No),
            EgressError::Connect(_) => (Reason::Connect, Sent::No),
            EgressError::Tls(_) => (Reason::Tls, Sent::No),
            EgressError::Deadline(_) => (Reason::Deadline, Sent::Maybe),
            EgressError::Lost => (Reason::Connect, Sent::Maybe),
            EgressError::Garbage => (Reason::Answer, Sent::Maybe),
        };
        channel(reason, sent, None, detail)
    }
}

/// The provider's wish: seconds (with a fraction, as some write them) or an HTTP date; what is neither counts as none.
/// A date that is past is a wish for no delay; `decide` clamps what is given here.
pub fn retry_after(headers: &HeaderMap, now: Time) -> Option<Span> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !whole.is_empty() && digits(whole) && digits(fraction) {
        let more = u64::from(fraction.bytes().any(|digit| digit != b'0'));
        let seconds = whole.parse().unwrap_or(u64::MAX).saturating_add(more);
        return Some(Span::from_millis(seconds.saturating_mul(1000)));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Time::from_millis(date.timestamp().as_millisecond()).since(now))
}

/// A success whose body says something else, or cannot be understood.
pub fn strange_answer(status: StatusCode, detail: &str) -> Failure {
    channel(Reason::Answer, Sent::Maybe, None, format!("the answer was {} and {detail}", status.as_u16()))
}

fn cut(mut text: String) -> Box<str> {
    let end = (0..=DETAIL_LIMIT.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(text: &str) -> Option<Span> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers, Time::parse("2026-11-21T14:00:00Z").unwrap().unwrap())
    }

    #[test]
    fn wishes_are_read_and_garbage_is_none() {
        assert_eq!(wish("30"), Some(Span::from_secs(30)));
        assert_eq!(wish(" 0 "), Some(Span::ZERO));
        assert_eq!(wish("1.5"), Some(Span::from_secs(2)));
        assert_eq!(wish("Sat, 21 Nov 2026 14:02:00 GMT"), Some(Span::from_mins(2)));
        assert_eq!(wish("Sat, 21 Nov 2020 14:02:00 GMT"), Some(Span::ZERO));
        assert_eq!(wish("1000000000000"), Some(Span::from_secs(1_000_000_000_000)));
        assert_eq!(wish("99999999999999999999999999"), Some(Span::from_millis(u64::MAX)));
        for garbage in ["", "-5", "soon", "1,5", "1.2.3", ".5", "5m", "0x10", "Sat, 99 Nov 2026 14:02:00 GMT"]
        {
            assert_eq!(wish(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn statuses_blame_the_right_one() {
        let verdict = |code: u16| {
            let status = StatusCode::from_u16(code).unwrap();
            of_status(&Answer { status, headers: HeaderMap::new(), body: bytes::Bytes::new() }, Time::EPOCH)
                .err()
                .map(|failure| (failure.about, failure.reason, failure.sent))
        };
        for code in [200, 201, 202, 204, 299] {
            assert_eq!(verdict(code), None);
        }
        for code in [300, 301, 302, 307, 308, 400, 402, 404, 405, 409, 410, 413, 418, 422, 451] {
            assert_eq!(verdict(code), Some((Blame::Delivery, Reason::Rejected, Sent::No)), "{code}");
        }
        for code in [500, 502, 503, 504, 599] {
            assert_eq!(verdict(code), Some((Blame::Channel, Reason::Server, Sent::Maybe)), "{code}");
        }
        assert_eq!(verdict(401), Some((Blame::Channel, Reason::Authentication, Sent::No)));
        assert_eq!(verdict(403), Some((Blame::Channel, Reason::Authentication, Sent::No)));
        assert_eq!(verdict(408), Some((Blame::Channel, Reason::Server, Sent::Maybe)));
        assert_eq!(verdict(425), Some((Blame::Channel, Reason::Server, Sent::No)));
        assert_eq!(verdict(429), Some((Blame::Channel, Reason::RateLimited, Sent::No)));
    }
}
