//! What the legs are together: two ways that do not share a relay, or not.

use std::collections::BTreeSet;

use super::LegHealth;
use crate::leg::Leg;
use crate::plant;

/// Whether two relays answer, over two legs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Redundancy {
    /// Not known yet: the line is coming up.
    #[default]
    Starting,
    /// Any one relay and any one leg may fail.
    Whole,
    /// One more failure may silence the line.
    Lost,
}

/// Redundancy came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedundancyChange {
    /// The line has come up for the first time.
    Reached,
    /// It is an alarm, while traffic still flows.
    Lost,
    /// It is back, and was lost before.
    Restored,
}

/// Relays and legs that are needed: two of each, or as many relays as there are.
const NEEDED: usize = 2;

impl Redundancy {
    /// `STARTING`, `WHOLE`, `LOST`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "STARTING",
            Self::Whole => "WHOLE",
            Self::Lost => "LOST",
        }
    }

    /// Looks at the legs again, after any has changed.
    pub fn look<'a>(
        &mut self,
        legs: impl Iterator<Item = (&'a Leg, &'a LegHealth)>,
    ) -> Option<RedundancyChange> {
        let (mut relays, mut answering, mut counting) = (BTreeSet::new(), BTreeSet::new(), 0_usize);
        for (leg, health) in legs {
            relays.insert(&leg.relay);
            if health.counts() {
                answering.insert(&leg.relay);
                counting += 1;
            }
        }
        let enough = answering.len() >= relays.len().min(NEEDED) || plant::active("one-relay-called-whole");
        let now = match (*self, enough && counting >= NEEDED) {
            (_, true) => Self::Whole,
            (Self::Starting, false) => Self::Starting,
            (Self::Whole | Self::Lost, false) => Self::Lost,
        };
        match (std::mem::replace(self, now), now) {
            (Self::Starting, Self::Whole) => Some(RedundancyChange::Reached),
            (Self::Whole, Self::Lost) => Some(RedundancyChange::Lost),
            (Self::Lost, Self::Whole) => Some(RedundancyChange::Restored),
            _ => None,
        }
    }
}
