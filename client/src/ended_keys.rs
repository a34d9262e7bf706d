//! What ended keys signed inside the statements of good desks: kept one by one, and beyond a bound by key.
//!
//! Whether a signature counts is decided when it first comes, by what is believed then; a later start must find the same.
//! So each of these leaves a record of its own ([`crate::quarantine`], [`crate::verdict`]), until there are many: a desk
//! that is let in could else grow this one's records, memory and screens by what a stolen officer's key signs without end.
//! Beyond the bound one record for each ended key says from which leaf on nothing that it signed inside counts. There are
//! no more of those than keys in rosters.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{Hash, key::RosterSet, statement::Payload};
use hotline_core::time::WallTime;
use hotline_ledger::Record;

use crate::{
    memory,
    trust::{ended_key, keys_inside, unusable_key},
};

/// Consents and statements of which each has a record of its own. 1,024: as many as are kept beside the log; far beyond
/// what was under way when somebody's keys were ended.
pub const EACH_MAX: usize = 1_024;

/// What is to be kept of something that an ended key signed inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// A record of its own, and people are told.
    Each,
    /// That nothing counts which this key signed from here on; people are told once.
    FromHere,
    /// Nothing: it stands behind such a leaf. It is counted.
    Nothing,
}

/// Why a key's signature counts nothing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// It was ended, or its time is over.
    ForGood,
    /// Its time has not come, by this desk's clock.
    NotYetValid,
}

/// What is kept of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedKeys {
    /// Consents that came first after their key had ended, by the hash of their bytes.
    consents: BTreeSet<Hash>,
    /// How many statements have a record of their own.
    inside: usize,
    /// By the hash of the key statement: the leaf from which on nothing counts that the key signed inside.
    from: BTreeMap<Hash, u64>,
}

impl EndedKeys {
    /// What to keep of something that this key signed, in a statement at this leaf of this desk's log. A key whose time has
    /// not come may still sign what counts, so no leaf is noted for it.
    #[must_use]
    pub fn keep(&self, (key, over): (&Hash, Over), leaf: u64) -> Keep {
        if self.since(key, leaf) {
            Keep::Nothing
        } else if self.consents.len() + self.inside < EACH_MAX {
            Keep::Each
        } else {
            match over {
                Over::ForGood => Keep::FromHere,
                Over::NotYetValid => Keep::Nothing,
            }
        }
    }

    /// A consent has a record of its own.
    pub fn note_consent(&mut self, consent: Hash) {
        self.consents.insert(consent);
    }

    /// A statement in the log has a record of its own.
    pub fn note_inside(&mut self) {
        self.inside += 1;
    }

    /// From this leaf on nothing counts that this key signed inside. The record says so to later starts.
    pub fn note_from(&mut self, key: Hash, leaf: u64) -> Record {
        let from = *self.from.entry(key).or_insert(leaf);
        Record::Put {
            space: memory::ENDED,
            key: key.as_bytes().to_vec(),
            value: from.to_be_bytes().to_vec(),
        }
    }

    /// Takes such a record up.
    pub fn recall_from(&mut self, key: &[u8], value: &[u8]) {
        if let (Some(key), Ok(leaf)) = (Hash::from_slice(key), value.try_into()) {
            self.from.insert(key, u64::from_be_bytes(leaf));
        }
    }

    /// Whether a consent has a record of its own, and so counts nothing.
    #[must_use]
    pub fn has_consent(&self, consent: &Hash) -> bool {
        self.consents.contains(consent)
    }

    /// Whether a consent of this key, in a statement at this leaf that was stored then, counts nothing.
    #[must_use]
    pub fn voids(
        &self,
        (consent, key): (&[u8], &Hash),
        (leaf, stored): (u64, WallTime),
        rosters: &RosterSet,
    ) -> bool {
        let by_key = || self.since(key, leaf) && unusable_key(rosters, key, stored.unix_ms()).is_some();
        self.has_consent(&Hash::of(consent)) || by_key()
    }

    /// Why a statement at this leaf, which has no record of its own, climbs nothing, if so.
    #[must_use]
    pub fn ended_inside(&self, payload: &Payload, leaf: u64, rosters: &RosterSet) -> Option<String> {
        keys_inside(payload)
            .iter()
            .filter(|key| self.since(key, leaf))
            .find_map(|key| ended_key(rosters, key))
    }

    fn since(&self, key: &Hash, leaf: u64) -> bool {
        self.from.get(key).is_some_and(|from| *from <= leaf)
    }
}

#[cfg(test)]
mod tests;
