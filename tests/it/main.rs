//! The one integration binary: scenarios, real processes, channels, crash, docs and tidy.

mod http;
mod nats;
mod support;
