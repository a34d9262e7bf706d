//! What was expected against what happened.

use crate::timeline::{Moment, Place};

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
    /// What was seen, in a sentence.
    pub observed: String,
    /// When that was decided, if at a moment.
    pub at: Option<Moment>,
    /// The statements that decide it.
    pub leaves: Vec<Place>,
}
