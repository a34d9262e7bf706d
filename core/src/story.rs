//! The story clock: how exercise time runs over line time.
//!
//! It starts, pauses, goes on, changes its rate, leaps and ends, by turns that control orders; between turns it runs by
//! itself. It reads no clock and moves none: the line's timers know nothing of it (promise 11). Rates are whole
//! thousandths, so that two clocks with the same turns agree to the nanosecond, on any machine.
//!
//! Control has a [`StoryClock`] and tells of it by a [`StoryWord`]; a desk runs its people's time by a [`DeskStory`].

mod desk;
mod word;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use desk::{DeskStory, FACTOR_MAX};
pub use word::{NotAWord, SEGMENTS_MAX, Segment, StoryWord, Told};

use crate::plant;
use crate::time::{LineTime, StoryTime};

/// How many seconds of story pass in one of the line, in thousandths: from ×0.1 to ×60.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u32);

/// How a story clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Running {
    /// Before STARTEX.
    NotStarted,
    /// It runs.
    Running(Rate),
    /// It stands, and will go on at this rate.
    Paused(Rate),
    /// After ENDEX. It does not run again.
    Ended,
}

/// What control does to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    /// STARTEX, at this rate.
    Start(Rate),
    /// From now on the story stands still.
    Pause,
    /// It goes on at the rate that it had.
    Resume,
    /// Another rate; while it is paused, the one at which it will go on.
    Speed(Rate),
    /// Straight to a later moment of the story.
    Leap(StoryTime),
    /// ENDEX.
    End,
}

/// A turn that was taken: when on the line, and at which moment of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Turned {
    /// What was done.
    pub turn: Turn,
    /// When.
    pub line: LineTime,
    /// The story's time behind it.
    pub story: StoryTime,
}

/// Why a turn was not taken. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// There is no story yet.
    #[error("the exercise has not started")]
    NotStarted,
    /// STARTEX is once.
    #[error("the exercise has started already")]
    AlreadyStarted,
    /// It stands.
    #[error("the exercise is paused already")]
    AlreadyPaused,
    /// It runs.
    #[error("the exercise is not paused")]
    NotPaused,
    /// ENDEX was.
    #[error("the exercise has ended")]
    Ended,
    /// A story does not run back.
    #[error("the story is at {from}: it does not go back to {to}")]
    Backwards {
        /// Where it is.
        from: StoryTime,
        /// Where it was to go.
        to: StoryTime,
    },
}

/// The text is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no rate: a number from 0.1 to 60 with three decimals at most, for example 0.5 or 10")]
pub struct NotARate(String);

/// Exercise time over line time. [`turn`](Self::turn) is the only way to change how it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoryClock {
    running: Running,
    line: LineTime,
    story: StoryTime,
}

// === impl Rate ===

/// Nanoseconds in the arithmetic below are whole; a rate is so many of its thousandths.
const THOUSANDTHS: u32 = 1_000;

impl Rate {
    /// Story time passes as line time does.
    pub const REAL: Self = Self(THOUSANDTHS);
    /// ×0.1, the slowest: an hour of exercise for six minutes of story, to look at something step by step.
    pub const SLOWEST: Self = Self(THOUSANDTHS / 10);
    /// ×60, the fastest: minutes of story in seconds. Beyond it the line's own milliseconds would look like minutes.
    pub const FASTEST: Self = Self(60 * THOUSANDTHS);

    /// From thousandths; `None` outside ×0.1 to ×60.
    pub const fn from_thousandths(thousandths: u32) -> Option<Self> {
        if thousandths >= Self::SLOWEST.0 && thousandths <= Self::FASTEST.0 {
            Some(Self(thousandths))
        } else {
            None
        }
    }

    /// In thousandths.
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// The story time that passes in so much line time.
    fn story(self, line: Duration) -> Duration {
        scaled(line, self.0, THOUSANDTHS, Rounding::Down)
    }

    /// The least line time in which so much story time has passed.
    fn line(self, story: Duration) -> Duration {
        scaled(story, THOUSANDTHS, self.0, Rounding::Up)
    }
}

enum Rounding {
    Down,
    Up,
}

/// `time * times / parts` in whole nanoseconds; the longest time there is where that is longer.
fn scaled(time: Duration, times: u32, parts: u32, rounding: Rounding) -> Duration {
    // 2^64 seconds in nanoseconds times 2^32 is below 2^126.
    let product = time.as_nanos() * u128::from(times);
    let parts = u128::from(parts);
    whole_nanos(match rounding {
        Rounding::Down => product / parts,
        Rounding::Up => product.div_ceil(parts),
    })
}

/// So many nanoseconds; the longest time there is where that is longer.
fn whole_nanos(nanos: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    match (u64::try_from(nanos / SECOND), u32::try_from(nanos % SECOND)) {
        (Ok(seconds), Ok(rest)) => Duration::new(seconds, rest),
        _ => Duration::MAX,
    }
}

impl fmt::Display for Rate {
    /// `×0.5`, `×10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / THOUSANDTHS, self.0 % THOUSANDTHS);
        if rest == 0 {
            return write!(f, "×{whole}");
        }
        let decimals = format!("{rest:03}");
        write!(f, "×{whole}.{}", decimals.trim_end_matches('0'))
    }
}

impl FromStr for Rate {
    type Err = NotARate;

    /// `0.5`, `10`, `×60`.
    fn from_str(text: &str) -> Result<Self, NotARate> {
        let refused = || NotARate(text.to_owned());
        let number = text.strip_prefix('×').unwrap_or(text);
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) {
            return Err(refused());
        }
        let whole: u32 = whole.parse().map_err(|_| refused())?;
        let rest: u32 = format!("{decimals:0<3}").parse().map_err(|_| refused())?;
        Self::from_thousandths(whole * THOUSANDTHS + rest).ok_or_else(refused)
    }
}

// === impl StoryClock ===

impl Default for StoryClock {
    fn default() -> Self {
        Self::new()
    }
}

impl StoryClock {
    /// Before STARTEX.
    pub const fn new() -> Self {
        Self {
            running: Running::NotStarted,
            line: LineTime::START,
            story: StoryTime::STARTEX,
        }
    }

    /// A copy of control's clock in another process: it runs like this, and the story was there at this moment of the line.
    pub const fn copy(running: Running, line: LineTime, story: StoryTime) -> Self {
        Self { running, line, story }
    }

    /// How it runs.
    pub const fn running(&self) -> Running {
        self.running
    }

    /// The moment of the story now. A `now` before the newest turn is that turn's moment: the story never runs back.
    pub fn at(&self, now: LineTime) -> StoryTime {
        match self.running {
            Running::Running(rate) => self.story.after(rate.story(now.since(self.line))),
            Running::Paused(rate) if plant::active("story-runs-in-a-pause") => {
                self.story.after(rate.story(now.since(self.line)))
            }
            Running::NotStarted | Running::Paused(_) | Running::Ended => self.story,
        }
    }

    /// When the story will be at this moment, if nothing is turned until then; at once if it is past. `None` while the
    /// clock stands before it: then nothing can be due.
    pub fn when(&self, story: StoryTime) -> Option<LineTime> {
        let ahead = story.since_startex().saturating_sub(self.story.since_startex());
        match self.running {
            Running::NotStarted => None,
            _ if ahead.is_zero() => Some(self.line),
            Running::Running(rate) => Some(self.line.after(rate.line(ahead))),
            Running::Paused(_) | Running::Ended => None,
        }
    }

    /// Takes a turn.
    ///
    /// # Errors
    /// [`ClockError`]: nothing has changed.
    pub fn turn(&mut self, turn: Turn, now: LineTime) -> Result<Turned, ClockError> {
        let story = self.at(now);
        let (running, story) = self.turned(turn, story)?;
        // A clock that is told an older time than before stands until that time has passed again.
        let line = now.max(self.line);
        *self = Self { running, line, story };
        Ok(Turned { turn, line, story })
    }

    fn turned(&self, turn: Turn, story: StoryTime) -> Result<(Running, StoryTime), ClockError> {
        let running = match (self.running, turn) {
            (Running::Ended, _) => return Err(ClockError::Ended),
            (Running::NotStarted, Turn::Start(rate)) => Running::Running(rate),
            (Running::NotStarted, _) => return Err(ClockError::NotStarted),
            (_, Turn::Start(_)) => return Err(ClockError::AlreadyStarted),
            (Running::Running(rate), Turn::Pause) => Running::Paused(rate),
            (Running::Paused(_), Turn::Pause) => return Err(ClockError::AlreadyPaused),
            (Running::Paused(rate), Turn::Resume) => Running::Running(rate),
            (Running::Running(_), Turn::Resume) => return Err(ClockError::NotPaused),
            (Running::Running(_), Turn::Speed(rate)) => Running::Running(rate),
            (Running::Paused(_), Turn::Speed(rate)) => Running::Paused(rate),
            (_, Turn::Leap(to)) if to < story => return Err(ClockError::Backwards { from: story, to }),
            (running, Turn::Leap(to)) => return Ok((running, to)),
            (_, Turn::End) => Running::Ended,
        };
        Ok((running, story))
    }
}

#[cfg(test)]
mod tests;
