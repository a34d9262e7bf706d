//! A session's pulse: the relay probes the desk, answers its probes, and judges the lane by the desk's answers.
//!
//! The machine is `core`'s, the same that judges the other end, with the numbers that the desk named in its hello: so a
//! cut in either direction is seen from both ends within the same time.

use std::{collections::VecDeque, time::Duration};

use hotline_core::{
    health::{Change, Health, Numbers, Probes},
    time::LineTime,
};
use hotline_proto::v1;
use hotline_transport::Clock;

/// Cursors of which is noted behind which probe they left. 64: a cursor is confirmed with the desk's next probe.
const CURSORS_MAX: usize = 64;

/// The pulse of one lane.
#[derive(Debug)]
pub(crate) struct Pulse {
    probes: Probes,
    /// The desk's newest probe.
    heard: u64,
    /// Mailbox cursors that were sent, each with the probe before it.
    left: VecDeque<(u64, u64)>,
}

/// What the time brought.
#[derive(Debug, Default)]
pub(crate) struct Beat {
    /// Send a probe with this number.
    pub(crate) probe: Option<u64>,
    /// The lane stands differently.
    pub(crate) change: Option<Change>,
}

impl Pulse {
    pub(crate) fn new(numbers: &'static Numbers, now: LineTime) -> Self {
        Self {
            probes: Probes::opened(numbers, now),
            heard: 0,
            left: VecDeque::new(),
        }
    }

    /// What is due now; nothing before [`rest`](Self::rest) is over.
    pub(crate) fn beat(&mut self, now: LineTime) -> Beat {
        if now < self.probes.next_wake() {
            return Beat::default();
        }
        let ticked = self.probes.tick(now);
        Beat {
            probe: ticked.probe,
            change: ticked.change,
        }
    }

    /// Time until something is due.
    pub(crate) fn rest(&self, now: LineTime) -> Duration {
        self.probes.next_wake().since(now)
    }

    pub(crate) fn is_down(&self) -> bool {
        self.probes.health() == Health::Down
    }

    /// A heartbeat of the desk: whether it wants an answer, and what its own answer changed.
    pub(crate) fn heard(&mut self, heartbeat: &v1::Heartbeat, now: LineTime) -> (bool, Option<Change>) {
        let asks = heartbeat.sequence > self.heard;
        self.heard = self.heard.max(heartbeat.sequence);
        (asks, self.probes.answered(heartbeat.answers, now).change)
    }

    /// The mailbox was sent up to this cursor.
    pub(crate) fn left(&mut self, cursor: u64) {
        if self.left.len() >= CURSORS_MAX {
            self.left.pop_front();
        }
        self.left.push_back((cursor, self.probes.newest()));
    }

    /// The desk has stored everything up to this cursor, so it has read what was sent before.
    pub(crate) fn stored(&mut self, cursor: u64, now: LineTime) {
        while let Some((_, probe)) = self.left.pop_front_if(|(left, _)| *left <= cursor) {
            self.probes.vouched(probe, now);
        }
    }

    /// The frame of a probe, or (with number 0) of an answer alone.
    pub(crate) fn frame(&self, sequence: u64, clock: &dyn Clock) -> v1::Heartbeat {
        v1::Heartbeat {
            sequence,
            answers: self.heard,
            wall_ms: clock.wall().unix_ms(),
            line_ms: u64::try_from(clock.line().since_start().as_millis()).unwrap_or(u64::MAX),
            checkpoint: None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use hotline_core::health::Profile;

    fn at(ms: u64) -> LineTime {
        LineTime::from_start(Duration::from_millis(ms))
    }

    fn heartbeat(sequence: u64, answers: u64) -> v1::Heartbeat {
        v1::Heartbeat {
            sequence,
            answers,
            ..v1::Heartbeat::default()
        }
    }

    #[test]
    fn a_probe_is_answered_once_and_an_answer_never() {
        let mut pulse = Pulse::new(Profile::Lan.numbers(), at(0));
        assert!(pulse.heard(&heartbeat(1, 0), at(1)).0);
        assert!(!pulse.heard(&heartbeat(1, 0), at(1)).0, "the same again");
        assert!(!pulse.heard(&heartbeat(0, 0), at(1)).0, "an answer");
        assert!(pulse.heard(&heartbeat(2, 0), at(1)).0);
    }

    #[test]
    fn a_desk_that_probes_and_never_answers_is_down() {
        let mut pulse = Pulse::new(Profile::Lan.numbers(), at(0));
        for ms in 0..1500 {
            let _ = pulse.heard(&heartbeat(ms + 1, 0), at(ms));
            let _ = pulse.beat(at(ms));
        }
        assert!(pulse.is_down());
    }

    #[test]
    fn a_stored_cursor_proves_that_the_desk_reads() {
        let mut pulse = Pulse::new(Profile::Lan.numbers(), at(0));
        for ms in 0..3000 {
            let _ = pulse.beat(at(ms));
            pulse.left(ms);
            if ms % 500 == 499 {
                pulse.stored(ms, at(ms));
            }
        }
        assert!(!pulse.is_down());
        // The same cursor again proves nothing.
        for ms in 3000..5000 {
            let _ = pulse.beat(at(ms));
            pulse.stored(2999, at(ms));
        }
        assert!(pulse.is_down());
    }
}
