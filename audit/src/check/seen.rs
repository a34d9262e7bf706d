//! What a desk claims to have seen of a relay's own log, checked by that relay before it takes the statement.
//!
//! A verifier later takes a statement that has seen more of a log than there was, or another root, as proof that the
//! log was rolled back or forked. A relay therefore refuses such a statement at its door; otherwise any desk could spoil
//! its log with a lie.

use crate::hash::Hash;
use crate::statement::Header;
use crate::tree::{NodeReader, root_at};

/// Why a relay refuses what a desk claims to have seen of its log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeenRefusal<E> {
    /// More entries than the log ever had.
    #[error("it has seen {claimed} entries of this log, which has {size}")]
    TooLarge {
        /// Size claimed.
        claimed: u64,
        /// Size of the log.
        size: u64,
    },
    /// Another root than the log had at that size.
    #[error("it has seen root {claimed} of this log at {size} entries, where it was another")]
    WrongRoot {
        /// Size claimed.
        size: u64,
        /// Root claimed.
        claimed: Hash,
    },
    /// The log could not be read.
    #[error("could not read a node of the log")]
    Node(#[source] E),
}

impl<E> SeenRefusal<E> {
    /// Stable name of the rule that was broken; none when the log could not be read, which is our own fault.
    #[must_use]
    pub fn rule(&self) -> Option<&'static str> {
        match self {
            SeenRefusal::TooLarge { .. } => Some("ROLLBACK"),
            SeenRefusal::WrongRoot { .. } => Some("FORK"),
            SeenRefusal::Node(_) => None,
        }
    }
}

/// Checks every checkpoint of the log `origin` in a header against the log as it is, with `size` entries.
///
/// # Errors
/// When the log was never like that, or cannot be read.
pub fn check_seen<R: NodeReader>(
    header: &Header,
    origin: &str,
    log: &R,
    size: u64,
) -> Result<(), SeenRefusal<R::Error>> {
    for seen in header.seen.iter().filter(|seen| seen.origin == origin) {
        if seen.size > size {
            return Err(SeenRefusal::TooLarge {
                claimed: seen.size,
                size,
            });
        }
        if root_at(log, seen.size).map_err(SeenRefusal::Node)? != seen.root {
            return Err(SeenRefusal::WrongRoot {
                size: seen.size,
                claimed: seen.root,
            });
        }
    }
    Ok(())
}
