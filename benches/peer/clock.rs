//! The clocks of a measurement.

use jiff::Timestamp;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Time since the benchmark began.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn elapsed() -> Duration {
    let begun = *BEGUN;
    Instant::now().saturating_duration_since(begun)
}

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "alerts bear the time at which they are sent")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Looks every few milliseconds until `done` or until `limit` has passed; says whether it came.
pub fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = elapsed() + limit;
    loop {
        if done() {
            return true;
        }
        if elapsed() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
