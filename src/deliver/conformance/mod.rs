//! What every channel kind is put through: one table of answers and verdicts, secrets that must not show, keys that
//! must not change, an end within the deadline, and a corpus of hostile texts.
//!
//! A kind joins by implementing [`Subject`] and calling [`table`], [`keys`] and [`injections`] from its own tests. A
//! kind that speaks no HTTP joins with [`injection::corpus`], [`sample`] and [`assert_tells_nothing`].

pub mod injection;
pub mod sample;
pub mod server;

mod cases;

use super::{Attempt, Channel};
use crate::decide::{Accepted, Blame, Failure, Reason, Retry, Sent};
use crate::event::Span;
use server::{Received, Script, Server};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use cases::Case;

/// After this long a channel counts as one that does not end by itself.
const HANGS: Duration = Duration::from_secs(30);

/// What a kind is to say of an answer.
pub type Verdict = Result<(), (Blame, Sent, Retry, Reason)>;

/// One channel kind under test. It must speak HTTP to the server that it is given.
pub trait Subject {
    /// The channel whose provider is the server at `server` (`http://`, inside `allow_networks`).
    fn channel(&self, server: SocketAddr) -> Arc<dyn Channel>;

    /// One attempt; most kinds only set the address.
    fn attempt(&self) -> Attempt {
        sample::attempt()
    }

    /// Secrets and addresses that no failure may show.
    fn planted(&self) -> Vec<&'static str>;

    /// The provider's answer to a message that it takes.
    fn success(&self) -> Vec<u8>;

    /// The kind's own verdict, where a status alone does not say it.
    fn verdict(&self, case: &Case) -> Verdict {
        case.verdict
    }

    /// Answers that only this kind's provider gives.
    fn own_cases(&self) -> Vec<Case> {
        Vec::new()
    }

    /// The idempotency key as the provider sees it, if the provider knows one.
    fn key(&self, received: &Received) -> Option<String>;
}

/// Sends and fails the test where the channel does not end.
pub async fn send(channel: &dyn Channel, attempt: &Attempt) -> Result<Accepted, Failure> {
    tokio::time::timeout(HANGS, channel.send(attempt)).await.expect("the channel must end by itself")
}

/// Runs the table: every answer gets its verdict, no failure shows what was planted.
pub async fn table(subject: &dyn Subject) {
    let target = Server::start(Script::Answer(cases::answer("200 OK", "", "ok")));
    let server = Server::start(Script::Answer(subject.success()));
    let channel = subject.channel(server.address());
    send(&*channel, &subject.attempt()).await.expect("the provider's own success is one");
    let mut cases = cases::common(target.address());
    cases.extend(subject.own_cases());
    for case in cases {
        let before = server.received().len();
        server.play(case.script.clone());
        let mut attempt = subject.attempt();
        attempt.deadline = case.deadline;
        let result = send(&*channel, &attempt).await;
        let verdict = subject.verdict(&case);
        let name = case.name;
        match (&result, verdict) {
            (Ok(_), Ok(())) => {}
            (Err(failure), Err(expected)) => {
                let found = (failure.about, failure.sent, failure.retry, failure.reason);
                assert_eq!(found, expected, "{name}: {}", failure.detail);
                assert_tells_nothing(failure, &subject.planted());
            }
            _ => panic!("{name}: expected {verdict:?}, found {result:?}"),
        }
        if case.arrives {
            assert_eq!(server.received().len(), before + 1, "{name}: one request, not followed by another");
        }
    }
    assert_eq!(target.connections(), 0, "no redirect is followed");
    server.play(Script::Answer(subject.success()));
    send(&*channel, &subject.attempt()).await.expect("the channel works again after all that");
}

/// A connection that nobody accepts: surely nothing was sent.
pub async fn refused(subject: &dyn Subject) {
    let server = Server::start(Script::Close);
    let address = server.address();
    drop(server);
    let failure = send(&*subject.channel(address), &subject.attempt()).await.unwrap_err();
    let found = (failure.about, failure.sent, failure.retry, failure.reason);
    assert_eq!(found, (Blame::Channel, Sent::No, Retry::After(None), Reason::Connect), "{}", failure.detail);
    assert_tells_nothing(&failure, &subject.planted());
}

/// A second attempt bears the same key; what is signed and timed is made anew.
pub async fn keys(subject: &dyn Subject) {
    let server = Server::start(Script::Answer(subject.success()));
    let channel = subject.channel(server.address());
    let first = subject.attempt();
    let mut second = first.clone();
    second.attempt = first.attempt + 1;
    second.now = first.now + Span::from_mins(1);
    send(&*channel, &first).await.unwrap();
    send(&*channel, &second).await.unwrap();
    let keys: Vec<_> = server.received().iter().map(|received| subject.key(received)).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "the key must not change");
}

/// Sends every hostile text in every field of a message and shows the kind's own check what arrived.
pub async fn injections(subject: &dyn Subject, check: impl Fn(&Received, &str)) {
    let server = Server::start(Script::Answer(subject.success()));
    let channel = subject.channel(server.address());
    let corpus = injection::corpus();
    let plain = server::header_names(&{
        send(&*channel, &subject.attempt()).await.unwrap();
        server.take()
    });
    for payload in &corpus {
        let mut attempt = subject.attempt();
        attempt.message = Arc::new(sample::saying(payload));
        send(&*channel, &attempt).await.unwrap_or_else(|failure| panic!("{payload:?}: {failure:?}"));
        let received = server.take();
        assert_eq!(server::header_names(&received), plain, "{payload:?} must not make headers");
        check(&received, payload);
    }
}

/// Fails where a failure shows a planted secret or address, or is longer than a fact may hold.
pub fn assert_tells_nothing(failure: &Failure, planted: &[&str]) {
    let shown = format!("{failure:?}");
    for secret in planted {
        assert!(!shown.contains(secret), "a failure shows what is secret: {shown}");
    }
    assert!(failure.detail.len() <= super::verdict::DETAIL_LIMIT);
}
