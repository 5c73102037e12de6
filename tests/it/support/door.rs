//! A door that remembers what was handed in and answers as it is told.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use tidings::ingest::{Answer, Batch, Door, Fate};
use tokio::sync::{Semaphore, watch};

/// Takes good events, dead-letters the others, unless the next answer was set.
pub struct FakeDoor {
    seen: watch::Sender<Vec<Batch>>,
    answers: Mutex<VecDeque<Answer>>,
    /// One permit is used up by each batch.
    pub gate: Arc<Semaphore>,
}

impl FakeDoor {
    pub fn open() -> Arc<FakeDoor> {
        Self::with_permits(Semaphore::MAX_PERMITS)
    }

    pub fn with_permits(permits: usize) -> Arc<FakeDoor> {
        let gate = Arc::new(Semaphore::new(permits));
        Arc::new(FakeDoor { seen: watch::Sender::default(), answers: Mutex::default(), gate })
    }

    pub fn answer_next(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }

    /// Everything that was handed in so far.
    pub fn batches(&self) -> Vec<Batch> {
        self.seen.borrow().clone()
    }

    /// Everything that was handed in, once it is `enough`; fails after 30 s.
    pub async fn wait(&self, enough: impl Fn(&[Batch]) -> bool) -> Vec<Batch> {
        let mut seen = self.seen.subscribe();
        let waiting = seen.wait_for(|batches| enough(batches));
        let found = tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await;
        found.expect("nothing more was handed in within 30 s").unwrap().clone()
    }
}

impl Door for FakeDoor {
    fn submit(&self, batch: Batch) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        let usual = batch.arrivals.iter().map(|arrival| match arrival.event {
            Ok(_) => Fate::Taken,
            Err(_) => Fate::DeadLettered,
        });
        let usual: Vec<Fate> = usual.collect();
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Ok(usual));
        self.seen.send_modify(|batches| batches.push(batch));
        let gate = Arc::clone(&self.gate);
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            answer
        })
    }
}
