//! Secrets and addresses are planted everywhere, every channel is made to fail and to echo what it was sent; then all that
//! the daemon shows is searched for them.

use crate::support::channels::{self, EACH_ALONE};
use crate::support::daemon::Daemon;
use crate::support::nats::NatsServer;
use crate::support::patience::wait;
use crate::support::providers::{self, fails, slack_says, twilio_refuses};
use crate::support::smtp::{Orders, Relay};
use crate::support::web::{Order, Say, Web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use std::path::Path;

/// File names with what stands in them.
const SECRETS: &[(&str, &str)] = &[
    ("smtp", "planted/smtp+password-1"),
    ("twilio", "planted/twilio+token-2"),
    ("slack", "xoxb-planted+slack/token-3"),
    ("whsec", "whsec_cGxhbnRlZC13ZWJob29rLXNlY3JldC00NDQ0NDQ="),
    ("header", "Bearer planted/header+token-5"),
    ("gateway", "planted/gateway+token-6"),
    ("sender", "planted/sender+token-7"),
    ("boss", "planted/boss+token-8"),
    ("nats", "planted/nats+password-9"),
    ("viewer", "planted/viewer+token-16"),
];

/// What URLs that are secrets bear in their paths.
const PATHS: [&str; 2] = ["/planted-path-10", "/services/T0/B0/planted-path-11"];

/// Addresses; they stand in the configuration and in nothing that the daemon shows.
const ADDRESSES: [&str; 5] =
    ["planted.reader-12", "467000001212", "467000001313", "planted-place-14", "planted.sender-15"];

/// The providers, each of which fails in its own ways.
struct Stage {
    relay: Relay,
    /// One that knows another password.
    closed_relay: Relay,
    twilio: Web,
    gateway: Web,
    slack: Web,
    slack_hook: Web,
    webhook: Web,
    nats: NatsServer,
}

impl Stage {
    fn set() -> Stage {
        let echo = |code: &str| format!("{code} no, <{0}@example.net> ({0})", ADDRESSES[0]);
        let leaked: &'static str = echo("451 4.7.1").leak();
        let refused: &'static str = echo("550 5.1.1").leak();
        let orders = |password| Orders {
            names: vec!["localhost"],
            implicit_tls: true,
            login: true,
            password,
            mail: vec![leaked],
            rcpt: vec![refused, leaked],
            data: vec![leaked, "lose"],
            ..Orders::default()
        };
        let nats = NatsServer::with(|_| "authorization { user: tidings, password: another }".to_owned());
        let stage = Stage {
            relay: Relay::start(&orders(SECRETS[0].1)),
            closed_relay: Relay::start(&orders("another")),
            twilio: providers::twilio(),
            gateway: providers::gateway(),
            slack: providers::slack(),
            slack_hook: providers::slack_hook(),
            webhook: providers::webhook(SECRETS[3].1),
            nats,
        };
        stage.misbehave();
        stage
    }

    fn misbehave(&self) {
        let number =
            format!("The 'To' number +{} is not a valid phone number; {}", ADDRESSES[1], SECRETS[1].1);
        self.twilio.order(twilio_refuses(400, 21211, &number));
        self.twilio.order(twilio_refuses(401, 20003, &number));
        self.twilio.order(twilio_refuses(429, 20429, &number));
        self.slack.order(slack_says(SECRETS[2].1));
        self.slack.order(slack_says("invalid_auth"));
        self.slack.order(slack_says("channel_not_found"));
        for (web, secret) in [
            (&self.twilio, SECRETS[1].1),
            (&self.gateway, SECRETS[5].1),
            (&self.slack, SECRETS[2].1),
            (&self.slack_hook, PATHS[1]),
            (&self.webhook, SECRETS[4].1),
        ] {
            let echo = format!("{secret} {} {} {}", ADDRESSES[0], ADDRESSES[2], ADDRESSES[3]);
            for status in [500, 401, 302, 400, 200] {
                let headers = "Location: http://127.0.0.1/planted-path-10\r\nX-Echo: planted-path-11\r\n";
                web.order(Order::Say(Say(status, headers, echo.clone())));
            }
            web.order(Order::Drop);
            web.order(fails(429, Some(1)));
        }
    }

    fn configuration(&self, folder: &Path) -> String {
        for (name, secret) in SECRETS {
            std::fs::write(folder.join(name), secret).unwrap();
        }
        std::fs::write(folder.join("url"), self.webhook.url(PATHS[0])).unwrap();
        std::fs::write(folder.join("hook"), self.slack_hook.url(PATHS[1])).unwrap();
        let text = self.ways() + &self.people_channels() + &self.program_channels();
        text + &people()
    }

    /// NATS and tokens.
    fn ways(&self) -> String {
        format!(
            r##"
[ingest.nats]
servers = ["{nats}"]
user = "tidings"
password = {{ file = "nats" }}
[[ingest.nats.read]]
stream = "ALERTS"
subjects = ["alerts.>"]
create = true
[token.sender]
secret = {{ file = "sender" }}
may = ["ingest"]
[token.boss]
secret = {{ file = "boss" }}
may = ["admin"]
[token.viewer]
secret = {{ file = "viewer" }}
may = ["read"]
"##,
            nats = self.nats.url(),
        )
    }

    /// Mail and Twilio.
    fn people_channels(&self) -> String {
        let sender = format!("{}@example.net", ADDRESSES[4]);
        let mail = channels::mail("mail", &self.relay, &sender);
        let closed = channels::mail("closed-mail", &self.closed_relay, &sender);
        mail + &closed + &channels::telephones(&self.twilio, 100)
    }

    /// The gateway, Slack and the webhook.
    fn program_channels(&self) -> String {
        format!(
            r##"[channel.gateway]
type = "sms"
provider = "gateway"
url = "{gateway}"
headers = {{ X-Key = {{ file = "gateway" }} }}
body = {{ json = {{ to = "{{to}}", text = "{{text}}" }} }}
ceiling = {{ max = 100, per = "15m" }}
[channel.chat]
type = "slack"
token = {{ file = "slack" }}
api = "{slack}"
[channel.chat-hook]
type = "slack"
url = {{ file = "hook" }}
[channel.hook]
type = "webhook"
url = {{ file = "url" }}
secret = {{ file = "whsec" }}
headers = {{ Authorization = {{ file = "header" }} }}
"##,
            gateway = self.gateway.url("/send"),
            slack = self.slack.url("/api"),
        )
    }
}

fn people() -> String {
    let [reader, phone, other_phone, place, _] = ADDRESSES;
    format!(
        r##"[contact.reader]
email = "{reader}@example.net"
phone = "+{phone}"
[audience.duty]
disclosure = "internal"
members = ["contact:reader"]
destinations = ["chat:#{place}", "chat-hook", "hook", "gateway:+{other_phone}", "closed-mail:{reader}@example.net"]
{EACH_ALONE}
"##
    )
}

/// A text in every form in which it may stand somewhere.
fn forms(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned(), utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()];
    forms.push(text.replace('+', "%2B").replace('/', "%2F"));
    forms.push(text.replace('/', "\\/"));
    // Within more text, Base64 depends on where it begins: without what its neighbours change, for each of three places.
    for shift in 0..3 {
        let coded = BASE64_STANDARD.encode([&vec![b'x'; shift], text.as_bytes()].concat());
        let end = coded.trim_end_matches('=').len().saturating_sub(2);
        forms.push(coded[[0, 2, 3][shift]..end].to_owned());
    }
    forms
}

#[test]
fn forms_find_a_text_within_others() {
    let text = SECRETS[0].1;
    for before in ["", "u", "us", "user:"] {
        let coded = BASE64_STANDARD.encode(format!("{before}{text} and more"));
        assert!(forms(text).iter().any(|form| coded.contains(form)), "{before}: {coded}");
    }
    assert!(forms("a/b+c").contains(&"a%2Fb%2Bc".to_owned()));
}

/// Everything that was shown, each with where.
fn shown(daemon: &Daemon) -> Vec<(String, String)> {
    let mut shown = vec![("log".to_owned(), daemon.log())];
    let boss = format!("Authorization: Bearer {}", SECRETS[7].1);
    let sender = format!("Authorization: Bearer {}", SECRETS[6].1);
    let viewer = format!("Authorization: Bearer {}", SECRETS[9].1);
    let mut ask = |method: &str, path: &str, token: &str, body: &str| {
        let reply = daemon.try_send(method, path, &[token], body).unwrap();
        shown.push((format!("{method} {path}"), reply.body));
    };
    for path in ["/metrics", "/-/healthy", "/-/ready", "/api/v2/status", "/v1/none"] {
        ask("GET", path, &boss, "");
    }
    for path in ["/v1/dead-letters?limit=1000", "/v1/dead-letters/delivery-1", "/v1/dead-letters/event-1-0"] {
        ask("GET", path, &viewer, "");
        ask("GET", path, &sender, "");
    }
    for path in ["/v1/told?full=true&limit=1000", "/v1/cases?limit=1000", "/v1/events?full=true&limit=1000"] {
        ask("GET", path, &viewer, "");
        ask("GET", path, &sender, "");
    }
    for (path, body) in [
        ("/-/reload", ""),
        ("/v1/channels/none/pause", ""),
        ("/v1/channels/mail/pause", ""),
        ("/v1/channels/mail/resume", ""),
        ("/v1/send-test", "{\"to\": \"duty\"}"),
        ("/v1/send-test", "{\"to\": \"nobody\"}"),
        ("/v1/dead-letters/delivery-1/redrive", ""),
    ] {
        ask("POST", path, &boss, body);
        ask("POST", path, &sender, body);
    }
    ask("POST", "/v1/events", &sender, "{\"type\": \"none\"}");
    ask("POST", "/v1/events", "Authorization: Bearer planted-guess", "{}");
    for arguments in [
        &["journal", "tail", "--from", "1"][..],
        &["journal", "verify"],
        &["journal", "cursor"],
        &["check", "--secrets"],
        &["check", "--json"],
    ] {
        let output = daemon.command(arguments);
        for bytes in [output.stdout, output.stderr] {
            shown.push((arguments.join(" "), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    shown.push(("log again".to_owned(), daemon.log()));
    shown
}

#[test]
fn no_planted_secret_and_no_address_is_shown_anywhere() {
    let stage = Stage::set();
    let mut daemon = Daemon::new(|folder| stage.configuration(folder));
    daemon.log_filter = "trace".to_owned();
    daemon.restart();
    let sender = format!("Authorization: Bearer {}", SECRETS[6].1);
    let boss = format!("Authorization: Bearer {}", SECRETS[7].1);
    let mut number = 0;
    // New events until every order of every provider has been obeyed: a held channel is tried with one at a time.
    let webs = [&stage.twilio, &stage.gateway, &stage.slack, &stage.slack_hook, &stage.webhook];
    wait("every provider has failed in every way", || {
        number += 1;
        let labels = json!({ "alertname": "A", "n": number.to_string(), "severity": "critical" });
        let event = json!({ "type": "alert", "status": "firing", "labels": labels });
        daemon.try_send("POST", "/v1/events", &[&sender], &event.to_string()).unwrap();
        // A number that was refused for ever is told no more (R14): a test message tries it all the same.
        daemon.try_send("POST", "/v1/send-test", &[&boss], "{\"to\": \"sms\"}").unwrap();
        webs.iter().all(|web| web.orders_left() == 0) && stage.relay.seen("letter").len() > 2
    });
    for channel in ["mail", "closed-mail", "sms", "gateway", "chat", "chat-hook", "hook"] {
        let label = format!("channel=\"{channel}\"");
        let attempts =
            |result: &str| daemon.metric("tidings_delivery_attempts_total", &format!("{label},{result}"));
        assert!(attempts("") > 1.0, "{channel} was tried");
        let failed = daemon.log().matches(&format!("\"channel\":\"{channel}\"")).count();
        assert!(failed > 1, "{channel} has failed: {failed}");
    }
    let shown = shown(&daemon);
    assert!(shown.iter().any(|(place, text)| place.starts_with("journal tail") && text.contains("notified")));
    let planted =
        SECRETS.iter().map(|(_, secret)| secret.trim_start_matches("Bearer ")).chain(PATHS).chain(ADDRESSES);
    for planted in planted {
        for form in forms(planted) {
            for (place, text) in &shown {
                if let Some(at) = text.find(&form) {
                    let (from, to) = (at.saturating_sub(300), (at + 200).min(text.len()));
                    let around = String::from_utf8_lossy(&text.as_bytes()[from..to]);
                    panic!("{planted} stands in {place}, as {form}: {around}");
                }
            }
        }
    }
    daemon.kill9();
}
