//! Email against a real SMTP server, well behaved and otherwise.

use crate::support::smtp::{Orders, Relay};
use mail_parser::MessageParser;
use secrecy::SecretString;
use std::sync::Arc;
use tidings::decide::{Accepted, Blame, Failure, Reason, Retry, Sent};
use tidings::deliver::{Attempt, Channel, Common, Settings, kinds};
use tidings::event::id::{DeliveryId, Digest};
use tidings::event::{Name, Recipient, Span, Time};
use tidings::message::{CaseStatus, Disclosure, Kind, Message, slot};

const PASSWORD: &str = "hunter2-planted";

fn attempt(number: u8) -> Attempt {
    Attempt {
        delivery: DeliveryId(number.into()),
        attempt: 1,
        key: Digest::of(&[&[number]]),
        recipient: Recipient::from("mara@mail"),
        address: Arc::from("mara@example.net"),
        disclosure: Disclosure::Internal,
        message: Arc::new(Message {
            kind: Kind::Opening,
            status: CaseStatus::Open,
            severity: "sev1".into(),
            urgent: true,
            reference: "INC-42".into(),
            title: "Checkout errors – überall".into(),
            short: "SEV1 OPEN Checkout errors".into(),
            body: ".\r\nA line that begins with a dot\n.".into(),
            facts: Vec::new(),
            links: Vec::new(),
            asks: None,
            data: serde_json::value::RawValue::from_string("{}".to_owned()).unwrap(),
        }),
        decided_at: Time::EPOCH,
        now: Time::parse("2026-11-21T14:02:03Z").unwrap().unwrap(),
        filling: slot::Filling { zone: jiff::tz::TimeZone::UTC, next_update: None, delay: None },
        thread: Digest::of(&[b"thread"]),
        first: None,
        meant_for: None,
        answer: None,
        deadline: Span::from_secs(20),
    }
}

/// How a test's channel speaks to its relay.
struct Way<'a> {
    scheme: &'a str,
    user: bool,
    trusts: bool,
    allow: &'a [&'a str],
}

const LOCAL: &[&str] = &["127.0.0.0/8", "::1/128"];
const SMTPS: Way<'static> = Way { scheme: "smtps", user: true, trusts: true, allow: LOCAL };
const STARTTLS: Way<'static> = Way { scheme: "smtp", user: true, trusts: true, allow: LOCAL };
const PLAIN: Way<'static> = Way { scheme: "smtp", user: false, trusts: false, allow: LOCAL };

fn settings(text: &str) -> Box<dyn Settings> {
    let email = kinds().iter().find(|kind| kind.name == "email").unwrap();
    (email.settings)(toml::de::Deserializer::parse(text).unwrap()).unwrap()
}

fn channel(relay: &Relay, way: &Way<'_>) -> Arc<dyn Channel> {
    let user = if way.user { "tidings@" } else { "" };
    let mut text = format!(
        "relay = \"{}://{user}localhost:{}\"\nfrom = \"Incident desk <incidents@example.net>\"\n",
        way.scheme, relay.port
    );
    if way.user {
        text.push_str("password = { env = \"PASSWORD\" }\n");
    }
    if way.trusts {
        text.push_str(&format!("ca = {:?}\n", relay.root()));
    }
    let settings = settings(&text);
    assert_eq!(settings.check(), []);
    let common = Common {
        timeout: Span::from_secs(20),
        allow_networks: way.allow.iter().map(ToString::to_string).collect(),
        domain: "tidings.example.net".to_owned(),
    };
    settings.build(&Name::from("mail"), &common, &|_| Ok(SecretString::from(PASSWORD))).unwrap()
}

async fn refused(channel: &Arc<dyn Channel>, attempt: &Attempt) -> Failure {
    let failure = channel.send(attempt).await.unwrap_err();
    for hidden in [PASSWORD, "mara@example.net", "aHVudGVy"] {
        assert!(!failure.detail.contains(hidden), "{}", failure.detail);
    }
    failure
}

async fn accepted(channel: &Arc<dyn Channel>, attempt: &Attempt) -> Accepted {
    channel.send(attempt).await.unwrap()
}

fn tls(names: &[&'static str], implicit_tls: bool) -> Orders {
    Orders { names: names.to_vec(), implicit_tls, login: true, password: PASSWORD, ..Orders::default() }
}

#[tokio::test]
async fn a_letter_arrives_whole_and_connections_are_used_again() {
    let relay = Relay::start(&tls(&["localhost"], true));
    let channel = channel(&relay, &SMTPS);
    let first = accepted(&channel, &attempt(1)).await;
    accepted(&channel, &attempt(2)).await;
    let id = format!("<{}@tidings.example.net>", attempt(1).key);
    assert_eq!(&*first.receipt.unwrap().id, id);

    let letters = relay.seen("letter");
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0]["to"], serde_json::json!(["mara@example.net"]));
    let bytes = letters[0]["bytes"].as_str().unwrap();
    let parsed = MessageParser::default().parse(bytes.as_bytes()).unwrap();
    assert_eq!(parsed.subject(), Some("Checkout errors – überall (INC-42)"));
    assert_eq!(format!("<{}>", parsed.message_id().unwrap()), id);
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert!(text.contains("\n.\nA line that begins with a dot\n.\n"), "{text}");
    assert_eq!(relay.seen("connection").len(), 1, "one connection carried both");
    assert_eq!(relay.seen("auth").len(), 1);
    assert_eq!(relay.seen("ehlo")[0]["name"], "tidings.example.net");
}

#[tokio::test]
async fn starttls_comes_before_the_login() {
    let orders = Orders { login_needs_tls: true, ..tls(&["localhost"], false) };
    let relay = Relay::start(&orders);
    accepted(&channel(&relay, &STARTTLS), &attempt(1)).await;
    assert!(relay.seen("auth").iter().all(|event| event["encrypted"] == true));
    assert!(relay.seen("mail").iter().all(|event| event["encrypted"] == true));
    assert_eq!(relay.seen("letter").len(), 1);
}

#[tokio::test]
async fn nothing_leaves_without_the_encryption_that_is_asked_for() {
    let injected = "220 Ready\r\n250-relay.test\r\n250 AUTH PLAIN\r\n235 OK\r\n250 OK";
    let cases = [
        ("no certificate at all", Orders { names: Vec::new(), ..tls(&[], false) }, STARTTLS),
        ("stripped", Orders { strip_starttls: true, ..tls(&["localhost"], false) }, STARTTLS),
        ("refused", Orders { starttls_answer: Some("454 no"), ..tls(&["localhost"], false) }, STARTTLS),
        ("injected", Orders { starttls_answer: Some(injected), ..tls(&["localhost"], false) }, STARTTLS),
        ("other name", tls(&["other.example"], false), STARTTLS),
        ("other name", tls(&["other.example"], true), SMTPS),
        ("expired", Orders { expired: true, ..tls(&["localhost"], true) }, SMTPS),
        ("unknown root", tls(&["localhost"], true), Way { trusts: false, ..SMTPS }),
    ];
    for (case, orders, way) in cases {
        let relay = Relay::start(&orders);
        // A relay without a certificate has no root either: any root says that it must encrypt.
        let channel = if orders.names.is_empty() { with_foreign_root(&relay) } else { channel(&relay, &way) };
        let failure = refused(&channel, &attempt(1)).await;
        assert_eq!(failure.reason, Reason::Tls, "{case}: {}", failure.detail);
        assert_eq!((failure.about, failure.sent), (Blame::Channel, Sent::No), "{case}");
        assert!(case != "injected" || failure.detail.contains("spoke before"), "{}", failure.detail);
        for sort in ["auth", "mail", "letter"] {
            assert!(relay.seen(sort).is_empty(), "{case}: {sort} in the clear");
        }
    }
}

/// A channel that trusts a root, to a relay that has no certificate.
fn with_foreign_root(relay: &Relay) -> Arc<dyn Channel> {
    let other = Relay::start(&tls(&["localhost"], false));
    let text = format!(
        "relay = \"smtp://localhost:{}\"\nfrom = \"a@example.net\"\nca = {:?}",
        relay.port,
        other.root()
    );
    let settings = settings(&text);
    let allow_networks = LOCAL.iter().map(ToString::to_string).collect();
    let common = Common { timeout: Span::from_secs(20), allow_networks, domain: "example.net".to_owned() };
    settings.build(&Name::from("mail"), &common, &|_| Err("no secret".to_owned())).unwrap()
}

#[tokio::test]
async fn the_guard_refuses_what_is_not_allowed_and_says_which_line_allows_it() {
    let relay = Relay::start(&Orders::default());
    let failure = refused(&channel(&relay, &Way { allow: &["10.0.0.0/8"], ..PLAIN }), &attempt(1)).await;
    assert_eq!((failure.about, failure.reason), (Blame::Channel, Reason::Forbidden));
    assert!(
        failure.detail.contains("allow_networks") && failure.detail.contains("[channel.mail]"),
        "{}",
        failure.detail
    );
    assert!(relay.events().is_empty(), "it was not even connected to");
    accepted(&channel(&relay, &PLAIN), &attempt(1)).await;
    assert_eq!(relay.seen("letter").len(), 1);
}

#[tokio::test]
async fn logins_work_by_plain_and_by_login_and_their_refusal_is_the_channels() {
    for (without, used) in [(None, "PLAIN"), (Some(vec!["PLAIN"]), "LOGIN")] {
        let relay = Relay::start(&Orders { without_login_by: without, ..tls(&["localhost"], true) });
        accepted(&channel(&relay, &SMTPS), &attempt(1)).await;
        assert_eq!(relay.seen("auth")[0]["mechanism"], used);
    }
    let relay =
        Relay::start(&Orders { without_login_by: Some(vec!["PLAIN", "LOGIN"]), ..tls(&["localhost"], true) });
    assert_eq!(refused(&channel(&relay, &SMTPS), &attempt(1)).await.reason, Reason::Authentication);
    let relay = Relay::start(&Orders { password: "another", ..tls(&["localhost"], true) });
    let failure = refused(&channel(&relay, &SMTPS), &attempt(1)).await;
    assert_eq!((failure.about, failure.reason), (Blame::Channel, Reason::Authentication));
    assert!(failure.detail.contains("535"), "{}", failure.detail);
    let relay = Relay::start(&tls(&["localhost"], true));
    let stranger = channel(&relay, &Way { user: false, ..SMTPS });
    let failure = refused(&stranger, &attempt(1)).await;
    assert_eq!((failure.about, failure.reason), (Blame::Channel, Reason::Authentication));
}

#[tokio::test]
async fn refusals_of_one_recipient_leave_the_connection_good_for_the_next() {
    let orders = Orders {
        rcpt: vec![
            "550-5.1.1 No\r\n550 5.1.1 <mara@example.net> is unknown",
            "451 4.7.1 Greylisted",
            "452 4.2.2 Full",
        ],
        data: vec!["554 5.7.1 Spam", "451 4.3.0 Later"],
        ..tls(&["localhost"], true)
    };
    let relay = Relay::start(&orders);
    let channel = channel(&relay, &SMTPS);
    let five = Retry::After(Some(Span::from_mins(5)));
    for (retry, reason) in [
        (Retry::Never, Reason::Recipient),
        (five, Reason::Recipient),
        (Retry::After(None), Reason::Recipient),
        (Retry::Never, Reason::Rejected),
        (Retry::After(None), Reason::Rejected),
    ] {
        let failure = refused(&channel, &attempt(1)).await;
        assert_eq!((failure.retry, failure.reason), (retry, reason), "{}", failure.detail);
        assert_eq!((failure.about, failure.sent), (Blame::Delivery, Sent::No), "{}", failure.detail);
    }
    accepted(&channel, &attempt(2)).await;
    assert_eq!(relay.seen("connection").len(), 1);
}

#[tokio::test]
async fn what_says_nothing_about_the_recipient_is_the_channels() {
    for (orders, reason) in [
        (Orders { greeting: Some("421 busy"), ..Orders::default() }, Reason::Server),
        (Orders { greeting: Some("554 go away"), ..Orders::default() }, Reason::Rejected),
        (Orders { greeting: Some("HTTP/1.1 400 Bad Request"), ..Orders::default() }, Reason::Answer),
        (Orders { mail: vec!["550 5.7.1 not you"], ..Orders::default() }, Reason::Rejected),
        (Orders { mail: vec!["451 4.3.0 later"], ..Orders::default() }, Reason::Server),
        (Orders { rcpt: vec!["421 4.3.2 closing"], ..Orders::default() }, Reason::Server),
    ] {
        let relay = Relay::start(&orders);
        let failure = refused(&channel(&relay, &PLAIN), &attempt(1)).await;
        assert_eq!((failure.about, failure.sent), (Blame::Channel, Sent::No), "{}", failure.detail);
        assert_eq!(failure.reason, reason, "{}", failure.detail);
    }
}

#[tokio::test]
async fn after_the_last_dot_silence_leaves_it_open_and_the_next_attempt_has_the_same_id() {
    let relay = Relay::start(&Orders { data: vec!["lose", "hang"], ..Orders::default() });
    let channel = channel(&relay, &PLAIN);
    let lost = refused(&channel, &attempt(1)).await;
    assert_eq!((lost.about, lost.sent, lost.reason), (Blame::Channel, Sent::Maybe, Reason::Connect));
    let hung = refused(&channel, &Attempt { deadline: Span::from_secs(2), ..attempt(1) }).await;
    assert_eq!((hung.about, hung.sent, hung.reason), (Blame::Channel, Sent::Maybe, Reason::Deadline));
    accepted(&channel, &attempt(1)).await;
    let letters = relay.seen("letter");
    assert_eq!(letters.len(), 3);
    assert!(letters.iter().all(|letter| letter["bytes"] == letters[0]["bytes"]));
}

#[tokio::test]
async fn connections_are_not_kept_for_long() {
    let relay = Relay::start(&Orders::default());
    let channel = channel(&relay, &PLAIN);
    accepted(&channel, &attempt(1)).await;
    accepted(&channel, &Attempt { now: attempt(1).now + Span::from_mins(1), ..attempt(2) }).await;
    assert_eq!((relay.seen("letter").len(), relay.seen("connection").len()), (2, 2));
}

#[tokio::test]
async fn a_connection_that_died_unused_costs_nothing() {
    let relay = Relay::start(&Orders { data: vec!["close after"], ..Orders::default() });
    let channel = channel(&relay, &PLAIN);
    accepted(&channel, &attempt(1)).await;
    accepted(&channel, &attempt(2)).await;
    assert_eq!((relay.seen("letter").len(), relay.seen("connection").len()), (2, 2));
}

#[tokio::test]
async fn a_relay_that_never_speaks_or_never_was_is_given_up_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut relay = Relay::start(&Orders::default());
    relay.port = port;
    let silent =
        refused(&channel(&relay, &PLAIN), &Attempt { deadline: Span::from_secs(1), ..attempt(1) }).await;
    assert_eq!((silent.about, silent.sent, silent.reason), (Blame::Channel, Sent::No, Reason::Deadline));
    drop(listener);
    let gone = refused(&channel(&relay, &PLAIN), &attempt(1)).await;
    assert_eq!((gone.about, gone.sent, gone.reason), (Blame::Channel, Sent::No, Reason::Connect));
}
