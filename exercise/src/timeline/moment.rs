//! When something happened on control's clocks, how far that can be off, and what follows for a bound.

use std::fmt;

use crate::{
    expect::Met,
    scenario::moment::{LineSpan, Span, StorySpan},
};

/// So uncertain that nothing can be said: control has never seen that desk's clock.
pub const UNKNOWN_MS: u64 = u64::MAX;

/// A moment on control's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// By control's wall clock, milliseconds since 1970.
    pub wall_ms: u64,
    /// Wrong by at most so much, either way; [`UNKNOWN_MS`] if nobody knows.
    pub uncertainty_ms: u64,
    /// On the line, milliseconds since control's start; `None` before it.
    pub line_ms: Option<u64>,
    /// In the story, milliseconds since STARTEX; `None` before it.
    pub story_ms: Option<u64>,
    /// The story's share of the uncertainty: more than the wall's where it runs fast, all of a leap that lies within.
    pub story_uncertainty_ms: u64,
}

/// How far two moments lie apart on one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart {
    /// From the first to the second, in milliseconds; negative if the second came first.
    pub value_ms: i64,
    /// Wrong by at most so much, either way; [`UNKNOWN_MS`] if nobody knows.
    pub uncertainty_ms: u64,
}

/// A distance on the clock of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// How far.
    pub apart: Apart,
    /// On the story's clock? Else on the line's.
    pub story: bool,
}

impl Moment {
    /// Whether how far it can be off is known.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        self.uncertainty_ms != UNKNOWN_MS
    }

    /// How far `later` lies behind this on the clock that `span` names; `None` if one of them is not on it.
    #[must_use]
    pub fn until(&self, later: &Self, span: Span) -> Option<Measured> {
        let (from, to, u, v, story) = match span {
            Span::Story(StorySpan(_)) => (
                self.story_ms?,
                later.story_ms?,
                self.story_uncertainty_ms,
                later.story_uncertainty_ms,
                true,
            ),
            Span::Line(LineSpan(_)) => (
                self.line_ms?,
                later.line_ms?,
                self.uncertainty_ms,
                later.uncertainty_ms,
                false,
            ),
        };
        let value = i128::from(to) - i128::from(from);
        let apart = Apart {
            value_ms: i64::try_from(value).ok()?,
            uncertainty_ms: u.saturating_add(v),
        };
        Some(Measured { apart, story })
    }
}

impl Apart {
    /// Whether it is at most `bound_ms`: met if value and uncertainty together are, missed if the value without the
    /// uncertainty is more, else undecided.
    #[must_use]
    pub fn at_most(&self, bound_ms: u64) -> Met {
        if self.uncertainty_ms == UNKNOWN_MS {
            return Met::Undecided;
        }
        let (value, off) = (i128::from(self.value_ms), i128::from(self.uncertainty_ms));
        let bound = i128::from(bound_ms);
        if value + off <= bound {
            Met::Yes
        } else if value - off > bound {
            Met::No
        } else {
            Met::Undecided
        }
    }

    /// Whether the second moment came before the first, whatever the uncertainty.
    #[must_use]
    pub fn is_before(&self) -> bool {
        self.uncertainty_ms != UNKNOWN_MS && i128::from(self.value_ms) + i128::from(self.uncertainty_ms) < 0
    }
}

impl fmt::Display for Measured {
    /// `1 min 52.300 s story (±0.240 s)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.apart.value_ms < 0 { "-" } else { "" };
        let clock = if self.story { "story" } else { "line" };
        let value = show(self.apart.value_ms.unsigned_abs());
        match self.apart.uncertainty_ms {
            UNKNOWN_MS => write!(f, "{sign}{value} {clock} (± unknown)"),
            off => write!(f, "{sign}{value} {clock} (±{})", show(off)),
        }
    }
}

/// `1 h 02 min 03.004 s`, without what is zero in front.
#[must_use]
pub(crate) fn show(ms: u64) -> String {
    let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
    let (seconds, rest) = (ms / 1_000 % 60, ms % 1_000);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}.{rest:03} s"),
        (0, minutes) => format!("{minutes} min {seconds:02}.{rest:03} s"),
        (hours, minutes) => format!("{hours} h {minutes:02} min {seconds:02}.{rest:03} s"),
    }
}
