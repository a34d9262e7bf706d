//! Three clocks, three types, and no way from one to another.
//!
//! Wall time is for people and papers, line time for heartbeats and resends, story time for the exercise. Pausing or
//! compressing the story must never move the line (promise 11), so nothing here converts between them. Nothing here
//! reads a clock either: whoever drives a machine tells it the time.

use std::fmt;
use std::time::Duration;

/// Milliseconds since 1970, UTC. In statements it is a claim of the signer; it decides no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(u64);

/// Time since this process started its monotonic clock. Only for heartbeats, resends and idle limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineTime(Duration);

/// Exercise time since STARTEX. It can pause and be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoryTime(Duration);

/// A date-time group: `221042Z NOV 26`, always UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dtg(WallTime);

// === impl WallTime ===

impl WallTime {
    /// From milliseconds since 1970, UTC.
    pub const fn from_unix_ms(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since 1970, UTC.
    pub const fn unix_ms(self) -> u64 {
        self.0
    }

    /// This time as a date-time group.
    pub const fn dtg(self) -> Dtg {
        Dtg(self)
    }

    /// `2026-11-22T10:42:07.000Z`, or the bare number of milliseconds where the calendar ends (a claim may be any
    /// number).
    pub fn rfc3339(self) -> String {
        match self.calendar() {
            Some(at) => format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                at.year(),
                at.month(),
                at.day(),
                at.hour(),
                at.minute(),
                at.second(),
                at.millisecond()
            ),
            None => format!("{} ms since 1970", self.0),
        }
    }

    /// How far two clocks' times lie apart, in either direction.
    pub const fn distance(self, other: Self) -> Duration {
        Duration::from_millis(self.0.abs_diff(other.0))
    }

    fn calendar(self) -> Option<jiff::civil::DateTime> {
        let milliseconds = i64::try_from(self.0).ok()?;
        let timestamp = jiff::Timestamp::from_millisecond(milliseconds).ok()?;
        Some(jiff::tz::Offset::UTC.to_datetime(timestamp))
    }
}

// === impl LineTime ===

impl LineTime {
    /// The start of the clock.
    pub const START: Self = Self(Duration::ZERO);

    /// The time `elapsed` after the clock's start.
    pub const fn from_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// Time since the clock's start.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The time `later` by this much; the end of time when that is further.
    #[must_use]
    pub const fn after(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later))
    }

    /// How long ago `earlier` was; zero if it is still to come.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

// === impl StoryTime ===

impl StoryTime {
    /// STARTEX.
    pub const STARTEX: Self = Self(Duration::ZERO);

    /// The story time `elapsed` after STARTEX.
    pub const fn from_startex(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// Story time since STARTEX.
    pub const fn since_startex(self) -> Duration {
        self.0
    }

    /// The story time later by this much.
    #[must_use]
    pub const fn after(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later))
    }

    /// How much story passed since `earlier`; zero if that is still to come.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for StoryTime {
    /// `T+00:37:12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        write!(
            f,
            "T+{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }
}

// === impl Dtg ===

impl fmt::Display for Dtg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(at) = self.0.calendar() else {
            return f.write_str(NO_DTG);
        };
        let month = usize::try_from(at.month())
            .ok()
            .and_then(|month| MONTHS.get(month.checked_sub(1)?))
            .unwrap_or(&"???");
        write!(
            f,
            "{:02}{:02}{:02}Z {month} {:02}",
            at.day(),
            at.hour(),
            at.minute(),
            at.year().rem_euclid(100)
        )
    }
}

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
/// What stands for a claimed time that no calendar has.
const NO_DTG: &str = "??????Z ??? ??";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_dtg_is_day_hour_minute_month_year_in_utc() {
        let at = WallTime::from_unix_ms(1_795_344_127_000);
        assert_eq!(at.rfc3339(), "2026-11-22T10:42:07.000Z");
        assert_eq!(at.dtg().to_string(), "221042Z NOV 26");
        assert_eq!(WallTime::from_unix_ms(0).dtg().to_string(), "010000Z JAN 70");
        assert_eq!(
            WallTime::from_unix_ms(951_782_400_000).dtg().to_string(),
            "290000Z FEB 00"
        );
    }

    #[test]
    fn a_claimed_time_beyond_the_calendar_is_shown_and_not_guessed() {
        let at = WallTime::from_unix_ms(u64::MAX);
        assert_eq!(at.dtg().to_string(), "??????Z ??? ??");
        assert_eq!(at.rfc3339(), "18446744073709551615 ms since 1970");
    }

    #[test]
    fn line_time_never_overflows_and_never_runs_below_zero() {
        let end = LineTime::from_start(Duration::MAX);
        assert_eq!(end.after(Duration::from_secs(1)), end);
        assert_eq!(LineTime::START.since(end), Duration::ZERO);
        assert_eq!(
            LineTime::START
                .after(Duration::from_secs(3))
                .since(LineTime::START),
            Duration::from_secs(3)
        );
    }

    #[test]
    fn two_wall_times_lie_apart_alike_both_ways() {
        let (early, late) = (WallTime::from_unix_ms(1_000), WallTime::from_unix_ms(4_000));
        assert_eq!(early.distance(late), Duration::from_secs(3));
        assert_eq!(late.distance(early), Duration::from_secs(3));
    }

    #[test]
    fn story_time_counts_from_startex() {
        assert_eq!(
            StoryTime::STARTEX.after(Duration::from_secs(2232)).to_string(),
            "T+00:37:12"
        );
    }

    proptest! {
        #[test]
        fn every_number_of_milliseconds_can_be_shown(milliseconds: u64) {
            let at = WallTime::from_unix_ms(milliseconds);
            prop_assert!(!at.rfc3339().is_empty());
            prop_assert_eq!(at.dtg().to_string().len(), 14);
        }
    }
}
