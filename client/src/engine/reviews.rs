//! Orders that were to be looked at again: once the time has passed and the order stands, people are told.

use std::{collections::BTreeSet, time::Duration};

use hotline_core::{
    channel::Order,
    id::Hash32,
    time::{LineTime, WallTime},
};

use super::Engine;
use crate::round::Round;

/// Orders of which was told, at most. 4,096: twice what two desks' orders are remembered; beyond that one is forgotten, and
/// may be told of again.
const TOLD_MAX: usize = 4096;

/// Orders whose review was told, since the start.
#[derive(Debug, Default)]
pub(super) struct Reviews(BTreeSet<Hash32>);

impl Engine {
    /// Tells of every review that is due and was not told.
    pub(super) fn tick_reviews(&mut self, round: &mut Round) {
        let now = self.wall();
        let due: Vec<Hash32> = self
            .reviews_ahead()
            .filter(|(_, due)| *due <= now)
            .map(|(order, _)| order.hash)
            .collect();
        for hash in due {
            if self.reviews.0.len() >= TOLD_MAX {
                self.reviews.0.pop_first();
            }
            self.reviews.0.insert(hash);
            if let Some(what) = self.review_passed(hash) {
                self.alarm("REVIEW_DUE", what, round);
            }
        }
    }

    /// When the next review is due, on the line's clock.
    pub(super) fn next_review(&self) -> Option<LineTime> {
        let next = self.reviews_ahead().map(|(_, due)| due).min()?;
        let ahead = next.unix_ms().saturating_sub(self.wall().unix_ms());
        Some(self.line().after(Duration::from_millis(ahead)))
    }

    /// Orders whose review was not told, and when it is due.
    fn reviews_ahead(&self) -> impl Iterator<Item = (&Order, WallTime)> {
        self.channels
            .orders
            .all()
            .filter(|order| order.stops() && !self.reviews.0.contains(&order.hash))
            .filter_map(|order| Some((order, order.review_due()?)))
    }

    /// In words, if the order still stands on a channel.
    fn review_passed(&self, hash: Hash32) -> Option<String> {
        let names = self.channel_names();
        let mut orders = names.iter().flat_map(|name| self.channels.ordered(name));
        let order = orders.find(|order| order.hash == hash)?;
        Some(format!(
            "{}; that time has passed, and nobody has restored it or ordered anew",
            order.plain()
        ))
    }
}
