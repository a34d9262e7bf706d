//! Places: degrees and minutes, tenths of a minute, and how far off they may be. Whole numbers only.

use std::fmt;

/// A point on the map, to a tenth of a minute of arc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Tenths of a minute north of the equator; negative: south.
    north: i32,
    /// Tenths of a minute east of Greenwich; negative: west.
    east: i32,
}

/// A point and how far off it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fix {
    /// Where.
    pub at: Point,
    /// The uncertainty, in tenths of a nautical mile.
    pub within: u32,
}

impl Point {
    /// A point; `None` where the map has none. Both in tenths of a minute of arc, north and east positive.
    #[must_use]
    pub fn new(north: i32, east: i32) -> Option<Self> {
        let there = north.unsigned_abs() <= POLE && east.unsigned_abs() <= DATE_LINE;
        there.then_some(Self { north, east })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (north, east) = text.split_once(' ')?;
        Self::new(arc(north, 'N', 'S')?, arc(east, 'E', 'W')?)
    }
}

impl Fix {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (at, within) = text.split_once(WITHIN)?;
        Some(Self {
            at: Point::parse(at)?,
            within: tenths(within.strip_suffix(UNIT)?).filter(|&within| within <= WITHIN_MOST)?,
        })
    }
}

/// `12-34.5N` as tenths of a minute.
fn arc(text: &str, positive: char, negative: char) -> Option<i32> {
    let (number, sign) = match text.strip_suffix(positive) {
        Some(number) => (number, 1),
        None => (text.strip_suffix(negative)?, -1),
    };
    let (degrees, minutes) = number.split_once('-')?;
    let degrees = i32::from(degrees.parse::<u8>().ok()?);
    let minutes = i32::try_from(tenths(minutes)?).ok()?;
    (minutes < DEGREE).then_some(sign * (degrees * DEGREE + minutes))
}

/// `34.5` as 345. The one writing is checked by whoever writes the value again.
fn tenths(text: &str) -> Option<u32> {
    let (whole, tenth) = text.split_once('.')?;
    let tenth = tenth.parse::<u32>().ok().filter(|&tenth| tenth < 10)?;
    whole.parse::<u32>().ok()?.checked_mul(10)?.checked_add(tenth)
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half = |tenths: i32, width: usize, positive: char, negative: char| {
            let letter = if tenths < 0 { negative } else { positive };
            let all = tenths.unsigned_abs();
            let (degrees, minutes) = (all / DEGREE.unsigned_abs(), all % DEGREE.unsigned_abs());
            format!("{degrees:0width$}-{:02}.{}{letter}", minutes / 10, minutes % 10)
        };
        write!(
            f,
            "{} {}",
            half(self.north, 2, 'N', 'S'),
            half(self.east, 3, 'E', 'W')
        )
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{WITHIN}{}.{}{UNIT}",
            self.at,
            self.within / 10,
            self.within % 10
        )
    }
}

/// Tenths of a minute in a degree.
const DEGREE: i32 = 600;
/// Tenths of a minute from the equator to a pole.
const POLE: u32 = 54_000;
/// Tenths of a minute from Greenwich to the date line.
const DATE_LINE: u32 = 108_000;
/// The largest uncertainty that still says something: 500 nautical miles, in tenths.
const WITHIN_MOST: u32 = 5_000;
/// Between a point and its uncertainty.
const WITHIN: &str = " within ";
/// Nautical miles.
const UNIT: &str = " NM";
