//! A wall clock that jumps: noticed against line time, recorded, and nothing else.
//!
//! No timer runs on the wall clock and no evidence is ordered by it, so a jump stops and reorders nothing. It is recorded
//! because times that people read before and behind it do not fit together.

use std::time::Duration;

use crate::time::{LineTime, WallTime};

/// What counts as a jump. 1 s: far above what a disciplined clock is slewed by in a round, far below what people notice.
pub const STEP: Duration = Duration::from_secs(1);
/// Least time between two records. 10 s: a clock that is set back and forth fills no log; what it did meanwhile is in the
/// next record's two times.
pub const SAID_EVERY: Duration = Duration::from_secs(10);

/// A jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockStep {
    /// What the clock would have shown.
    pub before: WallTime,
    /// What it shows.
    pub after: WallTime,
}

/// Watches a wall clock.
#[derive(Debug, Clone, Default)]
pub struct ClockWatch {
    seen: Option<(WallTime, LineTime)>,
    said: Option<LineTime>,
}

impl ClockWatch {
    /// A watch that has not looked yet.
    pub const fn new() -> Self {
        Self {
            seen: None,
            said: None,
        }
    }

    /// Looks at both clocks; a jump since the last look is told. Look at least every few seconds: what drifts slowly between
    /// two looks is no jump.
    pub fn look(&mut self, wall: WallTime, line: LineTime) -> Option<ClockStep> {
        let Some((seen, at)) = self.seen else {
            self.seen = Some((wall, line));
            return None;
        };
        let passed = u64::try_from(line.since(at).as_millis()).unwrap_or(u64::MAX);
        let before = WallTime::from_unix_ms(seen.unix_ms().saturating_add(passed));
        if before.distance(wall) <= STEP {
            self.seen = Some((wall, line));
            return None;
        }
        if self.said.is_some_and(|said| line.since(said) < SAID_EVERY) {
            return None;
        }
        self.said = Some(line);
        self.seen = Some((wall, line));
        Some(ClockStep { before, after: wall })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(ms: u64) -> WallTime {
        WallTime::from_unix_ms(1_795_000_000_000 + ms)
    }

    fn line(ms: u64) -> LineTime {
        LineTime::from_start(Duration::from_millis(ms))
    }

    #[test]
    fn a_jump_of_more_than_a_second_is_told_with_both_times_and_slow_drift_is_not() {
        let mut watch = ClockWatch::new();
        assert_eq!(watch.look(wall(0), line(0)), None);
        for second in 1..20 {
            assert_eq!(
                watch.look(wall(second * 1_900), line(second * 1_000)),
                None,
                "drift"
            );
        }
        let jumped = watch.look(wall(100_000), line(20_000));
        assert_eq!(
            jumped,
            Some(ClockStep {
                before: wall(19 * 1_900 + 1_000),
                after: wall(100_000)
            })
        );
        assert_eq!(watch.look(wall(101_000), line(21_000)), None, "told once");
    }

    #[test]
    fn a_clock_that_is_set_back_and_forth_fills_no_log() {
        let mut watch = ClockWatch::new();
        let mut told = 0;
        for second in 0..60_u64 {
            let jump = if second.is_multiple_of(2) { 0 } else { 5_000 };
            told += u32::from(
                watch
                    .look(wall(second * 1_000 + jump), line(second * 1_000))
                    .is_some(),
            );
        }
        assert!((1..=6).contains(&told), "{told}");
    }
}
