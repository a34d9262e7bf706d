//! What came of it: counts, expectations, objectives, notes, improvements.

use serde::Serialize;

use super::{ClockName, Leaf, Moment};
use crate::record::Rating;

/// How many expectations are named as strengths, and as improvements: COMMANDS asks for three of each.
const NAMED: usize = 3;

/// The one page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// What was asked of the players, each as one sentence.
    pub asked: Vec<String>,
    /// What happened, counted.
    pub counts: Counts,
    /// Ids of the best expectations ([`Summary::best`]).
    pub strengths: Vec<String>,
    /// Ids of the worst ([`Summary::worst`]).
    pub weaknesses: Vec<String>,
    /// What control wrote down to be improved, in its words.
    pub noted: Vec<NoteRow>,
}

/// What happened, counted from the logs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// FORMAL messages released.
    pub messages: u32,
    /// Of those, with a DELIVERED receipt.
    pub delivered: u32,
    /// Of those, acknowledged by a person.
    pub acknowledged: u32,
    /// Of those, answered.
    pub answered: u32,
    /// Accepted by a relay, and never delivered.
    pub lost: u32,
    /// Shown to people twice.
    pub shown_twice: u32,
    /// Dialogues that were open at ENDEX.
    pub open: u32,
    /// Injects that were delivered or done by hand.
    pub injects_done: u32,
    /// Injects that control left out.
    pub injects_skipped: u32,
    /// Injects that failed, or of which nobody can say.
    pub injects_failed: u32,
    /// Contingencies that were not needed.
    pub injects_not_needed: u32,
    /// Faults that were put on.
    pub faults: u32,
    /// Orders of control that were refused.
    pub refused: u32,
    /// Points of met expectations.
    pub score: u32,
    /// Points of all that were asked.
    pub score_of: u32,
    /// FORMAL messages per side and precedence.
    pub precedences: Vec<PrecedenceCount>,
}

/// How often a side used a precedence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PrecedenceCount {
    /// `A` or `B`.
    pub side: String,
    /// `FLASH`.
    pub precedence: String,
    /// Messages.
    pub messages: u32,
    /// Their share of the side's FORMAL messages, in thousandths.
    pub share_thousandths: u32,
    /// The median of how long the other side took to acknowledge one that was delivered, in milliseconds of story. One
    /// that was not acknowledged is longer than any; `None`: half of them were not, or nothing was to be acknowledged.
    pub acknowledge_median_ms: Option<u64>,
    /// Words of the longest of them.
    pub words_most: u32,
}

/// Whether an expectation was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// It was.
    Met,
    /// It was not.
    Missed,
    /// The uncertainty of the clocks is wider than the margin. Counts as missed.
    Undecided,
    /// It is not asked on this stage or in this variant.
    NotAsked,
}

/// An expectation beside what was observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpectRow {
    /// Its id: `E1`, or `C1` of the common ones.
    pub id: String,
    /// What is expected, in words.
    pub title: String,
    /// The objective that it measures.
    pub objective: Option<String>,
    /// A play in which it is not met has failed.
    pub must: bool,
    /// Whether it was met.
    pub outcome: Outcome,
    /// What exactly was expected: `m1.DELIVERED@B within 2s line of m1.RELEASED`.
    pub expected: String,
    /// What was observed, in words.
    pub observed: String,
    /// What was measured, in milliseconds of `clock`, of those that measure a time.
    pub value_ms: Option<u64>,
    /// How far off that may be, either way, in milliseconds of `clock`.
    pub uncertain_ms: Option<u64>,
    /// Its limit, in milliseconds of `clock`.
    pub limit_ms: Option<u64>,
    /// The clock of these three.
    pub clock: Option<ClockName>,
    /// Points that it got.
    pub score: u32,
    /// Points that it is worth; 0 if it was not asked.
    pub score_of: u32,
    /// The entries that show it.
    pub leaves: Vec<Leaf>,
}

/// An objective, with what was rated and noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectiveRow {
    /// Its id.
    pub id: String,
    /// What is to be learned.
    pub title: String,
    /// Which capability it serves.
    pub capability: Option<String>,
    /// Its targets, in words.
    pub targets: Vec<String>,
    /// Points of its expectations.
    pub score: u32,
    /// Points that they are worth.
    pub score_of: u32,
    /// Ratings, by time; two evaluators' stand side by side.
    pub ratings: Vec<RatingRow>,
    /// Notes about it, by time.
    pub notes: Vec<NoteRow>,
}

/// A rating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RatingRow {
    /// When.
    pub at: Moment,
    /// Who.
    pub author: String,
    /// `P`, `S`, `M` or `U`.
    pub rating: Rating,
    /// Why; may be empty.
    pub text: String,
    /// Control's record.
    pub leaf: Leaf,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoteRow {
    /// When.
    pub at: Moment,
    /// Who.
    pub author: String,
    /// What.
    pub text: String,
    /// Control's record.
    pub leaf: Leaf,
}

/// A line of the improvement plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImprovementRow {
    /// What was found.
    pub finding: String,
    /// What is to be done.
    pub action: String,
    /// Who does it.
    pub owner: String,
    /// By when.
    pub due: String,
    /// Control's record.
    pub leaf: Leaf,
}

impl Summary {
    /// Ids of the expectations that were met and are worth most, at most three; the earlier first where they tie.
    #[must_use]
    pub fn best(rows: &[ExpectRow]) -> Vec<String> {
        ranked(rows, &[Outcome::Met])
    }

    /// Ids of the expectations that were asked and not met and are worth most, at most three; what must be met first.
    #[must_use]
    pub fn worst(rows: &[ExpectRow]) -> Vec<String> {
        ranked(rows, &[Outcome::Missed, Outcome::Undecided])
    }
}

fn ranked(rows: &[ExpectRow], outcomes: &[Outcome]) -> Vec<String> {
    let mut found: Vec<&ExpectRow> = rows
        .iter()
        .filter(|row| outcomes.contains(&row.outcome))
        .collect();
    // Stable: the scenario's order decides ties.
    found.sort_by_key(|row| std::cmp::Reverse((row.must, row.score_of)));
    found.into_iter().take(NAMED).map(|row| row.id.clone()).collect()
}

impl Outcome {
    /// As printed and as in the JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Met => "MET",
            Self::Missed => "MISSED",
            Self::Undecided => "UNDECIDED",
            Self::NotAsked => "NOT_ASKED",
        }
    }
}
