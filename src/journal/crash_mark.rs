//! Named places at which a crash test may end the process; without a test they do nothing.

use std::sync::OnceLock;

static HOOK: OnceLock<fn(&str)> = OnceLock::new();

/// The temporary file of a snapshot is written and not yet renamed.
pub const SNAPSHOT_HALF_WRITTEN: &str = "snapshot-half-written";

/// Entries are durable and nobody has been told yet.
pub const APPENDED: &str = "appended";

/// A provider has answered an attempt, and nobody has written that down yet.
pub const ATTEMPT_ANSWERED: &str = "attempt-answered";

/// The decision of a digest is durable, and the digest has not left yet.
pub const DIGEST_DECIDED: &str = "digest-decided";

/// Sets what is called at every mark. The first call in a process counts; it says whether it was that.
pub fn set(hook: fn(&str)) -> bool {
    HOOK.set(hook).is_ok()
}

/// Whether anything is called at marks: what it costs to know that a mark is passed is spent only then.
pub fn is_set() -> bool {
    HOOK.get().is_some()
}

/// Passes a mark.
pub fn mark(name: &str) {
    if let Some(hook) = HOOK.get() {
        hook(name);
    }
}

/// What a crash test orders a process of a debug build to do. In a release build there is no such thing.
#[cfg(debug_assertions)]
pub mod orders {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// At which marks the process ends, and how often it may pass each until then.
    static ENDS: OnceLock<Vec<(String, AtomicU64)>> = OnceLock::new();
    static SNAPSHOT_ENTRIES: OnceLock<u64> = OnceLock::new();

    /// Takes orders such as `appended:3 snapshot-entries:20`: the third time that the mark is passed the process says
    /// so and ends as if it were killed, and a snapshot is kept every 20 entries.
    ///
    /// # Errors
    /// Which word is no order.
    pub fn take(orders: &str) -> Result<(), String> {
        let mut ends = Vec::new();
        for word in orders.split_whitespace() {
            let order = word.split_once(':').and_then(|(name, count)| Some((name, count.parse().ok()?)));
            match order {
                Some(("snapshot-entries", count)) if SNAPSHOT_ENTRIES.set(count).is_ok() => {}
                Some((mark, nth)) if nth > 0 => ends.push((mark.to_owned(), AtomicU64::new(nth))),
                _ => return Err(format!("\"{word}\" is no order")),
            }
        }
        let taken = ends.is_empty() || ENDS.set(ends).is_ok() && super::set(end);
        if taken { Ok(()) } else { Err("the marks are taken".to_owned()) }
    }

    /// After how many entries a snapshot is kept, if that was ordered.
    pub fn snapshot_entries() -> Option<u64> {
        SNAPSHOT_ENTRIES.get().copied()
    }

    fn end(mark: &str) {
        let ends = ENDS.get().into_iter().flatten();
        for (_, left) in ends.filter(|(wanted, _)| wanted == mark) {
            if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                eprintln!("ended at the mark {mark}");
                std::process::abort();
            }
        }
    }
}
