//! How often somebody may ask: a bucket of tokens for each caller, in line time.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hotline_core::time::LineTime;

/// Calls that one caller may make at once. 64: a log that catches up asks a few times for each checkpoint.
pub const BURST: u32 = 64;
/// Calls that one caller may go on making per second. 32: one for each checkpoint of a busy log, and its entries.
pub const PER_SECOND: u32 = 32;
/// Callers that are remembered. Beyond it all are forgotten, which gives each a full bucket again.
const MAX_CALLERS: usize = 1_024;

/// The buckets.
#[derive(Debug, Default)]
pub struct Pace {
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Pace {
    /// Whether `caller` may ask now; takes one token if so.
    pub fn may(&self, caller: &str, now: LineTime) -> bool {
        let now = now.since_start();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_CALLERS && !buckets.contains_key(caller) {
            buckets.clear();
        }
        let bucket = buckets.entry(caller.to_owned()).or_insert(Bucket {
            tokens: f64::from(BURST),
            at: now,
        });
        let passed = now.saturating_sub(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * f64::from(PER_SECOND)).min(f64::from(BURST));
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_caller_that_asks_too_often_waits_and_another_one_does_not() {
        let pace = Pace::default();
        let at = |ms| LineTime::from_start(Duration::from_millis(ms));
        let allowed = (0..1000).filter(|_| pace.may("north", at(0))).count();
        assert_eq!(allowed, BURST as usize);
        assert!(pace.may("south", at(0)));
        assert!(!pace.may("north", at(1)));
        let allowed = (0..1000).filter(|_| pace.may("north", at(1000))).count();
        assert_eq!(allowed, PER_SECOND as usize);
    }

    #[test]
    fn callers_beyond_the_bound_are_forgotten_and_not_collected() {
        let pace = Pace::default();
        for caller in 0..3 * MAX_CALLERS {
            assert!(pace.may(&caller.to_string(), LineTime::from_start(Duration::ZERO)));
        }
        assert!(pace.buckets.lock().unwrap().len() <= MAX_CALLERS);
    }
}
