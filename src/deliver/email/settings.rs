//! The keys of a channel of `type = "email"`.

use super::Letterhead;
use super::compose::preview;
use super::relay::Relay;
use crate::deliver::dial;
use crate::deliver::egress::networks;
use crate::deliver::{AddressKind, Channel, ChannelKind, Common, Guard, OpenSecret};
use crate::event::{Name, Problem, SecretRef};
use lettre::Address;
use lettre::message::Mailbox;
use rustls::pki_types::ServerName;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;

/// What a channel of `type = "email"` is.
pub const KIND: ChannelKind = ChannelKind {
    name: "email",
    address: Some(AddressKind::Email),
    settings: |toml| Ok(Box::new(Settings::deserialize(toml)?)),
    preview: Some(preview),
    schema: Settings::json_schema,
};

/// The longest address that SMTP carries, in bytes.
const MAX_ADDRESS: usize = 254;

/// E-mail through an SMTP relay: one letter to one recipient.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EmailSettings")]
struct Settings {
    /// `smtps://user@host:465` (TLS from the first byte) or `smtp://user@host:587` (STARTTLS, and nothing is sent
    /// without it). Only a relay inside `allow_networks` is spoken to in the clear, and it only if neither `ca` nor,
    /// beyond loopback, a password is set. User and port may be left out.
    relay: String,
    /// The password of the relay's user.
    password: Option<SecretRef>,
    /// Who writes, such as `Incident desk <incidents@example.net>`: also the envelope sender, where bounces go.
    from: String,
    /// Where answers go, if not to `from`.
    reply_to: Option<String>,
    /// A PEM file with roots that are trusted besides those of the machine, for relays with a private certificate.
    ca: Option<PathBuf>,
    /// The name given in EHLO. Default: the domain of Message-IDs.
    hello: Option<String>,
}

impl crate::deliver::Settings for Settings {
    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut note =
            |key: &str, message: String, hint: &str| problems.push(Problem::new(key, message, hint));
        match Relay::parse(&self.relay) {
            Err(error) => note("relay", error, "write one like \"smtps://user@smtp.example.net:465\""),
            Ok(relay) if relay.user.is_some() && self.password.is_none() => {
                note(
                    "password",
                    "the relay has a user and no password".to_owned(),
                    "add password = { file = \"…\" }",
                );
            }
            Ok(relay) if relay.user.is_none() && self.password.is_some() => {
                note("relay", "there is a password and no user".to_owned(), "write smtps://USER@host");
            }
            Ok(_) => {}
        }
        for (key, text) in [("from", Some(&self.from)), ("reply_to", self.reply_to.as_ref())] {
            if let Some(Err(error)) = text.map(|text| mailbox(text)) {
                note(key, error, "write one like \"Incident desk <incidents@example.net>\"");
            }
        }
        if self.hello.as_deref().is_some_and(|name| !is_domain(name)) {
            note(
                "hello",
                "this is no host name".to_owned(),
                "write this machine's name, such as \"tidings.example.net\"",
            );
        }
        problems
    }

    fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        self.password.iter().map(|password| ("password", password)).collect()
    }

    fn address(&self, text: &str) -> Result<String, Problem> {
        let hint = "write one like \"mara@example.net\", without a name";
        address(text).map(|address| address.to_string()).map_err(|error| Problem::new("", error, hint))
    }

    fn leads_to(&self) -> String {
        Relay::parse(&self.relay).map_or_else(|_| "(no valid relay)".to_owned(), |relay| relay.host)
    }

    fn build(&self, name: &Name, common: &Common, open: &OpenSecret<'_>) -> Result<Arc<dyn Channel>, String> {
        let relay = Relay::parse(&self.relay)?;
        let from = mailbox(&self.from)?;
        let domain = if common.domain.is_empty() { from.email.domain() } else { &common.domain }.to_owned();
        let hello = self.hello.clone().unwrap_or_else(|| domain.clone());
        if let Some(wrong) = [&domain, &hello].into_iter().find(|name| !is_domain(name)) {
            return Err(format!("\"{wrong}\" is no domain for Message-IDs and EHLO"));
        }
        let host = ServerName::try_from(relay.host.clone()).map_err(|_| "the relay has no valid name")?;
        let letterhead = Letterhead {
            from,
            reply_to: self.reply_to.as_deref().map(mailbox).transpose()?,
            domain,
            channel: name.clone(),
        };
        Ok(Arc::new(super::Channel {
            relay,
            host,
            password: self.password.as_ref().map(open).transpose()?,
            knows_root: self.ca.is_some(),
            hello,
            letterhead,
            guard: Guard::new(&networks(&common.allow_networks)?, &format!("channel.{name}")),
            tls: Arc::new(dial::trusting(dial::roots(self.ca.as_deref())?)?),
            pool: super::Pool::default(),
        }))
    }
}

/// A bare address, by its grammar. What is not ASCII is refused: it needs an extension that few relays have.
pub(super) fn address(text: &str) -> Result<Address, String> {
    let text = text.trim();
    if !text.is_ascii() {
        return Err(
            "an address in other letters than ASCII cannot be sent to; write the domain as xn--…".to_owned()
        );
    }
    if text.len() > MAX_ADDRESS || text.starts_with('-') || text.bytes().any(|b| !b.is_ascii_graphic()) {
        return Err("this is no e-mail address".to_owned());
    }
    text.parse().map_err(|_| "this is no e-mail address".to_owned())
}

/// An address with or without a name.
fn mailbox(text: &str) -> Result<Mailbox, String> {
    let wrong = || "this is no sender".to_owned();
    if text.chars().any(char::is_control) {
        return Err(wrong());
    }
    let mailbox: Mailbox = text.trim().parse().map_err(|_| wrong())?;
    address(mailbox.email.as_ref())?;
    Ok(mailbox)
}

/// Whether the text may stand behind the `@` of a Message-ID and in EHLO.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.len() <= 200 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::Settings as _;

    fn read(text: &str) -> Settings {
        Settings::deserialize(toml::de::Deserializer::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let good = read(
            "relay = \"smtps://tidings@smtp.example.net:465\"\npassword = { env = \"P\" }\n\
             from = \"Incident desk <incidents@example.net>\"\n",
        );
        assert_eq!(good.check(), []);
        assert_eq!(good.secrets().len(), 1);
        assert_eq!(good.leads_to(), "smtp.example.net");
        let bad = read("relay = \"smtp://u@h\"\nfrom = \"desk\"\nreply_to = \"a b\"\nhello = \"a b\"");
        let keys: Vec<String> = bad.check().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["password", "from", "reply_to", "hello"]);
        let unknown = toml::de::Deserializer::parse("relay = \"\"\nfrom = \"\"\nverify = false").unwrap();
        assert!(Settings::deserialize(unknown).is_err(), "nothing switches the verification off");
    }

    #[test]
    fn addresses_are_read_by_their_grammar() {
        let settings = read("relay = \"smtp://h\"\nfrom = \"a@example.net\"");
        assert_eq!(settings.address(" mara@example.net ").unwrap(), "mara@example.net");
        for wrong in [
            "",
            "mara",
            "mara@",
            "@example.net",
            "-oQ/tmp@example.net",
            "a b@example.net",
            "a@example.net\r\nRCPT TO:<x@y.z>",
            "a@example.net>",
            "Mara <mara@example.net>",
            "mära@example.net",
            "a@exa mple.net",
            &format!("{}@example.net", "a".repeat(300)),
        ] {
            assert!(settings.address(wrong).is_err(), "{wrong}");
        }
    }
}
