//! The `tidings` command: arguments → configuration → run → exit code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // One provider of cryptography for everything in the process; with two, the first TLS connection would panic.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("tidings: cryptography is set up already");
        return ExitCode::from(70);
    }
    #[cfg(debug_assertions)]
    if let Ok(orders) = std::env::var("TIDINGS_CRASH")
        && let Err(wrong) = tidings::journal::crash_mark::orders::take(&orders)
    {
        eprintln!("tidings: TIDINGS_CRASH: {wrong}");
        return ExitCode::from(2);
    }
    tidings::cli::main()
}
