//! A thread for what blocks, with a bounded queue of closures.

use crate::journal::{Pending, ReadError};
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};
use tokio::sync::oneshot;

/// How many questions may wait. A caller that asks more at once is told so instead of being blocked.
const QUEUE: usize = 256;

type Job<T> = Box<dyn FnOnce(&mut T) + Send>;

/// A named thread that owns `T`. Dropping it waits for what is queued.
#[derive(Debug)]
pub(super) struct Worker<T> {
    jobs: Option<SyncSender<Job<T>>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Worker<T> {
    pub(super) fn start(name: &str, mut state: T) -> io::Result<Worker<T>> {
        let (jobs, queue): (_, Receiver<Job<T>>) = sync_channel(QUEUE);
        let run = move || queue.into_iter().for_each(|job| job(&mut state));
        let thread = Builder::new().name(name.into()).spawn(run)?;
        Ok(Worker { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Has `job` done; its answer comes whether or not the future is polled.
    pub(super) fn ask<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut T) -> Result<R, ReadError> + Send + 'static,
    ) -> Pending<Result<R, ReadError>> {
        self.hand(|state, done| {
            // Nobody may be waiting any more.
            let _ = done.send(job(state));
        })
    }

    /// Has `job` done, which may pass the duty of answering on.
    pub(super) fn hand<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut T, oneshot::Sender<Result<R, ReadError>>) + Send + 'static,
    ) -> Pending<Result<R, ReadError>> {
        let (done, answer) = oneshot::channel();
        let job: Job<T> = Box::new(|state| job(state, done));
        let refused = match self.jobs.as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => None,
            Some(Err(TrySendError::Full(_))) => Some(format!("more than {QUEUE} questions at once")),
            Some(Err(TrySendError::Disconnected(_))) | None => Some(ended()),
        };
        Box::pin(async move {
            match refused {
                Some(reason) => Err(ReadError::Failed(reason)),
                None => answer.await.unwrap_or_else(|_| Err(ReadError::Failed(ended()))),
            }
        })
    }
}

fn ended() -> String {
    "the thread that does this has ended".into()
}

impl<T> Drop for Worker<T> {
    fn drop(&mut self) {
        self.jobs = None;
        // A thread that panicked has told so already; there is nothing left to do here.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
