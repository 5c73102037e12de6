//! Identities made by hashing or counting: fingerprints, digests, cases, deliveries.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// A BLAKE3 hash cut to 16 bytes, written as 32 hexadecimal digits: identities, keys, digests of content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest([u8; 16]);

/// The identity of an alert: FNV-1a over its sorted labels, as Prometheus and Alertmanager compute it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fingerprint(pub u64);

/// What a notification is about, as a number: the first eight bytes of a hash of what makes the case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CaseId(pub u64);

/// One delivery: counted up from 1 in each journal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(pub u64);

/// One notification: counted up from 1 in each journal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NotificationId(pub u64);

impl Digest {
    /// The digest of `parts`, each preceded by its length so that no two lists of parts look alike.
    pub fn of(parts: &[&[u8]]) -> Digest {
        in_one(parts, |bytes| Digest::cut(&blake3::hash(bytes)))
    }

    /// The digest of `parts` under `key`: what outsiders may see and cannot reverse.
    pub fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> Digest {
        in_one(parts, |bytes| Digest::cut(&blake3::keyed_hash(key, bytes)))
    }

    /// Half of this digest before half of another: what orders by the one first.
    pub fn before(self, other: Digest) -> Digest {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.0[..8]);
        bytes[8..].copy_from_slice(&other.0[..8]);
        Digest(bytes)
    }

    fn cut(hash: &blake3::Hash) -> Digest {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        Digest(bytes)
    }

    /// The 16 bytes.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The first eight bytes as a number.
    pub fn short(&self) -> u64 {
        self.0[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// Gives `hash` the parts as one piece: hashing that is several times quicker than feeding a hasher bit by bit.
fn in_one(parts: &[&[u8]], hash: impl FnOnce(&[u8]) -> Digest) -> Digest {
    const SMALL: usize = 512;
    let size: usize = parts.iter().map(|part| 8 + part.len()).sum();
    let (mut small, mut large) = ([0; SMALL], Vec::new());
    let whole = if size <= SMALL {
        &mut small[..size]
    } else {
        large.resize(size, 0);
        &mut large[..]
    };
    let mut at = 0;
    for part in parts {
        whole[at..at + 8].copy_from_slice(&(part.len() as u64).to_le_bytes());
        whole[at + 8..at + 8 + part.len()].copy_from_slice(part);
        at += 8 + part.len();
    }
    hash(whole)
}

/// Bytes as hexadecimal digits, two for each.
fn hex<'a>(bytes: &[u8], text: &'a mut [u8]) -> &'a str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    std::str::from_utf8(text).unwrap_or_default()
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex(&self.0, &mut [0; 32]))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Digest {
    type Err = String;
    fn from_str(text: &str) -> Result<Digest, String> {
        let wrong = || format!("\"{text}\" is not 32 hexadecimal digits");
        if text.len() != 32 {
            return Err(wrong());
        }
        let mut bytes = [0; 16];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(index * 2..index * 2 + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Digest(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hex(&self.0, &mut [0; 32]))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

macro_rules! hex_number {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(hex(&self.0.to_be_bytes(), &mut [0; 16]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(hex(&self.0.to_be_bytes(), &mut [0; 16]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                u64::from_str_radix(&text, 16).map($name).map_err(de::Error::custom)
            }
        }
    };
}

hex_number!(Fingerprint);
hex_number!(CaseId);

macro_rules! counted {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

counted!(DeliveryId);
counted!(NotificationId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_keep_their_parts_apart_and_read_back() {
        let digest = Digest::of(&[b"ab", b"c"]);
        assert_ne!(digest, Digest::of(&[b"a", b"bc"]));
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        assert_eq!(serde_json::from_str::<Digest>(&serde_json::to_string(&digest).unwrap()).unwrap(), digest);
        assert!("xy".repeat(16).parse::<Digest>().is_err());
    }

    #[test]
    fn digests_are_what_a_hasher_gives() {
        for size in [0, 1, 63, 400, 496, 497, 5000] {
            let part = vec![7; size];
            let mut hasher = blake3::Hasher::new_keyed(&[3; 32]);
            for part in [&part[..], b"end"] {
                hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
            }
            let digest = Digest::keyed(&[3; 32], &[&part, b"end"]);
            assert_eq!(digest.bytes(), &hasher.finalize().as_bytes()[..16], "{size}");
        }
    }
}
