//! Tidings: an event-sourced notification router. It decides who must be told, tells them, keeps them told until it is
//! over, and can prove all of it afterwards.
//!
//! ```text
//!  NATS streams ──┐                                             ┌─ email (SMTP)
//!  HTTP ──────────┼→ ingest ──→ decide ──→ journal ──→ deliver ─┼─ SMS gateway
//!  tick, policy ──┤  Input      pure       facts,      effects  ├─ signed webhook
//!  outcomes ◄─────┼──────────── facts      durable     only now └─ chat
//!  commands ──────┘                           │
//!                                             └─→ history (explain, queries) · metrics
//! ```

pub mod cli;
pub mod config;
pub mod daemon;
pub mod decide;
pub mod deliver;
pub mod event;
pub mod history;
pub mod ingest;
pub mod journal;
pub mod message;
pub mod observe;
