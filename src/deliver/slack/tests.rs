//! Slack through the conformance table, and what is its own: threads, words, limits.

use super::setting;
use crate::decide::{Blame, Reason, Receipt, Retry, Sent};
use crate::deliver::conformance::server::{Received, Script, Server};
use crate::deliver::conformance::{self, Case, Subject, Verdict, sample};
use crate::deliver::{Attempt, Channel, Settings};
use crate::event::{Name, Recipient, SecretRef, Span};
use crate::message::{CaseStatus, Kind};
use secrecy::SecretString;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;

const TOKEN: &str = "xoxb-planted-token";
const PLACE: &str = "#payments-planted";

fn settings(text: &str) -> Box<dyn Settings> {
    setting::read(toml::de::Deserializer::parse(text).unwrap()).unwrap()
}

fn build(text: &str, secret: &str) -> Arc<dyn Channel> {
    sample::install_cryptography();
    let open = |_: &SecretRef| Ok(SecretString::from(secret));
    settings(text).build(&Name::from("chat"), &sample::common(), &open).unwrap()
}

fn json(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn strange() -> Verdict {
    Err((Blame::Channel, Sent::Maybe, Retry::After(None), Reason::Answer))
}

struct ByBot;

impl Subject for ByBot {
    fn channel(&self, server: SocketAddr) -> Arc<dyn Channel> {
        build(&format!("token = {{ env = \"T\" }}\napi = \"http://{server}/api\""), TOKEN)
    }

    fn attempt(&self) -> Attempt {
        Attempt { address: Arc::from(PLACE), ..sample::attempt() }
    }

    fn planted(&self) -> Vec<&'static str> {
        vec![TOKEN, PLACE]
    }

    fn success(&self) -> Vec<u8> {
        json(r#"{"ok":true,"channel":"C012ABCDEF","ts":"1503435956.000247","message":{"text":"x"}}"#)
    }

    fn verdict(&self, case: &Case) -> Verdict {
        match case.name {
            "204 without a body" | "202" | "floods with 10 MB" => strange(),
            "200 and a lie" => Err((Blame::Channel, Sent::Maybe, Retry::After(None), Reason::Server)),
            _ => case.verdict,
        }
    }

    fn own_cases(&self) -> Vec<Case> {
        let no = |word: &'static str, verdict| {
            Case::new(
                word,
                Script::Answer(json(&format!(r#"{{"ok":false,"error":"{word}"}}"#))),
                Err(verdict),
            )
        };
        let channel = |reason| (Blame::Channel, Sent::No, Retry::After(None), reason);
        let delivery = |reason| (Blame::Delivery, Sent::No, Retry::Never, reason);
        let body = r#"{"ok":false,"error":"ratelimited"}"#;
        let limited =
            format!("HTTP/1.1 200 OK\r\nretry-after: 30\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let wish = Retry::After(Some(Span::from_secs(30)));
        vec![
            no("ratelimited", channel(Reason::RateLimited)),
            no("invalid_auth", channel(Reason::Authentication)),
            no("token_revoked", channel(Reason::Authentication)),
            no("account_inactive", channel(Reason::Authentication)),
            no("channel_not_found", delivery(Reason::Recipient)),
            no("is_archived", delivery(Reason::Recipient)),
            no("not_in_channel", delivery(Reason::Recipient)),
            no("msg_too_long", delivery(Reason::Content)),
            no("invalid_blocks", delivery(Reason::Content)),
            no("invented_since", (Blame::Delivery, Sent::No, Retry::After(None), Reason::Answer)),
            no("xoxb-planted-token", (Blame::Delivery, Sent::No, Retry::After(None), Reason::Answer)),
            no("internal_error", (Blame::Channel, Sent::Maybe, Retry::After(None), Reason::Server)),
            Case::new(
                "limited, with a wish",
                Script::Answer(limited.into_bytes()),
                Err((Blame::Channel, Sent::No, wish, Reason::RateLimited)),
            ),
            Case::new("a page of a proxy", Script::Answer(json("<html>Welcome</html>")), strange()),
            Case::new("an empty object", Script::Answer(json("{}")), strange()),
        ]
    }

    fn key(&self, _: &Received) -> Option<String> {
        None
    }
}

struct ByHook;

impl Subject for ByHook {
    fn channel(&self, server: SocketAddr) -> Arc<dyn Channel> {
        build("url = { env = \"U\" }", &format!("http://{server}/services/T0/B0/planted-path\n"))
    }

    fn planted(&self) -> Vec<&'static str> {
        vec!["planted-path"]
    }

    fn success(&self) -> Vec<u8> {
        json("ok")
    }

    fn verdict(&self, case: &Case) -> Verdict {
        match case.name {
            "204 without a body" | "202" | "floods with 10 MB" | "200 and a lie" => strange(),
            _ => case.verdict,
        }
    }

    fn key(&self, _: &Received) -> Option<String> {
        None
    }
}

#[tokio::test]
async fn a_bot_conforms() {
    conformance::table(&ByBot).await;
    conformance::refused(&ByBot).await;
}

#[tokio::test]
async fn an_incoming_webhook_conforms() {
    conformance::table(&ByHook).await;
    conformance::refused(&ByHook).await;
}

#[tokio::test]
async fn hostile_texts_stay_texts_by_bot() {
    conformance::injections(&ByBot, assert_harmless).await;
}

#[tokio::test]
async fn hostile_texts_stay_texts_by_hook() {
    conformance::injections(&ByHook, assert_harmless).await;
}

fn assert_harmless(received: &Received, payload: &str) {
    let read: Value = serde_json::from_slice(&received.body).unwrap();
    let text = read["text"].as_str().unwrap();
    assert!(!text.contains(['<', '>']), "{payload:?}: {text:?}");
    for (at, _) in text.match_indices('&') {
        let rest = &text[at..];
        assert!(
            ["&amp;", "&lt;", "&gt;"].iter().any(|entity| rest.starts_with(entity)),
            "{payload:?}: {rest:?}"
        );
    }
    for (at, mark) in text.match_indices(['*', '_', '~', '`']) {
        assert!(text[..at].ends_with('\u{200b}'), "{payload:?}: {mark} is mark-up");
    }
    assert_eq!((&read["parse"], &read["link_names"]), (&"none".into(), &false.into()));
    let blocks = read["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50);
    let header = blocks[0]["text"]["text"].as_str().unwrap();
    assert!((1..=150).contains(&header.chars().count()) && !header.contains('\n'), "{payload:?}: {header:?}");
    let mut total = 0;
    blocks.iter().for_each(|block| walk(block, payload, &mut total));
    assert!(total <= 13_000, "{payload:?} makes {total} characters");
}

/// No object but those that show text as it is, and links to pages.
fn walk(value: &Value, payload: &str, total: &mut usize) {
    match value {
        Value::Object(object) => {
            if let Some(kind) = object.get("type").and_then(Value::as_str) {
                let inert = "header rich_text context plain_text text link rich_text_section rich_text_list \
                             rich_text_quote rich_text_preformatted";
                assert!(inert.split_whitespace().any(|good| good == kind), "{payload:?} makes {kind}");
                assert!(kind != "plain_text" || object["emoji"] == false);
                if kind == "link" {
                    let url = object["url"].as_str().unwrap();
                    assert!(url.starts_with("https://") || url.starts_with("http://"), "{payload:?}: {url}");
                }
            }
            object.values().for_each(|inner| walk(inner, payload, total));
        }
        Value::Array(list) => {
            assert!(!list.is_empty(), "Slack refuses empty lists");
            list.iter().for_each(|inner| walk(inner, payload, total));
        }
        Value::String(text) => {
            assert!(!text.is_empty(), "Slack refuses empty texts");
            assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')), "{payload:?}");
            assert!(!text.contains(|c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')));
            *total += text.chars().count();
        }
        _ => {}
    }
}

async fn sent(attempt: &Attempt) -> (Option<Receipt>, Received) {
    let server = Server::start(Script::Answer(ByBot.success()));
    let accepted = conformance::send(&*ByBot.channel(server.address()), attempt).await.unwrap();
    (accepted.receipt, server.take())
}

#[tokio::test]
async fn a_case_is_one_thread_and_its_end_is_told_to_the_channel() {
    let mut attempt = ByBot.attempt();
    let (receipt, received) = sent(&attempt).await;
    assert!(received.head.starts_with("POST /api/chat.postMessage "));
    assert_eq!(received.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!((&body["channel"], body.get("thread_ts")), (&PLACE.into(), None));
    let receipt = receipt.unwrap();
    assert_eq!((&*receipt.id, receipt.place.as_deref()), ("1503435956.000247", Some("C012ABCDEF")));

    attempt.first = Some(receipt.clone());
    let (_, received) = sent(&attempt).await;
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!((&body["channel"], &body["thread_ts"]), (&"C012ABCDEF".into(), &"1503435956.000247".into()));
    assert_eq!(body.get("reply_broadcast"), None);

    let message = Arc::make_mut(&mut attempt.message);
    (message.kind, message.status) = (Kind::Resolution, CaseStatus::Resolved);
    let (_, received) = sent(&attempt).await;
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(body["reply_broadcast"], true);

    let server = Server::start(Script::Answer(ByBot.success()));
    ByBot.channel(server.address()).amend(&receipt, &attempt).await.unwrap();
    let received = server.take();
    assert!(received.head.starts_with("POST /api/chat.update "));
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!((&body["channel"], &body["ts"]), (&"C012ABCDEF".into(), &"1503435956.000247".into()));
    assert_eq!(body["blocks"][0]["text"]["text"], "[resolved] Checkout is failing");
    assert_eq!(body.get("thread_ts"), None);
}

#[tokio::test]
async fn a_message_shows_everything_it_has() {
    let mut attempt = ByBot.attempt();
    attempt.meant_for = Some(Recipient::from("mara@sms"));
    Arc::make_mut(&mut attempt.message).body =
        "**Now:** see [x](https://evil.example)\n\n1. one\n2. two".into();
    let (_, received) = sent(&attempt).await;
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(body["text"], "(meant for mara@sms) sev1: Checkout is failing");
    assert_eq!(body["blocks"][0]["text"]["text"], "[sev1] Checkout is failing");
    assert_eq!(body["blocks"][1]["elements"][0]["text"], "Meant for mara@sms; everything is redirected.");
    let text = &body["blocks"][2]["elements"];
    assert_eq!(text[0]["elements"][0]["text"], "Now:");
    assert_eq!(text[0]["elements"][0]["style"]["bold"], true);
    assert_eq!(text[0]["elements"][1]["text"], " see x (https://evil.example)");
    assert_eq!((&text[2]["style"], &text[2]["offset"]), (&"ordered".into(), &1.into()));
    assert_eq!(body["blocks"][3]["elements"][0]["elements"][1]["text"], "sev1\n");
    assert_eq!(body["blocks"][4]["elements"][0]["elements"][0]["url"], "https://runbooks.example.net/5xx");
    assert_eq!(body["blocks"][5]["elements"][0]["text"], "INC-1");
}

#[test]
fn mistakes_and_addresses_are_told() {
    let keys = |text: &str| settings(text).check().into_iter().map(|problem| problem.key).collect::<Vec<_>>();
    assert_eq!(keys("token = { env = \"T\" }"), Vec::<String>::new());
    assert_eq!(keys(""), ["token"]);
    assert_eq!(keys("token = { env = \"T\" }\nurl = { env = \"U\" }"), ["url"]);
    assert_eq!(keys("url = { env = \"U\" }\napi = \"nothing\""), ["api", "api"]);
    let bot = settings("token = { env = \"T\" }");
    for good in ["#payments", "#zahlungen-ü", "C012ABCDEF", "U012ABCDEF", "G012ABCDEF"] {
        assert_eq!(bot.address(good).unwrap(), good);
    }
    for wrong in
        ["", "#", "payments", "#Payments", "#a b", "@jonas", "X012ABCDEF", "C1", "#a\n", "c012abcdef"]
    {
        bot.address(wrong).unwrap_err();
    }
    let hook = settings("url = { env = \"U\" }");
    assert_eq!(hook.address(""), Ok(String::new()));
    hook.address("#payments").unwrap_err();
    assert_eq!(bot.leads_to(), "https://slack.com");
    assert_eq!(hook.leads_to(), "the incoming webhook in environment variable U");
}
