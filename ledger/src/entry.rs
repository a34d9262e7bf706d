//! What goes into a ledger and what comes out of it: plain values, no behaviour of a disk.
//!
//! An [`Entry`] is one statement with the columns by which it is found again; the caller has verified and parsed it, the
//! ledger never looks inside the bytes. A [`Batch`] is what must become durable together. The limits here are the bounds
//! of one batch; the bounds of the queue live in `queue.rs`.

mod unfit;

use std::fmt;

use hotline_audit::Hash;
use hotline_core::leg::Lane;

pub use unfit::{EntryFact, Unfit};

/// Longest statement a leaf may hold, in bytes. 60 KiB: a tlog entry bundle gives each entry 16 bits of length.
pub const MAX_ENTRY_BYTES: usize = 60 * 1024;
/// Longest sender, recipient or space name, in bytes. Identities are at most about 400 bytes long.
pub const MAX_NAME_BYTES: usize = 512;
/// Most mailbox rows one entry may ask for: far more desks than a side has.
pub const MAX_MAILBOX_ROWS: usize = 64;
/// Longest key of a record, in bytes.
pub const MAX_RECORD_KEY_BYTES: usize = 1024;
/// Longest value of a record, in bytes: one statement with room for its proof.
pub const MAX_RECORD_VALUE_BYTES: usize = 128 * 1024;
/// Most entries, records and conflicts of one batch together. Equals the bound of one commit round.
pub const MAX_BATCH_ITEMS: usize = 8192;
/// Most bytes of one batch. Equals the bound of one commit round: 4 MiB.
pub const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Largest epoch, sequence or index: what the engines can store exactly.
pub const MAX_NUMBER: u64 = i64::MAX as u64;

/// One verified statement, about to become a leaf.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The exact signed bytes; logged as they are. 1 to [`MAX_ENTRY_BYTES`].
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`.
    pub hash: Hash,
    /// Which payload the bytes hold. The ledger keeps it and never interprets it.
    pub kind: u8,
    /// Who signed it.
    pub sender: String,
    /// With `sender`, the key of the statement.
    pub id: [u8; 16],
    /// Chain epoch of the sender, from 1; 0 for a statement that has no place in a chain.
    pub epoch: u64,
    /// Place in that epoch of the sender's chain; without meaning when `epoch` is 0.
    pub sequence: u64,
    /// Whose mailboxes it enters, and on which lane; each gets the next cursor of (recipient, lane).
    pub mailbox: Vec<(String, Lane)>,
}

impl fmt::Debug for Entry {
    /// Everything but the statement itself: logs never hold content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("hash", &self.hash)
            .field("bytes", &self.bytes.len())
            .field("kind", &self.kind)
            .field("sender", &self.sender)
            .field("epoch", &self.epoch)
            .field("sequence", &self.sequence)
            .field("mailbox", &self.mailbox.len())
            .finish_non_exhaustive()
    }
}

/// A small durable fact beside the log: outbox rows, cursors, drafts, accepted proofs. It can be replaced and deleted;
/// it is no evidence.
#[derive(Clone, PartialEq, Eq)]
pub enum Record {
    /// Keeps `value` under (`space`, `key`), replacing what was there.
    Put {
        /// Name of the kind of fact.
        space: &'static str,
        /// Key within the space; listed in byte order.
        key: Vec<u8>,
        /// The fact.
        value: Vec<u8>,
    },
    /// Forgets (`space`, `key`); nothing happens when it is not there.
    Delete {
        /// Name of the kind of fact.
        space: &'static str,
        /// Key within the space.
        key: Vec<u8>,
    },
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { space, value, .. } => write!(f, "Put({space}, {} bytes)", value.len()),
            Self::Delete { space, .. } => write!(f, "Delete({space})"),
        }
    }
}

/// The other statement of an EQUIVOCATION. The first one is a leaf already; this one is kept beside the log, so that both
/// can be shown. How many are kept is bounded, see [`crate::Conflicts`].
#[derive(Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Who signed both.
    pub sender: String,
    /// Leaf index of the statement that came first.
    pub stored_index: u64,
    /// The exact bytes of the other one.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Conflict({} with leaf {}, {} bytes)",
            self.sender,
            self.stored_index,
            self.bytes.len()
        )
    }
}

/// What becomes durable together, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Place in the writer's queue: control passes message, message passes bulk.
    pub lane: Lane,
    /// Leaves, in the order of their indexes.
    pub entries: Vec<Entry>,
    /// Facts, applied in this order.
    pub records: Vec<Record>,
    /// Statements to keep as proof of an equivocation.
    pub conflicts: Vec<Conflict>,
    /// Whether somebody waits for it.
    pub haste: Haste,
    /// What becomes of entries that the log holds already, byte by byte.
    pub held: Held,
}

/// What becomes of the entries of a batch that the log holds already, byte by byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// The whole batch is refused as [`CommitError::Known`](crate::CommitError::Known).
    #[default]
    Refused,
    /// They are passed over and named in the answer, and the rest keeps its turn. For batches whose order among others
    /// counts: what is committed a second time comes behind the next one.
    PassedOver,
}

/// Whether a batch starts a round, or may wait a moment for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Haste {
    /// It is written as soon as the writer is free.
    #[default]
    Prompt,
    /// It waits up to 5 ms for a prompt batch to be written with. For what was passed on already and only has to be kept:
    /// a sync, a signature and their wake-ups are saved. In [`Mode::Inline`](crate::Mode::Inline) it makes no difference.
    Patient,
}

impl Batch {
    /// An empty batch for `lane`.
    #[must_use]
    pub fn new(lane: Lane) -> Self {
        Self {
            lane,
            entries: Vec::new(),
            records: Vec::new(),
            conflicts: Vec::new(),
            haste: Haste::Prompt,
            held: Held::Refused,
        }
    }

    /// The same, with what is held already passed over.
    #[must_use]
    pub fn passing_over_held(self) -> Self {
        Self {
            held: Held::PassedOver,
            ..self
        }
    }

    /// The same, with time.
    #[must_use]
    pub fn patient(self) -> Self {
        Self {
            haste: Haste::Patient,
            ..self
        }
    }

    /// A batch of `entries` only.
    #[must_use]
    pub fn of(lane: Lane, entries: Vec<Entry>) -> Self {
        Self {
            entries,
            ..Self::new(lane)
        }
    }

    /// Entries, records and conflicts together; at least 1, so that an empty batch still counts in a queue.
    pub(crate) fn items(&self) -> usize {
        (self.entries.len() + self.records.len() + self.conflicts.len()).max(1)
    }

    /// Bytes of statements and values; keys and names are small beside them.
    pub(crate) fn bytes(&self) -> usize {
        let entries: usize = self.entries.iter().map(|entry| entry.bytes.len()).sum();
        let conflicts: usize = self.conflicts.iter().map(|conflict| conflict.bytes.len()).sum();
        let records: usize = self
            .records
            .iter()
            .map(|record| match record {
                Record::Put { key, value, .. } => key.len() + value.len(),
                Record::Delete { key, .. } => key.len(),
            })
            .sum();
        entries + conflicts + records
    }

    /// Checks every bound and every hash.
    ///
    /// # Errors
    /// The first thing of the batch that cannot be kept.
    pub(crate) fn check(&self) -> Result<(), Unfit> {
        let (items, bytes) = (self.items(), self.bytes());
        if items > MAX_BATCH_ITEMS || bytes > MAX_BATCH_BYTES {
            return Err(Unfit::TooMuch { items, bytes });
        }
        for (at, entry) in self.entries.iter().enumerate() {
            entry.check().map_err(|fact| Unfit::Entry { entry: at, fact })?;
        }
        if let Some(at) = self.records.iter().position(|record| !record.fits()) {
            return Err(Unfit::Record { record: at });
        }
        let long = |conflict: &Conflict| {
            conflict.bytes.is_empty()
                || conflict.bytes.len() > MAX_ENTRY_BYTES
                || conflict.sender.len() > MAX_NAME_BYTES
                || conflict.stored_index > MAX_NUMBER
        };
        if let Some(at) = self.conflicts.iter().position(long) {
            return Err(Unfit::Conflict { conflict: at });
        }
        Ok(())
    }
}

impl Record {
    fn fits(&self) -> bool {
        let (space, key, value_bytes) = match self {
            Self::Put { space, key, value } => (space, key, value.len()),
            Self::Delete { space, key } => (space, key, 0),
        };
        space.len() <= MAX_NAME_BYTES
            && key.len() <= MAX_RECORD_KEY_BYTES
            && value_bytes <= MAX_RECORD_VALUE_BYTES
    }
}

impl Entry {
    fn check(&self) -> Result<(), EntryFact> {
        if self.bytes.is_empty() {
            return Err(EntryFact::Empty);
        }
        if self.bytes.len() > MAX_ENTRY_BYTES {
            return Err(EntryFact::TooLong {
                bytes: self.bytes.len(),
            });
        }
        let names = std::iter::once(&self.sender).chain(self.mailbox.iter().map(|(recipient, _)| recipient));
        for name in names {
            if name.is_empty() || name.len() > MAX_NAME_BYTES {
                return Err(EntryFact::NameLength { bytes: name.len() });
            }
        }
        if self.mailbox.len() > MAX_MAILBOX_ROWS {
            return Err(EntryFact::TooManyRecipients {
                rows: self.mailbox.len(),
            });
        }
        if self.epoch > MAX_NUMBER || self.sequence > MAX_NUMBER {
            return Err(EntryFact::NumberTooLarge {
                epoch: self.epoch,
                sequence: self.sequence,
            });
        }
        if Hash::of(&self.bytes) != self.hash {
            return Err(EntryFact::HashDiffers { given: self.hash });
        }
        Ok(())
    }
}
