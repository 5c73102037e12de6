//! Starts the SMTP relay of `smtp_server.py` with its orders, and reads what happened to it.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde::Serialize;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// How the relay shall behave; what is left out is as a good relay does it.
#[derive(Debug, Default, Serialize)]
pub struct Orders {
    /// Instead of its greeting.
    pub greeting: Option<&'static str>,
    /// TLS from the first byte; else STARTTLS if it has a certificate.
    pub implicit_tls: bool,
    /// The names in its certificate; none: no TLS.
    #[serde(skip)]
    pub names: Vec<&'static str>,
    /// Whether its certificate has long expired.
    #[serde(skip)]
    pub expired: bool,
    /// Whether STARTTLS is missing from what it offers, as if somebody between had taken it out.
    pub strip_starttls: bool,
    /// Instead of beginning TLS.
    pub starttls_answer: Option<&'static str>,
    /// Whether it asks for a login.
    pub login: bool,
    /// The password of its one user, `tidings`.
    pub password: &'static str,
    /// Whether it offers the login only once encrypted.
    pub login_needs_tls: bool,
    /// Ways to log in that it does not offer.
    pub without_login_by: Option<Vec<&'static str>>,
    /// Answers to MAIL, one after the other; then good ones.
    pub mail: Vec<&'static str>,
    /// Answers to RCPT, one after the other; then good ones.
    pub rcpt: Vec<&'static str>,
    /// Answers to the letter, one after the other, or `hang`, `lose`, `close after`; then good ones.
    pub data: Vec<&'static str>,
}

/// A running relay; it ends with this value.
pub struct Relay {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    folder: TempDir,
    child: Child,
}

/// One thing that happened to a relay.
pub type Event = serde_json::Value;

impl Relay {
    /// Starts a relay.
    pub fn start(orders: &Orders) -> Relay {
        let folder = tempfile::tempdir().unwrap();
        let mut words = serde_json::to_value(orders).unwrap();
        words["log"] = folder.path().join("log").to_str().into();
        if !orders.names.is_empty() {
            certify(folder.path(), orders);
            words["certificate"] = folder.path().join("certificate.pem").to_str().into();
            words["key"] = folder.path().join("key.pem").to_str().into();
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/smtp_server.py");
        let python = python();
        let mut child = Command::new(&python)
            .args([script, &words.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}; {HINT}", python.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("the SMTP relay of the tests did not start; {HINT}"));
        Relay { port, folder, child }
    }

    /// The file with the root that its certificate is signed by.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// Everything that happened so far.
    pub fn events(&self) -> Vec<Event> {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What happened of one sort.
    pub fn seen(&self, sort: &str) -> Vec<Event> {
        self.events().into_iter().filter(|event| event["event"] == sort).collect()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const HINT: &str = "the tests need Python with aiosmtpd: run \
                    `python3 -m venv .tools/venv && .tools/venv/bin/pip install aiosmtpd==1.4.6`, \
                    or name a Python that has it in TIDINGS_TEST_PYTHON";

fn python() -> PathBuf {
    match std::env::var_os("TIDINGS_TEST_PYTHON") {
        Some(path) => path.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/venv/bin/python"),
    }
}

/// A root of our own, and a certificate for the relay signed by it.
fn certify(folder: &Path, orders: &Orders) {
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate().unwrap();
    std::fs::write(folder.join("root.pem"), root.self_signed(&root_key).unwrap().pem()).unwrap();
    let mut leaf =
        CertificateParams::new(orders.names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    if orders.expired {
        leaf.not_before = rcgen::date_time_ymd(2019, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = leaf.signed_by(&key, &Issuer::new(root, &root_key)).unwrap();
    std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}
