//! The handle of a ledger: commit, read, prove, watch.
//!
//! Cheap to clone, shared by everybody in a process. One thread (`ledger`) writes; readers use connections of their own.
//! The newest head and the right edge of the tree are in memory and always belong to a round that is on disk. The last
//! handle that is dropped lets the writer finish what waits, closes the engine and gives the lock back.

mod open;
mod proofs;
mod reads;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;

use tokio::sync::{oneshot, watch};

use crate::commit::Commit;
use crate::damage::{Damage, Standing};
use crate::entry::Batch;
use crate::error::{BackupError, Cause, CommitError, ReadError};
use crate::head::{Counters, Head};
use crate::mailboxes::Mailboxes;
use crate::moves::{Moves, Watcher};
use crate::nodes::TileCache;
use crate::queue::{NoRoom, Queue};
use crate::store::{Reader, Store, StoreError};
use crate::tree::Tree;
use crate::writer::{Answer, Prepared, Writer};

pub use open::{Engine, Mode, OpenOptions, Opening, Restored};
pub use reads::{RESERVE_BYTES, Scrubbed, Space, SpaceLeft};

/// A durable, append-only log of statements with its mailboxes and small facts.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    work: Work,
}

/// Who does the writing.
enum Work {
    /// A thread of its own.
    Thread {
        queue: Arc<Queue<Job>>,
        thread: Mutex<Option<JoinHandle<()>>>,
    },
    /// Whoever calls `commit`. For the simulated world, which has no threads.
    Inline(Box<Mutex<Writer>>),
    /// Nobody; the store is held for its lock.
    Nobody { _store: Mutex<Box<dyn Store>> },
}

/// A batch on its way to the writer's thread.
pub(crate) struct Job {
    prepared: Prepared,
    answer: oneshot::Sender<Answer>,
}

/// What the handles and the writer share.
pub(crate) struct Shared {
    pub(crate) place: Arc<str>,
    pub(crate) tiles: TileCache,
    pub(crate) mailboxes: Mailboxes,
    head: watch::Sender<Head>,
    moves: Arc<Moves>,
    tree: Mutex<Option<Arc<Tree>>>,
    standing: Standing,
    /// Why the log may not grow, although it verified: found while it is open.
    stopped: Mutex<Option<Damage>>,
    death: watch::Sender<Option<Cause>>,
    readers: [Mutex<Box<dyn Reader>>; 2],
    /// For what takes long: scrubbing and copying.
    slow_reader: Mutex<Box<dyn Reader>>,
    rounds: AtomicU64,
    batches: AtomicU64,
    entries: AtomicU64,
    refused: AtomicU64,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Ledger({}, {} leaves)",
            self.inner.shared.place,
            self.inner.shared.head.borrow().size
        )
    }
}

impl Ledger {
    /// Queues `batch` and returns its fate. What was queued is committed even if the answer is dropped. In
    /// [`Mode::Inline`] the work is done before this returns.
    pub fn commit(&self, batch: Batch) -> Commit {
        let shared = &self.inner.shared;
        if let Some(cause) = shared.death() {
            return Commit::answered(Err(CommitError::Dead(cause)));
        }
        let prepared = match Prepared::of(batch) {
            Ok(prepared) => prepared,
            Err(unfit) => return Commit::answered(Err(CommitError::Unfit(unfit))),
        };
        match &self.inner.work {
            Work::Thread { queue, .. } => self.enqueue(queue, prepared),
            Work::Inline(writer) => {
                let mut writer = lock(writer);
                let answer = writer.round(std::slice::from_ref(&prepared)).pop();
                writer.tidy();
                Commit::answered(answer.unwrap_or(Err(CommitError::Closed)))
            }
            Work::Nobody { .. } => Commit::answered(Err(match &shared.standing {
                Standing::ReadOnly { reason } => CommitError::ReadOnly {
                    reason: reason.clone(),
                },
                Standing::Good => CommitError::Closed,
            })),
        }
    }

    fn enqueue(&self, queue: &Queue<Job>, prepared: Prepared) -> Commit {
        let (lane, haste, weight) = (prepared.lane(), prepared.haste(), prepared.weight());
        let (answer, fate) = oneshot::channel();
        match queue.put(lane, haste, weight, Job { prepared, answer }) {
            Ok(()) => Commit::waiting(fate, Arc::clone(&self.inner.shared)),
            Err((NoRoom::Full, _)) => Commit::answered(Err(CommitError::Busy { lane })),
            Err((NoRoom::Closed, _)) => Commit::answered(Err(CommitError::Closed)),
        }
    }

    /// The newest durable head, from memory.
    #[must_use]
    pub fn head(&self) -> Head {
        self.inner.shared.head()
    }

    /// Size and newest signed checkpoint, from memory.
    #[must_use]
    pub fn size_and_note(&self) -> (u64, Option<Vec<u8>>) {
        let head = self.inner.shared.head.borrow();
        (head.size, head.note.clone())
    }

    /// Tells of each new durable head. A slow watcher misses heads, never the newest.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Head> {
        self.inner.shared.head.subscribe()
    }

    /// The same for many who wait at once: they wake in the order of waiting.
    #[must_use]
    pub fn moves(&self) -> Watcher {
        self.inner.shared.moves.watch()
    }

    /// Whether the log passed its verification when it was opened, and may grow now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (&self.inner.shared.standing, self.inner.shared.stopped()) {
            (Standing::Good, Some(reason)) => Standing::ReadOnly { reason },
            (standing, _) => standing.clone(),
        }
    }

    /// Whether facts are kept: it verified when it was opened, whatever was found since.
    #[must_use]
    pub fn takes_facts(&self) -> bool {
        self.inner.shared.standing == Standing::Good
    }

    /// From now on no leaf is taken in, and so nothing is signed; facts ([`crate::Record`]) still are. Batches with
    /// entries, also those that wait already, are refused as [`CommitError::ReadOnly`].
    pub fn stop_signing(&self, reason: Damage) {
        tracing::error!(place = %self.inner.shared.place, %reason, "the log takes in nothing more");
        *lock(&self.inner.shared.stopped) = Some(reason);
    }

    /// The same until the witnesses were asked: see [`Ledger::signing_may_begin`]. What was found before stays.
    pub fn stop_signing_until_asked(&self) {
        lock(&self.inner.shared.stopped).get_or_insert(Damage::NotAsked);
    }

    /// Leaves are taken in again, if it was stopped for no other reason than [`Damage::NotAsked`]; says whether they are.
    pub fn signing_may_begin(&self) -> bool {
        let mut stopped = lock(&self.inner.shared.stopped);
        if *stopped == Some(Damage::NotAsked) {
            *stopped = None;
        }
        stopped.is_none() && self.inner.shared.standing == Standing::Good
    }

    /// What ended the ledger, if something did.
    #[must_use]
    pub fn death(&self) -> Option<Cause> {
        self.inner.shared.death()
    }

    /// Waits until the ledger fails for good. Then the process must end: what is on disk is unknown until the next start.
    pub async fn dead(&self) -> Cause {
        let mut death = self.inner.shared.death.subscribe();
        loop {
            if let Some(cause) = death.borrow_and_update().clone() {
                return cause;
            }
            if death.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// What the writer has done since the ledger was opened.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let shared = &self.inner.shared;
        Counters {
            rounds: shared.rounds.load(Ordering::Relaxed),
            batches: shared.batches.load(Ordering::Relaxed),
            entries: shared.entries.load(Ordering::Relaxed),
            refused: shared.refused.load(Ordering::Relaxed),
        }
    }

    /// Writes a consistent copy to the new file `to` while the ledger goes on; returns the head of the copy. The copy opens
    /// read-only, see [`Restored`]. Blocks for as long as it takes to write every leaf.
    ///
    /// # Errors
    /// The file exists already, or could not be written.
    pub fn backup(&self, to: &Path) -> Result<Head, BackupError> {
        lock(&self.inner.shared.slow_reader).copy_to(to)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        match &self.work {
            Work::Thread { queue, thread } => {
                queue.close();
                let thread = lock(thread).take();
                // The last handle may be dropped by a waker that the writer's own thread calls.
                let other = thread.filter(|thread| thread.thread().id() != std::thread::current().id());
                if let Some(thread) = other
                    && thread.join().is_err()
                {
                    tracing::error!(place = %self.shared.place, "the writer's thread had stopped unexpectedly");
                }
            }
            Work::Inline(writer) => lock(writer).close(),
            Work::Nobody { .. } => {}
        }
    }
}

/// A lock whose holder cannot have left anything half done: all changes are made by whole assignments.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn head(&self) -> Head {
        self.head.borrow().clone()
    }

    pub(crate) fn death(&self) -> Option<Cause> {
        self.death.borrow().clone()
    }

    /// Why no leaf is taken in now.
    pub(crate) fn stopped(&self) -> Option<Damage> {
        lock(&self.stopped).clone()
    }

    /// Ends the ledger; the first cause stays.
    pub(crate) fn die(&self, error: StoreError) -> Cause {
        let cause = Cause {
            place: Arc::clone(&self.place),
            source: Arc::new(error),
        };
        let mut first = cause.clone();
        self.death.send_if_modified(|death| match death {
            Some(earlier) => {
                first = earlier.clone();
                false
            }
            None => {
                *death = Some(cause);
                true
            }
        });
        tracing::error!(place = %self.place, cause = %first.source, "the ledger failed; this process must end");
        first
    }

    /// Shows a round that is on disk. The tree first: whoever sees the head finds its proofs.
    pub(crate) fn publish(&self, tree: &Tree, head: &Head) {
        *lock(&self.tree) = Some(Arc::new(tree.clone()));
        let news = self.head.send_if_modified(|shown| {
            let news = *shown != *head;
            shown.clone_from(head);
            news
        });
        if news {
            self.moves.tell();
        }
    }

    pub(crate) fn count(&self, answers: &[Answer]) {
        let kept = answers.iter().flatten().count() as u64;
        self.refused
            .fetch_add(answers.len() as u64 - kept, Ordering::Relaxed);
        if kept > 0 {
            self.rounds.fetch_add(1, Ordering::Relaxed);
            self.batches.fetch_add(kept, Ordering::Relaxed);
            let entries: usize = answers
                .iter()
                .flatten()
                .map(|committed| committed.cursors.len())
                .sum();
            self.entries.fetch_add(entries as u64, Ordering::Relaxed);
        }
    }

    fn tree(&self) -> Result<Arc<Tree>, ReadError> {
        lock(&self.tree).clone().ok_or_else(|| ReadError::NoTree {
            reason: match &self.standing {
                Standing::ReadOnly { reason } => reason.clone(),
                Standing::Good => Damage::LeafMissing { index: 0 },
            },
        })
    }

    /// Reads on whichever connection is free.
    pub(crate) fn read<T>(
        &self,
        look: impl FnOnce(&dyn Reader) -> Result<T, StoreError>,
    ) -> Result<T, ReadError> {
        let free = self.readers.iter().find_map(|reader| match reader.try_lock() {
            Ok(reader) => Some(reader),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        });
        let reader = free.unwrap_or_else(|| lock(&self.readers[0]));
        look(reader.as_ref()).map_err(|source| self.read_error(source))
    }

    pub(crate) fn read_error(&self, source: StoreError) -> ReadError {
        ReadError::Store {
            place: Arc::clone(&self.place),
            source,
        }
    }
}
