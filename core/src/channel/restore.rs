//! What a restoration still lacks.
//!
//! Signatures say that both sides want the channel back; they do not show that the line works. So a comm check that this
//! desk made since must have been answered by each path, and both sides must have seen each relay's log at least as far
//! as the second signature names it: neither was shown another history while nobody spoke. What the other desk says that
//! it has seen counts once this desk has seen as much: a number alone proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::orders::{Agreed, Order, Orders};
use crate::id::Hash32;
use crate::identity::Identity;
use crate::leg::RelayName;

/// Checks of ours whose answer counts. 16: as many as are waited for (`commcheck`).
const CHECKS_MAX: usize = 16;
/// Relays' logs that one desk may name. 16: eight relays of each side.
const ORIGINS_MAX: usize = 16;
/// Sizes of one log that another desk named and this one has not seen yet. 16: it names one with each statement, and this
/// desk sees the same log.
const CLAIMS_MAX: usize = 16;
/// Desks whose words about relays' logs are kept. 64: what a line tracks.
const DESKS_MAX: usize = 64;

/// What shows that the line works.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// This desk; none takes every word as seen.
    me: Option<Identity>,
    /// All relays of the line.
    relays: BTreeSet<RelayName>,
    /// Leaf in this desk's own log of the newest check of its own that was answered by that relay.
    checked: BTreeMap<RelayName, u64>,
    /// Checks of this desk: the leaf of each, and the relays by which it left.
    checks: BTreeMap<Hash32, (u64, BTreeSet<RelayName>)>,
    /// Sizes of relays' logs, by origin, that each desk named in a signed statement: the largest that count.
    seen: BTreeMap<Identity, BTreeMap<String, u64>>,
    /// What other desks named, and this one has not seen yet.
    claimed: BTreeMap<(Identity, String), BTreeSet<u64>>,
}

impl Shown {
    /// Nothing is shown yet, of a line over these relays.
    #[must_use]
    pub fn over(me: Option<Identity>, relays: impl IntoIterator<Item = RelayName>) -> Self {
        Self {
            me,
            relays: relays.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Notes what the header of a desk's statement names.
    pub fn note_seen(&mut self, desk: &Identity, sizes: impl IntoIterator<Item = (String, u64)>) {
        if self.seen.len() >= DESKS_MAX && !self.seen.contains_key(desk) {
            return;
        }
        let mine = self.me.as_ref().is_none_or(|me| me == desk);
        for (origin, size) in sizes {
            if mine || self.known(&origin) >= Some(size) {
                self.count_seen(desk, &origin, size);
            } else {
                self.claim(desk, &origin, size);
            }
            if mine {
                self.count_claims(&origin, size);
            }
        }
    }

    /// How far this desk has seen a relay's log, by its own statements.
    fn known(&self, origin: &str) -> Option<u64> {
        let me = self.me.as_ref()?;
        self.seen.get(me)?.get(origin).copied()
    }

    fn count_seen(&mut self, desk: &Identity, origin: &str, size: u64) {
        let known = self.seen.entry(desk.clone()).or_default();
        if known.len() < ORIGINS_MAX || known.contains_key(origin) {
            let entry = known.entry(origin.to_owned()).or_insert(0);
            *entry = size.max(*entry);
        }
    }

    fn claim(&mut self, desk: &Identity, origin: &str, size: u64) {
        let key = (desk.clone(), origin.to_owned());
        let of_desk = self.claimed.keys().filter(|(of, _)| of == desk).count();
        if !self.claimed.contains_key(&key) && of_desk >= ORIGINS_MAX {
            return;
        }
        let of_origin = self.claimed.entry(key).or_default();
        of_origin.insert(size);
        // What is far beyond goes first: it is seen last, if ever.
        if of_origin.len() > CLAIMS_MAX {
            of_origin.pop_last();
        }
    }

    /// This desk has seen a log so far: what others named up to there counts.
    fn count_claims(&mut self, origin: &str, size: u64) {
        let mut count = Vec::new();
        for ((desk, of), sizes) in &mut self.claimed {
            if of == origin
                && let Some(newest) = sizes.range(..=size).next_back().copied()
            {
                sizes.retain(|claimed| *claimed > size);
                count.push((desk.clone(), newest));
            }
        }
        self.claimed.retain(|_, sizes| !sizes.is_empty());
        for (desk, newest) in count {
            self.count_seen(&desk, origin, newest);
        }
    }

    /// Notes a comm check of this desk, at this leaf of its log, that left by these relays.
    pub fn note_check(&mut self, check: Hash32, leaf: u64, relays: BTreeSet<RelayName>) {
        self.checks.insert(check, (leaf, relays));
        if self.checks.len() > CHECKS_MAX {
            let oldest = self.checks.iter().min_by_key(|(_, (leaf, _))| *leaf);
            let oldest = oldest.map(|(check, _)| *check);
            oldest.and_then(|oldest| self.checks.remove(&oldest));
        }
    }

    /// Notes that the other desk answered a check of this desk, and by which relays it says that it came. A relay by which
    /// the check did not leave proves nothing, and neither does the answer to anything else.
    pub fn note_answer(&mut self, check: &Hash32, by: &BTreeSet<RelayName>) {
        let Some((leaf, left)) = self.checks.get(check).cloned() else {
            return;
        };
        for relay in left.intersection(by) {
            if self.relays.contains(relay) {
                self.note_checked(relay.clone(), leaf);
            }
        }
    }

    /// Notes that a check of this desk at this leaf of its log was answered by a relay.
    pub(super) fn note_checked(&mut self, relay: RelayName, leaf: u64) {
        let entry = self.checked.entry(relay).or_insert(leaf);
        *entry = leaf.max(*entry);
    }

    /// Whether a restoration that both signed takes effect.
    #[must_use]
    pub fn complete(&self, agreed: &Agreed<'_>) -> bool {
        let since = since(agreed);
        self.relays.iter().all(|relay| self.is_checked(relay, since))
            && desks(agreed).all(|desk| self.has_seen(desk, &agreed.second.seen))
    }

    /// What is lacking until a restoration that both signed takes effect; nothing if it has.
    #[must_use]
    pub fn lacking(&self, agreed: &Agreed<'_>) -> Vec<String> {
        let since = since(agreed);
        let unchecked = self
            .relays
            .iter()
            .filter(|relay| !self.is_checked(relay, since))
            .map(|relay| format!("a comm check over {relay}"));
        let behind = desks(agreed)
            .filter(|desk| !self.has_seen(desk, &agreed.second.seen))
            .map(|desk| format!("fresh checkpoints named by {desk}"));
        unchecked.chain(behind).collect()
    }

    /// How many sizes of logs are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        let seen: usize = self.seen.values().map(BTreeMap::len).sum();
        let claimed: usize = self.claimed.values().map(BTreeSet::len).sum();
        seen + claimed
    }

    fn is_checked(&self, relay: &RelayName, since: u64) -> bool {
        self.checked.get(relay).is_some_and(|leaf| *leaf > since)
    }

    fn has_seen(&self, desk: &Identity, wanted: &BTreeMap<String, u64>) -> bool {
        let known = self.seen.get(desk);
        wanted.iter().all(|(origin, size)| {
            known
                .and_then(|known| known.get(origin))
                .is_some_and(|seen| seen >= size)
        })
    }
}

/// The leaf in this desk's log from which on a check counts.
fn since(agreed: &Agreed<'_>) -> u64 {
    agreed.first.leaf.max(agreed.second.leaf)
}

fn desks<'a>(agreed: &Agreed<'a>) -> impl Iterator<Item = &'a Identity> + use<'a> {
    [&agreed.first.desk, &agreed.second.desk].into_iter()
}

/// How far the restoration of a channel is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restoring<'a> {
    /// Nobody restores it, or nothing is to be restored.
    No,
    /// One side signed.
    Proposed(&'a Order),
    /// Both sides signed; the line is not shown to work yet.
    Agreed {
        /// The two orders.
        agreed: Agreed<'a>,
        /// What is lacking, in words.
        lacking: Vec<String>,
    },
}

impl Restoring<'_> {
    /// Whether something stands that it will not lift: an order that its own side signed behind it. Whoever wants the
    /// channel back signs anew.
    #[must_use]
    pub fn overtaken(&self, standing: &[&Order]) -> bool {
        match self {
            Self::No => false,
            Self::Proposed(first) => standing
                .iter()
                .any(|stands| stands.desk == first.desk && stands.place > first.place),
            Self::Agreed { agreed, .. } => standing.iter().any(|stands| !agreed.lifts(stands)),
        }
    }
}

impl Orders {
    /// How far the restoration of a channel is. A restoration is under way while something stands that it would lift. One
    /// that was overtaken gives way to a later one that one side has signed.
    #[must_use]
    pub fn restoring(&self, channel: &str, shown: &Shown) -> Restoring<'_> {
        let standing = self.standing(channel, &|agreed| shown.complete(agreed));
        let Some(oldest) = standing.iter().map(|order| order.leaf).min() else {
            return Restoring::No;
        };
        let all_agreed = self.agreed(channel);
        let newest = all_agreed
            .iter()
            .filter(|agreed| standing.iter().any(|order| agreed.lifts(order)))
            .max_by_key(|agreed| agreed.second.leaf);
        let agreed = newest.map(|agreed| Restoring::Agreed {
            agreed: *agreed,
            lacking: shown.lacking(agreed),
        });
        if let Some(agreed) = &agreed
            && !agreed.overtaken(&standing)
        {
            return agreed.clone();
        }
        let since = newest.map_or(oldest, |agreed| agreed.second.leaf);
        let proposed = self
            .restores(channel)
            .filter(|order| order.leaf > since)
            .filter(|order| !all_agreed.iter().any(|agreed| agreed.first == *order))
            .max_by_key(|order| order.leaf);
        proposed
            .map(Restoring::Proposed)
            .or(agreed)
            .unwrap_or(Restoring::No)
    }
}
