//! A roster's keys for sealing: lookups, and who may be enrolled with which.

use super::Roster;
use crate::hash::Hash;
use crate::key::Subject;
use crate::key::fault::EntryFault;
use crate::key::seal::{self, SealKeyEntry};
use crate::statement::SealKey;

impl Roster {
    /// The key for sealing with this entry hash, revoked or not.
    #[must_use]
    pub fn seal_by_hash(&self, hash: &Hash) -> Option<&SealKeyEntry> {
        self.seal_keys.get(hash)
    }

    /// All keys for sealing, in the order of their hashes.
    pub fn seal_keys(&self) -> impl Iterator<Item = &SealKeyEntry> {
        self.seal_keys.values()
    }

    /// The newest key for sealing of one subject that is valid and not revoked at this time.
    #[must_use]
    pub fn seal_key(&self, subject: &str, at_ms: u64) -> Option<&SealKeyEntry> {
        self.seal_keys()
            .filter(|entry| entry.statement.subject == subject && entry.usable(at_ms))
            .max_by_key(|entry| entry.statement.number)
    }

    pub(super) fn enrol_seal(&self, statement: SealKey, hash: Hash) -> Result<SealKeyEntry, EntryFault> {
        let subject = Subject::parse(&statement.subject)
            .filter(|subject| subject.domain == self.trust_domain)
            .ok_or_else(|| EntryFault::BadSubject(statement.subject.clone()))?;
        if !seal::fits_role(subject.role) {
            return Err(EntryFault::NoSealing(statement.subject));
        }
        if !seal::is_sound(&statement.public_key) {
            return Err(EntryFault::BadSealKey);
        }
        if statement.not_before_ms >= statement.not_after_ms {
            return Err(EntryFault::EmptyValidity);
        }
        let reused = self.seal_keys().any(|other| {
            let same = other.statement.public_key == statement.public_key;
            same && (other.revoked.is_some() || other.statement.subject != statement.subject)
        });
        if reused {
            return Err(EntryFault::ReusedKey);
        }
        Ok(SealKeyEntry {
            hash,
            statement,
            revoked: None,
        })
    }
}
