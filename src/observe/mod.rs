//! What operators see: metrics, logs, and whether the daemon lives and is ready. Imported by `daemon` and `cli` alone.

mod escape;
mod keeping;
mod process;
mod series;
mod table;
mod words;

pub mod health;
pub mod logs;
pub mod metrics;

pub use table::{Kind, Label, Metric, REMOVED, TABLE, Vocabulary};
pub use words::{
    AlertState, Approval, CaseKind, DeadLetter, End, EventOutcome, Handler, Ping, Purpose, Withheld,
};
