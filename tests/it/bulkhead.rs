//! A channel that hangs delays no other: everything else is delivered before it answers at all.

use crate::support::channels::{EACH_ALONE, SECRET, plain_mail, telephones, webhook};
use crate::support::daemon::Daemon;
use crate::support::patience::wait;
use crate::support::providers;
use crate::support::smtp::{Orders, Relay};
use crate::support::web::{Order, Web};
use serde_json::json;
use std::collections::BTreeSet;

const EVENTS: usize = 100;

fn configuration(relay: &Relay, twilio: &Web, hook: &Web) -> String {
    let channels = [plain_mail(relay), telephones(twilio, 1000), webhook("hook", hook)].concat();
    format!(
        r#"
{channels}
timeout = "1m"
[contact.duty]
phone = "+46700000001"
[audience.duty]
disclosure = "internal"
members = ["contact:duty"]
destinations = ["mail:duty@example.net", "hook"]
{EACH_ALONE}
"#
    )
}

#[test]
fn a_webhook_that_hangs_delays_neither_letters_nor_telephones() {
    let (relay, twilio) = (Relay::start(&Orders::default()), providers::twilio());
    let hook = providers::webhook(SECRET);
    hook.always(Some(Order::Hang));
    let mut daemon = Daemon::start(|folder| {
        std::fs::write(folder.join("twilio"), "token").unwrap();
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        configuration(&relay, &twilio, &hook)
    });
    for number in 0..EVENTS {
        let labels = json!({ "alertname": "Many", "n": number.to_string(), "severity": "warning" });
        daemon.event(&json!({ "type": "alert", "status": "firing", "labels": labels }));
    }
    wait("all letters are there", || relay.seen("letter").len() >= EVENTS);
    wait("all telephones are told", || twilio.count() >= EVENTS);
    let delivered = |channel: &str| {
        daemon.metric("tidings_deliveries_total", &format!("channel=\"{channel}\",end=\"delivered\""))
    };
    wait("both are written down", || delivered("mail") + delivered("sms") == 2.0 * EVENTS as f64);
    assert_eq!(delivered("hook"), 0.0, "nothing was answered there");
    assert!(hook.count() > 0, "it was asked");
    assert_eq!((relay.seen("letter").len(), twilio.count()), (EVENTS, EVENTS), "each once");

    hook.release();
    wait("what hung is delivered", || delivered("hook") == EVENTS as f64);
    let keys: BTreeSet<String> =
        hook.heard().iter().map(|heard| heard.header("webhook-id").to_owned()).collect();
    assert_eq!(keys.len(), EVENTS, "each under its key");
    daemon.term();
}
