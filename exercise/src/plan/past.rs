//! How the story clock has run so far: what a plan needs to count line time outside pauses, and to know when on the story
//! something on the line was or will be.

use std::time::Duration;

use hotline_core::{
    story::{Running, StoryClock, Turn},
    time::{LineTime, StoryTime},
};

/// One moment of a play, as far as a plan counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// On the line.
    pub line: LineTime,
    /// In the story.
    pub story: StoryTime,
    /// Line time since STARTEX, without pauses.
    pub run: Duration,
    /// By how much the plan had been shifted, in milliseconds of story.
    pub shift: i64,
}

/// From one turn, or shift, on.
#[derive(Clone, Debug, PartialEq)]
struct Bend {
    line: LineTime,
    clock: StoryClock,
    run: Duration,
    shift: i64,
}

/// Every turn of the clock and every shift, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Past {
    bends: Vec<Bend>,
}

/// Whether line time counts: not before STARTEX, not in a pause, not after ENDEX.
const fn counts(clock: &StoryClock) -> bool {
    matches!(clock.running(), Running::Running(_))
}

impl Bend {
    fn run(&self, line: LineTime) -> Duration {
        match counts(&self.clock) {
            true => self.run.saturating_add(line.since(self.line)),
            false => self.run,
        }
    }
}

impl Past {
    /// From `line` on the clock runs like this.
    pub(crate) fn bend(&mut self, clock: StoryClock, line: LineTime) {
        // Bends stay in order, whatever is told.
        let line = self.bends.last().map_or(line, |last| line.max(last.line));
        let (run, shift) = (self.run(line), self.shift());
        self.bends.push(Bend {
            line,
            clock,
            run,
            shift,
        });
    }

    /// From `line` on the plan is shifted by so much more, in milliseconds of story.
    pub(crate) fn shifted(&mut self, clock: StoryClock, line: LineTime, by: i64) {
        self.bend(clock, line);
        if let Some(last) = self.bends.last_mut() {
            last.shift = last.shift.saturating_add(by);
        }
    }

    /// By how much the plan is shifted now, in milliseconds of story.
    pub(crate) fn shift(&self) -> i64 {
        self.bends.last().map_or(0, |bend| bend.shift)
    }

    /// The clock as it was left by the newest turn.
    pub(crate) fn clock(&self) -> StoryClock {
        self.bends.last().map_or_else(StoryClock::new, |bend| bend.clock)
    }

    fn at(&self, line: LineTime) -> Option<&Bend> {
        let behind = self.bends.partition_point(|bend| bend.line <= line);
        self.bends.get(behind.checked_sub(1)?)
    }

    /// Line time from STARTEX to `line`, without pauses.
    pub(crate) fn run(&self, line: LineTime) -> Duration {
        self.at(line).map_or(Duration::ZERO, |bend| bend.run(line))
    }

    /// A moment that was stamped with these two times.
    pub(crate) fn point(&self, line: LineTime, story: StoryTime) -> Point {
        Point {
            line,
            story,
            run: self.run(line),
            shift: self.at(line).map_or(0, |bend| bend.shift),
        }
    }

    /// The moment of the story when so much line time outside pauses has passed: as it was, or as it will be if nothing is
    /// turned until then. `None` if that never comes.
    pub(crate) fn story(&self, run: Duration) -> Option<StoryTime> {
        let behind = self.bends.partition_point(|bend| bend.run <= run);
        // Of several with the same run (a pause and its end) the newest before the next one is the one that runs.
        let bend = self.bends.get(behind.checked_sub(1)?)?;
        let mut clock = bend.clock;
        match clock.running() {
            Running::Paused(_) => {
                clock.turn(Turn::Resume, bend.line).ok()?;
            }
            Running::Running(_) => {}
            Running::Ended if bend.run == run => {}
            Running::NotStarted | Running::Ended => return None,
        }
        Some(clock.at(bend.line.after(run.saturating_sub(bend.run))))
    }

    /// When on the line so much line time outside pauses will have passed, if nothing is turned until then.
    pub(crate) fn line(&self, run: Duration) -> Option<LineTime> {
        let bend = self.bends.last()?;
        match (run.checked_sub(bend.run), counts(&bend.clock)) {
            (None | Some(Duration::ZERO), _) => Some(bend.line),
            (Some(ahead), true) => Some(bend.line.after(ahead)),
            (Some(_), false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use hotline_core::story::Rate;

    const fn line(s: u64) -> LineTime {
        LineTime::from_start(Duration::from_secs(s))
    }
    const fn run(s: u64) -> Duration {
        Duration::from_secs(s)
    }
    const fn story(s: u64) -> StoryTime {
        StoryTime::from_startex(Duration::from_secs(s))
    }

    #[test]
    fn line_time_is_counted_outside_pauses_and_has_its_moment_of_the_story() {
        let (mut clock, mut past) = (StoryClock::new(), Past::default());
        assert_eq!((past.run(line(9)), past.story(run(0))), (run(0), None));
        for (turn, at) in [
            (Turn::Start(Rate::FASTEST), 10),
            (Turn::Pause, 20),
            (Turn::Speed(Rate::REAL), 30),
            (Turn::Resume, 120),
        ] {
            clock.turn(turn, line(at)).unwrap();
            past.bend(clock, line(at));
        }
        for (at, counted) in [(5, 0), (10, 0), (15, 5), (20, 10), (70, 10), (120, 10), (130, 20)] {
            assert_eq!(past.run(line(at)), run(counted), "{at}");
        }
        for (counted, moment) in [(0, 0), (5, 300), (10, 600), (20, 610)] {
            assert_eq!(past.story(run(counted)), Some(story(moment)), "{counted}");
        }
        assert_eq!(past.line(run(20)), Some(line(130)));
        past.shifted(clock, line(140), 5_000);
        assert_eq!(past.point(line(139), story(1)).shift, 0);
        assert_eq!(past.point(line(140), story(1)).shift, 5_000);
        clock.turn(Turn::End, line(150)).unwrap();
        past.bend(clock, line(150));
        assert_eq!(
            (past.story(run(40)), past.story(run(41))),
            (Some(story(630)), None)
        );
    }
}
