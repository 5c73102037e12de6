//! The metrics as a scrape sees them: what the table says and nothing else, in a form that Prometheus accepts.

use crate::{expect, tools};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;
use tidings::decide::{Accepted, Blame, Cause, Failure, HeldReason, PromiseEnd, Reason, Retry, Sent};
use tidings::event::{Severity, Span, Time};
use tidings::observe::metrics::Metrics;
use tidings::observe::{End, EventOutcome, Handler, Kind, Label, Metric, Purpose, TABLE, Vocabulary};

fn vocabulary() -> Vocabulary {
    Vocabulary {
        channels: vec!["mail".into(), "sms".into()],
        audiences: vec!["customers".into(), "executives".into()],
        severities: ["sev1", "sev2"].map(str::to_owned).to_vec(),
        lanes: vec!["alerts".into(), "http-alerts".into()],
    }
}

fn fresh() -> Metrics {
    let metrics = Metrics::new(Time::from_millis(1_795_000_000_000));
    metrics.know(&vocabulary());
    metrics
}

/// The samples of a rendered text: name with labels → value.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parts = lines.map(|line| line.rsplit_once(' ').unwrap());
    parts.map(|(series, value)| (series.to_owned(), value.parse().unwrap())).collect()
}

/// Every series of a metric that is registered at zero, as it is rendered.
fn series(metric: &Metric) -> Vec<String> {
    let mut all = vec![Vec::new()];
    for label in metric.labels {
        let values = label.values(&vocabulary());
        let longer = all.iter().flat_map(|before: &Vec<String>| {
            values.iter().map(move |value| {
                let pairs =
                    label.names().iter().zip(value).map(|(name, value)| format!("{name}=\"{value}\""));
                before.iter().cloned().chain(pairs).collect()
            })
        });
        all = longer.collect();
    }
    let braced = |labels: Vec<String>| {
        if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) }
    };
    all.into_iter().map(braced).collect()
}

#[test]
fn what_is_rendered_is_the_table() {
    let text = fresh().render();
    let types: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let helps: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("# HELP ")).collect();
    let found: BTreeSet<_> = samples(&text).into_keys().collect();
    let mut expected = BTreeSet::new();
    for metric in TABLE {
        let on_demand = metric.labels.iter().any(|label| matches!(label, Label::Request));
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        assert_eq!(
            types.contains(&*format!("{} {kind}", metric.name)),
            !on_demand,
            "the type of {}",
            metric.name
        );
        assert_eq!(
            helps.contains(&*format!("{} {}", metric.name, metric.help)),
            !on_demand,
            "the help of {}",
            metric.name
        );
        for labels in series(metric) {
            let Kind::Histogram(buckets) = metric.kind else {
                expected.insert(format!("{}{labels}", metric.name));
                continue;
            };
            expected.insert(format!("{}_sum{labels}", metric.name));
            expected.insert(format!("{}_count{labels}", metric.name));
            let open = labels.strip_suffix('}').map_or("{".to_owned(), |labels| format!("{labels},"));
            for bound in buckets.iter().map(f64::to_string).chain(["+Inf".to_owned()]) {
                expected.insert(format!("{}_bucket{open}le=\"{bound}\"}}", metric.name));
            }
        }
    }
    let missing: Vec<_> = expected.difference(&found).collect();
    let surplus: Vec<_> = found.difference(&expected).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "not registered: {missing:#?}\nnot in the table: {surplus:#?}"
    );
    let moved = ["tidings_build_info", "process_", "tidings_heartbeat_last"];
    let nonzero = samples(&text)
        .into_iter()
        .filter(|(name, value)| *value != 0.0 && !moved.iter().any(|m| name.starts_with(m)));
    assert_eq!(nonzero.collect::<Vec<_>>(), [], "everything starts at zero");
}

#[test]
fn promtool_accepts_what_is_rendered() {
    let metrics = fresh();
    metrics.http_request(Handler::Events, "POST", 202, Duration::from_millis(3));
    tools::promtool_accepts(&metrics.render());
}

#[test]
fn what_happens_is_counted_under_its_labels() {
    let metrics = fresh();
    metrics.event("alerts", EventOutcome::Conflict);
    metrics.delivery_ended("mail", End::Superseded);
    metrics.delivery_ended("a channel of an older journal", End::DeadLettered);
    let failure = |sent| Failure {
        about: Blame::Channel,
        sent,
        retry: Retry::Never,
        reason: Reason::Deadline,
        detail: "".into(),
    };
    let took = Duration::from_millis(20);
    metrics.delivery_attempted("sms", &Ok(Accepted::default()), took);
    metrics.delivery_attempted("sms", &Err(failure(Sent::No)), took);
    metrics.delivery_attempted("sms", &Err(failure(Sent::Maybe)), took);
    metrics.notification_delay("mail", Severity(1), Span::from_millis(300));
    metrics.notification_delay("mail", Severity::NONE, Span::from_millis(300));
    metrics.deliveries_oldest_pending(Severity(0), Some(Time::from_millis(1500)));
    metrics.http_request(Handler::Events, "POST", 202, took);
    metrics.http_request(Handler::Events, "POST", 202, took);
    metrics.http_request(Handler::Events, "BREW\"", 405, took);
    metrics.upkeep();
    let samples = samples(&metrics.render());
    let value = |series: &str| *samples.get(series).unwrap_or_else(|| panic!("{series}: {samples:#?}"));
    assert_eq!(value("tidings_events_total{lane=\"alerts\",outcome=\"conflict\"}"), 1.0);
    assert_eq!(value("tidings_deliveries_total{channel=\"mail\",end=\"superseded\"}"), 1.0);
    assert_eq!(value("tidings_deliveries_total{channel=\"removed\",end=\"dead_lettered\"}"), 1.0);
    let attempts = |rest: &str| value(&format!("tidings_delivery_attempts_total{{channel=\"sms\",{rest}}}"));
    assert_eq!(attempts("result=\"accepted\",reason=\"none\""), 1.0);
    assert_eq!(attempts("result=\"failed\",reason=\"deadline\""), 1.0);
    assert_eq!(attempts("result=\"unknown\",reason=\"deadline\""), 1.0);
    let delay =
        |rest: &str| value(&format!("tidings_notification_delay_seconds_bucket{{channel=\"mail\",{rest}}}"));
    assert_eq!(delay("severity=\"sev2\",le=\"0.25\""), 0.0);
    assert_eq!(delay("severity=\"sev2\",le=\"0.5\""), 1.0);
    assert_eq!(delay("severity=\"none\",le=\"+Inf\""), 1.0);
    assert_eq!(value("tidings_deliveries_oldest_pending_timestamp_seconds{severity=\"sev1\"}"), 1.5);
    let requests = |rest: &str| {
        value(&format!("tidings_http_request_duration_seconds_count{{handler=\"events\",{rest}}}"))
    };
    assert_eq!(requests("method=\"POST\",code=\"202\""), 2.0);
    assert_eq!(requests("method=\"other\",code=\"405\""), 1.0, "a client chooses no label");
}

#[test]
fn how_audiences_are_kept_told_is_counted_without_a_label_for_a_person() {
    let metrics = fresh();
    metrics.first_word("executives", Severity(0), Span::from_secs(42));
    metrics.first_word_missed("customers");
    metrics.said("customers", Purpose::Holding, true);
    metrics.promise_ended("customers", PromiseEnd::Late);
    metrics.promise_ended("an audience of an older journal", PromiseEnd::Missed);
    metrics.escalated(Cause::NeedsUnanswered);
    metrics.words_held(HeldReason::HoldResolved, 2);
    metrics.open_briefings("customers", 3);
    metrics.person_messages(&[3, 12, 51]);
    metrics.upkeep();
    let samples = samples(&metrics.render());
    let value = |series: &str| *samples.get(series).unwrap_or_else(|| panic!("{series}: {samples:#?}"));
    let first = "tidings_first_word_seconds_bucket{audience=\"executives\",severity=\"sev1\",";
    assert_eq!(value(&format!("{first}le=\"30\"}}")), 0.0);
    assert_eq!(value(&format!("{first}le=\"60\"}}")), 1.0);
    assert_eq!(value("tidings_first_words_missed_total{audience=\"customers\"}"), 1.0);
    assert_eq!(value("tidings_updates_total{audience=\"customers\",kind=\"holding\"}"), 1.0);
    assert_eq!(value("tidings_promises_made_total{audience=\"customers\"}"), 1.0);
    assert_eq!(value("tidings_promises_total{audience=\"customers\",end=\"late\"}"), 1.0);
    assert_eq!(value("tidings_promises_total{audience=\"removed\",end=\"missed\"}"), 1.0);
    assert_eq!(value("tidings_escalations_total{cause=\"needs_unanswered\"}"), 1.0);
    assert_eq!(value("tidings_words_held{reason=\"hold_resolved\"}"), 2.0);
    assert_eq!(value("tidings_open_briefings{audience=\"customers\"}"), 3.0);
    assert_eq!(value("tidings_person_messages_day_max"), 51.0);
    let over = |least: u32| value(&format!("tidings_persons_by_messages_day{{at_least=\"{least}\"}}"));
    assert_eq!([over(10), over(25), over(50)], [2.0, 1.0, 1.0]);
}

#[test]
fn a_reload_keeps_counts_and_empties_the_gauges_of_what_is_gone() {
    let metrics = fresh();
    metrics.delivery_ended("mail", End::Delivered);
    metrics.delivery_ended("sms", End::Delivered);
    metrics.deliveries_pending("sms", 3);
    metrics.channel_paused("sms", true);
    metrics.lane_connected("alerts", true);
    metrics.lane_connected("http-alerts", true);
    metrics.know(&Vocabulary {
        channels: vec!["mail".into(), "chat".into()],
        audiences: vec!["customers".into()],
        severities: vec!["bad".to_owned()],
        lanes: vec!["http-alerts".into()],
    });
    metrics.delivery_ended("mail", End::Delivered);
    metrics.delivery_ended("sms", End::DeadLettered);
    metrics.notification_delay("chat", Severity(0), Span::from_millis(1));
    let samples = samples(&metrics.render());
    assert_eq!(samples["tidings_deliveries_total{channel=\"mail\",end=\"delivered\"}"], 2.0);
    assert_eq!(samples["tidings_deliveries_total{channel=\"sms\",end=\"delivered\"}"], 1.0);
    assert_eq!(samples["tidings_deliveries_total{channel=\"sms\",end=\"dead_lettered\"}"], 1.0);
    assert_eq!(samples["tidings_deliveries_total{channel=\"chat\",end=\"delivered\"}"], 0.0);
    assert_eq!(samples["tidings_deliveries_pending{channel=\"sms\"}"], 0.0);
    assert_eq!(samples["tidings_channel_paused{channel=\"sms\"}"], 0.0);
    assert_eq!(samples["tidings_lane_connected{lane=\"http-alerts\"}"], 1.0);
    assert!(
        samples["tidings_lane_connected{lane=\"alerts\"}"].is_nan(),
        "no alert rings about what is not configured"
    );
    assert_eq!(samples["tidings_notification_delay_seconds_count{channel=\"chat\",severity=\"bad\"}"], 1.0);
}

#[test]
fn the_generated_metrics_page_is_current() {
    let mut page = String::from(
        "# Metrics\n\nServed at `/metrics` as Prometheus text. Label values come from the configuration or from the words \
         listed here, never from\nevents; every series is there, at zero, from the start. This page is generated from \
         `src/observe/table.rs`.\n\n| name | type | labels | unit | meaning |\n|---|---|---|---|---|\n",
    );
    for metric in TABLE {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels: Vec<_> = metric.labels.iter().map(describe).collect();
        let unit = ["seconds", "bytes"].into_iter().find(|unit| metric.name.contains(unit)).unwrap_or("");
        writeln!(page, "| `{}` | {kind} | {} | {unit} | {} |", metric.name, labels.join("; "), metric.help)
            .unwrap();
    }
    page += "\nBuckets, in seconds:\n\n";
    for metric in TABLE {
        if let Kind::Histogram(buckets) = metric.kind {
            let bounds: Vec<_> = buckets.iter().map(f64::to_string).collect();
            writeln!(page, "- `{}`: {}", metric.name, bounds.join(", ")).unwrap();
        }
    }
    expect::file("docs/metrics.md", &page);
}

/// A label as the page shows it.
fn describe(label: &Label) -> String {
    let names: Vec<_> = label.names().iter().map(|name| format!("`{name}`")).collect();
    let values = match label {
        Label::Channel => "each channel, and `removed`".to_owned(),
        Label::Audience => "each audience, and `removed`".to_owned(),
        Label::Severity => "each level of the ladder, and `none`".to_owned(),
        Label::Lane => "each lane".to_owned(),
        Label::Words(_, words) => words.join(", "),
        Label::Attempt => {
            let reasons: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
            format!("accepted, none; failed or unknown, with {}", reasons.join(", "))
        }
        Label::Request => {
            format!("{}; method; status; from the first such request on", Handler::WORDS.join(", "))
        }
        Label::Version => "this program's".to_owned(),
    };
    format!("{} ({values})", names.join(", "))
}
