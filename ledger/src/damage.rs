//! What a start may find wrong with a log, and the standing that follows.
//!
//! A ledger with any [`Damage`] is served read-only and never signs again: a log key signs one history. The text names
//! the first bad leaf where that can be known.

use hotline_audit::Hash;

/// Whether a ledger may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Verified: the leaves give the root that was signed.
    Good,
    /// Served, but never written or signed.
    ReadOnly {
        /// Why.
        reason: Damage,
    },
}

/// The first thing found wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The bytes and the hash of a leaf differ.
    #[error("leaf {index} no longer has the bytes it was logged with")]
    LeafAltered {
        /// The first such leaf.
        index: u64,
    },
    /// Bytes and hash of a leaf agree, but the tile has another hash for it.
    #[error("leaf {index} is not the one that its tile was made of")]
    LeafNotInTile {
        /// The first such leaf.
        index: u64,
    },
    /// A leaf is not there.
    #[error("leaf {index} is missing")]
    LeafMissing {
        /// The first missing one.
        index: u64,
    },
    /// There are leaves that the head does not count.
    #[error("leaf {index} lies behind the head of the log")]
    LeafBehindHead {
        /// The first such leaf.
        index: u64,
    },
    /// A stored tile does not follow from the tiles below it, or is not there.
    #[error(
        "tile {number} of level {level} does not follow from what lies below it; its leaves begin at {first_index}"
    )]
    TileAltered {
        /// Tile level.
        level: u8,
        /// Place in the level.
        number: u64,
        /// First leaf below the tile.
        first_index: u64,
    },
    /// Everything agrees with itself, but not with the head.
    #[error(
        "the {size} leaves do not give the root {expected} of the head; the first suspect is leaf {first_suspect}"
    )]
    RootDiffers {
        /// Leaves in the log.
        size: u64,
        /// Root in the head.
        expected: Hash,
        /// The first leaf that no stored tile covers.
        first_suspect: u64,
    },
    /// A row could not be read.
    #[error("a row near leaf {index} cannot be read: {fact}")]
    Unreadable {
        /// First leaf that could not be read.
        index: u64,
        /// What the engine said.
        fact: String,
    },
    /// The stored checkpoint is not a checkpoint of this log, signed with this key.
    #[error("the stored checkpoint is not one that our log key signed: {fact}")]
    NoteForeign {
        /// Which rule it breaks.
        fact: String,
    },
    /// The stored checkpoint signs another history.
    #[error("our log key has signed another root for {size} leaves than they have")]
    NoteDiffers {
        /// Size of the checkpoint.
        size: u64,
    },
    /// More was signed than is here: an older copy was put in place.
    #[error(
        "our log key has signed {signed} leaves, only {found} are here: an older copy was put back. Give this log a new key and origin, or put the newer file back"
    )]
    RolledBack {
        /// Size that was signed.
        signed: u64,
        /// Leaves that are here.
        found: u64,
    },
    /// Nothing is signed before the witnesses were asked.
    #[error(
        "the witnesses of this log are being asked whether they hold more of it; nothing is signed before"
    )]
    NotAsked,
    /// A witness or mirror holds a checkpoint that our log key signed, of more leaves than are here.
    #[error(
        "WITNESS_AHEAD: {witness} holds a checkpoint of {held} leaves that our log key signed, only {found} are here: an older copy was put back, the tail was lost, or a second process signs with this key. Stop every other process of this relay, then run hotline relay recover --config FILE"
    )]
    WitnessAhead {
        /// Who holds it.
        witness: String,
        /// Leaves of the checkpoint that it holds.
        held: u64,
        /// Leaves that are here.
        found: u64,
    },
    /// A witness or mirror holds a checkpoint that our log key signed, of another history.
    #[error(
        "FORKED: {witness} holds another root of {size} leaves that our log key signed: two histories stand under one key. Keep this ledger as evidence and begin a new log: issue another relay with hotline pki issue relay, then hotline relay succeed --config NEW/relay.toml --after FILE --reason TEXT"
    )]
    Forked {
        /// Who holds it.
        witness: String,
        /// Leaves of the checkpoint that it holds.
        size: u64,
    },
    /// A backup was opened without saying that it may go on.
    #[error(
        "this is a copy, made at {size} leaves; ask the others for the newest checkpoint they hold of this log before it is taken up"
    )]
    Copy {
        /// Leaves when the copy was made.
        size: u64,
    },
}
