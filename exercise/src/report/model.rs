//! Everything a report says, as plain data. It is also the report's JSON, key by key (`schema/report.v1.json`).
//!
//! Times are whole milliseconds and name their clock: `wall` (UTC, since 1970), `line` (since control's first start),
//! `story` (since STARTEX). Rates and shares are whole thousandths. Texts are as they were signed; whoever shows them makes
//! them inert. Lists stand in the order in which they are printed, so whoever fills them sorts them by story time, log and
//! leaf. Nothing in here says who made the report, or when.

mod annex;
mod dispute;
mod figures;
mod integrity;
mod ladder;
mod msel;
mod overview;
mod results;

use std::collections::BTreeMap;

use hotline_core::time::WallTime;
use serde::Serialize;

use crate::record::Stamp;
pub use annex::{Climb, Command, LeafRow, Message, Translation, Verify};
pub use dispute::Dispute;
pub use figures::{
    DialoguesAt, FaultSpan, Figures, Gap, Lane, LaneKind, Mark, MarkClass, Strip, StripKind, StripSpan,
    StripState, Wait, WaitKind,
};
pub use integrity::{Integrity, LogRow, Offset, Pair, TurnKind, TurnRow, Version};
pub(crate) use ladder::median_wait;
pub use ladder::{ClockName, HistoryStep, Ladder, LadderStep, LatencyRow};
pub use msel::{MselRow, Planned};
pub use overview::{Attendee, Officer, Overview, PlayedBy, Seat, SignedOff};
pub use results::{
    Counts, ExpectRow, ImprovementRow, NoteRow, ObjectiveRow, Outcome, PrecedenceCount, RatingRow, Summary,
};

/// What `report` says in the JSON: the format and its version.
pub const FORMAT: &str = "hotline-exercise/v1";

/// Texts by language: `en`, `qav`, `qbo`.
pub type Texts = BTreeMap<String, String>;

/// A whole report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// [`FORMAT`].
    pub report: &'static str,
    /// What was played, when, where and by whom.
    pub overview: Overview,
    /// Why the rest can be believed.
    pub integrity: Integrity,
    /// What an auditor says of a disputed message, where there is one.
    pub dispute: Option<Dispute>,
    /// The one page for whoever reads one page.
    pub summary: Summary,
    /// What the figures are drawn from.
    pub figures: Figures,
    /// The plan beside what became of it, in the plan's order.
    pub msel: Vec<MselRow>,
    /// What was expected beside what was observed, in the scenario's order; the common ones (`C1` to `C7`) last.
    pub expectations: Vec<ExpectRow>,
    /// Objectives with ratings and notes, in the scenario's order.
    pub objectives: Vec<ObjectiveRow>,
    /// Notes about no objective, by story time.
    pub notes: Vec<NoteRow>,
    /// The improvement plan, as control entered it.
    pub improvements: Vec<ImprovementRow>,
    /// Every message, by its release.
    pub transcript: Vec<Message>,
    /// Every entry of a log that something above links to, by log and leaf. A link whose entry is not here is not drawn.
    pub leaves: Vec<LeafRow>,
    /// How anyone checks this again.
    pub verify: Verify,
}

/// A moment on all three clocks. `line` and `story` follow from `wall` by control's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Moment {
    /// Since STARTEX, milliseconds of story. First, so that moments sort by it.
    pub story_ms: u64,
    /// Since control's first start, milliseconds.
    pub line_ms: u64,
    /// Since 1970, UTC, by control's wall clock, milliseconds.
    pub wall_ms: u64,
    /// How far off it may be, either way, in milliseconds of wall time and of line; `None` if nobody knows.
    pub uncertain_ms: Option<u32>,
    /// The same in milliseconds of story, which may run faster.
    pub story_uncertain_ms: Option<u32>,
}

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Leaf {
    /// The log's name in the evidence: `desk-A`, `relay-north`, `excon`.
    pub log: String,
    /// The entry's index, from 0.
    pub leaf: u64,
}

impl Moment {
    /// The moment of one of control's own records: its clocks are the measure, so nothing is uncertain.
    #[must_use]
    pub fn of(stamp: Stamp) -> Self {
        Self {
            story_ms: whole_ms(stamp.story.since_startex()),
            line_ms: whole_ms(stamp.line.since_start()),
            wall_ms: stamp.wall.unix_ms(),
            uncertain_ms: Some(0),
            story_uncertain_ms: Some(0),
        }
    }

    /// `2026-11-22T10:42:07.000Z`.
    #[must_use]
    pub fn utc(self) -> String {
        WallTime::from_unix_ms(self.wall_ms).rfc3339()
    }
}

impl Leaf {
    /// An entry.
    #[must_use]
    pub fn new(log: &str, leaf: u64) -> Self {
        Self {
            log: log.to_owned(),
            leaf,
        }
    }
}

/// Whole milliseconds; the longest that fit, past 584 million years.
fn whole_ms(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
