//! What a controller may order, and why an order is refused.

use std::time::Duration;

use hotline_core::{
    story::{ClockError, Rate},
    time::StoryTime,
};
use hotline_faults::value;

use super::status::Status;
use crate::{record::Kind, scenario::mark::Serial};

/// Furthest that one order moves anything: a week of story.
pub const MOVE_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// An order of a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// The story stands.
    Pause,
    /// It goes on.
    Resume,
    /// At another rate.
    Speed(Rate),
    /// Everything that has not been begun, and the planned end, so many milliseconds of story later; negative: earlier.
    Shift(i64),
    /// Straight to a moment of the story. Only where nobody plays but scripts.
    Leap(StoryTime),
    /// This inject now, whatever the plan and pauses say.
    Fire(Serial),
    /// Not this inject.
    Skip {
        /// Which.
        serial: Serial,
        /// Why.
        why: String,
    },
    /// This inject after all.
    Unskip(Serial),
    /// One inject so many milliseconds of story later; negative: earlier.
    Move {
        /// Which.
        serial: Serial,
        /// By how much.
        by: i64,
    },
    /// An inject that waits for approval is approved; one that is overdue comes now.
    Publish(Serial),
    /// A person did it.
    Record {
        /// Which.
        serial: Serial,
        /// What came of it.
        result: String,
    },
    /// ENDEX.
    End,
}

/// What an order is about: two controllers are in each other's way on the same subject only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The story clock, and the plan as a whole.
    Clock,
    /// One inject.
    Inject(Serial),
}

/// The newest record about a subject: how many records there were then. 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Head(pub u64);

/// Why an order is refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The clock does not take such a turn.
    #[error("{0}")]
    Clock(#[from] ClockError),
    /// No such inject is in the plan.
    #[error("there is no inject {0} in this plan")]
    NoInject(Serial),
    /// An inject stands where that cannot be done.
    #[error("inject {serial} is {status}: {instead}")]
    Stands {
        /// Which.
        serial: Serial,
        /// How it stands.
        status: Status,
        /// What would do.
        instead: &'static str,
    },
    /// Nothing, or more than a week.
    #[error("nothing is moved by {0} ms: from 1 ms to a week, to either side")]
    NoDistance(i64),
    /// A leap where it is not allowed.
    #[error("the story does not leap here: {0}")]
    NoLeap(String),
    /// Another controller acted since this one looked.
    #[error(
        "another controller acted since: record {newest} is the newest about this, and the order knew {knew}"
    )]
    Stale {
        /// What the order knew.
        knew: u64,
        /// What there is.
        newest: u64,
    },
}

impl OrderError {
    /// The number behind `HL-EX-`.
    #[must_use]
    pub const fn number(&self) -> u16 {
        match self {
            Self::Stale { .. } => 172,
            _ => 171,
        }
    }
}

impl Order {
    /// What it is about.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match self {
            Self::Pause | Self::Resume | Self::Speed(_) | Self::Shift(_) | Self::Leap(_) | Self::End => {
                Subject::Clock
            }
            Self::Fire(serial)
            | Self::Unskip(serial)
            | Self::Publish(serial)
            | Self::Skip { serial, .. }
            | Self::Move { serial, .. }
            | Self::Record { serial, .. } => Subject::Inject(*serial),
        }
    }
}

impl Subject {
    /// What a record is about, if it is about one of these.
    #[must_use]
    pub fn of(kind: &Kind) -> Option<Self> {
        match kind {
            Kind::Startex(_) | Kind::Clock { .. } | Kind::Endex { .. } => Some(Self::Clock),
            kind => kind.serial().map(Self::Inject),
        }
    }
}

/// Whether anything can be moved so far.
pub(super) fn distance(by: i64) -> Result<(), OrderError> {
    match by != 0 && Duration::from_millis(by.unsigned_abs()) <= MOVE_MAX {
        true => Ok(()),
        false => Err(OrderError::NoDistance(by)),
    }
}

/// A distance as a record has it: `+300s`, `-1500ms`.
pub(super) fn show_move(by: i64) -> String {
    let sign = if by < 0 { '-' } else { '+' };
    let length = Duration::from_millis(by.unsigned_abs());
    format!("{sign}{}", value::show_duration(length))
}

/// What [`show_move`] wrote, in milliseconds.
pub(super) fn read_move(text: &str) -> Option<i64> {
    let length = value::duration(text.get(1..)?).ok()?;
    let ms = i64::try_from(length.as_millis()).ok()?;
    let by = match text.as_bytes().first()? {
        b'+' => ms,
        b'-' => -ms,
        _ => return None,
    };
    (distance(by).is_ok() && show_move(by) == text).then_some(by)
}
