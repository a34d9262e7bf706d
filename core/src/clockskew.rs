//! How far another clock lies from ours, with how far that can be off, and when people are told.
//!
//! No timer runs on a wall clock and no evidence is ordered by one, so a clock that is wrong stops nothing. It is told
//! because times that people read do not fit together, and because certificates are judged by it.

pub mod offsets;

use std::fmt;
use std::time::Duration;

use crate::time::{LineTime, WallTime};

/// From here on people are told at their next look: far above what synchronised clocks differ by.
pub const WARN: Duration = Duration::from_secs(2);
/// From here on an alarm sounds: times of both sides no longer order what people did.
pub const ALARM: Duration = Duration::from_secs(10);

/// What a clock read to whole milliseconds leaves open, at both ends.
const READ_MS: u64 = 2;

/// Where another clock stands to ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The other clock ahead of ours, in milliseconds; behind if negative.
    pub ahead_ms: i64,
    /// Wrong by at most so much, either way, in milliseconds.
    pub off_ms: u64,
}

/// How far a clock is off, as people are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Not surely by more than [`WARN`].
    #[default]
    Agrees,
    /// Surely by more than [`WARN`].
    Warn,
    /// Surely by more than [`ALARM`].
    Alarm,
}

/// One other clock, as it was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skew {
    newest: Option<(Estimate, LineTime)>,
    grade: Grade,
}

impl Estimate {
    /// From a time that the other end read at some moment of the last `open`: after it had our question, and before its
    /// answer came now.
    pub fn of(told: WallTime, now: WallTime, open: Duration) -> Self {
        let half = millis(open) / 2;
        let ahead = i128::from(told.unix_ms()) - i128::from(now.unix_ms()) + i128::from(half);
        Self {
            ahead_ms: i64::try_from(ahead).unwrap_or(if ahead < 0 { i64::MIN } else { i64::MAX }),
            off_ms: half.saturating_add(READ_MS),
        }
    }

    /// How far apart the clocks surely are, whatever the measurement left open.
    pub const fn surely_ms(&self) -> u64 {
        self.ahead_ms.unsigned_abs().saturating_sub(self.off_ms)
    }

    /// How far apart they are at most.
    pub const fn at_most_ms(&self) -> u64 {
        self.ahead_ms.unsigned_abs().saturating_add(self.off_ms)
    }
}

impl fmt::Display for Estimate {
    /// `420.012 s ahead (±0.004 s)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.ahead_ms < 0 { "behind" } else { "ahead" };
        let seconds = |ms: u64| format!("{}.{:03} s", ms / 1000, ms % 1000);
        let apart = seconds(self.ahead_ms.unsigned_abs());
        write!(f, "{apart} {way} (±{})", seconds(self.off_ms))
    }
}

impl Grade {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::Agrees, Self::Warn, Self::Alarm];

    /// Formal name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agrees => "AGREES",
            Self::Warn => "WARN",
            Self::Alarm => "ALARM",
        }
    }

    fn of(apart_ms: u64) -> Self {
        if apart_ms > millis(ALARM) {
            Self::Alarm
        } else if apart_ms > millis(WARN) {
            Self::Warn
        } else {
            Self::Agrees
        }
    }
}

impl Skew {
    /// A clock that was not measured yet.
    pub const fn new() -> Self {
        Self {
            newest: None,
            grade: Grade::Agrees,
        }
    }

    /// Takes a measurement that was made now; the new grade if it is another. It gets worse once that is sure, and better once that is sure:
    /// a measurement that leaves much open changes nothing.
    pub fn note(&mut self, estimate: Estimate, now: LineTime) -> Option<Grade> {
        self.newest = Some((estimate, now));
        let surely = Grade::of(estimate.surely_ms());
        let at_most = Grade::of(estimate.at_most_ms());
        let grade = surely.max(self.grade.min(at_most));
        let turned = grade != self.grade;
        self.grade = grade;
        turned.then_some(grade)
    }

    /// The newest measurement.
    pub fn newest(&self) -> Option<Estimate> {
        self.newest.map(|(estimate, _)| estimate)
    }

    /// How long ago that was; none if it was never measured.
    pub fn age(&self, now: LineTime) -> Option<Duration> {
        self.newest.map(|(_, at)| now.since(at))
    }

    /// Whether it was measured at most so long ago. A clock that was not may have been set, or have run away, since.
    pub fn is_fresh(&self, now: LineTime, within: Duration) -> bool {
        self.age(now).is_some_and(|age| age <= within)
    }

    /// How it stood when it was measured last.
    pub const fn grade(&self) -> Grade {
        self.grade
    }
}

/// Whether what others measured says that the clock which is wrong is ours: at least two of them are off, none agrees, and
/// they lie the same way by the same, give or take what the measurements leave open and [`WARN`]. Only what was measured
/// lately is to be asked: see [`Skew::is_fresh`].
pub fn is_ours<'a>(others: impl Iterator<Item = &'a Skew>) -> bool {
    let measured: Vec<(Grade, Estimate)> = others
        .filter_map(|skew| Some((skew.grade, skew.newest()?)))
        .collect();
    let Some((_, first)) = measured.first() else {
        return false;
    };
    let alike = |other: &Estimate| {
        let open = first
            .off_ms
            .saturating_add(other.off_ms)
            .saturating_add(millis(WARN));
        first.ahead_ms.abs_diff(other.ahead_ms) <= open
    };
    let off = |(grade, other): &(Grade, Estimate)| *grade != Grade::Agrees && alike(other);
    measured.len() >= 2 && measured.iter().all(off)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime::from_unix_ms(1_795_000_000_000);

    fn told(ahead_ms: i64, open_ms: u64) -> Estimate {
        let told = NOW.unix_ms().saturating_add_signed(ahead_ms);
        Estimate::of(WallTime::from_unix_ms(told), NOW, Duration::from_millis(open_ms))
    }

    fn noted(estimates: &[Estimate]) -> (Skew, Vec<Option<Grade>>) {
        let mut skew = Skew::new();
        let turned = estimates
            .iter()
            .map(|estimate| skew.note(*estimate, LineTime::START))
            .collect();
        (skew, turned)
    }

    #[test]
    fn a_clock_is_estimated_from_the_middle_of_the_time_in_which_it_was_read() {
        assert_eq!(
            told(420_000, 40),
            Estimate {
                ahead_ms: 420_020,
                off_ms: 22
            }
        );
        assert_eq!(told(-180_000, 40).to_string(), "179.980 s behind (±0.022 s)");
        let never = Estimate::of(WallTime::from_unix_ms(u64::MAX), NOW, Duration::MAX);
        assert!(never.surely_ms() <= never.at_most_ms());
    }

    #[test]
    fn a_clock_that_is_surely_off_by_more_than_2_s_is_a_warning_and_by_more_than_10_s_an_alarm() {
        let (_, turned) = noted(&[told(1_900, 0), told(2_100, 0), told(9_900, 0), told(-10_100, 0)]);
        assert_eq!(turned, [None, Some(Grade::Warn), None, Some(Grade::Alarm)]);
        let (_, turned) = noted(&[told(420_000, 4)]);
        assert_eq!(turned, [Some(Grade::Alarm)]);
    }

    #[test]
    fn a_measurement_that_leaves_much_open_changes_no_grade_of_a_clock() {
        let (skew, turned) = noted(&[told(420_000, 4), told(0, 60_000), told(2_100, 0), told(0, 4)]);
        assert_eq!(
            turned,
            [Some(Grade::Alarm), None, Some(Grade::Warn), Some(Grade::Agrees)]
        );
        assert_eq!(skew.newest(), Some(told(0, 4)));
    }

    #[test]
    fn a_clock_that_was_measured_long_ago_does_not_count_as_measured() {
        let (at, within) = (
            |s| LineTime::from_start(Duration::from_secs(s)),
            Duration::from_secs(180),
        );
        let mut skew = Skew::new();
        assert!(!skew.is_fresh(at(0), within), "it was never measured");
        skew.note(told(420_000, 4), at(10));
        assert!(skew.is_fresh(at(190), within));
        assert!(!skew.is_fresh(at(191), within));
        assert_eq!(skew.age(at(3_610)), Some(Duration::from_secs(3_600)));
        assert_eq!(skew.grade(), Grade::Alarm, "what it was is not forgotten");
        assert_eq!(skew.note(told(420_000, 4), at(3_610)), None, "nor told again");
        assert!(skew.is_fresh(at(3_610), within));
    }

    #[test]
    fn a_desk_whose_clock_differs_from_all_others_alike_is_wrong_itself() {
        let skew = |ahead| noted(&[told(ahead, 4)]).0;
        let (two, all) = ([skew(-420_000), skew(-419_900)], [skew(-420_000), skew(5)]);
        assert!(is_ours(two.iter()));
        assert!(!is_ours(all.iter()), "one of them agrees with ours");
        assert!(!is_ours(two.iter().take(1)), "one alone proves nothing");
        assert!(!is_ours([skew(-420_000), skew(420_000)].iter()));
    }
}
