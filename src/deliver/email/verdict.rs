//! What the end of a conversation says: about the channel, or about this delivery, and whether something was sent (R35).
//!
//! Replies to RCPT, DATA and the letter are about the delivery; everything before, 421 and refused logins are about the
//! channel. Only what ends after the last dot without a reply leaves open whether the letter was taken.

use super::wire::{Error, Reply, Stage};
use crate::decide::{Blame, Failure, Reason, Retry, Sent};
use crate::deliver::{verdict, visible};
use crate::event::Span;

/// How long a relay that greylists wants to be left alone at least, where it does not say.
const GREYLIST_PAUSE: Span = Span::from_mins(5);
/// The longest part of a reply's text that is kept, in characters.
const MAX_TEXT: usize = 200;

/// The failure that `error` at `stage` means; `address` is the recipient's, to be kept out of the detail.
pub(super) fn of(stage: Stage, error: &Error, address: &str) -> Failure {
    let place = place(stage);
    let reason = match error {
        Error::Refused(reply) => return refused(stage, reply, address),
        Error::Resolve | Error::Connect(_) | Error::Lost(_) => Reason::Connect,
        Error::Forbidden(_) => Reason::Forbidden,
        Error::NoStartTls | Error::SpokeEarly | Error::Tls(_) => Reason::Tls,
        Error::NoLogin => Reason::Authentication,
        Error::Garbled => Reason::Answer,
    };
    verdict::channel(reason, sent(stage), None, format!("{error} ({place})"))
}

/// The failure of an attempt that was cut short by its deadline.
pub(super) fn late(stage: Stage) -> Failure {
    let detail = format!("the deadline passed ({})", place(stage));
    verdict::channel(Reason::Deadline, sent(stage), None, detail)
}

fn sent(stage: Stage) -> Sent {
    if stage == Stage::Dot { Sent::Maybe } else { Sent::No }
}

fn refused(stage: Stage, reply: &Reply, address: &str) -> Failure {
    let detail = format!("refused with {} ({})", words(stage, reply, address), place(stage));
    let is_login = matches!(reply.code, 530 | 534 | 535 | 538);
    let about_channel = |reason| verdict::channel(reason, Sent::No, None, detail.clone());
    if reply.code == 421 {
        return about_channel(Reason::Server);
    }
    if is_login || (stage == Stage::Login && reply.code >= 500) {
        return about_channel(Reason::Authentication);
    }
    let reason = match stage {
        Stage::StartTls => return about_channel(Reason::Tls),
        stage if stage < Stage::Recipient && reply.code < 500 => return about_channel(Reason::Server),
        stage if stage < Stage::Recipient => return about_channel(Reason::Rejected),
        // What a relay refuses for its own policy, as to whom it relays, says nothing of the address (R14).
        Stage::Recipient if !reply.text.starts_with("5.7.") => Reason::Recipient,
        _ => Reason::Rejected,
    };
    if reply.code >= 500 {
        return verdict::delivery(reason, detail);
    }
    let retry = Retry::After(is_greylisting(reply).then_some(GREYLIST_PAUSE));
    Failure { about: Blame::Delivery, sent: Sent::No, retry, reason, detail: detail.into() }
}

/// Whether a relay asks a sender that it does not know yet to come back. There is no code of its own for it.
fn is_greylisting(reply: &Reply) -> bool {
    let text = reply.text.to_ascii_lowercase();
    text.contains("greylist") || text.contains("graylist") || text.starts_with("4.7.1 ")
}

/// The reply for an insider: its code and text without what looks like an address. Of what a login is answered with,
/// the code alone.
fn words(stage: Stage, reply: &Reply, address: &str) -> String {
    if stage <= Stage::Login {
        return reply.code.to_string();
    }
    let local = address.split('@').next().unwrap_or_default().to_ascii_lowercase();
    let is_address =
        |word: &str| word.contains('@') || (local.len() > 2 && word.to_ascii_lowercase().contains(&local));
    let text: Vec<&str> =
        reply.text.split_whitespace().map(|word| if is_address(word) { "…" } else { word }).collect();
    visible::one_line(&format!("{} {}", reply.code, text.join(" ")), MAX_TEXT)
}

/// The stage in words.
fn place(stage: Stage) -> &'static str {
    match stage {
        Stage::Connect => "while connecting",
        Stage::Greeting => "at the greeting",
        Stage::Hello => "at EHLO",
        Stage::StartTls => "at STARTTLS",
        Stage::Handshake => "at the TLS handshake",
        Stage::Login => "at the login",
        Stage::Sender => "at MAIL",
        Stage::Recipient => "at RCPT",
        Stage::Data => "at DATA",
        Stage::Letter => "while the letter was written",
        Stage::Dot => "after the letter",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    fn refusal(stage: Stage, code: u16, text: &str) -> Failure {
        of(stage, &Error::Refused(Reply { code, text: text.to_owned() }), "mara@example.net")
    }

    #[test]
    fn replies_blame_by_stage_and_code() {
        use {Blame::*, Reason::*};
        let never = Retry::Never;
        let again = Retry::After(None);
        let later = Retry::After(Some(GREYLIST_PAUSE));
        for (stage, code, text, want) in [
            (Stage::Greeting, 554, "go away", (Channel, again, Rejected)),
            (Stage::Greeting, 421, "busy", (Channel, again, Server)),
            (Stage::StartTls, 454, "no", (Channel, again, Tls)),
            (Stage::Login, 535, "5.7.8 no", (Channel, again, Authentication)),
            (Stage::Login, 454, "4.7.0 later", (Channel, again, Server)),
            (Stage::Sender, 530, "5.7.0 log in first", (Channel, again, Authentication)),
            (Stage::Sender, 550, "no such sender", (Channel, again, Rejected)),
            (Stage::Recipient, 550, "5.1.1 unknown", (Delivery, never, Recipient)),
            (Stage::Recipient, 553, "bad name", (Delivery, never, Recipient)),
            (Stage::Recipient, 554, "5.7.1 Relay access denied", (Delivery, never, Rejected)),
            (Stage::Recipient, 450, "4.2.1 busy", (Delivery, again, Recipient)),
            (Stage::Recipient, 451, "4.7.1 Greylisted, see you", (Delivery, later, Recipient)),
            (Stage::Recipient, 452, "4.2.2 full", (Delivery, again, Recipient)),
            (Stage::Recipient, 421, "4.3.2 closing", (Channel, again, Server)),
            (Stage::Recipient, 530, "5.7.0 log in first", (Channel, again, Authentication)),
            (Stage::Data, 554, "no", (Delivery, never, Rejected)),
            (Stage::Dot, 554, "5.7.1 spam", (Delivery, never, Rejected)),
            (Stage::Dot, 451, "4.3.0 later", (Delivery, again, Rejected)),
            (Stage::Dot, 421, "closing", (Channel, again, Server)),
        ] {
            let found = refusal(stage, code, text);
            assert_eq!((found.about, found.retry, found.reason), want, "{stage:?} {code}");
            assert_eq!(found.sent, Sent::No, "a refusal is an answer: {stage:?} {code}");
        }
    }

    #[test]
    fn only_what_ends_after_the_dot_may_have_been_sent() {
        for stage in [Stage::Connect, Stage::Handshake, Stage::Recipient, Stage::Data, Stage::Letter] {
            let lost = of(stage, &Error::Lost(ErrorKind::ConnectionReset), "");
            assert_eq!((lost.sent, lost.about), (Sent::No, Blame::Channel), "{stage:?}");
            assert_eq!(late(stage).sent, Sent::No, "{stage:?}");
        }
        assert_eq!(of(Stage::Dot, &Error::Lost(ErrorKind::UnexpectedEof), "").sent, Sent::Maybe);
        assert_eq!(of(Stage::Dot, &Error::Garbled, "").sent, Sent::Maybe);
        assert_eq!((late(Stage::Dot).sent, late(Stage::Dot).reason), (Sent::Maybe, Reason::Deadline));
    }

    #[test]
    fn details_name_no_address_and_no_credentials() {
        let detail =
            refusal(Stage::Recipient, 550, "5.1.1 <mara@example.net>: user Mara\nunknown\u{202E}").detail;
        assert_eq!(&*detail, "refused with 550 5.1.1 … user … unknown (at RCPT)");
        let login = refusal(Stage::Login, 535, "5.7.8 bad password hunter2").detail;
        assert_eq!(&*login, "refused with 535 (at the login)");
    }
}
