//! The story word: what control tells a desk of the story clock.
//!
//! Facts only: which turn was the last, how the clock runs, and since when at which rate, newest last. A desk that came
//! late or was started again learns from one word what it missed.

use crate::{
    id::Hash32,
    time::{LineTime, StoryTime, WallTime},
};

use super::{Rate, Running, StoryClock};

/// Segments of one word. 256: an exercise of a day with a turn every five minutes; about 12 KiB as text. What was before
/// the oldest is as old as that one.
pub const SEGMENTS_MAX: usize = 256;

/// From when the story ran, from which of its moments, and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Since when, by control's wall clock. Only how far two segments lie apart is ever used.
    pub wall: WallTime,
    /// The story's time at its beginning.
    pub story: StoryTime,
    /// How fast it runs; none while it stands.
    pub rate: Option<Rate>,
}

/// What control tells of the story clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryWord {
    story: Hash32,
    turn: u32,
    running: Running,
    segments: Vec<Segment>,
}

/// These facts are no story word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAWord {
    /// Nobody can say which moment of the story it is.
    #[error("a story word names at least one segment")]
    NoSegment,
    /// More than a desk keeps.
    #[error("a story word names at most {SEGMENTS_MAX} segments, and this one {0}")]
    TooMany(usize),
    /// A story does not run back.
    #[error("segment {0} begins earlier in the story than the one before it")]
    Backwards(usize),
    /// The clock runs while its newest segment stands, or the other way round.
    #[error("the newest segment does not run as the clock is said to")]
    OtherwiseRunning,
}

/// What there is to tell, kept by whoever turns the clock.
#[derive(Debug, Clone)]
pub struct Told {
    story: Hash32,
    turn: u32,
    segments: Vec<Segment>,
}

// === impl StoryWord ===

impl StoryWord {
    /// A word of these facts about that story, the newest segment last: it holds at the moment at which the word is told.
    ///
    /// # Errors
    /// [`NotAWord`].
    pub fn new(story: Hash32, turn: u32, running: Running, segments: Vec<Segment>) -> Result<Self, NotAWord> {
        let newest = segments.last().ok_or(NotAWord::NoSegment)?;
        if segments.len() > SEGMENTS_MAX {
            return Err(NotAWord::TooMany(segments.len()));
        }
        if newest.rate != runs_at(running) {
            return Err(NotAWord::OtherwiseRunning);
        }
        let pairs = segments.iter().zip(segments.iter().skip(1));
        if let Some(back) = pairs.into_iter().position(|(one, next)| next.story < one.story) {
            return Err(NotAWord::Backwards(back + 1));
        }
        Ok(Self {
            story,
            turn,
            running,
            segments,
        })
    }

    /// Which story it is of: turns of one say nothing about another.
    pub const fn story(&self) -> Hash32 {
        self.story
    }

    /// How many turns were taken.
    pub const fn turn(&self) -> u32 {
        self.turn
    }

    /// How the clock runs.
    pub const fn running(&self) -> Running {
        self.running
    }

    /// Since when at which rate, the newest last. Never empty.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

const fn runs_at(running: Running) -> Option<Rate> {
    match running {
        Running::Running(rate) => Some(rate),
        Running::NotStarted | Running::Paused(_) | Running::Ended => None,
    }
}

// === impl Told ===

impl Default for Told {
    fn default() -> Self {
        Self::new()
    }
}

impl Told {
    /// No turn yet, of a story without an id.
    pub const fn new() -> Self {
        Self::of(Hash32([0; 32]))
    }

    /// No turn yet, of the story with this id: whoever goes on with a story names the same, and counts its turns on.
    pub const fn of(story: Hash32) -> Self {
        Self {
            story,
            turn: 0,
            segments: Vec::new(),
        }
    }

    /// How many turns were taken.
    pub const fn turn(&self) -> u32 {
        self.turn
    }

    /// The clock was turned just now, at this time of both other clocks.
    pub fn turned(&mut self, clock: &StoryClock, wall: WallTime, line: LineTime) {
        self.turn = self.turn.saturating_add(1);
        self.segments.push(segment(clock, wall, line));
        if self.segments.len() > SEGMENTS_MAX {
            self.segments.remove(0);
        }
    }

    /// The word as it is told now: behind the segments that began by turns stands the moment at which it is told, so that a
    /// desk which is told late loses nothing.
    pub fn word(&self, clock: &StoryClock, wall: WallTime, line: LineTime) -> StoryWord {
        let now = segment(clock, wall, line);
        let mut segments = self.segments.clone();
        if segments.last() != Some(&now) {
            segments.push(now);
        }
        let over = segments.len().saturating_sub(SEGMENTS_MAX);
        segments.drain(..over);
        StoryWord {
            story: self.story,
            turn: self.turn,
            running: clock.running(),
            segments,
        }
    }
}

fn segment(clock: &StoryClock, wall: WallTime, line: LineTime) -> Segment {
    Segment {
        wall,
        story: clock.at(line),
        rate: runs_at(clock.running()),
    }
}

#[cfg(test)]
mod tests;
