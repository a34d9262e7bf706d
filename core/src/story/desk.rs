//! A desk's copy of the story clock: what human deadlines run on.
//!
//! A desk that was told nothing of a story has people's time of its own: the line's, times the factor by which an exercise
//! shortens human deadlines. Once it is told, people's time is the story's, and never runs back. The line's own timers
//! know nothing of either (promise 11).

use std::time::Duration;

use crate::{
    id::Hash32,
    time::{LineTime, StoryTime},
};

use super::{Rate, Rounding, Running, StoryWord, scaled, whole_nanos};

/// The largest factor by which an exercise without a story shortens human deadlines. 3,600: a second for an hour.
pub const FACTOR_MAX: u32 = 3600;

/// People's time at one desk.
#[derive(Debug, Clone)]
pub struct DeskStory {
    factor: u32,
    adopted: Option<Adopted>,
}

/// A word that was adopted.
#[derive(Debug, Clone)]
struct Adopted {
    /// Of which story it is.
    story: Hash32,
    turn: u32,
    running: Running,
    /// It was told before this desk was started again.
    remembered: bool,
    /// When it was adopted.
    at: LineTime,
    /// What this desk's people had seen of the story by then: it stands there until the story has come as far.
    floor: StoryTime,
    /// Its segments on this desk's line, the newest last.
    anchors: Vec<Anchor>,
}

/// A segment on the line of a desk.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    /// Nanoseconds from the start of the desk's clock: before it if negative.
    line: i128,
    story: StoryTime,
    rate: Option<Rate>,
}

impl DeskStory {
    /// Told nothing: people's time runs `factor` times as fast as the line, from its start.
    pub fn new(factor: u32) -> Self {
        Self {
            factor: factor.clamp(1, FACTOR_MAX),
            adopted: None,
        }
    }

    /// Takes up a word that was received now; whether it is news. One of an older turn of the same story, or of the same
    /// turn, changes nothing; one of another story begins anew.
    ///
    /// The newest segment begins now: what the word took on its way is this desk's error, times the rate. Older ones lie
    /// as far before as control's clock says, whatever this desk's wall clock does.
    pub fn adopt(&mut self, word: &StoryWord, now: LineTime) -> bool {
        let goes_on = self.goes_on(word);
        if goes_on && self.turn().is_some_and(|turn| word.turn() <= turn) {
            return false;
        }
        let floor = if goes_on { self.at(now) } else { StoryTime::STARTEX };
        self.adopted = Some(Adopted {
            story: word.story(),
            turn: word.turn(),
            running: word.running(),
            remembered: false,
            at: now,
            floor,
            anchors: anchors(word, now, Duration::ZERO),
        });
        true
    }

    /// Takes up a word that this desk was told before it was started again, so long ago. The story is taken to have gone on
    /// as it ran then, until the next word: that one is news whatever its turn, because the story may have been turned in
    /// between, and a wall clock says how long that was.
    pub fn remember(&mut self, word: &StoryWord, ago: Duration, now: LineTime) {
        self.adopted = Some(Adopted {
            story: word.story(),
            turn: word.turn(),
            running: word.running(),
            remembered: true,
            at: now,
            floor: StoryTime::STARTEX,
            anchors: anchors(word, now, ago),
        });
    }

    /// Whether a word tells of the story that this desk was told of since it was started. Any other begins one here.
    pub fn goes_on(&self, word: &StoryWord) -> bool {
        let adopted = self.adopted.as_ref();
        adopted.is_some_and(|adopted| !adopted.remembered && adopted.story == word.story())
    }

    /// When it was taken up, if it runs by a word that was told before this desk was started again.
    pub fn remembered_at(&self) -> Option<LineTime> {
        let remembered = self.adopted.as_ref().filter(|adopted| adopted.remembered);
        remembered.map(|adopted| adopted.at)
    }

    /// The turn of the newest word; none while it was told nothing.
    pub fn turn(&self) -> Option<u32> {
        self.adopted.as_ref().map(|adopted| adopted.turn)
    }

    /// How the story runs; none while it was told nothing.
    pub fn running(&self) -> Option<Running> {
        self.adopted.as_ref().map(|adopted| adopted.running)
    }

    /// People's time now.
    pub fn at(&self, now: LineTime) -> StoryTime {
        match &self.adopted {
            Some(adopted) => adopted.past(nanos(now.since_start())),
            None => StoryTime::from_startex(self.own(now.since_start())),
        }
    }

    /// When it will be this time for people, if nothing is turned until then; at once if it is past. `None` while the story
    /// stands before it.
    pub fn when(&self, story: StoryTime) -> Option<LineTime> {
        match &self.adopted {
            Some(adopted) => adopted.when(story),
            None => {
                let line = scaled(story.since_startex(), 1, self.factor, Rounding::Up);
                Some(LineTime::from_start(line))
            }
        }
    }

    /// How much time has passed for people in the last `ago` of the line, which may begin before this desk was started.
    pub fn passed(&self, ago: Duration, now: LineTime) -> Duration {
        match &self.adopted {
            Some(adopted) => {
                let then = adopted.past(nanos(now.since_start()) - nanos(ago));
                self.at(now).since(then)
            }
            None => self.own(ago),
        }
    }

    /// The moment for people that a statement names which was stored `ago` and gave them `ahead` of real time: so much at
    /// the rate of then. While the story stood: at the rate with which it went on. None while it was told nothing: then
    /// the statement's own time holds.
    pub fn deadline(&self, ago: Duration, ahead: Duration, now: LineTime) -> Option<StoryTime> {
        let adopted = self.adopted.as_ref()?;
        let then = nanos(now.since_start()) - nanos(ago);
        Some(adopted.past(then).after(adopted.rate(then).story(ahead)))
    }

    /// The time that passes for people in so much of the line, as long as nothing is told of a story.
    fn own(&self, line: Duration) -> Duration {
        line.saturating_mul(self.factor)
    }
}

// === impl Adopted ===

impl Adopted {
    /// The story at some time of this desk's line.
    fn past(&self, line: i128) -> StoryTime {
        let next = self.next(line);
        let Some(anchor) = next.checked_sub(1).and_then(|index| self.anchors.get(index)) else {
            // Before everything that is known it stood.
            return self
                .anchors
                .first()
                .map_or(StoryTime::STARTEX, |first| first.story);
        };
        let ran = whole_nanos(u128::try_from(line - anchor.line).unwrap_or(0));
        let story = anchor
            .story
            .after(anchor.rate.map_or(Duration::ZERO, |rate| rate.story(ran)));
        match self.anchors.get(next) {
            Some(next) => story.min(next.story),
            None => story.max(self.floor),
        }
    }

    /// Which segment begins next.
    fn next(&self, line: i128) -> usize {
        self.anchors.partition_point(|anchor| anchor.line <= line)
    }

    /// How fast it ran, or went on from there.
    fn rate(&self, line: i128) -> Rate {
        let from = self.next(line).saturating_sub(1);
        let known = self.anchors.iter().skip(from).find_map(|anchor| anchor.rate);
        known.unwrap_or(match self.running {
            Running::Running(rate) | Running::Paused(rate) => rate,
            Running::NotStarted | Running::Ended => Rate::REAL,
        })
    }

    fn when(&self, story: StoryTime) -> Option<LineTime> {
        let newest = self.anchors.last()?;
        if story <= newest.story.max(self.floor) {
            return Some(self.at);
        }
        let line = newest.line + nanos(newest.rate?.line(story.since(newest.story)));
        let line = whole_nanos(u128::try_from(line).unwrap_or(0));
        Some(LineTime::from_start(line).max(self.at))
    }
}

/// The segments of a word that was received so long ago, on the line. A clock of control that was set back while the
/// exercise ran puts no segment behind a later one.
fn anchors(word: &StoryWord, now: LineTime, ago: Duration) -> Vec<Anchor> {
    let newest = word.segments().last().map_or(0, |newest| newest.wall.unix_ms());
    let received = nanos(now.since_start()) - nanos(ago);
    let mut line = received;
    let mut anchors = Vec::new();
    for segment in word.segments().iter().rev() {
        let before = Duration::from_millis(newest.saturating_sub(segment.wall.unix_ms()));
        line = line.min(received - nanos(before));
        anchors.push(Anchor {
            line,
            story: segment.story,
            rate: segment.rate,
        });
    }
    anchors.reverse();
    anchors
}

fn nanos(time: Duration) -> i128 {
    // 2^64 seconds in nanoseconds are below 2^94.
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests;
