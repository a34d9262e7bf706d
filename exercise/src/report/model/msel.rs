//! The plan beside what became of it.

use serde::Serialize;

use super::{Leaf, Moment};

/// An inject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MselRow {
    /// Its number: `1.1.1`.
    pub serial: String,
    /// The event's title.
    pub event: String,
    /// The incident's title.
    pub incident: String,
    /// Its own title.
    pub title: String,
    /// `contextual`, `expected-action`, `contingency`.
    pub kind: String,
    /// `news`, `order`, `message`, `fault`, …
    pub method: String,
    /// `OPERATIONAL`, `ADVERSARIAL`, `ACCIDENTAL`, `INSTITUTIONAL`.
    pub category: Option<String>,
    /// From whom, if the plan says so.
    pub from: Option<String>,
    /// To which seats.
    pub to: Vec<String>,
    /// Of a message.
    pub precedence: Option<String>,
    /// What it says or does.
    pub text: String,
    /// What the players are expected to do.
    pub expected: String,
    /// The objective that it serves.
    pub objective: Option<String>,
    /// Who is responsible for it.
    pub controller: Option<String>,
    /// When it was to come.
    pub planned: Planned,
    /// When it came; `None`: it did not.
    pub actual: Option<Moment>,
    /// Its last status: `DELIVERED`, `SKIPPED`, `NOT_NEEDED`, `PENDING`, …
    pub status: String,
    /// Result, reason or error; may be empty.
    pub result: String,
    /// Control's last record about it.
    pub leaf: Option<Leaf>,
}

/// When an inject was to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// As the plan says it: `5m story after STARTEX`.
    pub words: String,
    /// Milliseconds of story, where that is known: of `at`, and of `after` a mark that came.
    pub story_ms: Option<u64>,
}

impl MselRow {
    /// How late it came, milliseconds of story; early, if negative. `None` where it did not come or no moment was known.
    #[must_use]
    pub fn late_ms(&self) -> Option<i64> {
        let planned = i64::try_from(self.planned.story_ms?).ok()?;
        let actual = i64::try_from(self.actual?.story_ms).ok()?;
        Some(actual.saturating_sub(planned))
    }
}
