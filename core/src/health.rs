//! Path health: whether a leg works, judged by answers to our own probes.
//!
//! A *probe* is a heartbeat with a number; the other end answers it at once. Only an answer proves a leg: what the other
//! end sends of itself shows one direction, and a cable can be cut in the other. So both ends judge alike, and a one-way
//! cut is seen from both.
//!
//! - [`Profile`] has the numbers of a kind of line, each with its reason.
//! - [`Probes`] judges one lane: when to probe, what an answer changes, what silence changes.
//! - [`LegHealth`] is a leg: the worst of its lanes, since when, why, and what its copies came to.
//! - [`Redundancy`] is what the legs are together: two relays that answer, or not.
//!
//! Deliberately absent: clocks, timers, frames. Whoever drives a machine tells it the time.

mod leg;
mod probes;
mod profile;
mod redundancy;
mod round_trip;
mod tail;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use crate::copies::LegStanding;

pub use leg::{Lateness, LegHealth, STEADY_AFTER, TRANSITIONS_KEPT, Transition};
pub use probes::{Answered, GOOD_CHECKS, Probes, Tally, Ticked};
pub use profile::{NotAProfile, Numbers, Profile};
pub use redundancy::{Redundancy, RedundancyChange};
pub use round_trip::RoundTrip;
pub use tail::TAIL_EVERY_MIN;

/// How a lane, or a leg, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// Its session is open, and enough probes in a row were answered in time.
    Up,
    /// Its session is open and has not proved itself yet: it carries, but does not count as a second way.
    Proving,
    /// A probe was not answered in time. It still carries; other legs carry beside it.
    Suspect,
    /// No session, or no answer for too long.
    Down,
}

impl Health {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Up, Self::Proving, Self::Suspect, Self::Down];

    /// `UP`, `PROVING`, `SUSPECT`, `DOWN`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::Proving => "PROVING",
            Self::Suspect => "SUSPECT",
            Self::Down => "DOWN",
        }
    }

    /// How far it can be trusted with a copy. An answered hello proves both directions, so a leg that is proving
    /// carries like one that is up.
    pub const fn standing(self) -> LegStanding {
        match self {
            Self::Up | Self::Proving => LegStanding::Up,
            Self::Suspect => LegStanding::Suspect,
            Self::Down => LegStanding::Down,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a lane changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A probe was not answered in time.
    Missed {
        /// Its number.
        probe: u64,
        /// How long its answer might have taken.
        within: Duration,
    },
    /// Nothing of ours was answered for too long.
    Silent {
        /// How long.
        silence: Duration,
    },
    /// So many probes in a row were answered in time.
    Proven {
        /// How many.
        checks: u32,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missed { probe, within } => {
                write!(
                    f,
                    "probe {probe} was not answered within {} ms",
                    within.as_millis()
                )
            }
            Self::Silent { silence } => {
                write!(f, "no probe was answered for {} ms", silence.as_millis())
            }
            Self::Proven { checks } => write!(f, "{checks} probes in a row were answered in time"),
        }
    }
}

/// A lane stands differently from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// How it stood.
    pub from: Health,
    /// How it stands.
    pub to: Health,
    /// Why.
    pub why: Why,
}
