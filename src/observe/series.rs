//! Handles of the series of configured things: looked up by name once for each use, registered at zero before.

use super::table::{self, Kind, Metric, Vocabulary};
use super::words::{End, EventOutcome, Purpose};
use crate::decide::Reason;
use crate::event::{Name, Severity};
use metrics::{Counter, Gauge, Histogram, Key, Level, Metadata, Recorder};
use metrics_exporter_prometheus::PrometheusRecorder;
use std::collections::BTreeMap;
use std::sync::Arc;

const METADATA: Metadata<'static> = Metadata::new("tidings", Level::INFO, None);

/// Registers series of the table.
#[derive(Clone)]
pub(super) struct Registrar(pub(super) Arc<PrometheusRecorder>);

impl Registrar {
    fn key(metric: &Metric, values: &[&str]) -> Key {
        let names: Vec<_> = metric.labels.iter().flat_map(table::Label::names).collect();
        assert_eq!(names.len(), values.len(), "{} has other labels", metric.name);
        let labels = names.into_iter().zip(values);
        let labels: Vec<_> =
            labels.map(|(name, value)| metrics::Label::new(*name, (*value).to_owned())).collect();
        Key::from_parts(metric.name, labels)
    }

    pub(super) fn counter(&self, metric: &Metric, values: &[&str]) -> Counter {
        assert_eq!(metric.kind, Kind::Counter, "{} is no counter", metric.name);
        self.0.register_counter(&Registrar::key(metric, values), &METADATA)
    }

    pub(super) fn gauge(&self, metric: &Metric, values: &[&str]) -> Gauge {
        assert_eq!(metric.kind, Kind::Gauge, "{} is no gauge", metric.name);
        self.0.register_gauge(&Registrar::key(metric, values), &METADATA)
    }

    pub(super) fn histogram(&self, metric: &Metric, values: &[&str]) -> Histogram {
        assert!(matches!(metric.kind, Kind::Histogram(_)), "{} is no histogram", metric.name);
        self.0.register_histogram(&Registrar::key(metric, values), &METADATA)
    }

    /// One counter for each word of a closed set, to be found by the number of the word.
    pub(super) fn counters(
        &self,
        metric: &Metric,
        before: &[&str],
        words: &[&'static str],
    ) -> Box<[Counter]> {
        words.iter().map(|word| self.counter(metric, &[before, &[word]].concat())).collect()
    }

    /// One gauge for each word of a closed set.
    pub(super) fn gauges(&self, metric: &Metric, words: &[&str]) -> Box<[Gauge]> {
        words.iter().map(|word| self.gauge(metric, &[word])).collect()
    }
}

/// The series of one channel.
pub(super) struct Channel {
    pub(super) ended: Box<[Counter]>,
    pub(super) accepted: Counter,
    pub(super) failed: Box<[Counter]>,
    pub(super) unknown: Box<[Counter]>,
    pub(super) attempt_duration: Histogram,
    delay: Box<[Histogram]>,
    pub(super) pending: Gauge,
    pub(super) paused: Gauge,
    pub(super) down: Gauge,
}

impl Channel {
    fn new(registrar: &Registrar, channel: &str, severities: &[String]) -> Channel {
        let attempts = |result| {
            let of = |reason: Reason| {
                registrar.counter(&table::ATTEMPTS_MADE, &[channel, result, reason.as_str()])
            };
            Reason::ALL.into_iter().map(of).collect()
        };
        let severities = severities.iter().map(String::as_str).chain(["none"]);
        Channel {
            ended: registrar.counters(&table::DELIVERIES, &[channel], End::WORDS),
            accepted: registrar.counter(&table::ATTEMPTS_MADE, &[channel, "accepted", "none"]),
            failed: attempts("failed"),
            unknown: attempts("unknown"),
            attempt_duration: registrar.histogram(&table::ATTEMPT_DURATION, &[channel]),
            delay: severities.map(|name| registrar.histogram(&table::DELAY, &[channel, name])).collect(),
            pending: registrar.gauge(&table::DELIVERIES_PENDING, &[channel]),
            paused: registrar.gauge(&table::CHANNEL_PAUSED, &[channel]),
            down: registrar.gauge(&table::CHANNEL_DOWN, &[channel]),
        }
    }

    /// The histogram of a severity; what is not on the ladder is `none`.
    pub(super) fn delay(&self, severity: Severity) -> &Histogram {
        by_severity(&self.delay, severity)
    }
}

/// The series of one audience.
pub(super) struct Audience {
    first_word: Box<[Histogram]>,
    pub(super) first_words_missed: Counter,
    pub(super) updates: Box<[Counter]>,
    pub(super) promises_made: Counter,
    pub(super) promises: Box<[Counter]>,
    pub(super) open_briefings: Gauge,
}

impl Audience {
    fn new(registrar: &Registrar, audience: &str, severities: &[String]) -> Audience {
        let severities = severities.iter().map(String::as_str).chain(["none"]);
        let first_word = |name| registrar.histogram(&table::FIRST_WORD, &[audience, name]);
        Audience {
            first_word: severities.map(first_word).collect(),
            first_words_missed: registrar.counter(&table::FIRST_WORDS_MISSED, &[audience]),
            updates: registrar.counters(&table::UPDATES, &[audience], Purpose::WORDS),
            promises_made: registrar.counter(&table::PROMISES_MADE, &[audience]),
            promises: registrar.counters(&table::PROMISES, &[audience], table::PROMISE_ENDS),
            open_briefings: registrar.gauge(&table::OPEN_BRIEFINGS, &[audience]),
        }
    }

    /// The histogram of a severity; what is not on the ladder is `none`.
    pub(super) fn first_word(&self, severity: Severity) -> &Histogram {
        by_severity(&self.first_word, severity)
    }
}

/// The series of one lane.
pub(super) struct Lane {
    pub(super) events: Box<[Counter]>,
    pub(super) lag: Gauge,
    pub(super) gaps: Counter,
    pub(super) connected: Gauge,
    pub(super) stopped: Gauge,
    pub(super) other_type: Counter,
}

impl Lane {
    fn new(registrar: &Registrar, lane: &str) -> Lane {
        Lane {
            events: registrar.counters(&table::EVENTS, &[lane], EventOutcome::WORDS),
            lag: registrar.gauge(&table::LANE_LAG, &[lane]),
            gaps: registrar.counter(&table::LANE_GAPS, &[lane]),
            connected: registrar.gauge(&table::LANE_CONNECTED, &[lane]),
            stopped: registrar.gauge(&table::LANE_STOPPED, &[lane]),
            other_type: registrar.counter(&table::LANE_OTHER_TYPE, &[lane]),
        }
    }
}

/// The series of everything that the configuration names.
pub(super) struct Known {
    channels: BTreeMap<Name, Arc<Channel>>,
    removed: Channel,
    audiences: BTreeMap<Name, Arc<Audience>>,
    nobody: Audience,
    lanes: BTreeMap<Name, Lane>,
    oldest: Box<[Gauge]>,
}

impl Known {
    /// Registers what `vocabulary` names. What was known `before` and is configured no more keeps its counters, because
    /// deliveries of it may still end; its gauges say that there is nothing.
    pub(super) fn new(registrar: &Registrar, vocabulary: &Vocabulary, before: Option<&Known>) -> Known {
        let severities = &vocabulary.severities;
        let mut channels: BTreeMap<_, _> = before.map(|known| known.channels.clone()).unwrap_or_default();
        for (_, gone) in channels.iter().filter(|(name, _)| !vocabulary.channels.contains(name)) {
            for gauge in [&gone.pending, &gone.paused, &gone.down] {
                gauge.set(0.0);
            }
        }
        let lanes_before = before.iter().flat_map(|known| &known.lanes);
        for (_, gone) in lanes_before.filter(|(name, _)| !vocabulary.lanes.contains(name)) {
            gone.lag.set(0.0);
            gone.stopped.set(0.0);
            // Neither 1 nor 0 is true, and a 0 would ring for ever.
            gone.connected.set(f64::NAN);
        }
        for name in &vocabulary.channels {
            channels.insert(name.clone(), Arc::new(Channel::new(registrar, name.as_str(), severities)));
        }
        let mut audiences: BTreeMap<_, _> = before.map(|known| known.audiences.clone()).unwrap_or_default();
        audiences.values().for_each(|audience| audience.open_briefings.set(0.0));
        for name in &vocabulary.audiences {
            audiences.insert(name.clone(), Arc::new(Audience::new(registrar, name.as_str(), severities)));
        }
        let mut lanes = BTreeMap::new();
        for name in &vocabulary.lanes {
            let lane = Lane::new(registrar, name.as_str());
            if before.is_none_or(|known| !known.lanes.contains_key(name)) {
                lane.connected.set(0.0);
            }
            lanes.insert(name.clone(), lane);
        }
        for gauge in before.iter().flat_map(|known| &known.oldest) {
            gauge.set(0.0);
        }
        let words: Vec<&str> = severities.iter().map(String::as_str).chain(["none"]).collect();
        let oldest = registrar.gauges(&table::DELIVERIES_OLDEST, &words);
        Known {
            channels,
            removed: Channel::new(registrar, table::REMOVED, severities),
            audiences,
            nobody: Audience::new(registrar, table::REMOVED, severities),
            lanes,
            oldest,
        }
    }

    /// The series of a channel; what is not configured is counted as `removed`.
    pub(super) fn channel(&self, name: &str) -> &Channel {
        self.channels.get(name).map_or(&self.removed, |channel| channel)
    }

    /// The series of an audience; what is not configured is counted as `removed`.
    pub(super) fn audience(&self, name: &str) -> &Audience {
        self.audiences.get(name).map_or(&self.nobody, |audience| audience)
    }

    /// The series of a lane, if it is configured.
    pub(super) fn lane(&self, name: &str) -> Option<&Lane> {
        self.lanes.get(name)
    }

    /// When the oldest pending delivery of a severity was decided.
    pub(super) fn oldest(&self, severity: Severity) -> &Gauge {
        by_severity(&self.oldest, severity)
    }
}

/// The gauges without labels.
pub(super) struct Gauges {
    pub(super) leases: Gauge,
    pub(super) person_max: Gauge,
    pub(super) sum_law_broken: Gauge,
    pub(super) journal_head: Gauge,
    pub(super) journal_last_append: Gauge,
    pub(super) journal_append_failed: Gauge,
    pub(super) journal_reserve: Gauge,
    pub(super) journal_room: Gauge,
    pub(super) snapshot_last: Gauge,
    pub(super) leading: Gauge,
    pub(super) epoch: Gauge,
    pub(super) catching_up: Gauge,
    pub(super) sending_stopped: Gauge,
    pub(super) config_last_successful: Gauge,
    pub(super) config_last_success: Gauge,
    pub(super) config_on_last_accepted: Gauge,
    pub(super) config_hash: Gauge,
    pub(super) clock_step: Gauge,
    pub(super) start: Gauge,
    pub(super) heartbeat_interval: Gauge,
    pub(super) heartbeat_last: Gauge,
}

impl Gauges {
    pub(super) fn new(registrar: &Registrar) -> Gauges {
        let gauge = |metric| registrar.gauge(metric, &[]);
        Gauges {
            leases: gauge(&table::LEASES),
            person_max: gauge(&table::PERSON_MAX),
            sum_law_broken: gauge(&table::SUM_LAW_BROKEN),
            journal_head: gauge(&table::JOURNAL_HEAD),
            journal_last_append: gauge(&table::JOURNAL_LAST_APPEND),
            journal_append_failed: gauge(&table::JOURNAL_APPEND_FAILED),
            journal_reserve: gauge(&table::JOURNAL_RESERVE),
            journal_room: gauge(&table::JOURNAL_ROOM),
            snapshot_last: gauge(&table::SNAPSHOT_LAST),
            leading: gauge(&table::LEADING),
            epoch: gauge(&table::EPOCH),
            catching_up: gauge(&table::CATCHING_UP),
            sending_stopped: gauge(&table::SENDING_STOPPED),
            config_last_successful: gauge(&table::CONFIG_LAST_SUCCESSFUL),
            config_last_success: gauge(&table::CONFIG_LAST_SUCCESS),
            config_on_last_accepted: gauge(&table::CONFIG_ON_LAST_ACCEPTED),
            config_hash: gauge(&table::CONFIG_HASH),
            clock_step: gauge(&table::CLOCK_STEP),
            start: gauge(&table::PROCESS_START),
            heartbeat_interval: gauge(&table::HEARTBEAT_INTERVAL),
            heartbeat_last: gauge(&table::HEARTBEAT_LAST),
        }
    }
}

/// The entry of a place on the ladder; the last entry is that of `none`.
fn by_severity<T>(entries: &[T], severity: Severity) -> &T {
    let none = entries.len() - 1;
    &entries[usize::from(severity.0).min(none)]
}
