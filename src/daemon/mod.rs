//! The daemon: the loop, its tasks, start and stop, the one clock.

pub mod alarm;
pub mod append;
mod arrive;
pub mod brake;
pub mod channels;
pub mod clock;
mod control;
mod dead_letters;
pub mod dispatch;
pub mod door;
pub mod effects;
pub mod engine;
pub mod failed_append;
pub mod heartbeat;
pub mod history;
pub mod imprint;
mod incidents;
pub mod kept;
pub mod lanes;
pub mod leases;
pub mod measure;
pub mod messages;
pub mod persons;
pub mod questions;
pub mod recover;
pub mod reload;
pub mod retain;
pub mod run;
pub mod server;
pub mod task;
mod timeline;

pub use run::{Options, Stopped, run};
