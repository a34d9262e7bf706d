//! Waiting for the next change, in a fair order.
//!
//! Like tokio's `watch`, but whoever began to wait first wakes first. tokio wakes its watchers in an order of chance, which
//! no replay of a simulated world can repeat.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Something that changes now and then.
#[derive(Debug, Default)]
pub struct Moves {
    count: AtomicU64,
    notify: Notify,
}

/// One who waits for its next change.
#[derive(Debug)]
pub struct Watcher {
    moves: Arc<Moves>,
    seen: u64,
}

impl Moves {
    /// It has changed: everybody who waits wakes, in the order of waiting.
    pub fn tell(&self) {
        self.count.fetch_add(1, Ordering::Release);
        self.notify.notify_waiters();
    }

    /// Waits for changes after this call.
    #[must_use]
    pub fn watch(self: &Arc<Self>) -> Watcher {
        Watcher {
            moves: Arc::clone(self),
            seen: self.count.load(Ordering::Acquire),
        }
    }
}

impl Watcher {
    /// Whatever has changed so far is known.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.moves.count.load(Ordering::Acquire);
    }

    /// Returns once something has changed that was not known, and knows it then. Dropping it unfinished misses nothing.
    pub async fn changed(&mut self) {
        loop {
            let notified = self.moves.notify.notified();
            tokio::pin!(notified);
            // From here on no change is missed.
            notified.as_mut().enable();
            let count = self.moves.count.load(Ordering::Acquire);
            if count != self.seen {
                self.seen = count;
                return;
            }
            notified.await;
        }
    }
}
