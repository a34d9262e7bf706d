//! When a cosigner is asked again: a machine without clock or socket.
//!
//! A checkpoint is offered when it is the newest for so long, or when so many entries have come since the last one that was
//! offered. What did not work is tried again after a pause that doubles up to a bound.

use std::time::Duration;

use hotline_core::time::LineTime;

/// The first pause after something did not work.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause. 15 s: a peer that comes back is asked well before a minute is over.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// How often the size of the log is looked at while fewer entries than the bound have come.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// One cosigner's course.
#[derive(Clone, Debug)]
pub(super) struct Course {
    every: Duration,
    entries: u64,
    /// The checkpoint that was dealt with last: its size, and when.
    offered: Option<(u64, LineTime)>,
    /// Whether what was offered last is settled: cosigned, and mirrored where there is a mirror.
    settled: bool,
    failures: u32,
    not_before: Option<LineTime>,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Offer the newest checkpoint.
    Offer,
    /// Look again after so long.
    Later(Duration),
}

impl Course {
    pub(super) fn new(every: Duration, entries: u64) -> Self {
        Self {
            every,
            entries: entries.max(1),
            offered: None,
            settled: false,
            failures: 0,
            not_before: None,
        }
    }

    /// What is due, with a log of this size.
    pub(super) fn due(&self, size: u64, now: LineTime) -> Due {
        if let Some(not_before) = self.not_before.filter(|at| *at > now) {
            return Due::Later(not_before.since(now));
        }
        if size == 0 {
            return Due::Later(LOOK_EVERY);
        }
        let Some((offered, at)) = self.offered else {
            return Due::Offer;
        };
        if !self.settled {
            return Due::Offer;
        }
        if size <= offered {
            return Due::Later(LOOK_EVERY);
        }
        let passed = now.since(at);
        if passed >= self.every || size - offered >= self.entries {
            return Due::Offer;
        }
        Due::Later((self.every - passed).min(LOOK_EVERY))
    }

    /// The checkpoint of this size was cosigned, and mirrored where that was asked for.
    pub(super) fn settled(&mut self, size: u64, now: LineTime) {
        self.offered = Some((size, now));
        self.settled = true;
        self.failures = 0;
        self.not_before = None;
    }

    /// It works, and is not done yet: what does not work next is the first such thing again.
    pub(super) fn works(&mut self) {
        self.failures = 0;
    }

    /// Something did not work: returns how long it pauses.
    pub(super) fn failed(&mut self, now: LineTime) -> Duration {
        let pause = FIRST_PAUSE
            .saturating_mul(1 << self.failures.min(10))
            .min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.settled = false;
        self.not_before = Some(now.after(pause));
        pause
    }

    /// Whether what was offered last was dealt with.
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// How often in a row something did not work.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> LineTime {
        LineTime::START.after(Duration::from_millis(ms))
    }

    fn course() -> Course {
        Course::new(Duration::from_secs(10), 100)
    }

    #[test]
    fn the_newest_checkpoint_is_offered_at_once_at_the_start_and_an_empty_log_never() {
        assert_eq!(course().due(0, at(0)), Due::Later(LOOK_EVERY));
        assert_eq!(course().due(1, at(0)), Due::Offer);
    }

    #[test]
    fn no_checkpoint_stays_unoffered_for_longer_than_the_time_nor_for_more_entries_than_the_bound() {
        let mut course = course();
        course.settled(50, at(1000));
        assert_eq!(course.due(50, at(900_000)), Due::Later(LOOK_EVERY), "nothing new");
        assert_eq!(course.due(51, at(2000)), Due::Later(LOOK_EVERY));
        assert_eq!(course.due(51, at(10_900)), Due::Later(Duration::from_millis(100)));
        assert_eq!(course.due(51, at(11_000)), Due::Offer, "ten seconds");
        assert_eq!(course.due(149, at(1100)), Due::Later(LOOK_EVERY));
        assert_eq!(course.due(150, at(1100)), Due::Offer, "a hundred entries");
    }

    #[test]
    fn what_does_not_work_is_tried_again_after_pauses_that_double_up_to_a_bound() {
        let mut course = course();
        let mut pauses = Vec::new();
        for _ in 0..40 {
            pauses.push(course.failed(at(0)));
        }
        assert_eq!(pauses[..3], [200, 400, 800].map(Duration::from_millis));
        assert_eq!(pauses[39], LONGEST_PAUSE);
        assert_eq!(course.due(5, at(0)), Due::Later(LONGEST_PAUSE));
        assert_eq!(course.due(5, at(15_000)), Due::Offer);
        course.settled(5, at(15_000));
        assert_eq!(course.failed(at(16_000)), FIRST_PAUSE);
        assert_eq!(
            course.due(5, at(16_200)),
            Due::Offer,
            "it is not settled any more"
        );
    }
}
