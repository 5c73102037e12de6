//! Signatures of Standard Webhooks 1.0: `v1`, HMAC-SHA256 over `id.timestamp.body`, one for each key in rotation.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use std::fmt::Write;

/// How long a key may be, in bytes once decoded, as the specification says.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The length of one signature in Base64.
const SIGNATURE_LENGTH: usize = 44;

/// The keys that sign for one endpoint: more than one while it changes keys.
pub struct Signer {
    /// Each has taken in its key already; a clone of it signs one message.
    keys: Vec<Hmac<Sha256>>,
}

impl Signer {
    /// A signer with the keys in `secrets`, each written `whsec_` and Base64.
    ///
    /// # Errors
    /// What is wrong with one of them, without showing it.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Result<Signer, String> {
        let keys = secrets.into_iter().map(key).collect::<Result<_, _>>()?;
        Ok(Signer { keys })
    }

    /// Whether there is a key at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The value of `webhook-signature` for these exact bytes.
    pub fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut out = String::with_capacity(self.keys.len() * (SIGNATURE_LENGTH + 4));
        for key in &self.keys {
            let mut mac = key.clone();
            for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
                mac.update(part);
            }
            out.push_str(if out.is_empty() { "v1," } else { " v1," });
            BASE64_STANDARD.encode_string(mac.finalize().into_bytes(), &mut out);
        }
        out
    }
}

fn key(secret: &str) -> Result<Hmac<Sha256>, String> {
    let encoded = secret
        .trim()
        .strip_prefix("whsec_")
        .ok_or("the signing secret must be written \"whsec_\" and 24 to 64 random bytes in Base64")?;
    let key = BASE64_STANDARD
        .decode(encoded)
        .map_err(|_| "the signing secret is not Base64 behind \"whsec_\"".to_owned())?;
    if !KEY_BYTES.contains(&key.len()) {
        let mut text = String::from("the signing secret has ");
        let _ = write!(text, "{} bytes; Standard Webhooks asks for 24 to 64", key.len());
        return Err(text);
    }
    Hmac::new_from_slice(&key).map_err(|_| "the signing secret cannot be used".to_owned())
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const OFFICIAL: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";

    #[test]
    fn the_official_vector_holds() {
        let signer = Signer::new([SECRET]).unwrap();
        assert_eq!(signer.sign(ID, "1649367553", BODY), OFFICIAL);
    }

    #[test]
    fn keys_in_rotation_each_sign() {
        let other = format!("whsec_{}", BASE64_STANDARD.encode([7; 32]));
        let both = Signer::new([SECRET, other.as_str()]).unwrap().sign(ID, "1649367553", BODY);
        let alone = Signer::new([other.as_str()]).unwrap().sign(ID, "1649367553", BODY);
        assert_eq!(both, format!("{OFFICIAL} {alone}"));
        assert_ne!(alone, OFFICIAL);
    }

    #[test]
    fn unfit_keys_are_refused_and_never_shown() {
        let encoded = |length: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![7; length]));
        for good in [24, 32, 64] {
            Signer::new([encoded(good).as_str()]).unwrap();
        }
        let wrong = [
            String::new(),
            "whsec_".into(),
            "whsec_***".into(),
            encoded(23),
            encoded(65),
            SECRET[6..].into(),
        ];
        for secret in wrong {
            let error = Signer::new([secret.as_str()]).unwrap_err();
            assert!(secret.len() < 8 || !error.contains(&secret[6..]), "{error}");
        }
    }
}
