//! DELAYED and EXPIRED: what may no longer be acted on as it stands.
//!
//! Both compare wall clocks, because a message says by wall clocks when it was signed and until when it holds. DELAYED
//! compares two machines: a receiver's clock that is ahead by more than the objective marks what is in time, and one that
//! is behind misses what is late by less than their difference. The first costs a confirmation by the sender, so it is the
//! safe side; how far clocks lie apart is shown with every leg. A claim so far in the future that clocks lie apart by more
//! than the objective says nothing about lateness, and is not taken for in time.

use std::time::Duration;

use crate::precedence::Precedence;
use crate::time::WallTime;

/// How much later than its precedence's objective a message was first received; none if it came in time. DEFERRED has no
/// objective and is never late.
pub fn delayed_by(precedence: Precedence, claimed: WallTime, received: WallTime) -> Option<Duration> {
    let objective = precedence.objective()?;
    let took = Duration::from_millis(received.unix_ms().saturating_sub(claimed.unix_ms()));
    took.checked_sub(objective).filter(|late| !late.is_zero())
}

/// How far in the future a message says that it was signed, if that is more than its objective: the clocks of both ends lie
/// too far apart to tell whether it came late. DEFERRED is never late.
pub fn unknown_by(precedence: Precedence, claimed: WallTime, received: WallTime) -> Option<Duration> {
    let objective = precedence.objective()?;
    let ahead = Duration::from_millis(claimed.unix_ms().saturating_sub(received.unix_ms()));
    (ahead > objective).then_some(ahead)
}

/// Whether a message that holds until `expires_ms` (milliseconds since 1970; 0 for ever) holds no longer.
pub const fn expired(expires_ms: u64, now: WallTime) -> bool {
    expires_ms != 0 && now.unix_ms() >= expires_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: WallTime = WallTime::from_unix_ms(1_795_000_000_000);

    fn later(seconds: u64) -> WallTime {
        WallTime::from_unix_ms(SIGNED.unix_ms() + seconds * 1000)
    }

    #[test]
    fn a_message_is_delayed_once_it_came_later_than_its_objective() {
        assert_eq!(delayed_by(Precedence::Flash, SIGNED, later(600)), None);
        assert_eq!(
            delayed_by(Precedence::Flash, SIGNED, later(601)),
            Some(Duration::from_secs(1))
        );
        assert_eq!(delayed_by(Precedence::Routine, SIGNED, later(6 * 3600)), None);
        assert_eq!(delayed_by(Precedence::Deferred, SIGNED, later(1_000_000)), None);
    }

    #[test]
    fn a_claim_from_the_future_is_not_late() {
        assert_eq!(delayed_by(Precedence::Override, later(900), SIGNED), None);
        assert_eq!(
            delayed_by(Precedence::Override, WallTime::from_unix_ms(u64::MAX), SIGNED),
            None
        );
    }

    #[test]
    fn a_claim_from_farther_in_the_future_than_the_objective_leaves_unknown_whether_it_is_late() {
        let ahead = |seconds| unknown_by(Precedence::Flash, later(seconds), SIGNED);
        assert_eq!((ahead(0), ahead(600)), (None, None));
        assert_eq!(ahead(601), Some(Duration::from_secs(601)));
        assert_eq!(unknown_by(Precedence::Flash, SIGNED, later(9_000)), None);
        assert_eq!(unknown_by(Precedence::Deferred, later(1_000_000), SIGNED), None);
    }

    #[test]
    fn a_message_holds_up_to_its_moment_and_without_one_for_ever() {
        let until = later(60).unix_ms();
        assert!(!expired(until, later(59)));
        assert!(expired(until, later(60)));
        assert!(!expired(0, WallTime::from_unix_ms(u64::MAX)));
    }
}
