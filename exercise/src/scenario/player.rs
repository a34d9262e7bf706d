//! How an empty seat is played: rules, each a cue, a wait, and deeds.

use hotline_core::{
    precedence::Precedence,
    words::{Answer, Rung},
};

use super::{
    lists::{Act, Grade, Label, Tongue},
    mark::{Alias, Mark, Serial},
    moment::{Span, StorySpan},
    msel::{Institution, Sending},
    place::Placed,
};

/// What a judgement says if it is what the seat's own desk shows at that moment.
pub const AS_SHOWN: &str = "as shown";
/// A judgement about the first cause of silence that a desk shows: `NOT_DISPLAYED`.
pub const CAUSE: &str = "cause";
/// About the label: `UNRESPONSIVE`.
pub const LABEL: &str = "label";
/// About the answer to the message that gave the cue: `LAPSED` if the time for it is over and there is none, else `OPEN`.
pub const ANSWER: &str = "answer";
/// About the messages that came in: their names in the order in which the desk shows them, `B-0001, B-0002`.
pub const ORDER: &str = "order";
/// About the messages that came in and stand in a window of doubt: their names, `A-0002, A-0004`.
pub const REVIEWS: &str = "reviews";
/// About the date-time group of that message: `DOUBTED` if a `?` stands behind it, else `AS_CLAIMED`.
pub const DTG: &str = "dtg";

/// How one seat is played.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// Which seat.
    pub seat: Placed<String>,
    /// The first that fits is played.
    pub rules: Vec<Rule>,
}

/// What a player does, and upon what.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub id: Placed<String>,
    /// Upon what.
    pub when: Cue,
    /// How long after.
    pub wait: Span,
    /// What.
    pub deeds: Vec<Do>,
    /// How often for one message.
    pub times: u16,
    /// How likely, in percent; drawn on the simulated stage only.
    pub chance: Option<u16>,
    /// Not once this has happened.
    pub unless: Option<Placed<Mark>>,
    /// The variants that have it; all if empty.
    pub only: Vec<String>,
}

/// Upon what a player acts.
#[derive(Clone, Debug, PartialEq)]
pub enum Cue {
    /// An inject is delivered to its seat.
    Inject(Placed<Serial>),
    /// A message arrives.
    Arrives {
        /// With this code; any if none.
        code: Option<Placed<String>>,
        /// At this desk; at the seat's own if none.
        at: Option<Placed<String>>,
        /// With one of these precedences; any if empty.
        precedence: Vec<Precedence>,
    },
    /// A message reaches a rung.
    Rung {
        /// Which.
        rung: Rung,
        /// Which message.
        of: Placed<Alias>,
        /// At which desk; at any if none.
        at: Option<Placed<String>>,
    },
    /// A desk shows a label.
    Label(Label, Placed<String>),
    /// Anything with a name happens.
    Mark(Placed<Mark>),
}

/// What a player does.
#[derive(Clone, Debug, PartialEq)]
pub enum Do {
    /// Sends.
    Send(Sending),
    /// Answers the message that gave the cue.
    Answer(Answer, Sending),
    /// Corrects it.
    Correct(Sending),
    /// Has it on the screen.
    Display,
    /// Deliberately nothing.
    Nothing,
    /// An act of an officer.
    Act {
        /// Which.
        act: Act,
        /// Who.
        by: Vec<Placed<String>>,
        /// About which message; the one of the cue if none.
        of: Option<Placed<Alias>>,
        /// In which words.
        text: Option<String>,
    },
    /// Promises an answer.
    Holding {
        /// Who.
        by: Vec<Placed<String>>,
        /// In what time.
        expect_by: StorySpan,
    },
    /// Says what is lacking.
    Insufficient {
        /// Who.
        by: Vec<Placed<String>>,
        /// Which fields.
        fields: Vec<String>,
    },
    /// Translates.
    Translate {
        /// Who.
        by: Vec<Placed<String>>,
        /// How well.
        grade: Grade,
        /// Into which language.
        into: Tongue,
        /// The translation.
        text: String,
    },
    /// Acts for an institution.
    Institution(Institution),
    /// Writes down a judgement.
    State {
        /// About what.
        what: String,
        /// What it says; [`AS_SHOWN`]: what its desk shows.
        is: String,
    },
}
