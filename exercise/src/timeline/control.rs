//! From what control signed to a record of the exercise.

use std::time::Duration;

use hotline_audit::statement::Control;
use hotline_core::time::{LineTime, StoryTime, WallTime};

use crate::record::{self, Kind, Record, Stamp};

use super::TimelineError;

/// The fields of a control statement that make a record.
#[derive(Clone, Copy, Debug)]
pub struct Said<'s> {
    /// Control's wall clock, milliseconds since 1970.
    pub wall_ms: u64,
    /// The line, milliseconds since control's start.
    pub line_ms: u64,
    /// The story, milliseconds since STARTEX.
    pub story_ms: u64,
    /// How the story clock ran behind it: [`record::running_of`].
    pub running: u32,
    /// At which rate, in thousandths; 0 where there is none.
    pub rate: u32,
    /// Which kind: [`Kind::code`].
    pub kind: u32,
    /// What: [`Kind::detail`].
    pub detail: &'s str,
}

impl<'s> Said<'s> {
    /// Of a statement.
    pub(super) fn of(control: &'s Control) -> Self {
        Self {
            wall_ms: control.wall_ms,
            line_ms: control.line_ms,
            story_ms: control.story_ms,
            running: control.running,
            rate: control.rate,
            kind: control.kind,
            detail: &control.detail,
        }
    }
}

/// The record that a control statement is. `leaf` is where it stands.
///
/// # Errors
/// [`TimelineError`]: its codes or its detail are none that are known here.
pub fn record(said: Said<'_>, leaf: u64) -> Result<Record, TimelineError> {
    let kind = Kind::parse(said.kind, said.detail).map_err(|why| TimelineError::NotARecord { leaf, why })?;
    let running = record::running_of(said.running, said.rate).ok_or(TimelineError::NotRunning { leaf })?;
    Ok(Record {
        stamp: Stamp {
            wall: WallTime::from_unix_ms(said.wall_ms),
            line: LineTime::from_start(Duration::from_millis(said.line_ms)),
            story: StoryTime::from_startex(Duration::from_millis(said.story_ms)),
        },
        running,
        kind,
    })
}

/// One word for what a record is.
#[must_use]
pub(crate) const fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Startex(_) => "STARTEX",
        Kind::Tick => "TICK",
        Kind::Clock { .. } => "CLOCK",
        Kind::Inject { .. } => "INJECT",
        Kind::Fault { .. } => "FAULT",
        Kind::Process { .. } => "PROCESS",
        Kind::Note { .. } => "NOTE",
        Kind::Rating { .. } => "RATING",
        Kind::Observed { .. } => "OBSERVED",
        Kind::Seat { .. } => "SEAT",
        Kind::Named { .. } => "NAMED",
        Kind::Played { .. } => "PLAYED",
        Kind::Stated { .. } => "STATED",
        Kind::Refused { .. } => "REFUSED",
        Kind::Resumed { .. } => "RESUMED",
        Kind::Annex { .. } => "ANNEX",
        Kind::Improvement { .. } => "IMPROVEMENT",
        Kind::Endex { .. } => "ENDEX",
    }
}
