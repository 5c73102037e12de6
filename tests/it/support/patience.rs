//! Waiting for something that is to become true, with a bound.

use std::time::Duration;

const LOOK: Duration = Duration::from_millis(20);
const LOOKS_MAX: usize = 6000;

/// What `look` finds, as soon as it finds it; fails after two minutes of looking.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(LOOK);
    }
    panic!("waited two minutes in vain: {what}")
}

/// Waits until this holds; fails after two minutes.
pub fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    until(what, || holds().then_some(()));
}
