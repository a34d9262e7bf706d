//! The orders of one desk that are remembered: so many of each kind, and what is forgotten first.

use std::collections::{BTreeMap, BTreeSet};

use super::orders::Order;
use crate::duty::OrderVerb;
use crate::id::Place;

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
        kind.entry(order.place).or_insert(order);
        if kind.len() <= REMEMBERED {
            return None;
        }
        let least = least_needed(kind, chartered)?;
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

    /// The order at a place.
    pub(super) fn at(&self, place: &Place) -> Option<&Order> {
        [&self.stops, &self.restores, &self.others]
            .into_iter()
            .find_map(|kind| kind.get(place))
    }
}

/// What can be forgotten without a word: the oldest that a later order of the same kind about the same channel repeats;
/// else the oldest about a channel without a charter; else the oldest SUSPEND; else the oldest.
fn least_needed(kind: &BTreeMap<Place, Order>, chartered: &dyn Fn(&str) -> bool) -> Option<Place> {
    let mut newest: BTreeSet<(OrderVerb, Option<&str>)> = BTreeSet::new();
    let mut repeated = None;
    for (place, order) in kind.iter().rev() {
        if !newest.insert((order.verb, order.channel.as_deref())) {
            repeated = Some(*place);
        }
    }
    let oldest = |which: &dyn Fn(&Order) -> bool| {
        let found = kind.iter().find(|(_, order)| which(order));
        found.map(|(place, _)| *place)
    };
    repeated
        .or_else(|| oldest(&|order| order.channel.as_deref().is_some_and(|named| !chartered(named))))
        .or_else(|| oldest(&|order| order.verb == OrderVerb::Suspend))
        .or_else(|| oldest(&|_| true))
}
