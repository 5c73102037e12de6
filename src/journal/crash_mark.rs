//! Named places at which a crash test may end the process; without a test they do nothing.

use std::sync::OnceLock;

static HOOK: OnceLock<fn(&str)> = OnceLock::new();

/// The temporary file of a snapshot is written and not yet renamed.
pub const SNAPSHOT_HALF_WRITTEN: &str = "snapshot-half-written";

/// Entries are durable and nobody has been told yet.
pub const APPENDED: &str = "appended";

/// Sets what is called at every mark. The first call in a process counts; it says whether it was that.
pub fn set(hook: fn(&str)) -> bool {
    HOOK.set(hook).is_ok()
}

/// Passes a mark.
pub fn mark(name: &str) {
    if let Some(hook) = HOOK.get() {
        hook(name);
    }
}
