//! The numbers that name statements: ids, hashes, keys and places in a chain.
//!
//! Core never computes a hash; it is handed them and compares them whole.

use std::fmt;

use crate::identity::Identity;

/// The 16 random bytes that a sender gives a statement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementId(pub [u8; 16]);

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash32(pub [u8; 32]);

/// The key of a statement: who sent it, and its id. The same key with other bytes is EQUIVOCATION.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementKey {
    /// The desk that signed.
    pub sender: Identity,
    /// The id that the desk gave it.
    pub id: StatementId,
}

/// A place in a sender's chain. Both numbers count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    epoch: u64,
    sequence: u64,
}

/// A statement named a place that no chain has: epoch or sequence is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("epoch {epoch}, sequence {sequence} is no place in a chain: both count from 1")]
pub struct NoSuchPlace {
    /// The epoch found.
    pub epoch: u64,
    /// The sequence number found.
    pub sequence: u64,
}

// === impl Hash32 ===

impl Hash32 {
    /// What stands as `previous` in the very first statement.
    pub const ZERO: Self = Self([0; 32]);
}

impl fmt::Display for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

// === impl StatementId ===

impl fmt::Display for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

// === impl Place ===

impl Place {
    /// A place from a statement's two numbers.
    ///
    /// # Errors
    /// [`NoSuchPlace`] when either is 0.
    pub const fn new(epoch: u64, sequence: u64) -> Result<Self, NoSuchPlace> {
        if epoch == 0 || sequence == 0 {
            Err(NoSuchPlace { epoch, sequence })
        } else {
            Ok(Self { epoch, sequence })
        }
    }

    /// The chain epoch.
    pub const fn epoch(self) -> u64 {
        self.epoch
    }

    /// The sequence number within the epoch.
    pub const fn sequence(self) -> u64 {
        self.sequence
    }

    /// The place before it in the same epoch; `None` at sequence 1.
    pub(crate) fn before(self) -> Option<Self> {
        let sequence = self.sequence.checked_sub(1).filter(|&sequence| sequence > 0)?;
        Some(Self {
            epoch: self.epoch,
            sequence,
        })
    }

    /// The place behind it in the same epoch; `None` at the last number there is.
    pub(crate) fn after(self) -> Option<Self> {
        Some(Self {
            epoch: self.epoch,
            sequence: self.sequence.checked_add(1)?,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.sequence)
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn epochs_and_sequences_count_from_one() {
        assert!(Place::new(0, 1).is_err());
        assert!(Place::new(1, 0).is_err());
        assert_eq!(Place::new(1, 1).unwrap().before(), None);
        assert_eq!(Place::new(1, u64::MAX).unwrap().after(), None);
        assert!(Place::new(2, 1).unwrap() > Place::new(1, u64::MAX).unwrap());
    }

    #[test]
    fn ids_and_hashes_print_as_lower_case_hex() {
        assert_eq!(StatementId([0xab; 16]).to_string(), "ab".repeat(16));
        assert_eq!(format!("{:?}", Hash32([0x0f; 32])), "0f".repeat(32));
    }
}
