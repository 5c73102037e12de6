//! From a configuration to a running daemon, and back to nothing: start, take the lead, catch up, stop.

use super::alarm::Alarm;
use super::append::{Appends, Batch};
use super::brake::Brake;
use super::channels;
use super::clock::{self, Clock};
use super::dispatch::Dispatcher;
use super::door::Mailbox;
use super::effects::{Effects, Means};
use super::engine::{Engine, NewPolicy};
use super::failed_append::FailedAppend;
use super::heartbeat::{self, Beaten};
use super::history::{self, Feed};
use super::imprint::Imprinter;
use super::kept::KeptMessages;
use super::lanes;
use super::leases::Leases;
use super::links::Links;
use super::measure;
use super::messages::Messages;
use super::recover::{Recovered, last_policy, recover};
use super::reload::{self, Reloader};
use super::server;
use super::task::{TaskKind, Tasks};
use crate::config::{self, Config, Diagnostics, JournalSettings};
use crate::decide::{PolicyText, State, What};
use crate::deliver;
use crate::event::id::Digest;
use crate::event::{Name, Status, Time};
use crate::journal::{Birth, FileStore, Store, file};
use crate::observe::health::Health;
use crate::observe::metrics::{Metrics, UPKEEP_EVERY};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;

/// How the daemon is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration files.
    pub config: Vec<PathBuf>,
    /// Refuse a configuration with mistakes instead of running on the last accepted one (R38).
    pub strict: bool,
}

/// Why it did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The configuration cannot be used: exit 64.
    #[error("{0}")]
    Configuration(Box<Diagnostics>),
    /// The configuration cannot be used, for another reason: exit 64.
    #[error("{0}")]
    Unusable(String),
    /// Something inside failed: exit 70.
    #[error("{0}")]
    Failed(String),
}

impl From<Diagnostics> for Stopped {
    fn from(diagnostics: Diagnostics) -> Stopped {
        Stopped::Configuration(Box::new(diagnostics))
    }
}

/// What everything in the daemon shares.
pub struct Shared {
    /// The queues.
    pub mailbox: Arc<Mailbox>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The health.
    pub health: Arc<Health>,
    /// The clock.
    pub clock: Clock,
    /// The tasks.
    pub tasks: Tasks,
    /// What was said, as the journal has it.
    pub kept: Arc<KeptMessages>,
}

/// The key from which references and recipients' names are made: of this journal and no other.
pub fn reference_key(birth: Birth) -> [u8; 32] {
    let digest = Digest::of(&[b"reference key", &birth.id]);
    let mut key = [0; 32];
    key[..16].copy_from_slice(digest.bytes());
    key[16..].copy_from_slice(Digest::of(&[b"reference key, continued", &birth.id]).bytes());
    key
}

/// Runs until it is told to stop.
///
/// # Errors
/// Why it did not start, or stopped by itself.
pub async fn run(options: Options) -> Result<(), Stopped> {
    let journal = config::journal_section(&options.config)?;
    let store = Arc::new(open(&journal)?);
    let birth = store.birth();
    let key = reference_key(birth);
    let recovered = recover(&*store).await.map_err(|error| Stopped::Failed(error.to_string()))?;
    let (config, fallen_back) = configuration(&options, key, &*store, &recovered).await?;
    let last = (recovered.head.sequence > 0).then_some(recovered.state.time);
    let clock = Clock::start(last);
    let now = clock.now();
    if store.is_new() {
        tracing::warn!("a first start: the journal is new, nothing from before is known");
    }
    let tasks = Tasks::here();
    let metrics = Arc::new(Metrics::new(now));
    metrics.know(&measure::vocabulary(&config));
    metrics.config_in_force(config.text.hash, fallen_back);
    if !fallen_back {
        metrics.config_loaded(config.text.hash, now);
    }
    metrics.journal_append_failed(FailedAppend::beside(&journal.path).last());
    let mailbox = Arc::new(Mailbox::new(incident_lanes(&config), clock.clone()));
    let health = Arc::new(Health::new(&["journal"]));
    let store: Arc<dyn Store> = store;
    let kept = Arc::new(KeptMessages::new(store.clone()));
    let shared = Arc::new(Shared { mailbox, metrics, health, clock, tasks, kept });
    let imprinter = Imprinter::new().map_err(|error| Stopped::Failed(format!("no random bytes: {error}")))?;
    let used = imprinter.of(&config);
    let (heart, beaten) = tokio::sync::mpsc::unbounded_channel();
    let brake = Brake::new(&journal.path, recovered.worked);
    let begun = async {
        match brake.holds() {
            None => {
                start_engine(&shared, &store, &config, recovered, brake, heart, now).await?;
                shared.health.ready("journal");
            }
            Some(why) => {
                tracing::error!(why, "sending is stopped");
                shared.mailbox.close();
                shared.metrics.sending_stopped(true);
                shared.health.not_ready("journal", &why);
            }
        }
        upkeep(&shared);
        let (secrets, shared) = ((imprinter, used), shared.clone());
        let reloader = Arc::new(Reloader::new(options.config.clone(), key, &config, secrets, shared.clone()));
        reload::watch(&reloader, &shared.tasks);
        heartbeat::start(&shared, reloader.heartbeats(), beaten);
        server::start(&shared, &config, &reloader).await.map_err(Stopped::Unusable)
    };
    if let Err(stopped) = begun.await {
        // What has begun ends in order: why it did not start is said once, by whoever asked for it.
        shared.tasks.stop();
        shared.tasks.ended().await;
        return Err(stopped);
    }
    tracing::info!(policy = %config.text.hash, rows = config.policy.rows.len(), "ready");
    stop_signal(&shared.tasks).await;
    shared.tasks.stop();
    let all_ended = shared.tasks.ended().await;
    match (shared.tasks.has_failed(), all_ended) {
        (true, _) => Err(Stopped::Failed("something vital failed; the log says what".into())),
        (false, true) => Ok(()),
        (false, false) => Err(Stopped::Failed("some work did not end in time and was cut off".into())),
    }
}

fn open(journal: &JournalSettings) -> Result<FileStore, Stopped> {
    let id = clock::random_id().map_err(|error| Stopped::Failed(format!("no random bytes: {error}")))?;
    let born = Birth { id, at: Time::from_millis(clock::wall_ms()) };
    FileStore::open(&file::Options::new(&journal.path, born))
        .map_err(|error| Stopped::Unusable(error.to_string()))
}

/// The configuration in the files; where that has mistakes, the one that was last accepted (R38).
async fn configuration(
    options: &Options,
    key: [u8; 32],
    store: &dyn Store,
    recovered: &Recovered,
) -> Result<(Arc<Config>, bool), Stopped> {
    let mistakes = match config::load(&options.config, key, deliver::kinds()) {
        Ok(config) => {
            config
                .warnings
                .iter()
                .for_each(|warning| tracing::warn!(code = warning.code, "{}", warning.message));
            return Ok((Arc::new(config), false));
        }
        Err(mistakes) => mistakes,
    };
    let accepted = match (options.strict, recovered.state.policy) {
        (false, Some(_)) => last_policy(store, &recovered.state).await,
        (true, _) | (false, None) => None,
    };
    let accepted = accepted.and_then(|text| config::from_texts(&text.files, key, deliver::kinds()).ok());
    match accepted {
        Some(config) => {
            tracing::error!(
                mistakes = mistakes.summary(),
                "the configuration has mistakes; running on the last accepted one"
            );
            Ok((Arc::new(config), true))
        }
        None => Err(mistakes.into()),
    }
}

fn incident_lanes(config: &Config) -> BTreeSet<Name> {
    let reads = config.ingest.nats.iter().flat_map(|nats| &nats.reads);
    reads.filter(|lane| lane.carries == config::Carries::Incidents).map(|lane| lane.name.clone()).collect()
}

/// Takes the lead, adopts the policy if it is another one, and starts the lanes from their cursors.
async fn start_engine(
    shared: &Arc<Shared>,
    store: &Arc<dyn Store>,
    config: &Arc<Config>,
    recovered: Recovered,
    brake: Brake,
    heart: UnboundedSender<Beaten>,
    now: Time,
) -> Result<(), Stopped> {
    let Shared { mailbox, metrics, clock, tasks, health, .. } = &**shared;
    let dispatcher = dispatcher(shared, config);
    let (feed, entries) = Feed::new();
    let runtime = tokio::runtime::Handle::current();
    history::follow(&config.journal.path, store.clone(), entries, config.journal.retain, runtime);
    let means = Means {
        store: store.clone(),
        dispatcher: dispatcher.clone(),
        history: feed,
        heart,
        metrics: metrics.clone(),
        clock: clock.clone(),
        failed: FailedAppend::beside(&config.journal.path),
    };
    let effects = Effects::start(means, tasks);
    let retain = config.journal.retain;
    let appends =
        Appends::new(store.clone(), recovered.head, metrics.clone(), clock.clone(), effects, retain)
            .map_err(|error| Stopped::Failed(error.to_string()))?;
    let alarm = Arc::new(Alarm::new(dispatcher.clone(), config));
    alarm.watch(clock.clone(), tasks);
    let leases = leases_of(&recovered.state, now);
    let cursors = recovered.cursors.clone();
    let lanes: Vec<Name> =
        config.ingest.nats.iter().flat_map(|nats| nats.reads.iter().map(|lane| lane.name.clone())).collect();
    metrics.journal_head(recovered.head.sequence);
    let epoch = recovered.state.epoch + 1;
    let engine = Engine {
        messages: Messages::of_state(&recovered.state),
        persons: super::persons::Persons::default(),
        beats: Default::default(),
        state: recovered.state,
        policy: Arc::new(config.policy.clone()),
        cursors: recovered.cursors,
        mailbox: mailbox.clone(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        dispatcher,
        appends,
        leases,
        tasks: tasks.clone(),
        health: health.clone(),
        alarm: alarm.clone(),
        moved: Default::default(),
        inputs_since_entry: 0,
        last_entry: now,
        last_gauges: Time::EPOCH,
    };
    let (done, lead) = tokio::sync::oneshot::channel();
    spawn_loop(engine, first_inputs(config, epoch, lanes, done), brake, shared)?;
    metrics.leading(Some(epoch));
    lead.await.map_err(|_| Stopped::Failed("the first entry could not be written".into()))?;
    if let Some(nats) = &config.ingest.nats {
        lanes::start(nats, cursors, now, mailbox, metrics, tasks).map_err(Stopped::Unusable)?;
    }
    Ok(())
}

/// The leases of what fires: each begins anew (R5).
fn leases_of(state: &State, now: Time) -> Leases {
    let mut leases = Leases::default();
    for (fingerprint, alert) in &state.alerts {
        if alert.record.status == Status::Firing {
            leases.anew(*fingerprint, &alert.record.source, alert.record.leased, now);
        }
    }
    leases
}

/// What starts attempts; it gives links to answer by where the configuration says how readers reach the daemon (R25).
fn dispatcher(shared: &Shared, config: &Config) -> Dispatcher {
    let Shared { mailbox, metrics, clock, tasks, kept, .. } = shared;
    let site = config.ingest.http.as_ref().and_then(|http| http.external_url.as_deref());
    let links = Links::new(site, &config.policy.reference_key);
    Dispatcher::new(mailbox.clone(), metrics.clone(), kept.clone(), clock.clone(), tasks.clone())
        .with_links(links)
}

/// What the first entry of an epoch decides.
struct First {
    started: What,
    policy: NewPolicy,
}

fn first_inputs(
    config: &Arc<Config>,
    epoch: u64,
    behind: Vec<Name>,
    done: tokio::sync::oneshot::Sender<()>,
) -> First {
    let text: PolicyText = config.text.clone();
    let policy = NewPolicy {
        config: config.clone(),
        policy: Arc::new(config.policy.clone()),
        text,
        channels: channels::build(config),
        done,
    };
    First { started: What::Started { epoch, behind }, policy }
}

/// The loop has a thread and a runtime of its own: nothing that takes long elsewhere delays a decision.
fn spawn_loop(mut engine: Engine, first: First, brake: Brake, shared: &Arc<Shared>) -> Result<(), Stopped> {
    let tasks = shared.tasks.clone();
    let (ended, wait) = tokio::sync::oneshot::channel::<()>();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stopped::Failed(error.to_string()))?;
    let handle = tokio::runtime::Handle::current();
    std::thread::Builder::new()
        .name("decide".into())
        .spawn(move || {
            // Attempts and lanes belong to the many-threaded runtime.
            let _outside = handle.enter();
            // A panic in `apply` leaves State unknown: the process ends and folds the journal again (R8).
            let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
                let now = engine.clock.now();
                let mut building = Batch::new(engine.appends.next_sequence());
                engine.inside(now, first.started, &mut building);
                engine.adopt(now, first.policy, &mut building);
                engine.begin(now, building);
                runtime.block_on(engine.run());
            }));
            if ran.is_err() {
                brake.note();
            }
            drop(ended);
        })
        .map_err(|error| Stopped::Failed(error.to_string()))?;
    let watch = tasks.clone();
    tasks.spawn(TaskKind::Vital, "decide", async move {
        let _ = wait.await;
        drop(watch);
    });
    Ok(())
}

/// Keeps the histograms of metrics small between scrapes.
fn upkeep(shared: &Arc<Shared>) {
    let (metrics, stopping) = (shared.metrics.clone(), shared.tasks.clone());
    shared.tasks.spawn(TaskKind::Work, "upkeep", async move {
        // Cancel-safe: an upkeep that is not made is made the next time.
        while tokio::time::timeout(UPKEEP_EVERY, stopping.stopping()).await.is_err() {
            metrics.upkeep();
        }
    });
}

/// Resolves when a person or the system asks the daemon to end, or something inside does.
async fn stop_signal(tasks: &Tasks) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tasks.fail("signals cannot be listened for");
        return;
    };
    // Cancel-safe: signals that are not received stay pending, and any of them ends the daemon.
    tokio::select! {
        _ = terminate.recv() => tracing::info!("asked to stop by SIGTERM"),
        _ = interrupt.recv() => tracing::info!("asked to stop by SIGINT"),
        () = tasks.stopping() => {}
    }
}
