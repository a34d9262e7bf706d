//! Many schedules.

use hotline_exercise::simulated::threads::{self, Seeds, Then};

use super::{
    cast::cast,
    oracle::Promise,
    play::{self, Ending, Figures, With},
};

/// What to play.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// First seed.
    pub seed: u64,
    /// How many, counted upwards.
    pub schedules: u64,
    /// With what.
    pub with: With,
    /// Whether the first failure ends it.
    pub stop_at_first: bool,
}

/// What many schedules came to.
#[derive(Clone, Debug, Default)]
pub struct Total {
    /// Schedules played.
    pub schedules: u64,
    /// Promises broken, by kind.
    pub lost: u64,
    /// See [`lost`](Self::lost).
    pub shown_twice: u64,
    /// See [`lost`](Self::lost).
    pub stuck: u64,
    /// All other kinds.
    pub other: u64,
    /// Endings that broke something, by seed.
    pub failed: Vec<Ending>,
    /// Sums and greatest figures.
    pub figures: Figures,
    /// Longest healing of all, in milliseconds.
    pub healed_in_ms_max: u64,
    /// Fewest crashes and partitions of a schedule.
    pub least: Option<(u64, u64)>,
    /// All traces folded in the order of seeds.
    pub traces: Vec<(u64, String)>,
}

impl Total {
    fn add(&mut self, ending: Ending) {
        self.schedules += 1;
        for broken in &ending.broken {
            match broken.promise {
                Promise::Lost => self.lost += 1,
                Promise::ShownTwice => self.shown_twice += 1,
                Promise::Stuck => self.stuck += 1,
                Promise::Honest
                | Promise::Genuine
                | Promise::Named
                | Promise::Role
                | Promise::Bound
                | Promise::Evidence
                | Promise::Starts => self.other += 1,
            }
        }
        let (sum, one) = (&mut self.figures, &ending.figures);
        sum.crashes += one.crashes;
        sum.partitions += one.partitions;
        sum.released += one.released;
        sum.delivered += one.delivered;
        sum.packets += one.packets;
        sum.bytes += one.bytes;
        sum.delivered_bytes += one.delivered_bytes;
        sum.virtual_ms += one.virtual_ms;
        sum.queue_max = sum.queue_max.max(one.queue_max);
        sum.dials_per_second_max = sum.dials_per_second_max.max(one.dials_per_second_max);
        sum.bytes_per_delivered = sum.bytes_per_delivered.max(one.bytes_per_delivered);
        sum.bytes_per_second = sum.bytes_per_second.max(one.bytes_per_second);
        self.healed_in_ms_max = self.healed_in_ms_max.max(one.healed_in_ms);
        let (crashes, partitions) = self.least.unwrap_or((u64::MAX, u64::MAX));
        self.least = Some((crashes.min(one.crashes), partitions.min(one.partitions)));
        self.traces.push((ending.seed, ending.trace.clone()));
        if !ending.broken.is_empty() {
            self.failed.push(ending);
        }
    }

    /// Whether every promise held.
    #[must_use]
    pub fn held(&self) -> bool {
        self.failed.is_empty()
    }
}

/// Plays all of them.
#[must_use]
pub fn many(order: Order) -> Total {
    let _held = cast(order.with.shape);
    let mut total = Total::default();
    let seeds = Seeds {
        first: order.seed,
        count: order.schedules,
    };
    let add = |ending: Ending| {
        let stop = order.stop_at_first && !ending.broken.is_empty();
        total.add(ending);
        if stop { Then::Stop } else { Then::GoOn }
    };
    threads::each(seeds, |seed| play::play(seed, order.with), add);
    total.failed.sort_by_key(|ending| ending.seed);
    total.traces.sort();
    total
}

/// All traces in one word.
#[must_use]
pub fn fold(traces: &[(u64, String)]) -> String {
    let mut all = Vec::new();
    for (seed, trace) in traces {
        all.extend(seed.to_be_bytes());
        all.extend(trace.as_bytes());
    }
    hotline_audit::Hash::of(&all).to_string()
}
