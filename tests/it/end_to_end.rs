//! What it is all for: events by three ways, from programs that are not ours, reach three audiences by four channels, each
//! in the words that it may read.

use crate::support::channels::{self, SECRET};
use crate::support::daemon::Daemon;
use crate::support::nats::NatsServer;
use crate::support::patience::wait;
use crate::support::prometheus::Prometheus;
use crate::support::providers::{self, is_signed};
use crate::support::smtp::{Orders, Relay};
use crate::support::web::{Say, Web};
use crate::tools;
use mail_parser::MessageParser;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const LEVELS: [&str; 3] = ["internal", "business", "external"];

/// One provider of each sort, and the daemon in front of them.
struct Stage {
    relay: Relay,
    twilio: Web,
    slack: Web,
    hooks: [Web; 3],
    nats: NatsServer,
    daemon: Daemon,
}

impl Stage {
    fn set() -> Stage {
        let relay = Relay::start(&Orders {
            names: vec!["localhost"],
            implicit_tls: true,
            login: true,
            password: "letter-password",
            ..Orders::default()
        });
        let (twilio, slack, nats) = (providers::twilio(), providers::slack(), NatsServer::start());
        let hooks = LEVELS.map(|_| providers::webhook(SECRET));
        let mut daemon = Daemon::new(|folder| {
            for (name, secret) in [
                ("smtp", "letter-password"),
                ("twilio", "twilio-token"),
                ("slack", "xoxb-token"),
                ("whsec", SECRET),
            ] {
                std::fs::write(folder.join(name), secret).unwrap();
            }
            configuration(&relay, &twilio, &slack, &hooks, &nats)
        });
        daemon.restart();
        Stage { relay, twilio, slack, hooks, nats, daemon }
    }

    /// All texts that one audience was sent by each channel: mail, SMS, Slack, webhook.
    fn told(&self, level: usize) -> [Vec<String>; 4] {
        let name = LEVELS[level];
        let letters = self
            .relay
            .seen("letter")
            .into_iter()
            .filter(|letter| letter["to"][0].as_str().unwrap() == format!("{name}@example.net"));
        let sms = self.twilio.heard().into_iter().map(|heard| heard.form());
        let number = phone(level);
        let chat = self.slack.heard().into_iter().map(|heard| heard.json());
        let here = |asked: &Value| providers::place(asked["channel"].as_str().unwrap());
        let place = providers::place(&format!("#{name}"));
        let hooks = self.hooks[level].heard();
        assert!(hooks.iter().all(|heard| is_signed(heard, SECRET)), "every webhook is signed");
        [
            letters.map(|letter| text_of(&letter)).collect(),
            sms.filter(|form| form["To"] == number).map(|form| form["Body"].clone()).collect(),
            chat.filter(|asked| here(asked) == place).map(|asked| asked.to_string()).collect(),
            hooks.iter().map(|heard| heard.text()).collect(),
        ]
    }

    /// Waits until every audience has, by every channel, a text with its word, and checks who may read which.
    fn all_were_told(
        &self,
        what: &str,
        word_of: impl Fn(usize) -> String,
        hidden_from: impl Fn(usize) -> Vec<String>,
    ) {
        for (level, name) in LEVELS.into_iter().enumerate() {
            let word = word_of(level);
            for channel in 0..4 {
                wait(&format!("{what}: {name} by channel {channel}"), || {
                    self.told(level)[channel].iter().any(|text| text.contains(&word))
                });
            }
            for hidden in hidden_from(level) {
                let texts = self.told(level).concat();
                let leak = texts.iter().find(|text| text.contains(&hidden));
                assert!(leak.is_none(), "{what}: {name} reads {hidden}: {leak:?}");
            }
        }
    }
}

fn phone(level: usize) -> String {
    format!("+467000000{level}1")
}

fn configuration(relay: &Relay, twilio: &Web, slack: &Web, hooks: &[Web; 3], nats: &NatsServer) -> String {
    let mut text = format!(
        r##"
unrouted = "internal"
[ingest.nats]
servers = ["{nats}"]
[[ingest.nats.read]]
stream = "EVENTS"
subjects = ["events.>"]
carries = "incidents"
create = true
{mail}
{telephones}
[channel.chat]
type = "slack"
token = {{ file = "slack" }}
api = "{slack}"
[severity]
ladder = ["sev1", "sev2", "sev3"]
urgent = "sev1"
aliases = {{ critical = "sev1" }}
[component.checkout]
public = "Checkout and payment"
"##,
        nats = nats.url(),
        mail = channels::mail("mail", relay, "Incident desk <incidents@example.net>"),
        telephones = channels::telephones(twilio, 100),
        slack = slack.url("/api"),
    );
    LEVELS.into_iter().zip(hooks).enumerate().for_each(|(level, (name, hook))| {
        text += &audience(level, name, hook);
    });
    text
}

/// One audience with a contact, all its places, and a row for incidents and one for alerts.
fn audience(level: usize, name: &str, hook: &Web) -> String {
    let approve = if name == "external" { "approve = false\n" } else { "" };
    format!(
        r##"
{hook}
[contact.reader-{name}]
phone = "{phone}"
[audience.{name}]
disclosure = "{name}"
members = ["contact:reader-{name}"]
destinations = ["mail:{name}@example.net", "chat:#{name}", "hook-{name}"]
[[route]]
name = "incidents-{name}"
kind = "incident"
severity = "sev2 or worse"
audience = "{name}"
{approve}
[[route]]
name = "alerts-{name}"
kind = "alert"
severity = "sev2 or worse"
audience = "{name}"
group_by = ["alertname"]
group_wait = "0s"
group_interval = "1s"
{approve}
"##,
        hook = channels::webhook(&format!("hook-{name}"), hook),
        phone = phone(level),
    )
}

/// Subject and texts of a letter, decoded.
fn text_of(letter: &Value) -> String {
    let bytes = letter["bytes"].as_str().unwrap();
    let parsed = MessageParser::default().parse(bytes.as_bytes()).unwrap();
    let html = parsed.body_html(0).unwrap_or_default();
    format!("{}\n{}\n{html}", parsed.subject().unwrap(), parsed.body_text(0).unwrap())
}

/// An incident with one word of its own for each level, in every text.
fn incident(id: &str) -> Value {
    let layers = |what: &str| {
        json!({
            "internal": format!("{what} {id}-internal"), "business": format!("{what} {id}-business"),
            "public": format!("{what} {id}-external"),
        })
    };
    json!({
        "incident": id, "action": "open", "severity": "sev1", "title": layers("title"), "note": layers("note"),
        "customer_impact": true, "components": ["checkout"], "labels": { "host": format!("{id}-label") },
    })
}

/// The words that a level may not read: those of the levels above it.
fn above(id: &str, level: usize) -> Vec<String> {
    let words = [format!("{id}-internal"), format!("{id}-business")];
    let labels = (level > 0).then(|| format!("{id}-label"));
    words.into_iter().take(level).chain(labels).collect()
}

fn publish(server: &NatsServer, messages: &Value) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/publish.py");
    let mut child = Command::new(tools::find("python"))
        .args([script, &server.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(messages.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        messages.as_array().unwrap().len().to_string()
    );
}

/// By NATS, as CloudEvents: one structured, one binary with headers in odd case.
fn by_nats(stage: &Stage) {
    wait("the lane reads", || stage.daemon.metric("tidings_lane_connected", "lane=\"events\"") == 1.0);
    let structured = json!({
        "specversion": "1.0", "type": "tidings.incident.v1", "source": "/desk", "id": "1",
        "datacontenttype": "application/json", "data": incident("NATS-1"),
    });
    publish(
        &stage.nats,
        &json!([
            { "subject": "events.desk", "headers": { "content-Type": "application/cloudevents+json; charset=UTF-8" },
              "data": structured.to_string() },
            { "subject": "events.desk", "headers": {
                "CE-SpecVersion": "1.0", "ce-TYPE": "tidings.incident.v1", "Ce-Source": "/desk%20two", "cE-iD": "2",
                "Content-type": "application/json",
              }, "data": incident("NATS-2").to_string() },
        ]),
    );
    for id in ["NATS-1", "NATS-2"] {
        stage.all_were_told(id, |level| format!("{id}-{}", LEVELS[level]), |level| above(id, level));
    }
}

fn by_http(stage: &Stage) {
    let mut event = incident("HTTP-1");
    event["type"] = "incident".into();
    stage.daemon.event(&event);
    stage.all_were_told(
        "HTTP-1",
        |level| format!("HTTP-1-{}", LEVELS[level]),
        |level| above("HTTP-1", level),
    );
    event["action"] = "resolve".into();
    event["resolution"] = json!({ "internal": "HTTP-1-over-internal", "business": "HTTP-1-over-business",
                                  "public": "HTTP-1-over-external" });
    stage.daemon.event(&event);
    stage.all_were_told(
        "HTTP-1 is over",
        |level| format!("HTTP-1-over-{}", LEVELS[level]),
        |level| above("HTTP-1-over", level),
    );
}

/// A Prometheus that scrapes one flag and has one rule about it.
struct Shop {
    flag: Arc<AtomicBool>,
    _exporter: Web,
    _prometheus: Prometheus,
}

impl Shop {
    fn watched(alertmanager: u16) -> Shop {
        let flag = Arc::new(AtomicBool::new(true));
        let shown = flag.clone();
        let exporter = Web::start(move |_, _| {
            let value = u8::from(shown.load(Ordering::Acquire));
            Say(
                200,
                "Content-Type: text/plain; version=0.0.4\r\n",
                format!("# TYPE broken gauge\nbroken {value}\n"),
            )
        });
        let rules = "groups:\n- name: g\n  rules:\n  - alert: CheckoutBroken\n    expr: broken == 1\n    \
                     labels: {severity: critical, team: PROM-team}\n    annotations: {summary: PROM-summary}\n";
        let config = format!(
            "alerting:\n  alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]\n\
             scrape_configs:\n- job_name: shop\n  static_configs: [{{targets: ['127.0.0.1:{}']}}]\n",
            exporter.port
        );
        Shop { flag, _prometheus: Prometheus::start(&config, rules), _exporter: exporter }
    }
}

/// What an alert shows besides its name is for insiders.
fn hidden_of_alert(level: usize) -> Vec<String> {
    if level == 0 {
        Vec::new()
    } else {
        ["PROM-team", "PROM-summary", "127.0.0.1"].map(str::to_owned).to_vec()
    }
}

fn by_prometheus(stage: &Stage) {
    let before: Vec<[usize; 4]> = (0..3).map(|level| stage.told(level).map(|texts| texts.len())).collect();
    let shop = Shop::watched(stage.daemon.port);
    let more = |by: usize| {
        for (level, before) in before.iter().enumerate() {
            for (channel, before) in before.iter().enumerate() {
                wait(&format!("word {by} of Prometheus to {} by channel {channel}", LEVELS[level]), || {
                    stage.told(level)[channel].len() >= before + by
                });
            }
        }
    };
    more(1);
    let internal = stage.told(0);
    for (channel, texts) in internal.iter().enumerate() {
        assert!(texts.iter().any(|text| text.contains("CheckoutBroken")), "channel {channel}: {texts:#?}");
    }
    assert!(internal[0].iter().any(|text| text.contains("PROM-summary")), "{internal:#?}");
    shop.flag.store(false, Ordering::Release);
    more(2);
    for (level, name) in LEVELS.into_iter().enumerate() {
        let texts = stage.told(level).concat();
        for hidden in hidden_of_alert(level) {
            let leak = texts.iter().find(|text| text.contains(&hidden));
            assert!(leak.is_none(), "{name} reads {hidden}: {leak:?}");
        }
        let last = stage.told(level)[3].last().cloned().unwrap();
        assert!(last.contains("\"status\":\"resolved\""), "{last}");
    }
}

/// `promtool check metrics` accepts what the running daemon shows after all that.
fn promtool_accepts(stage: &Stage) {
    tools::promtool_accepts(&stage.daemon.get("/metrics").body);
}

#[test]
fn three_ways_in_reach_three_audiences_by_four_channels() {
    let mut stage = Stage::set();
    by_nats(&stage);
    by_http(&stage);
    by_prometheus(&stage);
    promtool_accepts(&stage);
    let amended = stage.slack.heard().iter().filter(|heard| heard.path == "/api/chat.update").count();
    assert!(amended > 0, "the first message of a thread is kept current");
    wait("nothing is pending", || stage.daemon.metric("tidings_deliveries_pending", "") == 0.0);
    assert_eq!(stage.daemon.metric("tidings_deliveries_total", "end=\"dead_lettered\""), 0.0);
    stage.daemon.term();
}
