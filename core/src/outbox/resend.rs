//! The resend rule: after how much silence a copy is sent again, and over which doors.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::health::Profile;
use crate::leg::Door;
use crate::plant;
use crate::precedence::Urgency;

use super::lines::Rank;

/// The doors for another try: all that carry for urgent ones; for ordinary ones the planned door and its other in turn,
/// so that a door which swallows copies costs one back-off and no more.
pub(super) fn doors_again(
    rank: Rank,
    attempts: u32,
    planned: &BTreeSet<Door>,
    carrying: &BTreeSet<Door>,
) -> BTreeSet<Door> {
    match rank.precedence.0.urgency() {
        Urgency::Urgent => carrying.clone(),
        Urgency::Ordinary => {
            let others: BTreeSet<Door> = carrying.difference(planned).copied().collect();
            if attempts.is_multiple_of(2) && !others.is_empty() {
                others
            } else {
                planned.clone()
            }
        }
    }
}

/// How patient the outbox is with one relay: by the profile of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Silence after a first send that calls for a second; then twice that, and so on.
    pub first: Duration,
    /// The longest back-off. A relay that was overwhelmed is offered each statement that seldom.
    pub longest: Duration,
    /// How long a leg may keep a copy in its queue before it is offered again.
    pub hand_over: Duration,
}

const LAN: Pace = Pace {
    // The first message passes within 1 s after a path heals (promise 5), and ten times what a loaded relay takes.
    first: RESEND_FIRST,
    // Twice a minute.
    longest: RESEND_LONGEST,
    hand_over: HAND_OVER,
};

const WAN: Pace = Pace {
    // A round trip of 1 s, and a second one for a packet that was lost: sooner no answer can be missed.
    first: Duration::from_secs(2),
    longest: RESEND_LONGEST,
    hand_over: HAND_OVER,
};

const SATELLITE: Pace = Pace {
    // The longest that an answer is waited for there: a packet lost twice, after 3 and 6 s, and the way.
    first: Duration::from_secs(10),
    // Once a minute: a narrow line carries new words first.
    longest: Duration::from_secs(60),
    // Behind the 100 s after which a silent leg there is given up: until then its queue may still move.
    hand_over: Duration::from_secs(120),
};

impl Pace {
    /// That of a kind of line.
    #[must_use]
    pub const fn of(profile: Profile) -> &'static Self {
        match profile {
            Profile::Lan => &LAN,
            Profile::Wan => &WAN,
            Profile::Satellite => &SATELLITE,
        }
    }

    /// Silence after the given number of sends that calls for another.
    pub(super) fn back_off(&self, attempts: u32) -> Duration {
        if plant::active("unbounded-resend") {
            return Duration::from_millis(1);
        }
        let doublings = attempts.saturating_sub(1).min(MAX_DOUBLINGS);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }

    /// How long a relay that refused a statement for now (its disk is full) is left alone with it.
    pub(super) fn after_refusal(&self, rank: Rank) -> Duration {
        match rank.precedence.0.urgency() {
            Urgency::Urgent => REFUSED_URGENT,
            Urgency::Ordinary => self.longest,
        }
    }
}

/// Pause after an urgent statement was refused for now. 2 s: two tries within the 5 s in which a FLASH must be through
/// once a disk has room again. The same on every line: it runs from the refusal, so no try overtakes an answer.
pub const REFUSED_URGENT: Duration = Duration::from_secs(2);
/// Silence after a first send that calls for a second, on a `lan` line ([`Pace`]).
pub const RESEND_FIRST: Duration = Duration::from_secs(1);
/// The longest back-off on a `lan` line.
pub const RESEND_LONGEST: Duration = Duration::from_secs(30);
/// How long a leg of a `lan` line may keep a copy in its queue before it is offered again.
pub const HAND_OVER: Duration = Duration::from_secs(30);
/// Sends without an answer after which people are told: 1 + 2 + 4 + 8 + 16 s, half a minute; 3 minutes by satellite.
pub const STALLED_ATTEMPTS: u32 = 6;
/// Statements sent again per relay and tick; whatever else is due follows with the next tick.
pub const TICK_SENDS: usize = 256;
/// 2^5 times the first pause is above the longest, on every line.
const MAX_DOUBLINGS: u32 = 5;
