//! The annexes: every message, every linked entry, and how to check it again.

use serde::Serialize;

use super::{Leaf, Moment};

/// A message, from its release to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// As a person names it: `A-0017`.
    pub name: String,
    /// SHA-256 of its statement, hex.
    pub sha256: String,
    /// What the scenario calls it: `m1`.
    pub alias: Option<String>,
    /// The desk that sent it: `A`.
    pub from: String,
    /// The desks that it names for action.
    pub to: Vec<String>,
    /// `FORMAL`, `SERVICE`, `TEST`.
    pub class: String,
    /// `NOTIFY`, `QUERY`, …
    pub function: String,
    /// `FLASH`, …
    pub precedence: String,
    /// The channel that it is on.
    pub channel: String,
    /// Its code, if it is coded and reads well under the pinned codebook.
    pub code: Option<String>,
    /// The language of the original, if known: `qav`.
    pub language: Option<String>,
    /// The original: the bytes that both sides signed. It alone is authoritative.
    pub text: String,
    /// The message that it answers, updates or cancels: `A-0017`.
    pub refers: Option<String>,
    /// When it was released.
    pub released: Moment,
    /// The statement that released it.
    pub leaf: Leaf,
    /// Its translations, by time.
    pub translations: Vec<Translation>,
    /// What happened to it, by time; RELEASED first.
    pub ladder: Vec<Climb>,
}

/// A translation, signed by its translator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Translation {
    /// `SIGHT`, `ROUGH`, `CERTIFIED`.
    pub grade: String,
    /// Into which language.
    pub language: String,
    /// Who translated.
    pub by: String,
    /// What it says.
    pub text: String,
    /// When.
    pub at: Moment,
    /// The annex.
    pub leaf: Leaf,
}

/// A rung that a message reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Climb {
    /// `DELIVERED`.
    pub rung: String,
    /// Who: `relay north`, `desk B`, `rossi of desk B`.
    pub by: String,
    /// Grade, answer or words; may be empty.
    pub detail: String,
    /// When.
    pub at: Moment,
    /// The statement that says so.
    pub leaf: Leaf,
}

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeafRow {
    /// Which.
    #[serde(flatten)]
    pub leaf: Leaf,
    /// SHA-256 of the entry's bytes, hex.
    pub sha256: String,
    /// `DELIVERED`, `inject`, `clock`, …
    pub kind: String,
    /// Who signed it.
    pub who: String,
    /// What it is about: a message's name, a serial number; may be empty.
    pub subject: String,
    /// When.
    pub at: Moment,
}

/// How anyone checks the report again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verify {
    /// Files of the evidence, by name, with their SHA-256 in hex.
    pub files: std::collections::BTreeMap<String, String>,
    /// Commands to run in the folder that holds the report, in order.
    pub commands: Vec<Command>,
}

/// A command that checks something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Command {
    /// As it is typed.
    pub run: String,
    /// What it proves, as a sentence.
    pub proves: String,
}
