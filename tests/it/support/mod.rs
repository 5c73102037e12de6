//! What several tests need: a door that remembers, a raw HTTP client, a real NATS server.

pub mod client;
pub mod door;
pub mod lane;
pub mod nats;
