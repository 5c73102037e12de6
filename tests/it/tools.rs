//! Where tests find the programs that `make tools` brings.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program, from `.tools/` or from `PATH`. A missing one fails the test: a test that does not run proves nothing.
pub fn find(name: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools");
    let ours = ["debian/usr/bin", "debian/usr/sbin", "venv/bin", "bin"].map(|folder| tools.join(folder));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = ours.into_iter().chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
    let mut found = found.filter(|file| file.is_file());
    found.next().unwrap_or_else(|| panic!("{name} is missing: run `make tools`"))
}

/// `promtool check metrics` has nothing to say about these metrics.
pub fn promtool_accepts(metrics: &str) {
    let mut promtool = Command::new(find("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let answer = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[answer.stdout, answer.stderr].concat()).into_owned();
    assert!(answer.status.success() && said.is_empty(), "{said}");
}
