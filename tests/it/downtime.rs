//! (later).
