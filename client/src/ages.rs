//! For how long something waits: a wall clock that jumps makes nobody wait longer or shorter. Of the line it is as old as
//! the line's clock says, and for people as old as the story.
//!
//! What was signed while the station runs is remembered with the line's time. What was stored before is as old as the
//! wall clock said when the ledger was taken up, and ages by line time from there.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use hotline_audit::Hash;
use hotline_core::{
    id::Place,
    story::DeskStory,
    time::{LineTime, WallTime},
    words::Rung,
};

/// Facts that are remembered. 16,384, about 2 MiB: four for each of the messages that are looked through. What is older ages
/// like what was stored before the start.
const REMEMBERED: usize = 16_384;

/// What something waits for is about: the message, and the fact since which it waits, by its rung and where it stands in its
/// desk's chain (a correction stands in the sender's); none for the message itself.
type About = (Hash, Option<(Rung, Place)>);

/// When what came.
#[derive(Debug)]
pub(crate) struct Ages {
    opened: (WallTime, LineTime),
    came: BTreeMap<About, LineTime>,
    order: VecDeque<About>,
}

impl Ages {
    /// Nothing has come yet.
    pub(crate) const fn new(opened: (WallTime, LineTime)) -> Self {
        Self {
            opened,
            came: BTreeMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Something has just been stored.
    pub(crate) fn came(&mut self, about: About, now: LineTime) {
        if self.came.contains_key(&about) {
            return;
        }
        self.came.insert(about, now);
        self.order.push_back(about);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.came.remove(&oldest);
        }
    }

    /// How long ago it came, on the line; `stored` is what the wall clock said then.
    pub(crate) fn age_of_line(&self, about: About, stored: WallTime, now: LineTime) -> Duration {
        if let Some(came) = self.came.get(&about) {
            return now.since(*came);
        }
        let (wall, line) = self.opened;
        let before = Duration::from_millis(wall.unix_ms().saturating_sub(stored.unix_ms()));
        let since = Duration::from_millis(stored.unix_ms().saturating_sub(wall.unix_ms()));
        before.saturating_add(now.since(line)).saturating_sub(since)
    }

    /// How long ago it came for people.
    pub(crate) fn age_of_people(
        &self,
        about: About,
        stored: WallTime,
        now: LineTime,
        story: &DeskStory,
    ) -> Duration {
        story.passed(self.age_of_line(about, stored, now), now)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_core::story::{Rate, StoryClock, Told, Turn};

    use super::*;

    const OPENED: WallTime = WallTime::from_unix_ms(1_795_000_000_000);

    fn line(seconds: u64) -> LineTime {
        LineTime::from_start(Duration::from_secs(seconds))
    }

    fn wall(seconds: i64) -> WallTime {
        WallTime::from_unix_ms(OPENED.unix_ms().saturating_add_signed(seconds * 1000))
    }

    #[test]
    fn a_clock_that_jumps_makes_nothing_older_or_younger() {
        let mut ages = Ages::new((OPENED, line(100)));
        let (before, since) = ((Hash::of(b"before"), None), (Hash::of(b"since"), None));
        // Stored a minute before the start.
        assert_eq!(
            ages.age_of_line(before, wall(-60), line(110)),
            Duration::from_secs(70)
        );
        // Stored 10 s behind the start, after the clock was set back by an hour, or forward.
        ages.came(since, line(110));
        for stored in [wall(-3_590), wall(3_610)] {
            assert_eq!(ages.age_of_line(since, stored, line(115)), Duration::from_secs(5));
        }
        let forgotten = (Hash::of(b"forgotten"), None);
        assert_eq!(
            ages.age_of_line(forgotten, wall(300), line(500)),
            Duration::from_secs(100)
        );
        ages.came(since, line(300));
        assert_eq!(
            ages.age_of_line(since, wall(10), line(115)),
            Duration::from_secs(5),
            "once"
        );
    }

    /// What happened at so many seconds of the line, and how old it is then: for the line, and for people.
    fn both(ages: &Ages, about: About, seconds: u64, story: &DeskStory) -> (u64, u64) {
        let now = line(seconds);
        let of_line = ages.age_of_line(about, OPENED, now);
        let of_people = ages.age_of_people(about, OPENED, now, story);
        (of_line.as_secs(), of_people.as_secs())
    }

    #[test]
    fn while_the_story_stands_nothing_grows_older_for_people_and_the_line_goes_on() {
        let (mut clock, mut told, mut story) = (StoryClock::new(), Told::new(), DeskStory::new(1));
        let mut turn = |turn, at: i64, story: &mut DeskStory| {
            let now = line(u64::try_from(at).unwrap());
            clock.turn(turn, now).unwrap();
            told.turned(&clock, wall(at), now);
            assert!(story.adopt(&told.word(&clock, wall(at), now), now));
        };
        let about = (Hash::of(b"waits"), None);
        let mut ages = Ages::new((OPENED, line(0)));
        ages.came(about, line(10));
        assert_eq!(both(&ages, about, 20, &DeskStory::new(60)), (10, 600));
        turn(Turn::Start(Rate::REAL), 20, &mut story);
        assert_eq!(both(&ages, about, 30, &story), (20, 10), "since STARTEX");
        turn(Turn::Pause, 30, &mut story);
        assert_eq!(both(&ages, about, 5_000, &story), (4_990, 10));
        turn(Turn::Resume, 5_000, &mut story);
        turn(Turn::Speed(Rate::FASTEST), 5_000, &mut story);
        assert_eq!(both(&ages, about, 5_002, &story), (4_992, 130));
    }

    #[test]
    fn very_many_facts_fill_no_memory() {
        let mut ages = Ages::new((OPENED, line(0)));
        for number in 0..20_000u64 {
            ages.came((Hash::of(&number.to_be_bytes()), None), line(number));
        }
        assert_eq!((ages.came.len(), ages.order.len()), (REMEMBERED, REMEMBERED));
    }
}
