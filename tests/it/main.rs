//! The one integration binary: scenarios, real processes, channels, crash, docs and tidy.

mod expect;
mod metrics;
mod tidy;
mod tools;
