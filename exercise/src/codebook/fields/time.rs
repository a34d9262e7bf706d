//! Date-time groups that people write: `260942Z NOV 26`.

use std::fmt;

use hotline_core::time::WallTime;

/// A minute between 2000 and 2099, as a date-time group names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(WallTime);

impl Stamp {
    /// The minute that `at` lies in; `None` outside the years 2000 to 2099, which two digits cannot tell apart.
    #[must_use]
    pub fn of(at: WallTime) -> Option<Self> {
        let ms = at.unix_ms();
        (YEAR_2000..YEAR_2100)
            .contains(&ms)
            .then(|| Self(WallTime::from_unix_ms(ms - ms % MINUTE)))
    }

    /// The start of this minute.
    #[must_use]
    pub fn start(self) -> WallTime {
        self.0
    }

    /// `None` unless exactly this is written for that minute: no 31 FEB, no 2400Z.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u64>().ok();
        let (day, hour, minute, year) = (part(0..2)?, part(2..4)?, part(4..6)?, part(12..14)?);
        let name = text.get(8..11)?;
        let month = MONTHS.iter().position(|(month, _)| *month == name)?;
        let before: u64 = MONTHS.iter().take(month).map(|(_, days)| days).sum();
        // Every fourth year of this century is a leap year, the first among them.
        let leap = u64::from(year % 4 == 0 && month > 1);
        let days = year * 365 + year.div_ceil(4) + before + leap + day.checked_sub(1)?;
        let at = WallTime::from_unix_ms(YEAR_2000 + days * DAY + hour * HOUR + minute * MINUTE);
        Self::of(at).filter(|stamp| stamp.to_string() == text)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.dtg().fmt(f)
    }
}

/// Months and their days in a common year.
const MONTHS: [(&str, u64); 12] = [
    ("JAN", 31),
    ("FEB", 28),
    ("MAR", 31),
    ("APR", 30),
    ("MAY", 31),
    ("JUN", 30),
    ("JUL", 31),
    ("AUG", 31),
    ("SEP", 30),
    ("OCT", 31),
    ("NOV", 30),
    ("DEC", 31),
];
/// Milliseconds.
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The first millisecond of 2000 and of 2100, since 1970.
const YEAR_2000: u64 = 946_684_800_000;
const YEAR_2100: u64 = 4_102_444_800_000;
