//! Reads: one leaf, a stretch of the log, a chain, a mailbox, facts. Each sees only rounds that are on disk.
//!
//! No engine notices a flipped bit, so every leaf is hashed again as it is read; an altered one is an error that names it,
//! never data.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use hotline_audit::Hash;
use hotline_core::leg::Lane;

use super::{Ledger, lock};
use crate::damage::Damage;
use crate::error::ReadError;
use crate::head::{Conflicts, Letter, Stored};
use crate::moves::Watcher;
use crate::rebuild::check_leaves;
use crate::store::{Key, Listing, Rows, StoreError, Stretch, TILE_WIDTH};

/// Free space below which only urgent traffic and evidence should still be taken: 64 MiB.
pub const RESERVE_BYTES: u64 = 64 * 1024 * 1024;

/// How much room the ledger has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that could still be written; `None` when the engine cannot know.
    pub free_bytes: Option<u64>,
    /// [`RESERVE_BYTES`].
    pub reserve_bytes: u64,
}

/// What the room allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceLeft {
    /// Everything may be taken.
    Ample,
    /// Only the reserve is left: refuse ROUTINE first.
    Reserve,
    /// The engine has no limit that it knows of.
    Unknown,
}

impl Space {
    /// What the room allows.
    #[must_use]
    pub fn left(&self) -> SpaceLeft {
        match self.free_bytes {
            Some(free) if free < self.reserve_bytes => SpaceLeft::Reserve,
            Some(_) => SpaceLeft::Ample,
            None => SpaceLeft::Unknown,
        }
    }
}

/// How far a scrub came, and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scrubbed {
    /// Where the next scrub goes on; the size of the log when this one reached its end.
    pub next: u64,
    /// The first thing wrong. The tree in memory was verified before, so what is signed meanwhile stays true; the next
    /// start will be read-only.
    pub damage: Option<Damage>,
}

impl Ledger {
    /// The leaf at `index`, if the log is that long.
    ///
    /// # Errors
    /// Its bytes were altered, or the engine failed.
    pub fn entry(&self, index: u64) -> Result<Option<Stored>, ReadError> {
        self.read(|reader| reader.leaf(index))?
            .map(|leaf| self.checked(leaf))
            .transpose()
    }

    /// The leaves of `range` that there are, in order, until `max_bytes` are passed; at least one if there is any.
    ///
    /// # Errors
    /// The bytes of one were altered, or the engine failed.
    pub fn entries(&self, range: Range<u64>, max_bytes: usize) -> Result<Vec<Stored>, ReadError> {
        let leaves = self.read(|reader| reader.leaves(range.start, range.end, max_bytes))?;
        leaves.into_iter().map(|leaf| self.checked(leaf)).collect()
    }

    /// The leaf with the key (`sender`, `id`).
    ///
    /// # Errors
    /// Its bytes were altered, or the engine failed.
    pub fn by_id(&self, sender: &str, id: &[u8; 16]) -> Result<Option<Stored>, ReadError> {
        self.found(Key::Id { sender, id })
    }

    /// The leaf at this place of the sender's chain.
    ///
    /// # Errors
    /// Its bytes were altered, or the engine failed.
    pub fn by_place(&self, sender: &str, epoch: u64, sequence: u64) -> Result<Option<Stored>, ReadError> {
        if epoch > crate::entry::MAX_NUMBER || sequence > crate::entry::MAX_NUMBER {
            return Ok(None);
        }
        self.found(Key::Place {
            sender,
            epoch,
            sequence,
        })
    }

    /// The leaf whose bytes have this SHA-256.
    ///
    /// # Errors
    /// Its bytes were altered, or the engine failed.
    pub fn by_hash(&self, hash: &Hash) -> Result<Option<Stored>, ReadError> {
        self.found(Key::Hash(hash))
    }

    /// What there is of a stretch of a sender's chain, in order, at most `limit` leaves.
    ///
    /// # Errors
    /// The bytes of one were altered, or the engine failed.
    pub fn chain(
        &self,
        sender: &str,
        epoch: u64,
        sequences: RangeInclusive<u64>,
        limit: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        let stretch = Stretch {
            sender,
            epoch,
            first: *sequences.start(),
            last: *sequences.end(),
            limit,
        };
        let leaves = self.read(|reader| reader.chain(stretch))?;
        let asked = |leaf: &Stored| {
            leaf.sender == sender && leaf.epoch == epoch && sequences.contains(&leaf.sequence)
        };
        let checked = leaves.into_iter().map(|leaf| self.answering(leaf, asked));
        checked.collect()
    }

    /// The sender's newest leaf: highest epoch, then highest sequence.
    ///
    /// # Errors
    /// Its bytes were altered, or the engine failed.
    pub fn chain_head(&self, sender: &str) -> Result<Option<Stored>, ReadError> {
        match self.read(|reader| reader.chain_head(sender))? {
            Some(index) => {
                let leaf = self.entry(index)?;
                leaf.map(|leaf| self.answering(leaf, |leaf| leaf.sender == sender))
                    .transpose()
            }
            None => Ok(None),
        }
    }

    /// Mailbox rows of `recipient` on `lane` behind the cursor `after` (0: from the beginning), at most `limit`.
    ///
    /// # Errors
    /// The engine failed.
    pub fn mailbox(
        &self,
        recipient: &str,
        lane: Lane,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Letter>, ReadError> {
        self.read(|reader| reader.mailbox(recipient, lane, after, limit))
    }

    /// The newest cursor of a mailbox; 0 when it is empty. Cursors begin at 1.
    ///
    /// # Errors
    /// The engine failed.
    pub fn mailbox_head(&self, recipient: &str, lane: Lane) -> Result<u64, ReadError> {
        let mailboxes = &self.inner.shared.mailboxes;
        if let Some(newest) = mailboxes.newest(recipient, lane) {
            return Ok(newest);
        }
        let newest = self.read(|reader| reader.mailbox_head(recipient, lane))?;
        mailboxes.moved(recipient, lane, newest);
        Ok(newest)
    }

    /// Tells of every letter that a mailbox gets from now on, once it is under a head that can be shown.
    ///
    /// # Errors
    /// The engine failed.
    pub fn watch_mailbox(&self, recipient: &str, lane: Lane) -> Result<Watcher, ReadError> {
        let newest = self.mailbox_head(recipient, lane)?;
        Ok(self.inner.shared.mailboxes.watch(recipient, lane, newest))
    }

    /// The value kept under (`space`, `key`).
    ///
    /// # Errors
    /// The engine failed.
    pub fn record(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.read(|reader| reader.record(space, key))
    }

    /// Records of `space` whose key begins with `prefix`, in order of their keys, at most `limit`.
    ///
    /// # Errors
    /// The engine failed.
    pub fn records(&self, space: &str, prefix: &[u8], limit: usize) -> Result<Rows, ReadError> {
        self.read(|reader| {
            reader.records(Listing {
                space,
                prefix,
                after: None,
                limit,
            })
        })
    }

    /// As [`Ledger::records`], behind the key `after`.
    ///
    /// # Errors
    /// The engine failed.
    pub fn records_after(
        &self,
        space: &str,
        prefix: &[u8],
        after: &[u8],
        limit: usize,
    ) -> Result<Rows, ReadError> {
        self.read(|reader| {
            reader.records(Listing {
                space,
                prefix,
                after: Some(after),
                limit,
            })
        })
    }

    /// Kept proofs of equivocation, oldest first, at most `limit`.
    ///
    /// # Errors
    /// The engine failed.
    pub fn conflicts(&self, limit: usize) -> Result<Conflicts, ReadError> {
        self.read(|reader| reader.conflicts(limit))
    }

    /// How much room there is.
    ///
    /// # Errors
    /// The file system did not answer.
    pub fn space(&self) -> Result<Space, ReadError> {
        let free_bytes = self.read(|reader| reader.free_bytes())?;
        Ok(Space {
            free_bytes,
            reserve_bytes: RESERVE_BYTES,
        })
    }

    /// Checks about `count` leaves from `from` on against their hashes and tiles; both ends are widened to whole tiles.
    /// For the background: it uses a connection of its own.
    ///
    /// # Errors
    /// None of its own; what cannot be read is reported as damage.
    pub fn scrub(&self, from: u64, count: u64) -> Result<Scrubbed, ReadError> {
        let size = self.head().size;
        let width = TILE_WIDTH as u64;
        let first = from.min(size) / width * width;
        let end = from
            .saturating_add(count)
            .checked_next_multiple_of(width)
            .unwrap_or(size)
            .min(size);
        let reader = lock(&self.inner.shared.slow_reader);
        let damage = check_leaves(reader.as_ref(), first, end).err();
        Ok(Scrubbed { next: end, damage })
    }

    fn read<T>(
        &self,
        look: impl FnOnce(&dyn crate::store::Reader) -> Result<T, StoreError>,
    ) -> Result<T, ReadError> {
        self.inner.shared.read(look)
    }

    fn found(&self, key: Key<'_>) -> Result<Option<Stored>, ReadError> {
        match self.read(|reader| reader.find(key))? {
            Some(found) => {
                let leaf = self.entry(found.index)?;
                leaf.map(|leaf| self.answering(leaf, |leaf| key.names(leaf)))
                    .transpose()
            }
            None => Ok(None),
        }
    }

    /// A leaf that is what was asked for. An index with a flipped bit leads to another one, and nothing else notices.
    fn answering(&self, leaf: Stored, asked: impl FnOnce(&Stored) -> bool) -> Result<Stored, ReadError> {
        if asked(&leaf) {
            self.checked(leaf)
        } else {
            Err(self.damaged(leaf.index))
        }
    }

    fn checked(&self, leaf: Stored) -> Result<Stored, ReadError> {
        if Hash::of(&leaf.bytes) == leaf.hash {
            Ok(leaf)
        } else {
            Err(self.damaged(leaf.index))
        }
    }

    fn damaged(&self, index: u64) -> ReadError {
        ReadError::Damaged {
            index,
            place: Arc::clone(&self.inner.shared.place),
        }
    }
}

impl Key<'_> {
    /// Whether that leaf is the one.
    fn names(&self, leaf: &Stored) -> bool {
        match self {
            Self::Id { sender, id } => leaf.sender == *sender && leaf.id == **id,
            Self::Place {
                sender,
                epoch,
                sequence,
            } => leaf.sender == *sender && (leaf.epoch, leaf.sequence) == (*epoch, *sequence),
            Self::Hash(hash) => leaf.hash == **hash,
        }
    }
}
