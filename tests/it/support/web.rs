//! A small HTTP server that remembers what it heard, answers as its protocol says, and misbehaves when it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// A request as it was heard. Names of headers are in lower case.
#[derive(Clone, Debug)]
pub struct Heard {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The fields of a form.
    pub fn form(&self) -> BTreeMap<String, String> {
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let text = self.text();
        text.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (decode(k), decode(v))).collect()
    }
}

/// Status, further header lines, body.
#[derive(Clone, Debug)]
pub struct Say(pub u16, pub &'static str, pub String);

/// How one request is to be treated instead of well.
#[derive(Clone, Debug)]
pub enum Order {
    /// No answer until [`Web::release`]; then a good one.
    Hang,
    /// This answer.
    Say(Say),
    /// The connection is closed once the request was read.
    Drop,
}

type Usual = Box<dyn Fn(&Heard, usize) -> Say + Send + Sync>;

struct Inside {
    usual: Usual,
    heard: Mutex<Vec<Heard>>,
    next: Mutex<VecDeque<Order>>,
    always: Mutex<Option<Order>>,
    released: Mutex<bool>,
    release: Condvar,
    stop: AtomicBool,
}

/// A server on 127.0.0.1; it ends with this value.
pub struct Web {
    pub port: u16,
    inside: Arc<Inside>,
}

impl Web {
    /// Starts a server that answers well by `usual`, which is given the request and its number, from 0.
    pub fn start(usual: impl Fn(&Heard, usize) -> Say + Send + Sync + 'static) -> Web {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inside = Arc::new(Inside {
            usual: Box::new(usual),
            heard: Mutex::default(),
            next: Mutex::default(),
            always: Mutex::default(),
            released: Mutex::new(false),
            release: Condvar::new(),
            stop: AtomicBool::new(false),
        });
        let shared = inside.clone();
        thread(move || {
            for stream in listener.incoming() {
                if shared.stop.load(Ordering::Acquire) {
                    return;
                }
                let shared = shared.clone();
                if let Ok(stream) = stream {
                    thread(move || serve(stream, &shared));
                }
            }
        });
        Web { port, inside }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Everything heard so far, in order.
    pub fn heard(&self) -> Vec<Heard> {
        self.inside.heard.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.inside.heard.lock().unwrap().len()
    }

    /// The next request without an order of its own is treated so.
    pub fn order(&self, order: Order) {
        self.inside.next.lock().unwrap().push_back(order);
    }

    /// How many orders no request has come for yet.
    pub fn orders_left(&self) -> usize {
        self.inside.next.lock().unwrap().len()
    }

    /// Every request without an order of its own is treated so; `None`: well.
    pub fn always(&self, order: Option<Order>) {
        *self.inside.always.lock().unwrap() = order;
    }

    /// What hangs is answered, and nothing hangs any more.
    pub fn release(&self) {
        *self.inside.released.lock().unwrap() = true;
        self.inside.release.notify_all();
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.inside.stop.store(true, Ordering::Release);
        self.release();
        // Wakes the listener, which then sees that it is to stop.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn thread(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name("web".to_owned()).spawn(work).unwrap();
}

fn serve(stream: TcpStream, inside: &Inside) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    while let Some(heard) = read(&mut reader) {
        let number = {
            let mut all = inside.heard.lock().unwrap();
            all.push(heard.clone());
            all.len() - 1
        };
        let own = inside.next.lock().unwrap().pop_front();
        let say = match own.or_else(|| inside.always.lock().unwrap().clone()) {
            Some(Order::Drop) => return,
            Some(Order::Say(say)) => say,
            Some(Order::Hang) => {
                let released = inside.released.lock().unwrap();
                drop(inside.release.wait_while(released, |released| !*released).unwrap());
                (inside.usual)(&heard, number)
            }
            None => (inside.usual)(&heard, number),
        };
        let Say(status, headers, body) = say;
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Heard> {
    let mut line = || {
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let path = line()?.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Heard { path, headers, body })
}
