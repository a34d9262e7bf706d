//! Lengths of time, each on a clock: `10m story`, `2s line`. There is no way from one clock to the other here: how fast
//! the story runs is control's business, and changes.

use std::{fmt, time::Duration};

use hotline_faults::value;

use super::place::Code;

/// A length of exercise time. It stands still in a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorySpan(pub Duration);

/// A length of line time. It never stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineSpan(pub Duration);

/// A length of time on the clock that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// Of the story.
    Story(StorySpan),
    /// Of the line.
    Line(LineSpan),
}

/// The text is no length of time that a plan may hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct NotASpan {
    /// Which mistake.
    pub code: Code,
    /// A sentence: what is wrong, and what would do.
    pub what: String,
}

impl Span {
    /// Reads `10m story` or `2s line`.
    ///
    /// # Errors
    /// [`NotASpan`]: no clock, the wall clock, a date, or no duration.
    pub fn parse(text: &str) -> Result<Self, NotASpan> {
        let refused = |code, what: String| Err(NotASpan { code, what });
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let (Some(number), clock, None) = (words.next(), words.next(), words.next()) else {
            return refused(Code::NoClock, format!("\"{text}\" is no length of time; {DO}"));
        };
        if is_date(number) {
            let what = format!("\"{text}\" is a date or an hour; times of a plan are relative: {DO}");
            return refused(Code::Absolute, what);
        }
        let duration = value::duration(number);
        match (duration, clock) {
            (Ok(length), Some("story")) => Ok(Self::Story(StorySpan(length))),
            (Ok(length), Some("line")) => Ok(Self::Line(LineSpan(length))),
            (_, Some("wall")) => refused(
                Code::WallClock,
                format!("\"{text}\": no plan hangs on a wall clock; {DO}"),
            ),
            (Err(what), Some(_)) => refused(Code::NoClock, format!("{what}; {DO}")),
            (_, None) => refused(Code::NoClock, format!("\"{text}\" does not name its clock; {DO}")),
            (Ok(_), Some(other)) => refused(Code::NoClock, format!("\"{other}\" is no clock; {DO}")),
        }
    }

    /// How long, on its own clock.
    #[must_use]
    pub const fn length(self) -> Duration {
        match self {
            Self::Story(StorySpan(length)) | Self::Line(LineSpan(length)) => length,
        }
    }

    /// Longer than nothing?
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.length().is_zero()
    }
}

/// How far ahead of its signing a date-time group lies that is written `now`, or `now+6h story`; none for any other text.
///
/// # Errors
/// [`NotASpan`]: behind `now+` stands no length of story time.
#[must_use]
pub fn ahead(text: &str) -> Option<Result<StorySpan, NotASpan>> {
    let rest = text.strip_prefix("now")?;
    if rest.is_empty() {
        return Some(Ok(StorySpan(Duration::ZERO)));
    }
    let read = match Span::parse(rest.strip_prefix('+')?) {
        Ok(Span::Story(length)) => Ok(length),
        Ok(Span::Line(_)) => Err(NotASpan {
            code: Code::NoClock,
            what: format!("\"{text}\": people reckon on the story; write one like \"now+6h story\""),
        }),
        Err(wrong) => Err(wrong),
    };
    Some(read)
}

/// What to write instead.
const DO: &str = "write it with its clock, like \"10m story\" or \"2s line\"";

/// `2026-11-26`, `11:05`, `1105Z`: something with a day or an hour of the day.
fn is_date(word: &str) -> bool {
    let digit = word.starts_with(|first: char| first.is_ascii_digit());
    digit && (word.contains(':') || word.contains('-') || word.ends_with('Z'))
}

impl fmt::Display for Span {
    /// As it would be written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = match self {
            Self::Story(_) => "story",
            Self::Line(_) => "line",
        };
        write!(f, "{} {clock}", value::show_duration(self.length()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_date_time_group_may_lie_so_much_of_the_story_ahead_of_its_signing() {
        let six = StorySpan(Duration::from_secs(6 * 3_600));
        assert_eq!(ahead("now").unwrap().unwrap(), StorySpan(Duration::ZERO));
        assert_eq!(ahead("now+6h story").unwrap().unwrap(), six);
        assert_eq!(ahead("260942Z NOV 26"), None);
        assert_eq!(ahead("nowhere"), None);
        for wrong in ["now+6h", "now+6h line", "now+260942Z"] {
            assert!(ahead(wrong).unwrap().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_length_of_time_names_the_story_or_the_line() {
        let ten = Duration::from_secs(600);
        assert_eq!(Span::parse("10m story").unwrap(), Span::Story(StorySpan(ten)));
        assert_eq!(
            Span::parse("2s line").unwrap(),
            Span::Line(LineSpan(Duration::from_secs(2)))
        );
        assert_eq!(Span::parse("90s line").unwrap().length(), Duration::from_secs(90));
    }

    #[test]
    fn a_bare_number_a_wall_clock_and_a_date_are_told_apart() {
        for (text, code) in [
            ("10m", Code::NoClock),
            ("10", Code::NoClock),
            ("", Code::NoClock),
            ("10 story", Code::NoClock),
            ("10m strory", Code::NoClock),
            ("10m story line", Code::NoClock),
            ("10m wall", Code::WallClock),
            ("2026-11-26 story", Code::Absolute),
            ("11:05 story", Code::Absolute),
            ("1105Z", Code::Absolute),
        ] {
            let error = Span::parse(text).unwrap_err();
            assert_eq!(error.code, code, "{text}: {error}");
            assert!(error.what.contains("10m story"), "{error}");
        }
    }

    #[test]
    fn a_length_is_written_as_it_is_read() {
        for text in ["10m story", "2s line", "500ms line", "48h story"] {
            let span = Span::parse(text).unwrap();
            assert_eq!(Span::parse(&span.to_string()).unwrap(), span, "{text}");
        }
    }
}
