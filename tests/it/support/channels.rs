//! The tables of a configuration that several tests share: channels to the providers of the tests, and a row.

use super::smtp::Relay;
use super::web::Web;

/// The key that webhooks are signed with: what the file `whsec` holds.
pub const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// Every alert is a group of its own and is told to `duty` at once.
pub const EACH_ALONE: &str = r#"
[[route]]
name = "each-alone"
kind = "alert"
audience = "duty"
group_by = ["..."]
group_wait = "0s"
"#;

/// Letters by a relay without TLS.
pub fn plain_mail(relay: &Relay) -> String {
    format!(
        r#"
[channel.mail]
type = "email"
relay = "smtp://localhost:{}"
from = "desk@example.net"
"#,
        relay.port
    )
}

/// Letters by a relay with TLS and a login, whose password the file `smtp` holds.
pub fn mail(name: &str, relay: &Relay, from: &str) -> String {
    format!(
        r#"
[channel.{name}]
type = "email"
relay = "smtps://tidings@localhost:{port}"
password = {{ file = "smtp" }}
ca = {root:?}
from = "{from}"
"#,
        port = relay.port,
        root = relay.root(),
    )
}

/// Telephones by Twilio, whose token the file `twilio` holds; so many messages in a quarter of an hour.
pub fn telephones(twilio: &Web, ceiling: u32) -> String {
    format!(
        r#"
[channel.sms]
type = "sms"
provider = "twilio"
account = "AC0123456789abcdef0123456789abcdef"
token = {{ file = "twilio" }}
from = "+15005550006"
api = "{}"
ceiling = {{ max = {ceiling}, per = "15m" }}
"#,
        twilio.url("")
    )
}

/// A signed webhook; further keys of it may follow.
pub fn webhook(name: &str, hook: &Web) -> String {
    format!(
        r#"
[channel.{name}]
type = "webhook"
url = "{}"
secret = {{ file = "whsec" }}
"#,
        hook.url("/in")
    )
}
