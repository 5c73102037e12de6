//! The real binary as a process of its own: started, killed, stopped and started again on one folder; never left behind.

use super::patience::until;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_tidings");

/// Ports for what must come back on the same port after a kill. They lie below those that the machine hands out by
/// itself, so that nobody takes one in between; processes that test at the same time begin at different places.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = (std::process::id() % 1000) as u16 * 20;
    let free = || {
        let offset = (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start);
        let port = PORTS.start + offset;
        TcpListener::bind(("127.0.0.1", port)).is_ok().then_some(port)
    };
    (0..PORTS.len()).find_map(|_| free()).expect("no free port")
}

/// An answer of the daemon.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub body: String,
}

/// Sends a request to a daemon; `None` where no whole answer came.
pub fn send(port: u16, method: &str, path: &str, headers: &[&str], body: &str) -> Option<Reply> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (headers, length) = (headers.join("\r\n"), body.len());
    let gap = if headers.is_empty() { "" } else { "\r\n" };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n\
         {headers}{gap}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    assert!(!chunked, "this client reads no chunks");
    Some(Reply { status: head.get(9..12)?.parse().ok()?, body: body.to_owned() })
}

/// The daemon in a folder of its own, running or not.
pub struct Daemon {
    pub port: u16,
    folder: TempDir,
    /// Orders for a crash test, see `crash_mark`.
    pub crash: String,
    /// Further arguments of `run`.
    pub arguments: Vec<String>,
    /// What is logged.
    pub log_filter: String,
    /// What the process is started by, where it is to see another disk.
    pub within: Vec<String>,
    child: Option<Child>,
}

impl Daemon {
    /// A folder with this configuration behind the usual beginning: HTTP on a free port, the journal in the folder,
    /// loopback allowed. `rest` is given the folder, where it may put secrets.
    pub fn new(rest: impl FnOnce(&Path) -> String) -> Daemon {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let rest = rest(folder.path());
        let daemon = Daemon {
            port,
            folder,
            crash: String::new(),
            arguments: Vec::new(),
            log_filter: "info,tidings=debug".to_owned(),
            within: Vec::new(),
            child: None,
        };
        daemon.configure(&rest);
        daemon
    }

    /// Like [`Daemon::new`], and started.
    pub fn start(rest: impl FnOnce(&Path) -> String) -> Daemon {
        let mut daemon = Daemon::new(rest);
        daemon.restart();
        daemon
    }

    /// What every configuration begins with.
    pub fn beginning(&self) -> String {
        let (port, journal) = (self.port, self.folder.path().join("journal"));
        format!(
            "version = 1\n{{TOP}}\n[ingest.http]\nlisten = \"127.0.0.1:{port}\"\n[journal]\npath = {journal:?}\n\
             [egress]\nallow_networks = [\"127.0.0.0/8\", \"::1/128\"]\n"
        )
    }

    /// Writes the configuration. Lines of `rest` before its first table stand at the top.
    pub fn configure(&self, rest: &str) {
        let (top, tables) = rest.split_at(rest.find("\n[").unwrap_or(rest.len()));
        let text = self.beginning().replace("{TOP}", top) + tables + "\n";
        std::fs::write(self.config(), text).unwrap();
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("tidings.toml")
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// Starts the process and waits until it is ready.
    pub fn restart(&mut self) {
        self.spawn();
        until("the daemon is ready", || {
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("the daemon ended ({status}):\n{}", self.log());
            }
            self.is_ready().then_some(())
        });
    }

    /// Starts the process.
    pub fn spawn(&mut self) {
        assert!(self.child.is_none(), "the daemon runs already");
        let open = || {
            let options = std::fs::OpenOptions::new().create(true).append(true).open(self.log_file());
            Stdio::from(options.unwrap())
        };
        // It dies with the tests where the machine can arrange that.
        let guard = Path::new("/usr/bin/setpriv").exists().then_some([
            "/usr/bin/setpriv",
            "--pdeathsig",
            "KILL",
            "--",
        ]);
        let guard = guard.into_iter().flatten().map(str::to_owned);
        let mut words = self.within.iter().cloned().chain(guard).chain([BINARY.to_owned()]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words);
        command.arg("run").arg("--config").arg(self.config()).args(&self.arguments);
        command.args(["--log", &self.log_filter]).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(open()).stderr(open());
        command.env_remove("RUST_LOG").env("TIDINGS_CRASH", &self.crash);
        self.child = Some(command.spawn().unwrap());
    }

    pub fn is_ready(&self) -> bool {
        self.try_send("GET", "/-/ready", &[], "").is_some_and(|reply| reply.status == 200)
    }

    /// Ends the process as a power cut would.
    pub fn kill9(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("the daemon runs");
        child.kill().unwrap();
        child.wait().unwrap()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("the daemon runs").id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end of the process.
    pub fn ended(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("the daemon runs");
        until("the daemon ends", || child.try_wait().unwrap())
    }

    /// Whether the process has ended by itself, and how.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        let ended = self.child.as_mut().expect("the daemon runs").try_wait().unwrap();
        if ended.is_some() {
            self.child = None;
        }
        ended
    }

    /// Asks it to stop, and expects that it ends well.
    pub fn term(&mut self) {
        self.signal("TERM");
        let status = self.ended();
        assert_eq!((status.code(), status.signal()), (Some(0), None), "{}", self.log());
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Everything that all its processes have written to standard output and error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Sends a request; `None` where no whole answer came.
    pub fn try_send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Option<Reply> {
        send(self.port, method, path, headers, body)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.try_send("GET", path, &[], "")
            .unwrap_or_else(|| panic!("no answer to GET {path}: {}", self.log()))
    }

    pub fn post(&self, path: &str, body: &str) -> Reply {
        self.try_send("POST", path, &["Content-Type: application/json"], body)
            .unwrap_or_else(|| panic!("no answer to POST {path}: {}", self.log()))
    }

    /// Sends a native event, which must be taken.
    pub fn event(&self, event: &serde_json::Value) {
        let reply = self.post("/v1/events", &event.to_string());
        assert_eq!(reply.status, 202, "{}", reply.body);
    }

    /// The sum of all series of a metric whose labels contain `labels`.
    pub fn metric(&self, name: &str, labels: &str) -> f64 {
        let text = self.get("/metrics").body;
        let lines = text.lines().filter(|line| !line.starts_with('#') && line.contains(labels));
        let parts = lines.filter_map(|line| line.rsplit_once(' '));
        let ours = parts.filter(|(series, _)| series.split('{').next() == Some(name));
        ours.map(|(_, value)| value.parse::<f64>().unwrap()).sum()
    }

    /// Runs another command of the binary, with the configuration.
    pub fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        command.args(arguments).arg("--config").arg(self.config()).current_dir(self.folder.path());
        command.output().unwrap()
    }

    /// Runs another command of the binary, with these arguments alone.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(BINARY).args(arguments).current_dir(self.folder.path()).output().unwrap()
    }
}

impl Daemon {
    /// Runs a command that asks this daemon, with the token in a file of the folder.
    pub fn asked_by(&self, token: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        command.args(arguments).arg("--server").arg(format!("http://127.0.0.1:{}", self.port));
        command.arg("--token-file").arg(token).current_dir(self.folder.path());
        command.output().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(6000);
            eprintln!("the end of the daemon's log:\n{}", log.get(from..).unwrap_or(&log));
        }
    }
}
