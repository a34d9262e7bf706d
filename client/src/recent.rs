//! Hashes of statements that came lately: what a copy is asked first, before the ledger is; and when each came first.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use hotline_audit::Hash;
use hotline_core::{recent::Recent, time::LineTime};

/// Hashes that are remembered. 16,384 of 32 bytes: more than all copies that can be on their way at once.
const REMEMBERED: usize = 16_384;

/// The newest hashes, at most 16,384; the oldest is forgotten first.
pub(crate) fn hashes() -> Recent<Hash> {
    Recent::at_most(REMEMBERED)
}

/// When the first copies of the newest statements came, at most 16,384; the oldest is forgotten first.
#[derive(Debug, Default)]
pub(crate) struct FirstCopies {
    came: BTreeMap<Hash, LineTime>,
    order: VecDeque<Hash>,
}

impl FirstCopies {
    /// The first copy came now.
    pub(crate) fn came(&mut self, hash: Hash, now: LineTime) {
        if self.came.insert(hash, now).is_none() {
            self.order.push_back(hash);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.came.remove(&oldest);
        }
    }

    /// How long ago the first copy came; none if that is forgotten.
    pub(crate) fn behind(&self, hash: &Hash, now: LineTime) -> Option<Duration> {
        self.came.get(hash).map(|came| now.since(*came))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_copy_is_told_how_late_it_is_until_the_first_is_forgotten() {
        let at = |ms| LineTime::from_start(Duration::from_millis(ms));
        let hash = |number: usize| Hash::of(&number.to_be_bytes());
        let mut first = FirstCopies::default();
        first.came(hash(0), at(100));
        assert_eq!(first.behind(&hash(0), at(130)), Some(Duration::from_millis(30)));
        for number in 1..=REMEMBERED {
            first.came(hash(number), at(200));
        }
        assert_eq!(first.behind(&hash(0), at(300)), None);
        assert_eq!((first.came.len(), first.order.len()), (REMEMBERED, REMEMBERED));
    }
}
