//! What stands on the console, and what can never stand there.

use super::*;
use crate::deliver::conformance::{injection, sample, send};
use crate::event::{Recipient, Time};
use crate::message::Kind;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

#[tokio::test]
async fn a_message_stands_in_a_box() {
    let sink = Sink::default();
    let console = Console::new(Box::new(sink.clone()));
    let mut attempt = sample::attempt();
    attempt.meant_for = Some(Recipient::from("mara@sms"));
    let message = Arc::make_mut(&mut attempt.message);
    message.body = format!("Since **{}**.\n\n- one\n- two", slot::instant(Time::EPOCH)).into();
    let accepted = send(&console, &attempt).await.unwrap();
    let text = sink.take();
    assert_eq!(
        text,
        "┌─ opening to partner@hook (internal)\n\
         │ meant for mara@sms\n\
         │ [sev1] Checkout is failing\n\
         │\n\
         │ Since 1970-01-01 00:00 UTC.\n\
         │\n\
         │ - one\n\
         │ - two\n\
         │\n\
         │ Severity: sev1\n\
         │ Runbook: https://runbooks.example.net/5xx\n\
         └─ INC-1 · 2026-11-21 14:02 UTC\n"
    );
    assert_eq!(accepted.body, Some(Digest::of(&[text.as_bytes()])));
    let message = Arc::make_mut(&mut attempt.message);
    (message.kind, message.status) = (Kind::Resolution, CaseStatus::Resolved);
    send(&console, &attempt).await.unwrap();
    assert!(sink.take().contains("│ [resolved] Checkout is failing\n"));
}

#[tokio::test]
async fn nothing_hostile_reaches_the_terminal() {
    let sink = Sink::default();
    let console = Console::new(Box::new(sink.clone()));
    for payload in injection::corpus() {
        let mut attempt = sample::attempt();
        attempt.message = Arc::new(sample::saying(&payload));
        send(&console, &attempt).await.unwrap();
        let text = sink.take();
        for line in text.lines() {
            assert!(line.starts_with(['┌', '│', '└']), "{payload:?} leaves the box: {line:?}");
            assert!(line.chars().count() <= WIDTH + 2 || !line.starts_with('│'), "{payload:?} is too wide");
            let bad = |c: char| {
                c.is_control() && c != '\t'
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert!(!line.contains(bad), "{payload:?}: {line:?}");
        }
        assert_eq!(text.matches('┌').count(), 1);
    }
}

#[tokio::test]
async fn a_closed_output_is_the_channels_failure() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let failure = send(&Console::new(Box::new(Closed)), &sample::attempt()).await.unwrap_err();
    assert_eq!((failure.about, failure.reason), (crate::decide::Blame::Channel, Reason::Connect));
}
