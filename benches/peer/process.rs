//! A daemon under measurement: its start and end, and what the kernel says of its CPU time and memory.

use crate::client::Client;
use crate::clock;
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a daemon may take to become ready, and to end.
const LIMIT: Duration = Duration::from_secs(30);

/// How many of the kernel's ticks make a second, for user programs on Linux.
const TICKS: f64 = 100.0;

/// A running daemon; it ends when this is dropped.
pub struct Daemon {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What a daemon has used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// CPU time, user and system, in seconds.
    pub cpu: f64,
    /// Resident memory, in bytes.
    pub resident: f64,
    /// The most resident memory so far, in bytes.
    pub peak: f64,
}

impl Daemon {
    /// Starts `command`, which listens on `address`, with its output in `log`, and waits until it is ready.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(mut command: Command, address: SocketAddr, log: &Path) -> io::Result<Daemon> {
        let log_file = File::create(log)?;
        command.stdout(log_file.try_clone()?).stderr(log_file).stdin(Stdio::null());
        let child = command.spawn()?;
        let mut daemon = Daemon { child, address };
        let mut ended = None;
        let ready = clock::wait_until(LIMIT, || {
            ended = daemon.child.try_wait().ok().flatten();
            ended.is_some() || is_ready(address)
        });
        if !ready || ended.is_some() {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            return Err(io::Error::other(format!("a daemon does not start ({ended:?}): {said}")));
        }
        Ok(daemon)
    }

    /// What it has used so far.
    ///
    /// # Errors
    /// It has ended.
    pub fn usage(&self) -> io::Result<Usage> {
        let id = self.child.id();
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // Behind the name, which may hold anything, the fields begin with the third.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks =
            |field: usize| fields.get(field - 3).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
        };
        let cpu = (ticks(14) + ticks(15)) / TICKS;
        Ok(Usage { cpu, resident: bytes("VmRSS:"), peak: bytes("VmHWM:") })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = b"GET /-/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    Client::connect(address).and_then(|mut client| client.send(ask)).is_ok_and(|status| status == 200)
}

/// An address that nobody listens on now.
///
/// # Errors
/// There is no port.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
