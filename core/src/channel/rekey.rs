//! A change of keys that both sides sign: REKEY announces a key, says from when on it counts and until when those before
//! it do, and the other side's REKEY agrees to exactly that.
//!
//! Between the two moments both keys count, so that nothing that is under way is lost. They go on counting until the desk
//! has signed with its new key: it may not hold the consent, and its word would be dropped for what it cannot know. A
//! consent that comes behind the second moment agrees to nothing, for nobody would know when the old key ended. Which key
//! is whose, and which were before it, is for whoever holds the rosters.

use std::collections::BTreeMap;
use std::time::Duration;

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
    /// Whether its desk has signed with it: that is how everybody else knows that it has the consent.
    pub used: bool,
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
            Some(_) if now <= self.until || !self.used => RekeyPhase::Overlap,
            Some(_) => RekeyPhase::Over,
        }
    }

    /// What must be left of the time in which both keys count when the other side agrees, because its word takes time to
    /// arrive: an eighth of it, ten minutes at most.
    #[must_use]
    pub fn least_rest(&self) -> Duration {
        (self.until.distance(self.from) / 8).min(LEAST_REST_MAX)
    }
}

/// Ten minutes: longer than a line takes that is up, and no more than people wait for.
const LEAST_REST_MAX: Duration = Duration::from_secs(600);

/// What an announcement must name, if it names all: the key, from when on it counts, until when the others do.
fn terms(order: &Order) -> Option<(Hash32, WallTime, WallTime)> {
    let (key, from, until) = (order.subject?, order.effective?, order.review_by?);
    let whole = order.verb == OrderVerb::Rekey && order.channel.is_none() && from < until;
    whole.then_some((key, from, until))
}

/// Whether an order of one side agrees to exactly what another of the other side announces.
pub(super) fn agrees(second: &Order, first: &Order) -> bool {
    let to = second.consents_to == Some(first.hash) && first.consents_to.is_none();
    to && second.desk.domain() != first.desk.domain()
        && terms(first).is_some()
        && terms(second) == terms(first)
}

impl Orders {
    /// Every change of keys that was announced, the oldest first. The first agreement to each counts, if it was stored in
    /// time, or the desk has signed with the new key since: a desk that was put back to a backup learns of it late.
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
            let mut all = consents.get(&to.hash)?.iter().copied();
            all.find(|order| agrees(order, to))
        };
        let announced = orders.iter().filter(|order| order.consents_to.is_none());
        let rekeys = announced.filter_map(|announced| {
            let (key, from, until) = terms(announced)?;
            let used = self.signed_with(&key);
            Some(Rekey {
                announced,
                consent: agreed(announced).filter(|consent| used || consent.received <= until),
                key,
                from,
                until,
                used,
            })
        });
        rekeys.collect()
    }
}
