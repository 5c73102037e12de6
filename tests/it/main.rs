//! The one integration binary: scenarios, real processes, channels, crash, docs and tidy.

mod messages;
