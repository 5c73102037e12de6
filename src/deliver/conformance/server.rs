//! A server on this machine that answers exactly the bytes it is told, and keeps what it was sent.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::Duration;

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Script {
    /// Reads it and answers these bytes.
    Answer(Vec<u8>),
    /// Reads it, answers these bytes and then neither writes nor closes.
    Hang(Vec<u8>),
    /// Reads it, answers these bytes and then one byte more, every so often, for ever.
    Drip(Vec<u8>),
    /// Reads it, answers these bytes, repeats the last of them as often as told, and closes.
    Flood(Vec<u8>, usize),
    /// Reads it, answers these bytes and closes.
    Cut(Vec<u8>),
    /// Reads it and closes.
    Close,
    /// Closes with the request unread, which makes the connection a reset one.
    Reset,
}

/// One request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// The request line and the headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// The names of all header lines, in order.
pub fn header_names(received: &Received) -> Vec<String> {
    let names = received.head.split("\r\n").skip(1).filter(|line| !line.is_empty());
    names.map(|line| line.split(':').next().unwrap_or_default().to_ascii_lowercase()).collect()
}

struct Shared {
    script: Mutex<Script>,
    received: Mutex<Vec<Received>>,
    connections: AtomicUsize,
    over: AtomicBool,
}

/// A running server; dropping it ends it.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Starts one on a free port.
    pub fn start(script: Script) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            received: Mutex::new(Vec::new()),
            connections: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let inner = shared.clone();
        Builder::new()
            .name("conformance-server".into())
            .spawn(move || {
                for stream in listener.incoming() {
                    if inner.over.load(Ordering::SeqCst) {
                        return;
                    }
                    inner.connections.fetch_add(1, Ordering::SeqCst);
                    let (shared, stream) = (inner.clone(), stream.unwrap());
                    let serve = move || drop(serve(&shared, stream));
                    Builder::new().name("conformance-connection".into()).spawn(serve).unwrap();
                }
            })
            .unwrap();
        Server { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it does from now on.
    pub fn play(&self, script: Script) {
        *self.shared.script.lock().unwrap() = script;
    }

    /// Every request so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The last request; the ones before are forgotten.
    pub fn take(&self) -> Received {
        self.shared.received.lock().unwrap().drain(..).next_back().expect("a request has arrived")
    }

    /// How often somebody has connected.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the listener, which closes then.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(shared: &Shared, mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    loop {
        while !buffer.windows(4).any(|window| window == b"\r\n\r\n") {
            if shared.over.load(Ordering::SeqCst) || fill(&mut stream, &mut buffer)? == 0 {
                return Ok(());
            }
            if matches!(*shared.script.lock().unwrap(), Script::Reset) {
                // What came with the first read was taken; what is left unread makes the kernel reset.
                shared.received.lock().unwrap().push(Received::default());
                return Ok(());
            }
        }
        let end = buffer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let mut received = Received { head, body: Vec::new() };
        let length = received.header("content-length").map_or(0, |text| text.parse().unwrap());
        while buffer.len() < end + length {
            if fill(&mut stream, &mut buffer)? == 0 {
                return Ok(());
            }
        }
        received.body = buffer[end..end + length].to_vec();
        buffer.drain(..end + length);
        shared.received.lock().unwrap().push(received);
        let script = shared.script.lock().unwrap().clone();
        if !act(script, &mut stream, shared)? {
            return Ok(());
        }
    }
}

fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut chunk = [0; 4096];
    let read = stream.read(&mut chunk)?;
    buffer.extend_from_slice(&chunk[..read]);
    Ok(read)
}

/// Plays a script; false where the connection is over.
fn act(script: Script, stream: &mut TcpStream, shared: &Shared) -> std::io::Result<bool> {
    match script {
        Script::Answer(bytes) => {
            stream.write_all(&bytes)?;
            return Ok(true);
        }
        Script::Hang(bytes) => {
            stream.write_all(&bytes)?;
            wait_for_end(stream, shared)?;
        }
        Script::Drip(bytes) => {
            stream.write_all(&bytes)?;
            stream.set_read_timeout(Some(Duration::from_millis(5)))?;
            while !shared.over.load(Ordering::SeqCst) && is_open(stream) {
                stream.write_all(b" ")?;
            }
        }
        Script::Flood(bytes, times) => {
            stream.write_all(&bytes)?;
            let last = *bytes.last().unwrap();
            let chunk = vec![last; 64 * 1024];
            for _ in 0..times.div_ceil(chunk.len()) {
                stream.write_all(&chunk)?;
            }
        }
        Script::Cut(bytes) => stream.write_all(&bytes)?,
        Script::Close | Script::Reset => {}
    }
    Ok(false)
}

fn wait_for_end(stream: &mut TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    loop {
        // Waits within the read: at most its timeout.
        if shared.over.load(Ordering::SeqCst) || !is_open(stream) {
            return Ok(());
        }
    }
}

/// Waits for the read timeout and says whether the client is still there.
fn is_open(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 1]) {
        Ok(read) => read > 0,
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}
