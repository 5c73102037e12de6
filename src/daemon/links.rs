//! R25: links by which a reader answers: made for one purpose and one recipient, for a day; nobody else can make one.

use crate::deliver::AnswerLink;
use crate::event::id::CaseId;
use crate::event::{Name, Recipient, Span, Time};
use crate::message::Asks;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// How long a link works, from when its message was decided.
const VALID_FOR: Span = Span::from_mins(24 * 60);

/// What the key of links is derived for.
const CONTEXT: &str = "tidings 2026-11 links by which a reader answers";

/// Under which path the pages are.
pub(super) const PATH: &str = "/a/";

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 1024;

/// Bytes of the code at the end.
const CODE_BYTES: usize = 16;

const ACKNOWLEDGE: u8 = 1;
const APPROVE: u8 = 2;

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To take a case on, as the reader of this audience was told of it.
    Acknowledge {
        /// Which case.
        case: CaseId,
        /// The audience that was told.
        audience: Name,
    },
    /// To approve a draft.
    Approve(Asks),
}

/// What a link says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// What it is for.
    pub purpose: Purpose,
    /// Whom it was sent to.
    pub recipient: Recipient,
    /// Until when it works.
    pub until: Time,
}

/// Why a link does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It was not made here, or was changed on its way.
    Forged,
    /// Its time is over.
    Expired,
}

/// Makes links and reads them.
#[derive(Clone)]
pub struct Links {
    site: Option<Box<str>>,
    key: [u8; 32],
}

impl Links {
    /// Links of this journal's daemon, which readers reach under `site`; without one, none are made.
    pub fn new(site: Option<&str>, reference_key: &[u8; 32]) -> Links {
        Links { site: site.map(Box::from), key: blake3::derive_key(CONTEXT, reference_key) }
    }

    /// The link for one recipient in a message that was decided at `decided_at`; `None` once it would be over.
    pub fn link(
        &self,
        purpose: Purpose,
        recipient: &Recipient,
        decided_at: Time,
        now: Time,
    ) -> Option<AnswerLink> {
        let (site, until) = (self.site.as_ref()?, decided_at + VALID_FOR);
        let label = match purpose {
            Purpose::Acknowledge { .. } => "Acknowledge",
            Purpose::Approve(_) => "Read and approve",
        };
        let right = Right { purpose, recipient: recipient.clone(), until };
        (now < until).then(|| AnswerLink { label, url: format!("{site}{PATH}{}", self.token(&right)).into() })
    }

    fn token(&self, right: &Right) -> String {
        let mut bytes = Vec::with_capacity(96);
        let (number, case, audience, revision) = match &right.purpose {
            Purpose::Acknowledge { case, audience } => (ACKNOWLEDGE, case, audience, 0),
            Purpose::Approve(asks) => (APPROVE, &asks.case, &asks.audience, asks.revision),
        };
        bytes.push(number);
        bytes.extend(right.until.millis().to_be_bytes());
        bytes.extend(case.0.to_be_bytes());
        bytes.extend(revision.to_be_bytes());
        bytes.extend(audience.as_str().as_bytes());
        // No name holds it.
        bytes.push(0);
        bytes.extend(right.recipient.as_str().as_bytes());
        let code = self.code(&bytes);
        bytes.extend(code);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn code(&self, bytes: &[u8]) -> [u8; CODE_BYTES] {
        let mut code = [0; CODE_BYTES];
        code.copy_from_slice(&blake3::keyed_hash(&self.key, bytes).as_bytes()[..CODE_BYTES]);
        code
    }

    /// What a link's token says, if it was made here and its time is not over.
    ///
    /// # Errors
    /// It may not be used.
    pub fn read(&self, token: &str, now: Time) -> Result<Right, Unusable> {
        let token = Some(token).filter(|token| token.len() <= TOKEN_BYTES_MAX).ok_or(Unusable::Forged)?;
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Unusable::Forged)?;
        let (said, code) = bytes.split_last_chunk::<CODE_BYTES>().ok_or(Unusable::Forged)?;
        if !bool::from(code.ct_eq(&self.code(said))) {
            return Err(Unusable::Forged);
        }
        let right = right(said).ok_or(Unusable::Forged)?;
        if now < right.until { Ok(right) } else { Err(Unusable::Expired) }
    }
}

/// What the bytes of a token say.
fn right(said: &[u8]) -> Option<Right> {
    let (number, rest) = said.split_first()?;
    let (until, rest) = rest.split_first_chunk::<8>()?;
    let (case, rest) = rest.split_first_chunk::<8>()?;
    let (revision, rest) = rest.split_first_chunk::<4>()?;
    let (audience, recipient) = std::str::from_utf8(rest).ok()?.split_once('\0')?;
    let (case, audience) = (CaseId(u64::from_be_bytes(*case)), Name::from(audience));
    let purpose = match *number {
        ACKNOWLEDGE => Purpose::Acknowledge { case, audience },
        APPROVE => Purpose::Approve(Asks { case, audience, revision: u32::from_be_bytes(*revision) }),
        _ => return None,
    };
    let until = Time::from_millis(i64::from_be_bytes(*until));
    Some(Right { purpose, recipient: Recipient::from(recipient), until })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Time = Time::EPOCH;

    fn links() -> Links {
        Links::new(Some("https://tidings.example.net"), &[7; 32])
    }

    fn made(purpose: Purpose) -> String {
        let link = links().link(purpose, &Recipient::from("jonas@sms"), AT, AT).unwrap();
        link.url.strip_prefix("https://tidings.example.net/a/").unwrap().to_owned()
    }

    fn purposes() -> [Purpose; 2] {
        let (case, audience) = (CaseId(7), Name::from("payments/customers"));
        [
            Purpose::Acknowledge { case, audience: audience.clone() },
            Purpose::Approve(Asks { case, audience, revision: 3 }),
        ]
    }

    #[test]
    fn a_link_says_what_it_was_made_for_until_its_time_is_over() {
        for purpose in purposes() {
            let token = made(purpose.clone());
            let right = links().read(&token, AT).unwrap();
            assert_eq!((right.purpose, right.recipient.as_str()), (purpose.clone(), "jonas@sms"));
            let (last, over) = (AT + VALID_FOR - Span::from_millis(1), AT + VALID_FOR);
            assert!(links().read(&token, last).is_ok());
            assert_eq!(links().read(&token, over), Err(Unusable::Expired));
            assert_eq!(links().link(purpose, &Recipient::from("jonas@sms"), AT, over), None);
        }
    }

    #[test]
    fn whoever_changes_a_link_has_none() {
        let [acknowledge, approve] = purposes().map(made);
        assert_ne!(acknowledge, approve);
        for token in [acknowledge, approve] {
            let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
            for at in 0..bytes.len() {
                let mut other = bytes.clone();
                other[at] ^= 1;
                let other = URL_SAFE_NO_PAD.encode(other);
                assert_eq!(links().read(&other, AT), Err(Unusable::Forged), "byte {at}");
            }
            let elsewhere = Links::new(None, &[8; 32]);
            assert_eq!(elsewhere.read(&token, AT), Err(Unusable::Forged), "another journal's");
        }
        for token in ["", "a", "?", &"A".repeat(5000)] {
            assert_eq!(links().read(token, AT), Err(Unusable::Forged));
        }
    }

    #[test]
    fn without_a_site_there_are_no_links() {
        let [purpose, _] = purposes();
        assert_eq!(Links::new(None, &[7; 32]).link(purpose, &Recipient::from("a@b"), AT, AT), None);
    }
}
