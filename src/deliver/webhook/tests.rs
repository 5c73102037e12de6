//! The webhook through the conformance table, and what is its own.

use super::setting;
use crate::deliver::conformance::server::{Received, Script, Server};
use crate::deliver::conformance::{self, Subject, sample};
use crate::deliver::{Channel, Settings, webhook::sign::Signer};
use crate::event::{Name, SecretRef};
use crate::message::{Disclosure, slot};
use secrecy::SecretString;
use std::net::SocketAddr;
use std::sync::Arc;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const TOKEN: &str = "planted-token-3141";

fn settings(text: &str) -> Box<dyn Settings> {
    setting::read(toml::de::Deserializer::parse(text).unwrap()).unwrap()
}

fn open(secret: &SecretRef) -> Result<SecretString, String> {
    match secret {
        SecretRef::Env(name) if name == "KEY" => Ok(SecretString::from(SECRET)),
        SecretRef::Env(name) if name == "TOKEN" => Ok(SecretString::from(format!("{TOKEN}\n"))),
        other => Err(format!("{other} is missing")),
    }
}

fn build(text: &str) -> Result<Arc<dyn Channel>, String> {
    sample::install_cryptography();
    settings(text).build(&Name::from("partner"), &sample::common(), &open)
}

struct Native;

impl Subject for Native {
    fn channel(&self, server: SocketAddr) -> Arc<dyn Channel> {
        build(&format!(
            "url = \"http://{server}/hook-planted-path\"\nsecret = {{ env = \"KEY\" }}\n\
             headers = {{ Authorization = {{ env = \"TOKEN\" }}, X-Tenant = \"shop\" }}"
        ))
        .unwrap()
    }

    fn planted(&self) -> Vec<&'static str> {
        vec![TOKEN, &SECRET[6..], "planted-path"]
    }

    fn success(&self) -> Vec<u8> {
        b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()
    }

    fn key(&self, received: &Received) -> Option<String> {
        received.header("webhook-id").map(str::to_owned)
    }
}

#[tokio::test]
async fn conforms() {
    conformance::table(&Native).await;
    conformance::refused(&Native).await;
    conformance::keys(&Native).await;
}

#[tokio::test]
async fn hostile_texts_arrive_as_texts() {
    conformance::injections(&Native, |received, payload| {
        let read: serde_json::Value = serde_json::from_slice(&received.body).unwrap();
        let data = &read["data"];
        let filled = slot::fill(payload, &sample::attempt().filling);
        for text in [&data["title"], &data["short"], &data["facts"][0]["value"], &data["links"][0]["url"]] {
            assert_eq!(text.as_str(), Some(&*filled), "JSON carries any text as it is");
        }
        assert_eq!(data["case"]["note"], payload);
        assert!(!received.body.iter().any(|byte| *byte < b' '), "{payload:?} must be escaped");
    })
    .await;
}

#[tokio::test]
async fn the_exact_bytes_are_signed_with_the_time_of_the_attempt() {
    let server = Server::start(Script::Answer(Native.success()));
    let channel = Native.channel(server.address());
    let attempt = sample::attempt();
    let accepted = conformance::send(&*channel, &attempt).await.unwrap();
    let received = server.take();
    let header = |name| received.header(name).unwrap();
    assert_eq!(header("webhook-timestamp"), attempt.now.seconds().to_string());
    assert_eq!(header("webhook-id"), attempt.key.to_string());
    let expected = Signer::new([SECRET]).unwrap().sign(
        header("webhook-id"),
        header("webhook-timestamp"),
        &received.body,
    );
    assert_eq!(header("webhook-signature"), expected);
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("authorization"), TOKEN);
    assert_eq!(header("x-tenant"), "shop");
    assert_eq!(accepted.body, Some(crate::event::id::Digest::of(&[&received.body])));
    assert!(!header("webhook-id").contains('.'));
}

#[test]
fn mistakes_are_all_found_at_once() {
    let keys = |text: &str| settings(text).check().into_iter().map(|problem| problem.key).collect::<Vec<_>>();
    assert_eq!(keys("url = \"https://a.example/\"\nsecret = { env = \"KEY\" }"), Vec::<String>::new());
    assert_eq!(keys("url = \"https://a.example/\"\nformat = \"alertmanager\""), Vec::<String>::new());
    let wrong = "url = \"https://user:pw@a.example/\"\nexternal_url = \"x\"\n\
                 headers = { \"a b\" = \"x\", Host = \"x\", Authorization = \"x\", X-Y = \"a\\nb\", Webhook-Id = \"x\" }";
    let expected = [
        "url",
        "secret",
        "external_url",
        "headers.Authorization",
        "headers.Host",
        "headers.Webhook-Id",
        "headers.X-Y",
        "headers.a b",
    ];
    assert_eq!(keys(wrong), expected);
    assert_eq!(keys("url = \"ftp://a.example/\"\nformat = \"alertmanager\""), ["url"]);
    assert!(
        setting::read(toml::de::Deserializer::parse("url = \"https://a\"\ncolour = 1").unwrap()).is_err()
    );
    assert!(setting::read(toml::de::Deserializer::parse("url = { vault = \"x\" }").unwrap()).is_err());
}

#[test]
fn what_cannot_work_is_said_when_it_is_built() {
    let error = |text: &str| build(text).err().unwrap();
    let inside = error("url = \"https://10.1.2.3/\"\nsecret = { env = \"KEY\" }");
    assert!(inside.ends_with("add allow_networks = [\"10.1.2.0/24\"] to [channel.partner]"), "{inside}");
    assert!(error("url = \"https://a.example/\"\nsecret = { env = \"NONE\" }").contains("NONE is missing"));
    assert!(error("url = \"https://a.example/\"\nsecret = { env = \"TOKEN\" }").contains("whsec_"));
    assert!(!error("url = \"https://a.example/\"\nsecret = { env = \"TOKEN\" }").contains(TOKEN));
    assert_eq!(error("url = { env = \"TOKEN\" }\nsecret = { env = \"KEY\" }"), "this is no URL");
}

#[test]
fn it_shows_where_it_leads_and_no_secret() {
    let plain = settings("url = \"https://a.example:8443/planted?x=planted\"\nsecret = { env = \"KEY\" }");
    assert_eq!(plain.leads_to(), "https://a.example:8443");
    assert!(!format!("{plain:?}").contains("planted"));
    let hidden = settings("url = { env = \"URL\" }\nsecrets = [{ env = \"A\" }, { file = \"/b\" }]");
    assert_eq!(hidden.leads_to(), "the URL in environment variable URL");
    let places: Vec<_> = hidden.secrets().into_iter().map(|(key, _)| key).collect();
    assert_eq!(places, ["url", "secrets", "secrets"]);
    assert_eq!(hidden.address(""), Ok(String::new()));
    hidden.address("x").unwrap_err();
}

#[test]
fn the_form_of_alertmanager_is_for_insiders() {
    let form = settings("url = \"https://a.example/\"\nformat = \"alertmanager\"");
    form.allows(Disclosure::Internal).unwrap();
    assert_eq!(form.allows(Disclosure::Business).unwrap_err().key, "format");
    assert_eq!(form.allows(Disclosure::External).unwrap_err().key, "format");
    let own = settings("url = \"https://a.example/\"\nsecret = { env = \"KEY\" }");
    own.allows(Disclosure::External).unwrap();
}
