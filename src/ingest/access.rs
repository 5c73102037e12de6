//! Who may come in over HTTP: tokens by name, compared in constant time over hashes (R43).

use crate::event::Name;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 4096;

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Send events.
    Ingest,
    /// Ask questions.
    Read,
    /// Acknowledge cases.
    Acknowledge,
    /// Make and end silences.
    Silence,
    /// Approve what outsiders are told.
    Approve,
    /// Everything else, and see addresses.
    Admin,
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No token, or one that nobody has: 401.
    #[error("a token is needed")]
    Unknown,
    /// A token without this right: 403.
    #[error("this token does not have the right that is needed")]
    Forbidden,
}

/// Decides who may do what, before a byte of the body is read.
pub trait Access: Send + Sync {
    /// The name of the token that lets the request in; `None` where no token is needed.
    ///
    /// # Errors
    /// The request may not come in.
    fn allows(&self, token: Option<&str>, right: Right, peer: Option<IpAddr>)
    -> Result<Option<Name>, Denied>;
}

/// One configured token.
#[derive(Debug)]
pub struct Grant {
    /// Its name: it stands in every fact that the token causes.
    pub name: Name,
    /// Its secret.
    pub secret: SecretString,
    /// What it may do.
    pub may: Vec<Right>,
}

/// Why a set of tokens is none.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An empty secret would let everybody in.
    #[error("the secret of token \"{0}\" is empty")]
    EmptySecret(Name),
    /// Two tokens with one secret could not be told apart.
    #[error("the tokens \"{0}\" and \"{1}\" have the same secret")]
    SameSecret(Name, Name),
}

/// The configured tokens.
#[derive(Debug)]
pub struct Tokens {
    entries: Vec<Entry>,
    open: bool,
}

#[derive(Debug)]
struct Entry {
    name: Name,
    hash: [u8; 32],
    may: Vec<Right>,
}

impl Tokens {
    /// The access that these grants give. `open` lets peers on this machine in without a token as long as there is no
    /// grant; the caller knows whether `listen` is loopback and no `external_url` is configured (R43).
    ///
    /// # Errors
    /// A secret is empty or occurs twice.
    pub fn new(grants: Vec<Grant>, open: bool) -> Result<Tokens, Error> {
        let open = open && grants.is_empty();
        let mut entries: Vec<Entry> = Vec::with_capacity(grants.len());
        for Grant { name, secret, may } in grants {
            let secret = secret.expose_secret();
            if secret.is_empty() {
                return Err(Error::EmptySecret(name));
            }
            let hash = hash(secret);
            if let Some(other) = entries.iter().find(|entry| entry.hash == hash) {
                return Err(Error::SameSecret(other.name.clone(), name));
            }
            entries.push(Entry { name, hash, may });
        }
        Ok(Tokens { entries, open })
    }
}

impl Access for Tokens {
    fn allows(
        &self,
        token: Option<&str>,
        right: Right,
        peer: Option<IpAddr>,
    ) -> Result<Option<Name>, Denied> {
        if self.open {
            let near = peer.is_some_and(|address| address.to_canonical().is_loopback());
            return if near { Ok(None) } else { Err(Denied::Unknown) };
        }
        let token = token.filter(|token| token.len() <= TOKEN_BYTES_MAX).ok_or(Denied::Unknown)?;
        let hash = hash(token);
        // Every entry is compared, whole: the time taken says nothing about which came close.
        let mut found = None;
        for entry in &self.entries {
            if bool::from(entry.hash.ct_eq(&hash)) {
                found = Some(entry);
            }
        }
        let entry = found.ok_or(Denied::Unknown)?;
        if entry.may.contains(&right) { Ok(Some(entry.name.clone())) } else { Err(Denied::Forbidden) }
    }
}

fn hash(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

/// The token of a request: a bearer token, or the password of basic authentication, which senders of alerts speak.
pub fn token_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(name: &str, secret: &str, may: &[Right]) -> Grant {
        Grant { name: Name::from(name), secret: secret.into(), may: may.to_vec() }
    }

    #[test]
    fn tokens_let_in_by_right() {
        let grants = vec![grant("prom", "s1", &[Right::Ingest]), grant("ops", "s2", &[Right::Read])];
        let tokens = Tokens::new(grants, true).unwrap();
        let allows = |token, right| tokens.allows(token, right, None).map(|name| name.unwrap().to_string());
        assert_eq!(allows(Some("s1"), Right::Ingest), Ok("prom".to_owned()));
        assert_eq!(allows(Some("s2"), Right::Ingest), Err(Denied::Forbidden));
        assert_eq!(allows(Some("s"), Right::Ingest), Err(Denied::Unknown));
        assert_eq!(allows(None, Right::Ingest), Err(Denied::Unknown), "a token closes open access");
    }

    #[test]
    fn open_access_is_for_this_machine_alone() {
        let tokens = Tokens::new(Vec::new(), true).unwrap();
        let from = |peer: &str| tokens.allows(None, Right::Admin, Some(peer.parse().unwrap()));
        assert_eq!(from("127.0.0.1"), Ok(None));
        assert_eq!(from("::ffff:127.0.0.1"), Ok(None));
        assert_eq!(from("192.0.2.1"), Err(Denied::Unknown));
        assert_eq!(tokens.allows(None, Right::Admin, None), Err(Denied::Unknown));
        let closed = Tokens::new(Vec::new(), false).unwrap();
        assert_eq!(closed.allows(Some(""), Right::Read, None), Err(Denied::Unknown));
    }

    #[test]
    fn secrets_that_cannot_tell_people_apart_are_refused() {
        assert!(Tokens::new(vec![grant("a", "", &[])], false).is_err());
        let error = Tokens::new(vec![grant("a", "x7", &[]), grant("b", "x7", &[])], false).unwrap_err();
        assert!(!error.to_string().contains("x7"));
        assert!(!format!("{:?}", grant("a", "x7", &[])).contains("x7"));
    }

    #[test]
    fn tokens_come_as_bearer_or_password() {
        let of = |value: &str| token_of(&HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]));
        assert_eq!(of("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(of("bearer  abc").as_deref(), Some("abc"));
        assert_eq!(of(&format!("Basic {}", STANDARD.encode("prom:a:b"))).as_deref(), Some("a:b"));
        for none in ["abc", "Digest abc", "Basic %%%", "Basic YWJj"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
