//! The longest gap between receipts in a stretch of time.
//!
//! A gap that reaches from a stretch with a fault into a quiet one is the fault's, and counts whole: counted for both, it
//! would be compared with itself.

use std::time::Duration;

use hotline_core::time::LineTime;

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub from: LineTime,
    /// Its end.
    pub to: LineTime,
}

impl Stretch {
    /// How long it is.
    pub fn length(self) -> Duration {
        self.to.since(self.from)
    }
}

/// The longest time between two receipts, of which any part lies in the stretch. A gap counts whole, however far it
/// reaches beyond. `receipts` are in order; without any on one side, the gap reaches to that end of the stretch.
pub fn longest_touching(receipts: &[LineTime], stretch: Stretch) -> Stretch {
    let first = receipts.partition_point(|at| *at <= stretch.from);
    let behind = receipts.partition_point(|at| *at < stretch.to);
    let before = first
        .checked_sub(1)
        .and_then(|index| receipts.get(index))
        .copied();
    let after = receipts.get(behind).copied();
    let inside = receipts.get(first..behind).unwrap_or_default();
    let ends = inside.iter().copied().chain([after.unwrap_or(stretch.to)]);
    let begins = [before.unwrap_or(stretch.from)]
        .into_iter()
        .chain(inside.iter().copied());
    longest(begins.zip(ends), stretch)
}

/// The longest time between two receipts that both lie in the stretch; nothing if fewer than two do. `receipts` are in
/// order.
pub fn longest_inside(receipts: &[LineTime], stretch: Stretch) -> Stretch {
    let first = receipts.partition_point(|at| *at < stretch.from);
    let behind = receipts.partition_point(|at| *at <= stretch.to);
    let inside = receipts.get(first..behind).unwrap_or_default();
    let ends = inside.iter().copied().skip(1);
    longest(inside.iter().copied().zip(ends), stretch)
}

fn longest(gaps: impl Iterator<Item = (LineTime, LineTime)>, stretch: Stretch) -> Stretch {
    gaps.map(|(from, to)| Stretch { from, to })
        .max_by_key(|gap| gap.length())
        .unwrap_or(Stretch {
            from: stretch.from,
            to: stretch.from,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> LineTime {
        LineTime::from_start(Duration::from_millis(ms))
    }

    fn gap(receipts: &[u64], from: u64, to: u64) -> u128 {
        measured(longest_touching, receipts, from, to)
    }

    fn measured(longest: fn(&[LineTime], Stretch) -> Stretch, receipts: &[u64], from: u64, to: u64) -> u128 {
        let receipts: Vec<LineTime> = receipts.iter().map(|ms| at(*ms)).collect();
        longest(
            &receipts,
            Stretch {
                from: at(from),
                to: at(to),
            },
        )
        .length()
        .as_millis()
    }

    #[test]
    fn the_longest_gap_inside_is_found() {
        assert_eq!(gap(&[0, 10, 20, 55, 60, 100], 5, 70), 40);
        assert_eq!(gap(&[0, 10, 20, 55, 60, 70], 5, 65), 35);
    }

    #[test]
    fn a_gap_that_reaches_beyond_the_stretch_counts_whole() {
        assert_eq!(gap(&[0, 100], 40, 60), 100);
        assert_eq!(gap(&[0, 50, 100], 40, 60), 50);
    }

    #[test]
    fn gaps_elsewhere_do_not_count() {
        assert_eq!(gap(&[0, 500, 510, 520, 900], 511, 519), 10);
    }

    #[test]
    fn a_gap_that_begins_before_a_fault_is_the_faults_and_not_the_quiet_ones() {
        let receipts = [0, 10, 20, 900, 910, 925];
        assert_eq!(measured(longest_inside, &receipts, 0, 21), 10);
        assert_eq!(gap(&receipts, 21, 905), 880);
        assert_eq!(measured(longest_inside, &receipts, 905, 930), 15);
        assert_eq!(measured(longest_inside, &receipts, 30, 800), 0);
    }

    #[test]
    fn silence_to_the_end_is_a_gap() {
        assert_eq!(gap(&[0, 10], 5, 300), 290);
        assert_eq!(gap(&[], 100, 300), 200);
    }
}
