//! R36, R38: another configuration, on change of its folder, by SIGHUP or by `POST /-/reload`; a bad one changes nothing.

use super::channels;
use super::door::Control;
use super::engine::NewPolicy;
use super::heartbeat;
use super::run::Shared;
use super::server::LiveTokens;
use super::task::{TaskKind, Tasks};
use crate::config::{self, Config, Diagnostics, HeartbeatSettings, IngestSettings, JournalSettings};
use crate::decide::Policy;
use crate::deliver;
use crate::event::id::Digest;
use arc_swap::ArcSwap;
use notify::{RecursiveMode, Watcher};
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
    /// The texts are the same.
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
    policy: ArcSwap<Policy>,
    tokens: OnceLock<Arc<LiveTokens>>,
    heartbeat: watch::Sender<Option<HeartbeatSettings>>,
    /// What is read at start only: the ways in and the journal.
    at_start: (IngestSettings, JournalSettings),
    one_at_a_time: tokio::sync::Mutex<()>,
    shared: Arc<Shared>,
}

impl Reloader {
    /// A reloader of these files, with the policy in force.
    pub fn new(paths: Vec<PathBuf>, key: [u8; 32], config: &Config, shared: Arc<Shared>) -> Reloader {
        Reloader {
            paths,
            key,
            policy: ArcSwap::from_pointee(config.policy.clone()),
            tokens: OnceLock::new(),
            heartbeat: watch::Sender::new(config.heartbeat.clone()),
            at_start: (config.ingest.clone(), config.journal.clone()),
            one_at_a_time: Default::default(),
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

    /// The policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// Reads the files again; resolves once the new policy is durable.
    pub async fn reload(&self) -> Reload {
        let _turn = self.one_at_a_time.lock().await;
        let (paths, key) = (self.paths.clone(), self.key);
        let read = tokio::task::spawn_blocking(move || config::load(&paths, key, deliver::kinds())).await;
        let metrics = &self.shared.metrics;
        let config = match read {
            Ok(Ok(config)) => config,
            Ok(Err(mistakes)) => {
                metrics.config_refused();
                tracing::error!(
                    mistakes = mistakes.summary(),
                    "the changed configuration has mistakes; the one before holds on"
                );
                return Reload::Refused(mistakes);
            }
            Err(_) => return Reload::Stopping,
        };
        if config.text.hash == self.policy().hash {
            metrics.config_loaded(config.text.hash, self.shared.clock.now());
            return Reload::Unchanged;
        }
        self.adopt(config).await
    }

    async fn adopt(&self, config: Config) -> Reload {
        let hash = config.text.hash;
        config.warnings.iter().for_each(|warning| tracing::warn!(code = warning.code, "{}", warning.message));
        if (&config.ingest, &config.journal) != (&self.at_start.0, &self.at_start.1) {
            tracing::warn!("the ways in or the journal have changed: that holds after a restart only");
        }
        if let Some(tokens) = self.tokens.get() {
            tokens.renew(&config);
        }
        self.heartbeat.send_if_modified(|held| {
            let other = *held != config.heartbeat;
            held.clone_from(&config.heartbeat);
            other
        });
        let config = Arc::new(config);
        let (done, durable) = oneshot::channel();
        let policy = Arc::new(config.policy.clone());
        let new = NewPolicy {
            policy: policy.clone(),
            text: config.text.clone(),
            channels: channels::build(&config),
            config,
            done,
        };
        self.shared.mailbox.control(Control::Policy(Box::new(new)));
        if durable.await.is_err() {
            return Reload::Stopping;
        }
        self.policy.store(policy);
        self.shared.metrics.config_loaded(hash, self.shared.clock.now());
        self.shared.metrics.config_in_force(hash, false);
        tracing::info!(policy = %hash, "another configuration holds from here on");
        Reload::Adopted(hash)
    }
}

/// Reloads on SIGHUP, and when something changes in the folders of the files.
pub fn watch(reloader: &Arc<Reloader>, tasks: &Tasks) {
    let changed = Arc::new(Notify::new());
    let mut watcher = watcher(&changed);
    let (reloader, stopping) = (reloader.clone(), tasks.clone());
    tasks.spawn(TaskKind::Work, "reload", async move {
        let Ok(mut hang_up) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else {
            return;
        };
        let mut warned = false;
        loop {
            // A change may have brought folders.
            if let Some(watcher) = &mut watcher {
                let folders = folders_of(&reloader.paths, &reloader.at_start.1.path);
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

/// Whether a path may be one of the configuration's: a journal in the same folder changes all the time.
fn concerns(path: &Path) -> bool {
    let swapped = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".."));
    let is_toml = path.extension().is_some_and(|kind| kind == "toml");
    is_toml || swapped || path.is_dir()
}

fn watcher(changed: &Arc<Notify>) -> Option<notify::RecommendedWatcher> {
    let told = changed.clone();
    let on_event = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(|path| concerns(path))) {
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

/// The folders of the files and those below them, without the journal's.
fn folders_of(paths: &[PathBuf], journal: &Path) -> Vec<PathBuf> {
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
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_below_are_watched_and_the_journal_is_not() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for folder in ["teams/a", "journal/inside", "templates"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        let mut folders = folders_of(&[at("tidings.toml"), at("teams/a.toml")], &at("journal"));
        folders.sort();
        assert_eq!(folders, [root.path().to_owned(), at("teams"), at("teams/a"), at("templates")]);
    }
}
