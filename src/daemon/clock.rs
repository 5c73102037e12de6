//! The one clock: ledger time that never runs backwards and does not follow a wall clock that jumps (R7); and chance.

use crate::event::{Span, Time};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// A wall clock that is off by more than this has stepped.
const STEP: i64 = 60_000;

/// A step is followed only after it has held for this long.
const HOLDS_AFTER: Duration = Duration::from_secs(5 * 60);

/// A start this long after the last ledger time is taken for a step.
const LONG_STOP: Span = Span::from_secs(30 * 86_400);

/// What the wall clock did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// By how many milliseconds; negative is backwards.
    pub by_ms: i64,
    /// Whether it is now followed.
    pub followed: bool,
}

/// Reads of the two clocks of the machine, so that tests can make them lie.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The wall clock, in milliseconds since the Unix epoch.
    pub wall_ms: i64,
    /// The monotonic clock, from any zero.
    pub monotonic: Duration,
}

/// Ledger time, made from both clocks.
#[derive(Debug)]
pub struct Ledger {
    /// Ledger time at the last reading.
    time_ms: i64,
    read_at: Duration,
    /// A step that is not followed yet: how far off the wall clock is, and since when.
    suspect: Option<(i64, Duration)>,
    told: Option<Step>,
}

impl Ledger {
    /// Ledger time from a first reading on, never before the last time that the journal knows.
    pub fn new(first: Reading, last: Option<Time>) -> Ledger {
        let mut ledger =
            Ledger { time_ms: first.wall_ms, read_at: first.monotonic, suspect: None, told: None };
        if let Some(last) = last {
            let odd = first.wall_ms < last.millis() || first.wall_ms > (last + LONG_STOP).millis();
            if odd {
                ledger.time_ms = last.millis();
                let by_ms = first.wall_ms - last.millis();
                ledger.suspect = Some((by_ms, first.monotonic));
                ledger.told = Some(Step { by_ms, followed: false });
            }
        }
        ledger
    }

    /// The time at this reading. A backward step that has held is followed by running at half speed until the wall
    /// clock has caught up.
    pub fn at(&mut self, now: Reading) -> Time {
        let elapsed = now.monotonic.saturating_sub(self.read_at).as_millis() as i64;
        let expected = self.time_ms + elapsed;
        let off = now.wall_ms - expected;
        self.read_at = now.monotonic;
        if off.abs() <= STEP {
            self.suspect = None;
            // Within a minute the wall clock is right, and drift is followed; backwards by waiting.
            self.time_ms = self.time_ms.max(now.wall_ms.max(self.time_ms + elapsed.min(1)));
            return Time::from_millis(self.time_ms);
        }
        let (first_off, since) = *self.suspect.get_or_insert_with(|| {
            self.told = Some(Step { by_ms: off, followed: false });
            (off, now.monotonic)
        });
        let same_step = (off - first_off).abs() <= STEP.max(first_off.abs() / 2);
        if !same_step {
            self.suspect = Some((off, now.monotonic));
            self.told = Some(Step { by_ms: off, followed: false });
        }
        let held = same_step && now.monotonic.saturating_sub(since) >= HOLDS_AFTER;
        self.time_ms = match (held, off > 0) {
            (true, true) => {
                self.suspect = None;
                self.told = Some(Step { by_ms: off, followed: true });
                now.wall_ms
            }
            (true, false) => self.time_ms + elapsed / 2,
            (false, _) => expected,
        };
        Time::from_millis(self.time_ms)
    }

    /// What the wall clock did since this was last asked.
    pub fn take_step(&mut self) -> Option<Step> {
        self.told.take()
    }
}

/// The daemon's clock, shared by its parts.
#[derive(Clone, Debug)]
pub struct Clock {
    zero: Instant,
    ledger: Arc<Mutex<Ledger>>,
}

impl Clock {
    /// A clock that goes on from the last ledger time.
    pub fn start(last: Option<Time>) -> Clock {
        let zero = monotonic();
        let first = Reading { wall_ms: wall_ms(), monotonic: Duration::ZERO };
        Clock { zero, ledger: Arc::new(Mutex::new(Ledger::new(first, last))) }
    }

    /// Ledger time now.
    pub fn now(&self) -> Time {
        let reading = Reading { wall_ms: wall_ms(), monotonic: self.elapsed() };
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).at(reading)
    }

    /// What the wall clock did since this was last asked.
    pub fn take_step(&self) -> Option<Step> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).take_step()
    }

    /// Time since the start by the monotonic clock: for durations.
    pub fn elapsed(&self) -> Duration {
        monotonic().duration_since(self.zero)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one reading of the monotonic clock")]
fn monotonic() -> Instant {
    Instant::now()
}

/// The wall clock as it is: for what happens before there is a ledger, such as the birth of a journal.
#[expect(clippy::disallowed_methods, reason = "the one reading of the wall clock")]
pub fn wall_ms() -> i64 {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(_) => 0,
    }
}

/// Random bytes: for the identity of a new journal, and nothing else.
///
/// # Errors
/// The machine's source of randomness failed.
pub fn random_id() -> std::io::Result<[u8; 16]> {
    use std::io::Read;
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall_s: i64, monotonic_s: u64) -> Reading {
        Reading { wall_ms: wall_s * 1000, monotonic: Duration::from_secs(monotonic_s) }
    }

    #[test]
    fn r7_follows_the_wall_clock_within_a_minute_and_never_runs_backwards() {
        let mut ledger = Ledger::new(at(1000, 0), None);
        assert_eq!(ledger.at(at(1010, 10)).seconds(), 1010);
        assert_eq!(ledger.at(at(1025, 20)).seconds(), 1025, "it drifts with the wall clock");
        assert!(ledger.at(at(1015, 21)).seconds() >= 1025, "it waits rather than goes back");
        assert_eq!(ledger.take_step(), None);
    }

    #[test]
    fn r7_a_step_forward_is_an_alarm_and_followed_once_it_has_held() {
        let mut ledger = Ledger::new(at(1000, 0), None);
        assert_eq!(ledger.at(at(4610, 10)).seconds(), 1010);
        assert_eq!(ledger.take_step(), Some(Step { by_ms: 3_600_000, followed: false }));
        assert_eq!(ledger.at(at(4700, 100)).seconds(), 1100);
        assert_eq!(ledger.take_step(), None, "told once");
        assert_eq!(ledger.at(at(4911, 311)).seconds(), 4911);
        assert_eq!(ledger.take_step(), Some(Step { by_ms: 3_600_000, followed: true }));
    }

    #[test]
    fn r7_a_step_backward_that_holds_slows_time_down_until_the_wall_clock_is_there() {
        let mut ledger = Ledger::new(at(10_000, 0), None);
        assert_eq!(ledger.at(at(9_010, 10)).seconds(), 10_010);
        assert_eq!(ledger.at(at(9_311, 311)).seconds(), 10_160, "half speed from here");
        assert_eq!(ledger.at(at(9_411, 411)).seconds(), 10_210);
    }

    #[test]
    fn r7_a_start_before_the_last_ledger_time_goes_on_from_there() {
        let mut ledger = Ledger::new(at(1000, 0), Some(Time::from_millis(5_000_000)));
        assert_eq!(ledger.take_step(), Some(Step { by_ms: -4_000_000, followed: false }));
        assert_eq!(ledger.at(at(1010, 10)).seconds(), 5010);
    }
}
