//! The one integration binary: scenarios, real processes, channels, crash, docs and tidy.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers included")]

mod docs;
mod email;
mod expect;
mod http;
mod messages;
mod metrics;
mod nats;
mod scenarios;
mod support;
mod tidy;
mod tools;
