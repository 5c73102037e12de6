//! R36, R38: another configuration, or other secrets, on change of their folders, by SIGHUP or by `POST /-/reload`; a bad
//! one changes nothing.

use super::channels;
use super::door::Control;
use super::engine::NewPolicy;
use super::heartbeat;
use super::imprint::{Changed, Imprinter, Imprints};
use super::measure;
use super::run::Shared;
use super::server::LiveTokens;
use super::task::{TaskKind, Tasks};
use crate::config::{self, Config, Diagnostics, HeartbeatSettings, IngestSettings, JournalSettings};
use crate::deliver;
use crate::event::SecretRef;
use crate::event::id::Digest;
use arc_swap::ArcSwap;
use notify::{RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Notify, oneshot, watch};

/// Changes of a folder come in bursts; it is read once they have ended.
const SETTLES_WITHIN: Duration = Duration::from_millis(500);

/// A folder that cannot be watched, or whose watch went silent, is read this often.
const POLL_EVERY: Duration = Duration::from_secs(30);

/// So many folders are watched; what lies deeper is read like one that cannot be watched.
const FOLDERS_MAX: usize = 256;

/// What came of a reload.
#[derive(Debug)]
pub enum Reload {
    /// Another policy holds now.
    Adopted(Digest),
    /// The texts are the same; channels and tokens were made anew, because secrets have changed.
    Renewed,
    /// The texts and the secrets are the same.
    Unchanged,
    /// The texts have mistakes; the policy before holds on.
    Refused(Diagnostics),
    /// It needs a restart: what changed is read at start only.
    Stopping,
}

/// Reads the configuration again when asked.
pub struct Reloader {
    paths: Vec<PathBuf>,
    key: [u8; 32],
    /// What is in force.
    config: ArcSwap<Config>,
    /// The files in which its secrets lie, and those of members.
    other_files: ArcSwap<BTreeSet<PathBuf>>,
    tokens: OnceLock<Arc<LiveTokens>>,
    heartbeat: watch::Sender<Option<HeartbeatSettings>>,
    /// What is read at start only: the ways in and the journal.
    at_start: (IngestSettings, JournalSettings),
    imprinter: Imprinter,
    /// What the secrets held when they were last used. One reload at a time has it.
    used: tokio::sync::Mutex<Imprints>,
    shared: Arc<Shared>,
}

impl Reloader {
    /// A reloader of these files, with the configuration in force and the imprints of its secrets as they are used.
    pub fn new(
        paths: Vec<PathBuf>,
        key: [u8; 32],
        config: &Arc<Config>,
        (imprinter, used): (Imprinter, Imprints),
        shared: Arc<Shared>,
    ) -> Reloader {
        Reloader {
            paths,
            key,
            config: ArcSwap::new(config.clone()),
            other_files: ArcSwap::from_pointee(other_files(config)),
            tokens: OnceLock::new(),
            heartbeat: watch::Sender::new(config.heartbeat.clone()),
            at_start: (config.ingest.clone(), config.journal.clone()),
            imprinter,
            used: tokio::sync::Mutex::new(used),
            shared,
        }
    }

    /// The tokens that change with the configuration.
    pub fn keep_tokens(&self, tokens: Arc<LiveTokens>) {
        // There is one HTTP face; a second would keep the tokens of its start.
        let _ = self.tokens.set(tokens);
    }

    /// The heartbeat, as the configuration in force has it.
    pub fn heartbeats(&self) -> heartbeat::Settings {
        self.heartbeat.subscribe()
    }

    /// The configuration in force.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// Reads the files and the secrets again; resolves once what changed is durable and used.
    pub async fn reload(&self) -> Reload {
        let mut used = self.used.lock().await;
        let in_force = self.config();
        let (paths, key, imprinter) = (self.paths.clone(), self.key, self.imprinter.clone());
        let read = tokio::task::spawn_blocking(move || {
            let read = config::load(&paths, key, deliver::kinds());
            let imprints = imprinter.of(read.as_ref().unwrap_or(&in_force));
            (read, imprints)
        });
        let metrics = &self.shared.metrics;
        let (config, imprints) = match read.await {
            Ok((Ok(config), imprints)) => (config, imprints),
            Ok((Err(mistakes), imprints)) => {
                metrics.config_refused();
                tracing::error!(
                    mistakes = mistakes.summary(),
                    "the changed configuration has mistakes; the one before holds on"
                );
                // Its secrets may have changed all the same.
                return match self.renew(imprints, &mut used).await {
                    Reload::Stopping => Reload::Stopping,
                    _ => Reload::Refused(mistakes),
                };
            }
            Err(_) => return Reload::Stopping,
        };
        if config.text.hash == self.config().text.hash {
            metrics.config_loaded(config.text.hash, self.shared.clock.now());
            return self.renew(imprints, &mut used).await;
        }
        self.adopt(config, imprints, &mut used).await
    }

    /// The configuration in force, with its secrets as they are now, if one of them has changed.
    async fn renew(&self, imprints: Imprints, used: &mut Imprints) -> Reload {
        let Changed { used_anew, at_start } = imprints.changed_since(used);
        if !at_start.is_empty() {
            tracing::warn!(
                keys = at_start.join(", "),
                "the login for NATS has changed: where it was used already, that holds after a restart only"
            );
        }
        if !used_anew.is_empty() && !self.install(self.config()).await {
            return Reload::Stopping;
        }
        *used = imprints;
        if used_anew.is_empty() {
            return Reload::Unchanged;
        }
        tracing::info!(keys = used_anew.join(", "), "secrets have changed; channels and tokens use them");
        Reload::Renewed
    }

    async fn adopt(&self, config: Config, imprints: Imprints, used: &mut Imprints) -> Reload {
        let hash = config.text.hash;
        config.warnings.iter().for_each(|warning| tracing::warn!(code = warning.code, "{}", warning.message));
        if (&config.ingest, &config.journal) != (&self.at_start.0, &self.at_start.1) {
            tracing::warn!("the ways in or the journal have changed: that holds after a restart only");
        }
        let config = Arc::new(config);
        if !self.install(config.clone()).await {
            return Reload::Stopping;
        }
        self.heartbeat.send_if_modified(|held| {
            let other = *held != config.heartbeat;
            held.clone_from(&config.heartbeat);
            other
        });
        *used = imprints;
        self.shared.metrics.config_loaded(hash, self.shared.clock.now());
        self.shared.metrics.config_in_force(hash, false);
        tracing::info!(policy = %hash, "another configuration holds from here on");
        Reload::Adopted(hash)
    }

    /// Opens the secrets and puts the configuration into force, durably; false if the daemon is stopping. One that is in
    /// force already makes no fact.
    async fn install(&self, config: Arc<Config>) -> bool {
        if let Some(tokens) = self.tokens.get() {
            tokens.renew(&config);
        }
        let (done, durable) = oneshot::channel();
        let new = NewPolicy {
            policy: Arc::new(config.policy.clone()),
            text: config.text.clone(),
            channels: channels::build(&config),
            config: config.clone(),
            done,
        };
        self.shared.mailbox.control(Control::Policy(Box::new(new)));
        if durable.await.is_err() {
            return false;
        }
        if self.tokens.get().is_some() {
            measure::http_listens(&self.shared.metrics);
        }
        self.other_files.store(Arc::new(other_files(&config)));
        self.config.store(config);
        true
    }
}

/// What is read besides the files of TOML.
fn other_files(config: &Config) -> BTreeSet<PathBuf> {
    let secrets = config.secrets().into_iter().filter_map(|(_, secret)| match secret {
        SecretRef::File(path) => Some(path.clone()),
        SecretRef::Env(_) => None,
    });
    secrets.chain(config.member_files.iter().cloned()).collect()
}

/// Reloads on SIGHUP, and when something changes in the folders of the files.
pub fn watch(reloader: &Arc<Reloader>, tasks: &Tasks) {
    let changed = Arc::new(Notify::new());
    let mut watcher = watcher(&changed, reloader);
    let (reloader, stopping) = (reloader.clone(), tasks.clone());
    tasks.spawn(TaskKind::Work, "reload", async move {
        let Ok(mut hang_up) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else {
            return;
        };
        let mut warned = false;
        loop {
            // A change may have brought folders.
            if let Some(watcher) = &mut watcher {
                let others = reloader.other_files.load();
                let folders = folders_of(&reloader.paths, &others, &reloader.at_start.1.path);
                watch_folders(watcher, &folders, &mut warned);
            }
            // Cancel-safe: nothing is lost by asking anew.
            tokio::select! {
                _ = hang_up.recv() => {}
                () = changed.notified() => tokio::time::sleep(SETTLES_WITHIN).await,
                () = tokio::time::sleep(POLL_EVERY) => {}
                () = stopping.stopping() => return,
            }
            reloader.reload().await;
        }
    });
}

/// Whether a path may be one of the configuration's, a secret's or of members: a journal in the same folder changes all the time.
fn concerns(path: &Path, others: &BTreeSet<PathBuf>) -> bool {
    let swapped = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".."));
    let is_toml = path.extension().is_some_and(|kind| kind == "toml");
    let is_other = || others.iter().any(|other| other.file_name() == path.file_name());
    is_toml || swapped || is_other() || path.is_dir()
}

fn watcher(changed: &Arc<Notify>, reloader: &Arc<Reloader>) -> Option<notify::RecommendedWatcher> {
    let (told, reloader) = (changed.clone(), reloader.clone());
    let on_event = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let others = reloader.other_files.load();
        if !event.kind.is_access() && event.paths.iter().any(|path| concerns(path, &others)) {
            told.notify_one();
        }
    };
    notify::recommended_watcher(on_event)
        .inspect_err(|error| {
            tracing::warn!(%error, "folders cannot be watched; the configuration is read every 30 s");
        })
        .ok()
}

/// The folders are watched, not the files: a ConfigMap is changed by swapping a link beside them. Each is watched by
/// itself, so that a journal that lies below them does not wake the watcher with every entry. To watch one again is to
/// go on watching it.
fn watch_folders(watcher: &mut notify::RecommendedWatcher, folders: &[PathBuf], warned: &mut bool) {
    for folder in folders {
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive)
            && !std::mem::replace(warned, true)
        {
            tracing::warn!(%error, "a folder cannot be watched; it is read every 30 s");
        }
    }
}

/// The folders of the files and those below them, and those of what else is read, without the
/// journal's.
fn folders_of(paths: &[PathBuf], others: &BTreeSet<PathBuf>, journal: &Path) -> Vec<PathBuf> {
    let journal = journal.canonicalize().ok();
    let parent = |path: &PathBuf| match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut next: Vec<PathBuf> = paths.iter().map(parent).collect();
    let mut all = Vec::new();
    while let Some(folder) = next.pop().filter(|_| all.len() < FOLDERS_MAX) {
        if all.contains(&folder) || (journal.is_some() && folder.canonicalize().ok() == journal) {
            continue;
        }
        let below = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let is_folder = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        next.extend(below.filter(is_folder).map(|entry| entry.path()));
        all.push(folder);
    }
    for folder in others.iter().map(parent) {
        let is_journal = journal.is_some() && folder.canonicalize().ok() == journal;
        if all.len() < FOLDERS_MAX && !is_journal && !all.contains(&folder) {
            all.push(folder);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_below_are_watched_and_the_journal_is_not() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for folder in ["etc/teams/a", "etc/journal/inside", "etc/templates", "run"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        let secrets = BTreeSet::from(["run/token", "etc/journal/token", "etc/teams/token"].map(at));
        let roots = [at("etc/tidings.toml"), at("etc/teams/a.toml")];
        let mut folders = folders_of(&roots, &secrets, &at("etc/journal"));
        folders.sort();
        assert_eq!(folders, ["etc", "etc/teams", "etc/teams/a", "etc/templates", "run"].map(at));
    }

    #[test]
    fn files_of_members_are_watched_like_those_of_secrets() {
        let text = "version = 1\n[ingest.http]\nlisten = \"127.0.0.1:0\"\n[journal]\npath = \"/j\"\n[channel.mail]\ntype = \"email\"\n\
             relay = \"smtps://me@h\"\nfrom = \"a@example.net\"\npassword = { file = \"run/smtp\" }\n[contact.ann]\nemail = \"b@example.net\"\n\
             [audience.a]\ndisclosure = \"internal\"\nmembers = { file = \"rota/a\" }\n[[route]]\nname = \"r\"\nkind = \"alert\"\n\
             audience = \"a\"\n";
        let files = [("etc/tidings.toml", text), ("etc/rota/a", "ann")];
        let config = config::from_texts(&files, [0; 32], deliver::kinds());
        let config = config.unwrap_or_else(|error| panic!("{}", error.render(false)));
        let others = other_files(&config);
        assert_eq!(others, BTreeSet::from(["etc/rota/a", "run/smtp"].map(PathBuf::from)));
        assert!(concerns(Path::new("/x/etc/rota/a"), &others));
    }

    #[test]
    fn what_is_no_file_of_ours_wakes_nobody() {
        let secrets = BTreeSet::from([PathBuf::from("run/token")]);
        for (path, wanted) in [
            ("/run/token", true),
            ("/run/..data", true),
            ("/etc/teams/a.toml", true),
            ("/etc/journal.db-wal", false),
            ("/run/other", false),
        ] {
            assert_eq!(concerns(Path::new(path), &secrets), wanted, "{path}");
        }
    }
}
