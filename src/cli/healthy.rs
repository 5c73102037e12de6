//! `tidings healthy`: whether a running daemon is alive, for containers that have no other client.

use super::{Exit, Server, remote};
use http::Method;

pub fn run(server: &Server) -> Exit {
    match remote::ask(server, Method::GET, "/-/healthy", String::new()) {
        Ok(answer) if answer.status.is_success() => Exit::Done,
        Ok(_) | Err(_) => Exit::No,
    }
}
