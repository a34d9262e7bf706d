//! What an engine could not do, and how bad that is.

use std::io;

/// How bad an error of a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// No room: nothing changed, the ledger lives.
    Full,
    /// The call was refused: nothing changed, the ledger lives.
    Refused,
    /// What is on disk is unknown: stop, start again, verify.
    Fatal,
}

/// What an engine could not do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the share of it that the engine may use, is full.
    #[error("the disk is full")]
    Full,
    /// Another connection held the ledger for too long.
    #[error("another program holds the ledger's tables; close it")]
    Busy,
    /// A row that must be unique is there already. The writer looks first, so this is a fault of ours.
    #[error("a unique row exists already")]
    Unique(#[source] Option<rusqlite::Error>),
    /// The stored head is not the one the round was built on: somebody else has written.
    #[error("the stored head has {found} leaves where {expected} were expected: somebody else has written")]
    HeadMoved {
        /// Leaves the writer knew.
        expected: u64,
        /// Leaves in the store.
        found: u64,
    },
    /// A stored row that no writer of ours can have made.
    #[error("{what} is not as any version of this program writes it")]
    Malformed {
        /// Which row or column.
        what: &'static str,
    },
    /// The database engine failed.
    #[error("the database failed")]
    Sqlite(#[source] rusqlite::Error),
    /// A file beside the database failed.
    #[error("a file of the ledger failed")]
    File(#[source] io::Error),
    /// The simulated disk reported a failed sync.
    #[error("the sync failed")]
    Sync,
    /// The simulated machine lost its power, or the disk was taken over after a crash.
    #[error("the disk is gone")]
    Gone,
    /// The writer's thread ended by a panic.
    #[error("the writer stopped unexpectedly")]
    WriterStopped,
}

impl StoreError {
    /// What a writer must do about it.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::Full => Severity::Full,
            Self::Busy | Self::Unique(_) => Severity::Refused,
            Self::HeadMoved { .. }
            | Self::Malformed { .. }
            | Self::Sqlite(_)
            | Self::File(_)
            | Self::Sync
            | Self::Gone
            | Self::WriterStopped => Severity::Fatal,
        }
    }
}
