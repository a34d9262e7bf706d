//! The narrow contract between the ledger and an engine that keeps it.
//!
//! One promise, in one sentence: when [`Store::append`] returns `Ok`, the whole [`Round`] survives the loss of power, and
//! when it returns an error that is not fatal, nothing of it does. An engine inserts what it is given; indexes, cursors,
//! tiles, roots and signatures have been decided before. It compares the head with the one the round was built on, so that
//! no two writers can ever sign two histories. A clustered engine fits behind the same few calls.
//!
//! What is not here: hashing, signing, queues and threads (`writer.rs`), and every decision about a statement (its caller).

mod error;
#[cfg(test)]
mod tests;

use std::path::Path;

use hotline_audit::Hash;
use hotline_core::leg::Lane;

use crate::entry::{Conflict, Entry, Record};
use crate::error::BackupError;
use crate::head::{Conflicts, Head, Letter, Stored};

pub use error::{Severity, StoreError};

/// A full tile: the 256 hashes of one tile level, in order.
pub const TILE_WIDTH: usize = 256;

/// Everything one transaction keeps.
#[derive(Debug)]
pub struct Round<'a> {
    /// The head this round was built on. An engine refuses the round if its own differs.
    pub expected: &'a Head,
    /// The head after it; equal to `expected` when the round has no leaves.
    pub head: &'a Head,
    /// New leaves; the first has index `expected.size`, the others follow.
    pub leaves: Vec<&'a Entry>,
    /// New mailbox rows.
    pub letters: Vec<NewLetter<'a>>,
    /// Facts, in order.
    pub records: Vec<&'a Record>,
    /// Proofs of equivocation.
    pub conflicts: Vec<&'a Conflict>,
    /// Tiles that became full.
    pub tiles: Vec<Tile>,
}

/// A mailbox row to insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewLetter<'a> {
    /// Whose mailbox.
    pub recipient: &'a str,
    /// On which lane.
    pub lane: Lane,
    /// Next of (recipient, lane).
    pub cursor: u64,
    /// Leaf index.
    pub index: u64,
}

/// A full tile, ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Tile level: its hashes are those of subtrees of 256^level leaves.
    pub level: u8,
    /// Place among the tiles of its level.
    pub number: u64,
    /// Exactly [`TILE_WIDTH`] hashes, 32 bytes each, one after another.
    pub data: Vec<u8>,
}

/// How a leaf is looked up.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// By the key of its statement.
    Id {
        /// Who signed it.
        sender: &'a str,
        /// Its id.
        id: &'a [u8; 16],
    },
    /// By its place in the sender's chain.
    Place {
        /// Who signed it.
        sender: &'a str,
        /// Chain epoch.
        epoch: u64,
        /// Sequence in that epoch.
        sequence: u64,
    },
    /// By the SHA-256 of its bytes.
    Hash(&'a Hash),
}

/// Which stretch of a sender's chain.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'a> {
    /// Who signed it.
    pub sender: &'a str,
    /// Chain epoch.
    pub epoch: u64,
    /// First sequence.
    pub first: u64,
    /// Last sequence, included.
    pub last: u64,
    /// Most rows to return.
    pub limit: usize,
}

/// Which records of a space.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    /// The space.
    pub space: &'a str,
    /// Only keys that begin with this.
    pub prefix: &'a [u8],
    /// Only keys behind this one, if any.
    pub after: Option<&'a [u8]>,
    /// Most rows to return.
    pub limit: usize,
}

/// Where a leaf is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its index.
    pub index: u64,
    /// SHA-256 of its bytes, as stored.
    pub hash: Hash,
}

/// The few facts a ledger keeps about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Whose ledger it is: an identity.
    pub owner: String,
    /// Origin line of its log.
    pub origin: String,
    /// 16 random bytes, made when it was first opened; none in a copy that `backup` wrote.
    pub instance: Option<[u8; 16]>,
    /// How often it was opened for writing.
    pub boot: u64,
    /// Size of the log when this copy was made by `backup`; `None` in a ledger that is no copy.
    pub copied_at: Option<u64>,
}

/// Memory of the newest signature, kept where a restored backup does not replace it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Size that was signed.
    pub size: u64,
    /// Root that was signed.
    pub root: Hash,
}

impl Fence {
    /// Whether `later` may be remembered in its place: it is of more leaves.
    pub(crate) fn gives_way_to(&self, later: &Fence) -> bool {
        later.size > self.size
    }
}

/// Rows of records: key and value.
pub type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads of committed state. Rows come back as stored: whoever serves them checks the hashes.
pub trait Reader: Send {
    /// The committed head.
    ///
    /// # Errors
    /// The engine could not be read.
    fn head(&self) -> Result<Head, StoreError>;
    /// What the ledger knows about itself.
    ///
    /// # Errors
    /// The engine could not be read.
    fn meta(&self) -> Result<Meta, StoreError>;
    /// One leaf.
    ///
    /// # Errors
    /// The engine could not be read.
    fn leaf(&self, index: u64) -> Result<Option<Stored>, StoreError>;
    /// Leaves from `first` up to `end` (excluded) in order of index, until `max_bytes` are passed; at least one if any.
    ///
    /// # Errors
    /// The engine could not be read.
    fn leaves(&self, first: u64, end: u64, max_bytes: usize) -> Result<Vec<Stored>, StoreError>;
    /// Where the leaf with this key is.
    ///
    /// # Errors
    /// The engine could not be read.
    fn find(&self, key: Key<'_>) -> Result<Option<Found>, StoreError>;
    /// A stretch of a chain, in order of sequence.
    ///
    /// # Errors
    /// The engine could not be read.
    fn chain(&self, stretch: Stretch<'_>) -> Result<Vec<Stored>, StoreError>;
    /// Index of the leaf with the sender's highest (epoch, sequence).
    ///
    /// # Errors
    /// The engine could not be read.
    fn chain_head(&self, sender: &str) -> Result<Option<u64>, StoreError>;
    /// The data of a full tile.
    ///
    /// # Errors
    /// The engine could not be read.
    fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError>;
    /// Mailbox rows behind the cursor `after`.
    ///
    /// # Errors
    /// The engine could not be read.
    fn mailbox(
        &self,
        recipient: &str,
        lane: Lane,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Letter>, StoreError>;
    /// Highest cursor of a mailbox; 0 when it is empty.
    ///
    /// # Errors
    /// The engine could not be read.
    fn mailbox_head(&self, recipient: &str, lane: Lane) -> Result<u64, StoreError>;
    /// One record.
    ///
    /// # Errors
    /// The engine could not be read.
    fn record(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// Records in order of their keys.
    ///
    /// # Errors
    /// The engine could not be read.
    fn records(&self, listing: Listing<'_>) -> Result<Rows, StoreError>;
    /// Kept conflicts, oldest first.
    ///
    /// # Errors
    /// The engine could not be read.
    fn conflicts(&self, limit: usize) -> Result<Conflicts, StoreError>;
    /// Writes a consistent copy to a new file and returns its head. The copy has no instance id and says that it is one.
    ///
    /// # Errors
    /// The copy could not be written, or the engine has no file.
    fn copy_to(&self, to: &Path) -> Result<Head, BackupError>;
    /// Bytes that the engine could still write; `None` when it cannot know.
    ///
    /// # Errors
    /// The file system did not answer.
    fn free_bytes(&self) -> Result<Option<u64>, StoreError>;
}

/// The one writer of a ledger.
pub trait Store: Send {
    /// Reads on the writer's own connection.
    fn reads(&self) -> &dyn Reader;
    /// A connection of its own for readers, which never writes.
    ///
    /// # Errors
    /// The engine could not be opened a second time.
    fn reader(&self) -> Result<Box<dyn Reader>, StoreError>;
    /// Keeps `round`, durably, if the stored head is `round.expected`.
    ///
    /// # Errors
    /// Nothing of the round is kept, except after a fatal error, when that is unknown until the next start.
    fn append(&mut self, round: &Round<'_>) -> Result<(), StoreError>;
    /// Housekeeping that need not delay an answer.
    ///
    /// # Errors
    /// Always fatal.
    fn tidy(&mut self) -> Result<(), StoreError>;
    /// Replaces what the ledger knows about itself, durably.
    ///
    /// # Errors
    /// As [`Store::append`].
    fn set_meta(&mut self, meta: &Meta) -> Result<(), StoreError>;
    /// The newest signature that this place remembers.
    fn fence(&self) -> Option<Fence>;
    /// Last housekeeping of a healthy engine before it is dropped.
    ///
    /// # Errors
    /// The engine failed; what was committed is as durable as before.
    fn close(&mut self) -> Result<(), StoreError>;
}
