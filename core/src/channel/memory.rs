//! The orders of one desk that are remembered: so many of each kind, and what is forgotten first.

use std::collections::BTreeMap;

use super::orders::Order;
use crate::duty::OrderVerb;
use crate::id::Place;
use crate::time::WallTime;

/// Orders that are remembered of each desk and kind. 1,024: a suspension and its end each day for more than a year.
const REMEMBERED: usize = 1024;

/// Orders of one desk, by their place in its chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OfDesk {
    stops: BTreeMap<Place, Order>,
    restores: BTreeMap<Place, Order>,
    others: BTreeMap<Place, Order>,
}

impl OfDesk {
    /// Takes in an order; gives back what is forgotten for it.
    pub(super) fn note(&mut self, order: Order, chartered: &dyn Fn(&str) -> bool) -> Option<Order> {
        let kind = match order.verb {
            OrderVerb::Suspend | OrderVerb::Sever => &mut self.stops,
            OrderVerb::Restore => &mut self.restores,
            OrderVerb::Rekey | OrderVerb::AmendConfig => &mut self.others,
        };
        let now = order.received;
        kind.entry(order.place).or_insert(order);
        if kind.len() <= REMEMBERED {
            return None;
        }
        let least = least_needed(kind, now, chartered)?;
        kind.remove(&least)
    }

    /// Every order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Order> {
        self.stops().chain(self.restores()).chain(self.others.values())
    }

    /// SUSPEND and SEVER.
    pub(super) fn stops(&self) -> impl Iterator<Item = &Order> {
        self.stops.values()
    }

    /// RESTORE.
    pub(super) fn restores(&self) -> impl Iterator<Item = &Order> {
        self.restores.values()
    }

    /// REKEY, the newest first.
    pub(super) fn rekeys(&self) -> impl Iterator<Item = &Order> {
        let newest = self.others.values().rev();
        newest.filter(|order| order.verb == OrderVerb::Rekey)
    }

    /// The order at a place.
    pub(super) fn at(&self, place: &Place) -> Option<&Order> {
        [&self.stops, &self.restores, &self.others]
            .into_iter()
            .find_map(|kind| kind.get(place))
    }
}

/// The kind and the channel of an order: what a later one of the same can repeat.
type About<'a> = (OrderVerb, Option<&'a str>);

fn about(order: &Order) -> About<'_> {
    (order.verb, order.channel.as_deref())
}

/// From when on an order stops traffic; none if it does now. A RESTORE waits for both sides and not for a moment.
fn counts_from(order: &Order, now: WallTime) -> Option<WallTime> {
    order.effective.filter(|from| order.stops() && *from > now)
}

/// What can be forgotten without a word: the oldest that a later order of the same kind about the same channel repeats,
/// which counts no later; else the oldest about a channel without a charter; else of the channel with most orders of one
/// kind that which counts last; else the oldest SUSPEND; else the oldest.
fn least_needed(
    kind: &BTreeMap<Place, Order>,
    now: WallTime,
    chartered: &dyn Fn(&str) -> bool,
) -> Option<Place> {
    let oldest = |which: &dyn Fn(&Order) -> bool| {
        let found = kind.iter().find(|(_, order)| which(order));
        found.map(|(place, _)| *place)
    };
    oldest_repeated(kind, now)
        .or_else(|| oldest(&|order| order.channel.as_deref().is_some_and(|named| !chartered(named))))
        .or_else(|| last_to_count(kind))
        .or_else(|| oldest(&|order| order.verb == OrderVerb::Suspend))
        .or_else(|| oldest(&|_| true))
}

/// The oldest behind which one of the same kind about the same channel stands that counts as soon. Who orders for a far
/// moment repeats nothing that counts before it.
fn oldest_repeated(kind: &BTreeMap<Place, Order>, now: WallTime) -> Option<Place> {
    let mut soonest: BTreeMap<About<'_>, Option<WallTime>> = BTreeMap::new();
    let mut repeated = None;
    for (place, order) in kind.iter().rev() {
        let from = counts_from(order, now);
        let behind = soonest.get(&about(order));
        if behind.is_some_and(|behind| *behind <= from) {
            repeated = Some(*place);
        } else {
            soonest.insert(about(order), from);
        }
    }
    repeated
}

/// Where none repeats another: of the kind and channel with most orders, if it has several, the newest, which counts last.
fn last_to_count(kind: &BTreeMap<Place, Order>) -> Option<Place> {
    let mut of_channel: BTreeMap<About<'_>, (usize, Place)> = BTreeMap::new();
    for (place, order) in kind {
        let (count, newest) = of_channel.entry(about(order)).or_insert((0, *place));
        *count += 1;
        *newest = *place;
    }
    let (count, newest) = of_channel.into_values().max()?;
    (count > 1).then_some(newest)
}
