//! The list of what is missing in one chain: ranges that split as they fill, and when each is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use crate::id::{Hash32, Place};
use crate::leg::RelayName;
use crate::time::LineTime;

use super::MAX_GAPS;

/// A range of places that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Missing {
    /// The epoch.
    pub epoch: u64,
    /// First sequence number missing.
    pub first: u64,
    /// Where it ends.
    pub end: End,
}

/// Where a missing range ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// With this sequence number.
    At(u64),
    /// Nobody here knows: a later epoch starts from a statement that has not been seen.
    Open {
        /// SHA-256 of that statement.
        until: Hash32,
    },
}

/// Whether people are told of a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GapStanding {
    /// Not yet: the copy may be on its way.
    Suspected,
    /// Yes.
    Shown,
}

/// One gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// What is missing.
    pub missing: Missing,
    /// Since when it is known to be missing.
    pub since: LineTime,
    /// Whether people are told.
    pub standing: GapStanding,
    /// Relays that were asked for it in vain.
    pub asked: BTreeSet<RelayName>,
}

/// A change in the list of gaps. A gap that shrinks or splits ends, and what is left of it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapChange {
    /// This is missing now.
    Opened(Missing),
    /// This entry of the list is no more.
    Ended(Missing),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Gaps {
    /// Ranges that end at a number never overlap; those with an open end may overlap one another.
    gaps: BTreeMap<Key, Gap>,
    /// Suspected gaps by the time from which they are suspected.
    suspected: BTreeSet<(LineTime, Key)>,
    open_ends: usize,
    unlisted: u64,
    changes: Vec<GapChange>,
}

/// Epoch, first sequence number, and for an open end the statement that ends it.
type Key = (u64, u64, Option<Hash32>);

// === impl Missing ===

impl Missing {
    /// The last sequence number missing; for an open end the largest there is.
    pub const fn last(&self) -> u64 {
        match self.end {
            End::At(last) => last,
            End::Open { .. } => u64::MAX,
        }
    }

    const fn key(&self) -> Key {
        match self.end {
            End::At(_) => (self.epoch, self.first, None),
            End::Open { until } => (self.epoch, self.first, Some(until)),
        }
    }

    const fn open_ends(&self) -> usize {
        match self.end {
            End::At(_) => 0,
            End::Open { .. } => 1,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.first <= other.last() && other.first <= self.last()
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            End::At(last) if last == self.first => write!(f, "{}.{}", self.epoch, last),
            End::At(last) => write!(f, "{}.{}-{last}", self.epoch, self.first),
            End::Open { .. } => write!(f, "{}.{} and later", self.epoch, self.first),
        }
    }
}

// === impl Gaps ===

impl Gaps {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.values()
    }

    pub(super) fn unlisted(&self) -> u64 {
        self.unlisted
    }

    pub(super) fn drain_changes(&mut self) -> Vec<GapChange> {
        std::mem::take(&mut self.changes)
    }

    /// Lists a range as missing. Returns it, or nothing when the list is full and it is only counted.
    pub(super) fn open(&mut self, missing: Missing, now: LineTime) -> Option<Missing> {
        self.insert(Gap {
            missing,
            since: now,
            standing: GapStanding::Suspected,
            asked: BTreeSet::new(),
        })
    }

    /// Takes a place off the list. Says whether it was on it.
    pub(super) fn fill(&mut self, place: Place) -> bool {
        let (epoch, sequence) = (place.epoch(), place.sequence());
        let mut was_missing = false;
        while let Some(gap) = self.at(epoch, sequence) {
            was_missing = true;
            self.remove(gap.missing);
            let Missing { first, end, .. } = gap.missing;
            if let Some(last) = sequence.checked_sub(1).filter(|last| *last >= first) {
                self.insert(Gap {
                    missing: Missing {
                        epoch,
                        first,
                        end: End::At(last),
                    },
                    ..gap.clone()
                });
            }
            if let Some(first) = sequence
                .checked_add(1)
                .filter(|first| *first <= gap.missing.last())
            {
                self.insert(Gap {
                    missing: Missing { epoch, first, end },
                    ..gap
                });
            }
        }
        was_missing
    }

    /// A statement was found, wherever it stands: what was open until then ends.
    pub(super) fn found(&mut self, hash: Hash32) {
        if self.open_ends == 0 {
            return;
        }
        let until = End::Open { until: hash };
        let ended: Vec<Missing> = self
            .gaps
            .values()
            .map(|gap| gap.missing)
            .filter(|missing| missing.end == until)
            .collect();
        for missing in ended {
            self.remove(missing);
        }
    }

    pub(super) fn refetch_failed(
        &mut self,
        missing: &Missing,
        relay: &RelayName,
        reachable: &BTreeSet<RelayName>,
    ) -> Vec<Missing> {
        let mut shown = Vec::new();
        for gap in self.gaps.values_mut().filter(|gap| gap.missing.overlaps(missing)) {
            gap.asked.insert(relay.clone());
            if gap.standing == GapStanding::Suspected && reachable.is_subset(&gap.asked) {
                gap.standing = GapStanding::Shown;
                self.suspected.remove(&(gap.since, gap.missing.key()));
                shown.push(gap.missing);
            }
        }
        shown
    }

    pub(super) fn tick(&mut self, now: LineTime) -> Vec<Missing> {
        let mut shown = Vec::new();
        while let Some((since, key)) = self.suspected.first().copied() {
            if since.after(SHOWN_AFTER) > now {
                break;
            }
            self.suspected.pop_first();
            if let Some(gap) = self.gaps.get_mut(&key) {
                gap.standing = GapStanding::Shown;
                shown.push(gap.missing);
            }
        }
        shown
    }

    /// Takes over since when each of these gaps is known, and what became of it.
    pub(super) fn as_old_as(&mut self, earlier: &Self) {
        for (key, known) in &earlier.gaps {
            let Some(gap) = self.gaps.get_mut(key).filter(|gap| gap.missing == known.missing) else {
                continue;
            };
            self.suspected.remove(&(gap.since, *key));
            gap.clone_from(known);
            if gap.standing == GapStanding::Suspected {
                self.suspected.insert((gap.since, *key));
            }
        }
    }

    pub(super) fn next_wake(&self) -> Option<LineTime> {
        self.suspected.first().map(|(since, _)| since.after(SHOWN_AFTER))
    }

    fn at(&self, epoch: u64, sequence: u64) -> Option<Gap> {
        let (_, gap) = self.gaps.range(..=(epoch, sequence, Some(LARGEST))).next_back()?;
        (gap.missing.epoch == epoch && sequence <= gap.missing.last()).then(|| gap.clone())
    }

    fn insert(&mut self, gap: Gap) -> Option<Missing> {
        let missing = gap.missing;
        if self.gaps.contains_key(&missing.key()) {
            return None;
        }
        if self.gaps.len() >= MAX_GAPS {
            let places = missing.last().saturating_sub(missing.first).saturating_add(1);
            self.unlisted = self.unlisted.saturating_add(places);
            return None;
        }
        if gap.standing == GapStanding::Suspected {
            self.suspected.insert((gap.since, missing.key()));
        }
        self.open_ends += missing.open_ends();
        self.gaps.insert(missing.key(), gap);
        self.changes.push(GapChange::Opened(missing));
        Some(missing)
    }

    fn remove(&mut self, missing: Missing) {
        if let Some(gap) = self.gaps.remove(&missing.key()) {
            self.suspected.remove(&(gap.since, missing.key()));
            self.open_ends -= missing.open_ends();
            self.changes.push(GapChange::Ended(missing));
        }
    }
}

/// The end of any range of keys.
const LARGEST: Hash32 = Hash32([0xFF; 32]);
/// How long a missing place is only suspected. 5 s: two round trips of a satellite leg (2 s each) and one second over,
/// and well inside the shortest alert step of 30 s (core/README.md §8).
pub const SHOWN_AFTER: Duration = Duration::from_secs(5);
