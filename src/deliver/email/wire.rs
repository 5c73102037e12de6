//! One SMTP conversation: who said what at which stage, with every reply bounded and nothing trusted before TLS.
//!
//! The stage is kept outside the conversation, so that whoever cuts it short by a deadline still knows whether
//! something may have arrived. Replies that came before the TLS handshake and were not asked for end the connection:
//! read after it, they would pass for the relay's own.

use crate::deliver::dial::Duplex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::Address;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio_rustls::TlsConnector;

/// The longest line of a reply in bytes; RFC 5321 asks for 512.
const MAX_LINE: u64 = 2048;
/// The most lines of one reply.
const MAX_LINES: usize = 100;

/// How far an attempt has come. The order is that of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Connect,
    Greeting,
    Hello,
    StartTls,
    Handshake,
    Login,
    Sender,
    Recipient,
    Data,
    /// The letter is being written; without its last dot it counts for nothing.
    Letter,
    /// The last dot may have arrived: from here on, only a reply tells.
    Dot,
}

/// What the relay said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// The lines without their codes, joined by line ends.
    pub(super) text: String,
}

/// Why a conversation ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the relay's name does not resolve")]
    Resolve,
    #[error("{0}")]
    Forbidden(String),
    #[error("no connection to the relay: {0}")]
    Connect(io::ErrorKind),
    #[error("the relay does not offer STARTTLS")]
    NoStartTls,
    #[error("the relay, or somebody between, spoke before the TLS handshake")]
    SpokeEarly,
    #[error("no trusted TLS connection: {0}")]
    Tls(String),
    #[error("the relay offers neither AUTH PLAIN nor AUTH LOGIN")]
    NoLogin,
    #[error("refused with {}", .0.code)]
    Refused(Reply),
    #[error("the connection was lost: {0}")]
    Lost(io::ErrorKind),
    #[error("the relay's reply cannot be understood")]
    Garbled,
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Lost(error.kind())
    }
}

/// A connection to a relay.
pub(super) struct Wire {
    stream: BufReader<Box<dyn Duplex>>,
    /// What the relay said it can, in capitals.
    abilities: Vec<String>,
}

impl Wire {
    /// Reads the greeting and says EHLO. For implicit TLS the stream has been encrypted before.
    pub(super) async fn open(stream: Box<dyn Duplex>, hello: &str, stage: &mut Stage) -> Result<Wire, Error> {
        let mut wire = Wire { stream: BufReader::new(stream), abilities: Vec::new() };
        *stage = Stage::Greeting;
        wire.expect(2).await?;
        wire.hello(hello, stage).await?;
        Ok(wire)
    }

    async fn hello(&mut self, name: &str, stage: &mut Stage) -> Result<(), Error> {
        *stage = Stage::Hello;
        let reply = self.command(&format!("EHLO {name}"), 2).await?;
        self.abilities = reply.text.lines().skip(1).map(|line| line.trim().to_ascii_uppercase()).collect();
        Ok(())
    }

    /// Goes on encrypted, or not at all.
    pub(super) async fn encrypt(
        mut self,
        tls: &Arc<ClientConfig>,
        host: &ServerName<'static>,
        hello: &str,
        stage: &mut Stage,
    ) -> Result<Wire, Error> {
        *stage = Stage::StartTls;
        if !self.abilities.iter().any(|ability| ability == "STARTTLS") {
            return Err(Error::NoStartTls);
        }
        self.command("STARTTLS", 2).await?;
        if !self.stream.buffer().is_empty() {
            return Err(Error::SpokeEarly);
        }
        let stream = handshake(self.stream.into_inner(), tls, host, stage).await?;
        let mut wire = Wire { stream: BufReader::new(stream), abilities: Vec::new() };
        wire.hello(hello, stage).await?;
        Ok(wire)
    }

    /// Logs in by PLAIN, or by LOGIN where only that is offered.
    pub(super) async fn login(
        &mut self,
        user: &str,
        password: &SecretString,
        stage: &mut Stage,
    ) -> Result<(), Error> {
        *stage = Stage::Login;
        let password = password.expose_secret();
        if self.offers_login("PLAIN") {
            let word = STANDARD.encode(format!("\0{user}\0{password}"));
            self.command(&format!("AUTH PLAIN {word}"), 2).await?;
        } else if self.offers_login("LOGIN") {
            self.command("AUTH LOGIN", 3).await?;
            self.command(&STANDARD.encode(user), 3).await?;
            self.command(&STANDARD.encode(password), 2).await?;
        } else {
            return Err(Error::NoLogin);
        }
        Ok(())
    }

    fn offers_login(&self, way: &str) -> bool {
        let ways = |ability: &String| {
            let mut words = ability.split([' ', '=']);
            words.next() == Some("AUTH") && words.any(|word| word == way)
        };
        self.abilities.iter().any(ways)
    }

    /// Hands over one letter to one recipient.
    pub(super) async fn send(
        &mut self,
        from: &Address,
        to: &Address,
        letter: &[u8],
        stage: &mut Stage,
    ) -> Result<(), Error> {
        *stage = Stage::Sender;
        self.command(&format!("MAIL FROM:<{from}>"), 2).await?;
        *stage = Stage::Recipient;
        self.command(&format!("RCPT TO:<{to}>"), 2).await?;
        *stage = Stage::Data;
        self.command("DATA", 3).await?;
        *stage = Stage::Letter;
        self.stream.write_all(&stuffed(letter)).await?;
        self.stream.flush().await?;
        *stage = Stage::Dot;
        self.command(".", 2).await?;
        Ok(())
    }

    /// Ends a transaction that was refused, so that the connection can serve again.
    pub(super) async fn reset(&mut self) -> Result<(), Error> {
        self.command("RSET", 2).await.map(drop)
    }

    async fn command(&mut self, line: &str, class: u16) -> Result<Reply, Error> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        self.expect(class).await
    }

    /// Reads a reply of the given class: the first digit of its code.
    async fn expect(&mut self, class: u16) -> Result<Reply, Error> {
        let reply = read_reply(&mut self.stream).await?;
        match reply.code / 100 {
            found if found == class => Ok(reply),
            4 | 5 => Err(Error::Refused(reply)),
            _ => Err(Error::Garbled),
        }
    }
}

/// Encrypts a stream and checks who is at the other end.
pub(super) async fn handshake(
    stream: Box<dyn Duplex>,
    tls: &Arc<ClientConfig>,
    host: &ServerName<'static>,
    stage: &mut Stage,
) -> Result<Box<dyn Duplex>, Error> {
    *stage = Stage::Handshake;
    let connector = TlsConnector::from(tls.clone());
    let stream =
        connector.connect(host.clone(), stream).await.map_err(|error| Error::Tls(error.to_string()))?;
    Ok(Box::new(stream))
}

async fn read_reply(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Reply, Error> {
    let mut text = String::new();
    let mut code = None;
    for _ in 0..MAX_LINES {
        let mut line = Vec::new();
        stream.take(MAX_LINE).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Err(Error::Lost(io::ErrorKind::UnexpectedEof));
        }
        let (number, more, rest) = split_line(&line).ok_or(Error::Garbled)?;
        if *code.get_or_insert(number) != number {
            return Err(Error::Garbled);
        }
        text.push_str(&String::from_utf8_lossy(rest));
        if !more {
            return Ok(Reply { code: number, text });
        }
        text.push('\n');
    }
    Err(Error::Garbled)
}

/// A line's code, whether more lines follow, and its text.
fn split_line(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let digits = line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match line.get(3) {
        None => Some((code, false, b"")),
        Some(b' ') => Some((code, false, &line[4..])),
        Some(b'-') => Some((code, true, &line[4..])),
        Some(_) => None,
    }
}

/// The letter with every line ended by CRLF and every leading dot doubled, so that nothing within it can end it.
fn stuffed(letter: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(letter.len() + letter.len() / 50 + 2);
    let letter = letter.strip_suffix(b"\n").unwrap_or(letter);
    for line in letter.split(|byte| *byte == b'\n') {
        let mut line = line.iter().filter(|byte| **byte != b'\r').peekable();
        if line.peek() == Some(&&b'.') {
            out.push(b'.');
        }
        out.extend(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    async fn read(bytes: &[u8]) -> Result<Reply, Error> {
        read_reply(&mut BufReader::new(bytes)).await
    }

    #[tokio::test]
    async fn replies_may_have_many_lines_of_one_code() {
        let reply = read(b"250-relay\r\n250-SIZE 1\n250 AUTH PLAIN\r\n").await.unwrap();
        assert_eq!((reply.code, reply.text.as_str()), (250, "relay\nSIZE 1\nAUTH PLAIN"));
        assert_eq!(read(b"221\r\n").await.unwrap().code, 221);
        for garbled in ["250-a\r\n251 b\r\n", "2x0 a\r\n", "250_a\r\n", "HTTP/1.1 200 OK\r\n", "250 no end"] {
            assert!(matches!(read(garbled.as_bytes()).await, Err(Error::Garbled)), "{garbled}");
        }
        assert!(matches!(read(b"").await, Err(Error::Lost(_))));
    }

    #[tokio::test]
    async fn replies_are_bounded() {
        let long = [b"250 ".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
        assert!(matches!(read(&long).await, Err(Error::Garbled)));
        assert!(matches!(read(&b"250-x\r\n".repeat(10_000)).await, Err(Error::Garbled)));
    }

    #[test]
    fn nothing_in_a_letter_can_end_it() {
        let hostile = b"a\r\n.\r\nMAIL FROM:<x>\n.\nb\r.\r\n..c\r\n";
        let wire = stuffed(hostile);
        assert_eq!(wire, b"a\r\n..\r\nMAIL FROM:<x>\r\n..\r\nb.\r\n...c\r\n");
    }

    proptest! {
        #[test]
        fn no_reply_breaks_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            if let Ok(reply) = runtime.block_on(read(&bytes)) {
                prop_assert!(reply.code < 1000);
            }
        }

        #[test]
        fn a_letter_arrives_as_it_was_and_ends_only_at_its_end(letter in "[a.\r\n]{0,60}") {
            let wire = String::from_utf8(stuffed(letter.as_bytes())).unwrap();
            prop_assert!(wire.ends_with("\r\n") && !wire.starts_with(".\r\n") && !wire.contains("\r\n.\r\n"));
            prop_assert!(!wire.replace("\r\n", "").contains(['\r', '\n']));
            let arrived: Vec<_> = wire.lines().map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            let wanted = letter.strip_suffix('\n').unwrap_or(&letter).replace('\r', "");
            prop_assert_eq!(arrived.join("\n"), wanted);
        }
    }
}
