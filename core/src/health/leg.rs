//! One leg: the worst of its lanes, since when, why, and what its copies came to.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{Change, Health, Tally};
use crate::leg::Lane;
use crate::time::{LineTime, WallTime};

/// Transitions kept of each leg. 32: an hour of a leg that flaps every few minutes; a watcher keeps more.
pub const TRANSITIONS_KEPT: usize = 32;

/// How long a leg that was up and fell must be up again until its lamp is steady. 5 min: long enough to see that a repair
/// holds, short enough to tell the watch that comes next.
pub const STEADY_AFTER: Duration = Duration::from_secs(300);

/// Late copies over which the median is told.
const LATE_OVER: usize = 256;

/// A leg stood differently from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// When, for people.
    pub at: WallTime,
    /// When, for measuring.
    pub line: LineTime,
    /// How it stood.
    pub from: Health,
    /// How it stands.
    pub to: Health,
    /// Why, in words.
    pub why: String,
}

/// How much later than the first the later copies came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lateness {
    newest: VecDeque<Duration>,
    longest: Option<Duration>,
    unknown: u64,
}

/// One leg.
#[derive(Debug, Clone, PartialEq)]
pub struct LegHealth {
    lanes: BTreeMap<Lane, Health>,
    health: Health,
    /// Whether it has proved itself since it came up, and so counts as a way.
    proved: bool,
    /// Why it stands as it does.
    why: String,
    since: Option<(WallTime, LineTime)>,
    /// It was up once, and was not for a while that was no turn of our own.
    relapsed: bool,
    transitions: VecDeque<Transition>,
    /// The probes of this session.
    tally: Tally,
    /// Probes sent and missed in the sessions before.
    before: (u64, u64),
    /// Later copies.
    pub lateness: Lateness,
}

impl Default for LegHealth {
    fn default() -> Self {
        Self {
            lanes: BTreeMap::new(),
            health: Health::Down,
            proved: false,
            why: String::new(),
            since: None,
            relapsed: false,
            transitions: VecDeque::new(),
            tally: Tally::default(),
            before: (0, 0),
            lateness: Lateness::default(),
        }
    }
}

impl LegHealth {
    /// How it stands.
    pub fn health(&self) -> Health {
        self.health
    }

    /// Whether it counts as a way of its own: it came up, proved itself, and has not gone down since. A suspect leg
    /// counts until it is down.
    pub fn counts(&self) -> bool {
        self.proved
    }

    /// Whether its lamp is steady: it is up, and never was otherwise since it first was, or not for [`STEADY_AFTER`].
    pub fn is_steady(&self, now: LineTime) -> bool {
        let long = |(_, since): (WallTime, LineTime)| now.since(since) >= STEADY_AFTER;
        self.health == Health::Up && (!self.relapsed || self.since.is_some_and(long))
    }

    /// Why it stands as it does; empty before anything happened.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Since when it stands as it does; none before anything happened.
    pub fn since(&self) -> Option<(WallTime, LineTime)> {
        self.since
    }

    /// Its newest transitions, the newest last.
    pub fn transitions(&self) -> impl Iterator<Item = &Transition> {
        self.transitions.iter()
    }

    /// The session of a lane was opened. A leg has a session when its control lane has.
    pub fn lane_opened(&mut self, lane: Lane, now: (WallTime, LineTime)) -> Option<Transition> {
        self.lanes.insert(lane, Health::Proving);
        self.judge("the relay answered the hello".to_owned(), now)
    }

    /// A lane of it stands differently. What a lane says of a session that has ended is no news.
    pub fn lane_changed(
        &mut self,
        lane: Lane,
        change: &Change,
        now: (WallTime, LineTime),
    ) -> Option<Transition> {
        let known = self.lanes.get_mut(&lane)?;
        *known = change.to;
        self.judge(format!("{lane} lane: {}", change.why), now)
    }

    /// What the probes of its control lane came to in this session.
    pub fn measured(&mut self, tally: Tally) {
        self.tally = tally;
    }

    /// Probes sent and missed in all sessions.
    pub fn probes(&self) -> (u64, u64) {
        let (sent, missed) = self.before;
        (
            sent.saturating_add(self.tally.sent),
            missed.saturating_add(self.tally.missed),
        )
    }

    /// The newest measure of the way and its loss; of the session before, while none of this one is there.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// It ended, or could not be dialled, in words. Being down for another reason than before is no transition, but the
    /// newest reason is told.
    pub fn ended(&mut self, why: String, now: (WallTime, LineTime)) -> Option<Transition> {
        self.lanes.clear();
        self.before = self.probes();
        (self.tally.sent, self.tally.missed) = (0, 0);
        let transition = self.judge(why.clone(), now);
        if transition.is_none() {
            self.why = why;
            self.since.get_or_insert(now);
        }
        transition
    }

    /// As [`Self::ended`], by a turn of our own, as when a certificate was renewed: no relapse, its lamp is as steady after it
    /// as it was before.
    pub fn turned(&mut self, why: String, now: (WallTime, LineTime)) -> Option<Transition> {
        let relapsed = self.relapsed;
        let transition = self.ended(why, now);
        self.relapsed = relapsed;
        transition
    }

    fn judge(&mut self, why: String, (at, line): (WallTime, LineTime)) -> Option<Transition> {
        let to = self.worst();
        let from = std::mem::replace(&mut self.health, to);
        match to {
            Health::Up => self.proved = true,
            Health::Down => self.proved = false,
            Health::Proving | Health::Suspect => {}
        }
        if from == to {
            return None;
        }
        self.relapsed |= from == Health::Up;
        self.why.clone_from(&why);
        self.since = Some((at, line));
        let transition = Transition {
            at,
            line,
            from,
            to,
            why,
        };
        if self.transitions.len() >= TRANSITIONS_KEPT {
            self.transitions.pop_front();
        }
        self.transitions.push_back(transition.clone());
        Some(transition)
    }

    fn worst(&self) -> Health {
        let any = |health| self.lanes.values().any(|lane| *lane == health);
        if !self.lanes.contains_key(&Lane::Control) || any(Health::Down) {
            Health::Down
        } else if any(Health::Suspect) {
            Health::Suspect
        } else if any(Health::Proving) || self.lanes.len() < Lane::ALL.len() {
            Health::Proving
        } else {
            Health::Up
        }
    }
}

impl Lateness {
    /// A later copy came; `behind` the first by this much, if that is known still.
    pub fn note(&mut self, behind: Option<Duration>) {
        let Some(behind) = behind else {
            self.unknown = self.unknown.saturating_add(1);
            return;
        };
        self.longest = Some(self.longest.map_or(behind, |longest| longest.max(behind)));
        if self.newest.len() >= LATE_OVER {
            self.newest.pop_front();
        }
        self.newest.push_back(behind);
    }

    /// The median of the newest 256.
    pub fn median(&self) -> Option<Duration> {
        let mut sorted: Vec<Duration> = self.newest.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }

    /// The most of all.
    pub fn longest(&self) -> Option<Duration> {
        self.longest
    }

    /// Later copies so late that the first one's time was forgotten.
    pub fn unknown(&self) -> u64 {
        self.unknown
    }
}
