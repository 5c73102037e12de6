//! Whether the daemon lives and is ready, and what stands in the way: for the probes `/-/healthy` and `/-/ready`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A loop that has not beaten for so long hangs; the longest honest step, folding a journal at start, beats as it goes.
pub const HANGS_AFTER: Duration = Duration::from_secs(60);

/// The daemon's health, shared by its parts. Times are read off the daemon's monotonic clock, from any fixed zero.
#[derive(Debug, Default)]
pub struct Health {
    /// What is not ready, and why. Alive and not ready is a state in which a daemon may stay for long: it waits for
    /// the lead, or for NATS.
    obstacles: Mutex<BTreeMap<&'static str, String>>,
    beat_ms: AtomicU64,
}

impl Health {
    /// A daemon of which none of `parts` is ready yet.
    pub fn new(parts: &[&'static str]) -> Health {
        let obstacles = parts.iter().map(|part| (*part, "starting".to_owned())).collect();
        Health { obstacles: Mutex::new(obstacles), beat_ms: AtomicU64::new(0) }
    }

    fn obstacles(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.obstacles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A part is ready.
    pub fn ready(&self, part: &'static str) {
        self.obstacles().remove(part);
    }

    /// A part is not, or no longer, ready; `reason` is read by whoever asks without a token: no secret, no address.
    pub fn not_ready(&self, part: &'static str, reason: &str) {
        self.obstacles().insert(part, reason.to_owned());
    }

    /// What stands in the way of being ready, one line for each part; empty when nothing does.
    pub fn why_not_ready(&self) -> Vec<String> {
        self.obstacles().iter().map(|(part, reason)| format!("{part}: {reason}")).collect()
    }

    /// Whether every part is ready.
    pub fn is_ready(&self) -> bool {
        self.obstacles().is_empty()
    }

    /// The loop still turns.
    pub fn beat(&self, now: Duration) {
        let ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        self.beat_ms.fetch_max(ms, Ordering::Relaxed);
    }

    /// How long the loop has not beaten, if that is so long that it hangs and only a restart can help.
    pub fn hangs(&self, now: Duration) -> Option<Duration> {
        let silent = now.saturating_sub(Duration::from_millis(self.beat_ms.load(Ordering::Relaxed)));
        (silent > HANGS_AFTER).then_some(silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_once_every_part_is() {
        let health = Health::new(&["journal", "lanes"]);
        assert_eq!(health.why_not_ready(), ["journal: starting", "lanes: starting"]);
        health.ready("lanes");
        health.not_ready("journal", "waits for the lead");
        assert_eq!(health.why_not_ready(), ["journal: waits for the lead"]);
        assert!(!health.is_ready());
        health.ready("journal");
        assert!(health.is_ready());
        health.not_ready("lanes", "no connection");
        assert!(!health.is_ready(), "what was ready can cease to be");
    }

    #[test]
    fn a_loop_that_stops_beating_hangs() {
        let health = Health::default();
        let at = Duration::from_secs;
        assert_eq!(health.hangs(HANGS_AFTER), None);
        assert_eq!(health.hangs(at(61)), Some(at(61)), "a loop that never began hangs too");
        health.beat(at(100));
        health.beat(at(90));
        assert_eq!(health.hangs(at(160)), None);
        assert_eq!(health.hangs(at(161)), Some(at(61)));
    }
}
