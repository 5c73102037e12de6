//! Both providers through the conformance table, and what is their own.

use super::*;
use crate::decide::{Blame, Reason, Receipt, Retry, Sent};
use crate::deliver::conformance::server::{Received, Script, Server};
use crate::deliver::conformance::{self, Case, Subject, Verdict, sample};
use crate::deliver::{Settings as _, visible};
use crate::event::Recipient;
use crate::message::Message;
use serde_json::Value;
use std::net::SocketAddr;

const SECRET: &str = "planted-token-2718";
const NUMBER: &str = "+4670000001";
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

fn settings(text: &str) -> Settings {
    keys::read(toml::de::Deserializer::parse(text).unwrap()).unwrap()
}

fn build(text: &str) -> Arc<dyn super::super::Channel> {
    sample::install_cryptography();
    let settings = settings(text);
    assert_eq!(settings.check(), []);
    let open = |_: &SecretRef| Ok(SecretString::from(SECRET));
    settings.build(&Name::from("sms"), &sample::common(), &open).unwrap()
}

fn attempt() -> Attempt {
    Attempt { address: Arc::from(NUMBER), ..sample::attempt() }
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The pairs of a form or query.
fn pairs(text: &str) -> Vec<(String, String)> {
    let url = crate::deliver::egress::Url::parse(&format!("http://h/?{text}")).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn value(pairs: &[(String, String)], name: &str) -> String {
    pairs.iter().find(|(found, _)| found == name).unwrap().1.clone()
}

fn channel_failure(reason: Reason) -> Verdict {
    Err((Blame::Channel, Sent::No, Retry::After(None), reason))
}

fn delivery_failure(reason: Reason) -> Verdict {
    Err((Blame::Delivery, Sent::No, Retry::Never, reason))
}

fn strange() -> Verdict {
    Err((Blame::Channel, Sent::Maybe, Retry::After(None), Reason::Answer))
}

struct OfTwilio;

impl Subject for OfTwilio {
    fn channel(&self, server: SocketAddr) -> Arc<dyn super::super::Channel> {
        build(&format!(
            "provider = \"twilio\"\naccount = \"{ACCOUNT}\"\ntoken = {{ env = \"T\" }}\nfrom = \"+15005550006\"\n\
             api = \"http://{server}\""
        ))
    }

    fn attempt(&self) -> Attempt {
        attempt()
    }

    fn planted(&self) -> Vec<&'static str> {
        vec![SECRET, NUMBER, "4670000001"]
    }

    fn success(&self) -> Vec<u8> {
        answer("201 Created", r#"{"sid":"SM1","status":"queued","error_code":null,"num_segments":"1"}"#)
    }

    fn verdict(&self, case: &Case) -> Verdict {
        // A success without the name of a message is none.
        if case.verdict.is_ok() { strange() } else { case.verdict }
    }

    fn own_cases(&self) -> Vec<Case> {
        let said = |name, status, code: u32, message: &str, verdict| {
            let body = serde_json::json!({ "code": code, "message": message, "status": 400 }).to_string();
            Case::new(name, Script::Answer(answer(status, &body)), verdict)
        };
        let to = "The 'To' number +4670000001 is not valid";
        let from = "The 'From' number +15005550006 is not yours";
        let mut cases = vec![
            said("no number", "400 Bad Request", 21211, to, delivery_failure(Reason::Recipient)),
            said("opted out", "400 Bad Request", 21610, "", delivery_failure(Reason::Recipient)),
            said(
                "a new code about the recipient",
                "400 Bad Request",
                21999,
                to,
                delivery_failure(Reason::Recipient),
            ),
            said("bad sender", "400 Bad Request", 21606, from, channel_failure(Reason::Rejected)),
            said(
                "a new code about the sender",
                "400 Bad Request",
                21998,
                from,
                channel_failure(Reason::Rejected),
            ),
            said("anything else", "400 Bad Request", 21617, "too long", delivery_failure(Reason::Rejected)),
            said("no account", "404 Not Found", 20404, "", channel_failure(Reason::Rejected)),
            said("bad token", "401 Unauthorized", 20003, "", channel_failure(Reason::Authentication)),
            said("too many", "429 Too Many Requests", 20429, "", channel_failure(Reason::RateLimited)),
            said("too many, otherwise", "400 Bad Request", 14107, "", channel_failure(Reason::RateLimited)),
            said(
                "no number in the wording of another version",
                "403 Forbidden",
                21408,
                to,
                delivery_failure(Reason::Recipient),
            ),
        ];
        let failed = r#"{"sid":"SM1","status":"failed","error_code":30006}"#;
        let lie = Script::Answer(answer("201 Created", failed));
        cases.push(Case::new("created and failed", lie, delivery_failure(Reason::Recipient)));
        cases
    }

    fn key(&self, _: &Received) -> Option<String> {
        None
    }
}

struct OfGateway;

impl OfGateway {
    fn text(server: SocketAddr, more: &str) -> String {
        format!("provider = \"gateway\"\nurl = \"http://{server}/planted-path\"\n{more}")
    }
}

const JSON: &str = r#"
    headers = { X-Api-Key = { env = "K" } }
    from = "Tidings"
    body = { json = { messages = [{ to = "{to_digits}", from = "{from}", text = "{text}", ref = "{key}", n = 1 }] } }
    success = { pointer = "/messages/0/status", equals = "0", permanent = ["7"] }
    id_pointer = "/messages/0/id"
"#;

impl Subject for OfGateway {
    fn channel(&self, server: SocketAddr) -> Arc<dyn super::super::Channel> {
        build(&OfGateway::text(server, JSON))
    }

    fn attempt(&self) -> Attempt {
        attempt()
    }

    fn planted(&self) -> Vec<&'static str> {
        vec![SECRET, NUMBER, "4670000001", "planted-path"]
    }

    fn success(&self) -> Vec<u8> {
        answer("200 OK", r#"{"messages":[{"status":0,"id":"m-1"}]}"#)
    }

    fn verdict(&self, case: &Case) -> Verdict {
        if case.verdict.is_ok() { strange() } else { case.verdict }
    }

    fn own_cases(&self) -> Vec<Case> {
        let said = |name, status: &str, verdict| {
            let body = format!(r#"{{"messages":[{{"status":{status}}}]}}"#);
            Case::new(name, Script::Answer(answer("200 OK", &body)), verdict)
        };
        vec![
            said("200 and throttled", "\"1\"", channel_failure(Reason::Answer)),
            said("200 and barred", "\"7\"", delivery_failure(Reason::Recipient)),
            said("200 and nothing readable", "{}", strange()),
        ]
    }

    fn key(&self, received: &Received) -> Option<String> {
        let read: Value = serde_json::from_slice(&received.body).ok()?;
        Some(read["messages"][0]["ref"].as_str()?.to_owned())
    }
}

#[tokio::test]
async fn twilio_conforms() {
    conformance::table(&OfTwilio).await;
    conformance::refused(&OfTwilio).await;
    conformance::injections(&OfTwilio, |received, payload| {
        let pairs = pairs(std::str::from_utf8(&received.body).unwrap());
        assert_eq!(pairs.len(), 4, "{payload:?} must not make fields");
        assert_eq!(value(&pairs, "To"), NUMBER);
        assert!(value(&pairs, "Body").chars().all(visible::is_visible), "{payload:?}");
    })
    .await;
}

#[tokio::test]
async fn a_gateway_conforms() {
    conformance::table(&OfGateway).await;
    conformance::refused(&OfGateway).await;
    conformance::keys(&OfGateway).await;
    conformance::injections(&OfGateway, |received, payload| {
        let read: Value = serde_json::from_slice(&received.body).unwrap();
        let message = read["messages"][0].as_object().unwrap();
        assert_eq!((message.len(), &message["to"]), (5, &Value::from("4670000001")), "{payload:?}");
        assert!(message["text"].as_str().unwrap().chars().all(visible::is_visible), "{payload:?}");
    })
    .await;
}

#[tokio::test]
async fn twilio_is_told_all_it_must_know() {
    let server = Server::start(Script::Answer(OfTwilio.success()));
    let channel = OfTwilio.channel(server.address());
    let accepted = conformance::send(&*channel, &attempt()).await.unwrap();
    assert_eq!(accepted.receipt, Some(Receipt { id: "SM1".into(), place: None }));
    let received = server.take();
    assert!(received.head.starts_with(&format!("POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json ")));
    let login = STANDARD.encode(format!("{ACCOUNT}:{SECRET}"));
    assert_eq!(received.header("authorization"), Some(format!("Basic {login}").as_str()));
    let pairs = pairs(std::str::from_utf8(&received.body).unwrap());
    assert_eq!(value(&pairs, "From"), "+15005550006");
    assert_eq!(value(&pairs, "Body"), "sev1: Checkout is failing");
    assert_eq!(value(&pairs, "ValidityPeriod"), "3600");
}

#[tokio::test]
async fn a_gateway_is_asked_as_it_is_described() {
    let server = Server::start(Script::Answer(answer("202 Accepted", "{\"id\": 17}")));
    let form = "body = { form = { to = \"{to}\", text = \"{text}\", pw = { env = \"P\" } } }\nid_pointer = \"/id\"\n\
                success = { status = [202] }\npermanent_status = [503]\n";
    let login = "auth = { user = \"u\", password = { env = \"P\" } }";
    for (method, more) in [("POST", login), ("GET", "auth = { bearer = { env = \"B\" } }")] {
        let text = OfGateway::text(server.address(), &format!("method = \"{method}\"\n{form}{more}"));
        let channel = build(&text);
        let mut attempt = attempt();
        attempt.meant_for = Some(Recipient::from("mara@sms"));
        let accepted = conformance::send(&*channel, &attempt).await.unwrap();
        assert_eq!(&*accepted.receipt.unwrap().id, "17");
        let received = server.take();
        let line = received.head.lines().next().unwrap();
        let sent = if method == "GET" {
            line.split(['?', ' ']).nth(2).unwrap()
        } else {
            std::str::from_utf8(&received.body).unwrap()
        };
        let pairs = pairs(sent);
        assert!(line.starts_with(method));
        assert_eq!((value(&pairs, "to"), value(&pairs, "pw")), (NUMBER.to_owned(), SECRET.to_owned()));
        assert_eq!(value(&pairs, "text"), "[for mara@sms] sev1: Checkout is failing");
        let word = if method == "GET" { "Bearer " } else { "Basic " };
        assert!(received.header("authorization").unwrap().starts_with(word));
        for (status, want) in [("503 No", delivery_failure(Reason::Rejected)), ("200 OK", strange())] {
            server.play(Script::Answer(answer(status, "{}")));
            let failure = conformance::send(&*channel, &attempt).await.unwrap_err();
            assert_eq!(Err((failure.about, failure.sent, failure.retry, failure.reason)), want);
        }
        server.play(Script::Answer(answer("202 Accepted", "{\"id\": 17}")));
    }
}

#[tokio::test]
async fn messages_are_cut_to_their_segments() {
    let server = Server::start(Script::Answer(OfTwilio.success()));
    let channel = OfTwilio.channel(server.address());
    let mut attempt = attempt();
    attempt.message = Arc::new(Message { short: "long ".repeat(500).into(), ..sample::message() });
    conformance::send(&*channel, &attempt).await.unwrap();
    let pairs = pairs(std::str::from_utf8(&server.take().body).unwrap());
    let text = value(&pairs, "Body");
    assert!(text.ends_with("long...") && (295..=306).contains(&text.len()), "{text}");
}

#[test]
fn numbers_are_brought_into_one_form() {
    let settings = settings(&format!("provider = \"twilio\"\naccount = \"{ACCOUNT}\""));
    for text in ["+4670000001", " +46 70-000 001 ", "+46 (70) 000.001"] {
        assert_eq!(settings.address(text).unwrap(), NUMBER);
    }
    for wrong in [
        "",
        "+",
        "070000001",
        "+0470000001",
        "+46x",
        "+1234567890123456",
        "+1",
        "4670000001",
        "+46\n70",
        "+٤٦٧٠",
    ] {
        assert!(settings.address(wrong).is_err(), "{wrong}");
    }
    assert_eq!(settings.ceiling(), Some(Limit { max: 5, per: Span::from_mins(15) }));
}

#[test]
fn mistakes_are_all_found_at_once() {
    let keys = |text: &str| settings(text).check().into_iter().map(|problem| problem.key).collect::<Vec<_>>();
    let twilio = "provider = \"twilio\"\naccount = \"XY\"\nkey = \"SK1\"\napi = \"no\"\nsegments = 9";
    assert_eq!(keys(twilio), ["account", "key", "from", "api", "segments"]);
    let gateway = "provider = \"gateway\"\nurl = \"ftp://x\"\nmethod = \"GET\"\nbody = { json = { t = \"{nobody}\" } }\n\
                   success = { pointer = \"x\" }\nauth = { user = \"u\" }\nfrom = \"much too long a name\"\n\
                   headers = { Host = \"x\" }";
    assert_eq!(
        keys(gateway),
        ["url", "success.pointer", "success", "auth", "from", "headers.Host", "body.json", "body.json"]
    );
    let no_sender =
        "provider = \"gateway\"\nurl = \"https://a.example\"\nbody = { form = { a = \"{to}{text}{from}\" } }";
    assert_eq!(keys(no_sender), ["body.form"]);
    let open = "provider = \"gateway\"\nurl = \"https://a.example\"\nheaders = { Authorization = \"Bearer x\" }\n\
                body = { form = { a = \"{to}{text}\", api_secret = \"x\" } }";
    assert_eq!(keys(open), ["headers.Authorization", "body.form.api_secret"], "secrets are not written out");
    let both = format!(
        "provider = \"twilio\"\naccount = \"{ACCOUNT}\"\ntoken = {{ env = \"T\" }}\nfrom = \"Desk\"\nurl = \"x\""
    );
    assert_eq!(keys(&both), ["url"]);
}

#[test]
fn mistakes_keep_their_places() {
    let read = |text: &str| keys::read(toml::de::Deserializer::parse(text).unwrap());
    let place = |text: &str| read(text).unwrap_err().span().map(|span| text[span].to_owned());
    assert_eq!(place("provider = \"twilio\"\ncolour = 1").as_deref(), Some("colour"));
    assert_eq!(place("provider = \"pigeon\"").as_deref(), Some("\"pigeon\""));
    assert_eq!(place("provider = \"gateway\"\nbody = { form = { a = 17 } }").as_deref(), Some("17"));
    assert!(read("provider = \"gateway\"\nurl = \"x\"").is_err() && read("account = \"AC\"").is_err());
}

#[test]
fn it_shows_where_it_leads_and_no_secret() {
    let twilio =
        settings(&format!("provider = \"twilio\"\naccount = \"{ACCOUNT}\"\ntoken = {{ env = \"T\" }}"));
    assert_eq!(twilio.leads_to(), "https://api.twilio.com");
    assert_eq!(twilio.secrets().len(), 1);
    let gateway = settings(
        "provider = \"gateway\"\nurl = { file = \"/u\" }\nheaders = { a = { env = \"H\" } }\n\
         body = { form = { p = { env = \"P\" } } }\nauth = { bearer = { env = \"B\" } }",
    );
    let places: Vec<_> = gateway.secrets().into_iter().map(|(key, _)| key).collect();
    assert_eq!(places, ["url", "headers", "body.form", "auth.bearer"]);
    assert_eq!(gateway.leads_to(), "the URL in file /u");
}

#[test]
fn the_schema_takes_what_is_right_and_refuses_unknown_keys() {
    let mut generator = schemars::SchemaGenerator::default();
    let mut schema = (KIND.schema)(&mut generator);
    schema.insert("$defs".to_owned(), generator.take_definitions(true).into());
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    let good = serde_json::json!({ "provider": "twilio", "account": ACCOUNT, "token": { "env": "T" }, "from": "Desk" });
    assert!(validator.is_valid(&good), "{schema:?}");
    for (key, value) in
        [("colour", Value::from(1)), ("provider", "pigeon".into()), ("url", "https://a.example".into())]
    {
        let mut bad = good.clone();
        bad[key] = value;
        assert!(!validator.is_valid(&bad), "{key}");
    }
}
