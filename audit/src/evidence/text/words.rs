//! Small words of the pages: names and times as people read them, and strangers' words made harmless.

/// `relay/south` of a longer name.
pub(super) fn relay(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, rest)| rest)
}

pub(super) fn all(sides: &[String]) -> String {
    if sides.is_empty() {
        return "nobody's own logs".to_owned();
    }
    sides.join(" and ")
}

/// Words of others do nothing to a terminal.
pub(super) fn safe(text: &str) -> String {
    text.escape_debug()
        .to_string()
        .replace("\\'", "'")
        .replace("\\\"", "\"")
}

/// A proof line by line, as it is; but names in a note may hold what turns a terminal's lines around.
pub(super) fn verbatim(text: &str) -> String {
    let lines: Vec<String> = text.trim_end().lines().map(safe).collect();
    lines.join("\n")
}

/// At most a line's worth of somebody's words.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let begin: String = text.chars().take(MOST).collect();
    format!("{begin} …")
}

/// `2026-11-18 14:26:41.000Z`.
pub(super) fn time_ms(ms: u64) -> String {
    let text = time_s(ms / 1000);
    format!("{}.{:03}Z", text.trim_end_matches('Z'), ms % 1000)
}

/// `2026-11-18 14:26:41Z`: days and seconds since 1970, by the calendar.
pub(super) fn time_s(seconds: u64) -> String {
    // Years beyond 9999 are nobody's, and the sums below stay small.
    let seconds = seconds.min(253_402_300_799);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Year, month and day of a day since 1970-01-01, by counting in eras of 400 years that begin on 1 March.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_told_by_the_calendar() {
        assert_eq!(time_s(0), "1970-01-01 00:00:00Z");
        assert_eq!(time_s(951_782_400), "2000-02-29 00:00:00Z");
        assert_eq!(time_ms(1_795_000_001_234), "2026-11-18 11:06:41.234Z");
        assert_eq!(time_s(4_107_542_399), "2100-02-28 23:59:59Z");
        assert_eq!(time_s(4_107_542_400), "2100-03-01 00:00:00Z");
        assert_eq!(time_s(u64::MAX), "9999-12-31 23:59:59Z");
    }
}
