//! When to dial again: soon, never in step with others, and slowly where a person must act first.
//!
//! HTTP channels of the usual kind dial at once on every call, which turns an outage into a storm. Here one dial is
//! one connection, and this machine says how long to wait before the next.

use std::sync::Arc;
use std::time::Duration;

use crate::refusal::Permanence;
use crate::seams::Entropy;

/// The first wait.
const FIRST: Duration = Duration::from_millis(100);

/// The longest wait while trying may help. Promise 5 asks for the first message within 1 s after a path heals on
/// *some* path; a path that has been gone for long may take this long.
const LONGEST: Duration = Duration::from_secs(2);

/// The wait after a refusal that only a person can mend.
const AFTER_PERMANENT: Duration = Duration::from_secs(30);

/// The back-off of one path.
#[derive(Debug, Clone)]
pub struct Redial {
    entropy: Arc<dyn Entropy>,
    next: Duration,
}

impl Redial {
    /// A path that has not failed yet.
    #[must_use]
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy, next: FIRST }
    }

    /// How long to wait after a failure: 100 ms, doubling to 2 s; 30 s if a person must act. Half of it is chance, so
    /// that two nodes cut off together do not come back together.
    #[must_use]
    pub fn after(&mut self, permanence: Permanence) -> Duration {
        if hotline_core::plant::active("redial-without-back-off") {
            return Duration::from_millis(1);
        }
        let full = match permanence {
            Permanence::Permanent => AFTER_PERMANENT,
            Permanence::Temporary => {
                let full = self.next;
                self.next = full.saturating_mul(2).min(LONGEST);
                full
            }
        };
        let mut dice = [0_u8; 1];
        self.entropy.fill(&mut dice);
        full / 2 + (full / 2).mul_f64(f64::from(u8::from_ne_bytes(dice)) / f64::from(u8::MAX))
    }

    /// The path is really up (a session hello was answered): the next failure waits the first wait again.
    pub fn succeeded(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[derive(Debug)]
    struct Always(u8);

    impl Entropy for Always {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn waits_double_to_two_seconds_and_start_again_after_success() {
        let mut redial = Redial::new(Arc::new(Always(u8::MAX)));
        let waits: Vec<u128> = (0..7)
            .map(|_| redial.after(Permanence::Temporary).as_millis())
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 2000, 2000]);
        redial.succeeded();
        assert_eq!(redial.after(Permanence::Temporary), FIRST);
    }

    #[test]
    fn half_of_each_wait_is_chance() {
        let mut redial = Redial::new(Arc::new(Always(0)));
        assert_eq!(redial.after(Permanence::Temporary).as_millis(), 50);
    }

    #[test]
    fn a_permanent_refusal_is_not_hammered() {
        let mut redial = Redial::new(Arc::new(Always(0)));
        assert_eq!(redial.after(Permanence::Permanent), Duration::from_secs(15));
        let mut redial = Redial::new(Arc::new(Always(u8::MAX)));
        assert_eq!(redial.after(Permanence::Permanent), Duration::from_secs(30));
    }
}
