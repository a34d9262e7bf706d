//! How a report says times and lengths: exactly, and the same everywhere.

/// A length: `0.412 s`, `12 s`, `4 min 05.120 s`, `3 h`, `1 h 04 min 05 s`. Every millisecond stays.
#[must_use]
pub fn length(ms: u64) -> String {
    let (seconds, rest) = (ms / 1_000, ms % 1_000);
    let fraction = if rest == 0 {
        String::new()
    } else {
        format!(".{rest:03}")
    };
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, seconds, rest) {
        (0, 0, ..) => format!("{seconds}{fraction} s"),
        (0, minutes, 0, 0) => format!("{minutes} min"),
        (0, minutes, ..) => format!("{minutes} min {seconds:02}{fraction} s"),
        (hours, 0, 0, 0) => format!("{hours} h"),
        (hours, minutes, 0, 0) => format!("{hours} h {minutes:02} min"),
        (hours, minutes, ..) => format!("{hours} h {minutes:02} min {seconds:02}{fraction} s"),
    }
}

/// A length with its direction: `+4 s`, `−2 min`, `0 s`.
#[must_use]
pub fn signed(ms: i64) -> String {
    let words = length(ms.unsigned_abs());
    match ms {
        0 => words,
        1.. => format!("+{words}"),
        _ => format!("\u{2212}{words}"),
    }
}

/// A moment of the story, exactly: `T+00:37:12.250`.
#[must_use]
pub fn story(ms: u64) -> String {
    let seconds = ms / 1_000;
    format!(
        "T+{:02}:{:02}:{:02}.{:03}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60,
        ms % 1_000
    )
}

/// A short length for a place where little fits, of an axis or a label: `500 ms`, `10 s`, `5 min`, `2 h`, `1 d`.
#[must_use]
pub fn short(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let unit = UNITS
        .iter()
        .find(|(unit, _)| ms >= *unit && ms.is_multiple_of(*unit));
    match unit {
        None if ms == 0 => "0".into(),
        Some((unit, name)) => format!("{} {name}", ms / unit),
        None => format!("{ms} ms"),
    }
}

/// A rate of thousandths: `60`, `0.5`.
#[must_use]
pub fn rate(thousandths: u32) -> String {
    let (whole, rest) = (thousandths / 1_000, thousandths % 1_000);
    if rest == 0 {
        whole.to_string()
    } else {
        format!("{whole}.{rest:03}").trim_end_matches('0').to_owned()
    }
}

/// A number of things: `1 gap`, `3 gaps`.
#[must_use]
pub fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Several things in one line, `and` before none of them; a dash for nothing.
#[must_use]
pub fn list(things: &[String]) -> String {
    if things.is_empty() {
        "\u{2013}".into()
    } else {
        things.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_keep_every_millisecond() {
        assert_eq!(length(0), "0 s");
        assert_eq!(length(412), "0.412 s");
        assert_eq!(length(12_000), "12 s");
        assert_eq!(length(245_120), "4 min 05.120 s");
        assert_eq!(length(3_845_000), "1 h 04 min 05 s");
        assert_eq!(signed(-120_000), "\u{2212}2 min");
        assert_eq!(signed(4_000), "+4 s");
        assert_eq!(length(10_800_000), "3 h");
        assert_eq!(length(5_880_000), "1 h 38 min");
        assert_eq!(length(5_880_001), "1 h 38 min 00.001 s");
        assert_eq!(counted(1, "gap"), "1 gap");
        assert_eq!(counted(0, "gap"), "0 gaps");
        assert_eq!(story(2_232_250), "T+00:37:12.250");
        assert_eq!(short(1_500), "1500 ms");
        assert_eq!(short(300_000), "5 min");
        assert_eq!(rate(60_000), "60");
        assert_eq!(rate(500), "0.5");
    }
}
