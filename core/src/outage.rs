//! Outages of one's own legs: when a desk says so, and how often.
//!
//! The state of a leg follows every missed probe; a signed statement stands for ever. So a leg is said to be down only
//! once it has been down for [`OUTAGE_AFTER`], and up again once it has been up for [`RESTORED_AFTER`]; and of one leg at
//! most one outage is said in [`SAID_EVERY`], however it flaps. Each statement names since when, so what is said late is
//! not said wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::leg::Leg;
use crate::time::{LineTime, WallTime};

/// How long a leg is down before it is said. 10 s: a restart of a relay and the redial behind it are over by then.
pub const OUTAGE_AFTER: Duration = Duration::from_secs(10);
/// How long a leg is up again before it is said. 10 s: what comes up and goes down again was not restored.
pub const RESTORED_AFTER: Duration = Duration::from_secs(10);
/// Least time between two outages said of one leg. 60 s: at worst 2,880 statements a leg and day, and a leg that flaps all
/// day is worth them.
pub const SAID_EVERY: Duration = Duration::from_secs(60);

/// What is to be said: legs, and since when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saying {
    /// Legs that are down.
    pub down: Vec<(Leg, WallTime)>,
    /// Legs that are up again.
    pub restored: Vec<(Leg, WallTime)>,
}

/// The legs of one desk.
#[derive(Debug, Clone, Default)]
pub struct Outages {
    legs: BTreeMap<Leg, State>,
}

#[derive(Debug, Clone)]
struct State {
    up: bool,
    since: LineTime,
    since_wall: WallTime,
    said_down: bool,
    said_at: Option<LineTime>,
}

impl Outages {
    /// Legs that have not come up yet, as at a start.
    pub fn of(legs: impl IntoIterator<Item = Leg>, now: LineTime, wall: WallTime) -> Self {
        let state = State {
            up: false,
            since: now,
            since_wall: wall,
            said_down: false,
            said_at: None,
        };
        Self {
            legs: legs.into_iter().map(|leg| (leg, state.clone())).collect(),
        }
    }

    /// Notes how a leg is.
    pub fn note(&mut self, leg: &Leg, up: bool, now: LineTime, wall: WallTime) {
        if let Some(state) = self.legs.get_mut(leg)
            && state.up != up
        {
            (state.up, state.since, state.since_wall) = (up, now, wall);
        }
    }

    /// What is to be said now; it counts as said.
    pub fn tick(&mut self, now: LineTime) -> Saying {
        let mut saying = Saying::default();
        for (leg, state) in &mut self.legs {
            if state.due().is_none_or(|due| due > now) {
                continue;
            }
            state.said_down = !state.up;
            if state.up {
                saying.restored.push((leg.clone(), state.since_wall));
            } else {
                state.said_at = Some(now);
                saying.down.push((leg.clone(), state.since_wall));
            }
        }
        saying
    }

    /// When [`tick`](Self::tick) has something to say.
    pub fn next_wake(&self) -> Option<LineTime> {
        self.legs.values().filter_map(State::due).min()
    }
}

impl State {
    fn due(&self) -> Option<LineTime> {
        match (self.up, self.said_down) {
            (false, false) => {
                let due = self.since.after(OUTAGE_AFTER);
                Some(self.said_at.map_or(due, |said| due.max(said.after(SAID_EVERY))))
            }
            (true, true) => Some(self.since.after(RESTORED_AFTER)),
            (true, false) | (false, true) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn at(seconds: u64) -> (LineTime, WallTime) {
        let line = LineTime::from_start(Duration::from_secs(seconds));
        (line, WallTime::from_unix_ms(seconds * 1000))
    }

    fn leg() -> Leg {
        "north/quic".parse().unwrap()
    }

    fn up_since_the_start() -> Outages {
        let mut outages = Outages::of([leg()], at(0).0, at(0).1);
        outages.note(&leg(), true, at(0).0, at(0).1);
        outages
    }

    #[test]
    fn a_leg_that_stays_down_is_said_once_with_the_time_it_went_and_again_when_it_is_back() {
        let mut outages = up_since_the_start();
        assert_eq!(outages.next_wake(), None);
        outages.note(&leg(), false, at(100).0, at(100).1);
        assert_eq!(outages.tick(at(109).0), Saying::default());
        assert_eq!(outages.tick(at(110).0).down, [(leg(), at(100).1)]);
        assert_eq!(outages.tick(at(150).0), Saying::default());
        outages.note(&leg(), true, at(200).0, at(200).1);
        assert_eq!(outages.next_wake(), Some(at(210).0));
        assert_eq!(outages.tick(at(210).0).restored, [(leg(), at(200).1)]);
    }

    #[test]
    fn a_short_outage_is_not_said() {
        let mut outages = up_since_the_start();
        outages.note(&leg(), false, at(100).0, at(100).1);
        outages.note(&leg(), true, at(105).0, at(105).1);
        assert_eq!(outages.tick(at(1000).0), Saying::default());
    }

    #[test]
    fn a_leg_that_flaps_is_said_at_most_once_a_minute() {
        let mut outages = up_since_the_start();
        let mut said = 0;
        for second in 0..3600 {
            outages.note(&leg(), (second / 12) % 2 == 0, at(second).0, at(second).1);
            said += outages.tick(at(second).0).down.len();
        }
        assert!((2..=60).contains(&said), "{said}");
    }

    #[test]
    fn a_leg_that_never_comes_up_after_a_start_is_an_outage_too() {
        let mut outages = Outages::of([leg()], at(0).0, at(0).1);
        assert_eq!(outages.tick(at(10).0).down, [(leg(), at(0).1)]);
    }
}
