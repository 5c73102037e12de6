//! The one way to start a task: what it is says what its end means; and how the daemon stops.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The daemon ends at the latest this long after it was asked to stop.
pub const STOP_WITHIN: Duration = Duration::from_secs(10);

/// What a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// The daemon cannot go on without it: its end, or its panic, stops the daemon.
    Vital,
    /// One piece of work among many: its panic is logged and nothing else.
    Work,
}

/// The tasks of a daemon.
#[derive(Clone, Debug)]
pub struct Tasks {
    /// Where they run, whoever starts them: the loop's own runtime is for the loop alone.
    runtime: Handle,
    tracker: TaskTracker,
    stop: CancellationToken,
    failed: Arc<AtomicBool>,
}

impl Tasks {
    /// No tasks yet; they will run on the present runtime.
    pub fn here() -> Tasks {
        Tasks {
            runtime: Handle::current(),
            tracker: TaskTracker::default(),
            stop: CancellationToken::default(),
            failed: Arc::default(),
        }
    }

    /// Starts a task.
    pub fn spawn<F>(&self, kind: TaskKind, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let watch = Watch { kind, name, tasks: self.clone(), finished: false };
        let watched = async move {
            let mut watch = watch;
            future.await;
            watch.finished = true;
        };
        self.tracker.spawn_on(watched, &self.runtime);
    }

    /// Starts one of very many pieces of work. Nobody is told of its end, and it is broken off with the process.
    pub fn attempt<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(self.runtime.spawn(future));
    }

    /// Asks everything to stop.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Stops because something failed: the exit code will say so.
    pub fn fail(&self, why: &str) {
        tracing::error!(why, "stopping: something vital failed");
        self.failed.store(true, Ordering::Release);
        self.stop.cancel();
    }

    /// Whether it stops because something failed.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Resolves when everything is asked to stop.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Whether everything is asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits for all tasks, at most [`STOP_WITHIN`]; says whether all have ended.
    pub async fn ended(&self) -> bool {
        self.tracker.close();
        tokio::time::timeout(STOP_WITHIN, self.tracker.wait()).await.is_ok()
    }
}

/// Sees how a task ends: by itself, by a panic, or with the runtime.
struct Watch {
    kind: TaskKind,
    name: &'static str,
    tasks: Tasks,
    finished: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let stopping = self.tasks.is_stopping();
        match self.kind {
            TaskKind::Vital if !stopping => self.tasks.fail(&format!("the task {} ended", self.name)),
            TaskKind::Work if !self.finished && !stopping => {
                tracing::error!(task = self.name, "a task ended before its work was done");
            }
            TaskKind::Vital | TaskKind::Work => {}
        }
    }
}
