//! From milliseconds to places on an axis, in whole numbers.

use super::Tenth;
use crate::report::words::short;

/// Most ticks on an axis.
const TICKS: u64 = 9;

/// Steps between ticks that people count in, in milliseconds: parts of a second, of a minute, of an hour, of a day.
const STEPS: [u64; 22] = [
    1, 2, 5, 10, 50, 100, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000,
    900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000,
];

/// An even axis.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    from: u64,
    to: u64,
    left: Tenth,
    right: Tenth,
}

impl Scale {
    /// From `from` to `to` milliseconds, drawn between two places. An axis of no length gets one millisecond.
    #[must_use]
    pub fn new(from: u64, to: u64, left: Tenth, right: Tenth) -> Self {
        Self {
            from,
            to: to.max(from.saturating_add(1)),
            left,
            right,
        }
    }

    /// Where a moment stands; at the nearer end if it is outside.
    #[must_use]
    pub fn at(&self, ms: u64) -> Tenth {
        let into = u128::from(ms.clamp(self.from, self.to) - self.from);
        let width = u128::try_from(self.right.0 - self.left.0).unwrap_or(0);
        let place = into * width / u128::from(self.to - self.from);
        self.left + Tenth(i64::try_from(place).unwrap_or(0))
    }

    /// Ticks: moments and their words, counted from `origin`.
    #[must_use]
    pub fn ticks(&self, origin: u64) -> Vec<(u64, String)> {
        let step = step(self.to - self.from);
        let first = self.from.saturating_sub(origin).div_ceil(step);
        (0..=TICKS + 1)
            .filter_map(|number| (first + number).checked_mul(step))
            .map(|after| (origin.saturating_add(after), short(after)))
            .take_while(|(moment, _)| *moment <= self.to)
            .collect()
    }
}

/// The shortest step that makes few enough ticks; whole days past the longest.
fn step(length: u64) -> u64 {
    let fits = |step: &u64| length / step <= TICKS;
    STEPS.into_iter().find(fits).unwrap_or_else(|| {
        let days = (length / TICKS).div_ceil(86_400_000).max(1);
        days * 86_400_000
    })
}

/// An axis on which each step is a multiple: a millisecond and an hour both show.
#[derive(Clone, Copy, Debug)]
pub struct LogScale {
    low: u64,
    high: u64,
    left: Tenth,
    right: Tenth,
}

/// Moments that get a tick on a [`LogScale`].
const LOG_TICKS: [u64; 13] = [
    1,
    10,
    100,
    1_000,
    10_000,
    60_000,
    300_000,
    1_800_000,
    7_200_000,
    21_600_000,
    86_400_000,
    604_800_000,
    2_592_000_000,
];

impl LogScale {
    /// An axis over these, between two places, from one tick to another. Zero stands where one millisecond does.
    #[must_use]
    pub fn over(values: impl Iterator<Item = u64>, left: Tenth, right: Tenth) -> Self {
        let (mut low, mut high) = (u64::MAX, 0);
        for value in values {
            (low, high) = (low.min(value.max(1)), high.max(value.max(1)));
        }
        if low > high {
            (low, high) = (1, 60_000);
        }
        let below = LOG_TICKS
            .iter()
            .rev()
            .find(|tick| **tick <= low)
            .copied()
            .unwrap_or(1);
        let above = LOG_TICKS
            .iter()
            .find(|tick| **tick >= high.max(below + 1))
            .copied();
        Self {
            low: below,
            high: above.unwrap_or(high),
            left,
            right,
        }
    }

    /// Where a length stands; at the nearer end if it is outside.
    #[must_use]
    pub fn at(&self, ms: u64) -> Tenth {
        let low = log2(self.low);
        let into = log2(ms.clamp(self.low, self.high)) - low;
        let width = self.right.0 - self.left.0;
        let place = i128::from(into) * i128::from(width) / i128::from((log2(self.high) - low).max(1));
        self.left + Tenth(i64::try_from(place).unwrap_or(0))
    }

    /// Ticks: lengths and their words.
    #[must_use]
    pub fn ticks(&self) -> Vec<(u64, String)> {
        let inside = |tick: &u64| (self.low..=self.high).contains(tick);
        LOG_TICKS
            .into_iter()
            .filter(inside)
            .map(|tick| (tick, short(tick)))
            .collect()
    }
}

/// Bits behind the point of a [`log2`].
const FRACTION: u32 = 16;

/// The binary logarithm of a number from 1 up, in 65 536ths, by squaring: the same on every machine.
fn log2(number: u64) -> i64 {
    let number = number.max(1);
    let whole = number.ilog2();
    // The number between 1 and 2 that is left, in 2^-32.
    let mut rest = (u128::from(number) << 32) >> whole;
    let mut log = i64::from(whole);
    for _ in 0..FRACTION {
        rest = (rest * rest) >> 32;
        let bit = rest >> 33;
        log = log * 2 + i64::from(bit > 0);
        rest >>= bit;
    }
    log
}

#[cfg(test)]
mod tests {
    use super::super::px;
    use super::*;

    #[test]
    fn an_even_axis_has_few_ticks_and_stays_inside() {
        let scale = Scale::new(0, 1_800_000, px(100), px(900));
        assert_eq!(scale.at(0), px(100));
        assert_eq!(scale.at(900_000), px(500));
        assert_eq!(scale.at(u64::MAX), px(900));
        let ticks = scale.ticks(0);
        assert_eq!(ticks.len(), 7);
        assert_eq!(ticks.last(), Some(&(1_800_000, "30 min".to_owned())));
        assert!(Scale::new(0, u64::MAX, px(0), px(1)).ticks(0).len() <= 11);
        assert_eq!(Scale::new(5, 5, px(0), px(10)).at(5), px(0));
    }

    #[test]
    fn a_logarithmic_axis_is_counted_in_whole_numbers() {
        assert_eq!(log2(1), 0);
        assert_eq!(log2(8), 3 << FRACTION);
        // log2(10) = 3.321928…, in 65 536ths 217 705.9…
        assert_eq!(log2(10), 217_705);
        let scale = LogScale::over([3, 70_000].into_iter(), px(0), px(100));
        assert_eq!(scale.at(1), px(0));
        assert_eq!(scale.at(300_000), px(100));
        assert!(scale.at(10) < scale.at(100));
        assert_eq!(scale.ticks().len(), 7);
        assert_eq!(LogScale::over(std::iter::empty(), px(0), px(1)).ticks().len(), 6);
        assert_eq!(
            LogScale::over([u64::MAX].into_iter(), px(0), px(10)).at(u64::MAX),
            px(10)
        );
    }
}
