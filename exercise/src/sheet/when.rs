//! T+: when an inject comes.

use std::time::Duration;

use hotline_faults::value;

use super::grid::Cell;
use crate::scenario::{
    mark::Mark,
    moment::{Span, StorySpan},
    msel::When,
    place::Placed,
};

/// What may stand in the column, for whoever wrote something else.
const DO: &str = "write 0:05 (hours and minutes), 0:05:00, 5m, or \"90s line after inject 1.1.1\"";

/// Seconds of a day.
const DAY_S: f64 = 86_400.0;
/// Longest time of a plan, in days: a hundred.
const DAYS_MAX: f64 = 100.0;

/// The cells `planned T+` and `contingency`.
pub(super) fn show(when: &When) -> (String, String) {
    match when {
        When::At(at) => (show_at(at.0), String::new()),
        When::After { mark, by } => (format!("{by} after {}", mark.value), String::new()),
        When::Unless { expect, within } => (within.to_string(), expect.value.clone()),
    }
}

/// `0:05:00`, with as many decimals as it has.
pub(super) fn show_at(at: Duration) -> String {
    let seconds = at.as_secs();
    let whole = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match at.subsec_micros() {
        0 => whole,
        micros => format!("{whole}.{}", format!("{micros:06}").trim_end_matches('0')),
    }
}

/// Reads both cells.
pub(super) fn read(planned: &Cell, contingency: &str) -> Result<When, String> {
    if !contingency.is_empty() {
        return Ok(When::Unless {
            expect: Placed::nowhere(contingency.to_owned()),
            within: length(planned)?,
        });
    }
    let text = planned.text();
    match text.split_once(" after ") {
        None => match length(planned)? {
            Span::Story(at) => Ok(When::At(at)),
            Span::Line(_) => Err(format!(
                "\"{text}\": what comes at a moment comes at one of the story; {DO}"
            )),
        },
        Some((by, mark)) => {
            let by = Span::parse(by.trim()).map_err(|error| error.what)?;
            let mark: Mark = mark.trim().parse().map_err(|error| format!("{error}"))?;
            let mark = Placed::nowhere(mark);
            Ok(When::After { mark, by })
        }
    }
}

fn length(cell: &Cell) -> Result<Span, String> {
    let story = |length| Span::Story(StorySpan(length));
    match cell {
        Cell::Empty => Err(format!("nothing says when it comes; {DO}")),
        Cell::Time(days) => in_days(*days, 1e3).map(story),
        Cell::Number(number) => fraction(*number).map(story),
        Cell::Text(text) => typed(text.trim()),
        Cell::Date => Err(format!(
            "this is a date, and times of a plan are relative to STARTEX; {DO}"
        )),
        Cell::Error(shown) => Err(format!("the formula gives {shown}; {DO}")),
    }
}

/// A bare number is a part of a day, as a sheet keeps times; it is shown in whole seconds there.
fn fraction(number: f64) -> Result<Duration, String> {
    if (0.0..1.0).contains(&number) {
        return in_days(number, 1.0);
    }
    Err(format!("{number} names no unit; {DO}"))
}

/// To the nearest of so many parts of a second.
fn in_days(days: f64, parts: f64) -> Result<Duration, String> {
    if !(0.0..=DAYS_MAX).contains(&days) {
        return Err(format!(
            "it is not between STARTEX and {DAYS_MAX} days after it; {DO}"
        ));
    }
    Ok(Duration::from_secs_f64((days * DAY_S * parts).round() / parts))
}

fn typed(text: &str) -> Result<Span, String> {
    let story = |length| Span::Story(StorySpan(length));
    let behind = text.strip_prefix("T+").unwrap_or(text).trim_start();
    if behind.starts_with(['-', '−']) {
        return Err(format!(
            "\"{text}\" is before STARTEX, where nothing of a plan comes; {DO}"
        ));
    }
    if behind.contains(':') {
        return hours(behind)
            .map(story)
            .ok_or_else(|| format!("\"{text}\" is no time after STARTEX; {DO}"));
    }
    if behind.contains(' ') {
        return Span::parse(behind).map_err(|error| error.what);
    }
    let digits = behind.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match behind.parse::<f64>() {
        Ok(number) if digits => fraction(number).map(story),
        _ => value::duration(behind)
            .map(story)
            .map_err(|what| format!("{what}; {DO}")),
    }
}

/// `0:05`, `0:05:00`, `0:05:00.250`.
fn hours(text: &str) -> Option<Duration> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let numbers: Vec<&str> = whole.split(':').collect();
    let digits = |text: &str| !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    if !(2..=3).contains(&numbers.len()) || !numbers.iter().all(|text| digits(text)) {
        return None;
    }
    if part.len() > 6
        || (text.contains('.') && (numbers.len() == 2 || !part.bytes().all(|b| b.is_ascii_digit())))
    {
        return None;
    }
    let number = |at: usize| numbers.get(at).map_or(Some(0), |text| text.parse::<u64>().ok());
    let (hours, minutes, seconds) = (number(0)?, number(1)?, number(2)?);
    if minutes > 59 || seconds > 59 {
        return None;
    }
    let micros: u64 = format!("{part:0<6}").parse().ok()?;
    let whole = Duration::from_secs(hours * 3600 + minutes * 60 + seconds);
    Some(whole + Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    fn at(cell: &Cell) -> Duration {
        match read(cell, "").unwrap() {
            When::At(at) => at.0,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn five_minutes_are_five_minutes_however_a_sheet_has_them() {
        let five = Duration::from_secs(300);
        for typed in [
            "0:05",
            "5m",
            "00:05:00",
            "T+0:05",
            "300s",
            "5m story",
            "0.003472222",
            " 0:05 ",
            "T+ 5m",
        ] {
            assert_eq!(at(&text(typed)), five, "{typed}");
        }
        for cell in [Cell::Time(300.0 / DAY_S), Cell::Number(0.003_472_2)] {
            assert_eq!(at(&cell), five, "{cell:?}");
        }
        assert_eq!(at(&Cell::Time(1.5)), Duration::from_secs(36 * 3600));
        assert_eq!(at(&text("36:00")), Duration::from_secs(36 * 3600));
        assert_eq!(at(&text("0:00:01.5")), Duration::from_millis(1_500));
        assert_eq!(at(&Cell::Number(0.0)), Duration::ZERO);
    }

    #[test]
    fn what_has_no_unit_or_is_no_relative_time_is_refused_with_what_would_do() {
        for cell in [
            Cell::Empty,
            Cell::Number(5.0),
            Cell::Number(-0.1),
            Cell::Time(-1.0),
            Cell::Time(f64::NAN),
            Cell::Time(1e9),
            Cell::Date,
            Cell::Error("#REF!".into()),
            text("5"),
            text("0:75"),
            text("0:05:61"),
            text("1:2:3:4"),
            text(":"),
            text("0:05.5"),
            text("-0:05"),
            text("soon"),
            text("5 parsecs"),
            text("2s line"),
            text("99999999999:00"),
            text("inf"),
            text("NaN"),
        ] {
            let refused = read(&cell, "").unwrap_err();
            assert!(
                refused.contains("5m") || refused.contains("10m story"),
                "{cell:?}: {refused}"
            );
        }
    }

    #[test]
    fn a_moment_is_written_as_it_is_read() {
        for (planned, contingency) in [
            ("0:05:00", ""),
            ("0:00:01.5", ""),
            ("47:59:59", ""),
            ("90s line after inject 1.1.1", ""),
            ("0ms story after m1.DELIVERED@B", ""),
            ("300s story", "E1"),
        ] {
            let when = read(&text(planned), contingency).unwrap();
            assert_eq!(show(&when), (planned.to_owned(), contingency.to_owned()));
        }
    }
}
