//! Where a relay is: the `relay` key, read and checked.

use percent_encoding::percent_decode_str;
use rustls::pki_types::ServerName;

/// A relay, as the configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relay {
    pub(super) host: String,
    pub(super) port: u16,
    /// Whom to log in as.
    pub(super) user: Option<String>,
    /// `smtps://`: TLS from the first byte. Otherwise STARTTLS (R40).
    pub(super) implicit_tls: bool,
}

impl Relay {
    /// Reads `smtps://user@host:465` or `smtp://user@host:587`; port and user may be left out.
    ///
    /// # Errors
    /// What is wrong, as a sentence; it never repeats the text, which may hold a password.
    pub(super) fn parse(text: &str) -> Result<Relay, String> {
        let (implicit_tls, rest) = match text.split_once("://") {
            Some(("smtps", rest)) => (true, rest),
            Some(("smtp", rest)) => (false, rest),
            _ => return Err("a relay begins with smtps:// or smtp://".to_owned()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
        let user = user.map(Relay::user).transpose()?;
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (
                host,
                port.parse().map_err(|_| "the port of the relay is not a number up to 65535".to_owned())?,
            ),
            _ => (place, if implicit_tls { 465 } else { 587 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if port == 0 || ServerName::try_from(host.as_str()).is_err() {
            return Err("the relay has no valid host name, address or port".to_owned());
        }
        Ok(Relay { host, port, user, implicit_tls })
    }

    fn user(text: &str) -> Result<String, String> {
        if text.contains(':') {
            return Err("a password does not belong into the relay".to_owned());
        }
        let user = percent_decode_str(text).decode_utf8().map_err(|_| "the user is not UTF-8".to_owned())?;
        if user.is_empty() || user.chars().any(char::is_control) {
            return Err("the user of the relay is empty or has control characters".to_owned());
        }
        Ok(user.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(host: &str, port: u16, user: Option<&str>, implicit_tls: bool) -> Relay {
        Relay { host: host.to_owned(), port, user: user.map(str::to_owned), implicit_tls }
    }

    #[test]
    fn reads_relays() {
        for (text, want) in [
            ("smtps://tidings@smtp.example.net:465", relay("smtp.example.net", 465, Some("tidings"), true)),
            ("smtps://smtp.example.net", relay("smtp.example.net", 465, None, true)),
            ("smtp://desk%40example.net@relay:25/", relay("relay", 25, Some("desk@example.net"), false)),
            ("smtp://[::1]:2525", relay("::1", 2525, None, false)),
            ("smtp://10.0.0.1", relay("10.0.0.1", 587, None, false)),
        ] {
            assert_eq!(Relay::parse(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_none_and_never_repeats_it() {
        for text in [
            "smtp.example.net",
            "https://smtp.example.net",
            "smtps://u:hunter2@smtp.example.net",
            "smtps://",
            "smtps://a b",
            "smtps://host:99999",
            "smtps://host:0",
            "smtps://host/path",
            "smtps://u%0d%0a@host",
        ] {
            let error = Relay::parse(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
