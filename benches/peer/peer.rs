//! The two daemons, set up for the same work.

use crate::process::{Daemon, free_address};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Alertmanager,
    Tidings,
}

/// How alerts are grouped.
#[derive(Clone, Copy, Debug)]
pub struct Grouping {
    /// The label that makes a group.
    pub by: &'static str,
    /// The wait before its first word, in seconds.
    pub wait: u32,
    /// The wait before its next, in seconds.
    pub interval: u32,
}

impl Peer {
    pub fn name(self) -> &'static str {
        match self {
            Peer::Alertmanager => "Alertmanager",
            Peer::Tidings => "Tidings",
        }
    }

    /// Starts it in `folder`, sending to the given endpoints; each gets everything.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(self, folder: &Path, grouping: Grouping, sinks: &[SocketAddr]) -> io::Result<Daemon> {
        let address = free_address()?;
        match self {
            Peer::Alertmanager => {
                let file = folder.join("alertmanager.yml");
                std::fs::write(&file, alertmanager(grouping, sinks))?;
                let mut command = unpacked(&alertmanager_program().ok_or_else(missing)?);
                command
                    .arg(format!("--config.file={}", file.display()))
                    .arg(format!("--storage.path={}", folder.join("data").display()))
                    .arg(format!("--web.listen-address={address}"))
                    .args(["--cluster.listen-address=", "--log.level=error"]);
                Daemon::start(command, address, &folder.join("log"))
            }
            Peer::Tidings => tidings(folder, address, &config(folder, address, grouping, sinks)),
        }
    }
}

/// Starts Tidings with a configuration.
///
/// # Errors
/// It does not start.
pub fn tidings(folder: &Path, address: SocketAddr, config: &str) -> io::Result<Daemon> {
    let file = folder.join("tidings.toml");
    std::fs::write(&file, config)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(["run", "--strict", "--log", "warn", "--config"]).arg(file);
    Daemon::start(command, address, &folder.join("log"))
}

/// Debian's Alertmanager, where `scripts/tools.sh debian` puts it, or on the path.
pub fn alertmanager_program() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/debian/usr/bin/prometheus-alertmanager");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).map(|folder| folder.join("prometheus-alertmanager"));
    std::iter::once(here).chain(installed).find(|file| file.is_file())
}

/// Debian's build reads its templates from `/usr/share` alone. One that is unpacked and not installed gets its own there,
/// in a mount namespace that nobody else sees; the process keeps its number.
fn unpacked(program: &Path) -> Command {
    let share = program.parent().and_then(Path::parent).map(|usr| usr.join("share"));
    match share.filter(|share| share.as_path() != Path::new("/usr/share")) {
        Some(share) => {
            let mut command = Command::new("unshare");
            let script = "mount --bind \"$1\" /usr/share && shift && exec \"$@\"";
            command
                .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
                .arg(share)
                .arg(program);
            command
        }
        None => Command::new(program),
    }
}

fn missing() -> io::Error {
    io::Error::other("there is no prometheus-alertmanager: run scripts/tools.sh debian")
}

fn alertmanager(grouping: Grouping, sinks: &[SocketAddr]) -> String {
    let Grouping { by, wait, interval } = grouping;
    let hooks: Vec<String> = sinks.iter().map(|sink| format!("      - url: http://{sink}/hook\n")).collect();
    format!(
        "route:\n  receiver: sink\n  group_by: [{by}]\n  group_wait: {wait}s\n  group_interval: {interval}s\n  \
         repeat_interval: 4h\nreceivers:\n  - name: sink\n    webhook_configs:\n{}",
        hooks.concat()
    )
}

fn config(folder: &Path, address: SocketAddr, grouping: Grouping, sinks: &[SocketAddr]) -> String {
    let Grouping { by, wait, interval } = grouping;
    let mut text = format!(
        "version = 1\nunrouted = \"sink-0\"\n[ingest.http]\nlisten = \"{address}\"\n[journal]\npath = \"{}\"\n",
        folder.join("journal").display()
    );
    text.push_str(&ways_out(sinks));
    for number in 0..sinks.len() {
        text.push_str(&format!(
            "[[route]]\nname = \"alerts-{number}\"\nkind = \"alert\"\naudience = \"sink-{number}\"\n\
             group_by = [\"{by}\"]\ngroup_wait = \"{wait}s\"\ngroup_interval = \"{interval}s\"\n\
             repeat_every = \"4h\"\nmax_alerts = 1000\n"
        ));
    }
    text
}

/// A channel and an audience for each endpoint.
pub fn ways_out(sinks: &[SocketAddr]) -> String {
    let one = |(number, sink): (usize, &SocketAddr)| {
        format!(
            "[channel.hook-{number}]\ntype = \"webhook\"\nformat = \"alertmanager\"\nurl = \"http://{sink}/hook\"\n\
             allow_networks = [\"127.0.0.0/8\"]\nconcurrency = 128\n\
             [audience.sink-{number}]\ndisclosure = \"internal\"\ndestinations = [\"hook-{number}\"]\n"
        )
    };
    sinks.iter().enumerate().map(one).collect()
}
