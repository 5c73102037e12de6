//! The providers that channels speak to, as far as their protocols are documented: Twilio, Slack, signed webhooks, and
//! a gateway for telephones.

use super::web::{Heard, Order, Say, Web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// Twilio's messages: 201 with a SID.
pub fn twilio() -> Web {
    Web::start(|heard, number| {
        let form = heard.form();
        let body = json!({
            "sid": format!("SM{number:032x}"), "status": "queued", "to": form["To"], "body": form["Body"],
            "error_code": null, "error_message": null,
        });
        Say(201, "Content-Type: application/json\r\n", body.to_string())
    })
}

/// Twilio refuses a request: 400 with 21211 is about the number, 429 with 20429 about the account.
pub fn twilio_refuses(status: u16, code: u32, message: &str) -> Order {
    let body = json!({ "code": code, "message": message, "status": status, "more_info": "" });
    Order::Say(Say(status, "Content-Type: application/json\r\n", body.to_string()))
}

/// Slack's Web API: `chat.postMessage` and `chat.update`.
pub fn slack() -> Web {
    Web::start(|heard, number| {
        let asked = heard.json();
        let ts = match asked["ts"].as_str() {
            Some(ts) => ts.to_owned(),
            None => format!("1700000000.{number:06}"),
        };
        let place = place(asked["channel"].as_str().unwrap());
        let body = json!({ "ok": true, "channel": place, "ts": ts, "message": { "ts": ts } });
        Say(200, "Content-Type: application/json\r\n", body.to_string())
    })
}

/// The id of a channel at Slack, by its name or its id.
pub fn place(channel: &str) -> String {
    match channel.strip_prefix('#') {
        Some(name) => format!("C0{:A<9}", name.to_uppercase()),
        None => channel.to_owned(),
    }
}

/// Slack says no, in its word, with status 200.
pub fn slack_says(word: &str) -> Order {
    let body = json!({ "ok": false, "error": word });
    Order::Say(Say(200, "Content-Type: application/json\r\n", body.to_string()))
}

/// An incoming webhook of Slack: the text `ok`.
pub fn slack_hook() -> Web {
    Web::start(|_, _| Say(200, "", "ok".to_owned()))
}

/// A receiver of Standard Webhooks: 204 for what is signed with this key, 401 for anything else.
pub fn webhook(secret: &str) -> Web {
    let secret = secret.to_owned();
    Web::start(move |heard, _| Say(if is_signed(heard, &secret) { 204 } else { 401 }, "", String::new()))
}

/// Whether a request bears a signature by this key, as Standard Webhooks 1.0 says.
pub fn is_signed(heard: &Heard, secret: &str) -> bool {
    let key = BASE64_STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    for part in [heard.header("webhook-id"), ".", heard.header("webhook-timestamp"), "."] {
        mac.update(part.as_bytes());
    }
    mac.update(&heard.body);
    let wanted = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    heard.header("webhook-signature").split(' ').any(|signature| signature == wanted)
}

/// A gateway for telephones: JSON in, JSON with an id out.
pub fn gateway() -> Web {
    Web::start(|_, number| {
        let body = json!({ "result": "accepted", "id": format!("m-{number}") });
        Say(202, "Content-Type: application/json\r\n", body.to_string())
    })
}

/// A plain failure of a server, or "too many" with a wish when to come again.
pub fn fails(status: u16, retry_after_s: Option<u16>) -> Order {
    let header = match retry_after_s {
        Some(1) => "Retry-After: 1\r\n",
        Some(2) => "Retry-After: 2\r\n",
        Some(other) => panic!("no test needs Retry-After: {other}"),
        None => "",
    };
    Order::Say(Say(status, header, "upstream trouble".to_owned()))
}
