//! What the figures are drawn from.

use serde::Serialize;

use super::{Ladder, LatencyRow, Leaf, Moment};

/// Inputs of all figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Desks, relays and control, from top to bottom.
    pub lanes: Vec<Lane>,
    /// What was broken, by beginning.
    pub faults: Vec<FaultSpan>,
    /// How long people took, by release of the message.
    pub waits: Vec<Wait>,
    /// Paths first, then legs, by name.
    pub strips: Vec<Strip>,
    /// The messages whose ladder is drawn, at most four.
    pub ladders: Vec<Ladder>,
    /// How many dialogues were open, each time that it changed.
    pub dialogues: Vec<DialoguesAt>,
    /// How long rungs took, in the ladder's order.
    pub latency: Vec<LatencyRow>,
}

/// Whose lane it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LaneKind {
    /// A desk's.
    Desk,
    /// A relay's.
    Relay,
    /// Control's.
    Control,
}

/// A lane of the swim-lane figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lane {
    /// `desk A`, `relay north`, `control`.
    pub name: String,
    /// Whose.
    pub kind: LaneKind,
    /// What happened there, by time. A statement stands once, in its signer's lane.
    pub marks: Vec<Mark>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// When.
    pub at: Moment,
    /// `RELEASED`, `DELIVERED`, `INJECT`, `CLOCK`, …
    pub kind: String,
    /// Its shape in the figure ([`MarkClass::of`]).
    pub class: MarkClass,
    /// What, as one line: `A-0001 FLASH HZ-01`.
    pub text: String,
    /// The entry that says so.
    pub leaf: Leaf,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MarkClass {
    /// A message leaves: DRAFTED, RELEASED, ANSWERED.
    Message,
    /// A machine's receipt: ACCEPTED, DELIVERED, ALERTED, DISPLAYED.
    Receipt,
    /// A person's act: ACKNOWLEDGED, HOLDING, TRANSLATED, PRESENTED, …
    Person,
    /// The line's own business: service notices, comm checks, watch, channels.
    Service,
    /// Control: injects, turns of the clock, notes.
    Control,
    /// Trouble: faults, processes that end, refusals, alarms.
    Trouble,
}

/// Something that was broken on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultSpan {
    /// Its name.
    pub name: String,
    /// What, as typed.
    pub fault: String,
    /// `OPERATIONAL`, `ADVERSARIAL`, `ACCIDENTAL`, `INSTITUTIONAL`.
    pub category: Option<String>,
    /// The links that it was on.
    pub links: Vec<String>,
    /// Names of the lanes that are shaded; all if empty.
    pub lanes: Vec<String>,
    /// When it was put on.
    pub from: Moment,
    /// When it was taken off; `None`: never.
    pub to: Option<Moment>,
    /// The record that put it on.
    pub leaf: Leaf,
}

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WaitKind {
    /// An officer's acknowledgement, from DELIVERED.
    Acknowledge,
    /// An answer, from DELIVERED.
    Answer,
}

/// How long people took over one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// `A-0001`.
    pub message: String,
    /// `FLASH`, …
    pub precedence: String,
    /// What was waited for.
    pub kind: WaitKind,
    /// The desk that was waited for.
    pub desk: String,
    /// From when.
    pub from: Moment,
    /// Milliseconds of story; `None`: it did not come.
    pub story_ms: Option<u64>,
    /// Milliseconds of story that were allowed; `None`: no deadline.
    pub deadline_ms: Option<u64>,
    /// The entry that ended it.
    pub leaf: Option<Leaf>,
}

/// What a strip is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StripKind {
    /// All legs through one relay.
    Path,
    /// One leg.
    Leg,
}

/// How a path or leg stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StripState {
    /// It carried.
    Up,
    /// A check was missed.
    Suspect,
    /// It did not carry.
    Down,
    /// Nobody looked.
    Unknown,
}

/// Availability of one path or leg, as control observed it on the desks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Strip {
    /// `path 1`, `A north/quic`.
    pub name: String,
    /// What it is.
    pub kind: StripKind,
    /// Its states, by time, without holes.
    pub spans: Vec<StripSpan>,
    /// Where it did not carry.
    pub gaps: Vec<Gap>,
}

/// A stretch in one state. Milliseconds of line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StripSpan {
    /// How it stood.
    pub state: StripState,
    /// From when.
    pub from_line_ms: u64,
    /// Until when.
    pub to_line_ms: u64,
}

/// Where something did not carry. Milliseconds of line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// From when.
    pub from_line_ms: u64,
    /// How long.
    pub length_ms: u64,
    /// The observation that saw it first.
    pub leaf: Option<Leaf>,
}

/// How many dialogues were open from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DialoguesAt {
    /// From when.
    pub at: Moment,
    /// How many.
    pub open: u32,
}

impl MarkClass {
    /// The class of a mark by its kind: rungs and kinds of control's records by their formal names; else the line's own
    /// business.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        match kind {
            "DRAFTED" | "RELEASED" | "ANSWERED" | "CANCELLED" => Self::Message,
            "ACCEPTED" | "DELIVERED" | "ALERTED" | "DISPLAYED" | "CLOSED" => Self::Receipt,
            "ACKNOWLEDGED" | "TRANSLATED" | "PRESENTED" | "HOLDING" | "READ_BACK" | "INSUFFICIENT"
            | "DECLINED" | "CONFIRMED" | "CORRECTED" | "STATED" => Self::Person,
            "STARTEX" | "ENDEX" | "INJECT" | "CLOCK" | "NOTE" | "RATING" | "SEAT" | "RESUMED"
            | "IMPROVEMENT" => Self::Control,
            "FAULT" | "PROCESS" | "REFUSED" | "REJECTED" | "QUARANTINED" | "ALARM" | "DURESS" => {
                Self::Trouble
            }
            _ => Self::Service,
        }
    }
}

impl StripState {
    /// As printed and as in the JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::Suspect => "SUSPECT",
            Self::Down => "DOWN",
            Self::Unknown => "UNKNOWN",
        }
    }
}
