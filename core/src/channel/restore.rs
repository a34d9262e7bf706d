//! What a restoration still lacks.
//!
//! Signatures say that both sides want the channel back; they do not show that the line works. So a comm check must have
//! come back by each path since, and both sides must have seen each relay's log at least as far as the second signature
//! names it: neither was shown another history while nobody spoke.

use std::collections::{BTreeMap, BTreeSet};

use super::orders::{Agreed, Order, Orders};
use crate::duty::OrderVerb;
use crate::identity::Identity;
use crate::leg::RelayName;

/// What shows that the line works.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// All relays of the line.
    pub relays: BTreeSet<RelayName>,
    /// Leaf in this desk's own log at which a comm check by that relay was answered last.
    pub checked: BTreeMap<RelayName, u64>,
    /// Sizes of relays' logs, by origin, that each desk named in a signed statement: the largest.
    pub seen: BTreeMap<Identity, BTreeMap<String, u64>>,
}

impl Shown {
    /// Notes what the header of a desk's statement names.
    pub fn note_seen(&mut self, desk: &Identity, sizes: impl IntoIterator<Item = (String, u64)>) {
        let known = self.seen.entry(desk.clone()).or_default();
        for (origin, size) in sizes {
            let entry = known.entry(origin).or_insert(0);
            *entry = size.max(*entry);
        }
    }

    /// Notes that a comm check by a relay was answered, at this leaf of our log.
    pub fn note_checked(&mut self, relay: RelayName, leaf: u64) {
        let entry = self.checked.entry(relay).or_insert(leaf);
        *entry = leaf.max(*entry);
    }

    /// What is lacking until a restoration that both signed takes effect; nothing if it has.
    #[must_use]
    pub fn lacking(&self, agreed: &Agreed<'_>) -> Vec<String> {
        let since = agreed.first.leaf.max(agreed.second.leaf);
        let unchecked = self
            .relays
            .iter()
            .filter(|relay| self.checked.get(*relay).is_none_or(|leaf| *leaf <= since))
            .map(|relay| format!("a comm check over {relay}"));
        let behind = [&agreed.first.desk, &agreed.second.desk]
            .into_iter()
            .filter(|desk| !self.has_seen(desk, &agreed.second.seen))
            .map(|desk| format!("fresh checkpoints named by {desk}"));
        unchecked.chain(behind).collect()
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

impl Orders {
    /// How far the restoration of a channel is. A restoration is under way while something stands that it would lift.
    #[must_use]
    pub fn restoring(&self, channel: &str, shown: &Shown) -> Restoring<'_> {
        let standing = self.standing(channel, &|agreed| shown.lacking(agreed).is_empty());
        let newest = self
            .agreed(channel)
            .into_iter()
            .filter(|agreed| standing.iter().any(|order| agreed.lifts(order)))
            .max_by_key(|agreed| agreed.second.leaf);
        if let Some(agreed) = newest {
            let lacking = shown.lacking(&agreed);
            return Restoring::Agreed { agreed, lacking };
        }
        let proposed = self
            .all()
            .filter(|order| order.verb == OrderVerb::Restore && order.covers(channel))
            .filter(|order| standing.iter().any(|stands| order.leaf > stands.leaf))
            .filter(|order| !self.agreed(channel).iter().any(|agreed| agreed.first == *order))
            .max_by_key(|order| order.leaf);
        proposed.map_or(Restoring::No, Restoring::Proposed)
    }
}
