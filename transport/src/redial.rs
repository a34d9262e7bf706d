//! When to dial again: soon, never in step with others, and slowly where a person must act first.
//!
//! HTTP channels of the usual kind dial at once on every call, which turns an outage into a storm. Here one dial is
//! one connection, and this machine says how long to wait before the next.
//!
//! A dial into a black hole hangs for its whole handshake, and its own repeats come ever more slowly. So a further dial
//! begins beside it after [`beside`](Redial::beside), a bounded number at once: a way that has healed is found by a
//! fresh packet, not by the next repeat of an old one. The longest wait bounds the rate in any case.

use std::sync::Arc;
use std::time::Duration;

use hotline_core::health::Numbers;

use crate::refusal::Permanence;
use crate::seams::Entropy;

/// The wait after a refusal that only a person can mend.
const AFTER_PERMANENT: Duration = Duration::from_secs(30);

/// The back-off of one path.
#[derive(Debug, Clone)]
pub struct Redial {
    entropy: Arc<dyn Entropy>,
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Redial {
    /// A path that has not failed yet, over a kind of line.
    #[must_use]
    pub fn new(entropy: Arc<dyn Entropy>, numbers: &Numbers) -> Self {
        Self {
            entropy,
            first: numbers.redial_first,
            longest: numbers.redial_longest,
            next: numbers.redial_first,
        }
    }

    /// How long to wait after a failure: the first wait, doubling to the longest; 30 s if a person must act. Half of it
    /// is chance, so that two nodes cut off together do not come back together.
    #[must_use]
    pub fn after(&mut self, permanence: Permanence) -> Duration {
        if hotline_core::plant::active("redial-without-back-off") {
            return Duration::from_millis(1);
        }
        match permanence {
            Permanence::Permanent => self.by_chance(AFTER_PERMANENT),
            Permanence::Temporary => {
                let full = self.next;
                self.next = full.saturating_mul(2).min(self.longest);
                self.by_chance(full)
            }
        }
    }

    /// How long after one dial began a further one begins beside it, while it hangs: the longest wait, half of it chance.
    #[must_use]
    pub fn beside(&self) -> Duration {
        self.by_chance(self.longest)
    }

    /// The path has proved itself: the next failure waits the first wait again. Not sooner: a path that comes up and
    /// falls at once would be dialled as if it had never failed.
    pub fn succeeded(&mut self) {
        self.next = self.first;
    }

    fn by_chance(&self, full: Duration) -> Duration {
        let mut dice = [0_u8; 1];
        self.entropy.fill(&mut dice);
        full / 2 + (full / 2).mul_f64(f64::from(u8::from_ne_bytes(dice)) / f64::from(u8::MAX))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use hotline_core::health::Profile;

    fn redial(dice: u8) -> Redial {
        Redial::new(Arc::new(Always(dice)), Profile::Lan.numbers())
    }

    #[derive(Debug)]
    struct Always(u8);

    impl Entropy for Always {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn waits_double_to_half_a_second_on_lan_and_start_again_after_success() {
        let mut redial = redial(u8::MAX);
        let waits: Vec<u128> = (0..5)
            .map(|_| redial.after(Permanence::Temporary).as_millis())
            .collect();
        assert_eq!(waits, [100, 200, 400, 500, 500]);
        redial.succeeded();
        assert_eq!(redial.after(Permanence::Temporary).as_millis(), 100);
    }

    #[test]
    fn half_of_each_wait_is_chance() {
        assert_eq!(redial(0).after(Permanence::Temporary).as_millis(), 50);
        assert_eq!(redial(0).beside().as_millis(), 250);
        assert_eq!(redial(u8::MAX).beside().as_millis(), 500);
    }

    #[test]
    fn a_permanent_refusal_is_not_hammered() {
        assert_eq!(redial(0).after(Permanence::Permanent), Duration::from_secs(15));
        assert_eq!(
            redial(u8::MAX).after(Permanence::Permanent),
            Duration::from_secs(30)
        );
    }
}
