//! What the tests stand on: relays, certificates and attempts that are the same everywhere.

pub mod smtp;
