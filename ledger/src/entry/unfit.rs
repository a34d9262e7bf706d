//! Why a batch does not fit into a ledger: the bounds, as facts.

use hotline_audit::Hash;

use super::{
    MAX_BATCH_BYTES, MAX_BATCH_ITEMS, MAX_ENTRY_BYTES, MAX_MAILBOX_ROWS, MAX_NAME_BYTES, MAX_NUMBER,
    MAX_RECORD_KEY_BYTES, MAX_RECORD_VALUE_BYTES,
};

/// Why a batch does not fit, before any disk was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Beyond the bound of one batch.
    #[error(
        "{items} items with {bytes} bytes are too much for one batch; split it at {MAX_BATCH_ITEMS} items and {MAX_BATCH_BYTES} bytes"
    )]
    TooMuch {
        /// Entries, records and conflicts of the batch.
        items: usize,
        /// Bytes of the batch.
        bytes: usize,
    },
    /// One entry breaks a rule.
    #[error("entry {entry} of the batch: {fact}")]
    Entry {
        /// Position in `Batch::entries`.
        entry: usize,
        /// What is wrong with it.
        fact: EntryFact,
    },
    /// One record has a name, key or value that is too long.
    #[error(
        "record {record} of the batch is too long: keys have at most {MAX_RECORD_KEY_BYTES} bytes, values {MAX_RECORD_VALUE_BYTES}"
    )]
    Record {
        /// Position in `Batch::records`.
        record: usize,
    },
    /// One conflict names no leaf, is empty or too long.
    #[error(
        "conflict {conflict} of the batch names no leaf, is empty or longer than {MAX_ENTRY_BYTES} bytes"
    )]
    Conflict {
        /// Position in `Batch::conflicts`.
        conflict: usize,
    },
}

/// What is wrong with one entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFact {
    /// A leaf of no bytes proves nothing.
    #[error("it has no bytes")]
    Empty,
    /// Longer than a leaf may be.
    #[error("it has {bytes} bytes, a leaf at most {MAX_ENTRY_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A sender or recipient that is empty or too long.
    #[error("a name of it has {bytes} bytes, names have 1 to {MAX_NAME_BYTES}")]
    NameLength {
        /// Length of the name.
        bytes: usize,
    },
    /// More mailboxes than an entry may enter.
    #[error("it asks for {rows} mailbox rows, at most {MAX_MAILBOX_ROWS} are allowed")]
    TooManyRecipients {
        /// Rows asked for.
        rows: usize,
    },
    /// Beyond what the engines store exactly.
    #[error("epoch {epoch} or sequence {sequence} is beyond {MAX_NUMBER}")]
    NumberTooLarge {
        /// Epoch of the entry.
        epoch: u64,
        /// Sequence of the entry.
        sequence: u64,
    },
    /// Two entries of one batch claim the same.
    #[error("it has the id, or the epoch and sequence, of entry {first} of the same batch")]
    Repeated {
        /// The other entry.
        first: usize,
    },
    /// The caller's hash is not that of the bytes.
    #[error("its bytes do not have the SHA-256 {given} that came with them")]
    HashDiffers {
        /// The hash that came with the entry.
        given: Hash,
    },
}
