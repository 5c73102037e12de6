//! Commands to a running daemon, over its HTTP face.

use super::{Exit, Server, block_on, complain};
use crate::deliver::egress::{Answer, Egress, Request, Url, networks};
use crate::event::{Span, Time};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};

/// How long a daemon may take to answer.
const DEADLINE: Span = Span::from_secs(15);

#[derive(clap::Args, Debug)]
pub struct SendTest {
    /// An audience, a channel, or a recipient's name.
    to: String,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args, Debug)]
pub struct Channel {
    /// Which channel.
    channel: String,
    #[command(flatten)]
    server: Server,
}

pub fn send_test(arguments: &SendTest) -> Exit {
    let body = serde_json::json!({ "to": arguments.to }).to_string();
    tell(&arguments.server, "/v1/send-test", body)
}

pub fn pause(arguments: &Channel) -> Exit {
    tell(&arguments.server, &format!("/v1/channels/{}/pause", arguments.channel), String::new())
}

pub fn resume(arguments: &Channel) -> Exit {
    tell(&arguments.server, &format!("/v1/channels/{}/resume", arguments.channel), String::new())
}

fn tell(server: &Server, path: &str, body: String) -> Exit {
    match ask(server, Method::POST, path, body) {
        Ok(answer) => {
            println!("{}", String::from_utf8_lossy(&answer.body).trim_end());
            if answer.status.is_success() { Exit::Done } else { Exit::No }
        }
        Err(exit) => exit,
    }
}

/// Asks the daemon.
pub fn ask(server: &Server, method: Method, path: &str, body: String) -> Result<Answer, Exit> {
    let wrong = |message: String| {
        complain(&message);
        Exit::Usage
    };
    let url = format!("{}{path}", server.server.trim_end_matches('/'));
    let url = Url::parse(&url).map_err(|error| wrong(format!("{}: {error}", server.server)))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(file) = &server.token_file {
        let token =
            std::fs::read_to_string(file).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
            .map_err(|_| wrong(format!("{} holds no token", file.display())))?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    // Whoever types an address may reach it: the guard is for what a daemon does by itself.
    let anywhere = networks(&["0.0.0.0/0".into(), "::/0".into()]).unwrap_or_default();
    let egress = Egress::new(&anywhere, "--server");
    let body = Bytes::from(body);
    let request = Request { method, url: &url, headers, body, deadline: DEADLINE, now: Time::EPOCH };
    let answer = block_on(egress.send(request))?;
    answer.map_err(|error| {
        complain(&format!("no answer from {}: {error}", server.server));
        Exit::Internal
    })
}
