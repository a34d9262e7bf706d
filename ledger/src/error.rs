//! What can go wrong with a ledger, as facts: which file, what was found, who must act, and what to do next.
//!
//! [`CommitError`] is cloned to every batch of a round, so its sources sit behind an `Arc`. Nothing here holds content.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use hotline_audit::Hash;
use hotline_core::leg::Lane;

use crate::damage::Damage;
use crate::entry::Unfit;
use crate::store::StoreError;

/// Why a ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the ledger.
    #[error("{} is in use by another process, which holds {}; stop that process, or give this one a ledger of its own", path.display(), lock.display())]
    InUse {
        /// The ledger.
        path: PathBuf,
        /// The lock file that is held.
        lock: PathBuf,
    },
    /// The simulated disk is held by another ledger.
    #[error("the simulated disk is in use by another ledger; drop that ledger or crash the disk")]
    DiskInUse,
    /// Others may read the file.
    #[error("{} can be read by others (mode {mode:o}); run chmod 600 on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is no ledger.
    #[error("{} is not a hotline ledger; name another file", path.display())]
    NotALedger {
        /// The file.
        path: PathBuf,
    },
    /// A ledger of another version of this program.
    #[error("{} has format {found}, this program reads format {known}; use the program that wrote it", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Format found.
        found: i64,
        /// Format this program knows.
        known: i64,
    },
    /// The main file is missing although parts of it are there.
    #[error("{} is missing but {} is there; put the main file back, or move the rest away to begin a new ledger", path.display(), rest.display())]
    Orphan {
        /// The missing main file.
        path: PathBuf,
        /// What is left of it.
        rest: PathBuf,
    },
    /// The ledger belongs to somebody else.
    #[error("{place} is the ledger of {found}, not of {asked}; name the right file or the right identity")]
    OtherOwner {
        /// The ledger.
        place: String,
        /// Owner or origin stored in it.
        found: String,
        /// Owner or origin that was asked for.
        asked: String,
    },
    /// The signer given does not sign for the log that was asked for.
    #[error("the log key given signs as {signer}, the log is {origin}")]
    OtherSigner {
        /// Name of the signer.
        signer: String,
        /// Origin asked for.
        origin: String,
    },
    /// The database library is one with a known fault.
    #[error("SQLite {found} has the WAL-reset fault; build with 3.51.3 or newer")]
    OldSqlite {
        /// Version linked.
        found: String,
    },
    /// The journal mode could not be set, so durability could not be promised.
    #[error("{} does not take write-ahead logging but {found}; its file system may not share memory, use a local one", path.display())]
    NoWriteAheadLog {
        /// The file.
        path: PathBuf,
        /// Journal mode found.
        found: String,
    },
    /// A file operation failed.
    #[error("could not {doing} {}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The engine failed.
    #[error("could not open the ledger {place}")]
    Store {
        /// The ledger.
        place: String,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The writer's thread could not be started.
    #[error("could not start the writer's thread")]
    Thread(#[source] io::Error),
}

/// What ended a ledger for this process. A failed sync leaves unknown what is on disk, so it is never tried again: the
/// process ends, and the next start verifies everything.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the ledger {place} failed; end this process, its next start verifies the log before serving")]
pub struct Cause {
    /// The ledger.
    pub place: Arc<str>,
    /// What failed.
    #[source]
    pub source: Arc<StoreError>,
}

/// Why a batch was not committed. Nothing of it was kept, except after [`CommitError::Dead`], when only the next start
/// can tell.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The same bytes are in the log already: answer with the receipt that leaf has.
    #[error("entry {entry} of the batch is leaf {index} already")]
    Known {
        /// Position in `Batch::entries`.
        entry: usize,
        /// The leaf that has these bytes.
        index: u64,
    },
    /// Other bytes have this id or this place in the sender's chain.
    #[error("entry {entry} of the batch has the {by} of leaf {index} but other bytes: EQUIVOCATION")]
    Equivocation {
        /// Position in `Batch::entries`.
        entry: usize,
        /// The leaf that came first.
        index: u64,
        /// SHA-256 of that leaf's bytes.
        stored: Hash,
        /// What both claim.
        by: Clash,
    },
    /// The batch breaks a bound.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The queue has no room for this lane; what waits there is not lost.
    #[error("the ledger's queue is full for the {lane:?} lane; try again later")]
    Busy {
        /// The lane of the batch.
        lane: Lane,
    },
    /// No room on disk. Nothing changed, the ledger lives.
    #[error("the disk of {place} is full; free some space")]
    DiskFull {
        /// The ledger.
        place: Arc<str>,
    },
    /// The engine refused the round without harm.
    #[error("the ledger {place} refused the batch")]
    Refused {
        /// The ledger.
        place: Arc<str>,
        /// Why.
        #[source]
        source: Arc<StoreError>,
    },
    /// The log failed its verification when it was opened.
    #[error("the ledger is read-only: {reason}")]
    ReadOnly {
        /// What was found.
        reason: Damage,
    },
    /// The ledger ended: see [`Cause`].
    #[error(transparent)]
    Dead(Cause),
    /// The ledger was closed before the batch was taken up.
    #[error("the ledger was closed")]
    Closed,
}

/// What two different statements both claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clash {
    /// The id.
    Id,
    /// The place in the sender's chain: epoch and sequence.
    Place,
}

impl std::fmt::Display for Clash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Place => "epoch and sequence",
        })
    }
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes of a leaf are not those that were logged.
    #[error(
        "leaf {index} of {place} no longer has the bytes it was logged with; fetch it from a relay or desk that has it"
    )]
    Damaged {
        /// The leaf.
        index: u64,
        /// The ledger.
        place: Arc<str>,
    },
    /// The leaf or tree asked for is not in the log.
    #[error("{asked} is outside the log of {size} leaves")]
    Outside {
        /// Leaf index or size asked for.
        asked: u64,
        /// Leaves there are.
        size: u64,
    },
    /// The tree could not be rebuilt, so it proves nothing.
    #[error("the log proves nothing: {reason}")]
    NoTree {
        /// What was found.
        reason: Damage,
    },
    /// The engine failed.
    #[error("could not read the ledger {place}")]
    Store {
        /// The ledger.
        place: Arc<str>,
        /// Why.
        #[source]
        source: StoreError,
    },
}

/// Why a copy could not be written.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something has that name already.
    #[error("{} exists already; name a new file for the copy", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A simulated ledger has no file.
    #[error("a ledger in memory has no file to copy; take a snapshot of its disk")]
    InMemory,
    /// A file operation failed.
    #[error("could not {doing} {}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The engine failed.
    #[error("could not copy the ledger to {}", path.display())]
    Store {
        /// The copy.
        path: PathBuf,
        /// Why.
        #[source]
        source: StoreError,
    },
}
