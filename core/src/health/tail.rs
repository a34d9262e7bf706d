//! Tail loss: what follows the last frame of a lane, so that its loss is noticed.
//!
//! QUIC finds a lost packet by the acknowledgements of those behind it, within a little more than a round trip. Behind the
//! last packet comes nothing: only a timer finds its loss, which is longer and doubles with each further loss. On a link
//! that loses a third, a FLASH of three packets over four hops waits seconds for such timers. So small frames follow one
//! that counts, each a packet whose acknowledgement finds what was lost before it (as the tail loss probe of RFC 8985 does
//! for TCP), until an answer shows that it was read.

use std::time::Duration;

use super::{Numbers, RoundTrip};
use crate::time::LineTime;

/// Least time between two frames, and from the frame that counts to the first. 5 ms: a relay on the same machine has nearly
/// always answered by then, so on a line that loses nothing hardly any leave.
pub const TAIL_EVERY_MIN: Duration = Duration::from_millis(5);

/// Frames in a round trip. 6: QUIC calls a packet lost once something behind it was acknowledged and an eighth more than a
/// round trip has passed (RFC 9002 §6.1.2). Where a third is lost each way, every other frame brings an acknowledgement
/// back: with six of them it is there when the time has passed.
const IN_A_ROUND_TRIP: u32 = 6;

/// What follows now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    /// A probe: its answer shows that everything before it was read.
    Probe,
    /// An empty heartbeat.
    Nothing,
}

/// The tail of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    /// The newest probe when the frame left.
    before: u64,
    every: Duration,
    next: LineTime,
    /// The lane is down by then, or works.
    until: LineTime,
}

impl Tail {
    /// A frame that counts left now, behind this probe.
    pub(super) fn behind(before: u64, now: LineTime, round_trip: RoundTrip, numbers: &Numbers) -> Self {
        let every = round_trip
            .smoothed()
            .map_or(numbers.probe_every, |round_trip| round_trip / IN_A_ROUND_TRIP)
            .clamp(TAIL_EVERY_MIN, numbers.probe_every);
        Self {
            before,
            every,
            next: now.after(every),
            until: now.after(numbers.down_after),
        }
    }

    /// When something follows.
    pub(super) fn next(&self) -> LineTime {
        self.next
    }

    /// Whether that an answer to this probe came shows that the frame was read.
    pub(super) fn ends_with(&self, answered: u64) -> bool {
        answered > self.before
    }

    pub(super) fn is_over(&self, now: LineTime) -> bool {
        now >= self.until
    }

    /// What follows now, if something does. `newest` is the newest probe.
    pub(super) fn tick(&mut self, newest: u64, now: LineTime) -> Option<Follows> {
        if now < self.next {
            return None;
        }
        self.next = now.after(self.every);
        Some(if newest > self.before {
            Follows::Nothing
        } else {
            Follows::Probe
        })
    }
}
