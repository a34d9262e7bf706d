//! What a ledger gives back: heads, commits, stored leaves, mailbox rows, kept conflicts.
//!
//! Values only. Whoever holds a [`Committed`] holds the ledger's promise: what it names is on disk.

use std::fmt;

use hotline_audit::Hash;

/// Where the log stands: how many leaves, their root, and the newest signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Leaves in the log.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: Hash,
    /// Bytes of the signed note of the newest checkpoint; `None` while the log is empty or nobody signs it.
    pub note: Option<Vec<u8>>,
}

/// A batch that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Leaf index of the first fresh entry of the batch; the other fresh ones follow it without a gap.
    pub first_index: u64,
    /// Entries that were passed over because the log held them already: position in `Batch::entries`, and leaf.
    pub held: Vec<(usize, u64)>,
    /// Leaves in the log after the round that carried the batch: the size its checkpoint signs.
    pub size: u64,
    /// Root at `size`.
    pub root: Hash,
    /// The signed checkpoint of that round, or the newest one when the round added no leaf.
    pub note: Option<Vec<u8>>,
    /// The cursor of each mailbox row: `cursors[entry][row]` of the fresh entries, in the order of `Entry::mailbox`.
    pub cursors: Vec<Vec<u64>>,
}

/// A leaf as it was read back; its bytes have been checked against `hash` when it comes from a [`crate::Ledger`].
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// Place in the log, from 0.
    pub index: u64,
    /// Which payload the bytes hold.
    pub kind: u8,
    /// Who signed it.
    pub sender: String,
    /// With `sender`, the key of the statement.
    pub id: [u8; 16],
    /// Chain epoch of the sender; 0 when it has no place in a chain.
    pub epoch: u64,
    /// Place in the sender's chain.
    pub sequence: u64,
    /// SHA-256 of `bytes`.
    pub hash: Hash,
    /// The exact bytes that were committed.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Stored {
    /// Everything but the statement itself: logs never hold content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("index", &self.index)
            .field("kind", &self.kind)
            .field("sender", &self.sender)
            .field("epoch", &self.epoch)
            .field("sequence", &self.sequence)
            .field("hash", &self.hash)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// One row of a mailbox: the leaf at `index` is the `cursor`-th of its (recipient, lane).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Dense per (recipient, lane), from 1.
    pub cursor: u64,
    /// Leaf index.
    pub index: u64,
}

/// Most conflicts kept per sender: a few prove the case, a flood adds nothing.
pub const MAX_CONFLICTS_PER_SENDER: u64 = 64;
/// Most conflicts kept in all; at 60 KiB each at most 60 MiB of disk.
pub const MAX_CONFLICTS: u64 = 1024;

/// The kept proofs of equivocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicts {
    /// Oldest first.
    pub kept: Vec<KeptConflict>,
    /// How many more arrived after a bound was reached, and were counted only.
    pub not_kept: u64,
}

/// A statement that is not in the log because another with the same id or place was there first.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptConflict {
    /// Who signed both.
    pub sender: String,
    /// Leaf index of the statement that came first.
    pub stored_index: u64,
    /// SHA-256 of `bytes`.
    pub hash: Hash,
    /// The exact bytes of the other statement.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for KeptConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "KeptConflict({} with leaf {}, {})",
            self.sender, self.stored_index, self.hash
        )
    }
}

/// What the writer has done since the ledger was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Durable transactions; with group commit far fewer than batches.
    pub rounds: u64,
    /// Batches that became durable.
    pub batches: u64,
    /// Leaves that became durable.
    pub entries: u64,
    /// Batches that were refused, for whatever reason.
    pub refused: u64,
}
