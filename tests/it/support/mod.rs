//! What the tests stand on: a door that remembers, a raw HTTP client, the real binary, and real or faithful servers.

pub mod channels;
pub mod client;
pub mod daemon;
pub mod disk;
pub mod door;
pub mod lane;
pub mod nats;
pub mod patience;
pub mod prometheus;
pub mod providers;
pub mod smtp;
pub mod web;
