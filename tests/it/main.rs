//! The one integration binary: scenarios, real processes, channels, crash, docs and tidy.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should fail there and then")]

mod http;
mod nats;
mod support;
