//! What this desk has signed in epochs that it left: how far its ledger holds each of them.
//!
//! A ledger that was put back lacks statements that the desk signed. They are genuine, relays hold them, and they are
//! asked for and taken up whenever a relay can tell of them. The epoch that is being signed in needs no note here: what
//! stands in it is in the ledger, and the [`Tip`] says how far it goes.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::Hash;
use hotline_core::chain::{End, Missing};

use crate::own::Tip;

/// Epochs whose ends relays are asked for, the newest first. 16: one is opened each time a ledger is put back.
const EPOCHS_ASKED: usize = 16;

/// Epochs that relays named and of which nothing is held. 8: a relay that names ever new ones fills no memory.
const EXPECTED_MAX: usize = 8;

/// The newest statement held of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    /// Its sequence number; everything below it is held as well.
    pub sequence: u64,
    /// SHA-256 of its bytes.
    pub hash: Hash,
}

/// How far each epoch of our own chain is held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    tops: BTreeMap<u64, Top>,
    /// Epochs that a relay named and of which nothing is held.
    expected: BTreeSet<u64>,
}

impl Past {
    /// Notes that the ledger holds a statement of ours.
    pub fn note(&mut self, epoch: u64, sequence: u64, hash: Hash) {
        self.expected.remove(&epoch);
        let top = self.tops.entry(epoch).or_insert(Top { sequence, hash });
        if sequence > top.sequence {
            *top = Top { sequence, hash };
        }
    }

    /// Notes that a relay named an epoch.
    pub fn expect(&mut self, epoch: u64) {
        if !self.tops.contains_key(&epoch) {
            self.expected.insert(epoch);
        }
        if self.expected.len() > EXPECTED_MAX {
            self.expected.pop_first();
        }
    }

    /// Whether something may stand in this epoch.
    #[must_use]
    pub fn knows(&self, epoch: u64) -> bool {
        self.tops.contains_key(&epoch) || self.expected.contains(&epoch)
    }

    /// How far an epoch is held: in the epoch that is being signed in the tip says so.
    #[must_use]
    pub fn top(&self, epoch: u64, tip: &Tip) -> Option<Top> {
        if epoch == tip.epoch && tip.sequence > 0 {
            return Some(Top {
                sequence: tip.sequence,
                hash: tip.previous,
            });
        }
        self.tops.get(&epoch).copied()
    }

    /// Whether no later statement of ours than the one at this place is noted.
    #[must_use]
    pub fn is_newest(&self, epoch: u64, sequence: u64) -> bool {
        self.tops
            .last_key_value()
            .is_none_or(|(newest, top)| (*newest, top.sequence) <= (epoch, sequence))
    }

    /// What to ask a relay for: what may stand behind the last statement held of each epoch that was left, and what leads
    /// to `named`, the newest place the relay knows.
    #[must_use]
    pub fn lacking(&self, tip: &Tip, named: Option<(u64, u64)>) -> Vec<Missing> {
        let ends_open = |epoch: u64, last: u64| Missing {
            epoch,
            first: last.saturating_add(1),
            end: End::At(u64::MAX),
        };
        let mut asked: BTreeMap<u64, Missing> = self
            .tops
            .range(..tip.epoch)
            .rev()
            .take(EPOCHS_ASKED)
            .map(|(epoch, top)| (*epoch, ends_open(*epoch, top.sequence)))
            .collect();
        let expected = self.expected.iter().filter(|epoch| **epoch != tip.epoch);
        asked.extend(expected.map(|epoch| (*epoch, ends_open(*epoch, 0))));
        if let Some((epoch, sequence)) = named {
            let known = self.top(epoch, tip).map_or(0, |top| top.sequence);
            if sequence > known {
                asked.entry(epoch).or_insert(Missing {
                    epoch,
                    first: known + 1,
                    end: End::At(sequence),
                });
            }
            if epoch > tip.epoch {
                asked
                    .entry(tip.epoch)
                    .or_insert(ends_open(tip.epoch, tip.sequence));
            }
        }
        asked.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(epoch: u64, sequence: u64) -> Hash {
        Hash::of(&[epoch.to_be_bytes(), sequence.to_be_bytes()].concat())
    }

    fn tip(epoch: u64, sequence: u64) -> Tip {
        Tip {
            epoch,
            sequence,
            previous: hash(epoch, sequence),
            number: 0,
        }
    }

    fn ranges(asked: &[Missing]) -> Vec<(u64, u64, u64)> {
        asked
            .iter()
            .map(|missing| (missing.epoch, missing.first, missing.last()))
            .collect()
    }

    #[test]
    fn a_desk_that_never_left_an_epoch_asks_for_nothing() {
        let mut past = Past::default();
        past.note(1, 4, hash(1, 4));
        assert_eq!(past.lacking(&tip(1, 9), None), []);
        assert_eq!(past.lacking(&tip(1, 9), Some((1, 9))), []);
        assert_eq!(past.lacking(&Tip::START, None), []);
    }

    #[test]
    fn what_a_relay_names_is_asked_for_from_the_last_place_held() {
        let mut past = Past::default();
        assert_eq!(ranges(&past.lacking(&Tip::START, Some((1, 9)))), [(1, 1, 9),]);
        past.note(1, 4, hash(1, 4));
        assert_eq!(ranges(&past.lacking(&tip(1, 4), Some((1, 9)))), [(1, 5, 9)]);
        assert_eq!(
            ranges(&past.lacking(&tip(1, 4), Some((70, 2)))),
            [(1, 5, u64::MAX), (70, 1, 2)]
        );
    }

    #[test]
    fn the_ends_of_epochs_that_were_left_are_asked_for_whatever_a_relay_names() {
        let mut past = Past::default();
        past.note(1, 4, hash(1, 4));
        past.note(1, 3, hash(1, 3));
        past.note(70, 2, hash(70, 2));
        let all = [(1, 5, u64::MAX), (70, 3, u64::MAX)];
        assert_eq!(ranges(&past.lacking(&tip(90, 6), None)), all);
        assert_eq!(ranges(&past.lacking(&tip(90, 6), Some((90, 6)))), all);
        assert_eq!(ranges(&past.lacking(&tip(90, 6), Some((1, 9)))), all);
        // An epoch between, of which this ledger knows nothing: once named, it is asked for like the others.
        let three = [all[0], all[1], (80, 1, 3)];
        assert_eq!(ranges(&past.lacking(&tip(90, 6), Some((80, 3)))), three);
        past.expect(80);
        past.expect(70);
        assert!(past.knows(80) && past.knows(1) && !past.knows(90));
        let three = [all[0], all[1], (80, 1, u64::MAX)];
        assert_eq!(ranges(&past.lacking(&tip(90, 6), None)), three);
    }

    #[test]
    fn only_the_newest_epochs_are_asked_for() {
        let mut past = Past::default();
        for epoch in 1..100 {
            past.note(epoch, 1, hash(epoch, 1));
        }
        let asked = past.lacking(&tip(100, 0), None);
        assert_eq!((asked.len(), asked[0].epoch), (EPOCHS_ASKED, 84));
        // However many a relay makes up.
        for epoch in 100..200 {
            past.expect(epoch);
        }
        assert_eq!(
            past.lacking(&tip(300, 0), None).len(),
            EPOCHS_ASKED + EXPECTED_MAX
        );
    }

    #[test]
    fn the_tip_says_how_far_the_present_epoch_is_held() {
        let mut past = Past::default();
        past.note(1, 4, hash(1, 4));
        let top = |sequence| {
            Some(Top {
                sequence,
                hash: hash(1, sequence),
            })
        };
        assert_eq!(past.top(1, &tip(1, 9)), top(9));
        assert_eq!(past.top(1, &tip(70, 0)), top(4));
        assert_eq!(past.top(70, &tip(70, 0)), None);
        assert!(past.is_newest(1, 4) && past.is_newest(2, 1) && !past.is_newest(1, 3));
    }
}
