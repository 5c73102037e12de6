//! The channel kind `email`: one letter to one recipient through an SMTP relay, at least once under one Message-ID.
//!
//! A second attempt after a lost answer sends the same Message-ID, by which mail programs and many servers drop the
//! duplicate. A relay's 250 means that it took the letter, not that anybody has it.

mod compose;
mod html;
mod pool;
mod relay;
mod settings;
mod verdict;
mod wire;

pub use settings::KIND;

use self::compose::{Letter, Letterhead};
use self::pool::{Pool, Ready};
use self::relay::Relay;
use self::wire::{Error, Stage, Wire};
use super::dial::{self, DialError, Duplex};
use super::{Attempt, Guard, GuardError};
use crate::decide::{Accepted, Failure, Reason, Receipt};
use crate::event::Time;
use crate::event::id::Digest;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use secrecy::SecretString;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long before the caller's deadline this one's own is: the stage at which it passed is then known.
const MARGIN: Duration = Duration::from_millis(250);

/// A relay with the connections to it.
struct Channel {
    relay: Relay,
    /// The relay's name, for its certificate.
    host: ServerName<'static>,
    password: Option<SecretString>,
    /// Whether the relay is known to speak TLS, because a root is configured for it.
    knows_root: bool,
    hello: String,
    letterhead: Letterhead,
    guard: Guard,
    tls: Arc<ClientConfig>,
    pool: Pool,
}

impl super::Channel for Channel {
    fn send<'a>(
        &'a self,
        attempt: &'a Attempt,
    ) -> Pin<Box<dyn Future<Output = Result<Accepted, Failure>> + Send + 'a>> {
        Box::pin(self.attempt(attempt))
    }
}

impl Channel {
    async fn attempt(&self, attempt: &Attempt) -> Result<Accepted, Failure> {
        let letter = self
            .letterhead
            .compose(attempt)
            .map_err(|detail| super::verdict::delivery(Reason::Content, detail))?;
        let deadline = attempt.deadline.to_std();
        let limit = deadline.saturating_sub(MARGIN).max(deadline / 2);
        let mut stage = Stage::Connect;
        match timeout(limit, self.deliver(&letter, attempt.now, &mut stage)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(verdict::of(stage, &error, &attempt.address)),
            Err(_) => return Err(verdict::late(stage)),
        }
        let receipt = Receipt { id: letter.id.into(), place: None };
        Ok(Accepted { receipt: Some(receipt), body: Some(Digest::of(&[&letter.bytes])) })
    }

    /// Hands over the letter on a kept connection, or on a new one where that has died before it carried anything.
    async fn deliver(&self, letter: &Letter, now: Time, stage: &mut Stage) -> Result<(), Error> {
        if let Some(ready) = self.pool.take(now) {
            match self.hand_over(ready, letter, now, stage).await {
                Err(Error::Lost(_)) if *stage < Stage::Letter => {}
                Err(Error::Refused(reply)) if reply.code == 421 && *stage < Stage::Letter => {}
                result => return result,
            }
        }
        *stage = Stage::Connect;
        let wire = self.connect(stage).await?;
        self.hand_over(Ready { wire, letters: 0, refused: false }, letter, now, stage).await
    }

    async fn hand_over(
        &self,
        mut ready: Ready,
        letter: &Letter,
        now: Time,
        stage: &mut Stage,
    ) -> Result<(), Error> {
        if ready.refused {
            *stage = Stage::Sender;
            // Whatever is wrong with it: a new connection will tell.
            ready.wire.reset().await.map_err(|_| Error::Lost(io::ErrorKind::BrokenPipe))?;
        }
        let result = ready.wire.send(&letter.from, &letter.to, &letter.bytes, stage).await;
        let refused = matches!(&result, Err(Error::Refused(reply)) if reply.code != 421);
        if result.is_ok() || refused {
            let letters = ready.letters + 1;
            self.pool.put(Ready { wire: ready.wire, letters, refused }, now);
        }
        result
    }

    /// Connects to the first address of the relay that answers, encrypts and logs in.
    async fn connect(&self, stage: &mut Stage) -> Result<Wire, Error> {
        let (stream, address) = self.reach().await?;
        let stream: Box<dyn Duplex> = Box::new(stream);
        let mut wire = if self.relay.implicit_tls {
            let stream = wire::handshake(stream, &self.tls, &self.host, stage).await?;
            Wire::open(stream, &self.hello, stage).await?
        } else {
            let wire = Wire::open(stream, &self.hello, stage).await?;
            if self.may_stay_plain(address) {
                wire
            } else {
                wire.encrypt(&self.tls, &self.host, &self.hello, stage).await?
            }
        };
        if let (Some(user), Some(password)) = (&self.relay.user, &self.password) {
            wire.login(user, password, stage).await?;
        }
        Ok(wire)
    }

    /// Whether mail to this address goes without encryption (R40).
    fn may_stay_plain(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        !self.knows_root && plain_allowed(self.guard.is_allowed(ip), self.password.is_some(), ip)
    }

    async fn reach(&self) -> Result<(TcpStream, SocketAddr), Error> {
        // What is not encrypted is refused later and more narrowly, by [`Channel::may_stay_plain`].
        let dialled =
            dial::dial(&self.guard, &self.relay.host, self.relay.port, super::Wire::Encrypted).await;
        dialled.map_err(|error| match error {
            DialError::Guard(GuardError::Refused(refusal)) => Error::Forbidden(refusal.to_string()),
            DialError::Guard(GuardError::Lookup(_)) => Error::Resolve,
            DialError::Connect(kind) => Error::Connect(kind),
        })
    }
}

/// Mail may go in the clear inside `allow_networks`; a password only within this machine.
fn plain_allowed(is_allowed: bool, has_password: bool, ip: IpAddr) -> bool {
    is_allowed && (!has_password || ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_crosses_no_network_in_the_clear() {
        let (here, there) = ("127.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap());
        assert!(plain_allowed(true, false, there) && plain_allowed(true, true, here));
        assert!(!plain_allowed(true, true, there));
        assert!(!plain_allowed(false, false, here) && !plain_allowed(false, false, there));
    }
}
