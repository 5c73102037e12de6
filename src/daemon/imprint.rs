//! What the secrets of a configuration held when they were last used, as keyed hashes: so a change of one is noticed.

use super::clock;
use crate::config::{Config, open_secret};
use crate::event::SecretRef;
use crate::event::id::Digest;
use secrecy::ExposeSecret;
use std::io;

/// What stands before the keys of the secrets that open the ways in, which are opened at start only.
const WAYS_IN: &str = "ingest.";

/// Takes imprints, under a key that this process alone has.
#[derive(Clone)]
pub struct Imprinter([u8; 32]);

/// Imprints of every secret, each with the configuration's key that names it; no content is kept.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Imprints(Vec<(String, Digest)>);

/// The keys whose secrets differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Those of channels and tokens.
    pub used_anew: Vec<String>,
    /// Those of the ways in.
    pub at_start: Vec<String>,
}

impl Imprinter {
    /// One with a key of its own.
    ///
    /// # Errors
    /// There are no random bytes.
    pub fn new() -> io::Result<Imprinter> {
        let mut key = [0; 32];
        key[..16].copy_from_slice(&clock::random_id()?);
        key[16..].copy_from_slice(&clock::random_id()?);
        Ok(Imprinter(key))
    }

    /// Opens every secret once; it reads files. To be called before the secrets are used: what changes in between is then
    /// noticed the next time.
    pub fn of(&self, config: &Config) -> Imprints {
        Imprints(config.secrets().into_iter().map(|(key, secret)| (key, self.one(secret))).collect())
    }

    fn one(&self, secret: &SecretRef) -> Digest {
        match open_secret(secret) {
            Ok(content) => Digest::keyed(&self.0, &[b"content", content.expose_secret().as_bytes()]),
            Err(why) => Digest::keyed(&self.0, &[b"error", why.as_bytes()]),
        }
    }
}

impl Imprints {
    /// What differs from the imprints that were taken of the same configuration before.
    pub fn changed_since(&self, before: &Imprints) -> Changed {
        let differing = self.0.iter().zip(&before.0).filter(|(now, before)| now != before);
        let keys = differing.map(|((key, _), _)| key.clone());
        let (at_start, used_anew) = keys.partition(|key| key.starts_with(WAYS_IN));
        Changed { used_anew, at_start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, deliver};
    use std::path::Path;

    fn configuration(folder: &Path) -> Config {
        let secret = |name: &str| format!("{{ file = {:?} }}", folder.join(name));
        let text = format!(
            "version = 1\n[ingest.http]\n[ingest.nats]\nservers = [\"nats://localhost:4222\"]\ntoken = {}\n\
             [[ingest.nats.read]]\nstream = \"S\"\nsubjects = [\"s.>\"]\n[journal]\npath = \"/j\"\n\
             [token.t]\nsecret = {}\nmay = [\"read\"]\n\
             [channel.c]\ntype = \"webhook\"\nurl = \"https://example.net\"\nsecrets = [{}, {}]\n\
             [audience.a]\ndisclosure = \"internal\"\ndestinations = [\"c\"]\n\
             [[route]]\nname = \"r\"\nkind = \"alert\"\naudience = \"a\"\n",
            secret("nats"),
            secret("token"),
            secret("first"),
            secret("second"),
        );
        config::from_texts(&[("tidings.toml", text)], [0; 32], deliver::kinds()).unwrap()
    }

    #[test]
    fn what_changes_comes_or_goes_is_named_by_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let config = configuration(folder.path());
        let put = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
        let imprinter = Imprinter::new().unwrap();
        let mut before = imprinter.of(&config);
        let mut changed = || {
            let now = imprinter.of(&config);
            let Changed { used_anew, at_start } = now.changed_since(&before);
            before = now;
            (used_anew.join(" "), at_start.join(" "))
        };
        let expect = |keys: &str, at_start: &str| (keys.to_owned(), at_start.to_owned());
        assert_eq!(changed(), expect("", ""), "what stays missing has not changed");
        put("token", "one");
        assert_eq!(changed(), expect("token.t.secret", ""));
        assert_eq!(changed(), expect("", ""));
        put("token", "other");
        put("nats", "one");
        assert_eq!(changed(), expect("token.t.secret", "ingest.nats.token"));
        put("first", "a");
        put("second", "b");
        assert_eq!(changed(), expect("channel.c.secrets channel.c.secrets", ""));
        put("first", "b");
        put("second", "a");
        assert_eq!(changed(), expect("channel.c.secrets channel.c.secrets", ""), "the order counts");
        std::fs::remove_file(folder.path().join("token")).unwrap();
        assert_eq!(changed(), expect("token.t.secret", ""));
    }

    #[test]
    fn imprints_are_of_one_process() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "one").unwrap();
        let config = configuration(folder.path());
        let (one, other) = (Imprinter::new().unwrap().of(&config), Imprinter::new().unwrap().of(&config));
        assert!(one.0.iter().zip(&other.0).all(|(one, other)| one.1 != other.1));
    }
}
