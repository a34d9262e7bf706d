//! Comm checks: is every path alive, and is anybody there.
//!
//! The automatic check goes out on every leg that is up and is answered by the other desk's station, which names the legs
//! of its own that brought a copy. A *path* is a leg of ours and a leg of theirs at the same relay; it has passed when the
//! check left by the one and came by the other. The human check is a TEST message that an officer releases and another
//! answers; the sides take turns by the hour ([`human`]).

pub mod human;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use crate::id::Hash32;
use crate::leg::{Door, Leg, RelayName};
use crate::time::LineTime;

/// Time between automatic checks. 60 s: "each minute".
pub const EVERY: Duration = Duration::from_secs(60);
/// When the first check goes after the start. 3 s: the legs are up by then.
const FIRST_AFTER: Duration = Duration::from_secs(3);
/// How long a desk waits for further copies before it answers. 5 s: five times the lateness of a satellite path; it answers
/// at once when every leg that is up has brought one.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Without an answer for so long a check is missed. 10 s: the other desk's 5 s, and as much again for both ways.
pub const MISSED_AFTER: Duration = Duration::from_secs(10);
/// Least time between two answers. 500 ms: half the shortest interval of checks; a desk that checks without end gets no
/// answer for each.
pub const ANSWER_EVERY: Duration = Duration::from_millis(500);
/// Checks of the other desk that are collected at once. 8: a desk that catches up with a day of checks answers the newest
/// ones only.
const COLLECTED_MAX: usize = 8;
/// Checks of ours that may still be answered late. 16: a quarter of an hour's worth; a later answer stays in the log.
const ASKED_MAX: usize = 16;

/// A way from desk to desk: our leg, their leg, one relay.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// The leg of the desk that checks.
    pub from: Leg,
    /// The leg of the desk that answers.
    pub to: Leg,
}

/// What became of one path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathRecord {
    /// Checks that passed.
    pub passed: u64,
    /// Checks that did not.
    pub missed: u64,
    /// When it passed last.
    pub last_passed: Option<LineTime>,
    /// When it was missed last.
    pub last_missed: Option<LineTime>,
}

/// What became of the checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sent.
    pub sent: u64,
    /// Answered in time.
    pub answered: u64,
    /// Answered after it had counted as missed.
    pub late: u64,
    /// Not answered in time. One that is answered late counts here and there.
    pub missed: u64,
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Send a check.
    Send,
    /// Answer this check: legs that brought it, and how long after the first copy.
    Answer {
        /// SHA-256 of the check.
        check: Hash32,
        /// In the order of their names.
        legs: Vec<(Leg, Duration)>,
    },
    /// This check was not answered in time.
    Missed {
        /// SHA-256 of the check.
        check: Hash32,
    },
}

/// The automatic checks of one desk, both ways.
#[derive(Debug, Clone)]
pub struct Checks {
    every: Option<Duration>,
    next: Option<LineTime>,
    asked: BTreeMap<Hash32, Asked>,
    collected: BTreeMap<Hash32, Collected>,
    answered_at: Option<LineTime>,
    paths: BTreeMap<Path, PathRecord>,
    counts: Counts,
}

#[derive(Debug, Clone)]
struct Asked {
    at: LineTime,
    legs: BTreeSet<Leg>,
    missed: bool,
}

#[derive(Debug, Clone)]
struct Collected {
    first: LineTime,
    came: BTreeMap<Leg, Duration>,
}

// === impl Checks ===

impl Checks {
    /// Checks to be sent so often, or never; every path over these relays is on the list from the start.
    pub fn new(every: Option<Duration>, relays: impl IntoIterator<Item = RelayName>, now: LineTime) -> Self {
        let paths = relays.into_iter().flat_map(|relay| paths_over(&relay));
        Self {
            every,
            next: every.map(|every| now.after(every.min(FIRST_AFTER))),
            asked: BTreeMap::new(),
            collected: BTreeMap::new(),
            answered_at: None,
            paths: paths.map(|path| (path, PathRecord::default())).collect(),
            counts: Counts::default(),
        }
    }

    /// A check is due then at the latest, also where none are sent by themselves: somebody waits for its answer.
    pub fn no_later_than(&mut self, at: LineTime) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }

    /// A check was signed and leaves by these legs.
    pub fn sent(&mut self, check: Hash32, legs: BTreeSet<Leg>, now: LineTime) {
        self.counts.sent += 1;
        if self.asked.len() >= ASKED_MAX {
            let oldest = self
                .asked
                .iter()
                .min_by_key(|(_, asked)| asked.at)
                .map(|(check, _)| *check);
            oldest.and_then(|oldest| self.asked.remove(&oldest));
        }
        self.asked.insert(
            check,
            Asked {
                at: now,
                legs,
                missed: false,
            },
        );
    }

    /// The other desk answered a check of ours: by these legs of its own it came. When the check had left; none if nobody
    /// waits for that answer.
    pub fn answered(&mut self, check: &Hash32, legs: &BTreeSet<Leg>, now: LineTime) -> Option<LineTime> {
        let asked = self.asked.remove(check)?;
        if asked.missed {
            self.counts.late += 1;
            return Some(asked.at);
        }
        self.counts.answered += 1;
        for (path, record) in &mut self.paths {
            record.note(asked.legs.contains(&path.from) && legs.contains(&path.to), now);
        }
        Some(asked.at)
    }

    /// A copy of a check of the other desk came by this leg; the first one opens the collection.
    pub fn came(&mut self, check: Hash32, leg: &Leg, now: LineTime) {
        if !self.collected.contains_key(&check) && self.collected.len() >= COLLECTED_MAX {
            let oldest = self
                .collected
                .iter()
                .min_by_key(|(_, one)| one.first)
                .map(|(check, _)| *check);
            oldest.and_then(|oldest| self.collected.remove(&oldest));
        }
        let one = self.collected.entry(check).or_insert_with(|| Collected {
            first: now,
            came: BTreeMap::new(),
        });
        let after = now.since(one.first);
        one.came.entry(leg.clone()).or_insert(after);
    }

    /// A later copy of something: of a check that is being collected it counts.
    pub fn came_again(&mut self, statement: &Hash32, leg: &Leg, now: LineTime) {
        if self.collected.contains_key(statement) {
            self.came(*statement, leg, now);
        }
    }

    /// What is due, with the legs that are up now.
    pub fn tick(&mut self, up: &BTreeSet<Leg>, now: LineTime) -> Vec<Due> {
        let mut due: Vec<Due> = self.answer(up, now).into_iter().collect();
        for (check, asked) in &mut self.asked {
            if !asked.missed && now.since(asked.at) >= MISSED_AFTER {
                asked.missed = true;
                self.counts.missed += 1;
                self.paths.values_mut().for_each(|record| record.note(false, now));
                due.push(Due::Missed { check: *check });
            }
        }
        if self.next.is_some_and(|next| next <= now) {
            self.next = self.every.map(|every| now.after(every));
            due.push(Due::Send);
        }
        due
    }

    /// The newest check whose copies are all there, or that has waited long enough.
    fn answer(&mut self, up: &BTreeSet<Leg>, now: LineTime) -> Option<Due> {
        if self.answered_at.is_some_and(|at| now.since(at) < ANSWER_EVERY) {
            return None;
        }
        let ready = |one: &Collected| {
            now.since(one.first) >= ANSWER_WITHIN || up.iter().all(|leg| one.came.contains_key(leg))
        };
        let (check, _) = self
            .collected
            .iter()
            .filter(|(_, one)| ready(one))
            .max_by_key(|(_, one)| one.first)?;
        let check = *check;
        let one = self.collected.remove(&check)?;
        self.answered_at = Some(now);
        let legs = one.came.into_iter().collect();
        Some(Due::Answer { check, legs })
    }

    /// Whether [`tick`](Self::tick) would find nothing to look at.
    pub fn is_idle(&self, now: LineTime) -> bool {
        self.collected.is_empty() && self.next_wake().is_none_or(|wake| wake > now)
    }

    /// When [`tick`](Self::tick) has something to do by time alone.
    pub fn next_wake(&self) -> Option<LineTime> {
        let answers = self.collected.values().map(|one| one.first.after(ANSWER_WITHIN));
        let waiting = self.asked.values().filter(|asked| !asked.missed);
        let misses = waiting.map(|asked| asked.at.after(MISSED_AFTER));
        answers.chain(misses).chain(self.next).min()
    }

    /// Every path, and what became of it.
    pub const fn paths(&self) -> &BTreeMap<Path, PathRecord> {
        &self.paths
    }

    /// What became of the checks.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// How often they go out, if they do.
    pub const fn every(&self) -> Option<Duration> {
        self.every
    }
}

/// The four ways over one relay.
pub fn paths_over(relay: &RelayName) -> Vec<Path> {
    let legs = || Door::ALL.into_iter().map(|door| Leg::new(relay.clone(), door));
    legs()
        .flat_map(|from| {
            legs().map(move |to| Path {
                from: from.clone(),
                to,
            })
        })
        .collect()
}

// === impl PathRecord ===

impl PathRecord {
    fn note(&mut self, passed: bool, now: LineTime) {
        if passed {
            self.passed += 1;
            self.last_passed = Some(now);
        } else {
            self.missed += 1;
            self.last_missed = Some(now);
        }
    }
}

// === impl Path ===

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}>{}", self.from, self.to)
    }
}
