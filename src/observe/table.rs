//! The table of all metrics: the only place where their names stand. `docs/metrics.md` is generated from it.

use super::words::{AlertState, Approval, CaseKind, DeadLetter, End, EventOutcome, Ping, Purpose, Withheld};
use crate::decide::{AckWay, Cause, HeldReason, PromiseEnd, Reason, RemarkCode};
use crate::event::Name;

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [Label],
    /// What it means.
    pub help: &'static str,
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A histogram with these upper bounds.
    Histogram(&'static [f64]),
}

/// A label, or labels that belong together, and where the values come from: the configuration or a closed set, never
/// an event.
#[derive(Clone, Copy, Debug)]
pub enum Label {
    /// `channel`: the configured channels, and [`REMOVED`].
    Channel,
    /// `severity`: the ladder, and `none`.
    Severity,
    /// `audience`: the configured audiences, and [`REMOVED`].
    Audience,
    /// `lane`: the configured lanes, and those of HTTP.
    Lane,
    /// A closed set of words.
    Words(&'static str, &'static [&'static str]),
    /// `result` and `reason` of an attempt: an accepted one has the reason `none`.
    Attempt,
    /// `handler`, `method` and `code` of an HTTP request, the handler one of [`Handler::WORDS`](super::Handler::WORDS); registered when the first
    /// such request was answered.
    Request,
    /// `version`: this program's.
    Version,
}

/// What stands for every channel and every audience that is no longer configured.
pub const REMOVED: &str = "removed";

/// The names in the configuration that label metrics.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// The channels.
    pub channels: Vec<Name>,
    /// The audiences.
    pub audiences: Vec<Name>,
    /// The severity ladder, worst first.
    pub severities: Vec<String>,
    /// The lanes, those of HTTP included.
    pub lanes: Vec<Name>,
}

impl Label {
    /// The names of the labels.
    pub fn names(&self) -> &[&'static str] {
        match self {
            Label::Channel => &["channel"],
            Label::Severity => &["severity"],
            Label::Audience => &["audience"],
            Label::Lane => &["lane"],
            Label::Words(name, _) => std::slice::from_ref(name),
            Label::Attempt => &["result", "reason"],
            Label::Request => &["handler", "method", "code"],
            Label::Version => &["version"],
        }
    }

    /// Every value that is registered at zero, with one text for each of [`Label::names`].
    pub fn values(&self, known: &Vocabulary) -> Vec<Vec<String>> {
        let single = |text: &str| vec![text.to_owned()];
        match self {
            Label::Channel => known.channels.iter().map(Name::as_str).chain([REMOVED]).map(single).collect(),
            Label::Severity => {
                known.severities.iter().map(String::as_str).chain(["none"]).map(single).collect()
            }
            Label::Audience => {
                known.audiences.iter().map(Name::as_str).chain([REMOVED]).map(single).collect()
            }
            Label::Lane => known.lanes.iter().map(Name::as_str).map(single).collect(),
            Label::Words(_, words) => words.iter().copied().map(single).collect(),
            Label::Attempt => {
                let failures = ["failed", "unknown"].iter().flat_map(|result| {
                    Reason::ALL.iter().map(|reason| vec![(*result).to_owned(), reason.as_str().to_owned()])
                });
                std::iter::once(vec!["accepted".to_owned(), "none".to_owned()]).chain(failures).collect()
            }
            Label::Request => Vec::new(),
            Label::Version => vec![single(env!("CARGO_PKG_VERSION"))],
        }
    }
}

/// From a promise kept at once to one missed by far.
const DELAYS: &[f64] =
    &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
/// From the receipt of what opened a case to the first word of it: rows may wait for an hour.
const FIRST_WORDS: &[f64] =
    &[1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0];
/// One attempt ends within its deadline, which is at most 60 s.
const ATTEMPTS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Disks and networks of journals.
const APPENDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
/// What HTTP servers customarily measure by.
const REQUESTS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Decisions take microseconds to milliseconds.
const DECISIONS: &[f64] = &[0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0];

/// The words of a closed set that stands elsewhere.
macro_rules! words_of {
    ($all:expr) => {
        &{
            let mut words = [""; $all.len()];
            let mut place = 0;
            while place < words.len() {
                words[place] = $all[place].as_str();
                place += 1;
            }
            words
        }
    };
}

/// The codes of remarks.
pub(super) const REMARKS: &[&str] = words_of!(RemarkCode::ALL);
/// How promises end.
pub(super) const PROMISE_ENDS: &[&str] = words_of!(PromiseEnd::ALL);
/// What words wait for.
pub(super) const HELD: &[&str] = words_of!(HeldReason::ALL);
/// What cases are escalated for.
pub(super) const CAUSES: &[&str] = words_of!(Cause::ALL);
/// How cases are acknowledged.
pub(super) const ACK_WAYS: &[&str] = words_of!(AckWay::ALL);
/// Numbers of messages to one person within a day.
pub(super) const MANY: &[&str] = &["10", "25", "50"];
/// The same as numbers.
pub(super) const MANY_LEAST: [u32; 3] = [10, 25, 50];

macro_rules! table {
    ($($id:ident: $kind:expr, $name:literal, [$($label:expr),*], $help:literal;)*) => {
        $(
            #[doc = $help]
            pub(super) const $id: Metric =
                Metric { name: $name, kind: $kind, labels: &[$($label),*], help: $help };
        )*

        /// Every metric.
        pub const TABLE: &[Metric] = &[$($id),*];
    };
}

use Kind::{Counter, Gauge, Histogram};
use Label::{Attempt, Audience, Channel, Lane, Request, Severity, Version, Words};

table! {
    EVENTS: Counter, "tidings_events_total", [Lane, Words("outcome", EventOutcome::WORDS)],
        "Events that came in, by what became of them.";
    LANE_LAG: Gauge, "tidings_lane_lag", [Lane], "Messages of a lane that are stored and not yet read.";
    LANE_GAPS: Counter, "tidings_lane_gaps_total", [Lane], "Gaps: times that messages of a lane were found missing.";
    LANE_CONNECTED: Gauge, "tidings_lane_connected", [Lane], "1 while the lane can be read; NaN once it is not configured.";
    LANE_STOPPED: Gauge, "tidings_lane_stopped", [Lane], "1 while a lane waits for a person to say how it goes on.";
    LANE_OTHER_TYPE: Counter, "tidings_lane_other_type_total", [Lane], "Events on a lane that is meant for the other type.";
    UNKNOWN_SEVERITY: Counter, "tidings_unknown_severity_total", [], "Events whose severity is missing or not on the ladder.";
    EVENT_REMARKS: Counter, "tidings_event_remarks_total", [Words("code", REMARKS)],
        "Remarks about events that were taken and are odd, by what is odd.";
    UNROUTED: Counter, "tidings_unrouted_total", [], "Alerts and incidents that no row of the routing table matched.";
    ALERTS: Gauge, "tidings_alerts", [Words("state", AlertState::WORDS)], "Alerts that are kept in memory.";
    CASES_OPEN: Gauge, "tidings_cases_open", [Words("kind", CaseKind::WORDS)], "Cases that are not closed.";
    LEASES: Gauge, "tidings_leases", [], "Alerts that end unless their sender renews them.";
    LEASES_LOST: Counter, "tidings_leases_lost_total", [], "Alerts that became lost because nobody renewed them.";
    WITHHELD: Counter, "tidings_withheld_total", [Words("reason", Withheld::WORDS)],
        "Notifications that were decided and held back, by the reason.";
    DELIVERIES_DECIDED: Counter, "tidings_deliveries_decided_total", [], "Deliveries that were decided.";
    DELIVERIES: Counter, "tidings_deliveries_total", [Channel, Words("end", End::WORDS)],
        "Deliveries that ended, by how; each ends once.";
    DELIVERIES_PENDING: Gauge, "tidings_deliveries_pending", [Channel], "Deliveries that were decided and have not ended.";
    DELIVERIES_OLDEST: Gauge, "tidings_deliveries_oldest_pending_timestamp_seconds", [Severity],
        "When the oldest pending delivery was decided; 0 when none is pending.";
    ATTEMPTS_MADE: Counter, "tidings_delivery_attempts_total", [Channel, Attempt],
        "Attempts at deliveries; unknown is a failure after which something may have arrived all the same.";
    ATTEMPT_DURATION: Histogram(ATTEMPTS), "tidings_delivery_attempt_duration_seconds", [Channel], "How long attempts took.";
    DELAY: Histogram(DELAYS), "tidings_notification_delay_seconds", [Channel, Severity],
        "From the event that caused a notification until a provider accepted it.";
    FIRST_WORD: Histogram(FIRST_WORDS), "tidings_first_word_seconds", [Audience, Severity],
        "From the receipt of what opened a case until the first word of it to an audience was handed over.";
    FIRST_WORDS_MISSED: Counter, "tidings_first_words_missed_total", [Audience],
        "Times that an audience was not told within the time that its row states.";
    UPDATES: Counter, "tidings_updates_total", [Audience, Words("kind", Purpose::WORDS)],
        "Messages that were decided for an audience, by what they are for; each counts once, to however many it goes.";
    PROMISES_MADE: Counter, "tidings_promises_made_total", [Audience], "Messages that promised an audience a next word.";
    PROMISES: Counter, "tidings_promises_total", [Audience, Words("end", PROMISE_ENDS)],
        "Promises of a next word to single persons that ended, by how.";
    ESCALATIONS: Counter, "tidings_escalations_total", [Words("cause", CAUSES)], "Escalations, by what they were for.";
    ACKNOWLEDGEMENTS: Counter, "tidings_acknowledgements_total", [Words("way", ACK_WAYS)],
        "Cases that somebody took on, by the way in which they said so.";
    ACKNOWLEDGE: Histogram(FIRST_WORDS), "tidings_acknowledge_seconds", [],
        "From when a case opened, became worse or came back until somebody took it on.";
    APPROVAL_WAIT: Histogram(FIRST_WORDS), "tidings_approval_wait_seconds", [Words("answer", Approval::WORDS)],
        "How long words waited for approval until a person answered, over all their revisions.";
    WORDS_HELD: Gauge, "tidings_words_held", [Words("reason", HELD)], "Words that are decided and wait, by what they wait for.";
    OPEN_BRIEFINGS: Gauge, "tidings_open_briefings", [Audience], "Cases that are going on and of which an audience is told.";
    PERSON_MAX: Gauge, "tidings_person_messages_day_max", [],
        "The most messages that one person was handed in the last 24 hours; counted since the start.";
    PERSONS_OVER: Gauge, "tidings_persons_by_messages_day", [Words("at_least", MANY)],
        "Persons who were handed at least so many messages in the last 24 hours; counted since the start.";
    DEAD_LETTERS: Counter, "tidings_dead_letters_total", [Words("kind", DeadLetter::WORDS)], "Dead letters, by what they are.";
    SUM_LAW_BROKEN: Gauge, "tidings_sum_law_broken", [],
        "1 if decided deliveries are not delivered + superseded + suppressed + dead-lettered + pending: a defect.";
    CHANNEL_PAUSED: Gauge, "tidings_channel_paused", [Channel], "1 while a channel is held back, by its health or by hand.";
    CHANNEL_DOWN: Gauge, "tidings_channel_down", [Channel], "1 while a channel cannot be set up: a secret is missing.";
    SENDING_STOPPED: Gauge, "tidings_sending_stopped", [], "1 while nothing is sent because the daemon ended at one input thrice.";
    DECIDE_DURATION: Histogram(DECISIONS), "tidings_batch_decide_duration_seconds", [], "How long deciding a batch of inputs took.";
    JOURNAL_APPEND_DURATION: Histogram(APPENDS), "tidings_journal_append_duration_seconds", [],
        "How long an entry took to become durable.";
    JOURNAL_ENTRIES: Counter, "tidings_journal_entries_total", [], "Entries that became durable.";
    JOURNAL_BYTES: Counter, "tidings_journal_bytes_total", [], "Bytes of entries that became durable.";
    JOURNAL_HEAD: Gauge, "tidings_journal_head", [], "The sequence of the newest durable entry.";
    JOURNAL_LAST_APPEND: Gauge, "tidings_journal_last_append_timestamp_seconds", [], "When an entry last became durable.";
    JOURNAL_APPEND_FAILED: Gauge, "tidings_journal_append_failed_timestamp_seconds", [],
        "When an append last failed, which ends the process: kept beside the journal over restarts; 0 when none ever did.";
    JOURNAL_RESERVE: Gauge, "tidings_journal_room_reserve", [], "1 while only the disk reserve is left and new input is refused.";
    JOURNAL_ROOM: Gauge, "tidings_journal_room_bytes", [],
        "Bytes that the journal's disk has left before the reserve; NaN where the journal is on no disk.";
    SNAPSHOT_LAST: Gauge, "tidings_snapshot_last_success_timestamp_seconds", [], "When a snapshot was last kept.";
    LEADING: Gauge, "tidings_leading", [], "1 while this process decides.";
    EPOCH: Gauge, "tidings_epoch", [], "Counted up whenever a process takes the lead.";
    CATCHING_UP: Gauge, "tidings_catching_up", [], "1 while what piled up before the start is being read.";
    CONFIG_LAST_SUCCESSFUL: Gauge, "tidings_config_last_reload_successful", [], "1 if the configuration was last read without an error.";
    CONFIG_LAST_SUCCESS: Gauge, "tidings_config_last_reload_success_timestamp_seconds", [],
        "When the configuration was last read without an error.";
    CONFIG_ON_LAST_ACCEPTED: Gauge, "tidings_config_running_on_last_accepted", [],
        "1 while the journal's last accepted configuration is in force because the files have errors.";
    CONFIG_HASH: Gauge, "tidings_config_hash", [], "A number made from the configuration in force: the same wherever that is the same.";
    CLOCK_STEP: Gauge, "tidings_clock_step_seconds", [], "The last step of the wall clock; negative is backwards.";
    CLOCK_STEPS: Counter, "tidings_clock_steps_total", [], "Steps of the wall clock by more than a minute.";
    HEARTBEAT_INTERVAL: Gauge, "tidings_heartbeat_interval_seconds", [], "How often the heart is to beat; 0 when it is not to.";
    HEARTBEAT_LAST: Gauge, "tidings_heartbeat_last_success_timestamp_seconds", [],
        "When a beat last went the whole way, the ping included; until then the start.";
    HEARTBEAT_PINGS: Counter, "tidings_heartbeat_pings_total", [Words("result", Ping::WORDS)],
        "Pings of the dead man's switch, by what came of them.";
    HTTP_REQUESTS: Histogram(REQUESTS), "tidings_http_request_duration_seconds", [Request], "How long HTTP requests took.";
    BUILD_INFO: Gauge, "tidings_build_info", [Version], "Always 1.";
    PROCESS_START: Gauge, "process_start_time_seconds", [], "When this process started.";
    PROCESS_CPU: Counter, "process_cpu_seconds_total", [], "Processor time that this process has used.";
    PROCESS_MEMORY: Gauge, "process_resident_memory_bytes", [], "Memory of this process that is resident.";
    PROCESS_FILES: Gauge, "process_open_fds", [], "Files and connections that this process has open.";
    PROCESS_FILES_MAX: Gauge, "process_max_fds", [], "How many it may have open.";
}
