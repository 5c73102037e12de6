//! A real Prometheus in a folder of its own; it ends with this value.

use super::daemon::free_port;
use super::patience::wait;
use crate::tools;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A running Prometheus.
pub struct Prometheus {
    port: u16,
    _folder: TempDir,
    child: Child,
}

impl Prometheus {
    /// Starts one with this configuration and these rules, which it names `rules.yml`; scrapes and rules once a second
    /// where they do not say otherwise.
    pub fn start(config: &str, rules: &str) -> Prometheus {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("rules.yml"), rules).unwrap();
        let global = "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\n";
        std::fs::write(file("prometheus.yml"), format!("{global}{config}")).unwrap();
        let port = free_port();
        let log = std::fs::File::create(file("log")).unwrap();
        let child = Command::new(tools::find("prometheus"))
            .arg(format!("--config.file={}", file("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", file("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let prometheus = Prometheus { port, _folder: folder, child };
        let ready = || super::daemon::send(port, "GET", "/-/ready", &[], "");
        wait("Prometheus is ready", || ready().is_some_and(|reply| reply.status == 200));
        prometheus
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Whether an alert fires.
    pub fn fires(&self, alert: &str) -> bool {
        let asked = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}");
        let promtool = Command::new(tools::find("promtool"))
            .args(["query", "instant", &self.url(), &asked])
            .output()
            .unwrap();
        String::from_utf8_lossy(&promtool.stdout).contains(alert)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
