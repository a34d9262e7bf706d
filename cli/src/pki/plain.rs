//! Times and numbers in words that people read at a glance.

use hotline_core::time::WallTime;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// How long until `end_ms`, or how long ago it was: "23 h 55 min left", "ended 2 d 3 h ago".
#[must_use]
pub fn remaining(end_ms: u64, now: WallTime) -> String {
    match end_ms.checked_sub(now.unix_ms()) {
        Some(left) => format!("{} left", span(left)),
        None => format!("ended {} ago", span(now.unix_ms() - end_ms)),
    }
}

/// A point in time and how far it is from now.
#[must_use]
pub fn end(end_ms: u64, now: WallTime) -> String {
    format!("{} ({})", date(end_ms), remaining(end_ms, now))
}

/// A point in time, RFC 3339.
#[must_use]
pub fn date(ms: u64) -> String {
    WallTime::from_unix_ms(ms).rfc3339()
}

/// A span in its two largest units.
#[must_use]
pub fn span(ms: u64) -> String {
    let (days, hours, minutes) = (ms / DAY_MS, ms % DAY_MS / HOUR_MS, ms % HOUR_MS / MINUTE_MS);
    match (days, hours, minutes) {
        (0, 0, 0) => "under 1 min".into(),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// "1 key", "2 keys".
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_life_is_told_in_its_two_largest_units() {
        let now = WallTime::from_unix_ms(10 * DAY_MS);
        for (end, told) in [
            (10 * DAY_MS, "under 1 min left"),
            (10 * DAY_MS + 23 * HOUR_MS + 55 * MINUTE_MS, "23 h 55 min left"),
            (14 * DAY_MS, "4 d left"),
            (8 * DAY_MS - 3 * HOUR_MS, "ended 2 d 3 h ago"),
            (10 * DAY_MS - HOUR_MS, "ended 1 h ago"),
        ] {
            assert_eq!(remaining(end, now), told);
        }
    }
}
