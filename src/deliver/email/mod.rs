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
use super::{Attempt, Guard, GuardError};
use crate::decide::{Accepted, Failure, Reason, Receipt};
use crate::event::Time;
use crate::event::id::Digest;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use secrecy::SecretString;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long one address of the relay may take to answer a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
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
        let stream: Box<dyn wire::Duplex> = Box::new(stream);
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

    /// Whether mail to this address goes without encryption: only inside `allow_networks`, only where no root says
    /// that the relay can encrypt, and no password over any network (R40).
    fn may_stay_plain(&self, address: SocketAddr) -> bool {
        let exposes_password = self.password.is_some() && !address.ip().to_canonical().is_loopback();
        self.guard.is_allowed(address.ip()) && !self.knows_root && !exposes_password
    }

    /// A connection to an address that the guard has passed: the very address that it has seen.
    async fn reach(&self) -> Result<(TcpStream, SocketAddr), Error> {
        // What is not encrypted is refused later and more narrowly, by [`Channel::may_stay_plain`].
        let addresses = self.guard.addresses(&self.relay.host, self.relay.port, super::Wire::Encrypted).await;
        let addresses = addresses.map_err(|error| match error {
            GuardError::Refused(refusal) => Error::Forbidden(refusal.to_string()),
            GuardError::Lookup(_) => Error::Resolve,
        })?;
        let mut last = io::ErrorKind::NotFound;
        for address in addresses {
            match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Commands are short and each waits for its answer.
                    let _ = stream.set_nodelay(true);
                    return Ok((stream, address));
                }
                Ok(Err(error)) => last = error.kind(),
                Err(_) => last = io::ErrorKind::TimedOut,
            }
        }
        Err(Error::Connect(last))
    }
}
