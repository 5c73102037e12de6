//! The one integration binary: scenarios, real processes, channels, crash, docs and tidy.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers included")]
#![expect(clippy::disallowed_methods, reason = "tests connect from outside, where no guard is asked")]

mod against;
mod answers;
mod bulkhead;
mod crash;
mod dead_letters;
mod disk;
mod docs;
mod downtime;
mod email;
mod end_to_end;
mod expect;
mod faults;
mod heartbeat;
mod http;
mod incidents;
mod messages;
mod metrics;
mod nats;
mod operation;
mod people;
mod preview;
mod scenarios;
mod secrets;
mod support;
mod teams;
mod tidy;
mod timeline;
mod tools;
mod trials;
mod watch;
