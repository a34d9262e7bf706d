//! The resend rule: after how much silence a copy is sent again, and over which doors.

use std::collections::BTreeSet;
use std::time::Duration;

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

/// Silence after the given number of sends that calls for another.
pub(super) fn back_off(attempts: u32) -> Duration {
    if plant::active("unbounded-resend") {
        return Duration::from_millis(1);
    }
    let doublings = attempts.saturating_sub(1).min(MAX_DOUBLINGS);
    RESEND_FIRST.saturating_mul(1 << doublings).min(RESEND_LONGEST)
}

/// How long a relay that refused a statement for now (its disk is full) is left alone with it.
pub(super) fn pause_after_refusal(rank: Rank) -> Duration {
    match rank.precedence.0.urgency() {
        Urgency::Urgent => REFUSED_URGENT,
        Urgency::Ordinary => RESEND_LONGEST,
    }
}

/// Pause after an urgent statement was refused for now. 2 s: two tries within the 5 s in which a FLASH must be through
/// once a disk has room again.
pub const REFUSED_URGENT: Duration = Duration::from_secs(2);
/// Silence after a first send that calls for a second: the first message passes within 1 s after a path heals
/// (promise 5), and ten times what a loaded relay takes.
pub const RESEND_FIRST: Duration = Duration::from_secs(1);
/// The longest back-off. A relay that was overwhelmed is offered each statement twice a minute.
pub const RESEND_LONGEST: Duration = Duration::from_secs(30);
/// How long a leg may keep a copy in its queue before it is offered again.
pub const HAND_OVER: Duration = Duration::from_secs(30);
/// Sends without an answer after which people are told: 1 + 2 + 4 + 8 + 16 s, half a minute.
pub const STALLED_ATTEMPTS: u32 = 6;
/// Statements sent again per relay and tick; whatever else is due follows with the next tick.
pub const TICK_SENDS: usize = 256;
/// 2^5 s is above the longest back-off.
const MAX_DOUBLINGS: u32 = 5;
