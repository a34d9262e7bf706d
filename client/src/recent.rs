//! Hashes of statements that came lately: what a copy is asked first, before the ledger is.

use std::collections::{BTreeSet, VecDeque};

use hotline_audit::Hash;

/// Hashes that are remembered. 16,384 of 32 bytes: more than all copies that can be on their way at once.
const REMEMBERED: usize = 16_384;

/// The newest hashes, at most 16,384; the oldest is forgotten first.
#[derive(Debug, Default)]
pub(crate) struct RecentHashes {
    known: BTreeSet<Hash>,
    order: VecDeque<Hash>,
}

impl RecentHashes {
    /// Whether it came lately. "No" means nothing: it may have been forgotten.
    pub(crate) fn contains(&self, hash: &Hash) -> bool {
        self.known.contains(hash)
    }

    /// Remembers it.
    pub(crate) fn insert(&mut self, hash: Hash) {
        if self.known.insert(hash) {
            self.order.push_back(hash);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first_and_no_bound_is_passed() {
        let mut recent = RecentHashes::default();
        let hash = |number: usize| Hash::of(&number.to_be_bytes());
        for number in 0..=REMEMBERED {
            recent.insert(hash(number));
            recent.insert(hash(number));
        }
        assert!(!recent.contains(&hash(0)));
        assert!(recent.contains(&hash(1)) && recent.contains(&hash(REMEMBERED)));
        assert_eq!((recent.known.len(), recent.order.len()), (REMEMBERED, REMEMBERED));
    }
}
