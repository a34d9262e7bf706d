//! What was expected against what happened.
//!
//! [`judge`] takes the scenario's expectations and the seven that stand in every exercise, and says of each whether it is
//! met, with what was seen and the statements that say so. What lies closer to its bound than the clocks allow to tell is
//! undecided, and counts as not met. `EVIDENCE.md` has the rules, each with the test that holds it.

mod by;
mod case;
mod claims;
mod common;
mod covered;
mod duress;
mod figures;
mod forms;
mod orders;
mod seen;
mod standing;
mod verdict;
mod witnessed;

use hotline_core::time::WallTime;

use crate::{
    scenario::{
        Scenario,
        expect::Expect,
        lists::{StageKind, Tongue},
        moment::Span,
        msel::together,
    },
    timeline::{Measured, Moment, Place, Timeline},
};
use case::{Case, Finding};

pub use figures::Counted;

/// Whether an expectation is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Met {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Too close to its bound for what the clocks allow to say. It counts as not met.
    Undecided,
    /// It is not asked on this stage or in this variant.
    NotAsked,
}

/// An expectation with what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Its name: `E1`; `C1` to `C7` for those that stand in every exercise.
    pub id: String,
    /// What was expected, in words.
    pub title: String,
    /// The objective that it measures.
    pub objective: Option<String>,
    /// Without it the exercise has failed.
    pub must: bool,
    /// Points that could be had.
    pub score: u16,
    /// Points that were: all of them if it is met, else none.
    pub got: u16,
    /// Whether it is met.
    pub met: Met,
    /// What was expected, exactly: `DELIVERED of m1 at B within 2s line of m1.RELEASED`.
    pub expected: String,
    /// What was seen, in a sentence.
    pub observed: String,
    /// When that was decided, if at a moment.
    pub at: Option<Moment>,
    /// What was measured, of those that measure a time.
    pub measured: Option<Measured>,
    /// Its limit, of those that have one.
    pub limit: Option<Span>,
    /// The statements that decide it.
    pub leaves: Vec<Place>,
}

/// Judges every expectation, in the scenario's order, then the seven common ones.
#[must_use]
pub fn judge(
    scenario: &Scenario,
    variant: Option<&str>,
    stage: StageKind,
    timeline: &Timeline,
) -> Vec<Judged> {
    let case = Case::new(scenario, variant, timeline);
    let variant: Vec<String> = variant.into_iter().map(str::to_owned).collect();
    let asked = |expect: &Expect| {
        (expect.stages.is_empty() || expect.stages.contains(&stage)) && together(&expect.only, &variant)
    };
    let own = scenario.expects.iter().map(|expect| {
        let finding = if asked(expect) {
            case.judge(&expect.is)
        } else {
            Finding::new(Met::NotAsked, "not asked on this stage or in this variant")
        };
        judged(expect, &case, finding)
    });
    let mut judged: Vec<Judged> = own.collect();
    judged.extend(common::all(&case));
    judged
}

/// What the exercise fails by: where people play what must be met and is not; without people everything that was asked.
#[must_use]
pub fn failed(judged: &[Judged], stage: StageKind) -> Vec<&Judged> {
    let counts = |judged: &&Judged| judged.must || stage != StageKind::Live;
    judged
        .iter()
        .filter(|judged| matches!(judged.met, Met::No | Met::Undecided))
        .filter(counts)
        .collect()
}

/// Counts a figure of the timeline, for papers that print it.
#[must_use]
pub fn figure(
    scenario: &Scenario,
    variant: Option<&str>,
    timeline: &Timeline,
    figure: crate::scenario::lists::Figure,
) -> Counted {
    Case::new(scenario, variant, timeline).count(figure)
}

/// The message that an alias of the scenario names: by control's records, else by the first filter that fits.
#[must_use]
pub fn named(
    scenario: &Scenario,
    variant: Option<&str>,
    timeline: &Timeline,
    alias: &crate::scenario::mark::Alias,
) -> Vec<hotline_audit::Hash> {
    Case::new(scenario, variant, timeline).messages(alias)
}

/// When a mark came; `None` if it has not, or if nobody knows.
#[must_use]
pub fn mark_at(
    scenario: &Scenario,
    variant: Option<&str>,
    timeline: &Timeline,
    mark: &crate::scenario::mark::Mark,
) -> Option<Moment> {
    Case::new(scenario, variant, timeline).mark(mark, None).ok()?.at
}

fn judged(expect: &Expect, case: &Case<'_>, finding: Finding) -> Judged {
    Judged {
        id: expect.id.value.clone(),
        title: expect.title.in_or_any(Tongue::En).to_owned(),
        objective: expect.objective.as_ref().map(|objective| objective.value.clone()),
        must: expect.must,
        score: expect.score,
        got: if finding.met == Met::Yes { expect.score } else { 0 },
        met: finding.met,
        expected: forms::line(&expect.is),
        leaves: case.places(&finding.entries),
        observed: finding.observed,
        at: finding.at,
        measured: finding.measured,
        limit: finding.limit,
    }
}

impl Met {
    /// The word that papers use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "MET",
            Self::No => "NOT_MET",
            Self::Undecided => "UNDECIDED",
            Self::NotAsked => "NOT_ASKED",
        }
    }

    /// Both together: met if both are, not met if one is not, else undecided.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Undecided, _) | (_, Self::Undecided) => Self::Undecided,
            (Self::NotAsked, other) => other,
            (Self::Yes, _) => Self::Yes,
        }
    }
}

/// A moment as people read it: story time if there is one, else the wall clock in UTC.
pub(crate) fn when(at: Moment) -> String {
    match at.story_ms {
        Some(story) => crate::report::words::story(story),
        None => WallTime::from_unix_ms(at.wall_ms).rfc3339(),
    }
}

#[cfg(test)]
mod tests;
