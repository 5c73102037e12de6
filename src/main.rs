//! The `tidings` command: arguments → configuration → run → exit code.

fn main() {}
