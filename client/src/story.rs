//! The story word as it is said over a desk's socket, and what a desk shows and remembers of it.

mod kept;

use std::time::Duration;

use hotline_audit::Hash;
use hotline_core::{
    id::Hash32,
    story::{DeskStory, NotAWord, Rate, Running, Segment, StoryWord},
    time::{LineTime, StoryTime, WallTime},
};
use serde::{Deserialize, Serialize};

pub(crate) use kept::KeptStory;

/// How a story clock runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StoryState {
    /// Before STARTEX.
    NotStarted,
    /// It runs.
    Running,
    /// It stands, and will go on.
    Paused,
    /// After ENDEX.
    Ended,
}

/// From when the story ran, from which of its moments, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorySegment {
    /// Since when, by control's wall clock, milliseconds since 1970.
    pub wall_ms: u64,
    /// The story's time at its beginning, milliseconds since STARTEX.
    pub story_ms: u64,
    /// How fast, in thousandths; 0: it stands.
    pub rate: u32,
}

/// What control tells of the story clock: [`StoryWord`] as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoryFacts {
    /// Which story it is of: SHA-256 in hex, of whatever control began it with. Empty: of one without an id. Turns of one
    /// story say nothing about another.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub story: String,
    /// How many turns were taken.
    pub turn: u32,
    /// How the clock runs.
    pub state: StoryState,
    /// How fast it runs, or will go on when it is paused, in thousandths; 0 before STARTEX and after ENDEX.
    pub rate: u32,
    /// The newest at most 256, the newest last: it holds at the moment at which the word is told.
    pub segments: Vec<StorySegment>,
}

/// How the story stands at a desk that was told of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryStatus {
    /// The turn of the newest word.
    pub turn: u32,
    /// How it runs.
    pub state: StoryState,
    /// How fast it runs, or will go on when it is paused, in thousandths; 0 before STARTEX and after ENDEX.
    pub rate: u32,
    /// The story's time at this desk, milliseconds since STARTEX.
    pub story_ms: u64,
    /// When the next deadline of its people is over, milliseconds since STARTEX; none if nothing waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_ms: Option<u64>,
}

/// Why facts are no story word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStory {
    /// Its story has no such id.
    #[error("a story's id is 64 hex digits, or none")]
    Id,
    /// A rate that no story has.
    #[error("{0} thousandths is no rate: from 100 to 60000, and 0 where the story stands")]
    Rate(u32),
    /// It makes no sense.
    #[error(transparent)]
    Word(#[from] NotAWord),
}

// === impl StoryFacts ===

impl StoryFacts {
    /// A word as it is said.
    #[must_use]
    pub fn of(word: &StoryWord) -> Self {
        let (state, rate) = said(word.running());
        let segments = word.segments().iter().map(|segment| StorySegment {
            wall_ms: segment.wall.unix_ms(),
            story_ms: story_ms(segment.story),
            rate: segment.rate.map_or(0, Rate::thousandths),
        });
        Self {
            story: id_said(word.story()),
            turn: word.turn(),
            state,
            rate,
            segments: segments.collect(),
        }
    }

    /// The word that they are.
    ///
    /// # Errors
    /// [`NoStory`].
    pub fn word(&self) -> Result<StoryWord, NoStory> {
        let running = match self.state {
            StoryState::NotStarted => Running::NotStarted,
            StoryState::Running => Running::Running(rate(self.rate)?),
            StoryState::Paused => Running::Paused(rate(self.rate)?),
            StoryState::Ended => Running::Ended,
        };
        let segments = self.segments.iter().map(|segment| {
            Ok(Segment {
                wall: WallTime::from_unix_ms(segment.wall_ms),
                story: StoryTime::from_startex(Duration::from_millis(segment.story_ms)),
                rate: match segment.rate {
                    0 => None,
                    thousandths => Some(rate(thousandths)?),
                },
            })
        });
        let segments = segments.collect::<Result<Vec<_>, NoStory>>()?;
        Ok(StoryWord::new(id(&self.story)?, self.turn, running, segments)?)
    }
}

// === impl StoryStatus ===

impl StoryStatus {
    /// How it stands now; none at a desk that was told nothing.
    pub(crate) fn of(story: &DeskStory, now: LineTime, next: Option<StoryTime>) -> Option<Self> {
        let (state, rate) = said(story.running()?);
        Some(Self {
            turn: story.turn()?,
            state,
            rate,
            story_ms: story_ms(story.at(now)),
            next_ms: next.map(story_ms),
        })
    }

    /// In how much real time so much passes for people, as the story runs or will go on; the same before STARTEX and after
    /// ENDEX.
    #[must_use]
    pub fn real(&self, people: Duration) -> Duration {
        match self.rate {
            0 => people,
            rate => people.saturating_mul(Rate::REAL.thousandths()) / rate,
        }
    }

    /// The story's time at this desk.
    #[must_use]
    pub const fn story(&self) -> StoryTime {
        StoryTime::from_startex(Duration::from_millis(self.story_ms))
    }
}

fn id_said(story: Hash32) -> String {
    match Hash(story.0) {
        Hash::ZERO => String::new(),
        id => id.to_string(),
    }
}

fn id(said: &str) -> Result<Hash32, NoStory> {
    if said.is_empty() {
        return Ok(Hash32(Hash::ZERO.0));
    }
    let id = said.parse::<Hash>().map_err(|_| NoStory::Id)?;
    Ok(Hash32(id.0))
}

fn said(running: Running) -> (StoryState, u32) {
    match running {
        Running::NotStarted => (StoryState::NotStarted, 0),
        Running::Running(rate) => (StoryState::Running, rate.thousandths()),
        Running::Paused(rate) => (StoryState::Paused, rate.thousandths()),
        Running::Ended => (StoryState::Ended, 0),
    }
}

fn rate(thousandths: u32) -> Result<Rate, NoStory> {
    Rate::from_thousandths(thousandths).ok_or(NoStory::Rate(thousandths))
}

/// Whole milliseconds since STARTEX.
fn story_ms(story: StoryTime) -> u64 {
    u64::try_from(story.since_startex().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use hotline_core::story::{StoryClock, Told, Turn};

    fn line(seconds: u64) -> LineTime {
        LineTime::from_start(Duration::from_secs(seconds))
    }

    #[test]
    fn a_story_word_is_read_as_it_was_written() {
        for told in [Told::new(), Told::of(Hash32([7; 32]))] {
            is_read_as_it_was_written(told);
        }
    }

    fn is_read_as_it_was_written(mut told: Told) {
        let mut clock = StoryClock::new();
        let wall = |seconds: u64| WallTime::from_unix_ms(1_795_000_000_000 + seconds * 1000);
        let turns = [
            Turn::Start(Rate::FASTEST),
            Turn::Pause,
            Turn::Speed(Rate::REAL),
            Turn::Resume,
            Turn::End,
        ];
        for (turn, seconds) in turns.into_iter().zip((0..).step_by(10)) {
            let word = told.word(&clock, wall(seconds), line(seconds));
            let json = serde_json::to_string(&StoryFacts::of(&word)).unwrap();
            let read: StoryFacts = serde_json::from_str(&json).unwrap();
            assert_eq!(read.word(), Ok(word));
            clock.turn(turn, line(seconds)).unwrap();
            told.turned(&clock, wall(seconds), line(seconds));
        }
    }

    #[test]
    fn a_time_named_to_people_is_shorter_on_the_line_the_faster_the_story_runs() {
        let minute = Duration::from_secs(60);
        let real = |rate| {
            let status = StoryStatus {
                turn: 1,
                state: StoryState::Running,
                rate,
                story_ms: 0,
                next_ms: None,
            };
            status.real(minute)
        };
        assert_eq!(real(60_000), Duration::from_secs(1));
        assert_eq!(real(100), Duration::from_secs(600));
        assert_eq!(real(0), minute);
    }

    #[test]
    fn facts_that_are_no_story_word_are_refused_with_the_reason() {
        let facts = |json: &str| serde_json::from_str::<StoryFacts>(json).unwrap().word();
        let paused = r#"{"turn":2,"state":"PAUSED","rate":99,"segments":[]}"#;
        assert_eq!(facts(paused), Err(NoStory::Rate(99)));
        let nothing = r#"{"turn":2,"state":"PAUSED","rate":1000,"segments":[]}"#;
        assert_eq!(facts(nothing), Err(NoStory::Word(NotAWord::NoSegment)));
        let runs = r#"{"turn":2,"state":"PAUSED","rate":1000,
            "segments":[{"wall_ms":1,"story_ms":2,"rate":1000}]}"#;
        assert_eq!(facts(runs), Err(NoStory::Word(NotAWord::OtherwiseRunning)));
        let back = r#"{"turn":2,"state":"ENDED","rate":0,
            "segments":[{"wall_ms":1,"story_ms":2,"rate":1000},{"wall_ms":2,"story_ms":1,"rate":0}]}"#;
        assert_eq!(facts(back), Err(NoStory::Word(NotAWord::Backwards(1))));
        let of_none = r#"{"story":"07","turn":2,"state":"ENDED","rate":0,"segments":[]}"#;
        assert_eq!(facts(of_none), Err(NoStory::Id));
    }
}
