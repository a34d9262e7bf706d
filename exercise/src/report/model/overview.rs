//! What was played, when, where and by whom.

use serde::Serialize;

use super::{Leaf, Moment, Texts};

/// The overview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// The scenario's id: `S1`.
    pub scenario: String,
    /// What it is called, by language.
    pub title: Texts,
    /// What it is about, by language.
    pub summary: Texts,
    /// What stands on every page: `EXERCISE EXERCISE EXERCISE`.
    pub handling: String,
    /// Who ordered it.
    pub sponsor: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// `live`, `headless` or `simulated`.
    pub stage: String,
    /// The variant that was played.
    pub variant: Option<String>,
    /// The seed of everything that was drawn.
    pub seed: u64,
    /// The rate of the story clock at STARTEX, in thousandths: 1000 is as fast as the wall clock.
    pub rate: u32,
    /// STARTEX.
    pub startex: Moment,
    /// ENDEX; `None` if the records end before it.
    pub endex: Option<Moment>,
    /// Why it ended: `DONE`, `DURATION`, `CONTROL`.
    pub ended: Option<String>,
    /// Planned time from STARTEX to ENDEX, milliseconds of story.
    pub planned_story_ms: u64,
    /// From STARTEX to ENDEX or the last record, milliseconds of story.
    pub took_story_ms: u64,
    /// The same, milliseconds of line.
    pub took_line_ms: u64,
    /// How many officers release OVERRIDE and FLASH: 2, or 1 by the scenario's exception, which is printed.
    pub release: u8,
    /// The languages of the scenario.
    pub languages: Vec<String>,
    /// SHA-256 of the scenario's file, hex.
    pub scenario_sha256: String,
    /// Codebook, name and version: `starter/1`.
    pub codebook: String,
    /// SHA-256 of the codebook, hex.
    pub codebook_sha256: String,
    /// The seats, in the scenario's order.
    pub seats: Vec<Seat>,
    /// Who joined control from elsewhere, in the order in which they did.
    pub at_control: Vec<Attendee>,
    /// Who signed the report off; `None`: it is a DRAFT.
    pub signed_off: Option<SignedOff>,
}

/// A seat and who played it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seat {
    /// Its name.
    pub name: String,
    /// `desk`, `control`, `observer`, …
    pub kind: String,
    /// The desk where it sits.
    pub desk: Option<String>,
    /// Its officers.
    pub officers: Vec<Officer>,
    /// By whom.
    pub played_by: PlayedBy,
}

/// Somebody who joined control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attendee {
    /// The name.
    pub name: String,
    /// `CONTROLLER`, `OBSERVER`.
    pub part: String,
    /// When control wrote down that they had joined.
    pub joined: Moment,
    /// When they were gone for good; `None`: they were there to the end.
    pub left: Option<Moment>,
}

/// An officer of a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Officer {
    /// The name.
    pub name: String,
    /// `DRAFTER`, `RELEASER`, …
    pub roles: Vec<String>,
}

/// Who played a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PlayedBy {
    /// A person.
    Person,
    /// A script.
    Script,
    /// Nobody.
    Nobody,
}

/// A report that is no draft any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignedOff {
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
    /// The record that says so.
    pub leaf: Leaf,
}
