//! What is expected to happen: a closed list of forms.

use std::ops::Range;

use hotline_core::{
    duty::{OrderVerb, OverdueStep, ServiceKind},
    health::Health,
    precedence::Precedence,
    words::{Answer, Rung},
};

use super::{
    cast::Tongues,
    lists::{Counting, Figure, Grade, Jump, Label, Side, StageKind, Word},
    mark::{Alias, Mark},
    moment::Span,
    msel::Link,
    place::Placed,
};

/// An expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// Its name.
    pub id: Placed<String>,
    /// What is expected, in words.
    pub title: Tongues,
    /// Which objective it measures.
    pub objective: Option<Placed<String>>,
    /// Points, 0 to 100.
    pub score: u16,
    /// A play in which it is not met has failed.
    pub must: bool,
    /// The stages where it is asked; all if empty.
    pub stages: Vec<StageKind>,
    /// The variants where it is asked; all if empty.
    pub only: Vec<String>,
    /// For the report.
    pub text: Tongues,
    /// The message that it names.
    pub of: Option<Filter>,
    /// What must be so.
    pub is: Is,
    /// Where `is` stands, in bytes of the text.
    pub span: Range<usize>,
}

/// Names a message: the first that fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Its code.
    pub code: Option<Placed<String>>,
    /// From which side.
    pub from: Option<Side>,
    /// Its precedence.
    pub precedence: Option<Precedence>,
    /// The message that it answers, corrects or cancels.
    pub refers_to: Option<Placed<Alias>>,
    /// What the file calls it.
    pub alias: Placed<Alias>,
}

/// By when.
#[derive(Clone, Debug, PartialEq)]
pub enum By {
    /// So long after something.
    Within(Span, Placed<Mark>),
    /// At any time.
    Recorded,
    /// Never; or never between these two.
    Never(Option<(Placed<Mark>, Placed<Mark>)>),
}

/// A number against which another is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `== 3`
    Equal(u32),
    /// `<= 3`
    AtMost(u32),
    /// `>= 3`
    AtLeast(u32),
}

impl Compare {
    /// Whether a number is as it must be.
    #[must_use]
    pub fn holds(self, number: u64) -> bool {
        match self {
            Self::Equal(other) => number == u64::from(other),
            Self::AtMost(most) => number <= u64::from(most),
            Self::AtLeast(least) => number >= u64::from(least),
        }
    }
}

impl std::fmt::Display for Compare {
    /// As it is written: `== 3`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Equal(number) => write!(f, "== {number}"),
            Self::AtMost(number) => write!(f, "<= {number}"),
            Self::AtLeast(number) => write!(f, ">= {number}"),
        }
    }
}

/// A rung of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// Which rung.
    pub rung: Rung,
    /// Of which message.
    pub of: Placed<Alias>,
    /// At which desk; at any if none.
    pub at: Option<Placed<String>>,
    /// How good the translation is.
    pub grade: Option<Grade>,
    /// With which answer.
    pub answer: Option<Answer>,
    /// Of a receipt: over which link the first copy came.
    pub over: Option<Placed<Link>>,
    /// Of an officer's act: with exactly these words.
    pub text: Option<String>,
}

/// What must be so.
#[derive(Clone, Debug, PartialEq)]
pub enum Is {
    /// A message reaches a rung, or does not.
    Rung(Reached, By),
    /// A desk shows a label.
    Label(Label, Placed<String>, By),
    /// A desk tells a cause.
    Cause(String, Placed<String>, By),
    /// One axis of the line stands so at a desk: axis, state.
    Axis(String, String, Placed<String>, By),
    /// A lamp.
    Leg(Placed<Link>, Health, Placed<String>, By),
    /// An alarm, so many times; with these words in its sentence, if any are asked for.
    Alarm(String, Placed<String>, Compare, Option<String>, By),
    /// Something was refused, so many times, and so often displayed.
    Refused {
        /// The reason's stable name.
        reason: String,
        /// By whom: a desk, `relay north`, or a seat whose deed was refused; by anybody if none.
        by: Option<String>,
        /// How often.
        count: Compare,
        /// How many were displayed all the same.
        shown: u32,
        /// Words that stand in each refusal, if any are asked for.
        says: Option<String>,
    },
    /// A desk signs something of itself: which, where, and about which message; of CLOCK_STEP, which way its clock jumped.
    Said(
        ServiceKind,
        Placed<String>,
        Option<Placed<Alias>>,
        Option<Jump>,
        By,
    ),
    /// A releaser at a desk signs an order: which, where, and about which channel; and whether it must agree to the other
    /// side's, which it names.
    Ordered(OrderVerb, Placed<String>, Option<String>, bool, By),
    /// Whatever is said of a third state is marked as its own: its name, and a message in which every line bears a mark.
    Third(String, Option<Placed<Alias>>),
    /// A step of escalation is taken.
    Step(OverdueStep, Placed<Alias>, Option<Placed<String>>, By),
    /// Two marks are at most so far apart.
    Interval {
        /// The first.
        from: Placed<Mark>,
        /// The second.
        to: Placed<Mark>,
        /// How far.
        within: Span,
    },
    /// A security officer's watch tells control that this officer typed the second passphrase.
    Duress(Placed<String>, By),
    /// The first of these messages looks like the second, to everybody who may see them: the same rungs by the same people
    /// at the same desks, and nothing that anybody else was told since.
    Alike(Placed<Alias>, Placed<Alias>),
    /// What an auditor says of a disputed message by what both sides handed in.
    Verdict {
        /// The one word.
        word: Word,
        /// The message.
        of: Placed<Alias>,
        /// Whose doing it is that something does not hold; nobody's if none.
        against: Option<Side>,
        /// Whether an officer of the recipient acknowledged it and found it insufficient later; not asked if none.
        insufficient: Option<bool>,
    },
    /// What a message is worth whose key has ended, by the relays' logs alone.
    Standing(Counting, Placed<Alias>),
    /// Whatever is said over a relay lies under a checkpoint that the other side has cosigned, so soon, and with at most so
    /// many statements that do not.
    Witnessed {
        /// The relay.
        relay: Placed<String>,
        /// How soon.
        within: Span,
        /// How many.
        entries: u32,
    },
    /// A figure of the timeline.
    Figure(Figure, Compare),
    /// The same text is signed at these desks.
    TextIdentical(Vec<Placed<String>>, Placed<Alias>),
    /// A seat has written this judgement.
    Stated {
        /// About what.
        what: String,
        /// Which seat.
        by: Placed<String>,
        /// What it must say.
        is: String,
    },
}

impl Is {
    /// By when, of the forms that have it.
    #[must_use]
    pub const fn by(&self) -> Option<&By> {
        match self {
            Self::Rung(_, by)
            | Self::Label(_, _, by)
            | Self::Cause(_, _, by)
            | Self::Axis(_, _, _, by)
            | Self::Leg(_, _, _, by)
            | Self::Alarm(_, _, _, _, by)
            | Self::Said(_, _, _, _, by)
            | Self::Ordered(_, _, _, _, by)
            | Self::Duress(_, by)
            | Self::Step(_, _, _, by) => Some(by),
            Self::Refused { .. }
            | Self::Third(..)
            | Self::Alike(..)
            | Self::Interval { .. }
            | Self::Verdict { .. }
            | Self::Standing(..)
            | Self::Witnessed { .. }
            | Self::Figure(..)
            | Self::TextIdentical(..)
            | Self::Stated { .. } => None,
        }
    }
}
