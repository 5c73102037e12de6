//! What the tests stand on: a door that remembers, a raw HTTP client, real NATS and SMTP servers.

pub mod client;
pub mod door;
pub mod nats;
pub mod smtp;
