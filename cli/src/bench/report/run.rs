//! One run of messages that left on schedule: a row for each, and what follows from the rows.
//!
//! Every time in a [`Row`] counts from the moment when the message was due, not from when it left: what held it up is
//! charged to it (no coordinated omission). A reader who wants the other one subtracts RELEASED.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Map, Value, json};

use super::{
    table::{row, table},
    times::{COLUMNS, Times, ms, rounded},
};
use crate::bench::{
    measure::legs::Changes,
    slo::metric::{QUANTILES, Values},
};

/// One message. Times count from when it was due; none is a rung that did not come while we waited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// When it was due, from the beginning of the run.
    pub due: Duration,
    /// Desk A had committed the release.
    pub released: Option<Duration>,
    /// Each relay's ACCEPTED was on desk A's disk, by the relay's name.
    pub accepted: BTreeMap<String, Duration>,
    /// The DELIVERED receipt was at desk A and verified.
    pub delivered: Option<Duration>,
    /// That receipt was on desk A's disk.
    pub stored: Option<Duration>,
    /// DISPLAYED was on desk A's disk.
    pub displayed: Option<Duration>,
    /// ACKNOWLEDGED was on desk A's disk.
    pub acknowledged: Option<Duration>,
    /// The leg that brought desk B its first copy.
    pub leg: Option<String>,
}

/// Times of one rung.
#[derive(Clone, Debug)]
pub struct Series {
    /// `delivered`, `accepted_north`.
    pub key: String,
    /// From when the message was due.
    pub from_due: Times,
    /// From RELEASED; what a sender sees who does not look at the schedule.
    pub from_released: Times,
}

/// A stretch in which something was broken, to be shaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shade {
    /// From the beginning of the run.
    pub from: Duration,
    /// From the beginning of the run.
    pub to: Duration,
    /// What was broken.
    pub what: String,
}

/// Time without a receipt, to be labelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// From the beginning of the run.
    pub from: Duration,
    /// How long.
    pub length: Duration,
}

/// One run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// `without faults`, or what stood in the way.
    pub name: String,
    /// Messages a second, as asked for.
    pub rate: f64,
    /// Every message, in the order in which they were due.
    pub rows: Vec<Row>,
    /// What was broken, and when.
    pub shades: Vec<Shade>,
    /// Times without a receipt.
    pub gaps: Vec<Gap>,
    /// How often both desks called each leg SUSPECT and DOWN, where somebody listened.
    pub leg_changes: Option<BTreeMap<String, Changes>>,
}

/// Reads one time of a row.
type Time = fn(&Row) -> Option<Duration>;

/// The rungs that are no relay's, in the order in which they come.
const RUNGS: [(&str, Time); 6] = [
    ("released", |row| row.released),
    ("accepted", |row| {
        // By all relays that accepted any message of ours: two.
        (row.accepted.len() > 1)
            .then(|| row.accepted.values().copied().max())
            .flatten()
    }),
    ("delivered", |row| row.delivered),
    ("stored", |row| row.stored),
    ("displayed", |row| row.displayed),
    ("acknowledged", |row| row.acknowledged),
];

impl Run {
    /// Times of every rung that any message reached, relays by name behind `accepted`.
    pub fn series(&self) -> Vec<Series> {
        let mut all = Vec::new();
        for (key, of) in RUNGS {
            all.extend(self.times(key.to_owned(), of));
            if key == "accepted" {
                for relay in self.relays() {
                    all.extend(self.times(format!("accepted_{relay}"), |row| {
                        row.accepted.get(&relay).copied()
                    }));
                }
            }
        }
        all
    }

    fn times(&self, key: String, of: impl Fn(&Row) -> Option<Duration>) -> Option<Series> {
        let (mut from_due, mut from_released) = (Times::new(), Times::new());
        for row in &self.rows {
            if let Some(time) = of(row) {
                from_due.add(time);
                if let Some(released) = row.released {
                    from_released.add(time.saturating_sub(released));
                }
            }
        }
        (from_due.count() > 0).then_some(Series {
            key,
            from_due,
            from_released,
        })
    }

    fn relays(&self) -> BTreeSet<String> {
        self.rows
            .iter()
            .flat_map(|row| row.accepted.keys().cloned())
            .collect()
    }

    /// From due to DELIVERED, by the leg that brought desk B the first copy.
    pub fn by_leg(&self) -> BTreeMap<String, Times> {
        let mut legs = BTreeMap::new();
        for row in &self.rows {
            if let (Some(leg), Some(time)) = (&row.leg, row.delivered) {
                legs.entry(leg.clone()).or_insert_with(Times::new).add(time);
            }
        }
        legs
    }

    /// Messages without a DELIVERED receipt.
    pub fn lost(&self) -> usize {
        self.rows.iter().filter(|row| row.delivered.is_none()).count()
    }

    /// Receipted messages a second, from the first that was due to the last receipt.
    pub fn achieved(&self) -> f64 {
        let first = self.rows.iter().map(|row| row.due).min().unwrap_or_default();
        let receipts = self.rows.iter().filter_map(|row| Some(row.due + row.delivered?));
        let (count, last) = receipts.fold((0_u64, first), |(count, last), at| (count + 1, last.max(at)));
        let seconds = last.saturating_sub(first).as_secs_f64();
        // Exact up to 2^53 messages.
        if seconds > 0.0 {
            rounded(count as f64 / seconds)
        } else {
            0.0
        }
    }

    /// Messages that should have climbed this rung and did not. People are asked about some messages only.
    fn missing(&self, series: &Series) -> u64 {
        match series.key.as_str() {
            "displayed" | "acknowledged" => 0,
            _ => (self.rows.len() as u64).saturating_sub(series.from_due.count()),
        }
    }

    /// The metrics of every series, and `rate` and `lost`. A message that never climbed a rung took longer than any that
    /// did: a quantile at which such a message stands has no value, and no promise about it is met.
    pub fn values(&self) -> Values {
        let mut values = Values::new();
        for series in self.series() {
            let missing = self.missing(&series);
            for (name, value) in quantiles_with(&series.from_due, missing) {
                values.insert(format!("{name}_{}", series.key), value);
            }
        }
        values.insert("rate".into(), self.achieved());
        values.insert("lost".into(), self.lost() as f64);
        if let Some(Changes { suspect, down }) = self.all_leg_changes() {
            values.insert("suspect_count".into(), suspect.into());
            values.insert("down_count".into(), down.into());
        }
        values
    }

    /// Of all legs together.
    fn all_leg_changes(&self) -> Option<Changes> {
        let legs = self.leg_changes.as_ref()?;
        Some(legs.values().fold(Changes::default(), |all, one| Changes {
            suspect: all.suspect.saturating_add(one.suspect),
            down: all.down.saturating_add(one.down),
        }))
    }

    /// How legs changed, as a sentence that names those that did; empty where nobody listened.
    fn legs_in_words(&self) -> String {
        let Some(all) = self.all_leg_changes() else {
            return String::new();
        };
        let words = |Changes { suspect, down }: Changes| format!("{suspect} SUSPECT, {down} DOWN");
        let legs = self.leg_changes.iter().flatten();
        let changed = legs.filter(|(_, changes)| **changes != Changes::default());
        let changed: Vec<String> = changed
            .map(|(leg, changes)| format!("{leg} {}", words(*changes)))
            .collect();
        let behind = if changed.is_empty() { "." } else { ": " };
        let changed = changed.join("; ");
        format!("Legs of both desks were called {}{behind}{changed}\n", words(all))
    }

    /// As a table and a sentence.
    pub fn table(&self) -> String {
        let series = self.series();
        let rows = series
            .iter()
            .map(|series| series.from_due.row(&format!("due to {}", plain(&series.key))));
        let legs = self.by_leg();
        let legs = legs
            .iter()
            .map(|(leg, times)| times.row(&format!("  {} first by {leg}", times.count())));
        let rows: Vec<Vec<String>> = std::iter::once(row(COLUMNS)).chain(rows).chain(legs).collect();
        format!(
            "On schedule, {} a second, {}:\n{}{} messages, {} lost, {} a second receipted.\n{}",
            self.rate,
            self.name,
            table(&rows),
            self.rows.len(),
            self.lost(),
            self.achieved(),
            self.legs_in_words()
        )
    }

    /// As an object.
    pub fn json(&self) -> Value {
        let (mut due, mut released) = (Map::new(), Map::new());
        for series in self.series() {
            if series.key != "released" {
                released.insert(series.key.clone(), series.from_released.json());
            }
            due.insert(series.key, series.from_due.json());
        }
        let legs: Map<String, Value> = self
            .by_leg()
            .into_iter()
            .map(|(leg, times)| (leg, times.json()))
            .collect();
        let shades: Vec<Value> = self
            .shades
            .iter()
            .map(|shade| json!({ "from_ms": ms(shade.from), "to_ms": ms(shade.to), "what": shade.what }))
            .collect();
        json!({
            "name": self.name,
            "correction": "open loop: every time counts from when the message was due",
            "rate": self.rate,
            "achieved_per_second": self.achieved(),
            "messages": self.rows.len(),
            "lost": self.lost(),
            "from_due_ms": due,
            "from_released_ms": released,
            "by_leg_ms": legs,
            "broken": shades,
            "leg_changes": self.leg_changes,
        })
    }
}

/// A series as people read it: `accepted_north` is `ACCEPTED by north`.
pub fn plain(key: &str) -> String {
    match key.split_once('_') {
        Some((rung, relay)) => format!("{} by {relay}", rung.to_uppercase()),
        None if key == "accepted" => "ACCEPTED by both".into(),
        None if key == "stored" => "DELIVERED on A's disk".into(),
        None => key.to_uppercase(),
    }
}

/// Every quantile by its name, in milliseconds.
pub fn quantiles(times: &Times) -> impl Iterator<Item = (&'static str, f64)> + '_ {
    QUANTILES.into_iter().map(|(name, quantile)| {
        let value = if name == "max" {
            times.max()
        } else {
            times.at(quantile)
        };
        (name, value)
    })
}

/// The same, where `missing` more took longer than any of these; without those that are not known then.
fn quantiles_with(times: &Times, missing: u64) -> impl Iterator<Item = (&'static str, f64)> + '_ {
    let count = times.count();
    // Exact up to 2^53 messages.
    let stretch = (count + missing) as f64 / count.max(1) as f64;
    QUANTILES.into_iter().filter_map(move |(name, quantile)| {
        let quantile = quantile * stretch;
        match (name, missing) {
            ("max", 0) => Some((name, times.max())),
            ("max", _) => None,
            (_, _) => (quantile <= 1.0).then(|| (name, times.at(quantile))),
        }
    })
}

#[cfg(test)]
pub mod tests;
