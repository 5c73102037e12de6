//! Tests of the whole room: what people write, and what they are told about it.

mod kinds;

mod example;
mod hostile;
mod incident;
mod mistakes;
mod people;
mod reference;
mod teams;
mod trials;

use super::{Config, Diagnostics, from_texts};

/// The key of hashes in tests.
const KEY: [u8; 32] = [7; 32];

/// What every complete file begins with: a way in, a journal, channels, one contact and one audience.
const BASE: &str = r#"
version = 1
unrouted = "duty"
[ingest.http]
listen = "127.0.0.1:8085"
[journal]
path = "/var/lib/tidings"
[channel.mail]
type = "email"
relay = "smtps://smtp.example.net"
[channel.sms]
type = "sms"
from = "+15005550006"
[channel.screen]
type = "console"
[contact.mara]
roles = ["duty"]
email = "mara@example.net"
[audience.duty]
disclosure = "internal"
members = ["role:duty"]
[audience.customers]
disclosure = "external"
destinations = ["mail:list@example.net"]
"#;

fn load(files: &[(&str, &str)]) -> Result<Config, Diagnostics> {
    from_texts(files, KEY, &kinds::all())
}

/// The base with more behind it.
fn with(more: &str) -> Result<Config, Diagnostics> {
    load(&[("tidings.toml", &format!("{BASE}{more}"))])
}

/// What is wrong with the base and more behind it: codes with the texts of their lines.
fn wrong(more: &str) -> Vec<(&'static str, String)> {
    let text = format!("{BASE}{more}");
    let diagnostics = load(&[("tidings.toml", &text)]).expect_err("this must not load");
    let line = |number: usize| text.lines().nth(number.wrapping_sub(1)).unwrap_or_default().to_owned();
    diagnostics
        .all
        .iter()
        .filter(|d| d.level == super::Level::Error)
        .map(|d| (d.code, line(d.line)))
        .collect()
}
