//! Durable append: statements, leaves, queues and head in one transaction.
//!
//! Every relay and every desk has one ledger. What it answers is on disk; what it signs is one history. `ledger/README.md`
//! tells the life of a record and the format of the file. The layers, from the outside: [`Ledger`] (the handle), the
//! writer with its bounded queue, the tree in memory, the check at the start, and two engines behind one narrow contract
//! ([`store`]): SQLite for the world, memory for the simulated one. [`Inspector`] reads a ledger file from outside,
//! without its lock.
//!
//! What is not here: no statement is parsed, judged or verified (the caller has done it), nothing listens or speaks, no
//! clock is read, and randomness is passed in.
#![forbid(unsafe_code)]

mod commit;
mod damage;
mod entry;
mod error;
mod head;
mod inspect;
mod ledger;
mod mailboxes;
mod memory;
mod moves;
mod nodes;
mod queue;
mod rebuild;
mod sqlite;
pub mod store;
mod tree;
mod trusted;
mod writer;

pub use commit::Commit;
pub use damage::{Damage, Standing};
pub use entry::{
    Batch, Conflict, Entry, EntryFact, Haste, Held, MAX_BATCH_BYTES, MAX_BATCH_ITEMS, MAX_ENTRY_BYTES,
    MAX_MAILBOX_ROWS, MAX_NAME_BYTES, MAX_NUMBER, MAX_RECORD_KEY_BYTES, MAX_RECORD_VALUE_BYTES, Record,
    Unfit,
};
pub use error::{BackupError, Cause, Clash, CommitError, OpenError, ReadError};
pub use head::{
    Committed, Conflicts, Counters, Head, KeptConflict, Letter, MAX_CONFLICTS, MAX_CONFLICTS_PER_SENDER,
    Stored,
};
pub use inspect::{InspectError, Inspector};
pub use ledger::{
    Engine, Ledger, Mode, OpenOptions, Opening, RESERVE_BYTES, Restored, Scrubbed, Space, SpaceLeft,
};
pub use memory::{Export, MemoryDisk, Snapshot, Sync};
pub use moves::{Moves, Watcher};
pub use nodes::Nodes;
pub use queue::{QUEUE_BYTES, QUEUE_ITEMS};
pub use rebuild::{FULL_CHECK_MAX, TAIL_CHECK};
pub use sqlite::in_use;
pub use trusted::{CaSeen, OlderTrust, TrustMemory};
