//! A change of keys that both sides sign: REKEY announces a key, says from when on it counts and until when those before
//! it do, and the other side's REKEY agrees to exactly that.
//!
//! Between the two moments both keys count, so that nothing that is under way is lost. Which key is whose, and which were
//! before it, is for whoever holds the rosters.

use std::collections::BTreeMap;

use super::orders::{Order, Orders};
use crate::duty::OrderVerb;
use crate::id::Hash32;
use crate::time::WallTime;

/// A change of keys, announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rekey<'a> {
    /// The announcement.
    pub announced: &'a Order,
    /// The other side's agreement to it.
    pub consent: Option<&'a Order>,
    /// Hash of the key statement of the new key.
    pub key: Hash32,
    /// From when on the new key counts.
    pub from: WallTime,
    /// Until when the keys before it count.
    pub until: WallTime,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RekeyPhase {
    /// The other side has not agreed.
    Proposed,
    /// The other side has not agreed, and there is nothing left to agree to.
    Lapsed,
    /// Both signed; its time has not come.
    Agreed,
    /// Both keys count.
    Overlap,
    /// Only the new key counts.
    Over,
}

impl RekeyPhase {
    /// The formal name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "PROPOSED",
            Self::Lapsed => "LAPSED",
            Self::Agreed => "AGREED",
            Self::Overlap => "OVERLAP",
            Self::Over => "OVER",
        }
    }

    /// The plain words that screens put first.
    #[must_use]
    pub const fn plain(self) -> &'static str {
        match self {
            Self::Proposed => "announced, and not agreed to yet",
            Self::Lapsed => "announced, and never agreed to",
            Self::Agreed => "agreed",
            Self::Overlap => "both keys count",
            Self::Over => "only the new key counts",
        }
    }
}

impl Rekey<'_> {
    /// How far it is by this clock.
    #[must_use]
    pub fn phase(&self, now: WallTime) -> RekeyPhase {
        match self.consent {
            None if now > self.until => RekeyPhase::Lapsed,
            None => RekeyPhase::Proposed,
            Some(_) if now < self.from => RekeyPhase::Agreed,
            Some(_) if now <= self.until => RekeyPhase::Overlap,
            Some(_) => RekeyPhase::Over,
        }
    }
}

/// What an announcement must name, if it names all: the key, from when on it counts, until when the others do.
fn terms(order: &Order) -> Option<(Hash32, WallTime, WallTime)> {
    let (key, from, until) = (order.subject?, order.effective?, order.review_by?);
    let whole = order.verb == OrderVerb::Rekey && order.channel.is_none() && from < until;
    whole.then_some((key, from, until))
}

impl Orders {
    /// Every change of keys that was announced, the oldest first. The first agreement to each counts.
    #[must_use]
    pub fn rekeys(&self) -> Vec<Rekey<'_>> {
        let mut orders: Vec<&Order> = self.rekey_orders().collect();
        orders.sort_by_key(|order| order.leaf);
        let mut consents: BTreeMap<Hash32, Vec<&Order>> = BTreeMap::new();
        for order in &orders {
            if let Some(to) = order.consents_to {
                consents.entry(to).or_default().push(order);
            }
        }
        let agreed = |to: &Order| {
            let agrees =
                |order: &&&Order| order.desk.domain() != to.desk.domain() && terms(order) == terms(to);
            consents.get(&to.hash)?.iter().find(agrees).copied()
        };
        let announced = orders.iter().filter(|order| order.consents_to.is_none());
        let rekeys = announced.filter_map(|announced| {
            let (key, from, until) = terms(announced)?;
            Some(Rekey {
                announced,
                consent: agreed(announced),
                key,
                from,
                until,
            })
        });
        rekeys.collect()
    }
}
