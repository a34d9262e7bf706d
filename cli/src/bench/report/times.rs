//! How times are spread: percentiles of many, medians of few.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Longest time that is told apart, in microseconds. One hour: six times as long as a fault may last.
const LONGEST_US: u64 = 3_600_000_000;
/// Digits that are kept. 3: an error of 0.1 %, far below what a shared machine repeats.
const DIGITS: u8 = 3;

/// Times, counted in microseconds.
#[derive(Clone, Debug)]
pub struct Times(Histogram<u64>);

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut all = Self::new();
        for time in times {
            all.add(time);
        }
        all
    }
}

impl Times {
    /// No times yet.
    pub fn new() -> Self {
        Self(
            Histogram::new_with_bounds(1, LONGEST_US, DIGITS)
                .expect("one hour in microseconds, three digits"),
        )
    }

    /// Counts one. A time beyond an hour counts as an hour.
    pub fn add(&mut self, time: Duration) {
        self.0
            .saturating_record(u64::try_from(time.as_micros()).unwrap_or(LONGEST_US).max(1));
    }

    /// Counts all of another.
    pub fn add_all(&mut self, other: &Self) {
        self.0.add(&other.0).expect("both have the same bounds");
    }

    /// The time that half of them do not exceed, in milliseconds.
    pub fn p50(&self) -> f64 {
        self.at(0.5)
    }

    /// `p50, p90, p95, p99, p999, max` in milliseconds, and how many there are.
    pub fn json(&self) -> Value {
        json!({
            "p50": self.p50(),
            "p90": self.at(0.9),
            "p95": self.at(0.95),
            "p99": self.at(0.99),
            "p999": self.at(0.999),
            "max": self.max(),
            "count": self.0.len(),
        })
    }

    /// The same as a line of a table.
    pub fn row(&self, name: &str) -> Vec<String> {
        let times = [
            self.p50(),
            self.at(0.9),
            self.at(0.99),
            self.at(0.999),
            self.max(),
        ];
        std::iter::once(name.to_owned())
            .chain(times.iter().map(|time| format!("{time:.3}")))
            .collect()
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The histogram itself, in microseconds.
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }

    /// The time that this share of them (0 to 1) does not exceed, in milliseconds.
    pub fn at(&self, quantile: f64) -> f64 {
        ms(Duration::from_micros(self.0.value_at_quantile(quantile)))
    }

    /// The longest, in milliseconds.
    pub fn max(&self) -> f64 {
        ms(Duration::from_micros(self.0.max()))
    }
}

/// Names of the columns of [`Times::row`].
pub const COLUMNS: [&str; 6] = ["ms", "p50", "p90", "p99", "p99.9", "max"];

/// Milliseconds, to the microsecond.
pub fn ms(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1000.0)
}

/// To the third digit behind the point.
pub fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// The middle one, or the mean of the two in the middle; none of none.
pub fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some(lower.midpoint(upper))
}

/// How many times as much; none if there is nothing to compare with.
pub fn ratio(ours: f64, floor: f64) -> Option<f64> {
    (floor > 0.0 && ours.is_finite()).then(|| rounded(ours / floor))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn percentiles_are_told_in_milliseconds() {
        let mut times = Times::new();
        for us in 1..=1000 {
            times.add(Duration::from_micros(us * 10));
        }
        let told = times.json();
        for (name, expected) in [
            ("p50", 5.0),
            ("p90", 9.0),
            ("p95", 9.5),
            ("p99", 9.9),
            ("p999", 9.99),
            ("max", 10.0),
        ] {
            let found = told[name].as_f64().unwrap();
            assert!((found - expected).abs() <= expected * 0.002, "{name}: {found}");
        }
        assert_eq!(told["count"], 1000);
    }

    #[test]
    fn a_time_of_nothing_and_one_of_minutes_are_counted_as_what_they_are() {
        let mut times = Times::new();
        times.add(Duration::ZERO);
        times.add(Duration::from_secs(605));
        assert_eq!(times.json()["count"], 2);
        let max = times.json()["max"].as_f64().unwrap();
        assert!((max - 605_000.0).abs() < 605.0, "{max}");
        times.add(Duration::from_secs(7200));
        assert!(times.json()["max"].as_f64().unwrap() >= 3_600_000.0);
    }

    #[test]
    fn rounds_add_up_to_the_whole() {
        let (mut one, mut other) = (Times::new(), Times::new());
        one.add(Duration::from_millis(1));
        other.add(Duration::from_millis(3));
        one.add_all(&other);
        assert_eq!(
            (one.json()["count"].as_u64(), one.row("x").len()),
            (Some(2), COLUMNS.len())
        );
    }

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_two() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 9.0]), Some(3.0));
    }

    #[test]
    fn nothing_is_compared_with_nothing() {
        assert_eq!(ratio(2.0, 0.0), None);
        assert_eq!(ratio(2.0, 0.5), Some(4.0));
    }
}
