//! What is counted and measured: one typed method for each thing that happens, over handles that are kept.

use super::keeping::Answers;
use super::series::{Gauges, Known, Registrar};
use super::table::{self, Kind, TABLE, Vocabulary};
use super::words::{AlertState, CaseKind, DeadLetter, End, EventOutcome, Handler, Ping, Withheld};
use crate::decide::{Accepted, Failure, RemarkCode, Sent};
use crate::event::id::Digest;
use crate::event::{Severity, Span, Time};
use arc_swap::ArcSwap;
use metrics::{Counter, Gauge, Histogram, Recorder as _};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The media type of [`Metrics::render`]; Prometheus 3 refuses a bare `text/plain`.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How often [`Metrics::upkeep`] should run: what was measured since is kept sample by sample until then.
pub const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Numbers up to here are exact in a gauge.
const EXACT_BITS: u64 = (1 << 53) - 1;

type Request = (&'static str, &'static str, u16);

/// All metrics of one daemon. Everything is registered at zero; what a configuration names, by [`Metrics::know`].
pub struct Metrics {
    registrar: Registrar,
    handle: PrometheusHandle,
    pub(super) known: ArcSwap<Known>,
    requests: RwLock<BTreeMap<Request, Histogram>>,
    withheld: Box<[Counter]>,
    dead_letters: Box<[Counter]>,
    pings: Box<[Counter]>,
    alerts: Box<[Gauge]>,
    cases_open: Box<[Gauge]>,
    deliveries_decided: Counter,
    leases_lost: Counter,
    unknown_severity: Counter,
    remarks: Box<[Counter]>,
    unrouted: Counter,
    clock_steps: Counter,
    journal_entries: Counter,
    journal_bytes: Counter,
    journal_append_duration: Histogram,
    decide_duration: Histogram,
    pub(super) gauges: Gauges,
    pub(super) escalations: Box<[Counter]>,
    pub(super) answers: Answers,
    pub(super) words_held: Box<[Gauge]>,
    pub(super) persons_over: Box<[Gauge]>,
}

impl Metrics {
    /// The metrics of a daemon that started at `now`.
    pub fn new(now: Time) -> Metrics {
        let recorder =
            Arc::new(builder().expect("every list of buckets in the table has one").build_recorder());
        for metric in TABLE {
            let (name, help) = (metric.name.into(), metric.help.into());
            match metric.kind {
                Kind::Counter => recorder.describe_counter(name, None, help),
                Kind::Gauge => recorder.describe_gauge(name, None, help),
                Kind::Histogram(_) => recorder.describe_histogram(name, None, help),
            }
        }
        let handle = recorder.handle();
        let registrar = Registrar(recorder);
        let known = Known::new(&registrar, &Vocabulary::default(), None);
        let counter = |metric| registrar.counter(metric, &[]);
        registrar.gauge(&table::BUILD_INFO, &[env!("CARGO_PKG_VERSION")]).set(1.0);
        let metrics = Metrics {
            withheld: registrar.counters(&table::WITHHELD, &[], Withheld::WORDS),
            dead_letters: registrar.counters(&table::DEAD_LETTERS, &[], DeadLetter::WORDS),
            pings: registrar.counters(&table::HEARTBEAT_PINGS, &[], Ping::WORDS),
            alerts: registrar.gauges(&table::ALERTS, AlertState::WORDS),
            cases_open: registrar.gauges(&table::CASES_OPEN, CaseKind::WORDS),
            deliveries_decided: counter(&table::DELIVERIES_DECIDED),
            leases_lost: counter(&table::LEASES_LOST),
            unknown_severity: counter(&table::UNKNOWN_SEVERITY),
            remarks: registrar.counters(&table::EVENT_REMARKS, &[], table::REMARKS),
            unrouted: counter(&table::UNROUTED),
            clock_steps: counter(&table::CLOCK_STEPS),
            journal_entries: counter(&table::JOURNAL_ENTRIES),
            journal_bytes: counter(&table::JOURNAL_BYTES),
            journal_append_duration: registrar.histogram(&table::JOURNAL_APPEND_DURATION, &[]),
            decide_duration: registrar.histogram(&table::DECIDE_DURATION, &[]),
            gauges: Gauges::new(&registrar),
            answers: Answers::new(&registrar),
            escalations: registrar.counters(&table::ESCALATIONS, &[], table::CAUSES),
            words_held: registrar.gauges(&table::WORDS_HELD, table::HELD),
            persons_over: registrar.gauges(&table::PERSONS_OVER, table::MANY),
            known: ArcSwap::from_pointee(known),
            requests: RwLock::default(),
            registrar,
            handle,
        };
        metrics.gauges.start.set(seconds(now));
        metrics.gauges.heartbeat_last.set(seconds(now));
        metrics
    }

    /// Registers what a configuration names, at zero; to be called at start and after each reload.
    pub fn know(&self, vocabulary: &Vocabulary) {
        let before = self.known.load();
        self.known.store(Arc::new(Known::new(&self.registrar, vocabulary, Some(&before))));
    }

    /// The text of `/metrics`, with [`CONTENT_TYPE`]. Takes milliseconds with many series, and reads
    /// `/proc`: not for an async task.
    pub fn render(&self) -> String {
        let mut text = self.handle.render();
        super::process::render(&mut text);
        text
    }

    /// Puts what was measured into the histograms; to be called each [`UPKEEP_EVERY`].
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// An event came in on a lane and this became of it. A lane that is not configured is not counted.
    pub fn event(&self, lane: &str, outcome: EventOutcome) {
        if let Some(lane) = self.known.load().lane(lane) {
            lane.events[outcome as usize].increment(1);
        }
    }

    /// An event was taken, and this about it is odd.
    pub fn remark(&self, code: RemarkCode) {
        self.remarks[code as usize].increment(1);
    }

    /// How many messages of a lane are stored and not yet read.
    pub fn lane_lag(&self, lane: &str, messages: u64) {
        if let Some(lane) = self.known.load().lane(lane) {
            lane.lag.set(number(messages));
        }
    }

    /// Messages of a lane are missing (R2).
    pub fn lane_gap(&self, lane: &str) {
        if let Some(lane) = self.known.load().lane(lane) {
            lane.gaps.increment(1);
        }
    }

    /// Whether a lane can be read.
    pub fn lane_connected(&self, lane: &str, connected: bool) {
        if let Some(lane) = self.known.load().lane(lane) {
            lane.connected.set(flag(connected));
        }
    }

    /// Whether a lane waits for a person to say how it goes on (R2).
    pub fn lane_stopped(&self, lane: &str, stopped: bool) {
        if let Some(lane) = self.known.load().lane(lane) {
            lane.stopped.set(flag(stopped));
        }
    }

    /// An event of the other type came on a lane (R2).
    pub fn lane_other_type(&self, lane: &str) {
        if let Some(lane) = self.known.load().lane(lane) {
            lane.other_type.increment(1);
        }
    }

    /// An event's severity is missing or not on the ladder (R9).
    pub fn unknown_severity(&self) {
        self.unknown_severity.increment(1);
    }

    /// No row matched (R10).
    pub fn unrouted(&self) {
        self.unrouted.increment(1);
    }

    /// How many alerts there are in a state.
    pub fn alerts(&self, state: AlertState, count: usize) {
        self.alerts[state as usize].set(number(count as u64));
    }

    /// How many cases of a sort are open.
    pub fn cases_open(&self, kind: CaseKind, count: usize) {
        self.cases_open[kind as usize].set(number(count as u64));
    }

    /// How many alerts have a lease (R5).
    pub fn leases(&self, count: usize) {
        self.gauges.leases.set(number(count as u64));
    }

    /// Alerts became lost (R5).
    pub fn leases_lost(&self, count: usize) {
        self.leases_lost.increment(count as u64);
    }

    /// A notification was held back (R18).
    pub fn withheld(&self, reason: Withheld) {
        self.withheld[reason as usize].increment(1);
    }

    /// Deliveries were decided (R33).
    pub fn deliveries_decided(&self, count: usize) {
        self.deliveries_decided.increment(count as u64);
    }

    /// A delivery ended (R33). A channel that was never configured counts as `removed`.
    pub fn delivery_ended(&self, channel: &str, end: End) {
        self.known.load().channel(channel).ended[end as usize].increment(1);
    }

    /// An attempt was made; it took so long.
    pub fn delivery_attempted(&self, channel: &str, result: &Result<Accepted, Failure>, took: Duration) {
        let known = self.known.load();
        let channel = known.channel(channel);
        channel.attempt_duration.record(took.as_secs_f64());
        match result {
            Ok(_) => channel.accepted.increment(1),
            Err(failure) if failure.sent == Sent::Maybe => {
                channel.unknown[failure.reason as usize].increment(1)
            }
            Err(failure) => channel.failed[failure.reason as usize].increment(1),
        }
    }

    /// A provider accepted a notification so long after the event that caused it.
    pub fn notification_delay(&self, channel: &str, severity: Severity, delay: Span) {
        self.known.load().channel(channel).delay(severity).record(number(delay.millis()) / 1e3);
    }

    /// How many deliveries of a channel are pending.
    pub fn deliveries_pending(&self, channel: &str, count: usize) {
        self.known.load().channel(channel).pending.set(number(count as u64));
    }

    /// When the oldest pending delivery of a severity was decided; `None` when none is pending.
    pub fn deliveries_oldest_pending(&self, severity: Severity, since: Option<Time>) {
        self.known.load().oldest(severity).set(since.map_or(0.0, seconds));
    }

    /// Something became a dead letter.
    pub fn dead_letter(&self, kind: DeadLetter) {
        self.dead_letters[kind as usize].increment(1);
    }

    /// Whether the sum law was found broken (R33).
    pub fn sum_law_broken(&self, broken: bool) {
        self.gauges.sum_law_broken.set(flag(broken));
    }

    /// Whether a channel is held back (R35).
    pub fn channel_paused(&self, channel: &str, paused: bool) {
        self.known.load().channel(channel).paused.set(flag(paused));
    }

    /// Whether a channel cannot be set up (R38).
    pub fn channel_down(&self, channel: &str, down: bool) {
        self.known.load().channel(channel).down.set(flag(down));
    }

    /// Whether nothing is sent because the daemon ended at one input three times (R8).
    pub fn sending_stopped(&self, stopped: bool) {
        self.gauges.sending_stopped.set(flag(stopped));
    }

    /// A batch of inputs was decided.
    pub fn batch_decided(&self, took: Duration) {
        self.decide_duration.record(took.as_secs_f64());
    }

    /// The entry `sequence` of so many bytes became durable.
    pub fn journal_appended(&self, sequence: u64, bytes: usize, took: Duration, now: Time) {
        self.journal_append_duration.record(took.as_secs_f64());
        self.journal_entries.increment(1);
        self.journal_bytes.increment(bytes as u64);
        self.gauges.journal_last_append.set(seconds(now));
        self.journal_head(sequence);
    }

    /// The newest durable entry, as it was found or became.
    pub fn journal_head(&self, sequence: u64) {
        self.gauges.journal_head.set(number(sequence));
    }

    /// Whether only the disk reserve is left, and how many bytes there are before it, where there is a disk.
    pub fn journal_room(&self, reserve: bool, bytes: Option<u64>) {
        self.gauges.journal_reserve.set(flag(reserve));
        self.gauges.journal_room.set(bytes.map_or(f64::NAN, number));
    }

    /// When an append last failed, if one ever did.
    pub fn journal_append_failed(&self, last: Option<Time>) {
        self.gauges.journal_append_failed.set(last.map_or(0.0, seconds));
    }

    /// A snapshot was kept.
    pub fn snapshot_kept(&self, now: Time) {
        self.gauges.snapshot_last.set(seconds(now));
    }

    /// This process took the lead with this epoch, or lost it.
    pub fn leading(&self, epoch: Option<u64>) {
        self.gauges.leading.set(flag(epoch.is_some()));
        if let Some(epoch) = epoch {
            self.gauges.epoch.set(number(epoch));
        }
    }

    /// Whether what piled up before the start is still being read (R39).
    pub fn catching_up(&self, behind: bool) {
        self.gauges.catching_up.set(flag(behind));
    }

    /// A configuration is in force: that of the files as they are, read without an error.
    pub fn config_loaded(&self, hash: Digest, now: Time) {
        self.gauges.config_last_successful.set(1.0);
        self.gauges.config_last_success.set(seconds(now));
        self.config_in_force(hash, false);
    }

    /// The files have errors; what was in force stays so (R38).
    pub fn config_refused(&self) {
        self.gauges.config_last_successful.set(0.0);
    }

    /// Which configuration is in force, and whether it is the journal's last accepted one instead of the files' (R38).
    pub fn config_in_force(&self, hash: Digest, last_accepted: bool) {
        self.gauges.config_hash.set(number(hash.short() & EXACT_BITS));
        self.gauges.config_on_last_accepted.set(flag(last_accepted));
    }

    /// The wall clock stepped by so many milliseconds (R7).
    pub fn clock_stepped(&self, by_ms: i64) {
        self.clock_steps.increment(1);
        self.gauges.clock_step.set(by_ms as f64 / 1e3);
    }

    /// How often the heart is to beat; `None` when it is not to.
    pub fn heartbeat_interval(&self, every: Option<Span>) {
        self.gauges.heartbeat_interval.set(every.map_or(0.0, |every| every.to_std().as_secs_f64()));
    }

    /// A beat went the whole way.
    pub fn heart_beats(&self, now: Time) {
        self.gauges.heartbeat_last.set(seconds(now));
    }

    /// The dead man's switch was pinged, and this came of it.
    pub fn pinged(&self, ping: Ping) {
        self.pings[ping as usize].increment(1);
    }

    /// An HTTP request was answered.
    pub fn http_request(&self, handler: Handler, method: &str, code: u16, took: Duration) {
        let request = (handler.as_str(), known_method(method), code);
        let took = took.as_secs_f64();
        if let Some(histogram) = self.requests.read().unwrap_or_else(PoisonError::into_inner).get(&request) {
            return histogram.record(took);
        }
        let (handler, method, code) = request;
        let values = [handler, method, &code.to_string()];
        let histogram = self.registrar.histogram(&table::HTTP_REQUESTS, &values);
        histogram.record(took);
        self.requests.write().unwrap_or_else(PoisonError::into_inner).insert(request, histogram);
    }
}

/// A builder that knows the buckets of each histogram of the table; without them it would render summaries.
fn builder() -> Result<PrometheusBuilder, BuildError> {
    TABLE.iter().try_fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
        Kind::Histogram(buckets) => {
            builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)
        }
        Kind::Counter | Kind::Gauge => Ok(builder),
    })
}

/// The method, if it is one that a label may show: a client may send any word.
fn known_method(method: &str) -> &'static str {
    const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    METHODS.into_iter().find(|known| *known == method).unwrap_or("other")
}

fn flag(value: bool) -> f64 {
    f64::from(u8::from(value))
}

fn number(value: u64) -> f64 {
    value as f64
}

fn seconds(time: Time) -> f64 {
    time.millis() as f64 / 1e3
}
