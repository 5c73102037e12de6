//! The guard of what leaves: which addresses may be connected to, and what to say where one may not (R40).

use super::network::{Network, inside};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::{fmt, io};

/// Asks the name service; replaced in tests.
pub trait Lookup: Send + Sync {
    /// The addresses of `host`.
    ///
    /// # Errors
    /// Those of the name service.
    fn lookup<'a>(&'a self, host: &'a str) -> Answered<'a>;
}

/// What a [`Lookup`] answers.
pub type Answered<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// The name service of the machine.
pub struct System;

impl Lookup for System {
    fn lookup<'a>(&'a self, host: &'a str) -> Answered<'a> {
        Box::pin(
            async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) },
        )
    }
}

/// An address is refused; the text names the line of configuration that would allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(Box<str>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// Why a name gives no address to connect to.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// All of its addresses are refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The name service gave none.
    #[error("the name cannot be resolved: {}", .0.kind())]
    Lookup(#[from] io::Error),
}

/// How the other end is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// With TLS: any address of the open internet or of the networks that are allowed.
    Encrypted,
    /// In the clear: only the networks that are allowed.
    Plain,
}

/// Knows which addresses one channel may connect to.
pub struct Guard {
    allow: Vec<Network>,
    table: String,
    lookup: Arc<dyn Lookup>,
}

impl Guard {
    /// A guard that lets into `allow` besides the open internet; `where_to_add` is the table that refusals name,
    /// such as `channel.partner`.
    pub fn new(allow: &[Network], where_to_add: &str) -> Guard {
        Guard::with_lookup(allow, where_to_add, Arc::new(System))
    }

    /// The same with another name service.
    pub fn with_lookup(allow: &[Network], where_to_add: &str, lookup: Arc<dyn Lookup>) -> Guard {
        Guard { allow: allow.to_vec(), table: where_to_add.to_owned(), lookup }
    }

    /// Whether `ip` is within the networks that the configuration allows.
    pub fn is_allowed(&self, ip: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(ip))
    }

    /// Whether anything at all is allowed beyond the open internet.
    pub fn allows_some(&self) -> bool {
        !self.allow.is_empty()
    }

    /// Whether `ip` may be connected to.
    ///
    /// # Errors
    /// Why not, and the line to add.
    pub fn check(&self, ip: IpAddr, wire: Wire) -> Result<(), Refusal> {
        if self.is_allowed(ip) {
            return Ok(());
        }
        let reason = match (inside(ip), wire) {
            (None, Wire::Encrypted) => return Ok(()),
            (Some(sort), _) => format!("{ip} is a {sort} address"),
            (None, Wire::Plain) => format!("{ip} would be spoken to without encryption"),
        };
        let network = Network::around(ip);
        let table = &self.table;
        Err(Refusal(
            format!("{reason}; to allow it, add allow_networks = [\"{network}\"] to [{table}]").into(),
        ))
    }

    /// The addresses of `host` (a name or a literal address) that may be connected to.
    ///
    /// # Errors
    /// That the name has no address, or none that may be connected to.
    pub async fn addresses(&self, host: &str, port: u16, wire: Wire) -> Result<Vec<SocketAddr>, GuardError> {
        let found = match host.parse::<IpAddr>() {
            Ok(ip) => vec![ip],
            Err(_) => self.lookup.lookup(host).await?,
        };
        let mut refusal = None;
        let mut good = Vec::with_capacity(found.len());
        for ip in found {
            match self.check(ip, wire) {
                Ok(()) => good.push(SocketAddr::new(ip, port)),
                Err(refused) => refusal = refusal.or(Some(refused)),
            }
        }
        match refusal {
            Some(refusal) if good.is_empty() => Err(refusal.into()),
            None if good.is_empty() => Err(io::Error::from(io::ErrorKind::NotFound).into()),
            _ => Ok(good),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_line_to_add() {
        let guard = Guard::new(&["fd00::/8".parse().unwrap()], "channel.partner");
        let text = |ip: &str, wire| guard.check(ip.parse().unwrap(), wire).unwrap_err().to_string();
        assert_eq!(
            text("10.1.2.3", Wire::Encrypted),
            "10.1.2.3 is a private address; to allow it, add allow_networks = [\"10.1.2.0/24\"] to [channel.partner]"
        );
        assert!(text("127.0.0.9", Wire::Plain).contains("[\"127.0.0.0/8\"]"));
        assert!(text("::1", Wire::Plain).contains("[\"::1/128\"]"));
        assert!(text("fe80::1:2", Wire::Encrypted).contains("[\"fe80::/64\"]"));
        assert!(text("1.1.1.1", Wire::Plain).starts_with("1.1.1.1 would be spoken to without encryption"));
        guard.check("fd00::1".parse().unwrap(), Wire::Plain).unwrap();
        guard.check("1.1.1.1".parse().unwrap(), Wire::Encrypted).unwrap();
    }

    struct Fixed(Vec<IpAddr>);

    impl Lookup for Fixed {
        fn lookup<'a>(&'a self, _: &'a str) -> Answered<'a> {
            Box::pin(async { Ok(self.0.clone()) })
        }
    }

    #[tokio::test]
    async fn only_the_good_addresses_of_a_name_are_given() {
        let found = |ips: &[&str]| {
            let ips = ips.iter().map(|ip| ip.parse().unwrap()).collect();
            Guard::with_lookup(&[], "egress", Arc::new(Fixed(ips)))
        };
        let mixed = found(&["10.0.0.1", "1.1.1.1", "::ffff:127.0.0.1"]);
        let good = mixed.addresses("a.example", 443, Wire::Encrypted).await.unwrap();
        assert_eq!(good, ["1.1.1.1:443".parse().unwrap()]);
        let bad = found(&["10.0.0.1", "fd00::1"]).addresses("a.example", 443, Wire::Encrypted).await;
        assert!(matches!(bad, Err(GuardError::Refused(_))));
        let none = found(&[]).addresses("a.example", 443, Wire::Encrypted).await;
        assert!(matches!(none, Err(GuardError::Lookup(_))));
        let literal = found(&["1.1.1.1"]).addresses("127.0.0.1", 25, Wire::Encrypted).await;
        assert!(matches!(literal, Err(GuardError::Refused(_))));
    }
}
