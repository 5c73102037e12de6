//! A sender: one kept connection, one request at a time, as little work as can be.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection to a daemon.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn connect(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Client { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends one request and gives the status of its answer.
    ///
    /// # Errors
    /// The connection was lost.
    pub fn send(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let mut chunk = [0; 4096];
        loop {
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&chunk[..read]);
            let Some(head) = find(&self.buffer, b"\r\n\r\n") else { continue };
            if self.buffer.len() >= head + 4 + content_length(&self.buffer[..head]) {
                let status = self.buffer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
                return Ok(status.and_then(|digits| digits.parse().ok()).unwrap_or(0));
            }
        }
    }

    /// Sends until it is taken; says how often it was put off.
    ///
    /// # Errors
    /// The connection was lost, or the answer is neither a yes nor "later".
    pub fn post(&mut self, request: &[u8]) -> io::Result<u64> {
        let mut put_off = 0;
        loop {
            match self.send(request)? {
                200..300 => return Ok(put_off),
                503 => put_off += 1,
                status => return Err(io::Error::other(format!("the answer is {status}"))),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Sends all requests over `connections` connections at once; says how often one was put off.
pub fn post_all(address: SocketAddr, requests: &[Vec<u8>], connections: usize) -> io::Result<u64> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let one = || -> io::Result<u64> {
        let mut client = Client::connect(address)?;
        let mut put_off = 0;
        while let Some(request) = requests.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            put_off += client.post(request)?;
        }
        Ok(put_off)
    };
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..connections).map(|_| scope.spawn(one)).collect();
        senders.into_iter().map(|sender| sender.join().expect("a sender does not panic")).sum()
    })
}

/// Where `wanted` stands in `bytes`.
pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The length of the body that a head announces.
pub fn content_length(head: &[u8]) -> usize {
    let lines = head.split(|byte| *byte == b'\n');
    let value = lines.filter_map(|line| {
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
        name.eq_ignore_ascii_case(b"content-length").then_some(&value[1..])
    });
    let text = value.filter_map(|value| std::str::from_utf8(value).ok()).next().unwrap_or("0");
    text.trim().parse().unwrap_or(0)
}
