//! Owned tasks: who started them can end them, in two ways.
//!
//! *Drain* is the polite end: everyone is told, gets a deadline, and what is left is dropped and counted. *Abort
//! all* is the crash: every task is dropped at its next await, with no last word. The simulated world kills a node
//! with it; a real process does not need it, it just dies.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Starts and ends the tasks of one node. Clones share the same tasks.
#[derive(Debug, Clone, Default)]
pub struct Spawner {
    tasks: TaskTracker,
    closing: CancellationToken,
    abort: CancellationToken,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every task returned by itself.
    Clean,
    /// The deadline passed first.
    Aborted {
        /// Tasks that were dropped.
        left: usize,
    },
}

impl Spawner {
    /// A spawner with no tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task in a span of its name. After [`abort_all`](Self::abort_all) it is dropped unpolled.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let abort = self.abort.clone();
        let span = tracing::debug_span!("task", name);
        let owned = async move {
            tokio::select! {
                biased;
                () = abort.cancelled() => {}
                () = task => {}
            }
        };
        self.tasks.spawn(owned.instrument(span));
    }

    /// Cancelled once the node is to end, by drain or by crash. Every loop waits for it beside its work.
    #[must_use]
    pub fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Cancelled by a crash only. For what outlives a task: a connection in somebody else's hands fails with it.
    #[must_use]
    pub fn crashed(&self) -> CancellationToken {
        self.abort.clone()
    }

    /// Tasks that have not ended yet.
    #[must_use]
    pub fn running(&self) -> usize {
        self.tasks.len()
    }

    /// A crash: drops every task at its next await and lets none start again.
    pub fn abort_all(&self) {
        self.abort.cancel();
        self.closing.cancel();
        self.tasks.close();
    }

    /// Tells every task to end, waits for them, and drops what is left after `deadline`.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        self.closing.cancel();
        self.tasks.close();
        if tokio::time::timeout(deadline, self.tasks.wait()).await.is_ok() {
            return Drained::Clean;
        }
        let left = self.tasks.len();
        self.abort.cancel();
        self.tasks.wait().await;
        Drained::Aborted { left }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn a_drain_waits_for_tasks_that_listen() {
        let spawner = Spawner::new();
        let closing = spawner.closing();
        spawner.spawn("polite", async move { closing.cancelled().await });
        assert_eq!(spawner.drain(Duration::from_secs(5)).await, Drained::Clean);
    }

    #[tokio::test]
    async fn a_drain_counts_the_tasks_it_had_to_drop() {
        let spawner = Spawner::new();
        spawner.spawn("deaf", std::future::pending());
        let drained = spawner.drain(Duration::from_millis(10)).await;
        assert_eq!(drained, Drained::Aborted { left: 1 });
        assert_eq!(spawner.running(), 0);
    }

    #[tokio::test]
    async fn a_crash_drops_every_task_and_lets_none_start() {
        struct Dropped(CancellationToken);
        impl Drop for Dropped {
            fn drop(&mut self) {
                self.0.cancel();
            }
        }
        let spawner = Spawner::new();
        let gone = CancellationToken::new();
        let guard = Dropped(gone.clone());
        spawner.spawn("victim", async move {
            let _held = guard;
            std::future::pending::<()>().await;
        });
        spawner.abort_all();
        gone.cancelled().await;
        let started = CancellationToken::new();
        let told = started.clone();
        spawner.spawn("late", async move { told.cancel() });
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        assert!(!started.is_cancelled());
    }
}
