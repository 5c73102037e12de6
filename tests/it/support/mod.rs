//! What several tests need: a door that remembers, a raw HTTP client, a real NATS server.

pub mod client;
pub mod door;
pub mod nats;
//! What the tests stand on: relays, certificates and attempts that are the same everywhere.

pub mod smtp;
