//! Values with units, as people type them: `100ms`, `1Mbit/s`, `30%`, `64KiB`. What would be ambiguous without a unit is
//! refused without one.

use std::time::Duration;

/// Longest value taken, in characters.
const LONGEST: usize = 32;

/// Longest duration, in seconds. Ten years: as far as a clock is set wrong, and no sum of such overflows.
const LONGEST_S: f64 = 316_224_000.0;

/// A duration: `500us`, `100ms`, `2s`, `1.5s`, `2m`, `1h`.
///
/// # Errors
/// A sentence: what is wrong, and what would do.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = parts(text)?;
    let seconds = match unit {
        "us" | "µs" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        "" => {
            return Err(format!(
                "\"{text}\" has no unit; write a duration like 100ms or 2s"
            ));
        }
        _ => {
            return Err(format!(
                "\"{text}\" is no duration; write one like 500us, 100ms, 2s or 1h"
            ));
        }
    };
    if seconds > LONGEST_S {
        return Err(format!("\"{text}\" is over ten years"));
    }
    let micros = (seconds * 1e6).round();
    Ok(Duration::from_micros(micros as u64))
}

/// A rate in bytes a second: `9600bit/s`, `64kbit/s`, `1Mbit/s`, `1Gbit/s`, `125kB/s`, `1MB/s`.
///
/// # Errors
/// A sentence: what is wrong, and what would do.
pub fn rate(text: &str) -> Result<u64, String> {
    let (number, unit) = parts(text)?;
    let bytes = match unit {
        "bit/s" => number / 8.0,
        "kbit/s" => number * 1e3 / 8.0,
        "Mbit/s" => number * 1e6 / 8.0,
        "Gbit/s" => number * 1e9 / 8.0,
        "B/s" => number,
        "kB/s" => number * 1e3,
        "MB/s" => number * 1e6,
        "" => {
            return Err(format!(
                "\"{text}\" has no unit; write a rate like 1Mbit/s or 125kB/s"
            ));
        }
        _ => {
            return Err(format!(
                "\"{text}\" is no rate; write one like 9600bit/s, 64kbit/s, 1Mbit/s or 125kB/s"
            ));
        }
    };
    let whole = bytes.round();
    if (1.0..=1e11).contains(&whole) {
        Ok(whole as u64)
    } else {
        Err(format!(
            "\"{text}\" is out of range; write a rate between 8bit/s and 800Gbit/s"
        ))
    }
}

/// A share between 0 and 1: `30%`, `0.5%`.
///
/// # Errors
/// A sentence: what is wrong, and what would do.
pub fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = parts(text)?;
    match unit {
        "%" if number <= 100.0 => Ok(number / 100.0),
        "%" => Err(format!(
            "\"{text}\" is more than everything; write a share up to 100%"
        )),
        "" => Err(format!("\"{text}\" has no unit; write a share like 30% or 0.5%")),
        _ => Err(format!("\"{text}\" is no share; write one like 30% or 0.5%")),
    }
}

/// A size in bytes: `1500B`, `64KiB`, `4MiB`, or a bare number of bytes.
///
/// # Errors
/// A sentence: what is wrong, and what would do.
pub fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = parts(text)?;
    let bytes = match unit {
        "" | "B" => number,
        "KiB" => number * 1024.0,
        "MiB" => number * 1024.0 * 1024.0,
        _ => {
            return Err(format!(
                "\"{text}\" is no size; write one like 1500B, 64KiB or 4MiB"
            ));
        }
    };
    let whole = bytes.round();
    if (0.0..=1e12).contains(&whole) {
        Ok(whole as u64)
    } else {
        Err(format!("\"{text}\" is out of range"))
    }
}

/// A number at or above 0 and its unit.
fn parts(text: &str) -> Result<(f64, &str), String> {
    let unit = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let parsed = if text.len() > LONGEST {
        None
    } else {
        number.parse().ok()
    };
    match parsed {
        Some(number) => Ok((number, unit.trim_start())),
        None => Err(format!("\"{text}\" does not begin with a number")),
    }
}

/// A duration as it would be typed.
#[must_use]
pub fn show_duration(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0 => "0ms".to_owned(),
        _ if micros.is_multiple_of(1_000_000) => format!("{}s", micros / 1_000_000),
        _ if micros.is_multiple_of(1_000) => format!("{}ms", micros / 1_000),
        _ => format!("{micros}us"),
    }
}

/// A rate of so many bytes a second as it would be typed.
#[must_use]
pub fn show_rate(bytes: u64) -> String {
    let bits = u128::from(bytes) * 8;
    match bits {
        _ if bits.is_multiple_of(1_000_000_000) => format!("{}Gbit/s", bits / 1_000_000_000),
        _ if bits.is_multiple_of(1_000_000) => format!("{}Mbit/s", bits / 1_000_000),
        _ if bits.is_multiple_of(1_000) => format!("{}kbit/s", bits / 1_000),
        _ => format!("{bits}bit/s"),
    }
}

/// A share as it would be typed.
#[must_use]
pub fn show_share(share: f64) -> String {
    // Six places: what a share like 0.0001% needs, without the noise of binary fractions.
    let text = format!("{:.6}", share * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}%")
}

/// A size as it would be typed.
#[must_use]
pub fn show_size(bytes: u64) -> String {
    match bytes {
        _ if bytes > 0 && bytes.is_multiple_of(1 << 20) => format!("{}MiB", bytes >> 20),
        _ if bytes > 0 && bytes.is_multiple_of(1 << 10) => format!("{}KiB", bytes >> 10),
        _ => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn values_are_read_with_their_units_and_shown_as_they_are_typed() {
        for text in ["100ms", "2s", "1500us", "3600s", "0ms"] {
            assert_eq!(show_duration(duration(text).unwrap()), text);
        }
        assert_eq!(duration("1.5s").unwrap(), Duration::from_millis(1_500));
        for text in ["9600bit/s", "64kbit/s", "1Mbit/s", "2Gbit/s"] {
            assert_eq!(show_rate(rate(text).unwrap()), text);
        }
        assert_eq!(rate("125kB/s").unwrap(), 125_000);
        for text in ["30%", "0.5%", "100%", "0%"] {
            assert_eq!(show_share(share(text).unwrap()), text);
        }
        for text in ["1500B", "64KiB", "4MiB"] {
            assert_eq!(show_size(size(text).unwrap()), text);
        }
        assert_eq!(size("1228").unwrap(), 1_228);
    }

    #[test]
    fn what_has_no_unit_or_another_one_is_refused_with_one_that_would_do() {
        for refused in [
            duration("100"),
            duration("3 parsecs"),
            duration("-1s"),
            duration(""),
        ] {
            assert!(refused.is_err());
        }
        assert!(rate("5").unwrap_err().contains("1Mbit/s"));
        assert!(rate("0bit/s").is_err());
        assert!(share("30").unwrap_err().contains("30%"));
        assert!(share("130%").is_err());
        assert!(share("1.2.3%").is_err());
        assert!(size("3GB").is_err());
        assert!(duration(&"9".repeat(400)).is_err());
    }
}
