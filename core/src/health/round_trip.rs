//! The round trip of a lane, as RFC 6298 smooths it.

use std::time::Duration;

use super::Numbers;

/// What the answers so far say about the way there and back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoundTrip {
    measured: Option<Measured>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Measured {
    newest: Duration,
    smoothed: Duration,
    variation: Duration,
    least: Duration,
}

impl RoundTrip {
    /// Takes one measured round trip in. Every answer names its probe, so one that was sent again on its way counts too.
    pub fn take(&mut self, newest: Duration) {
        self.measured = Some(match self.measured {
            // RFC 6298 §2.2.
            None => Measured {
                newest,
                smoothed: newest,
                variation: newest / 2,
                least: newest,
            },
            // RFC 6298 §2.3: beta is a quarter, alpha an eighth.
            Some(before) => Measured {
                newest,
                variation: (before.variation * 3 + before.smoothed.abs_diff(newest)) / 4,
                smoothed: (before.smoothed * 7 + newest) / 8,
                least: before.least.min(newest),
            },
        });
    }

    /// How long an answer may take before it is late: smoothed round trip and four times its variation, within the
    /// bounds of the profile; its upper bound while nothing was measured.
    pub fn answer_within(&self, numbers: &Numbers) -> Duration {
        match self.measured {
            Some(measured) => {
                (measured.smoothed + measured.variation * 4).clamp(numbers.answer_min, numbers.answer_max)
            }
            None => numbers.answer_max,
        }
    }

    /// The newest one.
    pub fn newest(&self) -> Option<Duration> {
        self.measured.map(|measured| measured.newest)
    }

    /// Smoothed over some eight answers.
    pub fn smoothed(&self) -> Option<Duration> {
        self.measured.map(|measured| measured.smoothed)
    }

    /// How much they differ.
    pub fn variation(&self) -> Option<Duration> {
        self.measured.map(|measured| measured.variation)
    }

    /// The shortest: nearest to the length of the way.
    pub fn least(&self) -> Option<Duration> {
        self.measured.map(|measured| measured.least)
    }
}
