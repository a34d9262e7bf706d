//! One sender's chain, as seen from here: what is missing, and whether it forked.
//!
//! Statements may arrive in any order and by different relays. Each names its place (epoch, sequence) and the hash of
//! the one before it. A place that is missing is first only *suspected*: the copy may be on its way. It is *shown* once
//! a refetch from every reachable relay has failed or [`SHOWN_AFTER`] has passed. A fork is a contradiction
//! the sender signed; it is reported and never taken into the chain.
//!
//! Memory is bounded: hashes of the newest [`WINDOW`] places, at most [`MAX_GAPS`] gaps, [`MAX_EPOCHS`] epochs. What is
//! older is [`ChainNews::Beyond`], and its caller asks the ledger. Nothing is stored or fetched here.

mod gaps;

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{Hash32, Place};
use crate::leg::RelayName;
use crate::time::LineTime;

pub use gaps::{End, Gap, GapChange, GapStanding, Missing, SHOWN_AFTER};

use gaps::Gaps;

/// A statement as a link of its sender's chain. Its signature was verified before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Where it stands.
    pub place: Place,
    /// SHA-256 of its exact bytes.
    pub hash: Hash32,
    /// SHA-256 of the one before it, as it says; [`Hash32::ZERO`] in the very first.
    pub previous: Hash32,
}

/// What a link told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainNews {
    /// It stands right behind the newest.
    Next,
    /// It fills a place that was missing.
    Fills,
    /// It was known, with this hash.
    Late,
    /// It shows that others are missing (it may fill a place as well).
    Gap {
        /// What is newly missing.
        missing: Vec<Missing>,
    },
    /// It opens a new epoch behind a place that is not the newest known: its sender lost its own latest statements.
    Reopened {
        /// The place that the sender remembers.
        after: Place,
        /// How many later places of that epoch are known here.
        forgotten: u64,
    },
    /// It is older than what is remembered here; only the ledger can tell.
    Beyond,
    /// It contradicts the chain: EQUIVOCATION. The view stands as before.
    Fork {
        /// The place about which two statements disagree.
        at: Place,
        /// The hash that stands there by what is held.
        held: Hash32,
        /// The hash that would stand there by this link.
        other: Hash32,
    },
}

/// News, and what changed in the list of gaps (for the records that survive a restart).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Observed {
    /// What the link told.
    pub news: ChainNews,
    /// Gaps that opened or ended.
    pub changes: Vec<GapChange>,
}

/// One sender's chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChainView {
    window: BTreeMap<Place, Held>,
    epochs: BTreeMap<u64, Top>,
    gaps: Gaps,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    hash: Hash32,
    previous: Hash32,
}

/// The highest place known in an epoch. Its hash outlives the window, because the next epoch starts from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Top {
    sequence: u64,
    hash: Hash32,
}

// === impl ChainView ===

impl ChainView {
    /// A chain of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes up a chain after a restart: its newest links (any number, in any order; the newest [`WINDOW`] are kept)
    /// and the gaps that were recorded. Gaps are suspected anew from `now`.
    pub fn resume(
        links: impl IntoIterator<Item = Link>,
        missing: impl IntoIterator<Item = Missing>,
        now: LineTime,
    ) -> Self {
        let mut view = Self::new();
        for link in links {
            view.hold(link);
        }
        for missing in missing {
            view.gaps.open(missing, now);
        }
        view.gaps.drain_changes();
        view
    }

    /// Takes a link.
    pub fn observe(&mut self, link: Link, now: LineTime) -> Observed {
        let news = self.contradiction(&link).unwrap_or_else(|| self.take(link, now));
        Observed {
            news,
            changes: self.gaps.drain_changes(),
        }
    }

    /// What is missing, suspected and shown, in the order of the chain.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter()
    }

    /// Places found missing beyond [`MAX_GAPS`] gaps, which are counted but not listed.
    pub fn unlisted(&self) -> u64 {
        self.gaps.unlisted()
    }

    /// The newest place known.
    pub fn newest(&self) -> Option<Place> {
        let (epoch, top) = self.epochs.last_key_value()?;
        Place::new(*epoch, top.sequence).ok()
    }

    /// A relay could not supply what is missing. Returns the gaps that are shown from now on, because every reachable
    /// relay has been asked in vain.
    pub fn refetch_failed(
        &mut self,
        missing: &Missing,
        relay: &RelayName,
        reachable: &BTreeSet<RelayName>,
    ) -> Vec<Missing> {
        self.gaps.refetch_failed(missing, relay, reachable)
    }

    /// Returns the gaps that are shown from now on, because they stayed suspected for [`SHOWN_AFTER`].
    pub fn tick(&mut self, now: LineTime) -> Vec<Missing> {
        self.gaps.tick(now)
    }

    /// Gaps that an earlier view of this chain knew already are as old as they were there.
    pub fn as_old_as(&mut self, earlier: &Self) {
        self.gaps.as_old_as(&earlier.gaps);
    }

    /// When [`tick`](Self::tick) has something to say next.
    pub fn next_wake(&self) -> Option<LineTime> {
        self.gaps.next_wake()
    }

    /// A fork, if this link contradicts what is held.
    fn contradiction(&self, link: &Link) -> Option<ChainNews> {
        let fork = |at, held, other| (held != other).then_some(ChainNews::Fork { at, held, other });
        let same = self
            .window
            .get(&link.place)
            .and_then(|held| fork(link.place, held.hash, link.hash));
        same.or_else(|| match link.place.before() {
            Some(before) => self
                .window
                .get(&before)
                .and_then(|held| fork(before, held.hash, link.previous)),
            // Nothing can stand before the very first.
            None if link.place.epoch() == 1 => fork(link.place, Hash32::ZERO, link.previous),
            None => None,
        })
        .or_else(|| {
            let next = self.window.get(&link.place.after()?)?;
            fork(link.place, next.previous, link.hash)
        })
    }

    /// Takes a link that contradicts nothing.
    fn take(&mut self, link: Link, now: LineTime) -> ChainNews {
        if self.window.contains_key(&link.place) {
            return ChainNews::Late;
        }
        let (epoch, sequence) = (link.place.epoch(), link.place.sequence());
        let top = self.epochs.get(&epoch).map_or(0, |top| top.sequence);
        let fills = self.gaps.fill(link.place);
        if !fills && (sequence <= top || self.is_beyond_epochs(epoch)) {
            return ChainNews::Beyond;
        }
        let mut missing = Vec::new();
        // A gap that is open at its end already covers what lies between.
        if !fills && let Some(last) = sequence.checked_sub(1).filter(|last| *last > top) {
            let range = Missing {
                epoch,
                first: top.saturating_add(1),
                end: End::At(last),
            };
            missing.extend(self.gaps.open(range, now));
        }
        let mut reopened = None;
        if sequence == 1 && epoch > 1 && link.previous != Hash32::ZERO {
            match self.find(epoch, link.previous) {
                Found::AtTop => {}
                Found::Below { after, forgotten } => {
                    reopened = Some(ChainNews::Reopened { after, forgotten });
                }
                Found::Nowhere => missing.extend(self.gaps.open(self.tail_before(epoch, link.previous), now)),
            }
        }
        self.gaps.found(link.hash);
        self.hold(link);
        match (missing.is_empty(), reopened, fills) {
            (false, _, _) => ChainNews::Gap { missing },
            (true, Some(reopened), _) => reopened,
            (true, None, true) => ChainNews::Fills,
            (true, None, false) => ChainNews::Next,
        }
    }

    fn hold(&mut self, link: Link) {
        let Link {
            place,
            hash,
            previous,
        } = link;
        self.window.insert(place, Held { hash, previous });
        while self.window.len() > WINDOW {
            self.window.pop_first();
        }
        let top = self.epochs.entry(place.epoch()).or_insert(Top {
            sequence: 0,
            hash: Hash32::ZERO,
        });
        if place.sequence() > top.sequence {
            *top = Top {
                sequence: place.sequence(),
                hash,
            };
        }
        while self.epochs.len() > MAX_EPOCHS {
            self.epochs.pop_first();
        }
    }

    /// Whether an epoch is older than all that are remembered, and more were known once.
    fn is_beyond_epochs(&self, epoch: u64) -> bool {
        self.epochs.len() >= MAX_EPOCHS
            && self
                .epochs
                .first_key_value()
                .is_some_and(|(oldest, _)| epoch < *oldest)
    }

    /// Where the statement is, from which a new epoch starts.
    fn find(&self, epoch: u64, hash: Hash32) -> Found {
        let tops = self.epochs.range(..epoch);
        if tops.clone().any(|(_, top)| top.hash == hash) {
            return Found::AtTop;
        }
        let older = self
            .window
            .iter()
            .rev()
            .find(|(place, held)| place.epoch() < epoch && held.hash == hash);
        older.map_or(Found::Nowhere, |(place, _)| {
            let top = self.epochs.get(&place.epoch()).map_or(0, |top| top.sequence);
            Found::Below {
                after: *place,
                forgotten: top.saturating_sub(place.sequence()),
            }
        })
    }

    /// What is missing when an epoch starts from a statement that is not known: everything behind the newest known
    /// place of the epoch before, up to that statement.
    fn tail_before(&self, epoch: u64, until: Hash32) -> Missing {
        let before = self.epochs.range(..epoch).next_back();
        let (epoch, top) = before.map_or((epoch.saturating_sub(1).max(1), 0), |(epoch, top)| {
            (*epoch, top.sequence)
        });
        Missing {
            epoch,
            first: top.saturating_add(1),
            end: End::Open { until },
        }
    }
}

enum Found {
    AtTop,
    Below { after: Place, forgotten: u64 },
    Nowhere,
}

/// Places whose hashes are remembered per sender, to compare late copies and predecessors without a look into the
/// ledger. 4,096 links of 80 bytes and their tree are under 1 MiB; at a message a second it is more than an hour.
pub const WINDOW: usize = 4_096;
/// Gaps that are listed per sender. Honest chains have a handful; a sender that signs only every second place would
/// otherwise fill the memory.
pub const MAX_GAPS: usize = 1_024;
/// Epochs that are remembered per sender. One is opened when a desk has lost its disk.
pub const MAX_EPOCHS: usize = 64;

#[cfg(test)]
mod tests;
