//! The one integration binary: scenarios, real processes, channels, crash, docs and tidy.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so where it stands")]

mod email;
mod messages;
mod support;
