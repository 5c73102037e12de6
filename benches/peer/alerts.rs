//! The alerts that are sent: about 450 bytes each, with the labels and annotations that Prometheus would send.

use crate::clock;
use std::fmt::Write;

/// How many alerts one request carries: Prometheus' own batch.
pub const BATCH: usize = 256;

/// How long a sender vouches for an alert.
const VALID_MINUTES: i64 = 4;

/// Which alerts: consecutive numbers, spread over groups.
#[derive(Clone, Copy, Debug)]
pub struct Set {
    /// How many.
    pub count: usize,
    /// In how many groups.
    pub groups: usize,
}

/// Since when the alerts of one run fire, so that what is sent again is the same alert.
pub fn started() -> String {
    format!("{:.3}", clock::now())
}

/// Adds alert `number` to an array of alerts.
fn write_alert(out: &mut String, set: Set, number: usize, started: &str, ends: &str) {
    let group = number % set.groups;
    let comma = if out.ends_with('}') { "," } else { "" };
    let _ = write!(
        out,
        r#"{comma}{{"labels":{{"alertname":"HighErrorRate","group":"g{group:06}","instance":"app-{number:07}.example.net:9100","job":"checkout","seq":"{number:07}","severity":"warning"}},"annotations":{{"description":"5xx answers of checkout are at 12 % for ten minutes.","summary":"Many errors on app-{number:07}"}},"startsAt":"{started}","endsAt":"{ends}","generatorURL":"http://prometheus.example.net/graph?g0.expr=rate%28errors%5B5m%5D%29"}}"#
    );
}

/// The requests that post `set`, in order; `at` is the round, which moves the end as Prometheus does.
pub fn requests(set: Set, batch: usize, started: &str, round: i64) -> Vec<Vec<u8>> {
    let ends = clock::now() + jiff::SignedDuration::from_secs(VALID_MINUTES * 60 + round);
    let ends = format!("{ends:.3}");
    let numbers: Vec<usize> = (0..set.count).collect();
    let body = |numbers: &[usize]| {
        let mut body = String::with_capacity(numbers.len() * 512);
        body.push('[');
        for number in numbers {
            write_alert(&mut body, set, *number, started, &ends);
        }
        body.push(']');
        request("/api/v2/alerts", &body)
    };
    numbers.chunks(batch).map(body).collect()
}

/// One request that posts alert `number` alone.
pub fn single(set: Set, number: usize, started: &str) -> Vec<u8> {
    let ends = clock::now() + jiff::SignedDuration::from_secs(VALID_MINUTES * 60);
    let mut body = String::from("[");
    write_alert(&mut body, set, number, started, &format!("{ends:.3}"));
    body.push(']');
    request("/api/v2/alerts", &body)
}

/// A native event of alert `number`, for NATS: without a lease, so that it stays until it is resolved.
pub fn native(number: usize, groups: usize, started: &str) -> String {
    let group = number % groups;
    format!(
        r#"{{"type":"alert","source":"bench","status":"firing","labels":{{"alertname":"HighErrorRate","group":"g{group:06}","instance":"app-{number:07}.example.net:9100","job":"checkout","seq":"{number:07}","severity":"warning"}},"annotations":{{"description":"5xx answers of checkout are at 12 % for ten minutes.","summary":"Many errors on app-{number:07}"}},"starts_at":"{started}","url":"http://prometheus.example.net/graph?g0.expr=rate%28errors%5B5m%5D%29"}}"#
    )
}

fn request(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
